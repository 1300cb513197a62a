//! Served schemas that differ from what was promised, and suites that have not seen everything.

#![allow(clippy::unwrap_used)]

use super::{super::Status, exercised::judge, *};
use crate::contract::response;

const ROUTES: &str = r#"{"openapi": "3.1.0", "paths": {"/livez": {"get": {"operationId": "isAlive", "summary": "Says whether it lives.",
    "responses": {"200": {"description": "It does.", "content": {"text/plain": {}}}}}}}, "components": {"schemas": {}}}"#;

const SDL: &str = "type Query { me: String @authenticated }";

fn promise() -> Promise {
    Promise {
        schema: SDL.to_owned(),
        contract: SDL.to_owned(),
        released: None,
        routes: ROUTES.to_owned(),
    }
}

fn served(field: &str) -> Value {
    let text = json!({ "kind": "SCALAR", "name": "String" });
    let field = json!({ "name": field, "args": [], "type": text });
    json!({ "types": [{ "kind": "OBJECT", "name": "Query", "fields": [field] }] })
}

fn compared(promise: &Promise, served: &Value) -> Finding {
    let mut finding = Finding::new(Gate::Contract, Place::Twin);
    compare(&mut finding, promise, served);
    finding
}

#[test]
fn a_field_more_or_less_or_one_that_the_contract_has_alone_is_told() {
    assert_eq!(compared(&promise(), &served("me")).status, Status::Passed);
    let other = compared(&promise(), &served("you"));
    assert_eq!(other.status, Status::Failed);
    assert_eq!(other.reasons.len(), 3);
    let mut wider = promise();
    wider.contract =
        "type Query { me: String @authenticated us: String @authenticated }".to_owned();
    let lacking = compared(&wider, &served("me"));
    assert!(
        lacking.reasons[0].contains("Query.us"),
        "{:?}",
        lacking.reasons
    );
}

#[test]
fn what_was_not_exercised_or_does_not_fit_fails_it() {
    let schema = response::Schema::read(SDL).unwrap();
    let judged = |answer: &Value, also: &[&str]| {
        let mut exercised = response::Exercised::default();
        let faults = exercised.take(&schema, "{ me }", &Value::Null, answer);
        for code in response::CODES {
            let refused = json!({ "errors": [{ "message": "no", "extensions": { "code": code, "retryable": false } }] });
            if !also.contains(&code) {
                exercised.take(&schema, "{ me }", &Value::Null, &refused);
            }
        }
        let mut finding = Finding::new(Gate::Contract, Place::Twin);
        let found = json!({ "responses": 1, "faults": faults, "exercised": exercised.json() });
        judge(&mut finding, SDL, &found);
        finding
    };
    let good = judged(&json!({ "data": { "me": "I" } }), &[]);
    assert_eq!(good.status, Status::Passed, "{:?}", good.reasons);
    for (answer, missing, word) in [
        (json!({ "data": { "me": 1 } }), vec![], "do not fit"),
        (
            json!({ "data": { "me": null } }),
            vec![],
            "never answered with data",
        ),
        (
            json!({ "data": { "me": "I" } }),
            vec!["CONFLICT"],
            "CONFLICT",
        ),
    ] {
        let finding = judged(&answer, &missing);
        assert_eq!(finding.status, Status::Failed);
        assert!(
            finding.reasons.iter().any(|reason| reason.contains(word)),
            "{:?}",
            finding.reasons
        );
    }
}

#[test]
fn a_suite_that_looked_at_no_response_is_no_measure() {
    let report = tempfile::NamedTempFile::new().unwrap();
    fs::write(report.path(), r#"{"contract": null}"#).unwrap();
    let mut finding = Finding::new(Gate::Contract, Place::Twin);
    exercised::look(&mut finding, &promise(), report.path());
    assert!(finding.reasons[0].starts_with("it could not measure"));
}

#[test]
fn what_breaks_callers_of_the_last_release_fails_and_what_may_is_a_figure() {
    let mut promise = promise();
    promise.released = Some("type Query { me(of: ID): String us: String }".to_owned());
    let finding = compared(&promise, &served("me"));
    assert_eq!(finding.status, Status::Failed);
    let reasons = finding.reasons.join("\n");
    for broken in [
        "ARG_REMOVED Query.me(of:)",
        "FIELD_REMOVED Query.us",
        "api/released.graphql",
    ] {
        assert!(reasons.contains(broken), "{reasons}");
    }
    promise.released = Some("type Query { me: String } enum Tier { L1 }".to_owned());
    promise.schema = format!("{SDL} enum Tier {{ L1 L2 }}");
    let mut grown = served("me");
    let tier = json!({ "kind": "ENUM", "name": "Tier", "enumValues": [{ "name": "L1" }, { "name": "L2" }] });
    grown["types"].as_array_mut().unwrap().push(tier);
    let finding = compared(&promise, &grown);
    assert_eq!(finding.status, Status::Passed, "{:?}", finding.reasons);
    let figures = &finding.details()["figures"];
    assert_eq!(
        figures["dangerousChanges"],
        json!(["VALUE_ADDED_TO_ENUM Tier.L2"])
    );
}

#[test]
fn a_route_that_was_never_answered_fails_it() {
    for (answered, status) in [
        (json!(["GET /livez 200"]), Status::Passed),
        (json!(["GET /livez 404"]), Status::Failed),
        (json!([]), Status::Failed),
        (json!(null), Status::Failed),
    ] {
        let mut finding = Finding::new(Gate::Contract, Place::Twin);
        let found = json!({ "pages": 1, "answered": answered });
        exercised::judge_routes(&mut finding, ROUTES, &found);
        assert_eq!(finding.status, status, "{answered}: {:?}", finding.reasons);
    }
}

#[test]
fn reading_asks_for_every_field_that_a_query_reaches() {
    let schema = response::Schema::read(&Promise::committed().unwrap().schema).unwrap();
    let nothing = response::Exercised::default();
    let given = reading::LOOKUPS.map(|lookup| (lookup.field.to_owned(), "(…)".to_owned()));
    let documents = reading::documents(&schema, &given.into(), &nothing);
    let asked = documents.into_iter().flat_map(|document| document.fields);
    let asked: BTreeSet<String> = asked.collect();
    let missing = nothing.missing(&schema);
    let all = missing.roots.iter().chain(&missing.fields);
    let left: BTreeSet<&str> = all
        .filter(|field| !asked.contains(*field))
        .filter_map(|field| field.split('.').next())
        .collect();
    // What only mutations and events answer with.
    assert_eq!(
        left.into_iter().collect::<Vec<_>>(),
        [
            "AgentEvent",
            "AgentSecret",
            "AuditEvent",
            "AuditExport",
            "Mutation",
            "NotificationEvent",
            "SessionToken",
            "SprintEvent",
            "Subscription",
            "TaskEvent"
        ]
    );
}
