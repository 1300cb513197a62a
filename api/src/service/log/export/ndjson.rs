//! One JSON object a line: what is hashed, and the proof that it is in the log. Floor 3.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entities::audit::{leaf, tree};
use sea_orm::ConnectionTrait;
use serde_json::{Map, Value, json};

use super::writer::Row;
use crate::error::{Error, Result};
use crate::store::tree as stored;

/// Writes entries: `{"index":"7","entry":{…},"hashes":["…"],"personal":{"ipAddress":{"value":"…","salt":"…"}}}`. The entry stands in its canonical
/// bytes; hashes and salts are base64; the personal values are those that were not erased.
pub(super) async fn write(
    db: &impl ConnectionTrait,
    text: &mut String,
    rows: &[Row],
    size: i64,
) -> Result<()> {
    let mut paths = Vec::new();
    let mut lengths = Vec::with_capacity(rows.len());
    for row in rows {
        let path = tree::inclusion(row.sequence.unsigned_abs(), size.unsigned_abs());
        let path = path.ok_or_else(|| Error::internal("an entry beyond what was signed"))?;
        lengths.push(path.len());
        paths.extend(path);
    }
    let mut hashes = stored::hashes(db, &paths).await?.into_iter();
    for (row, length) in rows.iter().zip(lengths) {
        let path: Vec<String> = hashes
            .by_ref()
            .take(length)
            .map(|hash| STANDARD.encode(hash))
            .collect();
        let personal: Map<String, Value> = row
            .personal
            .iter()
            .map(|one| {
                (
                    one.field.clone(),
                    json!({"value": one.value, "salt": STANDARD.encode(&one.salt)}),
                )
            })
            .collect();
        let (index, entry) = (row.sequence, leaf::canonical_bytes(&row.entry));
        let (path, personal) = (Value::from(path), Value::Object(personal));
        *text += &format!(
            "{{\"index\":\"{index}\",\"entry\":{entry},\"hashes\":{path},\"personal\":{personal}}}\n"
        );
    }
    Ok(())
}
