//! What a task that does not move is waiting for (spec R3.11). Floor 3.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entities::agent::{self, AgentState};
use entities::id::{AgentId, TaskId};
use entities::task::{self, TaskStatus, WaitReason};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::super::{Service, task_type as types};
use crate::error::Result;

/// What each of these tasks is waiting for; those that move or are done are left out. A fixed number of queries for all of them.
pub async fn waiting_for(
    service: &Service,
    tasks: &[task::Model],
) -> Result<HashMap<TaskId, WaitReason>> {
    let now = service.db.clock().now();
    let known = Known {
        parents: with_open_children(service, tasks).await?,
        full: full_types(service, tasks).await?,
        gone: gone_assignees(service, tasks).await?,
    };
    Ok(tasks
        .iter()
        .filter_map(|task| Some((task.id, known.reason(task, now)?)))
        .collect())
}

/// What was read besides the rows.
struct Known {
    /// Tasks in progress with open children.
    parents: HashSet<TaskId>,
    /// Tasks of types of which no more may be in progress.
    full: HashSet<TaskId>,
    /// Assignees who are not operational.
    gone: HashSet<AgentId>,
}

impl Known {
    fn reason(&self, task: &task::Model, now: DateTime<Utc>) -> Option<WaitReason> {
        match task.status {
            TaskStatus::Pending if task.waits_for_wave() => Some(WaitReason::Wave),
            TaskStatus::Pending => Some(self.somebody(task)),
            TaskStatus::Assigned if self.is_gone(task) => Some(self.somebody(task)),
            TaskStatus::Assigned if self.full.contains(&task.id) => Some(WaitReason::Capacity),
            TaskStatus::Assigned => Some(WaitReason::Start),
            TaskStatus::InProgress if task.is_held() => Some(WaitReason::Validation),
            TaskStatus::InProgress if self.parents.contains(&task.id) => Some(WaitReason::Children),
            TaskStatus::ReviewRequested => Some(WaitReason::Review),
            TaskStatus::Rejected => Some(WaitReason::Reassignment),
            TaskStatus::Approved => Some(WaitReason::Completion),
            TaskStatus::Failed => Some(match task.claimable_at {
                // Past its deadline nobody takes it without a new one.
                Some(_) if task.is_past_deadline(now) => WaitReason::Retry,
                Some(from) if from > now => WaitReason::Backoff,
                Some(_) => self.somebody(task),
                None => WaitReason::Retry,
            }),
            TaskStatus::InProgress | TaskStatus::Completed | TaskStatus::Cancelled => None,
        }
    }

    /// Whoever could do it could take it, were there room.
    fn somebody(&self, task: &task::Model) -> WaitReason {
        if self.full.contains(&task.id) {
            WaitReason::Capacity
        } else {
            WaitReason::CapableAgent
        }
    }

    fn is_gone(&self, task: &task::Model) -> bool {
        task.assignee_id
            .as_ref()
            .is_some_and(|assignee| self.gone.contains(assignee))
    }
}

async fn with_open_children(service: &Service, tasks: &[task::Model]) -> Result<HashSet<TaskId>> {
    let working = tasks
        .iter()
        .filter(|task| task.status == TaskStatus::InProgress)
        .map(|task| task.id);
    let parents: Vec<TaskId> = working.collect();
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

/// Those that wait for a start and are of a type whose limit is reached.
async fn full_types(service: &Service, tasks: &[task::Model]) -> Result<HashSet<TaskId>> {
    let mut limits: HashMap<&str, Vec<(TaskId, i64)>> = HashMap::new();
    for task in tasks {
        let waits = matches!(
            task.status,
            TaskStatus::Pending | TaskStatus::Assigned | TaskStatus::Failed
        );
        if waits
            && let Some(limit) = types::terms(service, &service.db, task)
                .await?
                .max_concurrent
        {
            let of_type = limits.entry(task.type_name.as_str()).or_default();
            of_type.push((task.id, limit.into()));
        }
    }
    if limits.is_empty() {
        return Ok(HashSet::new());
    }
    let running: Vec<(String, i64)> = task::Entity::find()
        .select_only()
        .column(task::Column::TypeName)
        .column_as(task::Column::Id.count(), "running")
        .filter(task::Column::TypeName.is_in(limits.keys().copied()))
        // The words stand in the statement itself: only so is the partial index of what runs used.
        .filter(Expr::cust("tasks.status = 'IN_PROGRESS'"))
        .group_by(task::Column::TypeName)
        .into_tuple()
        .all(&service.db)
        .await?;
    Ok(running
        .iter()
        .flat_map(|(name, running)| {
            let of_type = limits.get(name.as_str()).into_iter().flatten();
            of_type
                .filter(move |(_, limit)| running >= limit)
                .map(|(id, _)| *id)
        })
        .collect())
}

async fn gone_assignees(service: &Service, tasks: &[task::Model]) -> Result<HashSet<AgentId>> {
    let assigned: HashSet<AgentId> = tasks
        .iter()
        .filter(|task| task.status == TaskStatus::Assigned)
        .filter_map(|task| task.assignee_id.clone())
        .collect();
    if assigned.is_empty() {
        return Ok(HashSet::new());
    }
    let gone: Vec<AgentId> = agent::Entity::find()
        .select_only()
        .column(agent::Column::Id)
        .filter(agent::Column::Id.is_in(assigned))
        .filter(agent::Column::State.ne(AgentState::Operational))
        .into_tuple()
        .all(&service.db)
        .await?;
    Ok(gone.into_iter().collect())
}
