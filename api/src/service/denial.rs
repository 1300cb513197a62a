//! Refusals and faults, recorded off the answer's path (spec R5.04). Floor 3.
//!
//! The first five of a principal, rule and minute are recorded one by one, the rest as one entry with their count when the minute ends. Who
//! asks too much is recorded when that begins and, with the count, when it has been quiet for a minute.

mod episode;

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use entities::audit::AuditAction;
use tokio::sync::{mpsc, oneshot};

use self::episode::{Episodes, Over};
use crate::auth::actor::Caller;
use crate::auth::policy::Operation;
use crate::error::{Denial, Error};
use crate::store::clock::Clock;
use crate::store::{Db, Entry, Tx};

/// How many of one kind are recorded one by one in a minute.
const ONE_BY_ONE: u64 = 5;
/// How many reports may wait to be written: beyond that they are counted in a metric and the log, not held in memory.
const QUEUE: usize = 4_096;
/// How many kinds are counted at once.
const MAX_KINDS: usize = 10_000;
/// The kind of refusal that a secret gets.
const LOGIN: &str = "authenticate";
const WINDOW: Duration = Duration::from_secs(60);
const TICK: Duration = Duration::from_secs(1);

/// Takes reports; clones share the queue.
#[derive(Debug, Clone)]
pub struct Denials {
    queue: mpsc::Sender<Message>,
    episodes: Episodes,
    clock: Clock,
}

/// What the recorder is sent.
#[derive(Debug)]
enum Message {
    Report(Report),
    /// Write what waits, counts included, and say so.
    Flush(oneshot::Sender<()>),
}

/// What is recorded, and what makes two reports alike.
#[derive(Debug)]
struct Report {
    caller: Caller,
    action: AuditAction,
    about: String,
    rule: String,
    metadata: Vec<(&'static str, String)>,
}

impl Denials {
    /// Starts the recorder; it ends with the last handle.
    pub fn start(db: Db) -> Self {
        let (queue, messages) = mpsc::channel(QUEUE);
        let (clock, episodes) = (db.clock().clone(), Episodes::default());
        tokio::spawn(record(db, messages, episodes.clone()));
        Self {
            queue,
            episodes,
            clock,
        }
    }

    /// Writes everything that waits, counts included: before the server goes down, and before a test reads.
    pub async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.queue.send(Message::Flush(done)).await.is_ok() {
            // An error says that the recorder is gone, and with it everything that could be flushed.
            let _ = flushed.await;
        }
    }

    /// Reports that a caller was refused.
    pub fn report(&self, caller: &Caller, denial: &Denial) {
        self.send(Report {
            about: denial.rule.to_owned(),
            rule: denial.rule.to_owned(),
            action: AuditAction::AccessDenied,
            metadata: vec![
                ("rule", denial.rule.to_owned()),
                ("needed", denial.needed.clone()),
                ("had", denial.had.clone()),
            ],
            caller: caller.clone(),
        });
    }

    /// Reports a token that was refused; `claimed` is whom it claimed to be, cut short: nobody has proved it.
    pub fn report_authentication(
        &self,
        caller: &Caller,
        reason: &'static str,
        claimed: Option<&str>,
    ) {
        self.send(refused_authentication(caller, reason, reason, claimed));
    }

    /// Reports a secret that was refused. Whatever the reason it is counted as one kind: else which of two is still written down one by
    /// one, and what that costs, would tell an agent that there is from one that there is not.
    pub fn report_login(&self, caller: &Caller, reason: &'static str, claimed: &str) {
        self.send(refused_authentication(caller, LOGIN, reason, Some(claimed)));
    }

    /// Reports that a caller was refused for asking too much. Only the first of an episode is sent to the recorder, so that a flood of refusals
    /// takes no room from others.
    pub fn report_rate(&self, caller: &Caller, limit: &'static str) {
        let now = self.clock.elapsed();
        if self.episodes.note(principal(caller), limit, caller, now) {
            tracing::warn!(
                target: "ziggie::rate",
                limit,
                agent_id = caller.agent_id().map(|id| id.to_string()),
                request_id = %caller.origin.request_id,
                "a caller asks too much and is refused"
            );
            self.send(rate_report(caller.clone(), limit, "BEGAN"));
        }
    }

    /// Reports an INTERNAL answer, without its cause.
    pub fn report_internal(&self, caller: &Caller, operation: Operation) {
        self.report_fault(caller, operation.name());
    }

    /// Reports a background duty that failed, without its cause.
    pub fn report_fault(&self, caller: &Caller, duty: &str) {
        self.send(Report {
            about: duty.to_owned(),
            rule: duty.to_owned(),
            action: AuditAction::SystemError,
            metadata: vec![("duty", duty.to_owned())],
            caller: caller.clone(),
        });
    }

    fn send(&self, report: Report) {
        if let Err(error) = self.queue.try_send(Message::Report(report)) {
            tracing::warn!(%error, "a report for the audit log was not taken: too many wait");
        }
    }
}

fn refused_authentication(
    caller: &Caller,
    rule: &str,
    reason: &'static str,
    claimed: Option<&str>,
) -> Report {
    let mut metadata = vec![("reason", reason.to_owned())];
    if let Some(claimed) = claimed {
        metadata.push(("claimed", claimed.chars().take(64).collect()));
    }
    Report {
        about: "authentication".to_owned(),
        rule: rule.to_owned(),
        action: AuditAction::AuthenticationFailed,
        metadata,
        caller: caller.clone(),
    }
}

fn rate_report(caller: Caller, limit: &'static str, episode: &str) -> Report {
    Report {
        caller,
        action: AuditAction::RateLimitExceeded,
        about: limit.to_owned(),
        rule: limit.to_owned(),
        metadata: vec![("limit", limit.to_owned()), ("episode", episode.to_owned())],
    }
}

/// Who is counted: an agent, or a stranger's network.
fn principal(caller: &Caller) -> String {
    match (caller.agent_id(), caller.origin.ip_address) {
        (Some(agent), _) => agent.to_string(),
        (None, Some(IpAddr::V4(address))) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        (None, Some(IpAddr::V6(address))) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
        (None, None) => "unknown".to_owned(),
    }
}

struct Window {
    since: DateTime<Utc>,
    seen: u64,
    last: Option<Report>,
}

async fn record(db: Db, mut messages: mpsc::Receiver<Message>, episodes: Episodes) {
    let mut windows: HashMap<(String, AuditAction, String), Window> = HashMap::new();
    let mut tick = tokio::time::interval(TICK);
    loop {
        let message = tokio::select! {
            message = messages.recv() => message,
            _ = tick.tick() => {
                close_windows(&db, &mut windows, Some(db.clock().now())).await;
                end_episodes(&db, episodes.over(Some(db.clock().elapsed()))).await;
                continue;
            }
        };
        let report = match message {
            Some(Message::Report(report)) => report,
            Some(Message::Flush(done)) => {
                close_windows(&db, &mut windows, None).await;
                end_episodes(&db, episodes.over(None)).await;
                // Whoever asked may have gone.
                let _ = done.send(());
                continue;
            }
            None => {
                close_windows(&db, &mut windows, None).await;
                end_episodes(&db, episodes.over(None)).await;
                return;
            }
        };
        let key = (
            principal(&report.caller),
            report.action,
            report.rule.clone(),
        );
        if windows.len() >= MAX_KINDS && !windows.contains_key(&key) {
            close_windows(&db, &mut windows, None).await;
        }
        let window = windows.entry(key).or_insert_with(|| Window {
            since: db.clock().now(),
            seen: 0,
            last: None,
        });
        window.seen += 1;
        if window.seen <= ONE_BY_ONE {
            write(&db, report, None).await;
        } else {
            window.last = Some(report);
        }
    }
}

/// Writes the counts of windows that are over by now; of all of them without a time.
async fn close_windows(
    db: &Db,
    windows: &mut HashMap<(String, AuditAction, String), Window>,
    now: Option<DateTime<Utc>>,
) {
    let window = chrono::TimeDelta::from_std(WINDOW).unwrap_or_default();
    let over: Vec<_> = windows
        .extract_if(|_, one| now.is_none_or(|now| now - one.since >= window))
        .collect();
    for (_, one) in over {
        if let Some(last) = one.last {
            write(db, last, Some(one.seen - ONE_BY_ONE)).await;
        }
    }
}

/// Writes the ends of episodes.
async fn end_episodes(db: &Db, over: Vec<Over>) {
    for Over {
        caller,
        limit,
        refused,
    } in over
    {
        tracing::info!(
            target: "ziggie::rate",
            limit,
            refused,
            agent_id = caller.agent_id().map(|id| id.to_string()),
            "a caller asks too much no longer"
        );
        write(db, rate_report(caller, limit, "ENDED"), Some(refused)).await;
    }
}

async fn write(db: &Db, report: Report, further: Option<u64>) {
    let mut entry = Entry::new(report.action)
        .about(&report.about)
        .by(report.caller.agent_id())
        .with_some("count", further);
    for (key, value) in &report.metadata {
        entry = entry.with(key, value);
    }
    // Written by the server, not by the caller, whose session may be the very thing that was refused; the entry names the caller.
    let recorder = Caller {
        principal: crate::auth::actor::Principal::ControlCenter,
        origin: report.caller.origin.clone(),
    };
    let session_id = report.caller.session_id();
    let outcome = db
        .write(&recorder, async |tx: &mut Tx| {
            tx.record(entry.in_session(session_id))
        })
        .await;
    if let Err(error) = outcome {
        let cause = match &error {
            Error::Internal(cause) => cause.0.to_string(),
            other => other.to_string(),
        };
        tracing::error!(%cause, action = %report.action, "a refusal could not be recorded");
    }
}
