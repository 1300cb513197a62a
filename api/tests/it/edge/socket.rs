//! graphql-transport-ws, message by message.

use std::time::Duration;

use futures::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::Edge;
use super::raw::Socket;

const ME: &str = "{ me { id } }";
const UPDATES: &str = "subscription { agentUpdates { action agent { id } } }";

#[tokio::test]
async fn a_socket_that_speaks_another_protocol_is_closed_with_4406() {
    let edge = Edge::start().await;
    // Clients refuse an answer without the protocol that they asked for, so that only the client without one hears the close.
    let mut socket = Socket::open(edge.running.address, None, &[]).await.unwrap();
    assert_eq!(socket.closed().await, 4406);
}

#[tokio::test]
async fn a_socket_without_greeting_is_closed_with_4408() {
    let edge =
        Edge::start_with(|config| config.limits.socket_init_timeout = Duration::from_millis(100))
            .await;
    assert_eq!(
        Socket::upgraded(edge.running.address).await.closed().await,
        4408
    );
}

#[tokio::test]
async fn what_breaks_the_protocol_closes_the_socket_with_its_code() {
    let edge = Edge::start().await;
    let subscribe = json!({"id": "1", "type": "subscribe", "payload": {"query": UPDATES}});
    for (said, closed) in [
        (vec![Message::text("hello")], 4400),
        (vec![Message::text(r#"{"type":"start","id":"1"}"#)], 4400),
        (vec![Message::binary(b"{}".to_vec())], 4400),
        (
            vec![Message::text(
                json!({"type": "connection_init"}).to_string(),
            )],
            4429,
        ),
        (
            vec![
                Message::text(subscribe.to_string()),
                Message::text(subscribe.to_string()),
            ],
            4409,
        ),
        (
            vec![Message::text(
                json!({"id": "1", "type": "subscribe"}).to_string(),
            )],
            4400,
        ),
    ] {
        let mut socket = edge.socket().await;
        for message in &said {
            socket.send(message.clone()).await;
        }
        assert_eq!(socket.closed().await, closed, "{said:?}");
    }
    let mut early = Socket::upgraded(edge.running.address).await;
    early.subscribe("1", ME).await;
    assert_eq!(early.closed().await, 4401);
}

#[tokio::test]
async fn a_client_that_says_goodbye_is_answered() {
    let edge = Edge::start().await;
    let mut socket = Socket::greeted(edge.running.address, &json!({})).await;
    let normal = CloseFrame {
        code: CloseCode::Normal,
        reason: "Normal Closure".into(),
    };
    socket.send(Message::Close(Some(normal))).await;
    assert_eq!(socket.closed().await, 1000);
}

#[tokio::test]
async fn a_message_beyond_the_limit_closes_the_socket() {
    let edge = Edge::start_with(|config| config.limits.max_body_bytes = 4_000).await;
    let mut socket = edge.socket().await;
    socket
        .subscribe("1", &format!("{{ me {{ id }} }} # {}", "x".repeat(5_000)))
        .await;
    assert_eq!(socket.closed().await, 4400);
}

#[tokio::test]
async fn the_token_comes_in_the_greeting_or_in_the_upgrade() {
    let edge = Edge::start().await;
    let (token, other) = (edge.operator.clone(), edge.log_in().await);
    for payload in [
        json!({"Authorization": format!("Bearer {token}")}),
        json!({"authorization": format!("bearer {token}")}),
        json!({"X-Agent-Token": token}),
    ] {
        Socket::greeted(edge.running.address, &payload).await;
    }
    let bearer = format!("Bearer {token}");
    for (payload, accepted) in [
        (json!({}), true),
        (json!({"x-agent-token": token}), true),
        (json!({"x-agent-token": other}), false),
    ] {
        let headers = [("authorization", bearer.as_str())];
        let mut socket = Socket::open(edge.running.address, Some("graphql-transport-ws"), &headers)
            .await
            .unwrap();
        socket.init(&payload).await;
        let heard = socket.hear().await;
        assert_eq!(
            heard["type"] == "connection_ack",
            accepted,
            "{payload}: {heard}"
        );
        assert!(accepted || heard["close"] == 4401, "{heard}");
    }
    for payload in [
        json!({"authorization": "Bearer a.b.c"}),
        json!({"authorization": token}),
        json!({"x-agent-token": 7}),
    ] {
        let mut socket = Socket::upgraded(edge.running.address).await;
        socket.init(&payload).await;
        assert_eq!(socket.closed().await, 4401, "{payload}");
    }
}

#[tokio::test]
async fn a_stranger_may_authenticate_and_nothing_else() {
    let edge = Edge::start().await;
    let mut socket = Socket::greeted(edge.running.address, &json!({})).await;
    socket.subscribe("1", ME).await;
    let refused = socket.hear().await;
    assert_eq!(
        (
            &refused["type"],
            &refused["payload"]["errors"][0]["extensions"]["code"]
        ),
        (&json!("next"), &json!("UNAUTHENTICATED"))
    );
    assert_eq!(socket.hear().await, json!({"id": "1", "type": "complete"}));
    socket.subscribe("2", UPDATES).await;
    let refused = socket.hear().await;
    assert_eq!(
        (
            &refused["type"],
            &refused["payload"][0]["extensions"]["code"]
        ),
        (&json!("error"), &json!("UNAUTHENTICATED"))
    );
    let secret = std::fs::read_to_string(edge.data_dir.path().join("operator.secret")).unwrap();
    let login = format!(
        "mutation {{ authenticate(agentId: \"SYSTEM-001\", secret: \"{}\") {{ token }} }}",
        secret.trim()
    );
    socket.subscribe("3", &login).await;
    assert!(socket.hear().await["payload"]["data"]["authenticate"]["token"].is_string());
}

#[tokio::test]
async fn pings_are_answered_with_what_they_carry_even_before_the_greeting() {
    let edge = Edge::start().await;
    let mut socket = Socket::upgraded(edge.running.address).await;
    socket
        .say(&json!({"type": "ping", "payload": {"at": 7}}))
        .await;
    assert_eq!(
        socket.hear().await,
        json!({"type": "pong", "payload": {"at": 7}})
    );
    let mut socket = edge.socket().await;
    socket.say(&json!({"type": "ping"})).await;
    assert_eq!(socket.hear().await, json!({"type": "pong"}));
}

#[tokio::test]
async fn a_query_answers_once_and_its_id_is_free_again() {
    let edge = Edge::start().await;
    let mut socket = edge.socket().await;
    for _ in 0..2 {
        socket.subscribe("1", ME).await;
        let payload = json!({"data": {"me": {"id": "SYSTEM-001"}}});
        assert_eq!(
            socket.hear().await,
            json!({"id": "1", "type": "next", "payload": payload})
        );
        assert_eq!(socket.hear().await, json!({"id": "1", "type": "complete"}));
    }
}

#[tokio::test]
async fn what_is_not_valid_is_an_error_and_not_a_result() {
    let edge = Edge::start().await;
    let mut socket = edge.socket().await;
    for query in [
        "{ me",
        "{ shoe }",
        "subscription { shoe }",
        "query A { me { id } } query B { me { id } }",
    ] {
        socket.subscribe("1", query).await;
        let refused = socket.hear().await;
        assert_eq!(
            (&refused["id"], &refused["type"]),
            (&json!("1"), &json!("error")),
            "{query}"
        );
        assert_eq!(
            refused["payload"][0]["extensions"]["code"], "BAD_USER_INPUT",
            "{query}"
        );
        assert!(refused["payload"][0]["extensions"]["requestId"].is_string());
    }
}

#[tokio::test]
async fn a_subscription_brings_events_until_its_client_completes_it() {
    let edge = Edge::start().await;
    let mut socket = edge.socket().await;
    socket.subscribe("events", UPDATES).await;
    settle(&mut socket).await;
    register(&edge).await;
    let event = socket.hear().await;
    assert_eq!(
        (&event["id"], &event["type"]),
        (&json!("events"), &json!("next"))
    );
    assert_eq!(
        event["payload"]["data"]["agentUpdates"]["agent"]["id"], "L1-TEST-001",
        "{event}"
    );
    assert_eq!(edge.metric("ziggie_subscriptions").await, "1");
    socket
        .say(&json!({"id": "events", "type": "complete"}))
        .await;
    settle(&mut socket).await;
    // An id that nobody uses is completed in vain.
    socket
        .say(&json!({"id": "unknown", "type": "complete"}))
        .await;
    settle(&mut socket).await;
    assert_eq!(edge.metric("ziggie_subscriptions").await, "0");
}

#[tokio::test]
async fn operations_of_one_socket_are_limited() {
    let edge = Edge::start_with(|config| config.limits.max_socket_operations = 2).await;
    let mut socket = edge.socket().await;
    for id in ["1", "2", "3"] {
        socket.subscribe(id, UPDATES).await;
    }
    let refused = socket.hear().await;
    assert_eq!(
        (&refused["id"], &refused["type"]),
        (&json!("3"), &json!("error"))
    );
    assert_eq!(
        refused["payload"][0]["extensions"]["code"],
        "LIMIT_EXCEEDED"
    );
    socket.say(&json!({"id": "1", "type": "complete"})).await;
    socket.subscribe("3", ME).await;
    assert_eq!(socket.hear().await["type"], "next");
}

#[tokio::test]
async fn sockets_are_limited() {
    let edge = Edge::start_with(|config| config.limits.max_sockets = 1).await;
    let _only = edge.socket().await;
    let refused = Socket::open(edge.running.address, Some("graphql-transport-ws"), &[])
        .await
        .err()
        .unwrap();
    assert!(refused.to_string().contains("503"), "{refused}");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed_and_forgotten() {
    let edge =
        Edge::start_with(|config| config.limits.socket_write_timeout = Duration::from_millis(200))
            .await;
    let mut socket = edge.socket().await;
    // Answers as long as their aliases: far more in all than the buffers on the way hold.
    let fields: String = (0..60)
        .map(|number| format!("{}{number}: __typename ", "x".repeat(1_000)))
        .collect();
    let flood = async {
        for number in 0..400 {
            let query = json!({"id": number.to_string(), "type": "subscribe", "payload": {"query": format!("{{ {fields} }}")}});
            // An error says that the server has closed it meanwhile.
            if socket
                .0
                .send(Message::text(query.to_string()))
                .await
                .is_err()
            {
                return;
            }
        }
    };
    // Nor can it send for ever while it does not read.
    let _ = tokio::time::timeout(Duration::from_secs(5), flood).await;
    until(async || edge.metric("ziggie_sockets").await == "0").await;
    assert_eq!(edge.ask(ME).await["data"]["me"]["id"], "SYSTEM-001");
}

#[tokio::test]
async fn a_client_that_is_silent_is_given_up() {
    let edge =
        Edge::start_with(|config| config.limits.socket_ping = Duration::from_millis(500)).await;
    let socket = edge.socket().await;
    // Nothing is read, so that no ping is answered.
    until(async || edge.metric("ziggie_sockets").await == "0").await;
    drop(socket);
    let mut lively = edge.socket().await;
    for _ in 0..40 {
        tokio::time::timeout(Duration::from_millis(50), lively.hear())
            .await
            .unwrap_err();
    }
    lively.subscribe("1", ME).await;
    assert_eq!(lively.hear().await["type"], "next");
}

#[tokio::test]
async fn an_upgrade_that_is_none_is_refused_over_http() {
    let edge = Edge::start().await;
    let answer = edge
        .http
        .get(edge.url())
        .header("upgrade", "websocket")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 400);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(super::code(&answer), "BAD_USER_INPUT");
}

/// Waits until the server has dealt with everything that was said before.
async fn settle(socket: &mut Socket) {
    socket.subscribe("settled", ME).await;
    assert_eq!(socket.hear().await["id"], "settled");
    assert_eq!(socket.hear().await["type"], "complete");
}

/// Lets something happen.
async fn register(edge: &Edge) {
    let registered = "mutation { registerAgent(input: {id: \"L1-TEST-001\", name: \"T\", tier: L1}) { agent { id } } }";
    edge.ask(registered).await;
}

async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let patience = tokio::time::Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(
            tokio::time::Instant::now() < patience,
            "it does not come true"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
