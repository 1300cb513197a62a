//! Floor 5, `http`: what stands between strangers and the service: routes, headers → `Caller`, GraphQL over HTTP, WebSocket and Server-Sent Events,
//! health and metrics. The handlers are our own, thin, over the library's executor.

mod admin;
mod answer;
mod asset;
mod boundary;
mod credential;
mod drain;
mod event_stream;
mod execution;
mod export;
#[cfg(test)]
mod fuzz;
mod graphql;
mod intake;
mod limit;
mod listener;
mod media;
mod metric;
#[cfg(not(feature = "otlp"))]
mod no_trace;
mod patience;
mod record;
mod resource;
mod routes;
mod session_watch;
mod share;
mod socket;
mod tlog;
mod tls;
#[cfg(feature = "otlp")]
mod trace;

pub use admin::admin_routes;
pub use boundary::{Boundary, ForwardedBy};
pub use drain::{Drain, Draining};
pub use intake::registered::Registered;
pub use limit::Limits;
pub use listener::serve;
pub use routes::public_routes;
pub use tls::{Tls, TlsError};

use std::sync::Arc;

use metric::Metrics;
#[cfg(not(feature = "otlp"))]
use no_trace as trace;
use session_watch::SessionWatch;
use share::Shares;
use tokio::sync::{Semaphore, watch};

use crate::error::Error;
use crate::graphql::Schema;
use crate::service::Service;

/// Everything that the handlers stand on.
pub struct Gateway {
    service: Service,
    schema: Schema,
    limits: Limits,
    boundary: Boundary,
    /// Where only these documents run.
    registered: Option<Registered>,
    draining: Draining,
    metrics: Metrics,
    sessions: SessionWatch,
    /// A place for each upload that may be under way.
    uploads: Semaphore,
    /// A place for each export that may be under way.
    exports: Arc<Semaphore>,
    /// How many sockets and streams of events are open: draining waits until there is none.
    sockets: watch::Sender<usize>,
    /// The same, by whose they are.
    agent_sockets: Shares,
    /// Running subscriptions, by whose they are.
    agent_subscriptions: Shares,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Gateway {
    /// Builds the schema over the service and starts watching sessions; the watch ends when `draining` begins.
    pub fn start(
        service: Service,
        limits: Limits,
        boundary: Boundary,
        registered: Option<Registered>,
        draining: Draining,
    ) -> Arc<Self> {
        Arc::new(Self {
            schema: crate::graphql::build(service.clone()),
            metrics: Metrics::new(service.db.kind()),
            sessions: SessionWatch::start(service.clone(), draining.clone()),
            sockets: watch::Sender::new(0),
            uploads: Semaphore::new(limits.max_uploads),
            exports: Arc::new(Semaphore::new(export::AT_ONCE)),
            agent_sockets: Shares::new("open sockets of one agent", limits.max_agent_sockets),
            agent_subscriptions: Shares::new(
                "subscriptions of one agent",
                limits.max_agent_subscriptions,
            ),
            service,
            limits,
            boundary,
            registered,
            draining,
        })
    }

    /// Why no further socket or stream of events may be opened, if that is so.
    fn refuses_streams(&self) -> Option<Error> {
        if self.draining.has_begun() {
            return Some(Error::Unavailable(
                "the server is going down: connect elsewhere",
            ));
        }
        let (open, limit) = (*self.sockets.borrow(), self.limits.max_sockets);
        (open >= limit).then_some(Error::LimitExceeded {
            limit: "open sockets and streams of events",
            value: limit as u64,
            requested: open as u64 + 1,
        })
    }

    /// Waits until every socket and every stream of events is closed.
    pub async fn sockets_closed(&self) {
        // The sender lives in `self`, so that waiting cannot fail.
        let _ = self.sockets.subscribe().wait_for(|open| *open == 0).await;
    }
}
