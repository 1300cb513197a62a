//! What was seen: fields, arguments, values and codes, and adding them up.

use super::*;

/// All that is missing after these exchanges, as lines.
fn missing_after(exchanges: &[(&str, Value, Value)]) -> (Exercised, Vec<String>) {
    let mut exercised = Exercised::default();
    for (document, variables, answer) in exchanges {
        exercised.take(&schema(), document, variables, answer);
    }
    let lines = exercised.missing(&schema()).lines();
    (exercised, lines)
}

#[test]
fn nothing_was_seen_at_first() {
    let (exercised, lines) = missing_after(&[]);
    let missing = exercised.missing(&schema());
    assert!(!missing.is_empty());
    assert_eq!(
        missing.roots,
        [
            "Mutation.finish",
            "Query.count",
            "Query.node",
            "Query.task",
            "Query.thing",
            "Subscription.tasks"
        ]
    );
    assert_eq!(missing.fields.len(), 18);
    assert_eq!(missing.fields[..2], ["Agent.boss", "Agent.id"]);
    assert!(missing.always_null.is_empty());
    assert_eq!(
        missing.codes,
        [
            "BAD_USER_INPUT",
            "CONFLICT",
            "FORBIDDEN",
            "INVALID_TRANSITION",
            "LIMIT_EXCEEDED",
            "NOT_FOUND",
            "RATE_LIMITED",
            "UNAUTHENTICATED"
        ]
    );
    assert!(!lines.iter().any(|line| line.contains("__")));
}

#[test]
fn fields_are_seen_when_they_are_answered() {
    let document = "{ task(id: 1) { id wave parts { done } } }";
    let answer = json!({ "data": { "task": { "id": "1", "wave": null, "parts": [] } } });
    let (exercised, _) = missing_after(&[(document, json!({}), answer)]);
    let missing = exercised.missing(&schema());
    assert!(!missing.roots.contains(&"Query.task".to_owned()));
    assert!(!missing.fields.contains(&"Task.id".to_owned()));
    assert!(!missing.fields.contains(&"Task.wave".to_owned()));
    assert!(
        missing.fields.contains(&"Task.done".to_owned()),
        "no part was answered"
    );
    assert_eq!(missing.always_null, ["Task.wave"]);
}

#[test]
fn what_failed_was_not_seen() {
    let document = "{ task(id: 1) { id wave } }";
    let (exercised, lines) = missing_after(&[
        (document, json!({}), json!({ "data": { "task": null } })),
        (
            document,
            json!({}),
            json!({ "data": null, "errors": [refusal("NOT_FOUND"), refusal("OOPS")] }),
        ),
        (
            document,
            json!({}),
            json!({ "data": { "task": { "id": "1", "wave": null } }, "errors": [refusal("INTERNAL")] }),
        ),
    ]);
    assert!(!lines.contains(&"never refused with: NOT_FOUND".to_owned()));
    assert!(lines.contains(&"never seen: Task.wave".to_owned()));
    assert_eq!(exercised.json()["codes"], json!(["INTERNAL", "NOT_FOUND"]));
    assert_eq!(exercised.json()["filled"], json!(["Query.task", "Task.id"]));
}

#[test]
fn a_root_that_was_only_null_was_not_answered() {
    let (_, lines) = missing_after(&[(
        "{ task(id: 1) { id } }",
        json!({}),
        json!({ "data": { "task": null } }),
    )]);
    assert!(lines.contains(&"never answered: Query.task".to_owned()));
}

#[test]
fn arguments_are_seen_when_they_have_a_value() {
    let document = "query($first: Int = 3, $only: Only, $id: ID!) { task(id: $id) { parts(first: $first, only: $only) { id } } }";
    let answer = json!({ "data": { "task": { "parts": [] } } });
    let arguments = |variables: Value| {
        let (exercised, _) = missing_after(&[(document, variables, answer.clone())]);
        exercised.arguments_missing(&schema())
    };
    let others = [
        "Mutation.finish(how)",
        "Mutation.finish(id)",
        "Query.node(id)",
    ];
    assert_eq!(arguments(json!({ "id": "1", "only": "INPUT" })), others);
    assert_eq!(
        arguments(json!({ "id": "1", "only": null }))[3..],
        ["Task.parts(only)"]
    );
    assert_eq!(
        arguments(json!({ "id": "1", "first": null }))[3..],
        ["Task.parts(first)", "Task.parts(only)"]
    );
    let (refused, _) = missing_after(&[(
        document,
        json!({}),
        json!({ "errors": [refusal("CONFLICT")] }),
    )]);
    assert_eq!(refused.arguments_missing(&schema()).len(), 6);
}

#[test]
fn enum_values_are_seen_in_answers_and_those_of_inputs_alone_do_not_count() {
    let (exercised, _) = missing_after(&[]);
    assert_eq!(
        exercised.enum_values_missing(&schema()),
        ["Status.DONE", "Status.OPEN"]
    );
    let answer = json!({ "data": { "task": { "status": "OPEN" } } });
    let (exercised, _) = missing_after(&[("{ task(id: 1) { status } }", json!({}), answer)]);
    assert_eq!(exercised.enum_values_missing(&schema()), ["Status.DONE"]);
}

#[test]
fn what_several_saw_is_added_up() {
    let (mut one, _) =
        missing_after(&[("{ count }", json!({}), json!({ "data": { "count": 1 } }))]);
    let (other, _) = missing_after(&[(
        "{ task(id: 1) { status } }",
        json!({}),
        json!({ "data": { "task": { "status": "OPEN" } }, "errors": [refusal("CONFLICT")] }),
    )]);
    let mut backwards = other.clone();
    backwards.merge(&one);
    one.merge(&other);
    assert_eq!(one, backwards);
    one.merge(&other);
    assert_eq!(one, backwards);
    assert_eq!(
        one.json()["filled"],
        json!(["Query.count", "Query.task", "Task.status"])
    );
}

#[test]
fn what_was_seen_is_carried_as_json() {
    let (exercised, _) = missing_after(&[
        (
            "{ task(id: 1) { status wave } }",
            json!({}),
            json!({ "data": { "task": { "status": "OPEN", "wave": null } } }),
        ),
        (
            "{ count }",
            json!({}),
            json!({ "errors": [refusal("CONFLICT")] }),
        ),
    ]);
    assert_eq!(Exercised::read(&exercised.json()), Some(exercised.clone()));
    for wrong in [json!(null), json!({}), json!({ "seen": [] })] {
        assert_eq!(Exercised::read(&wrong), None);
    }
    let mut wrong = exercised.json();
    wrong["codes"] = json!([1]);
    assert_eq!(Exercised::read(&wrong), None);
}
