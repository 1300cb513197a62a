//! From domain errors to what clients read: once, here (spec R10.06). Floor 4.

use std::sync::Arc;

use async_graphql::{ErrorExtensionValues, ServerError, Value};
use entities::id::RequestId;
use serde_json::Map;

use super::limit::MAX_ANSWER_BYTES;
use crate::auth::actor::{Caller, Principal};
use crate::error::{Code, Error};

pub(super) mod null;

/// Longer messages of the library are cut.
const MAX_MESSAGE: usize = 1_000;

/// A domain error on its way out of a resolver.
///
/// It has no `Display` and comes from nothing but domain errors, so that an error of a library behind a `?` does not compile: it would
/// show its cause and carry no code.
#[derive(Debug, Clone)]
pub struct Refusal(Arc<Error>);

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(Arc::new(error))
    }
}

impl From<Refusal> for async_graphql::Error {
    fn from(refusal: Refusal) -> Self {
        Self {
            message: refusal.0.to_string(),
            // Code and details are written from this when the answer is complete.
            source: Some(refusal.0),
            extensions: None,
        }
    }
}

/// A domain error as a whole error of an answer: for what is refused before or beside the schema.
pub fn whole(error: &Error, request_id: RequestId) -> ServerError {
    let mut whole = ServerError::new(error.to_string(), None);
    let values = values(error.code(), error.retryable(), error.details(), request_id);
    whole.extensions = Some(values);
    whole
}

/// A domain error that ends a request before anything is resolved.
pub(super) fn of_request(error: Error) -> ServerError {
    let mut refused = ServerError::new(error.to_string(), None);
    refused.source = Some(Arc::new(error));
    refused
}

/// An answer that would be so long.
pub fn too_long(bytes: u64) -> Error {
    Error::LimitExceeded {
        limit: "bytes of an answer",
        value: MAX_ANSWER_BYTES,
        requested: bytes,
    }
}

/// The limit that an error of an answer says was crossed.
pub fn crossed(error: &ServerError) -> Option<&'static str> {
    match domain(error)? {
        Error::LimitExceeded { limit, .. } => Some(limit),
        _ => None,
    }
}

/// The domain error that an error of the answer came from.
pub(super) fn domain(error: &ServerError) -> Option<&Error> {
    error.source::<Error>()
}

/// Writes into an error of the answer what clients need: code, `retryable`, `requestId` and the details of the domain error.
pub(super) fn complete(error: &mut ServerError, caller: &Caller) {
    let request_id = caller.origin.request_id;
    if let Some(known) = error.source.take_if(|source| source.is::<Error>()) {
        if let Some(known) = known.downcast_ref::<Error>() {
            let values = values(known.code(), known.retryable(), known.details(), request_id);
            error.extensions = Some(values);
        }
        error.source = Some(known);
    } else if error.source.is_some() {
        // An error that is not ours came through: its text may say anything.
        tracing::error!(%request_id, cause = %error.message, "an error without a code left a resolver");
        let hidden = Error::internal("an error without a code left a resolver");
        error.message = hidden.to_string();
        error.extensions = Some(values(
            hidden.code(),
            hidden.retryable(),
            Map::new(),
            request_id,
        ));
    } else {
        // The library's own: documents that do not parse or do not fit the schema, arguments of the wrong shape.
        if matches!(caller.principal, Principal::Anonymous) {
            strip_suggestion(&mut error.message);
        }
        cut(&mut error.message);
        error.extensions = Some(values(Code::BadUserInput, false, Map::new(), request_id));
    }
}

fn values(
    code: Code,
    retryable: bool,
    details: Map<String, serde_json::Value>,
    request_id: RequestId,
) -> ErrorExtensionValues {
    let mut values = ErrorExtensionValues::default();
    for (name, detail) in details {
        values.set(name, Value::from_json(detail).unwrap_or_default());
    }
    values.set("code", code.as_str());
    values.set("retryable", retryable);
    values.set("requestId", request_id.to_string());
    values
}

/// The library repeats what it was sent, as long as it may be.
fn cut(message: &mut String) {
    if message.len() > MAX_MESSAGE {
        message.truncate(message.floor_char_boundary(MAX_MESSAGE));
        message.push('…');
    }
}

/// Strangers are not told what else the schema has.
fn strip_suggestion(message: &mut String) {
    if let Some(start) = message.find(" Did you mean ") {
        message.truncate(start);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::auth::actor::Origin;
    use async_graphql::Pos;
    use serde_json::json;

    fn stranger() -> Caller {
        Caller {
            principal: Principal::Anonymous,
            origin: Origin::internal(RequestId::new(uuid::Uuid::nil())),
        }
    }

    fn completed(error: async_graphql::Error) -> serde_json::Value {
        let mut error = error.into_server_error(Pos::default());
        complete(&mut error, &stranger());
        json!({"message": error.message, "extensions": error.extensions})
    }

    #[test]
    fn a_domain_error_carries_code_retryable_request_id_and_details() {
        let error = Error::LimitExceeded {
            limit: "first",
            value: 200,
            requested: 201,
        };
        assert_eq!(
            completed(Refusal::from(error).into()),
            json!({
                "message": "first is limited to 200, this would be 201",
                "extensions": {
                    "code": "LIMIT_EXCEEDED", "retryable": false, "requestId": "req_00000000000000000000000000",
                    "limit": "first", "value": 200, "requested": 201,
                },
            })
        );
    }

    #[test]
    fn details_never_take_the_place_of_the_code() {
        let error = Error::conflict_with("x", json!({"code": "OK", "requestId": 1}));
        let extensions = completed(Refusal::from(error).into())["extensions"].clone();
        assert_eq!(extensions["code"], "CONFLICT");
        assert_eq!(extensions["requestId"], "req_00000000000000000000000000");
    }

    #[test]
    fn a_foreign_error_is_internal_and_its_text_is_not_shown() {
        let shown = completed(async_graphql::Error::new_with_source(
            "SELECT secret FROM agents",
        ));
        assert_eq!(shown["extensions"]["code"], "INTERNAL");
        assert!(!shown.to_string().contains("SELECT"));
    }

    #[test]
    fn the_librarys_own_errors_are_bad_input_and_suggest_nothing_to_strangers() {
        let shown = completed(async_graphql::Error::new(
            "Unknown field \"x\" on type \"Query\". Did you mean \"me\"?",
        ));
        assert_eq!(shown["extensions"]["code"], "BAD_USER_INPUT");
        assert_eq!(shown["message"], "Unknown field \"x\" on type \"Query\".");
    }

    #[test]
    fn the_librarys_own_messages_are_cut() {
        let shown = completed(async_graphql::Error::new("ü".repeat(600)));
        assert_eq!(shown["message"], "ü".repeat(500) + "…");
    }
}
