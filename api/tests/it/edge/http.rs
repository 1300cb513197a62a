//! GraphQL over HTTP, and what every answer carries.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Edge, code, header};

const GRAPHQL: &str = "application/graphql-response+json";
const JSON: &str = "application/json";

#[tokio::test]
async fn a_token_is_taken_under_either_name_and_nobody_is_two() {
    let edge = Edge::start().await;
    let other = edge.log_in().await;
    let token = edge.operator.as_str();
    for (headers, who) in [
        (
            vec![("authorization", format!("Bearer {token}"))],
            json!("SYSTEM-001"),
        ),
        (
            vec![("x-agent-token", token.to_owned())],
            json!("SYSTEM-001"),
        ),
        (
            vec![
                ("authorization", format!("bearer {token}")),
                ("x-agent-token", token.to_owned()),
            ],
            json!("SYSTEM-001"),
        ),
        (
            vec![
                ("authorization", format!("Bearer {token}")),
                ("x-agent-token", other),
            ],
            json!(null),
        ),
        (
            vec![("authorization", format!("Basic {token}"))],
            json!(null),
        ),
        (vec![("x-agent-token", String::new())], json!(null)),
        (vec![], json!(null)),
    ] {
        let mut request = edge.post(None).json(&json!({"query": "{ me { id } }"}));
        for (name, value) in &headers {
            request = request.header(*name, value);
        }
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["data"]["me"]["id"], who, "{headers:?}");
        if who.is_null() {
            assert_eq!(code(&answer), "UNAUTHENTICATED");
        }
    }
}

#[tokio::test]
async fn the_status_follows_the_media_type() {
    let edge = Edge::start().await;
    let good = json!({"query": "{ me { id } }"});
    for (what, body, graphql, plain) in [
        ("a good query", good.to_string(), 200, 200),
        (
            "a document that does not parse",
            json!({"query": "{ me"}).to_string(),
            400,
            200,
        ),
        (
            "a field that does not exist",
            json!({"query": "{ shoe }"}).to_string(),
            422,
            200,
        ),
        (
            "two operations and no name",
            json!({"query": "query A { me { id } } query B { me { id } }"}).to_string(),
            422,
            200,
        ),
        (
            "a subscription",
            json!({"query": "subscription { agentUpdates { action } }"}).to_string(),
            422,
            200,
        ),
        (
            "variables of the wrong type",
            json!({"query": "{ me { id } }", "variables": []}).to_string(),
            422,
            422,
        ),
        ("no query", "{}".to_owned(), 422, 422),
        ("a batch", json!([good]).to_string(), 400, 400),
        ("no JSON", "NONSENSE".to_owned(), 400, 400),
    ] {
        for (accept, status) in [(GRAPHQL, graphql), (JSON, plain)] {
            let request = edge
                .post(Some(&edge.operator))
                .header("accept", accept)
                .header("content-type", JSON);
            let answer = request.body(body.clone()).send().await.unwrap();
            assert_eq!(answer.status(), status, "{what} as {accept}");
            assert_eq!(
                header(&answer, "content-type"),
                format!("{accept}; charset=utf-8")
            );
            let answer: Value = answer.json().await.unwrap();
            if what == "a good query" {
                assert_eq!(answer, json!({"data": {"me": {"id": "SYSTEM-001"}}}));
            } else {
                assert!(answer.get("data").is_none(), "{what}: {answer}");
                assert_eq!(code(&answer), "BAD_USER_INPUT", "{what}");
                assert_eq!(answer["errors"][0]["extensions"]["retryable"], false);
            }
        }
    }
}

#[tokio::test]
async fn what_was_executed_is_a_200_in_either_media_type() {
    let edge = Edge::start().await;
    for accept in [GRAPHQL, JSON] {
        let request = edge
            .post(None)
            .header("accept", accept)
            .json(&json!({"query": "{ me { id } }"}));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["data"], Value::Null, "{answer}");
        assert_eq!(answer["errors"][0]["path"], json!(["me"]));
    }
}

#[tokio::test]
async fn get_is_for_queries_only() {
    let edge = Edge::start().await;
    let get = |query: &'static str| {
        let request = edge.http.get(edge.url()).bearer_auth(&edge.operator);
        request
            .query(&[("query", query), ("variables", "{}")])
            .send()
    };
    let read = get("query { me { id } }").await.unwrap();
    assert_eq!(
        read.json::<Value>().await.unwrap()["data"]["me"]["id"],
        "SYSTEM-001"
    );
    let written = get("mutation { rotateSession { token } }").await.unwrap();
    assert_eq!(
        (written.status().as_u16(), header(&written, "allow")),
        (405, "POST")
    );
    let put = edge.http.put(edge.url()).send().await.unwrap();
    assert_eq!(
        (put.status().as_u16(), header(&put, "allow")),
        (405, "GET, POST")
    );
    assert_eq!(
        edge.ask("{ me { id } }").await["data"]["me"]["id"],
        "SYSTEM-001"
    );
}

#[tokio::test]
async fn only_json_is_taken_and_only_json_is_given() {
    let edge = Edge::start().await;
    let body = json!({"query": "{ me { id } }"}).to_string();
    for media in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin1",
    ] {
        let answer = edge
            .post(None)
            .header("content-type", media)
            .body(body.clone())
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 415, "{media}");
    }
    let answer = edge.post(None).body(body.clone()).send().await.unwrap();
    assert_eq!(answer.status(), 415, "no media type at all");
    let request = edge
        .post(None)
        .header("accept", "text/html")
        .header("content-type", JSON)
        .body(body);
    let answer = request.send().await.unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            code(&answer.json().await.unwrap())
        ),
        (406, "BAD_USER_INPUT")
    );
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_whether_or_not_it_says_its_size() {
    let edge = Edge::start_with(|config| config.limits.max_body_bytes = 2_000).await;
    let fitting =
        json!({"query": "{ me { id } }", "extensions": {"padding": "x".repeat(1_000)}}).to_string();
    let beyond =
        json!({"query": "{ me { id } }", "extensions": {"padding": "x".repeat(2_000)}}).to_string();
    for chunked in [false, true] {
        for (body, status) in [(&fitting, 200), (&beyond, 413)] {
            let mut stream = TcpStream::connect(edge.running.address).await.unwrap();
            let head = format!(
                "POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {JSON}\r\n"
            );
            let request = if chunked {
                format!(
                    "{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
                    body.len()
                )
            } else {
                format!("{head}content-length: {}\r\n\r\n{body}", body.len())
            };
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{answer}"
            );
            assert_eq!(
                answer.contains(r#""code":"LIMIT_EXCEEDED""#),
                status == 413,
                "{answer}"
            );
        }
    }
}

#[tokio::test]
async fn a_client_that_dawdles_is_cut_off() {
    let edge = Edge::start_with(|config| {
        config.limits.header_timeout = Duration::from_millis(200);
        config.limits.body_timeout = Duration::from_millis(200);
    })
    .await;
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    for (sent, answered) in [
        ("POST /graphql HTTP/1.1\r\nhost:", ""),
        (head, "HTTP/1.1 408 "),
    ] {
        let mut stream = TcpStream::connect(edge.running.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let ended =
            tokio::time::timeout(Duration::from_secs(20), stream.read_to_string(&mut answer)).await;
        assert!(
            ended.is_ok() && answer.starts_with(answered),
            "{sent:?} was answered {answer:?}"
        );
    }
}

#[tokio::test]
async fn every_answer_carries_its_request_id_and_lets_nothing_run() {
    let edge = Edge::start().await;
    let request = edge
        .post(None)
        .header("origin", "https://evil.example")
        .json(&json!({"query": "{ me { id } }"}));
    let answer = request.send().await.unwrap();
    let id = header(&answer, "x-request-id").to_owned();
    assert!(id.starts_with("req_"), "{id}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'",
        ),
        ("access-control-allow-origin", ""),
    ] {
        assert_eq!(header(&answer, name), value, "{name}");
    }
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["errors"][0]["extensions"]["requestId"], id);

    let nowhere = edge
        .http
        .get(format!("http://{}/nowhere", edge.running.address))
        .send()
        .await
        .unwrap();
    assert_eq!(nowhere.status(), 404);
    assert_eq!(header(&nowhere, "x-content-type-options"), "nosniff");
    assert_eq!(code(&nowhere.json().await.unwrap()), "NOT_FOUND");
}

#[tokio::test]
async fn the_public_keys_are_public_and_the_rest_is_for_operators() {
    let edge = Edge::start().await;
    let (status, keys) = edge
        .page(edge.running.address, "/.well-known/jwks.json")
        .await;
    let keys: Value = serde_json::from_str(&keys).unwrap();
    assert_eq!((status, &keys["keys"][0]["crv"]), (200, &json!("Ed25519")));
    assert!(keys["keys"][0].get("d").is_none());
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(
            edge.page(edge.running.admin_address, path).await.0,
            200,
            "{path}"
        );
        assert_eq!(edge.page(edge.running.address, path).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn operations_are_counted_by_kind_and_code() {
    let edge = Edge::start().await;
    edge.ask("{ me { id } }").await;
    edge.ask("{ shoe }").await;
    assert_eq!(
        edge.metric(r#"ziggie_operations_total{kind="query",code="OK"}"#)
            .await,
        "1"
    );
    assert_eq!(
        edge.metric(r#"ziggie_operations_total{kind="mutation",code="OK"}"#)
            .await,
        "1"
    );
    assert_eq!(
        edge.metric(r#"ziggie_operations_total{kind="query",code="BAD_USER_INPUT"}"#)
            .await,
        "1"
    );
    assert_eq!(
        edge.metric(r#"ziggie_operation_duration_seconds_count{kind="query"}"#)
            .await,
        "2"
    );
}
