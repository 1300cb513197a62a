//! One JSON object a line: what is hashed, and the proof that it is in the log. Floor 3.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entities::audit::tree::Hash;
use entities::audit::{leaf, tree};
use sea_orm::ConnectionTrait;
use serde_json::{Map, Value, json};

use super::writer::Row;
use crate::error::{Error, Result};
use crate::store::tree as stored;

/// The path of each entry to the root of a signed size.
pub(super) async fn paths(
    db: &impl ConnectionTrait,
    rows: &[Row],
    size: i64,
) -> Result<Vec<Vec<Hash>>> {
    let mut nodes = Vec::new();
    let mut lengths = Vec::with_capacity(rows.len());
    for row in rows {
        let path = tree::inclusion(row.sequence.unsigned_abs(), size.unsigned_abs());
        let path = path.ok_or_else(|| Error::internal("an entry beyond what was signed"))?;
        lengths.push(path.len());
        nodes.extend(path);
    }
    let mut hashes = stored::hashes(db, &nodes).await?.into_iter();
    let path = |length| hashes.by_ref().take(length).collect();
    Ok(lengths.into_iter().map(path).collect())
}

/// Writes entries: `{"index":"7","entry":{…},"hashes":["…"],"personal":{"ipAddress":{"value":"…","salt":"…"}}}`. The entry stands in its canonical
/// bytes; hashes and salts are base64; the personal values are those that were not erased.
pub(super) fn write(text: &mut String, rows: &[Row], paths: &[Vec<Hash>]) {
    for (row, path) in rows.iter().zip(paths) {
        let (index, entry) = (row.sequence, leaf::canonical_bytes(&row.entry));
        *text += &format!("{{\"index\":\"{index}\",\"entry\":{entry},\"hashes\":[");
        for (number, hash) in path.iter().enumerate() {
            *text += if number == 0 { "\"" } else { ",\"" };
            // Base64 has nothing that JSON escapes.
            STANDARD.encode_string(hash, text);
            text.push('"');
        }
        let value = |one: &entities::audit::personal::Model| {
            let kept = json!({"value": one.value, "salt": STANDARD.encode(&one.salt)});
            (one.field.clone(), kept)
        };
        let personal: Map<String, Value> = row.personal.iter().map(value).collect();
        *text += &format!("],\"personal\":{}}}\n", Value::Object(personal));
    }
}
