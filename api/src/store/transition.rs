//! Every change of a task is a value of this type, applied by compare-and-set (design property 2). Floor 2.

use chrono::{DateTime, TimeDelta, Utc};
use entities::agent::{self, AgentState};
use entities::audit::AuditAction;
use entities::id::AuditId;
use entities::task::{self, TaskEvent, TaskStatus, ValidationStatus};
use entities::task_type;
use rand::Rng;
use serde::Serialize;

use super::entry::Entry;
use crate::error::{Error, Result};

/// A legal move of one task, with what changes besides its status and what the audit log says of it.
#[derive(Debug, Clone)]
pub struct Transition {
    pub(super) before: task::Model,
    pub(super) after: task::Model,
    pub(super) path: Vec<TaskStatus>,
    pub(super) entry: Entry,
}

impl Transition {
    /// Begins a transition of a task as it was read.
    pub fn of(task: task::Model, action: AuditAction) -> Self {
        Self {
            path: vec![task.status],
            after: task.clone(),
            before: task,
            entry: Entry::new(action),
        }
    }

    /// Takes a step. INVALID_TRANSITION where the state table has none; `to` is then where the step leads from elsewhere.
    ///
    /// With it go the lease, the hold of a hand-in and what made the task claimable: what follows gives them anew.
    pub fn step(mut self, event: TaskEvent) -> Result<Self> {
        let from = self.after.status;
        let Some(next) = from.after(event) else {
            return Err(Error::InvalidTransition {
                from,
                to: target(event),
                allowed: from.allowed(),
            });
        };
        self.after.status = next;
        self.after.lease_expires_at = None;
        self.after.claimable_at = None;
        if self.after.is_held() {
            self.after.held = None;
            self.after.validation = ValidationStatus::None;
        }
        self.path.push(next);
        Ok(self)
    }

    /// Changes what goes with the step.
    pub fn set(mut self, change: impl FnOnce(&mut task::Model)) -> Self {
        change(&mut self.after);
        self
    }

    /// Hands the task to somebody, who has the type's time to start it; others may claim it then, and at once where that somebody is not
    /// operational (spec R3.06).
    pub fn to(self, assignee: &agent::Model, terms: &task_type::Model, now: DateTime<Utc>) -> Self {
        let with_agent = self.with("toAgentId", &assignee.id);
        with_agent.set(|task| {
            task.assignee_id = Some(assignee.id.clone());
            task.assigned_at = Some(now);
            task.claimable_at = claimable_from(assignee.state, terms, now);
        })
    }

    /// Begins an attempt, under a lease (spec R3.07).
    pub fn begin(self, terms: &task_type::Model, now: DateTime<Utc>) -> Self {
        self.next_attempt(terms, now).set(|task| {
            task.started_at = Some(now);
            task.completed_at = None;
            task.progress = 0;
            task.progress_message = None;
            task.validation = ValidationStatus::None;
        })
    }

    /// A fresh lease under the next attempt number (spec R3.07, R3.15).
    pub fn next_attempt(self, terms: &task_type::Model, now: DateTime<Utc>) -> Self {
        self.set(|task| {
            task.attempt += 1;
            task.lease_expires_at = leased_until(terms, now);
        })
    }

    /// Fails the attempt; where policy grants another, it may be claimed once the backoff is over (spec R3.08).
    pub fn fail(
        self,
        error: &str,
        retryable: bool,
        terms: &task_type::Model,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let failed = self
            .step(TaskEvent::Fail)?
            .with("error", error)
            .with("retryable", retryable)
            .set(|task| {
                task.error = Some(error.to_owned());
                task.failure_count += 1;
                if retryable && task.failure_count < task.max_attempts {
                    task.claimable_at = Some(now + backoff(terms, task.failure_count));
                }
            });
        Ok(failed.end(now))
    }

    /// Ends the task at this moment, with its duration.
    pub fn end(self, now: DateTime<Utc>) -> Self {
        self.set(|task| {
            task.completed_at = Some(now);
            task.duration_ms = task
                .started_at
                .map(|started| (now - started).num_milliseconds().max(0));
        })
    }

    /// Adds to the entry's metadata.
    pub fn with(mut self, key: &str, value: impl Serialize) -> Self {
        self.entry = self.entry.with(key, value);
        self
    }

    /// Adds to the entry's metadata what is there.
    pub fn with_some(mut self, key: &str, value: Option<impl Serialize>) -> Self {
        self.entry = self.entry.with_some(key, value);
        self
    }

    /// Names the entry that this one followed from by itself.
    pub fn caused_by(mut self, cause: AuditId) -> Self {
        self.entry = self.entry.caused_by(cause);
        self
    }

    /// In the name of the control center: what follows by itself.
    pub fn by_control_center(mut self) -> Self {
        self.entry = self.entry.by(Some(entities::id::AgentId::control_center()));
        self
    }
}

/// When a lease that begins or is extended now runs out; none for types without.
pub fn leased_until(terms: &task_type::Model, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (terms.lease_seconds > 0).then(|| now + TimeDelta::seconds(terms.lease_seconds.into()))
}

/// From when on others may claim what was assigned at this moment (spec R3.06).
pub fn claimable_from(
    assignee: AgentState,
    terms: &task_type::Model,
    assigned_at: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    match assignee {
        AgentState::Operational => terms
            .start_timeout_seconds
            .map(|seconds| assigned_at + TimeDelta::seconds(seconds.into())),
        AgentState::Error | AgentState::Inactive => Some(assigned_at),
    }
}

/// No backoff is longer.
const LONGEST_BACKOFF: TimeDelta = TimeDelta::hours(1);

/// Exponential with full jitter (spec R3.08): anything up to the type's base, doubled with each failure after the first.
fn backoff(terms: &task_type::Model, failures: i32) -> TimeDelta {
    let doublings = u32::try_from(failures - 1).unwrap_or_default().min(30);
    let ceiling = TimeDelta::seconds(i64::from(terms.backoff_seconds) << doublings);
    let ceiling = ceiling.min(LONGEST_BACKOFF).num_milliseconds();
    TimeDelta::milliseconds(rand::rng().random_range(0..=ceiling))
}

/// Where an event leads from wherever it is legal: each event has one target.
pub(super) fn target(event: TaskEvent) -> TaskStatus {
    match event {
        TaskEvent::Assign | TaskEvent::Retry => TaskStatus::Assigned,
        TaskEvent::Start => TaskStatus::InProgress,
        TaskEvent::RequestReview => TaskStatus::ReviewRequested,
        TaskEvent::Approve => TaskStatus::Approved,
        TaskEvent::Reject => TaskStatus::Rejected,
        TaskEvent::Complete => TaskStatus::Completed,
        TaskEvent::Fail => TaskStatus::Failed,
        TaskEvent::Cancel => TaskStatus::Cancelled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_has_the_target_that_the_state_table_gives_it() {
        for status in TaskStatus::ALL {
            for event in TaskEvent::ALL {
                if let Some(next) = status.after(*event) {
                    assert_eq!(next, target(*event));
                }
            }
        }
    }
}
