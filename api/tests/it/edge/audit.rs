//! The rules of GraphQL over HTTP for servers, a request each, under the ids by which the public audit of `graphql-http` knows them; those
//! that it does not ask are named by their section of the draft.
//!
//! Where a request is not well formed or does not fit the schema, an older draft, which the audit still asks for, says 400 or lets
//! `application/json` say 200; the present one says 422. Here it is 400 for what is no JSON or does not parse, else 422.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{Edge, header};

const GRAPHQL: &str = "application/graphql-response+json";
const JSON: &str = "application/json";
const Q: &str = "{ __typename }";

/// What the answer to a request has to be.
struct Rule {
    id: &'static str,
    request: RequestBuilder,
    status: u16,
    /// The media type, where the rule is about it.
    media: Option<&'static str>,
    /// Whether there is data: none at all where nothing was executed.
    data: bool,
}

fn rule(id: &'static str, request: RequestBuilder, status: u16) -> Rule {
    Rule {
        id,
        request,
        status,
        media: None,
        data: status == 200,
    }
}

impl Rule {
    fn of_media(self, media: &'static str) -> Self {
        Self {
            media: Some(media),
            ..self
        }
    }

    fn without_data(self) -> Self {
        Self {
            data: false,
            ..self
        }
    }
}

/// About media types, methods and bodies.
fn of_http(edge: &Edge) -> Vec<Rule> {
    let post = |accept: &str| {
        let request = edge.post(None).header("accept", accept);
        request.json(&json!({ "query": Q }))
    };
    let get = |name: &str, value: &str| edge.http.get(edge.url()).query(&[(name, value)]);
    let body = |media: &str, text: String| {
        edge.post(None)
            .header("content-type", media)
            .header("accept", GRAPHQL)
            .body(text)
    };
    let text = json!({ "query": Q }).to_string();
    vec![
        rule("22EB", post(GRAPHQL), 200).of_media(GRAPHQL),
        rule("4655", post(JSON), 200).of_media(JSON),
        rule("47DE", post("*/*"), 200).of_media(JSON),
        rule(
            "Accept: by weight",
            post(&format!("{GRAPHQL};q=0.5, {JSON}")),
            200,
        )
        .of_media(JSON),
        rule("Accept: by name", post(&format!("{JSON}, {GRAPHQL}")), 200).of_media(GRAPHQL),
        rule("Accept: application/*", post("application/*"), 200).of_media(JSON),
        rule(
            "Accept: charset",
            post(&format!("{GRAPHQL}; charset=utf-8")),
            200,
        )
        .of_media(GRAPHQL),
        rule("Accept: none of ours", post("text/html"), 406),
        rule("80D8", get("query", Q), 200).of_media(JSON),
        rule("82A3", post(GRAPHQL), 200)
            .of_media("application/graphql-response+json; charset=utf-8"),
        rule(
            "BF61",
            body("application/json; charset=utf-8", text.clone()),
            200,
        ),
        rule(
            "78D5",
            body(
                JSON,
                json!({"query": Q, "extensions": {"ü": "🦊"}}).to_string(),
            ),
            200,
        ),
        rule("2C94", post(JSON), 200),
        rule("5A70", get("query", Q), 200),
        rule(
            "9C48",
            get("query", "mutation { __typename }").header("accept", GRAPHQL),
            405,
        ),
        rule("9ABE", edge.post(None).body(text.clone()), 415),
        rule("03D4", body(JSON, text.clone()), 200),
        rule("POST: text/plain", body("text/plain", text.clone()), 415),
        rule(
            "POST: a form",
            body("application/x-www-form-urlencoded", format!("query={Q}")),
            415,
        ),
        rule(
            "POST: UTF-16",
            body("application/json; charset=utf-16", text.clone()),
            415,
        ),
        rule("7267", body(JSON, String::new()), 400),
        rule("POST: a batch", body(JSON, format!("[{text}]")), 400),
        rule("60AA", body(JSON, "{ \"not a JSON".to_owned()), 400),
        rule(
            "Methods: PUT",
            edge.http.put(edge.url()).body(text.clone()),
            405,
        ),
        rule("Methods: DELETE", edge.http.delete(edge.url()), 405),
    ]
}

/// About the parameters, as the media type wants it.
fn of_parameters(edge: &Edge, accept: &'static str) -> Vec<Rule> {
    let asked = |body: Value| edge.post(None).header("accept", accept).json(&body);
    let with = |name: &str, value: Value| {
        let mut body = json!({ "query": Q });
        body[name] = value;
        asked(body)
    };
    let mut rules = vec![
        rule("6610, 3715", asked(json!({"qeury": Q})), 422),
        rule("34A2, 13EE", asked(json!({ "query": Q })), 200),
        rule(
            "8161, B8B3",
            asked(json!({"query": "query Q { __typename }", "operationName": "Q"})),
            200,
        ),
        rule(
            "2EA1, 28B9",
            asked(
                json!({"query": "query Q($s: Boolean!) { me @skip(if: $s) { id } a: __typename }", "variables": {"s": true}}),
            ),
            200,
        ),
        rule(
            "428F, 1B7A",
            with("extensions", json!({"some": "value"})),
            200,
        ),
        rule(
            "operationName: empty",
            with("operationName", json!("")),
            200,
        ),
        rule("other members", with("id", json!(7)), 200),
    ];
    for name in ["variables", "operationName", "extensions"] {
        rules.push(rule("94B, 022: null", with(name, json!(null)), 200));
    }
    for wrong in [json!({"a": 1}), json!(0), json!(false), json!(["a"])] {
        rules.push(rule("4F5, 9FE: query", with("query", wrong.clone()), 422));
        rules.push(rule(
            "E3E, FB9: operationName",
            with("operationName", wrong),
            422,
        ));
    }
    for wrong in [json!("text"), json!(0), json!(false), json!(["a"])] {
        rules.push(rule(
            "69B, F05: variables",
            with("variables", wrong.clone()),
            422,
        ));
        rules.push(rule("58B, 3C6: extensions", with("extensions", wrong), 422));
    }
    rules
}

/// About what is not executed, and what is: `refused` are the statuses for what does not parse, does not fit, and has no session.
fn of_execution(edge: &Edge, accept: &'static str, parse: u16, fit: u16) -> Vec<Rule> {
    let asked = |body: Value| edge.post(None).header("accept", accept).json(&body);
    let variable = "query Q($n: Int!) { agents(first: $n) { totalCount } }";
    let get = |pairs: &[(&str, &str)]| {
        edge.http
            .get(edge.url())
            .header("accept", accept)
            .query(pairs)
    };
    vec![
        rule(
            "865D, 556A, D586, 572B",
            asked(json!({"query": "{"})),
            parse,
        )
        .without_data(),
        rule(
            "51FE, 74FF, 5E5B, FDE2",
            asked(json!({"query": "{ shoe }"})),
            fit,
        )
        .without_data(),
        rule(
            "86EE, 7B9B",
            asked(json!({"query": variable, "variables": {"n": "text"}})),
            fit,
        )
        .without_data(),
        rule(
            "variables: missing",
            asked(json!({ "query": variable })),
            fit,
        )
        .without_data(),
        rule(
            "GetOperation: unknown",
            asked(json!({"query": "query A { __typename }", "operationName": "B"})),
            fit,
        )
        .without_data(),
        rule(
            "GetOperation: of two",
            asked(json!({"query": "query A { __typename } query B { __typename }"})),
            fit,
        )
        .without_data(),
        rule(
            "a field that failed",
            asked(json!({"query": "{ a: __typename me { id } }"})),
            200,
        ),
        rule(
            "6A70, D6D5",
            get(&[
                (
                    "query",
                    "query Q($s: Boolean!) { me @skip(if: $s) { id } a: __typename }",
                ),
                ("variables", r#"{"s": true}"#),
            ]),
            200,
        ),
        rule(
            "GET: operationName",
            get(&[
                ("query", "query A { __typename } query B { b: __typename }"),
                ("operationName", "B"),
            ]),
            200,
        ),
        rule(
            "GET: extensions",
            get(&[("query", Q), ("extensions", "{}")]),
            200,
        ),
        rule(
            "GET: variables that are no JSON",
            get(&[("query", Q), ("variables", "{")]),
            422,
        ),
        rule("GET: no query", get(&[("variables", "{}")]), 422),
    ]
}

#[tokio::test]
async fn each_rule_of_the_draft_is_kept() {
    let edge = Edge::start().await;
    let mut rules = of_http(&edge);
    for accept in [GRAPHQL, JSON] {
        rules.extend(of_parameters(&edge, accept));
    }
    rules.extend(of_execution(&edge, GRAPHQL, 400, 422));
    rules.extend(of_execution(&edge, JSON, 200, 200));
    let mut broken = Vec::new();
    for rule in rules {
        let answer = rule.request.send().await.unwrap();
        let (status, media) = (
            answer.status().as_u16(),
            header(&answer, "content-type").to_owned(),
        );
        let allow = header(&answer, "allow").to_owned();
        let body: Value = answer.json().await.unwrap_or_default();
        let has_code = body["errors"][0]["extensions"]["code"].is_string();
        let kept = status == rule.status
            && rule.media.is_none_or(|wanted| media.starts_with(wanted))
            && media.ends_with("; charset=utf-8")
            && body.get("data").is_some() == rule.data
            && (rule.data || has_code)
            && (status != 405 || !allow.is_empty());
        if !kept {
            broken.push(format!("{}: {status} {media} {body}", rule.id));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
