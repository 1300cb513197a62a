//! What the entries, folded, make of each row.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::Kind;
use super::entry::Entry;

/// The columns of a row by their names in the log; what is null is left out.
pub(super) type Columns = Map<String, Value>;

/// Which row.
pub(super) type Place = (Kind, String);

/// A row as its entries give it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Row {
    pub(super) columns: Columns,
    /// Whether its entries were read from its creation on.
    pub(super) whole: bool,
    /// Whether the log says that it went.
    pub(super) gone: bool,
}

/// All rows that the entries tell of.
#[derive(Debug, Default)]
pub(super) struct Folded {
    rows: HashMap<Place, Row>,
    /// A part of the SHA-256 of each id that was met: a set of a million ids is to stay small.
    ids: HashSet<[u8; 16]>,
    /// Whether entries before these lie in archives, and then the time of the first of these.
    archived: bool,
    first: Option<String>,
}

impl Folded {
    /// Takes note that entries before the first one lie in archives.
    pub(super) fn begin_behind_archives(&mut self) {
        self.archived = true;
    }

    /// Where entries lie in archives: the time of the first one behind them.
    pub(super) fn archived_until(&self) -> Option<&str> {
        // Where there is none, all lies in archives.
        self.archived.then(|| self.first.as_deref().unwrap_or("~"))
    }

    pub(super) fn row(&self, place: &Place) -> Option<&Row> {
        self.rows.get(place)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = (&Place, &Row)> {
        self.rows.iter()
    }

    /// Takes in the next entry: the rows that it changed, and what does not fit with the entries before it.
    pub(super) fn take(&mut self, entry: &Entry) -> (Vec<Place>, Vec<String>) {
        let mut faults = Vec::new();
        if self.archived && self.first.is_none() {
            self.first = Some(entry.created_at().to_owned());
        }
        let digest: [u8; 32] = Sha256::digest(entry.id()).into();
        let short = digest.first_chunk().copied().unwrap_or_default();
        if !self.ids.insert(short) {
            faults.push("has the id of an entry before it".to_owned());
        }
        let Some(kind) = Kind::of(entry.entity_type()) else {
            return (Vec::new(), faults);
        };
        let place = (kind, entry.entity_id().to_owned());
        let mut changed = Vec::new();
        let mut set = entry.set().cloned().unwrap_or_default();
        for (task, accepted) in accepted(kind, &mut set) {
            let task = (Kind::Task, task);
            let row = self.rows.entry(task.clone()).or_default();
            put(&mut row.columns, "accepted", &accepted);
            changed.push(task);
        }
        let row = self.rows.entry(place.clone()).or_default();
        faults.extend(apply(row, entry, &set, self.archived));
        changed.push(place);
        (changed, faults)
    }
}

/// That a task was accepted stands with its sprint in the log, and with the task itself where it is shown: takes it out
/// of what a sprint sets.
fn accepted(kind: Kind, set: &mut Columns) -> BTreeMap<String, Value> {
    if kind != Kind::Sprint {
        return BTreeMap::new();
    }
    let task_of = |name: &String| Some(name.strip_prefix("accepted.")?.to_owned());
    let tasks: Vec<String> = set.keys().filter_map(task_of).collect();
    let taken = tasks.into_iter().filter_map(|task| {
        let value = set.remove(&format!("accepted.{task}"))?;
        Some((task, value))
    });
    taken.collect()
}

fn put(columns: &mut Columns, name: &str, value: &Value) {
    if value.is_null() {
        columns.remove(name);
    } else {
        columns.insert(name.to_owned(), value.clone());
    }
}

/// Folds an entry into its row.
fn apply(row: &mut Row, entry: &Entry, set: &Columns, archived: bool) -> Vec<String> {
    let mut faults = Vec::new();
    // The time of creation is set once, by whatever action creates.
    let creates = set.contains_key("createdAt");
    let changes = !set.is_empty() || !entry.path().is_empty();
    if creates && row.whole {
        faults.push(format!("creates {} once more", entry.entity_id()));
    }
    if changes && !creates && !row.whole && !archived {
        faults.push(format!(
            "changes {} before it was created",
            entry.entity_id()
        ));
    }
    if changes && row.gone {
        faults.push(format!("changes {}, which is gone", entry.entity_id()));
    }
    let number = |columns: &Columns| columns.get("revision").and_then(Value::as_i64);
    if let (Some(before), Some(after)) = (number(&row.columns), number(set))
        && before >= after
    {
        faults.push(format!(
            "is revision {after} of {}, behind {before}",
            entry.entity_id()
        ));
    }
    let stood = row.columns.get("status").filter(|_| row.whole);
    if let (Some(stood), Some(from)) = (stood, entry.path().first())
        && stood != from
    {
        faults.push(format!(
            "leads {} from {from}, and it stood at {stood}",
            entry.entity_id()
        ));
    }
    for (name, value) in set {
        put(&mut row.columns, name, value);
    }
    if let Some(status) = entry.path().last() {
        put(&mut row.columns, "status", status);
    }
    row.whole |= creates;
    row.gone |= entry.action() == "SESSION_EXPIRED";
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::entry::tests::{bytes, entry};
    use serde_json::json;

    fn taken(folded: &mut Folded, entries: &[Value]) -> Vec<String> {
        let read = entries
            .iter()
            .map(|entry| Entry::read(&bytes(entry)).unwrap());
        read.flat_map(|entry| folded.take(&entry).1).collect()
    }

    fn created(number: u32) -> Value {
        let set = json!({"createdAt": "2026", "priority": "LOW", "revision": 1});
        entry(
            number,
            "TASK_CREATED",
            "task_1",
            json!({"path": ["PENDING"], "set": set}),
        )
    }

    fn claimed(number: u32, from: &str, revision: i64) -> Value {
        let set = json!({"assigneeId": "A", "priority": null, "revision": revision});
        entry(
            number,
            "TASK_CLAIMED",
            "task_1",
            json!({"path": [from, "ASSIGNED"], "set": set}),
        )
    }

    #[test]
    fn entries_one_after_the_other_give_the_row() {
        let mut folded = Folded::default();
        let faults = taken(&mut folded, &[created(1), claimed(2, "PENDING", 2)]);
        assert_eq!(faults, Vec::<String>::new());
        let row = folded.row(&(Kind::Task, "task_1".to_owned())).unwrap();
        let expected =
            json!({"createdAt": "2026", "revision": 2, "status": "ASSIGNED", "assigneeId": "A"});
        assert_eq!(Value::from(row.columns.clone()), expected);
        assert!(row.whole && !row.gone);
    }

    #[test]
    fn what_does_not_fit_with_the_entries_before_is_named() {
        let cases: [(&[Value], &str); 5] = [
            (&[created(1), created(2)], "creates task_1 once more"),
            (
                &[created(1), created(1)],
                "has the id of an entry before it",
            ),
            (
                &[claimed(1, "PENDING", 2)],
                "changes task_1 before it was created",
            ),
            (
                &[created(1), claimed(2, "PENDING", 1)],
                "is revision 1 of task_1, behind 1",
            ),
            (
                &[created(1), claimed(2, "FAILED", 2)],
                "leads task_1 from \"FAILED\", and it stood at \"PENDING\"",
            ),
        ];
        for (entries, expected) in cases {
            let faults = taken(&mut Folded::default(), entries);
            assert!(faults.contains(&expected.to_owned()), "{faults:?}");
        }
    }

    #[test]
    fn behind_archives_a_row_may_begin_in_its_middle_and_is_not_whole() {
        let mut folded = Folded::default();
        folded.begin_behind_archives();
        assert_eq!(
            taken(&mut folded, &[claimed(1, "PENDING", 2)]),
            Vec::<String>::new()
        );
        assert!(
            !folded
                .row(&(Kind::Task, "task_1".to_owned()))
                .unwrap()
                .whole
        );
    }

    #[test]
    fn an_expired_session_is_gone() {
        let mut folded = Folded::default();
        let set = json!({"createdAt": "2026"});
        let begun = entry(
            1,
            "SESSION_CREATED",
            "sess_1",
            json!({"agentId": "A", "set": set}),
        );
        let ended = entry(2, "SESSION_EXPIRED", "sess_1", json!({"agentId": "A"}));
        assert_eq!(taken(&mut folded, &[begun, ended]), Vec::<String>::new());
        assert!(
            folded
                .row(&(Kind::Session, "sess_1".to_owned()))
                .unwrap()
                .gone
        );
    }

    #[test]
    fn what_a_sprint_accepts_is_told_of_the_task() {
        let mut folded = Folded::default();
        let set = json!({"createdAt": "2026", "accepted.task_1": true});
        let sprint = entry(2, "WORKFLOW_CREATED", "sprint_1", json!({"set": set}));
        assert_eq!(
            taken(&mut folded, &[created(1), sprint]),
            Vec::<String>::new()
        );
        let columns = |kind, id: &str| folded.row(&(kind, id.to_owned())).unwrap().columns.clone();
        assert_eq!(columns(Kind::Task, "task_1")["accepted"], true);
        assert!(!columns(Kind::Sprint, "sprint_1").contains_key("accepted.task_1"));
    }
}
