//! What is known of a task, and what a move makes of it: the rules of the task engine once more, as a small model.

use chrono::{DateTime, TimeDelta, Utc};
use entities::id::TaskId;
use entities::task::{Held, Model, TaskPriority, TaskStatus as S, ValidationStatus as V};

use super::crew::{WORKERS, terms};

/// What is known of a task.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    pub(super) kind: String,
    pub(super) status: S,
    pub(super) holder: Option<usize>,
    pub(super) attempt: i32,
    pub(super) failures: i32,
    pub(super) lease: Option<DateTime<Utc>>,
    pub(super) claimable: Option<DateTime<Utc>>,
    pub(super) validation: V,
    pub(super) held: Option<Held>,
    pub(super) parent: Option<TaskId>,
    pub(super) check_of: Option<i32>,
    pub(super) priority: TaskPriority,
    pub(super) created: DateTime<Utc>,
    pub(super) deadline: Option<DateTime<Utc>>,
}

impl Known {
    pub(super) fn of(row: &Model) -> Self {
        let holder = row.assignee_id.as_ref();
        Self {
            kind: row.type_name.clone(),
            status: row.status,
            holder: holder.and_then(|id| WORKERS.iter().position(|(name, _)| *name == id.as_str())),
            attempt: row.attempt,
            failures: row.failure_count,
            lease: row.lease_expires_at,
            claimable: row.claimable_at,
            validation: row.validation,
            held: row.held,
            parent: row.parent_id,
            check_of: row.check_of_attempt,
            priority: row.priority,
            created: row.created_at,
            deadline: row.deadline,
        }
    }

    pub(super) fn ended(&self) -> bool {
        matches!(self.status, S::Completed | S::Cancelled)
            || (self.status == S::Failed && self.claimable.is_none())
    }

    pub(super) fn open(&self) -> bool {
        !matches!(self.status, S::Completed | S::Cancelled | S::Failed)
    }

    pub(super) fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    pub(super) fn is_held(&self) -> bool {
        self.validation == V::Running
    }

    /// Whether this attempt is the worker's own, now.
    pub(super) fn present(&self, who: usize, attempt: i32, now: DateTime<Utc>) -> bool {
        self.holder == Some(who)
            && self.status == S::InProgress
            && !self.is_held()
            && self.attempt == attempt
            && self.lease.is_none_or(|until| until > now)
    }

    pub(super) fn moved(&mut self, status: S) {
        self.status = status;
        self.lease = None;
        self.claimable = None;
        if self.is_held() {
            self.validation = V::None;
            self.held = None;
        }
    }

    pub(super) fn begin(&mut self, who: usize, now: DateTime<Utc>) {
        self.moved(S::InProgress);
        self.holder = Some(who);
        self.validation = V::None;
        self.next_attempt(now);
    }

    pub(super) fn next_attempt(&mut self, now: DateTime<Utc>) {
        self.attempt += 1;
        self.lease = Some(now + TimeDelta::seconds(terms(&self.kind).lease_seconds.into()));
    }

    /// With the longest backoff that there can be; the row tells how long it is.
    pub(super) fn fail(&mut self, retryable: bool, now: DateTime<Utc>) {
        let terms = terms(&self.kind);
        self.moved(S::Failed);
        self.failures += 1;
        if retryable && self.failures < terms.max_attempts {
            let most = i64::from(terms.backoff_seconds) << (self.failures - 1);
            self.claimable = Some(now + TimeDelta::seconds(most));
        }
    }

    pub(super) fn assign(&mut self, to: usize, now: DateTime<Utc>) {
        self.moved(S::Assigned);
        self.holder = Some(to);
        self.claimable = terms(&self.kind)
            .start_timeout_seconds
            .map(|seconds| now + TimeDelta::seconds(seconds.into()));
    }
}

/// Two views of a task; moments may differ by what a call takes, and a backoff may be shorter than the longest.
pub(super) fn same(expected: &Known, found: &Known) -> Result<(), String> {
    const SLACK: TimeDelta = TimeDelta::seconds(9);
    let near = |one: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>| match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() < SLACK,
        (one, other) => one == other,
    };
    let plain = |known: &Known| Known {
        lease: None,
        claimable: None,
        ..known.clone()
    };
    if plain(expected) == plain(found)
        && near(expected.lease, found.lease)
        && near(expected.claimable, found.claimable)
    {
        return Ok(());
    }
    Err(format!("expected {expected:#?}, found {found:#?}"))
}
