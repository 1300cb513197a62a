//! How much one agent may hold: sockets and subscriptions, and how long a socket that nobody uses (spec R10.05).

use std::time::Duration;

use serde_json::{Value, json};

use super::Edge;
use super::raw::{Events, Socket};

const UPDATES: &str = "subscription { agentUpdates { agent { id } } }";
const ME: &str = "{ me { id } }";

async fn greeted(edge: &Edge, token: Option<&str>) -> Value {
    let mut socket = Socket::upgraded(edge.running.address).await;
    let payload = match token {
        Some(token) => json!({"authorization": format!("Bearer {token}")}),
        None => json!({}),
    };
    socket.init(&payload).await;
    socket.hear().await
}

#[tokio::test]
async fn one_agent_has_so_many_sockets_and_others_are_not_touched() {
    let edge = Edge::start_with(|config| {
        config.founding = true;
        config.limits.max_agent_sockets = 2;
    })
    .await;
    let (first, _second) = (edge.socket().await, edge.socket().await);
    let operator = Some(edge.operator.as_str());
    let refused = greeted(&edge, operator).await;
    assert_eq!(refused["close"], 1013, "{refused}");
    let reason = "open sockets of one agent is limited to 2, this would be 3";
    assert_eq!(refused["reason"], reason);
    // Strangers have a share of their own, by where they come from.
    let _strangers = [
        Socket::greeted(edge.running.address, &json!({})).await,
        Socket::greeted(edge.running.address, &json!({})).await,
    ];
    assert_eq!(greeted(&edge, None).await["close"], 1013);
    let issued = edge
        .ask("mutation { issueSession(agentId: \"L2-CHAR-001\") { token } }")
        .await;
    let other = issued["data"]["issueSession"]["token"].as_str();
    assert_eq!(greeted(&edge, other).await["type"], "connection_ack");
    drop(first);
    let again = async {
        while greeted(&edge, operator).await["type"] != "connection_ack" {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let again = tokio::time::timeout(Duration::from_secs(20), again).await;
    again.expect("a socket that was closed leaves its place");
}

#[tokio::test]
async fn one_agent_follows_so_many_subscriptions_over_all_its_connections() {
    let edge = Edge::start_with(|config| config.limits.max_agent_subscriptions = 2).await;
    let mut socket = edge.socket().await;
    socket.subscribe("1", UPDATES).await;
    let stream = |document: &str| {
        edge.post(Some(&edge.operator))
            .header("accept", "text/event-stream")
            .json(&json!({"query": document}))
    };
    let events = Events::of(stream(UPDATES)).await;
    socket.subscribe("2", UPDATES).await;
    let refused = socket.hear().await;
    assert_eq!(
        (&refused["id"], &refused["type"]),
        (&json!("2"), &json!("error"))
    );
    let extensions = &refused["payload"][0]["extensions"];
    assert_eq!(extensions["code"], "LIMIT_EXCEEDED");
    assert_eq!(extensions["limit"], "subscriptions of one agent");
    assert_eq!(
        (&extensions["value"], &extensions["requested"]),
        (&json!(2), &json!(3))
    );
    let refused = stream(UPDATES).send().await.unwrap();
    assert_eq!(refused.status(), 422);
    let refused: Value = refused.json().await.unwrap();
    assert_eq!(super::code(&refused), "LIMIT_EXCEEDED");
    // What has a single result is none of them.
    socket.subscribe("3", ME).await;
    assert_eq!(socket.hear().await["type"], "next");
    assert_eq!(socket.hear().await["type"], "complete");
    drop(events);
    let mut number = 3;
    let again = async {
        loop {
            number += 1;
            let id = number.to_string();
            socket.subscribe(&id, UPDATES).await;
            socket.say(&json!({"type": "ping"})).await;
            if socket.hear().await["type"] == "pong" {
                break;
            }
            assert_eq!(socket.hear().await["type"], "pong");
        }
    };
    let again = tokio::time::timeout(Duration::from_secs(20), again).await;
    again.expect("a stream whose client left leaves its place");
}

#[tokio::test]
async fn a_socket_that_nobody_uses_is_closed_and_one_that_listens_is_not() {
    let edge = Edge::start_with(|config| {
        config.limits.socket_idle_timeout = Duration::from_millis(300);
    })
    .await;
    let mut listening = edge.socket().await;
    listening.subscribe("1", UPDATES).await;
    let mut idle = edge.socket().await;
    idle.subscribe("1", ME).await;
    assert_eq!(idle.hear().await["type"], "next");
    assert_eq!(idle.hear().await["type"], "complete");
    let end = idle.hear().await;
    assert_eq!(end["close"], 1000, "{end}");
    assert!(end["reason"].as_str().unwrap().starts_with("idle"), "{end}");
    listening.say(&json!({"type": "ping"})).await;
    assert_eq!(listening.hear().await["type"], "pong");
    // From the moment on that it listens no longer.
    listening.say(&json!({"type": "complete", "id": "1"})).await;
    assert_eq!(listening.closed().await, 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_subscriptions_over_one_socket_all_hear_it() {
    let edge = Edge::start_with(|config| config.founding = true).await;
    let mut socket = edge.socket().await;
    for id in 0..500 {
        socket.subscribe(&id.to_string(), UPDATES).await;
    }
    socket.say(&json!({"type": "ping"})).await;
    assert_eq!(socket.hear().await["type"], "pong");
    edge.ask("mutation { setAgentError(agentId: \"L2-CHAR-001\", reason: \"seen\") { status } }")
        .await;
    let mut heard: Vec<bool> = vec![false; 500];
    while heard.contains(&false) {
        let message = socket.hear().await;
        assert_eq!(message["type"], "next", "{message}");
        let id: usize = message["id"].as_str().unwrap().parse().unwrap();
        let agent = &message["payload"]["data"]["agentUpdates"]["agent"]["id"];
        assert_eq!(agent, "L2-CHAR-001");
        assert!(
            !std::mem::replace(&mut heard[id], true),
            "{id} heard it twice"
        );
    }
}
