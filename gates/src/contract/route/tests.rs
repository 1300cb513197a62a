//! Responses that fit their description and such that do not, and descriptions that are none.

#![allow(clippy::unwrap_used)]

use reqwest::header::{HeaderName, HeaderValue};

use super::*;

fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "paths": {
            "/keys/{id}": {
                "parameters": [{ "$ref": "#/components/parameters/Id" }],
                "get": { "operationId": "key", "summary": "Gives a key.", "responses": {
                    "200": { "description": "It.", "headers": { "X-Request-Id": { "required": true, "schema": { "pattern": "^req_" } } },
                        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Key" } }, "image/*": {} } },
                    "304": { "description": "Known." },
                    "404": { "$ref": "#/components/responses/Nothing" } } },
                "head": { "operationId": "keyHead", "summary": "Tells of it.", "responses": { "200": { "description": "It.", "content": { "text/plain": {} } } } },
            }
        },
        "components": {
            "parameters": { "Id": { "name": "id", "in": "path", "required": true, "description": "Its id.", "schema": { "type": "string" } } },
            "responses": { "Nothing": { "description": "Nothing.", "content": { "text/plain": {} } } },
            "schemas": { "Key": { "type": "object", "required": ["kid"], "properties": { "kid": { "type": "string" } } } }
        }
    })
}

fn description() -> Description {
    Description::read(&document().to_string()).unwrap()
}

/// What is wrong with a response to a request.
fn wrong(request: &str, status: u16, headers: &[(&str, &str)], body: &str) -> Vec<String> {
    let (method, path) = request.split_once(' ').unwrap();
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            let name = name.parse::<HeaderName>().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect();
    Answered::default().take(
        &description(),
        &Exchange {
            method,
            path,
            status,
            headers: &headers,
            body: Some(body.as_bytes()),
        },
    )
}

const ID: (&str, &str) = ("x-request-id", "req_1");
const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
const PNG: (&str, &str) = ("content-type", "image/png");
const TEXT: (&str, &str) = ("content-type", "text/plain");

#[test]
fn what_is_declared_fits() {
    for (request, status, headers, body) in [
        ("GET /keys/a", 200, vec![ID, JSON], r#"{"kid": "a"}"#),
        ("GET /keys/a", 200, vec![ID, PNG], "any bytes"),
        ("GET /keys/a", 304, vec![], ""),
        ("GET /keys/a", 404, vec![TEXT], "nothing"),
        ("HEAD /keys/a", 200, vec![TEXT], ""),
        ("GET /elsewhere", 404, vec![], ""),
        ("PUT /keys/a", 405, vec![], ""),
    ] {
        let wrong = wrong(request, status, &headers, body);
        assert!(wrong.is_empty(), "{request} {status}: {wrong:?}");
    }
}

#[test]
fn what_is_not_declared_is_told() {
    for (request, status, headers, body, told) in [
        (
            "GET /keys/a",
            201,
            vec![ID, JSON],
            "{}",
            "the status 201 is not declared",
        ),
        (
            "GET /keys/a",
            200,
            vec![JSON],
            r#"{"kid": "a"}"#,
            "the header x-request-id is missing",
        ),
        (
            "GET /keys/a",
            200,
            vec![("x-request-id", "1"), JSON],
            r#"{"kid": "a"}"#,
            "the header x-request-id is `1`",
        ),
        (
            "GET /keys/a",
            200,
            vec![ID, TEXT],
            "a",
            "the media type `text/plain` is not declared",
        ),
        (
            "GET /keys/a",
            200,
            vec![ID],
            "",
            "the media type `` is not declared",
        ),
        (
            "GET /keys/a",
            200,
            vec![ID, JSON],
            "{",
            "the body is no JSON",
        ),
        (
            "GET /keys/a",
            200,
            vec![ID, JSON],
            "{}",
            "\"kid\" is a required property",
        ),
        (
            "GET /keys/a",
            200,
            vec![ID, JSON],
            r#"{"kid": 1}"#,
            "`/kid` of the body",
        ),
        (
            "GET /keys/a",
            304,
            vec![],
            "a",
            "1 bytes where there is no body",
        ),
        (
            "HEAD /keys/a",
            200,
            vec![TEXT],
            "a",
            "1 bytes where there is no body",
        ),
        ("GET /elsewhere", 200, vec![], "", "of an undescribed path"),
        ("PUT /keys/a", 200, vec![], "", "of an undescribed method"),
    ] {
        let wrong = wrong(request, status, &headers, body);
        assert!(
            wrong.len() == 1 && wrong[0].contains(told),
            "{request} {status}: {wrong:?}"
        );
    }
}

#[test]
fn an_operation_without_a_success_is_missing_and_what_was_seen_is_carried() {
    let description = description();
    let mut answered = Answered::default();
    assert_eq!(
        answered.missing(&description),
        ["GET /keys/{id}", "HEAD /keys/{id}"]
    );
    for (method, status, media) in [
        ("GET", 404, "text/plain"),
        ("HEAD", 200, "text/plain"),
        ("GET", 200, "text/plain"),
    ] {
        let headers = [("content-type", media)].map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        answered.take(
            &description,
            &Exchange {
                method,
                path: "/keys/a",
                status,
                headers: &headers.into_iter().collect(),
                body: Some(b""),
            },
        );
    }
    // A success that is not as declared is none.
    assert_eq!(answered.missing(&description), ["GET /keys/{id}"]);
    assert_eq!(Answered::read(&answered.json()), Some(answered));
    assert_eq!(Answered::read(&json!({})), None);
}

#[test]
fn a_description_that_is_not_in_order_is_refused() {
    let get = "/paths/~1keys~1{id}/get";
    for (place, value, told) in [
        ("/openapi", json!("3.0.0"), "is not 3.1"),
        ("/paths", json!([]), "not an object"),
        (&format!("{get}/summary"), json!(""), "has no summary"),
        (
            &format!("{get}/operationId"),
            json!(null),
            "has no operationId",
        ),
        (
            &format!("{get}/responses/304/description"),
            json!(""),
            "has no description",
        ),
        (
            &format!("{get}/responses/404"),
            json!({ "$ref": "#/components/responses/Gone" }),
            "leads nowhere",
        ),
        (
            &format!("{get}/responses"),
            json!({ "404": { "description": "Nothing." } }),
            "no success is declared",
        ),
        (
            &format!("{get}/responses"),
            json!({ "2XX": { "description": "Good." } }),
            "the status is no number",
        ),
        (
            "/components/parameters/Id/name",
            json!("key"),
            "its path has the parameters",
        ),
        (
            "/components/parameters/Id/description",
            json!(null),
            "has no description",
        ),
        (
            "/components/schemas/Key/type",
            json!("thing"),
            "the schema Key",
        ),
        (
            "/components/schemas/Key/properties/kid",
            json!({ "$ref": "#/components/schemas/Kid" }),
            "leads nowhere",
        ),
    ] {
        let mut document = document();
        *document.pointer_mut(place).unwrap() = value;
        let error = Description::read(&document.to_string())
            .unwrap_err()
            .to_string();
        assert!(error.contains(told), "{place}: {error}");
    }
    assert!(Description::read("routes").is_err());
}
