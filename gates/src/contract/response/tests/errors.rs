//! The body around the data, and its errors.

use super::*;

/// The faults of an answer with one error and no data.
fn error(error: &Value) -> Vec<String> {
    take("{ count }", &json!({ "data": null, "errors": [error] }))
}

#[test]
fn an_error_that_is_as_it_must_be_has_no_faults() {
    for code in super::super::CODES {
        assert_eq!(error(&refusal(code)), Vec::<String>::new());
    }
    let all = json!({
        "message": "no", "locations": [{ "line": 1, "column": 2 }], "path": ["tasks", 0, "id"],
        "extensions": { "code": "CONFLICT", "retryable": true, "requestId": "r", "details": [] },
    });
    assert_eq!(error(&all), Vec::<String>::new());
}

#[test]
fn an_error_that_is_not_as_it_must_be_is_a_fault() {
    let fine = refusal("CONFLICT");
    for (pointer, value, fault) in [
        ("/message", json!(1), "errors[0].message: not a string"),
        (
            "/locations",
            json!([{"line": 1}]),
            "errors[0].locations: not lines and columns",
        ),
        (
            "/path",
            json!(["a", true]),
            "errors[0].path: not keys and indices",
        ),
        (
            "/extensions",
            json!("none"),
            "errors[0].extensions: not an object",
        ),
        (
            "/extensions/code",
            json!("OOPS"),
            "errors[0].extensions.code: OOPS is not in the list",
        ),
        (
            "/extensions/code",
            json!(4),
            "errors[0].extensions.code: not a string",
        ),
        (
            "/extensions/retryable",
            json!("no"),
            "errors[0].extensions.retryable: not a boolean",
        ),
        (
            "/extensions/requestId",
            json!(7),
            "errors[0].extensions.requestId: not a string",
        ),
        (
            "/code",
            json!("CONFLICT"),
            "errors[0]: has `code`, which does not belong there",
        ),
    ] {
        let mut wrong = fine.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        wrong.pointer_mut(parent).unwrap()[key] = value;
        assert_eq!(error(&wrong), [fault]);
    }
    assert_eq!(error(&json!("no")), ["errors[0]: not an object: \"no\""]);
    assert_eq!(
        error(&json!({})),
        [
            "errors[0].message: not a string",
            "errors[0].extensions: not an object"
        ]
    );
    assert_eq!(
        error(&json!({"message": "no", "extensions": {}})),
        [
            "errors[0].extensions.code: not a string",
            "errors[0].extensions.retryable: not a boolean"
        ]
    );
}

#[test]
fn a_body_has_data_or_errors_and_nothing_else() {
    for (body, fault) in [
        (json!([]), "the answer is not an object: []"),
        (json!({}), "the answer has neither data nor errors"),
        (json!({"data": null}), "data: null without errors"),
        (
            json!({"data": {"count": 1}, "errors": []}),
            "errors: an empty list",
        ),
        (
            json!({"data": {"count": 1}, "errors": null}),
            "errors: not a list: null",
        ),
        (
            json!({"data": {"count": 1}, "extensions": 1}),
            "extensions: not an object",
        ),
        (
            json!({"data": {"count": 1}, "more": 1}),
            "the answer: has `more`, which does not belong there",
        ),
        (json!({"data": []}), "data: not an object: []"),
    ] {
        assert_eq!(take("{ count }", &body), [fault], "{body}");
    }
    assert_eq!(
        take("{ count }", &json!({"errors": [refusal("CONFLICT")]})),
        Vec::<String>::new()
    );
    assert_eq!(
        take(
            "{ count }",
            &json!({"data": {"count": 1}, "extensions": {}})
        ),
        Vec::<String>::new()
    );
}

#[test]
fn a_document_that_is_wrong_is_answered_well_when_it_is_refused() {
    for document in [
        "{",
        "",
        "{ nothing }",
        "{ count { of } }",
        "{ task(id: 1) { ... on Nothing { id } ...gone } }",
        "query($a: Nothing) { count @skip(if: $b) }",
    ] {
        let refused = json!({ "data": null, "errors": [refusal("BAD_USER_INPUT")] });
        assert_eq!(take(document, &refused), Vec::<String>::new(), "{document}");
        let wrongly = json!({ "data": null, "errors": [refusal("OOPS")] });
        assert_eq!(take(document, &wrongly).len(), 1, "{document}");
    }
}

#[test]
fn data_to_a_document_that_is_wrong_are_a_fault() {
    for document in ["{", "{ nothing }", "fragment f on Task { id }"] {
        let faults = data(document, &json!({ "nothing": 1 }));
        assert_eq!(faults.len(), 1, "{document}: {faults:?}");
    }
}
