//! The sub-protocol graphql-transport-ws as it is written down, sentence by sentence (enisdenjo/graphql-ws, PROTOCOL.md). What needs a setting of its
//! own, times and limits, is in `socket` and `share`.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::Edge;
use super::raw::Socket;

/// What happens on a socket.
enum Step {
    /// The client says this.
    Say(Value),
    /// It sends this as it is.
    Send(Message),
    /// It hears a message that has at least these members.
    Hear(Value),
    /// It is closed with this code, and a reason that begins so.
    Closed(u64, &'static str),
}

use Step::{Closed, Hear, Say, Send};

fn init(token: &str) -> Step {
    Say(json!({"type": "connection_init", "payload": {"authorization": format!("Bearer {token}")}}))
}

fn ack() -> Step {
    Hear(json!({"type": "connection_ack"}))
}

fn subscribe(id: &str, query: &str) -> Step {
    Say(json!({"id": id, "type": "subscribe", "payload": {"query": query}}))
}

fn ping() -> Step {
    Say(json!({"type": "ping"}))
}

fn pong() -> Step {
    Hear(json!({"type": "pong"}))
}

fn next(id: &str) -> Step {
    Hear(json!({"id": id, "type": "next"}))
}

fn complete(id: &str) -> Value {
    json!({"id": id, "type": "complete"})
}

const ME: &str = "{ me { id } }";
const UPDATES: &str = "subscription { agentUpdates { agent { id } } }";

/// What comes before the greeting, and the greeting itself.
fn greeting(token: &str) -> Vec<(&'static str, Vec<Step>)> {
    vec![
        (
            "a greeting is acknowledged",
            vec![init(token), ack(), ping(), pong()],
        ),
        (
            "the payload of a greeting is optional",
            vec![Say(json!({"type": "connection_init"})), ack()],
        ),
        (
            "and may be null",
            vec![
                Say(json!({"type": "connection_init", "payload": null})),
                ack(),
            ],
        ),
        (
            "a second greeting closes the socket",
            vec![
                init(token),
                ack(),
                init(token),
                Closed(4429, "Too many initialisation requests"),
            ],
        ),
        (
            "also one that does not wait for the answer to the first",
            vec![
                init(token),
                init(token),
                ack(),
                Closed(4429, "Too many initialisation requests"),
            ],
        ),
        (
            "an operation before the acknowledgement closes the socket",
            vec![subscribe("1", ME), Closed(4401, "Unauthorized")],
        ),
        (
            "a token that is not good closes the socket",
            vec![init("a.b.c"), Closed(4401, "Unauthorized")],
        ),
        (
            "a ping is answered at any time, and a pong taken",
            vec![
                ping(),
                pong(),
                Say(json!({"type": "pong"})),
                init(token),
                ack(),
                Say(json!({"type": "pong"})),
                ping(),
                pong(),
            ],
        ),
        (
            "a pong brings what the ping carried",
            vec![
                Say(json!({"type": "ping", "payload": {"at": 7}})),
                Hear(json!({"type": "pong", "payload": {"at": 7}})),
            ],
        ),
    ]
}

/// What follows on a greeted socket.
fn operations() -> Vec<(&'static str, Vec<Step>)> {
    let login = "mutation { authenticate(agentId: \"SYSTEM-001\", secret: \"wrong\") { token } }";
    vec![
        (
            "a query has one result, and then it is complete",
            vec![
                subscribe("q", ME),
                Hear(
                    json!({"id": "q", "type": "next", "payload": {"data": {"me": {"id": "SYSTEM-001"}}}}),
                ),
                Hear(complete("q")),
            ],
        ),
        (
            "so has a mutation, also one that fails: its result has the errors",
            vec![subscribe("m", login), next("m"), Hear(complete("m"))],
        ),
        (
            "operationName, variables and extensions may be null",
            vec![
                Say(
                    json!({"id": "n", "type": "subscribe", "payload": {"query": ME, "operationName": null, "variables": null, "extensions": null}}),
                ),
                next("n"),
                Hear(complete("n")),
            ],
        ),
        (
            "variables are taken",
            vec![
                Say(
                    json!({"id": "v", "type": "subscribe", "payload": {"query": "query A($id: ID!) { agent(id: $id) { id } } query B { me { id } }", "operationName": "A", "variables": {"id": "SYSTEM-001"}}}),
                ),
                Hear(
                    json!({"id": "v", "type": "next", "payload": {"data": {"agent": {"id": "SYSTEM-001"}}}}),
                ),
                Hear(complete("v")),
            ],
        ),
        (
            "an operation that does not validate ends with its errors, and without a completion",
            vec![
                subscribe("e", "{ nobody }"),
                Hear(json!({"id": "e", "type": "error"})),
                ping(),
                pong(),
            ],
        ),
        (
            "so does one that does not parse, and a subscription",
            vec![
                subscribe("p", "{"),
                Hear(json!({"id": "p", "type": "error"})),
                subscribe("s", "subscription { nobody }"),
                Hear(json!({"id": "s", "type": "error"})),
                ping(),
                pong(),
            ],
        ),
        (
            "an id may be used again when its operation is over",
            vec![
                subscribe("1", ME),
                next("1"),
                Hear(complete("1")),
                subscribe("1", "{ nobody }"),
                Hear(json!({"id": "1", "type": "error"})),
                subscribe("1", UPDATES),
                Say(complete("1")),
                subscribe("1", ME),
                next("1"),
                Hear(complete("1")),
            ],
        ),
        (
            "an id that is in use closes the socket",
            vec![
                subscribe("twice", UPDATES),
                subscribe("twice", UPDATES),
                Closed(4409, "Subscriber for twice already exists"),
            ],
        ),
        (
            "also where a query takes that of a subscription",
            vec![
                subscribe("twice", UPDATES),
                subscribe("twice", ME),
                Closed(4409, "Subscriber for twice already exists"),
            ],
        ),
        (
            "several operations go on at the same time",
            vec![
                subscribe("a", UPDATES),
                subscribe("b", UPDATES),
                subscribe("c", ME),
                next("c"),
                Hear(complete("c")),
            ],
        ),
        (
            "what a client has completed sends nothing any more, not even a completion",
            vec![
                subscribe("a", UPDATES),
                Say(complete("a")),
                ping(),
                pong(),
                subscribe("q", ME),
                next("q"),
                Hear(complete("q")),
            ],
        ),
        (
            "a completion of what is over or never was is no mistake",
            vec![
                Say(complete("nobody")),
                subscribe("q", ME),
                next("q"),
                Hear(complete("q")),
                Say(complete("q")),
                ping(),
                pong(),
            ],
        ),
        (
            "members that the protocol does not know are passed over",
            vec![
                Say(
                    json!({"id": "x", "type": "subscribe", "payload": {"query": ME, "extra": 1}, "more": []}),
                ),
                next("x"),
                Hear(complete("x")),
                Say(json!({"type": "ping", "extra": true})),
                pong(),
            ],
        ),
        (
            "a message may come in pieces, with a ping of the line between them",
            vec![
                Send(piece(r#"{"type":"#, OpCode::Data(Data::Text), false)),
                Send(Message::Ping(Vec::new().into())),
                Send(piece(r#""ping"}"#, OpCode::Data(Data::Continue), true)),
                pong(),
            ],
        ),
    ]
}

fn piece(text: &str, code: OpCode, last: bool) -> Message {
    Message::Frame(Frame::message(text.to_owned(), code, last))
}

/// Messages that are none.
fn invalid() -> Vec<Message> {
    let texts = [
        "",
        "hello",
        "7",
        "[]",
        "{}",
        r#"{"type":null}"#,
        r#"{"type":"start","id":"1","payload":{"query":"{me{id}}"}}"#,
        r#"{"type":"connection_ack"}"#,
        r#"{"type":"next","id":"1","payload":{}}"#,
        r#"{"type":"ping","payload":"text"}"#,
        r#"{"type":"complete"}"#,
        r#"{"type":"subscribe","payload":{"query":"{me{id}}"}}"#,
        r#"{"type":"subscribe","id":1,"payload":{"query":"{me{id}}"}}"#,
        r#"{"type":"subscribe","id":"","payload":{"query":"{me{id}}"}}"#,
        r#"{"type":"subscribe","id":"1"}"#,
        r#"{"type":"subscribe","id":"1","payload":{}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":null}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{me{id}}","operationName":7}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{me{id}}","variables":[]}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{me{id}}","extensions":"x"}}"#,
    ];
    let binary = Message::binary(br#"{"type":"ping"}"#.to_vec());
    texts
        .into_iter()
        .map(Message::text)
        .chain([binary])
        .collect()
}

/// Whether `found` has all that `wanted` has.
fn contains(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => wanted
            .iter()
            .all(|(name, value)| found.get(name).is_some_and(|own| contains(own, value))),
        _ => found == wanted,
    }
}

async fn go(socket: &mut Socket, says: &str, steps: Vec<Step>) {
    for step in steps {
        match step {
            Say(message) => socket.say(&message).await,
            Send(message) => socket.send(message).await,
            Hear(wanted) => {
                let heard = socket.hear().await;
                assert!(contains(&heard, &wanted), "{says}: {heard}, not {wanted}");
            }
            Closed(code, reason) => {
                let end = socket.hear().await;
                assert_eq!(end["close"], code, "{says}: {end}");
                let said = end["reason"].as_str().unwrap_or_default();
                assert!(said.starts_with(reason), "{says}: {said}");
            }
        }
    }
}

#[tokio::test]
async fn every_sentence_about_the_greeting_holds() {
    let edge = Edge::start().await;
    for (says, steps) in greeting(&edge.operator) {
        let mut socket = Socket::upgraded(edge.running.address).await;
        go(&mut socket, says, steps).await;
    }
}

#[tokio::test]
async fn every_sentence_about_operations_holds() {
    let edge = Edge::start().await;
    for (says, steps) in operations() {
        go(&mut edge.socket().await, says, steps).await;
    }
}

#[tokio::test]
async fn whatever_is_no_message_closes_the_socket_before_and_after_the_greeting() {
    let edge = Edge::start().await;
    for message in invalid() {
        let says = format!("{message:?}");
        let steps = || vec![Send(message.clone()), Closed(4400, "Invalid message: ")];
        go(&mut edge.socket().await, &says, steps()).await;
        let mut early = Socket::upgraded(edge.running.address).await;
        go(&mut early, &says, steps()).await;
    }
}
