//! What the audit log keeps of a row, so that folding the log gives the row again (spec R8.01, gate 5). Floor 0.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

use super::AuditEntity;

/// A row whose changes are recorded.
pub trait Recorded {
    /// What its entries are about.
    const ENTITY: AuditEntity;

    /// Recorded times that also move on without an entry, by an unaudited write of the closed list (spec R5.01): they are as their entries
    /// say, or later.
    const MOVES_ON: &'static [&'static str] = &[];

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

/// Lets the times of a folded row move on to those of the row itself, where these are later and both are there.
pub fn move_on<R: Recorded>(folded: &mut Map<String, Value>, row: &Map<String, Value>) {
    for name in R::MOVES_ON {
        // The log writes all times alike, so that the later one sorts behind.
        let (Some(Value::String(told)), Some(Value::String(kept))) =
            (folded.get(*name), row.get(*name))
        else {
            continue;
        };
        if kept > told {
            folded.insert((*name).to_owned(), Value::String(kept.clone()));
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

    struct Leased;

    impl Recorded for Leased {
        const ENTITY: AuditEntity = AuditEntity::Task;
        const MOVES_ON: &'static [&'static str] = &["until"];

        fn entity_id(&self) -> String {
            String::new()
        }

        fn recorded(&self) -> Map<String, Value> {
            Map::new()
        }
    }

    #[test]
    fn a_time_moves_on_and_never_back_nor_away() {
        let row = |until: Option<&str>| {
            let until = until.map(|until| ("until".to_owned(), Value::from(until)));
            until.into_iter().collect::<Map<_, _>>()
        };
        let (early, late) = (
            row(Some("2026-11-23T10:00:00.000000Z")),
            row(Some("2026-11-23T10:00:00.000001Z")),
        );
        for (told, kept, moved) in [
            (&early, &late, &late),
            (&late, &early, &late),
            (&early, &row(None), &early),
            (&row(None), &late, &row(None)),
        ] {
            let mut folded = told.clone();
            move_on::<Leased>(&mut folded, kept);
            assert_eq!(&folded, moved);
        }
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
