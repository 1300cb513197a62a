//! The row of a new task. Floor 3.

use chrono::{DateTime, Utc};
use entities::id::{AgentId, TaskId};
use entities::json::JsonText;
use entities::task::{self, Personal, TaskPriority, TaskStatus, ValidationStatus};
use entities::task_type;

use crate::store::Tx;

/// What a new row is made of.
pub(super) struct NewTask<'a> {
    pub(super) terms: &'a task_type::Model,
    pub(super) creator_id: AgentId,
    pub(super) parent_id: Option<TaskId>,
    pub(super) depth: i16,
    pub(super) priority: TaskPriority,
    pub(super) input: JsonText,
    pub(super) metadata: JsonText,
    pub(super) personal: Option<Personal>,
    pub(super) deadline: Option<DateTime<Utc>>,
}

impl NewTask<'_> {
    pub(super) fn row(self, tx: &Tx) -> task::Model {
        let now = tx.now();
        let default_deadline = self
            .terms
            .deadline_seconds
            .map(|seconds| now + chrono::TimeDelta::seconds(seconds.into()));
        task::Model {
            id: tx.task_id(),
            type_name: self.terms.name.clone(),
            type_version: self.terms.version,
            status: TaskStatus::Pending,
            priority: self.priority,
            creator_id: self.creator_id,
            assignee_id: None,
            reviewer_id: None,
            parent_id: self.parent_id,
            depth: self.depth,
            metadata: self.metadata,
            input: self.input,
            output: None,
            output_sha256: None,
            error: None,
            review_feedback: None,
            rejection_count: 0,
            attempt: 0,
            failure_count: 0,
            max_attempts: self.terms.max_attempts,
            lease_expires_at: None,
            progress: 0,
            progress_message: None,
            created_at: now,
            assigned_at: None,
            started_at: None,
            review_requested_at: None,
            reviewed_at: None,
            completed_at: None,
            deadline: self.deadline.or(default_deadline),
            duration_ms: None,
            revision: 0,
            claimable_at: Some(now),
            validation: ValidationStatus::None,
            held: None,
            check_of_attempt: None,
            personal: self.personal,
            sprint_id: None,
            phase: None,
            wave: None,
            accepted: false,
        }
    }
}
