//! What the archived entries, folded, make of each row: in a temporary file, for they are more than memory holds. Floor 3.

use std::collections::{BTreeMap, HashMap};

use entities::audit::recorded::fold;
use serde_json::{Map, Value};

use crate::error::Result;
use crate::store::scratch::Scratch;

/// How many entries are folded at once.
const BATCH: usize = 1_000;

/// What entries make of a row: its members, by name.
pub(super) type Row = Map<String, Value>;

/// Folds what an entry says into a row. False where it changes a task that had been changed so already: each change of one has a number.
pub(super) fn apply(row: &mut Row, metadata: &Value) -> bool {
    let Some(set) = metadata["set"].as_object() else {
        return true;
    };
    let again = match (row.get("revision"), set.get("revision")) {
        (Some(before), Some(after)) => before.as_i64() >= after.as_i64(),
        _ => false,
    };
    fold(row, set);
    // Of what moves through statuses the path says where it stands now.
    if let Some(status) = metadata["path"].as_array().and_then(|path| path.last()) {
        row.insert("status".to_owned(), status.clone());
    }
    !again
}

/// The rows as the archives leave them.
#[derive(Default)]
pub(super) struct Folded {
    scratch: Option<Scratch>,
    waiting: Vec<Value>,
}

impl Folded {
    /// Takes in an archived entry, the next in the order of the log.
    pub(super) async fn take(&mut self, entry: Value) -> Result<()> {
        self.waiting.push(entry);
        if self.waiting.len() >= BATCH {
            self.flush().await?;
        }
        Ok(())
    }

    /// Folds what waits: two statements for each kind of thing.
    pub(super) async fn flush(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let scratch = match &mut self.scratch {
            Some(scratch) => scratch,
            none => none.insert(Scratch::open().await?),
        };
        let mut kinds: BTreeMap<String, Vec<(String, Value)>> = BTreeMap::new();
        for mut entry in self.waiting.drain(..) {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (kind, id) = (text(&entry["entityType"]), text(&entry["entityId"]));
            let of_kind = kinds.entry(kind).or_default();
            of_kind.push((id, entry["metadata"].take()));
        }
        for (kind, entries) in kinds {
            let ids = entries.iter().map(|(id, _)| id.clone());
            let mut rows = scratch.get(&kind, ids).await?;
            for (id, metadata) in entries {
                apply(rows.entry(id).or_default(), &metadata);
            }
            scratch.put(&kind, rows).await?;
        }
        Ok(())
    }

    /// What the archives make of these rows.
    pub(super) async fn rows(
        &self,
        kind: &str,
        ids: impl IntoIterator<Item = String>,
    ) -> Result<HashMap<String, Row>> {
        Ok(match &self.scratch {
            Some(scratch) => scratch.get(kind, ids).await?,
            None => HashMap::new(),
        })
    }

    /// The ids of a kind that the archives know, behind one, up to a limit.
    pub(super) async fn ids(&self, kind: &str, after: &str, limit: u64) -> Result<Vec<String>> {
        Ok(match &self.scratch {
            Some(scratch) => scratch.ids(kind, after, limit).await?,
            None => Vec::new(),
        })
    }
}
