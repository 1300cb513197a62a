//! The WebSocket client against a server that plays a script: it waits no longer than it should and shows how it ends.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use gates::client::{Call, Client, Credential, Message, SocketError};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message as Frame,
        handshake::server::{Request, Response},
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

/// What the server does, in this order.
enum Line {
    /// Hears a message that holds this.
    Hears(Value),
    /// Says something.
    Says(Value),
    /// Closes with a code and a reason.
    Closes(u16, &'static str),
    /// Goes without a word.
    Goes,
}

/// Plays the lines to one caller and returns where; then it stays silent.
async fn server(lines: Vec<Line>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = accept(stream).await;
        for line in lines {
            match line {
                Line::Hears(part) => hears(&mut socket, &part).await,
                Line::Says(message) => socket.send(Frame::text(message.to_string())).await.unwrap(),
                Line::Closes(code, reason) => {
                    let frame = CloseFrame {
                        code: CloseCode::from(code),
                        reason: reason.into(),
                    };
                    socket.close(Some(frame)).await.unwrap();
                }
                Line::Goes => return,
            }
        }
        while socket.next().await.is_some() {}
    });
    address
}

#[allow(
    clippy::result_large_err,
    reason = "the handshake's callback is typed so"
)]
async fn accept(stream: TcpStream) -> WebSocketStream<TcpStream> {
    let agree = |request: &Request, mut response: Response| {
        let protocol = request.headers()["Sec-WebSocket-Protocol"].clone();
        assert_eq!(protocol, "graphql-transport-ws");
        response
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", protocol);
        Ok(response)
    };
    accept_hdr_async(stream, agree).await.unwrap()
}

async fn hears(socket: &mut WebSocketStream<TcpStream>, part: &Value) {
    let heard = socket.next().await.unwrap().unwrap();
    let heard: Value = serde_json::from_str(heard.to_text().unwrap()).unwrap();
    for (field, value) in part.as_object().unwrap() {
        assert_eq!(heard[field], *value, "in {heard}");
    }
}

fn greeting() -> [Line; 2] {
    [
        Line::Hears(json!({ "type": "connection_init" })),
        Line::Says(json!({ "type": "connection_ack" })),
    ]
}

fn client(address: String) -> Client {
    Client::new(address).with_patience(Duration::from_secs(5))
}

fn events() -> Call {
    Call::subscription("taskUpdates").selecting("cursor")
}

#[tokio::test]
async fn the_token_goes_into_the_greeting_under_either_name() {
    for (credential, payload) in [
        (
            Credential::Bearer("t".to_owned()),
            json!({ "Authorization": "Bearer t" }),
        ),
        (
            Credential::AgentToken("t".to_owned()),
            json!({ "X-Agent-Token": "t" }),
        ),
        (Credential::Anonymous, json!({})),
    ] {
        let hears = Line::Hears(json!({ "type": "connection_init", "payload": payload }));
        let address = server(vec![hears, Line::Says(json!({ "type": "connection_ack" }))]).await;
        client(address)
            .with_credential(credential)
            .connect()
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_caller_who_is_turned_away_sees_code_and_reason() {
    let [hears, _] = greeting();
    let address = server(vec![hears, Line::Closes(4401, "Unauthorized")]).await;
    match client(address).connect().await {
        Err(SocketError::Closed(close)) => {
            assert_eq!((close.code, close.reason.as_str()), (4401, "Unauthorized"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn events_come_in_order_and_pings_are_answered_on_the_way() {
    let event = |cursor: &str| {
        let payload = json!({ "data": { "taskUpdates": { "cursor": cursor } } });
        Line::Says(json!({ "id": "1", "type": "next", "payload": payload }))
    };
    let mut lines = Vec::from(greeting());
    lines.extend([
        Line::Hears(json!({ "type": "subscribe", "id": "1" })),
        event("a"),
        Line::Says(json!({ "type": "ping" })),
        Line::Hears(json!({ "type": "pong" })),
        event("b"),
        Line::Says(json!({ "id": "1", "type": "complete" })),
    ]);
    let mut socket = client(server(lines).await).connect().await.unwrap();
    let operation = socket.subscribe(&events()).await.unwrap();
    for wanted in ["a", "b"] {
        match socket.next().await.unwrap() {
            Message::Next { id, data, faults } => {
                assert_eq!(id, operation);
                assert_eq!(data["taskUpdates"]["cursor"], wanted);
                assert!(faults.is_empty());
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(socket.next().await, Ok(Message::Complete { .. })));
}

#[tokio::test]
async fn what_comes_before_the_pong_is_not_lost() {
    let mut lines = Vec::from(greeting());
    lines.extend([
        Line::Hears(json!({ "type": "ping" })),
        Line::Says(json!({ "id": "1", "type": "complete" })),
        Line::Says(json!({ "type": "pong" })),
    ]);
    let mut socket = client(server(lines).await).connect().await.unwrap();
    socket.settle().await.unwrap();
    assert!(matches!(socket.next().await, Ok(Message::Complete { .. })));
}

#[tokio::test]
async fn a_refused_operation_says_why() {
    let mut lines = Vec::from(greeting());
    let fault = json!({ "message": "no", "extensions": { "code": "NOT_FOUND" } });
    lines.push(Line::Says(
        json!({ "id": "1", "type": "error", "payload": [fault] }),
    ));
    let mut socket = client(server(lines).await).connect().await.unwrap();
    match socket.next().await.unwrap() {
        Message::Refused { faults, .. } => assert_eq!(faults[0].code(), "NOT_FOUND"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn silence_ends_when_patience_does() {
    let mut socket = client(server(Vec::from(greeting())).await)
        .connect()
        .await
        .unwrap();
    let heard = socket.next_within(Duration::from_millis(20)).await;
    assert!(
        matches!(heard, Err(SocketError::Silent { .. })),
        "{heard:?}"
    );
}

#[tokio::test]
async fn a_server_that_goes_without_a_word_counts_as_1006() {
    let mut lines = Vec::from(greeting());
    lines.push(Line::Goes);
    let mut socket = client(server(lines).await).connect().await.unwrap();
    match socket.next().await.unwrap() {
        Message::Closed(close) => assert_eq!(close.code, 1006),
        other => panic!("{other:?}"),
    }
}
