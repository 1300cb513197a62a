//! Every change of a task is a value of this type, applied by compare-and-set (design property 2). Floor 2.

use chrono::{DateTime, Utc};
use entities::audit::AuditAction;
use entities::id::AuditId;
use entities::task::{self, TaskEvent, TaskStatus};
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
        self.path.push(next);
        Ok(self)
    }

    /// Changes what goes with the step.
    pub fn set(mut self, change: impl FnOnce(&mut task::Model)) -> Self {
        change(&mut self.after);
        self
    }

    /// Hands the task to somebody.
    pub fn to(self, assignee: &entities::id::AgentId, now: DateTime<Utc>) -> Self {
        let with_agent = self.with("toAgentId", assignee);
        with_agent.set(|task| {
            task.assignee_id = Some(assignee.clone());
            task.assigned_at = Some(now);
        })
    }

    /// Begins an attempt.
    pub fn begin(self, now: DateTime<Utc>) -> Self {
        self.set(|task| {
            task.started_at = Some(now);
            task.attempt += 1;
            task.completed_at = None;
            task.progress = 0;
            task.progress_message = None;
        })
    }

    /// Ends the task at this moment, with its duration.
    pub fn end(self, now: DateTime<Utc>) -> Self {
        self.set(|task| {
            task.completed_at = Some(now);
            task.lease_expires_at = None;
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
