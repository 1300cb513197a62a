//! What moves tasks along: doing them, handing in, reviewing. Floor 4.

use async_graphql::{Context, ID, Object};
use entities::agent::AgentPermission;

use super::Task;
use crate::auth::policy::Operation;
use crate::graphql::directive::{authenticated, permission};
use crate::graphql::error::Refusal;
use crate::graphql::guard::Allow;
use crate::graphql::request::Asked;
use crate::graphql::scalar::{DateTime, Json};
use crate::service;
use crate::service::task::{Heartbeat, Rejection};

/// What moves tasks along.
#[derive(Default)]
pub struct TaskMutation;

#[Object(guard = "crate::graphql::guard::Closed")]
impl TaskMutation {
    /// The assignee begins: ASSIGNED becomes IN_PROGRESS under the next attempt number.
    #[graphql(guard = "Allow(Operation::StartTask)", directive = permission::apply(AgentPermission::ExecuteTask))]
    async fn start_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task.")] task_id: ID,
    ) -> Result<Task, Refusal> {
        let task = service::task::start(ctx.service(), ctx.caller(), &task_id).await?;
        Ok(task.into())
    }

    /// Extends the lease of a task in progress; a figure or a line about its progress is recorded and shown.
    #[graphql(guard = "Allow(Operation::HeartbeatTask)", directive = permission::apply(AgentPermission::ReportStatus))]
    async fn heartbeat_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task.")] task_id: ID,
        #[graphql(desc = "The attempt that goes on; needed while the task is leased.")]
        attempt: Option<i32>,
        #[graphql(desc = "How far it is, 0 to 100.")] progress: Option<i32>,
        #[graphql(desc = "A line about that.")] message: Option<String>,
    ) -> Result<Task, Refusal> {
        let heartbeat = Heartbeat {
            attempt,
            progress,
            message,
        };
        let (service, caller) = (ctx.service(), ctx.caller());
        let task = service::task::heartbeat(service, caller, &task_id, heartbeat).await?;
        Ok(task.into())
    }

    /// The assignee hands in and asks an L1 for a review. Where the type names validators, the hand-in is held until they have ended.
    #[graphql(guard = "Allow(Operation::RequestReview)", directive = permission::apply(AgentPermission::RequestL1Review))]
    async fn request_review(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task.")] task_id: ID,
        #[graphql(desc = "The attempt that this ends; needed while the task is leased.")]
        attempt: Option<i32>,
        #[graphql(desc = "What was made, by the type's output schema.")] output: Json,
    ) -> Result<Task, Refusal> {
        let (service, caller) = (ctx.service(), ctx.caller());
        let task =
            service::task::request_review(service, caller, &task_id, attempt, output.0).await?;
        Ok(task.into())
    }

    /// A reviewer, never the assignee, agrees to what was handed in.
    #[graphql(guard = "Allow(Operation::ApproveTask)", directive = permission::apply(AgentPermission::ApproveAsset))]
    async fn approve_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task.")] task_id: ID,
        #[graphql(desc = "The output that was judged: CONFLICT if it is another by now.")]
        output_sha256: Option<String>,
        #[graphql(desc = "What the reviewer says.")] feedback: Option<String>,
    ) -> Result<Task, Refusal> {
        let (service, caller) = (ctx.service(), ctx.caller());
        let task =
            service::task::approve(service, caller, &task_id, output_sha256, feedback).await?;
        Ok(task.into())
    }

    /// A reviewer, never the assignee, does not agree; the task goes back to its assignee in the same call.
    #[graphql(guard = "Allow(Operation::RejectTask)", directive = permission::apply(AgentPermission::ApproveAsset))]
    async fn reject_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task.")] task_id: ID,
        #[graphql(desc = "The output that was judged: CONFLICT if it is another by now.")]
        output_sha256: Option<String>,
        #[graphql(desc = "What must become better.")] feedback: String,
        #[graphql(
            default_with = "Some(true)",
            desc = "False leaves it REJECTED, for somebody to assign."
        )]
        reassign: Option<bool>,
        #[graphql(desc = "A new deadline; needed to reassign when the one before has passed.")]
        deadline: Option<DateTime>,
    ) -> Result<Task, Refusal> {
        let rejection = Rejection {
            output_sha256,
            feedback,
            reassign: reassign.unwrap_or(true),
            deadline: deadline.map(Into::into),
        };
        let task = service::task::reject(ctx.service(), ctx.caller(), &task_id, rejection).await?;
        Ok(task.into())
    }

    /// The assignee is done, unless the type requires review; or, once it is approved, assignee or reviewer closes it without output.
    #[graphql(guard = "Allow(Operation::CompleteTask)", directive = authenticated::apply())]
    async fn complete_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task.")] task_id: ID,
        #[graphql(desc = "The attempt that this ends; needed while the task is leased.")]
        attempt: Option<i32>,
        #[graphql(
            desc = "What was made, by the type's output schema; left out once it is approved."
        )]
        output: Option<Json>,
    ) -> Result<Task, Refusal> {
        let (service, caller) = (ctx.service(), ctx.caller());
        let output = output.map(|output| output.0);
        let task = service::task::complete(service, caller, &task_id, attempt, output).await?;
        Ok(task.into())
    }

    /// The assignee gives this attempt up.
    #[graphql(guard = "Allow(Operation::FailTask)", directive = permission::apply(AgentPermission::ExecuteTask))]
    async fn fail_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task.")] task_id: ID,
        #[graphql(desc = "The attempt that this ends; needed while the task is leased.")]
        attempt: Option<i32>,
        #[graphql(desc = "What went wrong.")] error: String,
        #[graphql(
            default_with = "Some(true)",
            desc = "Whether another attempt could go better."
        )]
        retryable: Option<bool>,
    ) -> Result<Task, Refusal> {
        let (service, caller) = (ctx.service(), ctx.caller());
        let retryable = retryable.unwrap_or(true);
        let task =
            service::task::fail(service, caller, &task_id, attempt, error, retryable).await?;
        Ok(task.into())
    }
}
