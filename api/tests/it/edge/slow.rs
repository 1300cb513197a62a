//! Who reads a stream of events slowly, or not at all (spec R6.02).

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::event_stream::{ME, UPDATES, agent, until};
use super::raw::Events;
use super::{Edge, code};

/// A subscription whose events are far more, in all, than the buffers on the way hold.
fn long_answers() -> String {
    let fields: String = (10..65)
        .map(|number| format!("{}{number}: __typename ", "x".repeat(1_000)))
        .collect();
    format!("subscription {{ agentUpdates {{ agent {{ id }} {fields} }} }}")
}

fn name(number: usize) -> String {
    format!("L1-TEST-{number:04}")
}

/// Lets so much happen at once.
async fn register(edge: &Edge, count: usize) {
    let agents: Vec<_> = (0..count)
        .map(|number| json!({"id": name(number), "name": "T", "tier": "L1"}))
        .collect();
    let call = "mutation($agents: [RegisterAgentInput!]!) { registerAgents(input: $agents) { agent { id } } }";
    let registered = edge.post(Some(&edge.operator));
    let registered = registered.json(&json!({"query": call, "variables": {"agents": agents}}));
    assert_eq!(registered.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn who_does_not_read_is_cut_and_holds_nobody_up() {
    let edge =
        Edge::start_with(|config| config.limits.socket_write_timeout = Duration::from_millis(200))
            .await;
    let body = json!({"query": long_answers()}).to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        edge.operator,
        body.len()
    );
    let mut stream = TcpStream::connect(edge.running.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut heard = [0; 15];
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"HTTP/1.1 200 OK");
    let mut other = edge.events(UPDATES).await;
    register(&edge, 400).await;
    for number in 0..400 {
        let next = other.event().await;
        assert_eq!(agent(&next), &json!(name(number)));
    }
    until(async || edge.metric("ziggie_event_streams").await == "1").await;
    assert_eq!(edge.ask(ME).await["data"]["me"]["id"], "SYSTEM-001");
}

#[tokio::test]
async fn who_reads_too_slowly_is_ended_with_a_reason_and_resumes_by_its_id() {
    let edge = Edge::start().await;
    let mut slow = edge.events(&long_answers()).await;
    let listening = || edge.metric("ziggie_feed_subscribers");
    let before: u64 = listening().await.parse().unwrap();
    // More than may wait for one reader, whatever the buffers hold.
    let count = 1_400;
    register(&edge, count).await;
    until(async || listening().await == (before - 1).to_string()).await;
    let (mut heard, mut last_id) = (0, String::new());
    let end = loop {
        let next = slow.event().await;
        if !next["data"]["errors"].is_null() {
            break next;
        }
        assert_eq!(agent(&next), &json!(name(heard)));
        heard += 1;
        last_id = next["id"].as_str().unwrap().to_owned();
    };
    assert_eq!(code(&end["data"]), "UNAVAILABLE");
    assert_eq!(end["data"]["errors"][0]["extensions"]["retryable"], true);
    assert_eq!(slow.event().await["event"], "complete");
    assert!(0 < heard && heard < count, "{heard}");
    let request = edge.stream_of(&edge.operator, UPDATES);
    let mut again = Events::of(request.header("last-event-id", last_id)).await;
    for number in heard..count {
        assert_eq!(agent(&again.event().await), &json!(name(number)));
    }
}
