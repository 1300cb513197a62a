//! Entries as they must be, and each way of not being so.

use super::*;
use serde_json::json;

/// A good entry as JSON, to be spoiled.
pub(in crate::audit) fn entry(
    number: u32,
    action: &str,
    entity_id: &str,
    metadata: Value,
) -> Value {
    let about = ACTIONS.iter().find(|(name, ..)| *name == action);
    json!({
        "action": action,
        "createdAt": format!("2026-01-01T00:00:00.{number:06}Z"),
        "entityId": entity_id,
        "entityType": about.map(|(_, about, _)| *about),
        "id": format!("audit_{number}"),
        "metadata": metadata,
        "personal": {},
        "v": 1,
    })
}

pub(in crate::audit) fn bytes(entry: &Value) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(entry).unwrap()
}

fn flaw(entry: &Value) -> String {
    Entry::read(&bytes(entry)).err().unwrap_or_default()
}

#[test]
fn an_entry_in_its_form_is_read() {
    let good = entry(
        1,
        "TASK_CREATED",
        "task_1",
        json!({"path": ["PENDING"], "set": {"revision": 1}}),
    );
    let read = Entry::read(&bytes(&good)).unwrap();
    assert_eq!(
        (read.id(), read.entity_type(), read.entity_id()),
        ("audit_1", "TASK", "task_1")
    );
    assert_eq!(read.path(), ["PENDING"]);
}

#[test]
fn each_thing_that_is_wrong_is_named() {
    let good = || {
        entry(
            1,
            "TASK_FAILED",
            "task_1",
            json!({"path": ["A"], "set": {}, "error": "E"}),
        )
    };
    assert_eq!(flaw(&good()), "");
    let cases = [
        ("/id", json!(""), "has no id"),
        ("/entityId", json!(7), "has no entityId"),
        (
            "/createdAt",
            json!("2026-01-01T00:00:00Z"),
            "has a createdAt that is no time in UTC with microseconds",
        ),
        ("/metadata", json!([]), "has no metadata"),
        ("/personal", json!(null), "has no personal"),
        ("/v", json!(2), "has not \"v\":1"),
        (
            "/action",
            json!("TASK_EATEN"),
            "has an action that nobody knows: TASK_EATEN",
        ),
        (
            "/entityType",
            json!("AGENT"),
            "is TASK_FAILED and about AGENT, not TASK",
        ),
        (
            "/metadata",
            json!({"path": ["A"], "set": {}}),
            "is TASK_FAILED and says no error in its metadata",
        ),
        ("/metadata/set", json!([]), "has a set that is no object"),
        (
            "/metadata/path",
            json!([]),
            "has a path that is no list of words",
        ),
        (
            "/metadata/path",
            json!([1]),
            "has a path that is no list of words",
        ),
    ];
    for (place, value, expected) in cases {
        let mut spoiled = good();
        *spoiled.pointer_mut(place).unwrap() = value;
        assert_eq!(flaw(&spoiled), expected);
    }
    let mut more = good();
    more["note"] = json!("x");
    assert_eq!(flaw(&more), "has a member that nobody knows: note");
}

#[test]
fn other_spellings_of_the_same_are_not_canonical() {
    let good = bytes(&entry(1, "AGENT_UPDATED", "L1-ART-001", json!({"set": {}})));
    let text = String::from_utf8(good).unwrap();
    for other in [
        text.replace(":1}", ": 1}"),
        text.replace(":1}", ":1.0}"),
        format!("{text}\n"),
    ] {
        let flaw = Entry::read(other.as_bytes()).err();
        assert_eq!(flaw.as_deref(), Some("is not canonical JSON"), "{other}");
    }
    let long = entry(
        1,
        "AGENT_UPDATED",
        "x",
        json!({"set": {"name": "n".repeat(MAX_BYTES)}}),
    );
    assert!(flaw(&long).starts_with("has "));
}
