//! Answers: the body of a GraphQL response, and its status (spec R10.06; GraphQL over HTTP, section
//! "Status Codes"). Floor 5.

use std::io::{self, Write};

use async_graphql::{Response, ServerError, Value};
use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::IntoResponse;
use entities::id::RequestId;
use serde::Serialize;

use super::media::Media;
use crate::error::Error;
use crate::graphql::limit::MAX_ANSWER_BYTES;
use crate::graphql::{crossed, too_long, whole_error};

/// A GraphQL response with a code in every error.
pub(super) struct Answer {
    response: Response,
    stage: Stage,
    code: Option<String>,
    limit: Option<&'static str>,
    body: String,
}

/// How far a request got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Its document does not parse.
    Unparsed,
    /// Nothing of it was executed: the answer has no `data` at all.
    Refused,
    /// A resolver was asked.
    Executed,
}

/// The body: the library's own serialisation says `data: null` even where nothing was executed.
#[derive(Serialize)]
struct Content<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
}

impl Answer {
    /// The answer to an operation that was handed to the schema, which writes the codes.
    ///
    /// A response without data whose errors have no path is one to a request that did not get as far as a resolver.
    /// One that is too long is none: its error says so.
    pub(super) fn of_response(response: Response, parsed: bool, request_id: RequestId) -> Self {
        let executed = response.data != Value::Null
            || response.errors.iter().any(|error| !error.path.is_empty());
        let stage = match (parsed, executed) {
            (false, _) => Stage::Unparsed,
            (true, false) => Stage::Refused,
            (true, true) => Stage::Executed,
        };
        let limit = response.errors.iter().find_map(crossed);
        match body(stage, &response) {
            Ok(body) => Self {
                code: response.errors.first().and_then(code_of),
                limit,
                stage,
                response,
                body,
            },
            Err(bytes) => Self::alone(stage, &too_long(bytes), request_id),
        }
    }

    /// The answer to a request that was refused or failed before or beside the executor.
    pub(super) fn of_error(error: &Error, request_id: RequestId) -> Self {
        Self::alone(Stage::Refused, error, request_id)
    }

    /// One error and nothing else.
    fn alone(stage: Stage, error: &Error, request_id: RequestId) -> Self {
        let fault = whole_error(error, request_id);
        let limit = match error {
            Error::LimitExceeded { limit, .. } => Some(*limit),
            _ => None,
        };
        let code = code_of(&fault);
        let response = Response::from_errors(vec![fault]);
        // One error is never too long.
        let body = body(stage, &response).unwrap_or_default();
        Self {
            code,
            limit,
            stage,
            response,
            body,
        }
    }

    /// The code of its first error; `None` where there is none.
    pub(super) fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// In how many seconds to try again, where its first error says: the header knows no shorter time.
    fn retry_after(&self) -> Option<u64> {
        let extensions = self.response.errors.first()?.extensions.as_ref()?;
        match extensions.get("retryAfterMs")? {
            Value::Number(ms) => Some(ms.as_u64()?.div_ceil(1_000)),
            _ => None,
        }
    }

    /// Whether the executor got as far as a resolver.
    pub(super) fn is_executed(&self) -> bool {
        self.stage == Stage::Executed
    }

    /// Whether it brings no data at all.
    pub(super) fn has_no_data(&self) -> bool {
        self.response.data == Value::Null
    }

    /// The errors alone, as JSON.
    pub(super) fn errors_json(&self) -> String {
        json(&self.response.errors)
    }

    /// The body.
    pub(super) fn json(&self) -> &str {
        &self.body
    }

    /// The limit that was crossed, by the first error that says so.
    pub(super) fn limit(&self) -> Option<&'static str> {
        self.limit
    }

    /// The status of an answer to a well-formed request.
    fn status(&self, media: Media) -> StatusCode {
        match self.code.as_deref() {
            _ if self.is_executed() => StatusCode::OK,
            // Faults of the server are faults in either media type, so that whoever stands between can tell.
            Some("INTERNAL") => StatusCode::INTERNAL_SERVER_ERROR,
            Some("UNAVAILABLE") => StatusCode::SERVICE_UNAVAILABLE,
            // And who asks too much is told so by whatever stands between.
            Some("RATE_LIMITED") => StatusCode::TOO_MANY_REQUESTS,
            _ if media == Media::Json => StatusCode::OK,
            Some("UNAUTHENTICATED") => StatusCode::UNAUTHORIZED,
            _ if self.stage == Stage::Unparsed => StatusCode::BAD_REQUEST,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    /// Over HTTP, with the status that the media type asks for.
    pub(super) fn into_http(self, media: Media) -> axum::response::Response {
        let status = self.status(media);
        self.with_status(media, status)
    }

    /// Over HTTP with a status that is known already.
    pub(super) fn with_status(self, media: Media, status: StatusCode) -> axum::response::Response {
        let retry_after = self.retry_after();
        let mut answer = (
            status,
            [(CONTENT_TYPE, media.content_type())],
            Body::from(self.body),
        )
            .into_response();
        if status == StatusCode::UNAUTHORIZED {
            answer
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            answer.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        answer
    }
}

/// A request that is refused for what it is over HTTP, whatever it asks for.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) error: Error,
    /// For 405: what is allowed.
    pub(super) allow: Option<&'static str>,
}

impl Refusal {
    /// A refusal by status and reason.
    pub(super) fn new(status: StatusCode, error: Error) -> Self {
        Self {
            status,
            error,
            allow: None,
        }
    }

    /// 405, with the methods that are allowed.
    pub(super) fn method(allow: &'static str) -> Self {
        let error = Error::bad_input("", "method", format!("this takes {allow} only"));
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            error,
            allow: Some(allow),
        }
    }

    /// Over HTTP.
    pub(super) fn into_http(self, media: Media, request_id: RequestId) -> axum::response::Response {
        let mut answer = Answer::of_error(&self.error, request_id).with_status(media, self.status);
        if let Some(allow) = self.allow {
            answer
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static(allow));
        }
        answer
    }
}

/// The body of an answer, or how long it would be.
fn body(stage: Stage, response: &Response) -> Result<String, u64> {
    let content = Content {
        errors: &response.errors,
        data: (stage == Stage::Executed).then_some(&response.data),
    };
    let mut bounded = Bounded::default();
    if let Err(error) = serde_json::to_writer(&mut bounded, &content) {
        return Ok(fault(&error));
    }
    if bounded.bytes > MAX_ANSWER_BYTES {
        return Err(bounded.bytes);
    }
    Ok(String::from_utf8(bounded.kept).unwrap_or_else(|error| fault(&error)))
}

/// Keeps what may be answered and counts the rest.
#[derive(Default)]
struct Bounded {
    kept: Vec<u8>,
    bytes: u64,
}

impl Write for Bounded {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        self.bytes += more.len() as u64;
        if self.bytes <= MAX_ANSWER_BYTES {
            self.kept.extend_from_slice(more);
        }
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Serialising plain values cannot fail; were it ever to, the client hears of a fault of the server.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| fault(&error))
}

fn fault(error: &dyn std::error::Error) -> String {
    tracing::error!(%error, "an answer could not be serialised");
    r#"{"errors":[{"message":"an internal error","extensions":{"code":"INTERNAL","retryable":true}}]}"#.to_owned()
}

fn code_of(error: &ServerError) -> Option<String> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code.clone()),
        _ => None,
    }
}
