//! Task types: what work there is. Floor 4.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Object};
use entities::agent::AgentPermission;
use entities::task_type;

use super::directive::{authenticated, permission};
use super::error::Refusal;
use super::guard::Allow;
use super::request::Asked;
use super::scalar::Json;
use crate::auth::policy::Operation;
use crate::service;

/// A version of a task type.
#[derive(Debug, Clone)]
pub struct TaskType(Arc<task_type::Model>);

impl From<task_type::Model> for TaskType {
    fn from(row: task_type::Model) -> Self {
        Self(Arc::new(row))
    }
}

/// One version of a task type. Defining a name again makes its next version; tasks keep theirs.
#[Object]
impl TaskType {
    /// Its name, such as `GENERATE_ASSET`.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Counted from 1.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// JSON Schema (2020-12) of the input: checked when a task is created.
    async fn input_schema(&self) -> Json {
        Json::from(&self.0.input_schema)
    }

    /// JSON Schema (2020-12) of the output: checked when it is handed in.
    async fn output_schema(&self) -> Json {
        Json::from(&self.0.output_schema)
    }

    /// Whether IN_PROGRESS may go to COMPLETED only by way of APPROVED.
    async fn requires_review(&self) -> bool {
        self.0.requires_review
    }

    /// How long a task in progress is leased to its assignee; 0 for no lease.
    async fn lease_seconds(&self) -> i32 {
        self.0.lease_seconds
    }

    /// How long an assignee may take to start a task; null for no limit.
    async fn start_timeout_seconds(&self) -> Option<i32> {
        self.0.start_timeout_seconds
    }

    /// The deadline of a task for which none is named, counted from its creation; null for none.
    async fn deadline_seconds(&self) -> Option<i32> {
        self.0.deadline_seconds
    }

    /// How often a task may fail before somebody must decide.
    async fn max_attempts(&self) -> i32 {
        self.0.max_attempts
    }

    /// The base of the backoff between attempts.
    async fn backoff_seconds(&self) -> i32 {
        self.0.backoff_seconds
    }

    /// The types whose checks hold every hand-in of this one until they are content.
    async fn validators(&self) -> &[String] {
        &self.0.validators.0
    }

    /// How many tasks of this type may be IN_PROGRESS in the whole fleet; null for no limit.
    async fn max_concurrent(&self) -> Option<i32> {
        self.0.max_concurrent
    }
}

/// A new task type, or the next version of one.
#[derive(Debug, InputObject)]
pub struct DefineTaskTypeInput {
    /// UPPER_SNAKE, 3 to 64 characters.
    name: String,
    /// JSON Schema (2020-12) of the input. It may fetch nothing.
    input_schema: Json,
    /// JSON Schema (2020-12) of the output. It may fetch nothing.
    output_schema: Json,
    /// Whether IN_PROGRESS may go to COMPLETED only by way of APPROVED.
    #[graphql(default_with = "Some(false)")]
    requires_review: Option<bool>,
    /// How long a task in progress is leased to its assignee; 0 for no lease.
    #[graphql(default = 60)]
    lease_seconds: Option<i32>,
    /// How long an assignee may take to start a task; no limit when left out.
    start_timeout_seconds: Option<i32>,
    /// The deadline of a task for which none is named, counted from its creation; none when left out.
    deadline_seconds: Option<i32>,
    /// How often a task may fail before somebody must decide.
    #[graphql(default = 3)]
    max_attempts: Option<i32>,
    /// The base of the backoff between attempts.
    #[graphql(default = 5)]
    backoff_seconds: Option<i32>,
    /// How many tasks of this type may be IN_PROGRESS in the whole fleet; no limit when left out.
    max_concurrent: Option<i32>,
    /// The types whose checks hold every hand-in of this one: each says `valid` in its output and has neither validators nor review itself.
    validators: Option<Vec<String>>,
}

impl From<DefineTaskTypeInput> for service::task_type::Define {
    fn from(input: DefineTaskTypeInput) -> Self {
        Self {
            name: input.name,
            input_schema: input.input_schema.0,
            output_schema: input.output_schema.0,
            requires_review: input.requires_review.unwrap_or_default(),
            lease_seconds: input.lease_seconds.unwrap_or(60),
            start_timeout_seconds: input.start_timeout_seconds,
            deadline_seconds: input.deadline_seconds,
            max_attempts: input.max_attempts.unwrap_or(3),
            backoff_seconds: input.backoff_seconds.unwrap_or(5),
            max_concurrent: input.max_concurrent,
            validators: input.validators.unwrap_or_default(),
        }
    }
}

/// What can be asked about task types.
#[derive(Default)]
pub struct TaskTypeQuery;

#[Object(guard = "crate::graphql::guard::Closed")]
impl TaskTypeQuery {
    /// The latest version of a task type; null when there is none of the name.
    #[graphql(guard = "Allow(Operation::TaskType)", directive = authenticated::apply())]
    async fn task_type(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its name.")] name: String,
    ) -> Result<Option<TaskType>, Refusal> {
        let found = service::task_type::find(ctx.service(), &name).await?;
        Ok(found.map(Into::into))
    }

    /// The latest version of every task type, by name.
    #[graphql(guard = "Allow(Operation::TaskTypes)", directive = authenticated::apply())]
    async fn task_types(&self, ctx: &Context<'_>) -> Result<Vec<TaskType>, Refusal> {
        let types = service::task_type::list(ctx.service()).await?;
        Ok(types.into_iter().map(Into::into).collect())
    }
}

/// What changes task types.
#[derive(Default)]
pub struct TaskTypeMutation;

#[Object(guard = "crate::graphql::guard::Closed")]
impl TaskTypeMutation {
    /// Defines a task type, or the next version of its name. The same definition again is the version that is there already.
    #[graphql(guard = "Allow(Operation::DefineTaskType)", directive = permission::apply(AgentPermission::ModifyPipeline))]
    async fn define_task_type(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The definition.")] input: DefineTaskTypeInput,
    ) -> Result<TaskType, Refusal> {
        let defined = service::task_type::define(ctx.service(), ctx.caller(), input.into()).await?;
        Ok(defined.into())
    }
}
