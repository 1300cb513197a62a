//! What is a request and what is none.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::error::Code;
use proptest::prelude::*;
use serde_json::json;

fn fault<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(error) if error.code() == Code::BadUserInput => error.to_string(),
        other => format!("not refused: {other:?}"),
    }
}

#[test]
fn parameters_of_the_wrong_type_are_refused_by_name() {
    for (body, complaint) in [
        (json!([]), "must be a JSON object"),
        (json!("{me}"), "must be a JSON object"),
        (json!({}), "/query: is missing"),
        (json!({"qeury": "{me}"}), "/query: is missing"),
        (json!({"query": 7}), "/query: must be a string"),
        (json!({"query": null}), "/query: must be a string"),
        (
            json!({"query": "{me}", "operationName": 7}),
            "/operationName: must be a string or null",
        ),
        (
            json!({"query": "{me}", "variables": [7]}),
            "/variables: must be an object or null",
        ),
        (
            json!({"query": "{me}", "variables": "{}"}),
            "/variables: must be an object or null",
        ),
        (
            json!({"query": "{me}", "extensions": false}),
            "/extensions: must be an object or null",
        ),
    ] {
        assert_eq!(
            fault(Parameters::of_json(body.clone())),
            complaint,
            "{body}"
        );
    }
}

#[test]
fn a_body_is_one_operation_in_json() {
    let batch = "batches are not taken: send one operation a request";
    assert_eq!(fault(json(b"[]")), batch);
    assert_eq!(fault(json(br#"[{"query":"{me}"}]"#)), batch);
    for body in [&b"NONSENSE"[..], b"{\"query\":", b"", b"\xff"] {
        assert!(fault(json(body)).starts_with("the body is not JSON: "));
    }
}

#[test]
fn null_says_the_same_as_nothing_and_unknown_members_are_passed_over() {
    let bare = Parameters::of_json(json!({"query": "{me}"})).unwrap();
    let nulls = json!({"query": "{me}", "operationName": null, "variables": null, "extensions": null, "id": 7});
    assert_eq!(Parameters::of_json(nulls).unwrap(), bare);
    assert_eq!(
        Parameters::of_url("query=%7Bme%7D&variables=&operationName=&foo=bar").unwrap(),
        bare
    );
}

#[test]
fn a_url_carries_variables_as_json() {
    let url =
        "query=query%20A(%24i%3A%20Int)%20%7Bme%7D&operationName=A&variables=%7B%22i%22%3A7%7D";
    let parameters = Parameters::of_url(url).unwrap();
    assert_eq!(parameters.variables, *json!({"i": 7}).as_object().unwrap());
    let operation = Operation::parse(parameters, None).unwrap();
    assert_eq!(
        (operation.kind, operation.name.as_deref()),
        (Some(Kind::Query), Some("A"))
    );
    assert!(fault(Parameters::of_url("query=a&variables=7")).starts_with("/variables: must be"));
    assert!(
        fault(Parameters::of_url("query=a&variables={")).starts_with("/variables: is not JSON")
    );
    assert_eq!(
        fault(Parameters::of_url("query=a&query=b")),
        "/query: is there twice"
    );
    assert_eq!(fault(Parameters::of_url("")), "/query: is missing");
}

#[test]
fn the_kind_is_that_of_the_operation_that_is_named() {
    let document = "query A { me } mutation B { go } subscription C { taskUpdates }";
    for (name, kind) in [
        (Some("A"), Some(Kind::Query)),
        (Some("B"), Some(Kind::Mutation)),
        (Some("C"), Some(Kind::Subscription)),
        (Some("D"), None),
        (None, None),
    ] {
        let parameters =
            Parameters::of_json(json!({"query": document, "operationName": name})).unwrap();
        assert_eq!(
            Operation::parse(parameters, None).unwrap().kind,
            kind,
            "{name:?}"
        );
    }
    let only = Parameters::of_json(json!({"query": "mutation Only { go }"})).unwrap();
    let only = Operation::parse(only, None).unwrap();
    assert_eq!(
        (only.kind, only.name.as_deref()),
        (Some(Kind::Mutation), Some("Only"))
    );
}

#[test]
fn a_document_nested_without_end_is_refused() {
    let deep = 100_000;
    let nested = |head: &str, open: &str, middle: &str, close: &str, tail: &str| {
        format!(
            "{head}{}{middle}{}{tail}",
            open.repeat(deep),
            close.repeat(deep)
        )
    };
    for document in [
        nested("{a", "{a", "", "}", "}"),
        nested("{a", "{... {a", "", "}}", "}"),
        nested("{a(b:", "[", "1", "]", ")}"),
        nested("{a(b:", "{c:", "1", "}", ")}"),
        nested("query($v: ", "[", "Int", "]", ") {a}"),
    ] {
        let parameters = Parameters::of_json(json!({"query": document})).unwrap();
        assert!(
            !Operation::parse(parameters, None).unwrap().is_parsed,
            "{document:.20}"
        );
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_fail(body in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(parameters) = json(&body).and_then(Parameters::of_json) {
            let _ = Operation::parse(parameters, None);
        }
    }

    #[test]
    fn no_url_makes_it_fail(url in "[a-z=&%0-9{}\\[\\]\"]{0,80}", query in "\\PC{0,60}") {
        if let Ok(parameters) = Parameters::of_url(&format!("query={query}&{url}")) {
            let _ = Operation::parse(parameters, None);
        }
    }
}
