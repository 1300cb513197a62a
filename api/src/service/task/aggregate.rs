//! The results of a task's children in one (spec R3.12). Floor 3.

use entities::id::TaskId;
use entities::json::JsonText;
use entities::task::{self, TaskStatus};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;

use super::super::Service;
use super::super::page::{Cursor, Page, PageRequest};
use crate::auth::actor::Caller;
use crate::auth::policy;
use crate::error::Result;

/// What became of a task's children.
#[derive(Debug, Clone)]
pub struct Aggregate {
    /// How many children there are.
    pub total: u64,
    /// How many in each status; statuses without any are left out.
    pub by_status: Vec<(TaskStatus, u64)>,
    /// The error of the child that failed first.
    pub first_error: Option<String>,
    /// Whether there are children and every one is COMPLETED or CANCELLED.
    pub complete: bool,
}

/// What one completed child handed in.
#[derive(Debug, Clone)]
pub struct Output {
    /// The child.
    pub task_id: TaskId,
    /// Its type.
    pub type_name: String,
    /// Its output.
    pub output: Option<Value>,
}

/// For who created or holds the task; none for others.
pub async fn aggregate(
    service: &Service,
    caller: &Caller,
    task: &task::Model,
) -> Result<Option<Aggregate>> {
    let allowed = caller
        .actor()
        .is_some_and(|actor| policy::may_aggregate(&actor.agent, task));
    if !allowed {
        return Ok(None);
    }
    let counts: Vec<(TaskStatus, i64)> = task::Entity::find()
        .select_only()
        .column(task::Column::Status)
        .column_as(task::Column::Id.count(), "count")
        .filter(task::Column::ParentId.eq(task.id))
        .group_by(task::Column::Status)
        .into_tuple()
        .all(&service.db)
        .await?;
    let first_failed: Option<Option<String>> = task::Entity::find()
        .select_only()
        .column(task::Column::Error)
        .filter(task::Column::ParentId.eq(task.id))
        .filter(task::Column::Status.eq(TaskStatus::Failed))
        .order_by_asc(task::Column::CompletedAt)
        .order_by_asc(task::Column::Id)
        .into_tuple()
        .one(&service.db)
        .await?;
    let mut by_status: Vec<(TaskStatus, u64)> = counts
        .into_iter()
        .map(|(status, count)| (status, u64::try_from(count).unwrap_or_default()))
        .collect();
    by_status.sort_unstable();
    Ok(Some(Aggregate {
        total: by_status.iter().map(|(_, count)| count).sum(),
        complete: !by_status.is_empty() && by_status.iter().all(|(status, _)| status.is_terminal()),
        first_error: first_failed.flatten(),
        by_status,
    }))
}

/// The outputs of a task's children that have one, in the order of the children's creation. The caller was asked about by [`aggregate`].
pub async fn outputs(
    service: &Service,
    parent: TaskId,
    request: &PageRequest,
) -> Result<Page<Output>> {
    let after: Option<TaskId> = request.after_key("outputs")?;
    let with_output = task::Entity::find()
        .filter(task::Column::ParentId.eq(parent))
        .filter(task::Column::Output.is_not_null());
    let total = match request.total {
        true => Some(with_output.clone().count(&service.db).await?),
        false => None,
    };
    let rows: Vec<(TaskId, String, Option<JsonText>)> = with_output
        .filter(Condition::all().add_option(after.map(|id| task::Column::Id.gt(id))))
        .select_only()
        .columns([
            task::Column::Id,
            task::Column::TypeName,
            task::Column::Output,
        ])
        .order_by_asc(task::Column::Id)
        .limit(request.limit())
        .into_tuple()
        .all(&service.db)
        .await?;
    let page = Page::of(request, rows, total, |(id, ..)| Cursor::of("outputs", id));
    Ok(page.map(|(task_id, type_name, output)| Output {
        task_id,
        type_name,
        output: output.map(|output| output.value()),
    }))
}
