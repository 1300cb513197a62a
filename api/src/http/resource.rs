//! One line in the log and one count for every request for a resource, however it ends (spec R10.04): bytes of assets, tiles of the log.
//! Floor 5.

use std::sync::Arc;

use axum::http::{Method, StatusCode};

use super::Gateway;
use crate::auth::actor::{Caller, Origin};
use crate::error::Error;

/// What is known of a request under way; written down when dropped, so that one whose client left is not forgotten.
pub(super) struct Record {
    gateway: Arc<Gateway>,
    kind: &'static str,
    method: &'static str,
    origin: Origin,
    agent_id: Option<String>,
    status: Option<StatusCode>,
    code: &'static str,
}

impl Record {
    /// Begins with the request for a resource of this kind.
    pub(super) fn begin(
        gateway: Arc<Gateway>,
        kind: &'static str,
        method: &Method,
        origin: Origin,
    ) -> Self {
        let method = match *method {
            Method::GET => "GET",
            Method::HEAD => "HEAD",
            Method::PUT => "PUT",
            _ => "OTHER",
        };
        Self {
            gateway,
            kind,
            method,
            origin,
            agent_id: None,
            status: None,
            code: "ABANDONED",
        }
    }

    /// Learns who calls.
    pub(super) fn by(&mut self, caller: &Caller) {
        self.agent_id = caller.agent_id().map(|id| id.to_string());
    }

    /// Learns that it was answered; the bytes of a GET go out afterwards.
    pub(super) fn answered(&mut self, status: StatusCode) {
        self.status = Some(status);
        self.code = "OK";
    }

    /// Learns that it was refused.
    pub(super) fn refused(&mut self, status: StatusCode, error: &Error) {
        self.gateway.metrics.crossed(error);
        self.status = Some(status);
        self.code = error.code().as_str();
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let took = self.origin.started.elapsed();
        self.gateway
            .metrics
            .count_resource(self.kind, self.method, self.code);
        tracing::info!(
            target: "ziggie::request",
            method = self.method,
            kind = self.kind,
            status = self.status.map(|status| status.as_u16()),
            code = self.code,
            duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            request_id = %self.origin.request_id,
            trace_id = self.origin.trace_id.as_deref(),
            agent_id = self.agent_id.as_deref(),
            "request"
        );
    }
}
