//! Tasks: what they are, how they stand, what came of them. Floor 4.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use entities::agent::AgentPermission;
use entities::task::{self, TaskPriority, TaskStatus, WaitReason};

mod aggregate;
mod change;
mod hand;
mod query;
mod validation;

pub use aggregate::{TaskAggregate, TaskStatusCount};
pub use change::TaskMutation;
pub use hand::TaskHandMutation;
pub use query::{TaskFilter, TaskQuery};
pub use validation::TaskValidation;

use super::agent::Agent;
use super::asset::Asset;
use super::audit::AuditEntry;
use super::directive::permission;
use super::error::Refusal;
use super::guard::Allow;
use super::loader::{TypeVersion, Waiting};
use super::page::{self, Connection};
use super::request::Asked;
use super::scalar::{Cursor, DateTime, Json, Long};
use super::sprint::SprintPhase;
use super::task_type::TaskType;
use crate::auth::policy::Operation;
use crate::error::Error;
use crate::service;

/// A task that the caller may see.
#[derive(Debug, Clone)]
pub struct Task(pub(super) Arc<task::Model>);

impl From<task::Model> for Task {
    fn from(row: task::Model) -> Self {
        Self(Arc::new(row))
    }
}

impl Task {
    /// A page of tasks.
    pub(super) async fn list(
        ctx: &Context<'_>,
        filter: service::task::Filter,
        first: Option<i32>,
        after: Option<Cursor>,
    ) -> Result<Connection<Self>, Refusal> {
        let page = page::request(ctx, first, after)?;
        let tasks = service::task::list(ctx.service(), ctx.caller(), filter, &page).await?;
        Ok(Connection::of(tasks))
    }
}

/// A piece of work: handed down, done, reviewed on the way up.
#[Object]
impl Task {
    /// Its id.
    pub(super) async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// The version of the type that it was made under.
    async fn r#type(&self, ctx: &Context<'_>) -> Result<TaskType, Refusal> {
        let TypeVersion(name, version) = TypeVersion(self.0.type_name.clone(), self.0.type_version);
        let found = ctx
            .reader()
            .load_one(TypeVersion(name.clone(), version))
            .await?;
        Ok(found.ok_or_else(|| {
            Error::internal(format!("task type {name} version {version} is gone"))
        })?)
    }

    /// Where it stands.
    async fn status(&self) -> TaskStatus {
        self.0.status
    }

    /// What the state machine allows from here, whoever asks.
    async fn allowed_transitions(&self) -> Vec<TaskStatus> {
        self.0.status.allowed()
    }

    /// How urgent it is.
    async fn priority(&self) -> TaskPriority {
        self.0.priority
    }

    /// Who made it.
    async fn creator(&self, ctx: &Context<'_>) -> Result<Agent, Refusal> {
        Agent::load(ctx, &self.0.creator_id).await
    }

    /// Who holds it, or held it last; null while nobody has.
    async fn assignee(&self, ctx: &Context<'_>) -> Result<Option<Agent>, Refusal> {
        Agent::load_some(ctx, self.0.assignee_id.as_ref()).await
    }

    /// Who reviewed it last.
    async fn reviewer(&self, ctx: &Context<'_>) -> Result<Option<Agent>, Refusal> {
        Agent::load_some(ctx, self.0.reviewer_id.as_ref()).await
    }

    /// The task that it is part of; null where there is none that the caller may see.
    async fn parent(&self, ctx: &Context<'_>) -> Result<Option<Task>, Refusal> {
        match self.0.parent_id {
            Some(id) => Ok(ctx.reader().load_one(id).await?),
            None => Ok(None),
        }
    }

    /// Its parts, as far as the caller may see them, newest first.
    async fn children(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many at most.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<Cursor>,
    ) -> Result<Connection<Task>, Refusal> {
        let filter = service::task::Filter {
            parent_id: Some(self.0.id.to_string()),
            ..Default::default()
        };
        Task::list(ctx, filter, first, after).await
    }

    /// The results of its children in one, for who created or holds it; null for others.
    #[graphql(guard = "Allow(Operation::TaskAggregate)", directive = permission::apply(AgentPermission::AggregateL3Results))]
    async fn aggregate(&self, ctx: &Context<'_>) -> Result<Option<TaskAggregate>, Refusal> {
        let aggregate = service::task::aggregate(ctx.service(), ctx.caller(), &self.0).await?;
        Ok(aggregate.map(|aggregate| TaskAggregate::of(self.0.id, aggregate)))
    }

    /// The phase of the sprint that it is part of; null where it is of none that the caller may see.
    async fn phase(&self, ctx: &Context<'_>) -> Result<Option<SprintPhase>, Refusal> {
        let (Some(sprint), Some(phase)) = (self.0.sprint_id, self.0.phase) else {
            return Ok(None);
        };
        let sprint = ctx.reader().load_one(sprint).await?;
        Ok(sprint.and_then(|sprint| sprint.phase(phase)))
    }

    /// Index of its wave in the phase; null where it is part of no sprint.
    async fn wave(&self) -> Option<i32> {
        self.0.wave.map(Into::into)
    }

    /// Accepted by an L1 although it failed or was cancelled.
    async fn accepted(&self) -> bool {
        self.0.accepted
    }

    /// What its creator keeps with it: an object of strings.
    async fn metadata(&self) -> Json {
        Json::from(&self.0.metadata)
    }

    /// What is to be done, by its type's input schema.
    async fn input(&self) -> Json {
        Json::from(&self.0.input)
    }

    /// What was handed in last, by its type's output schema.
    async fn output(&self) -> Option<Json> {
        self.0.output.as_ref().map(Into::into)
    }

    /// SHA-256 of the output's canonical JSON: what a review is bound to.
    async fn output_sha256(&self) -> Option<&str> {
        self.0.output_sha256.as_deref()
    }

    /// Why it failed or was cancelled.
    async fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }

    /// What its reviewer said last.
    async fn review_feedback(&self) -> Option<&str> {
        self.0.review_feedback.as_deref()
    }

    /// How often it was rejected.
    async fn rejection_count(&self) -> i32 {
        self.0.rejection_count
    }

    /// Counts starts and returns from validation: the fencing token of a leased task.
    async fn attempt(&self) -> i32 {
        self.0.attempt
    }

    /// Failures that count against maxAttempts.
    async fn failure_count(&self) -> i32 {
        self.0.failure_count
    }

    /// How often it may fail before somebody must decide.
    async fn max_attempts(&self) -> i32 {
        self.0.max_attempts
    }

    /// When its lease runs out; null while it has none.
    async fn lease_expires_at(&self) -> Option<DateTime> {
        self.0.lease_expires_at.map(Into::into)
    }

    /// From when on it may be claimed, at the end of a backoff say; null while it may not.
    async fn claimable_from(&self) -> Option<DateTime> {
        self.0.claimable_at.map(Into::into)
    }

    /// How far its assignee says it is, 0 to 100.
    async fn progress(&self) -> i32 {
        self.0.progress.into()
    }

    /// What its assignee says about that.
    async fn progress_message(&self) -> Option<&str> {
        self.0.progress_message.as_deref()
    }

    /// What it waits for; null while it moves, and when it has ended.
    async fn waiting_for(&self, ctx: &Context<'_>) -> Result<Option<WaitReason>, Refusal> {
        ctx.reader().load_one(Waiting(self.0.clone())).await
    }

    /// Whether what was handed in is being checked, and what was found.
    async fn validation(&self) -> TaskValidation {
        TaskValidation::of(&self.0)
    }

    /// What was made for it beside its output, newest first.
    async fn assets(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many at most.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<Cursor>,
    ) -> Result<Connection<Asset>, Refusal> {
        Asset::list_of_task(ctx, self.0.id, first, after).await
    }

    /// When it was created.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it was last handed to somebody.
    async fn assigned_at(&self) -> Option<DateTime> {
        self.0.assigned_at.map(Into::into)
    }

    /// When its last attempt began.
    async fn started_at(&self) -> Option<DateTime> {
        self.0.started_at.map(Into::into)
    }

    /// When review was last asked for.
    async fn review_requested_at(&self) -> Option<DateTime> {
        self.0.review_requested_at.map(Into::into)
    }

    /// When it was last approved or rejected.
    async fn reviewed_at(&self) -> Option<DateTime> {
        self.0.reviewed_at.map(Into::into)
    }

    /// When it reached COMPLETED, FAILED or CANCELLED.
    async fn completed_at(&self) -> Option<DateTime> {
        self.0.completed_at.map(Into::into)
    }

    /// When it must be done.
    async fn deadline(&self) -> Option<DateTime> {
        self.0.deadline.map(Into::into)
    }

    /// Whether its deadline has passed while it has not ended.
    async fn overdue(&self, ctx: &Context<'_>) -> bool {
        self.0.is_overdue(ctx.service().db.clock().now())
    }

    /// Milliseconds from its last start to its end.
    async fn duration_ms(&self) -> Option<Long> {
        self.0.duration_ms.map(Long)
    }

    /// Its audit entries, oldest first, the latest included at once.
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 100, desc = "How many at most.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<Cursor>,
    ) -> Result<Connection<AuditEntry>, Refusal> {
        let page = page::request(ctx, first.or(Some(100)), after)?;
        let entries =
            service::audit::history(ctx.service(), ctx.caller(), self.0.id, &page).await?;
        Ok(Connection::of(entries))
    }
}
