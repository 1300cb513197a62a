//! One line in the log and one count for every operation, however it ends (spec R10.04). Floor 5.

use std::sync::Arc;

use crate::auth::actor::{Caller, Origin};
use crate::error::{Code, Error};

use super::Gateway;
use super::answer::Answer;
use super::intake::{Kind, Operation};

/// What is known of an operation under way; written down when dropped, so that one whose client left is not forgotten.
pub(super) struct Record {
    gateway: Arc<Gateway>,
    method: &'static str,
    origin: Origin,
    agent_id: Option<String>,
    kind: Option<Kind>,
    name: Option<String>,
    code: &'static str,
}

/// The code of an operation without errors.
const OK: &str = "OK";
/// The code of an operation that was dropped before it was answered.
const ABANDONED: &str = "ABANDONED";

impl Record {
    /// Begins with the request.
    pub(super) fn begin(gateway: Arc<Gateway>, method: &'static str, origin: Origin) -> Self {
        Self {
            gateway,
            method,
            origin,
            agent_id: None,
            kind: None,
            name: None,
            code: ABANDONED,
        }
    }

    /// Learns who calls.
    pub(super) fn by(&mut self, caller: &Caller) {
        self.agent_id = caller.agent_id().map(|id| id.to_string());
    }

    /// Learns what is asked.
    pub(super) fn of(&mut self, operation: &Operation) {
        self.kind = operation.kind;
        self.name.clone_from(&operation.name);
    }

    /// Learns how it ended.
    pub(super) fn answered(&mut self, answer: &Answer) {
        if let Some(limit) = answer.limit() {
            self.gateway.metrics.limit_exceeded(limit);
        }
        // By way of the closed list: labels of metrics must not grow with what a document makes a resolver say.
        let closed = |code: &str| {
            Code::ALL
                .iter()
                .map(|known| known.as_str())
                .find(|known| *known == code)
        };
        self.code = answer
            .code()
            .map_or(OK, |code| closed(code).unwrap_or(Code::Internal.as_str()));
    }

    /// Learns that it was refused.
    pub(super) fn refused(&mut self, error: &Error) {
        self.gateway.metrics.crossed(error);
        self.code = error.code().as_str();
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let took = self.origin.started.elapsed();
        self.gateway.metrics.count(self.kind, self.code, took);
        tracing::info!(
            target: "ziggie::request",
            method = self.method,
            kind = self.kind.map(Kind::as_str),
            operation = self.name.as_deref(),
            code = self.code,
            duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            request_id = %self.origin.request_id,
            trace_id = self.origin.trace_id.as_deref(),
            agent_id = self.agent_id.as_deref(),
            "request"
        );
    }
}
