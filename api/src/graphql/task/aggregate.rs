//! The results of a task's children in one (spec R3.12). Floor 4.

use async_graphql::{Context, ID, Object, SimpleObject};
use entities::id::TaskId;
use entities::task::TaskStatus;

use crate::graphql::error::Refusal;
use crate::graphql::page::{self, Connection};
use crate::graphql::request::Asked;
use crate::graphql::scalar::{Cursor, Json};
use crate::service;

/// What became of a task's children.
pub struct TaskAggregate {
    parent: TaskId,
    found: service::task::Aggregate,
}

impl TaskAggregate {
    pub(super) fn of(parent: TaskId, found: service::task::Aggregate) -> Self {
        Self { parent, found }
    }
}

/// What became of a task's children.
#[Object]
impl TaskAggregate {
    /// How many children there are.
    async fn total(&self) -> i32 {
        page::count(self.found.total)
    }

    /// How many in each status; statuses without any are left out.
    async fn by_status(&self) -> Vec<TaskStatusCount> {
        TaskStatusCount::all(&self.found.by_status)
    }

    /// What the children handed in.
    async fn outputs(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 100, desc = "How many at most.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<Cursor>,
    ) -> Result<Connection<TaskOutput>, Refusal> {
        let page = page::request(ctx, first.or(Some(100)), after)?;
        let outputs = service::task::outputs(ctx.service(), self.parent, &page).await?;
        Ok(Connection::of(outputs))
    }

    /// The error of the child that failed first.
    async fn first_error(&self) -> Option<&str> {
        self.found.first_error.as_deref()
    }

    /// Whether there are children and every one is COMPLETED or CANCELLED.
    async fn complete(&self) -> bool {
        self.found.complete
    }
}

/// How many tasks are in a status.
#[derive(SimpleObject)]
pub struct TaskStatusCount {
    /// The status.
    status: TaskStatus,
    /// How many tasks are in it.
    count: i32,
}

impl TaskStatusCount {
    /// The counts as API objects.
    pub(in crate::graphql) fn all(counts: &[(TaskStatus, u64)]) -> Vec<Self> {
        let of = |(status, count): &(TaskStatus, u64)| Self {
            status: *status,
            count: page::count(*count),
        };
        counts.iter().map(of).collect()
    }
}

/// What one child handed in.
#[derive(Clone)]
pub struct TaskOutput(service::task::Output);

impl From<service::task::Output> for TaskOutput {
    fn from(output: service::task::Output) -> Self {
        Self(output)
    }
}

/// What one child handed in.
#[Object]
impl TaskOutput {
    /// The child.
    async fn task_id(&self) -> ID {
        ID(self.0.task_id.to_string())
    }

    /// Name of its type.
    async fn r#type(&self) -> &str {
        &self.0.type_name
    }

    /// Its output.
    async fn output(&self) -> Option<Json> {
        self.0.output.clone().map(Json)
    }
}
