//! Going down: nothing new is begun, what runs is finished, streams are told to resume elsewhere.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Edge;

const UPDATES: &str = "subscription { agentUpdates { action } }";

#[tokio::test]
async fn sockets_are_closed_with_1001_and_new_connections_refused() {
    let edge = Edge::start().await;
    let (mut streaming, mut idle) = (edge.socket().await, edge.socket().await);
    streaming.subscribe("1", UPDATES).await;
    let address = edge.running.address;
    let down = tokio::spawn(edge.running.shutdown());
    for socket in [&mut streaming, &mut idle] {
        let heard = socket.hear().await;
        assert_eq!(
            (heard["close"].as_u64(), heard["reason"].as_str()),
            (Some(1001), Some("resume elsewhere"))
        );
    }
    down.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_request_under_way_is_finished() {
    let edge = Edge::start().await;
    let body = r#"{"query":"{ __typename }"}"#;
    let mut stream = TcpStream::connect(edge.running.address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The handler has begun when it asks for the body.
    let mut heard = [0; 12];
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"HTTP/1.1 100");
    let down = tokio::spawn(edge.running.shutdown());
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.contains("HTTP/1.1 200 OK") && answer.contains("\"__typename\""),
        "{answer}"
    );
    down.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_cut_off() {
    let edge = Edge::start_with(|config| config.drain = Duration::from_millis(100)).await;
    let mut stream = TcpStream::connect(edge.running.address).await.unwrap();
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut heard = [0; 12];
    stream.read_exact(&mut heard).await.unwrap();
    let down = tokio::time::timeout(Duration::from_secs(5), edge.running.shutdown());
    down.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_was_refused_last_is_recorded_before_the_end() {
    let edge = Edge::start().await;
    for _ in 0..8 {
        let answer = edge
            .post(Some("a.b.c"))
            .json(&serde_json::json!({"query": "{ me { id } }"}))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
    }
    edge.running.shutdown().await.unwrap();
    let running = ziggie::app::start(super::config(&edge.data_dir))
        .await
        .unwrap();
    let again = Edge {
        running,
        http: edge.http,
        operator: edge.operator,
        data_dir: edge.data_dir,
    };
    let operator = again.log_in().await;
    let log = "{ auditLog(filter: {action: [AUTHENTICATION_FAILED]}) { nodes { metadata } } }";
    let answer = again
        .post(Some(&operator))
        .json(&serde_json::json!({"query": log}))
        .send()
        .await
        .unwrap();
    let answer: serde_json::Value = answer.json().await.unwrap();
    let entries = answer["data"]["auditLog"]["nodes"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(
        entries.len(),
        6,
        "five one by one, then the count: {entries:?}"
    );
}

#[tokio::test]
async fn the_write_ahead_log_is_in_the_file_when_the_server_is_gone() {
    let edge = Edge::start().await;
    let files = edge.data_dir.path();
    let log = files.join("ziggie.db-wal");
    assert!(log.exists());
    edge.running.shutdown().await.unwrap();
    assert!(files.join("ziggie.db").exists() && !log.exists());
}
