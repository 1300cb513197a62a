//! What makes tasks and hands them out. Floor 4.

use std::time::Duration;

use async_graphql::{Context, ID, InputObject, Object};
use entities::agent::{AgentPermission, AgentTier};
use entities::task::TaskPriority;

use super::Task;
use crate::auth::policy::Operation;
use crate::error::Error;
use crate::graphql::directive::{authenticated, permission, tier};
use crate::graphql::error::Refusal;
use crate::graphql::guard::Allow;
use crate::graphql::request::Asked;
use crate::graphql::scalar::{DateTime, Json};
use crate::service;
use crate::service::admission::Place;
use crate::service::task::{Claim, Create};

/// A new task.
#[derive(Debug, InputObject)]
pub struct CreateTaskInput {
    /// Name of its type; the latest version is taken.
    r#type: String,
    /// What is to be done, by the type's input schema.
    input: Json,
    /// What its creator keeps with it: an object of strings.
    metadata: Option<Json>,
    /// How urgent it is.
    #[graphql(default_with = "Some(TaskPriority::Medium)")]
    priority: Option<TaskPriority>,
    /// The task that it is part of: IN_PROGRESS and held by the caller.
    parent_id: Option<ID>,
    /// When it must be done; as its type says when left out.
    deadline: Option<DateTime>,
    /// Makes sending the same call again harmless for 24 hours: the same key and arguments answer with the same task.
    idempotency_key: Option<String>,
}

impl From<CreateTaskInput> for Create {
    fn from(input: CreateTaskInput) -> Self {
        Self {
            type_name: input.r#type,
            input: input.input.0,
            metadata: input.metadata.map(|metadata| metadata.0),
            priority: input.priority.unwrap_or(TaskPriority::Medium),
            parent_id: input.parent_id.map(Into::into),
            deadline: input.deadline.map(Into::into),
            idempotency_key: input.idempotency_key,
        }
    }
}

/// A new task and who gets it.
#[derive(Debug, InputObject)]
pub struct DelegateTaskInput {
    /// Who gets it: an operational agent of a lower tier.
    to_agent_id: ID,
    /// Name of its type; the latest version is taken.
    r#type: String,
    /// What is to be done, by the type's input schema.
    input: Json,
    /// What its creator keeps with it: an object of strings.
    metadata: Option<Json>,
    /// How urgent it is.
    #[graphql(default_with = "Some(TaskPriority::Medium)")]
    priority: Option<TaskPriority>,
    /// The task that it is part of: IN_PROGRESS and held by the caller.
    parent_id: Option<ID>,
    /// When it must be done; as its type says when left out.
    deadline: Option<DateTime>,
    /// Makes sending the same call again harmless for 24 hours: the same key and arguments answer with the same task.
    idempotency_key: Option<String>,
}

impl DelegateTaskInput {
    fn split(self) -> (ID, Create) {
        let create = CreateTaskInput {
            r#type: self.r#type,
            input: self.input,
            metadata: self.metadata,
            priority: self.priority,
            parent_id: self.parent_id,
            deadline: self.deadline,
            idempotency_key: self.idempotency_key,
        };
        (self.to_agent_id, create.into())
    }
}

/// What makes tasks and hands them out.
#[derive(Default)]
pub struct TaskHandMutation;

#[Object(guard = "crate::graphql::guard::Closed")]
impl TaskHandMutation {
    /// Creates a task that nobody holds yet.
    #[graphql(guard = "Allow(Operation::CreateTask)", directive = tier::apply(AgentTier::L2))]
    async fn create_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new task.")] input: CreateTaskInput,
    ) -> Result<Task, Refusal> {
        let created = service::task::create(ctx.service(), ctx.caller(), input.into()).await?;
        Ok(created.into())
    }

    /// Hands a task that is PENDING, ASSIGNED or REJECTED to an agent of a lower tier, or takes it oneself.
    #[graphql(guard = "Allow(Operation::AssignTask)", directive = tier::apply(AgentTier::L2))]
    async fn assign_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task.")] task_id: ID,
        #[graphql(desc = "Who gets it.")] agent_id: ID,
        #[graphql(desc = "A new deadline; needed when the one before has passed.")]
        deadline: Option<DateTime>,
    ) -> Result<Task, Refusal> {
        let (service, caller) = (ctx.service(), ctx.caller());
        let deadline = deadline.map(Into::into);
        let task = service::task::assign(service, caller, &task_id, &agent_id, deadline).await?;
        Ok(task.into())
    }

    /// Creates a task and hands it down.
    #[graphql(guard = "Allow(Operation::DelegateTask)", directive = tier::apply(AgentTier::L2))]
    async fn delegate_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new task and who gets it.")] input: DelegateTaskInput,
    ) -> Result<Task, Refusal> {
        let (to, create) = input.split();
        let task = service::task::delegate(ctx.service(), ctx.caller(), &to, create).await?;
        Ok(task.into())
    }

    /// Creates a task for the caller itself and starts it.
    #[graphql(guard = "Allow(Operation::ExecuteTask)", directive = permission::apply(AgentPermission::ExecuteTask))]
    async fn execute_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new task.")] input: CreateTaskInput,
    ) -> Result<Task, Refusal> {
        let task = service::task::execute(ctx.service(), ctx.caller(), input.into()).await?;
        Ok(task.into())
    }

    /// The next task that the caller can do, started and leased: the most urgent, then the oldest, never the same to two; null when there is
    /// none within the time to wait.
    #[graphql(guard = "Allow(Operation::ClaimTask)", directive = permission::apply(AgentPermission::ExecuteTask))]
    async fn claim_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only tasks of these types; all that the caller is capable of when left out."
        )]
        types: Option<Vec<String>>,
        #[graphql(
            default_with = "Some(0)",
            desc = "How long to wait where there is none; as long as the server allows at most."
        )]
        wait_seconds: Option<i32>,
    ) -> Result<Option<Task>, Refusal> {
        let seconds = wait_seconds.unwrap_or_default();
        let seconds = u64::try_from(seconds)
            .map_err(|_| Error::bad_input("waitSeconds", "minimum", "must not be negative"))?;
        let claim = Claim {
            types,
            wait: Duration::from_secs(seconds),
            place: ctx.data_opt::<Place>().cloned(),
        };
        let task = service::task::claim(ctx.service(), ctx.caller(), claim).await?;
        Ok(task.map(Into::into))
    }

    /// Hands out a task that FAILED again, also beyond its attempts.
    #[graphql(guard = "Allow(Operation::RetryTask)", directive = authenticated::apply())]
    async fn retry_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task.")] task_id: ID,
        #[graphql(desc = "Who gets it; the same agent when left out.")] agent_id: Option<ID>,
        #[graphql(desc = "A new deadline; needed when the one before has passed.")]
        deadline: Option<DateTime>,
    ) -> Result<Task, Refusal> {
        let (service, caller) = (ctx.service(), ctx.caller());
        let (agent_id, deadline) = (agent_id.map(Into::into), deadline.map(Into::into));
        let task = service::task::retry(service, caller, &task_id, agent_id, deadline).await?;
        Ok(task.into())
    }

    /// Gives a task up, with everything below it that is still open.
    #[graphql(guard = "Allow(Operation::CancelTask)", directive = authenticated::apply())]
    async fn cancel_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task.")] task_id: ID,
        #[graphql(desc = "Why.")] reason: Option<String>,
    ) -> Result<Task, Refusal> {
        let task = service::task::cancel(ctx.service(), ctx.caller(), &task_id, reason).await?;
        Ok(task.into())
    }
}
