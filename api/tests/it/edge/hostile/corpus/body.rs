//! Hostile requests whose document is innocent.

use serde_json::{Value, json};

use super::{Sent, many};

/// Variables, names and extensions.
pub(super) fn variables() -> Vec<(&'static str, Sent)> {
    let ids = "query($v: [ID!]!) { nodes(ids: $v) { id } }";
    let asked =
        |query: &str, value: Value| Sent::Json(json!({"query": query, "variables": {"v": value}}));
    let wide: Value = (0..9_000)
        .map(|n| (format!("k{n}"), json!(n)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let used = format!(
        "query($v: [ID!]!) {{ {} }}",
        many(100, |n| format!("a{n}: nodes(ids: $v) {{ id }} "))
    );
    let create = "mutation($v: JSON!) { createTask(input: {type: \"X\", input: $v}) { id } }";
    vec![
        ("a list of 90,000 ids", asked(ids, json!(vec!["x"; 90_000]))),
        ("90,000 ids, used 100 times", asked(&used, json!(vec!["x"; 90_000]))),
        ("1,900 ids, used 100 times", asked(&used, json!(vec!["x"; 1_900]))),
        ("a list 90 deep", asked(ids, (0..90).fold(json!("x"), |inner, _| json!([inner])))),
        ("an object where there is a list", asked(ids, wide.clone())),
        ("JSON of 9,000 members", asked(create, wide)),
        ("JSON that is one long text", asked(create, json!("x".repeat(900_000)))),
        ("1,000 variables that nobody asks for", Sent::Json(json!({"query": "{ me { id } }", "variables": (0..1_000).map(|n| (format!("v{n}"), json!(n))).collect::<serde_json::Map<_, _>>()}))),
        ("a variable with a name of 500,000 bytes", Sent::Json(json!({"query": "{ me { id } }", "variables": {"v".repeat(500_000): 1}}))),
        ("an operation's name of 900,000 bytes", Sent::Json(json!({"query": "{ me { id } }", "operationName": "q".repeat(900_000)}))),
        ("extensions of 60,000 values", Sent::Json(json!({"query": "{ me { id } }", "extensions": {"v": vec![0; 60_000]}}))),
        ("a number beyond all numbers in a variable", Sent::Body(br#"{"query":"query($v: Int) { agents(first: $v) { totalCount } }","variables":{"v":1e400}}"#.to_vec())),
        ("a number of 900,000 digits in a variable", Sent::Body(format!("{{\"query\":\"query($v: Int) {{ agents(first: $v) {{ totalCount }} }}\",\"variables\":{{\"v\":{}}}}}", "9".repeat(900_000)).into_bytes())),
    ]
}

/// Bodies, their coding, and URLs.
pub(super) fn bodies() -> Vec<(&'static str, Sent)> {
    let body = |text: String| Sent::Body(text.into_bytes());
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03".to_vec();
    vec![
        ("a body of nothing", Sent::Body(Vec::new())),
        (
            "a body of 500,000 zeros in a list",
            body(format!("[{}0]", "0,".repeat(500_000))),
        ),
        (
            "a body of 90,000 zeros in a variable",
            body(format!(
                "{{\"query\":\"{{ me {{ id }} }}\",\"variables\":{{\"v\":[{}0]}}}}",
                "0,".repeat(90_000)
            )),
        ),
        (
            "a body of 100,000 small objects",
            body(format!(
                "{{\"query\":\"{{ me {{ id }} }}\",\"variables\":{{\"v\":[{}{{}}]}}}}",
                "{\"a\":0},".repeat(100_000)
            )),
        ),
        (
            "a body of 45,000 small objects",
            body(format!(
                "{{\"query\":\"{{ me {{ id }} }}\",\"variables\":{{\"v\":[{}{{}}]}}}}",
                "{\"a\":0},".repeat(45_000)
            )),
        ),
        (
            "a body of 200,000 empty lists",
            body(format!(
                "{{\"query\":\"{{ me {{ id }} }}\",\"variables\":{{\"v\":[{}0]}}}}",
                "[],".repeat(200_000)
            )),
        ),
        ("a body nested without end", body("[".repeat(1_000_000))),
        (
            "a body of objects nested without end",
            body("{\"a\":".repeat(200_000)),
        ),
        (
            "a body of escapes",
            body(format!("{{\"query\":\"{}\"}}", "\\u0041".repeat(40_000))),
        ),
        (
            "a body with one member 50,000 times",
            body(format!(
                "{{{}\"query\":\"{{ me {{ id }} }}\"}}",
                "\"query\":\"{a}\",".repeat(50_000)
            )),
        ),
        ("a body beyond the limit", body("x".repeat(1_100_000))),
        (
            "a batch of 10,000",
            body(format!(
                "[{}{{}}]",
                "{\"query\":\"{ me { id } }\"},".repeat(10_000)
            )),
        ),
        ("a body that is no text", Sent::Body(vec![0xff; 500_000])),
        ("a compressed body", Sent::Encoded("gzip", gzip.clone())),
        (
            "a body compressed many times",
            Sent::Encoded("gzip, gzip, gzip, br", gzip),
        ),
        (
            "a URL of 60,000 bytes",
            Sent::Url(format!("query={}", "a".repeat(60_000))),
        ),
        (
            "a URL with 5,000 parameters",
            Sent::Url(many(5_000, |n| format!("p{n}=1&"))),
        ),
        (
            "a URL with a parameter 5,000 times",
            Sent::Url("variables={}&".repeat(4_000)),
        ),
        (
            "a URL with deep variables",
            Sent::Url(format!(
                "query={{me{{id}}}}&variables={}",
                "[".repeat(50_000)
            )),
        ),
    ]
}
