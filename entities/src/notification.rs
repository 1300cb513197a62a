//! Notifications: what somebody is told until they acknowledge it (spec R6.04). Floor 0.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{AgentId, AssetId, AuditId, NotificationId, TaskId};
use crate::{closed_word, stored_as_text};

closed_word! {
    /// What somebody is told of.
    pub enum NotificationKind {
        /// A task waits for their review.
        ReviewRequested = "REVIEW_REQUESTED",
        /// Somebody else handed them a task.
        TaskAssigned = "TASK_ASSIGNED",
        /// A task that they made or hold was approved.
        TaskApproved = "TASK_APPROVED",
        /// A task that they made or hold was rejected.
        TaskRejected = "TASK_REJECTED",
        /// A task that they made, or a part of one that they hold, was completed.
        TaskCompleted = "TASK_COMPLETED",
        /// A task that they made, or a part of one that they hold, failed for good.
        TaskFailed = "TASK_FAILED",
        /// A task that they hold was cancelled.
        TaskCancelled = "TASK_CANCELLED",
        /// The lease of a task that they held ran out.
        LeaseLost = "LEASE_LOST",
        /// The checks of what they handed in have ended.
        ValidationFinished = "VALIDATION_FINISHED",
        /// An asset that they made was approved or rejected.
        AssetReviewed = "ASSET_REVIEWED",
    }
}
stored_as_text!(NotificationKind);

/// One notification. An entry of the log tells an agent of each kind once.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notifications")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NotificationId,
    /// Who is told.
    pub agent_id: AgentId,
    /// Of what.
    pub kind: NotificationKind,
    /// The task that it is about.
    pub task_id: Option<TaskId>,
    /// The asset that it is about.
    pub asset_id: Option<AssetId>,
    /// The same as a sentence.
    pub message: String,
    /// The entry of the change that it tells of, written in the same transaction.
    pub entry_id: AuditId,
    /// When the change was made.
    pub created_at: DateTime<Utc>,
    /// When it was acknowledged; unaudited (spec R5.01).
    pub acknowledged_at: Option<DateTime<Utc>>,
}

impl ActiveModelBehavior for ActiveModel {}
