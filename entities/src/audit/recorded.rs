//! What the audit log keeps of a row, so that folding the log gives the row again (spec R8.01, gate 5). Floor 0.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

use super::AuditEntity;

/// A row whose changes are recorded.
pub trait Recorded {
    /// What its entries are about.
    const ENTITY: AuditEntity;

    /// The id that its entries carry.
    fn entity_id(&self) -> String;

    /// Its recorded columns by their names in the log, absent ones left out. Inputs, outputs and metadata appear as the SHA-256 of
    /// their canonical JSON; the columns that are not recorded at all are named in the implementation's docs.
    fn recorded(&self) -> Map<String, Value>;
}

/// Collects columns, leaving out what is `null`.
pub(crate) fn columns<const N: usize>(columns: [(&str, Value); N]) -> Map<String, Value> {
    columns
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// A time as the log writes it: RFC 3339, UTC, microseconds.
pub(crate) fn time(at: DateTime<Utc>) -> Value {
    Value::String(at.to_rfc3339_opts(SecondsFormat::Micros, true))
}

/// A time that may be absent.
pub(crate) fn optional_time(at: Option<DateTime<Utc>>) -> Value {
    at.map_or(Value::Null, time)
}

/// What changed between two states of a row: name → new value, `null` where a value went away.
pub fn difference(before: &Map<String, Value>, after: &Map<String, Value>) -> Map<String, Value> {
    let gone = before
        .keys()
        .filter(|name| !after.contains_key(*name))
        .map(|name| (name.clone(), Value::Null));
    after
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .chain(gone)
        .collect()
}

/// Applies the `set` of an entry to a folded row.
pub fn fold(row: &mut Map<String, Value>, set: &Map<String, Value>) {
    for (name, value) in set {
        if value.is_null() {
            row.remove(name);
        } else {
            row.insert(name.clone(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row() -> impl Strategy<Value = Map<String, Value>> {
        prop::collection::btree_map("[a-e]", 0u8..4, 0..5).prop_map(|map| {
            map.into_iter()
                .map(|(key, value)| (key, Value::from(value)))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn folding_a_difference_gives_the_later_row(before in row(), after in row()) {
            let mut folded = before.clone();
            fold(&mut folded, &difference(&before, &after));
            prop_assert_eq!(folded, after);
        }
    }
}
