//! The words of graphql-transport-ws: messages and close codes. Floor 5.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::super::intake::{Parameters, bounded};
use super::super::session_watch::SessionEnd;
use crate::error::Error;

/// Longer ids of operations are refused.
const MAX_ID: usize = 256;
/// A close frame has room for so many bytes of reason.
const MAX_REASON: usize = 123;

/// Why the server closes a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Close {
    pub(super) code: u16,
    pub(super) reason: Cow<'static, str>,
}

impl Close {
    /// The client offered no protocol that is spoken here.
    pub(super) const SUBPROTOCOL: Self = Self::of(4406, "Subprotocol not acceptable");
    /// No `connection_init` came in time.
    pub(super) const INIT_TIMEOUT: Self = Self::of(4408, "Connection initialisation timeout");
    /// A second `connection_init`.
    pub(super) const SECOND_INIT: Self = Self::of(4429, "Too many initialisation requests");
    /// An operation before `connection_init`, or a token that is not good.
    pub(super) const UNAUTHORIZED: Self = Self::of(4401, "Unauthorized");
    /// The client does not read what it is sent.
    pub(super) const SLOW: Self = Self::of(
        1013,
        "the client reads too slowly: resume after the last cursor",
    );
    /// The client has not been heard of for a while.
    pub(super) const SILENT: Self = Self::of(
        1001,
        "nothing was heard of the client: resume after the last cursor",
    );
    /// The server goes down.
    pub(super) const DRAINING: Self = Self::of(1001, "resume elsewhere");
    /// Nothing was asked over it for a long time.
    pub(super) const IDLE: Self =
        Self::of(1000, "idle: connect again when there is something to ask");
    /// The server cannot judge the caller at the moment.
    pub(super) const TRY_AGAIN: Self = Self::of(1013, "try again later");

    const fn of(code: u16, reason: &'static str) -> Self {
        Self {
            code,
            reason: Cow::Borrowed(reason),
        }
    }

    /// A message that the protocol does not know.
    pub(super) fn invalid(reason: impl std::fmt::Display) -> Self {
        Self::cut(4400, format!("Invalid message: {reason}"))
    }

    /// The caller has as many sockets as it may: it may come again when it has closed one.
    pub(super) fn too_many(error: &Error) -> Self {
        Self::cut(1013, error.to_string())
    }

    /// An id that is in use.
    pub(super) fn duplicate(id: &str) -> Self {
        Self::cut(4409, format!("Subscriber for {id} already exists"))
    }

    fn cut(code: u16, mut reason: String) -> Self {
        let mut end = reason.len().min(MAX_REASON);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        reason.truncate(end);
        Self {
            code,
            reason: Cow::Owned(reason),
        }
    }
}

impl From<SessionEnd> for Close {
    fn from(end: SessionEnd) -> Self {
        match end {
            SessionEnd::Revoked => {
                Self::of(4403, "the session was revoked or its agent was stopped")
            }
            SessionEnd::Expired => Self::of(4401, "the session has expired"),
        }
    }
}

/// What a client says.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    Init(Map<String, Value>),
    Ping(Option<Value>),
    Pong,
    Subscribe { id: String, parameters: Parameters },
    Complete { id: String },
}

impl Said {
    /// Reads one message; 4400 for what is none.
    pub(super) fn read(text: &str) -> Result<Self, Close> {
        bounded::check(text.as_bytes()).map_err(Close::invalid)?;
        let Ok(Value::Object(mut message)) = serde_json::from_str(text) else {
            return Err(Close::invalid("not a JSON object"));
        };
        let kind = message.remove("type");
        match kind.as_ref().and_then(Value::as_str) {
            Some("connection_init") => Ok(Self::Init(payload(&mut message)?.unwrap_or_default())),
            Some("ping") => Ok(Self::Ping(payload(&mut message)?.map(Value::Object))),
            Some("pong") => payload(&mut message).map(|_| Self::Pong),
            Some("complete") => Ok(Self::Complete {
                id: id(&mut message)?,
            }),
            Some("subscribe") => {
                let id = id(&mut message)?;
                let parameters = Parameters::of_json(message.remove("payload").unwrap_or_default());
                Ok(Self::Subscribe {
                    id,
                    parameters: parameters.map_err(Close::invalid)?,
                })
            }
            _ => Err(Close::invalid("unknown type")),
        }
    }
}

fn payload(message: &mut Map<String, Value>) -> Result<Option<Map<String, Value>>, Close> {
    match message.remove("payload") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(payload)) => Ok(Some(payload)),
        Some(_) => Err(Close::invalid("the payload is no object")),
    }
}

fn id(message: &mut Map<String, Value>) -> Result<String, Close> {
    match message.remove("id") {
        Some(Value::String(id)) if (1..=MAX_ID).contains(&id.len()) => Ok(id),
        Some(Value::String(_)) => Err(Close::invalid(format!("an id has 1 to {MAX_ID} bytes"))),
        _ => Err(Close::invalid("the id is missing or no string")),
    }
}

/// The connection is acknowledged.
pub(super) fn ack() -> String {
    json!({"type": "connection_ack"}).to_string()
}

/// A ping is answered with what it carried.
pub(super) fn pong(payload: Option<Value>) -> String {
    match payload {
        Some(payload) => json!({"type": "pong", "payload": payload}).to_string(),
        None => json!({"type": "pong"}).to_string(),
    }
}

/// How far streams have come without an event, by their ids (spec R6.02).
pub(super) fn cursors(by_id: Map<String, Value>) -> String {
    json!({"type": "ping", "payload": {"cursors": by_id}}).to_string()
}

/// A result of an operation; `payload` is JSON already.
pub(super) fn next(id: &str, payload: &str) -> String {
    format!(
        r#"{{"id":{},"type":"next","payload":{payload}}}"#,
        Value::from(id)
    )
}

/// The errors that end an operation; `payload` is JSON already.
pub(super) fn error(id: &str, payload: &str) -> String {
    format!(
        r#"{{"id":{},"type":"error","payload":{payload}}}"#,
        Value::from(id)
    )
}

/// The end of an operation.
pub(super) fn complete(id: &str) -> String {
    json!({"id": id, "type": "complete"}).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_the_protocol_does_not_know_closes_with_4400() {
        for text in [
            "",
            "hello",
            "[]",
            "{}",
            r#"{"type":7}"#,
            r#"{"type":"start","id":"1"}"#,
            r#"{"type":"connection_init","payload":"token"}"#,
            r#"{"type":"ping","payload":[]}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"complete","id":1}"#,
            r#"{"type":"subscribe","id":"","payload":{"query":"{me}"}}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":7}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{me}","variables":[]}}"#,
        ] {
            assert_eq!(Said::read(text).unwrap_err().code, 4400, "{text}");
        }
    }

    #[test]
    fn every_message_of_a_client_is_understood() {
        assert_eq!(
            Said::read(r#"{"type":"connection_init"}"#),
            Ok(Said::Init(Map::new()))
        );
        assert_eq!(
            Said::read(r#"{"type":"connection_init","payload":null}"#),
            Ok(Said::Init(Map::new()))
        );
        assert_eq!(Said::read(r#"{"type":"ping"}"#), Ok(Said::Ping(None)));
        assert_eq!(
            Said::read(r#"{"type":"pong","payload":{}}"#),
            Ok(Said::Pong)
        );
        assert_eq!(
            Said::read(r#"{"type":"complete","id":"x"}"#),
            Ok(Said::Complete { id: "x".into() })
        );
        let subscribe = r#"{"type":"subscribe","id":"x","payload":{"query":"{me}"}}"#;
        assert!(matches!(Said::read(subscribe), Ok(Said::Subscribe { id, .. }) if id == "x"));
    }

    #[test]
    fn messages_quote_what_they_carry() {
        let id = "a\"b\u{1}é";
        for message in [next(id, r#"{"data":null}"#), error(id, "[]"), complete(id)] {
            let value: Value = serde_json::from_str(&message).unwrap();
            assert_eq!(value["id"], id);
        }
    }

    proptest! {
        #[test]
        fn a_reason_always_fits_its_frame(id in "\\PC{0,256}") {
            prop_assert!(Close::duplicate(&id).reason.len() <= MAX_REASON);
        }

        #[test]
        fn no_text_makes_reading_fail(text in "\\PC{0,100}") {
            let _ = Said::read(&text);
        }
    }

    #[test]
    fn fuzz_socket_messages() {
        use crate::fuzz::{changed, fuzz, json};
        use proptest::prelude::*;
        const KEYS: &[&str] = &["type", "id", "payload", "query", "variables"];
        const TEXTS: &[&str] = &[
            "connection_init",
            "ping",
            "pong",
            "subscribe",
            "complete",
            "next",
            "1",
            "",
            "{me{id}}",
        ];
        let text = json(KEYS, TEXTS).prop_flat_map(|value| changed(value.to_string()));
        fuzz("fuzz_socket_messages", text, |text| {
            match Said::read(&text) {
                // A close frame has no room for more, and is not sent where it does not fit.
                Err(close) => assert!(close.code == 4400 && close.reason.len() <= MAX_REASON),
                Ok(Said::Subscribe { id, .. } | Said::Complete { id }) => {
                    assert!((1..=MAX_ID).contains(&id.len()));
                }
                Ok(_) => {}
            }
        });
    }
}
