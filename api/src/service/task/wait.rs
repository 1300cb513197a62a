//! What a task that does not move is waiting for (spec R3.11). Floor 3.

use std::collections::{HashMap, HashSet};

use entities::id::TaskId;
use entities::task::{self, TaskStatus, WaitReason};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::super::Service;
use crate::error::Result;

/// What each of these tasks is waiting for; those that move or are done are left out. One query for all of them.
pub async fn waiting_for(
    service: &Service,
    tasks: &[task::Model],
) -> Result<HashMap<TaskId, WaitReason>> {
    let working = tasks
        .iter()
        .filter(|task| task.status == TaskStatus::InProgress)
        .map(|task| task.id);
    let parents = with_open_children(service, working.collect()).await?;
    Ok(tasks
        .iter()
        .filter_map(|task| Some((task.id, reason(task.status, parents.contains(&task.id))?)))
        .collect())
}

fn reason(status: TaskStatus, open_children: bool) -> Option<WaitReason> {
    match status {
        TaskStatus::Pending => Some(WaitReason::CapableAgent),
        TaskStatus::Assigned => Some(WaitReason::Start),
        TaskStatus::InProgress if open_children => Some(WaitReason::Children),
        TaskStatus::ReviewRequested => Some(WaitReason::Review),
        TaskStatus::Rejected => Some(WaitReason::Reassignment),
        TaskStatus::Approved => Some(WaitReason::Completion),
        TaskStatus::Failed => Some(WaitReason::Retry),
        TaskStatus::InProgress | TaskStatus::Completed | TaskStatus::Cancelled => None,
    }
}

async fn with_open_children(service: &Service, parents: Vec<TaskId>) -> Result<HashSet<TaskId>> {
    if parents.is_empty() {
        return Ok(HashSet::new());
    }
    let open = TaskStatus::ALL
        .iter()
        .copied()
        .filter(|status| status.is_open());
    let found: Vec<Option<TaskId>> = task::Entity::find()
        .select_only()
        .column(task::Column::ParentId)
        .distinct()
        .filter(task::Column::ParentId.is_in(parents))
        .filter(task::Column::Status.is_in(open))
        .into_tuple()
        .all(&service.db)
        .await?;
    Ok(found.into_iter().flatten().collect())
}
