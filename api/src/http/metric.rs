//! Metrics in base units, without ids as labels (spec R10.04). Floor 5.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use self::process::Process;
use super::intake::Kind;
use crate::error::Error;
use crate::service::admission::Admission;

mod process;

/// What an operation was and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    kind: Word,
    code: Word,
}

/// One of a closed list of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Word(&'static str);

impl EncodeLabelValue for Word {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.0.encode(encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: Word,
}

/// A request for a resource and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfResource {
    kind: Word,
    method: Word,
    code: Word,
}

/// The codes are those that the server closes by: a closed list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfClose {
    code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfLimit {
    limit: Word,
}

/// Every metric of the edge.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    process: Process,
    operations: Family<Outcome, Counter>,
    durations: Family<OfKind, Histogram>,
    closes: Family<OfClose, Counter>,
    resource_requests: Family<OfResource, Counter>,
    rate_limited: Family<OfLimit, Counter>,
    operations_running: Gauge<u64, AtomicU64>,
    operations_waiting: Gauge<u64, AtomicU64>,
    operations_shed: Counter,
    /// Claims that wait for a task.
    pub(super) waiting_claims: Gauge<u64, AtomicU64>,
    limits_exceeded: Family<OfLimit, Counter>,
    /// Bytes of assets that were taken.
    pub(super) asset_bytes_stored: Counter,
    /// Bytes of assets that were given out.
    pub(super) asset_bytes_served: Counter,
    /// Open sockets.
    pub(super) sockets: Gauge,
    /// Open streams of events.
    pub(super) event_streams: Gauge,
    /// Running subscriptions.
    pub(super) subscriptions: Gauge,
    /// The next sequence number that the feed fans out.
    pub(super) feed_head: Gauge<i64>,
    /// Who listens to the feed in this process.
    pub(super) feed_subscribers: Gauge<u64, AtomicU64>,
}

/// From half a millisecond to half a minute.
const BUCKETS: [f64; 15] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

impl Metrics {
    /// Registers all of them; `database` is the kind of database beneath.
    pub(super) fn new(database: &'static str) -> Self {
        let mut registry = Registry::with_prefix("ziggie");
        let build = Info::new([
            ("version", crate::VERSION),
            ("hash", crate::BUILD_HASH),
            ("database", database),
        ]);
        registry.register("build", "Which build serves which kind of database", build);
        let operations = Family::default();
        registry.register(
            "operations",
            "GraphQL operations that have ended, by kind and code",
            operations.clone(),
        );
        let durations =
            Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        let help = "How long queries and mutations took";
        registry.register_with_unit("operation_duration", help, Unit::Seconds, durations.clone());
        let sockets = Gauge::default();
        registry.register("sockets", "Open WebSocket connections", sockets.clone());
        let event_streams = Gauge::default();
        let help = "Open streams of Server-Sent Events";
        registry.register("event_streams", help, event_streams.clone());
        let closes = Family::default();
        registry.register(
            "socket_closes",
            "WebSocket connections that have closed, by code",
            closes.clone(),
        );
        let resource_requests = Family::default();
        registry.register(
            "resource_requests",
            "Requests for bytes of assets and parts of the log that have ended, by kind, method and code",
            resource_requests.clone(),
        );
        let rate_limited = Family::default();
        registry.register(
            "rate_limited",
            "Requests and logins that were refused because their caller asked too much, by limit",
            rate_limited.clone(),
        );
        let operations_running = Gauge::default();
        let help = "Queries and mutations that are worked on";
        registry.register("operations_running", help, operations_running.clone());
        let operations_waiting = Gauge::default();
        let help = "Queries and mutations that wait for their turn";
        registry.register("operations_waiting", help, operations_waiting.clone());
        let operations_shed = Counter::default();
        let help = "Queries and mutations that were turned away because of overload";
        registry.register("operations_shed", help, operations_shed.clone());
        let waiting_claims = Gauge::default();
        let help = "Claims that wait for a task";
        registry.register("waiting_claims", help, waiting_claims.clone());
        let limits_exceeded = Family::default();
        registry.register(
            "limit_exceeded",
            "Requests that were refused, wholly or in part, because they crossed a limit, by limit",
            limits_exceeded.clone(),
        );
        let asset_bytes_stored = Counter::default();
        let help = "Bytes of assets that were put and kept";
        let stored = asset_bytes_stored.clone();
        registry.register_with_unit("asset_stored", help, Unit::Bytes, stored);
        let asset_bytes_served = Counter::default();
        let help = "Bytes of assets that were sent to readers";
        let served = asset_bytes_served.clone();
        registry.register_with_unit("asset_served", help, Unit::Bytes, served);
        let subscriptions = Gauge::default();
        registry.register(
            "subscriptions",
            "Running subscriptions",
            subscriptions.clone(),
        );
        let feed_head = Gauge::default();
        registry.register(
            "feed_head",
            "The next sequence number that the feed fans out",
            feed_head.clone(),
        );
        let feed_subscribers = Gauge::default();
        registry.register(
            "feed_subscribers",
            "Readers of the feed in this process",
            feed_subscribers.clone(),
        );
        Self {
            registry,
            process: Process::new(),
            operations,
            durations,
            closes,
            resource_requests,
            rate_limited,
            operations_running,
            operations_waiting,
            operations_shed,
            waiting_claims,
            limits_exceeded,
            asset_bytes_stored,
            asset_bytes_served,
            sockets,
            event_streams,
            subscriptions,
            feed_head,
            feed_subscribers,
        }
    }

    /// Counts an operation that has ended. Streams last as long as somebody listens: their time says nothing.
    pub(super) fn count(&self, kind: Option<Kind>, code: &'static str, took: Duration) {
        let word = Word(kind.map_or("none", Kind::as_str));
        self.operations
            .get_or_create(&Outcome {
                kind: word,
                code: Word(code),
            })
            .inc();
        if matches!(kind, Some(Kind::Query | Kind::Mutation)) {
            self.durations
                .get_or_create(&OfKind { kind: word })
                .observe(took.as_secs_f64());
        }
    }

    /// Counts a request for a resource.
    pub(super) fn count_resource(
        &self,
        kind: &'static str,
        method: &'static str,
        code: &'static str,
    ) {
        let (kind, method, code) = (Word(kind), Word(method), Word(code));
        self.resource_requests
            .get_or_create(&OfResource { kind, method, code })
            .inc();
    }

    /// Counts an answer that says that a limit was crossed.
    pub(super) fn limit_exceeded(&self, limit: &'static str) {
        let limit = Word(limit);
        self.limits_exceeded.get_or_create(&OfLimit { limit }).inc();
    }

    /// Counts a refusal, if it is one by a limit.
    pub(super) fn crossed(&self, error: &Error) {
        if let Error::LimitExceeded { limit, .. } = error {
            self.limit_exceeded(limit);
        }
    }

    /// Takes over how many a limit has refused since the process began.
    pub(super) fn rate_limited(&self, limit: &'static str, refused: u64) {
        let limit = Word(limit);
        let counter = self.rate_limited.get_or_create(&OfLimit { limit });
        counter.inner().store(refused, Ordering::Relaxed);
    }

    /// Takes over how operations stand that have a place or wait for one.
    pub(super) fn admission(&self, admission: &Admission) {
        self.operations_running.set(admission.running() as u64);
        self.operations_waiting.set(admission.waiting() as u64);
        let shed = self.operations_shed.inner();
        shed.store(admission.shed(), Ordering::Relaxed);
    }

    /// Counts a socket that has closed.
    pub(super) fn count_close(&self, code: u16) {
        self.closes.get_or_create(&OfClose { code }).inc();
    }

    /// All of them as OpenMetrics text.
    pub(super) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)?;
        encode_registry(&mut text, self.process.look())?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}
