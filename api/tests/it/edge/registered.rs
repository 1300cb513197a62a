//! Only registered documents run: by hash or by text, over every transport.

use entities::json::sha256_hex;
use serde_json::{Value, json};
use ziggie::app;

use super::raw::{Events, Socket};
use super::{Edge, code, config};

const LOGIN: &str = "mutation Login($secret: String!) { authenticate(agentId: \"SYSTEM-001\", secret: $secret) { token } }";
const ME: &str = "query Me { me { id } }";
const PAGE: &str = "query Page($first: Int!) { agents(first: $first) { totalCount } }";
const UPDATES: &str = "subscription Updates { agentUpdates { agent { id } } }";

fn id(document: &str) -> String {
    format!("sha256:{}", sha256_hex(document.as_bytes()))
}

/// A server on which nothing but these runs, or why there is none.
async fn start(documents: Value) -> Result<Edge, String> {
    let data_dir = tempfile::tempdir().unwrap();
    let file = data_dir.path().join("documents.json");
    std::fs::write(&file, documents.to_string()).unwrap();
    let mut config = config(&data_dir);
    config.registered_documents = Some(file);
    let running = app::start(config)
        .await
        .map_err(|error| format!("{error:#}"))?;
    let mut edge = Edge {
        running,
        http: reqwest::Client::new(),
        operator: String::new(),
        data_dir,
    };
    let secret = std::fs::read_to_string(edge.data_dir.path().join("operator.secret")).unwrap();
    let answer = asked(
        &edge,
        json!({"documentId": id(LOGIN), "variables": {"secret": secret.trim()}}),
    )
    .await;
    let token = answer["data"]["authenticate"]["token"].as_str();
    edge.operator = token.unwrap_or_else(|| panic!("{answer}")).to_owned();
    Ok(edge)
}

async fn served() -> Edge {
    let all = [LOGIN, ME, PAGE, UPDATES].map(|document| (id(document), json!(document)));
    start(Value::Object(all.into_iter().collect()))
        .await
        .unwrap()
}

async fn asked(edge: &Edge, body: Value) -> Value {
    let token = Some(edge.operator.as_str()).filter(|token| !token.is_empty());
    edge.post(token)
        .json(&body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_registered_document_runs_by_hash_and_by_text_and_no_other() {
    let edge = served().await;
    let hash = sha256_hex(ME.as_bytes());
    for body in [
        json!({"documentId": id(ME)}),
        json!({"query": ME}),
        json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash}}}),
    ] {
        assert_eq!(asked(&edge, body).await["data"]["me"]["id"], "SYSTEM-001");
    }
    let counted = asked(
        &edge,
        json!({"documentId": id(PAGE), "variables": {"first": 5}}),
    )
    .await;
    assert!(
        counted["data"]["agents"]["totalCount"].is_number(),
        "{counted}"
    );
    for body in [
        json!({"query": "{ me { id } }"}),
        json!({"query": "{ this is no document"}),
        json!({"documentId": id("{ me { id } }")}),
        json!({"query": "{ me { id } }", "documentId": id(ME)}),
    ] {
        let answer = asked(&edge, body).await;
        assert_eq!(code(&answer), "BAD_USER_INPUT", "{answer}");
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(
            message.starts_with("only registered documents run here"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn it_is_so_over_every_transport() {
    let edge = served().await;
    let get = async |name: &str, value: &str| -> Value {
        let request = edge.http.get(edge.url()).bearer_auth(&edge.operator);
        let answer = request.query(&[(name, value)]).send().await.unwrap();
        answer.json().await.unwrap()
    };
    assert_eq!(
        get("documentId", &id(ME)).await["data"]["me"]["id"],
        "SYSTEM-001"
    );
    assert_eq!(code(&get("query", "{ me { id } }").await), "BAD_USER_INPUT");

    let stream = |body: Value| {
        let request = edge.post(Some(&edge.operator));
        request
            .header("accept", "text/event-stream")
            .json(&body)
            .send()
    };
    let events: Events = stream(json!({"documentId": id(UPDATES)}))
        .await
        .unwrap()
        .into();
    drop(events);
    let refused = stream(json!({"query": "subscription { agentUpdates { action } }"}))
        .await
        .unwrap();
    assert_eq!(code(&refused.json().await.unwrap()), "BAD_USER_INPUT");

    let mut socket: Socket = edge.socket().await;
    for (number, payload, kind) in [
        ("1", json!({"documentId": id(ME)}), "next"),
        ("2", json!({"query": "{ me { id } }"}), "error"),
    ] {
        socket
            .say(&json!({"id": number, "type": "subscribe", "payload": payload}))
            .await;
        let heard = loop {
            let heard = socket.hear().await;
            if heard["id"] == number {
                break heard;
            }
        };
        assert_eq!(heard["type"], kind, "{heard}");
    }
}

#[tokio::test]
async fn a_file_that_does_not_fit_keeps_the_server_from_starting() {
    let wrong = "query Wrong { shoe }";
    for (documents, complaint) in [
        (json!({ id(wrong): wrong }), "Unknown field \"shoe\""),
        (json!({ id("{ me"): "{ me" }), "expected"),
        (json!({ "0": ME }), "the SHA-256 of this document is"),
    ] {
        let told = start(documents).await.err().unwrap();
        assert!(
            told.contains("documents.json") && told.contains(complaint),
            "{told}"
        );
    }
}

#[tokio::test]
async fn without_a_file_an_id_names_nothing() {
    let edge = Edge::start().await;
    let answer = asked(&edge, json!({"documentId": id(ME)})).await;
    assert_eq!(code(&answer), "BAD_USER_INPUT");
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("no documents are registered here"),
        "{message}"
    );
}
