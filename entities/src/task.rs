//! Tasks: priorities, wait reasons, the row (spec R3.01). The state table is in [`state`]. Floor 0.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::audit::AuditEntity;
use crate::audit::recorded::{Recorded, columns, optional_time, time};
use crate::closed_word;
use crate::id::{AgentId, SprintId, TaskId};
use crate::json::JsonText;

pub mod ancestor;
pub mod personal;
pub mod state;
pub mod validation;

pub use personal::Personal;
pub use state::{TaskEvent, TaskStatus};
pub use validation::{Held, ValidationStatus};

closed_word! {
    /// How urgent a task is, least first; stored as its rank (0 to 3), so that a database can sort by it.
    pub enum TaskPriority {
        /// When there is nothing else.
        Low = "LOW",
        /// The default.
        Medium = "MEDIUM",
        /// Before the ordinary.
        High = "HIGH",
        /// Before everything.
        Critical = "CRITICAL",
    }
}

impl TaskPriority {
    /// Its rank, as it is stored.
    #[must_use]
    pub const fn rank(self) -> i16 {
        self as i16
    }

    fn of_rank(rank: i16) -> Option<Self> {
        Self::ALL.get(usize::try_from(rank).ok()?).copied()
    }
}

impl From<TaskPriority> for Value {
    fn from(priority: TaskPriority) -> Self {
        priority.rank().into()
    }
}

impl sea_orm::TryGetable for TaskPriority {
    fn try_get_by<I: sea_orm::ColIdx>(
        row: &QueryResult,
        index: I,
    ) -> Result<Self, sea_orm::TryGetError> {
        let rank = <i16 as sea_orm::TryGetable>::try_get_by(row, index)?;
        Self::of_rank(rank).ok_or_else(|| {
            sea_orm::TryGetError::DbErr(DbErr::Type(format!("{rank} is no rank of a priority")))
        })
    }
}

impl sea_orm::sea_query::ValueType for TaskPriority {
    fn try_from(value: Value) -> Result<Self, sea_orm::sea_query::ValueTypeErr> {
        Self::of_rank(<i16 as sea_orm::sea_query::ValueType>::try_from(value)?)
            .ok_or(sea_orm::sea_query::ValueTypeErr)
    }

    fn type_name() -> String {
        "TaskPriority".to_owned()
    }

    fn array_type() -> sea_orm::sea_query::ArrayType {
        sea_orm::sea_query::ArrayType::SmallInt
    }

    fn column_type() -> ColumnType {
        ColumnType::SmallInteger
    }
}

impl sea_orm::sea_query::Nullable for TaskPriority {
    fn null() -> Value {
        Value::SmallInt(None)
    }
}

impl sea_orm::IntoActiveValue<TaskPriority> for TaskPriority {
    fn into_active_value(self) -> sea_orm::ActiveValue<TaskPriority> {
        sea_orm::ActiveValue::Set(self)
    }
}

closed_word! {
    /// What a task that does not move is waiting for (spec R3.11).
    pub enum WaitReason {
        /// Somebody who can do it.
        CapableAgent = "CAPABLE_AGENT",
        /// Room under its type's concurrency limit.
        Capacity = "CAPACITY",
        /// The end of its backoff.
        Backoff = "BACKOFF",
        /// Its assignee, to start it.
        Start = "START",
        /// Its checks.
        Validation = "VALIDATION",
        /// A reviewer.
        Review = "REVIEW",
        /// Somebody to hand it to after a rejection.
        Reassignment = "REASSIGNMENT",
        /// Somebody to retry it.
        Retry = "RETRY",
        /// Its children.
        Children = "CHILDREN",
        /// Its wave.
        Wave = "WAVE",
        /// Its assignee or reviewer, to complete what was approved.
        Completion = "COMPLETION",
    }
}

/// What a task says that its deadline ended.
pub const DEADLINE: &str = "DEADLINE";
/// What a task says that was lost with its lease.
pub const LEASE_EXPIRED: &str = "LEASE_EXPIRED";

/// One task (spec R3.01).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tasks")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TaskId,
    /// Name of its type.
    pub type_name: String,
    /// The version of the type that it was made under.
    pub type_version: i32,
    /// Where it stands in the state table.
    pub status: TaskStatus,
    /// How urgent it is.
    pub priority: TaskPriority,
    /// Who made it.
    pub creator_id: AgentId,
    /// Who holds it.
    pub assignee_id: Option<AgentId>,
    /// Who reviewed it last.
    pub reviewer_id: Option<AgentId>,
    /// The task that it is part of.
    pub parent_id: Option<TaskId>,
    /// How many ancestors it has.
    pub depth: i16,
    /// A JSON object of strings.
    pub metadata: JsonText,
    /// What is to be done, by its type's input schema.
    pub input: JsonText,
    /// What came of it, by its type's output schema.
    pub output: Option<JsonText>,
    /// SHA-256 of the output, with the assets that it names and commitments in the place of personal values: what a review is bound to.
    pub output_sha256: Option<String>,
    /// Why it failed or was cancelled.
    pub error: Option<String>,
    /// What the last reviewer said.
    pub review_feedback: Option<String>,
    /// How often it was rejected.
    pub rejection_count: i32,
    /// Counts starts and returns from validation: the fencing token of a leased task.
    pub attempt: i32,
    /// Failures that count against the type's maximum of attempts.
    pub failure_count: i32,
    /// The type's maximum of attempts when the task was made.
    pub max_attempts: i32,
    /// When the lease of the attempt ends.
    pub lease_expires_at: Option<DateTime<Utc>>,
    /// 0 to 100.
    pub progress: i16,
    /// The last line of progress.
    pub progress_message: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last handed to somebody.
    pub assigned_at: Option<DateTime<Utc>>,
    /// When its last attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When review was last asked for.
    pub review_requested_at: Option<DateTime<Utc>>,
    /// When it was last approved or rejected.
    pub reviewed_at: Option<DateTime<Utc>>,
    /// When it reached COMPLETED, FAILED or CANCELLED.
    pub completed_at: Option<DateTime<Utc>>,
    /// When it must be done (spec R3.10).
    pub deadline: Option<DateTime<Utc>>,
    /// Milliseconds from its first start to its end.
    pub duration_ms: Option<i64>,
    /// Counts its changes: what compare-and-set compares.
    pub revision: i32,
    /// From when on it may be claimed (spec R3.06); none while it may not.
    pub claimable_at: Option<DateTime<Utc>>,
    /// What became of the checks of its last hand-in (spec R3.14).
    pub validation: ValidationStatus,
    /// What its assignee asked for and is held until the checks have ended.
    pub held: Option<Held>,
    /// Set for a check: the attempt of its parent whose hand-in it checks.
    pub check_of_attempt: Option<i32>,
    /// Which values of input and output are personal; none when there are none, or none any more.
    pub personal: Option<Personal>,
    /// The sprint that it is part of; its children are not.
    pub sprint_id: Option<SprintId>,
    /// Index of its phase in the sprint; none where changing the sprint took it out.
    pub phase: Option<i16>,
    /// Index of its wave in the phase, likewise.
    pub wave: Option<i16>,
    /// Whether an L1 accepted it although it failed or was cancelled (spec R7.03).
    pub accepted: bool,
}

impl Model {
    /// Whether its deadline has passed while it is still open.
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.status.is_open() && self.is_past_deadline(now)
    }

    /// The input as the log has its hash: with commitments in the place of personal values (spec R5.08).
    pub fn hashed_input(&self) -> JsonText {
        match &self.personal {
            Some(personal) => personal.hashed_input(&self.input),
            None => self.input.clone(),
        }
    }

    /// The output as the log has its hash.
    pub fn hashed_output(&self) -> Option<JsonText> {
        let output = self.output.as_ref()?;
        Some(match &self.personal {
            Some(personal) => personal.hashed_output(output),
            None => output.clone(),
        })
    }

    /// As it is when its personal values are erased: their commitments stand in their places. What is recorded of it is the same.
    #[must_use]
    pub fn without_personal(&self) -> Self {
        Self {
            input: self.hashed_input(),
            output: self.hashed_output(),
            personal: None,
            ..self.clone()
        }
    }

    /// Whether its hand-in is held by its checks (spec R3.15).
    pub fn is_held(&self) -> bool {
        self.validation == ValidationStatus::Running
    }

    /// Whether its wave has not begun: nobody claims, starts or assigns it before that (spec R3.06).
    ///
    /// What is PENDING can be claimed from the moment on in which it may be worked on at all, so that the row says it by itself.
    pub fn waits_for_wave(&self) -> bool {
        self.sprint_id.is_some()
            && self.status == TaskStatus::Pending
            && self.claimable_at.is_none()
    }

    /// Whether it failed and policy grants no further attempt: attempts spent, not retryable, or past its deadline (spec R3.08).
    pub fn failed_for_good(&self) -> bool {
        self.status == TaskStatus::Failed && self.claimable_at.is_none()
    }

    /// Whether it may be claimed now (spec R3.06).
    pub fn is_claimable(&self, now: DateTime<Utc>) -> bool {
        self.claimable_at.is_some_and(|from| from <= now) && !self.is_past_deadline(now)
    }

    /// Whether its deadline has passed.
    pub fn is_past_deadline(&self, now: DateTime<Utc>) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// Recorded are input, output and metadata by their SHA-256, personal values by commitments. Not recorded is from when on it may be claimed, which follows from the rest,
/// nor that it was accepted, which its sprint's row records;
/// the end of its lease is recorded as each attempt began, and not with every heartbeat (spec R5.01).
impl Recorded for Model {
    const ENTITY: AuditEntity = AuditEntity::Task;

    /// A heartbeat that says nothing but that its worker lives has no entry.
    const MOVES_ON: &'static [&'static str] = &["leaseExpiresAt"];

    fn entity_id(&self) -> String {
        self.id.to_string()
    }

    fn recorded(&self) -> serde_json::Map<String, serde_json::Value> {
        use serde_json::json;
        columns([
            ("typeName", json!(self.type_name)),
            ("typeVersion", json!(self.type_version)),
            ("status", json!(self.status)),
            ("priority", json!(self.priority)),
            ("creatorId", json!(self.creator_id)),
            ("assigneeId", json!(self.assignee_id)),
            ("reviewerId", json!(self.reviewer_id)),
            ("parentId", json!(self.parent_id)),
            ("depth", json!(self.depth)),
            ("metadataSha256", json!(self.metadata.sha256())),
            ("inputSha256", json!(self.hashed_input().sha256())),
            ("outputSha256", json!(self.output_sha256)),
            ("error", json!(self.error)),
            ("reviewFeedback", json!(self.review_feedback)),
            ("rejectionCount", json!(self.rejection_count)),
            ("attempt", json!(self.attempt)),
            ("failureCount", json!(self.failure_count)),
            ("maxAttempts", json!(self.max_attempts)),
            ("leaseExpiresAt", optional_time(self.lease_expires_at)),
            ("progress", json!(self.progress)),
            ("progressMessage", json!(self.progress_message)),
            ("createdAt", time(self.created_at)),
            ("assignedAt", optional_time(self.assigned_at)),
            ("startedAt", optional_time(self.started_at)),
            ("reviewRequestedAt", optional_time(self.review_requested_at)),
            ("reviewedAt", optional_time(self.reviewed_at)),
            ("completedAt", optional_time(self.completed_at)),
            ("deadline", optional_time(self.deadline)),
            ("durationMs", json!(self.duration_ms)),
            ("revision", json!(self.revision)),
            ("validation", self.validation.recorded()),
            ("held", json!(self.held)),
            ("checkOfAttempt", json!(self.check_of_attempt)),
            ("sprintId", json!(self.sprint_id)),
            ("phase", json!(self.phase)),
            ("wave", json!(self.wave)),
        ])
    }
}
