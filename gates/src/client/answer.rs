//! What came back: pages, GraphQL answers, and the faults in them (spec R10.06).

use serde_json::{Map, Value};

/// A plain HTTP answer.
#[derive(Clone, Debug)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// The whole body, as text.
    pub body: String,
}

/// One error of a GraphQL answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The sentence for people.
    pub message: String,
    /// What is there for programs: `code`, `retryable`, `requestId` and more.
    pub extensions: Map<String, Value>,
}

impl Fault {
    /// `extensions.code`, empty when the server sent none.
    #[must_use]
    pub fn code(&self) -> &str {
        self.extensions
            .get("code")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// `extensions.retryable`, when the server said.
    #[must_use]
    pub fn retryable(&self) -> Option<bool> {
        self.extensions.get("retryable").and_then(Value::as_bool)
    }

    /// `extensions.requestId`, when the server said.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.extensions.get("requestId").and_then(Value::as_str)
    }

    fn of(error: &Value) -> Option<Self> {
        Some(Self {
            message: error.get("message")?.as_str()?.to_owned(),
            extensions: error
                .get("extensions")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
        })
    }

    /// Reads the `errors` of an answer or of a WebSocket message; what is not a list of errors reads as none.
    pub(super) fn list(errors: &Value) -> Vec<Self> {
        errors
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Self::of)
            .collect()
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code(), self.message)
    }
}

/// What a server made of one GraphQL request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The answer's data; null when there are none.
    pub data: Value,
    /// What went wrong, in the server's order.
    pub faults: Vec<Fault>,
}

impl Answer {
    pub(super) fn of(page: &Page) -> Option<Self> {
        let body: Value = serde_json::from_str(&page.body).ok()?;
        let (data, errors) = (body.get("data"), body.get("errors"));
        if data.is_none() && errors.is_none() {
            return None;
        }
        Some(Self {
            status: page.status,
            data: data.cloned().unwrap_or_default(),
            faults: Fault::list(errors.unwrap_or(&Value::Null)),
        })
    }

    /// The first fault, when the request was refused or failed.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        self.faults.first()
    }

    /// The value at a JSON pointer into the data; null where there is none.
    #[must_use]
    pub fn at(&self, pointer: &str) -> &Value {
        self.data.pointer(pointer).unwrap_or(&Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Option<Answer> {
        Answer::of(&Page {
            status: 200,
            body: body.to_owned(),
        })
    }

    #[test]
    fn a_refusal_shows_code_retryability_and_request() {
        let body = r#"{"data":null,"errors":[{"message":"no","extensions":{"code":"CONFLICT","retryable":true,"requestId":"r1"}}]}"#;
        let fault = answer(body).and_then(|answer| answer.fault().cloned());
        let seen = fault
            .as_ref()
            .map(|fault| (fault.code(), fault.retryable(), fault.request_id()));
        assert_eq!(seen, Some(("CONFLICT", Some(true), Some("r1"))));
    }

    #[test]
    fn a_fault_without_extensions_has_no_code() {
        let fault =
            answer(r#"{"errors":[{"message":"no"}]}"#).and_then(|answer| answer.fault().cloned());
        assert_eq!(fault.as_ref().map(Fault::code), Some(""));
    }

    #[test]
    fn what_has_neither_data_nor_errors_is_not_an_answer() {
        assert!(answer("{}").is_none());
        assert!(answer("<html>").is_none());
    }

    #[test]
    fn data_are_reached_by_pointer() {
        let found =
            answer(r#"{"data":{"task":{"id":"t"}}}"#).map(|answer| answer.at("/task/id").clone());
        assert_eq!(found, Some(Value::from("t")));
    }
}
