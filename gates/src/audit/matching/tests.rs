//! Rows that agree with the log, and each way of not agreeing.

use super::*;
use crate::audit::entry::{
    Entry,
    tests::{bytes, entry},
};
use serde_json::{Value, json};

const ID: &str = "task_1";
const AT: &str = "2026-01-01T00:00:00.000001Z";

fn place(id: &str) -> Place {
    (Kind::Task, id.to_owned())
}

/// What the API shows of a task, as the entries below make it.
fn shown(status: &str, change: impl FnOnce(&mut Value)) -> Shown {
    let mut row = json!({
        "id": ID, "type": {"name": "GENERATE_ASSET", "version": 1}, "status": status, "priority": "HIGH",
        "metadata": {}, "input": {"n": 1}, "output": null, "accepted": false, "createdAt": AT,
        "durationMs": "17", "validation": {"status": "NONE"},
    });
    change(&mut row);
    Shown::read(Kind::Task, &row, false)
}

fn fold(folded: &mut Folded, entry: &Value) {
    let (_, faults) = folded.take(&Entry::read(&bytes(entry)).unwrap());
    assert_eq!(faults, Vec::<String>::new());
}

fn created(number: u32, id: &str) -> Value {
    let set = json!({
        "typeName": "GENERATE_ASSET", "typeVersion": 1, "priority": "HIGH", "createdAt": AT, "durationMs": 17, "depth": 0,
        "metadataSha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "inputSha256": "1b0f2d7eee84efac5c8c4ad05e07f1a1f3f18c9b79c4b2c71c1a4d1b5f1a2f33",
    });
    let mut made = entry(
        number,
        "TASK_CREATED",
        id,
        json!({"path": ["PENDING"], "set": set}),
    );
    let input = shown("PENDING", |_| ()).columns["inputSha256"].clone();
    made["metadata"]["set"]["inputSha256"] = input;
    made
}

fn cancelled(number: u32) -> Value {
    entry(
        number,
        "TASK_CANCELLED",
        ID,
        json!({"path": ["PENDING", "CANCELLED"], "set": {}}),
    )
}

fn one_task() -> Folded {
    let mut folded = Folded::default();
    fold(&mut folded, &created(1, ID));
    folded
}

fn differences(folded: &Folded, shown: Vec<(Place, Option<Shown>)>) -> Vec<String> {
    let mut matching = Matching::default();
    for (place, shown) in shown {
        matching.take(place, shown, folded);
    }
    matching.leftover(folded);
    matching.differences(folded)
}

#[test]
fn a_row_that_is_as_its_entries_say_holds() {
    let as_told = vec![(place(ID), Some(shown("PENDING", |_| ())))];
    assert_eq!(differences(&one_task(), as_told), Vec::<String>::new());
}

#[test]
fn a_row_changed_behind_the_back_of_the_log_is_found_in_whatever_column() {
    let cases: [(&str, Value, &str); 7] = [
        (
            "/priority",
            json!("LOW"),
            "priority is \"LOW\" and by its entries \"HIGH\"",
        ),
        (
            "/status",
            json!("FAILED"),
            "status is \"FAILED\" and by its entries \"PENDING\"",
        ),
        ("/input/n", json!(2), "inputSha256 is "),
        ("/metadata", json!({"a": "b"}), "metadataSha256 is "),
        (
            "/durationMs",
            json!("18"),
            "durationMs is 18 and by its entries 17",
        ),
        (
            "/accepted",
            json!(true),
            "accepted is true and by its entries nothing",
        ),
        (
            "/createdAt",
            json!(null),
            "createdAt is nothing and by its entries ",
        ),
    ];
    for (at, value, expected) in cases {
        let changed = shown("PENDING", |row| *row.pointer_mut(at).unwrap() = value);
        let found = differences(&one_task(), vec![(place(ID), Some(changed))]);
        let start = format!("task {ID} is not what its entries give: {expected}");
        assert!(
            found.len() == 1 && found[0].starts_with(&start),
            "{found:?}"
        );
    }
}

#[test]
fn an_output_that_is_not_the_one_of_its_hash_is_found() {
    let changed = shown("PENDING", |row| row["output"] = json!({"other": 1}));
    let found = differences(&one_task(), vec![(place(ID), Some(changed))]);
    assert!(found[0].contains("the SHA-256 of output is "), "{found:?}");
}

#[test]
fn nothing_may_be_left_over_on_either_side() {
    let both = vec![
        (place(ID), Some(shown("PENDING", |_| ()))),
        (place("task_2"), Some(shown("PENDING", |_| ()))),
    ];
    let found = differences(&one_task(), both);
    assert_eq!(found, ["task task_2 is there, and no entry tells of it"]);
    let found = differences(&one_task(), Vec::new());
    assert_eq!(found, ["task task_1 is not there, and entries tell of it"]);
}

#[test]
fn a_row_that_ran_ahead_of_the_log_is_settled_by_the_entry_that_made_it_so() {
    let mut folded = one_task();
    let mut matching = Matching::default();
    matching.take(place(ID), Some(shown("CANCELLED", |_| ())), &folded);
    assert_eq!(matching.waiting(), [place(ID)]);
    fold(&mut folded, &cancelled(2));
    matching.settle(&place(ID), &folded);
    assert_eq!(matching.waiting(), Vec::<Place>::new());
    assert_eq!(matching.rows[&Kind::Task].compared, 1);
}

#[test]
fn a_row_made_before_what_is_served_is_counted_and_not_compared() {
    let mut folded = Folded::default();
    folded.begin_behind_archives();
    fold(&mut folded, &cancelled(2));
    let mut matching = Matching::default();
    let strange = || Some(shown("FAILED", |_| ()));
    matching.take(place(ID), strange(), &folded);
    matching.take(place("task_2"), strange(), &folded);
    let later = shown("PENDING", |row| {
        row["createdAt"] = json!("2026-01-02T00:00:00.000000Z")
    });
    matching.take(place("task_3"), Some(later), &folded);
    assert_eq!(matching.rows[&Kind::Task].not_foldable, 2);
    let found = matching.differences(&folded);
    assert_eq!(found, ["task task_3 is there, and no entry tells of it"]);
}

#[test]
fn only_the_hash_of_an_input_with_personal_values_may_differ() {
    let changed = |priority: &str| Shown {
        personal: true,
        ..shown("PENDING", |row| {
            row["input"] = json!({"mail": "ada@example.org"});
            row["priority"] = json!(priority);
        })
    };
    let folded = one_task();
    let found = differences(&folded, vec![(place(ID), Some(changed("HIGH")))]);
    assert_eq!(found, Vec::<String>::new());
    let found = differences(&folded, vec![(place(ID), Some(changed("LOW")))]);
    assert_eq!(found.len(), 1);
}

#[test]
fn an_earlier_version_of_a_type_is_not_missed() {
    let mut folded = Folded::default();
    for version in [1, 2] {
        let set = json!({"name": "T", "version": version, "createdAt": AT});
        let id = format!("T@{version}");
        fold(
            &mut folded,
            &entry(version, "TASK_TYPE_DEFINED", &id, json!({"set": set})),
        );
    }
    let row = |version: u32| json!({"name": "T", "version": version});
    for (version, missed) in [(2, 0), (1, 1)] {
        let mut shown = Shown::read(Kind::TaskType, &row(version), false);
        // Schemas are not what this is about.
        shown.columns.retain(|name, _| !name.ends_with("Sha256"));
        let place = (Kind::TaskType, format!("T@{version}"));
        let found = differences(&folded, vec![(place, Some(shown))]);
        assert_eq!(found.len(), missed, "{found:?}");
    }
}

#[test]
fn a_lease_may_have_been_extended_and_not_cut_short_or_taken_away() {
    let mut folded = one_task();
    let set = json!({"leaseExpiresAt": "2026-01-01T00:01:00.000000Z"});
    let path = ["PENDING", "IN_PROGRESS"];
    let metadata = json!({"path": path, "set": set});
    fold(&mut folded, &entry(2, "TASK_CLAIMED", ID, metadata));
    let cases = [
        (json!("2026-01-01T00:01:00.000000Z"), 0),
        (json!("2026-01-01T00:01:59.000000Z"), 0),
        (json!("2026-01-01T00:00:59.000000Z"), 1),
        (json!(null), 1),
    ];
    for (end, faults) in cases {
        let task = shown("IN_PROGRESS", |row| row["leaseExpiresAt"] = end.clone());
        let found = differences(&folded, vec![(place(ID), Some(task))]);
        assert_eq!(found.len(), faults, "{end}");
    }
}
