//! What the verbs look up and check before they move a task. Floor 3.

use entities::agent;
use entities::id::{AgentId, SprintId, TaskId};
use entities::sprint::SprintStatus;
use entities::task::{self, TaskStatus, WaitReason};
use entities::task_type;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::json;

use super::super::Service;
use super::sight;
use crate::auth::policy::{self, Handing, Reach};
use crate::auth::sight::hidden_from;
use crate::error::{Error, Result};
use crate::store::Tx;

/// A task as a verb works on it: the row, who made it, and the agent that acts.
pub(super) struct Loaded {
    pub(super) task: task::Model,
    pub(super) creator: agent::Model,
    pub(super) actor: std::sync::Arc<agent::Model>,
}

/// Reads a task for a verb. NOT_FOUND where it is not there or not to be seen by the caller.
pub(super) async fn load(service: &Service, tx: &Tx, id: &str) -> Result<Loaded> {
    let actor = tx.actor()?.agent.clone();
    let task = find(tx, id).await?;
    check_seen(service, tx, &actor, &task).await?;
    let creator = agent(tx, task.creator_id.as_str()).await?;
    Ok(Loaded {
        task,
        creator,
        actor,
    })
}

/// Reads a task by the id in a request. NOT_FOUND where there is none.
pub(super) async fn find(db: &impl ConnectionTrait, id: &str) -> Result<task::Model> {
    let parsed: TaskId = id.parse().map_err(|_| Error::not_found("task", id))?;
    task::Entity::find_by_id(parsed)
        .one(db)
        .await?
        .ok_or_else(|| Error::not_found("task", id))
}

/// Reads an agent by the id in a request or a row. NOT_FOUND where there is none.
pub(super) async fn agent(db: &impl ConnectionTrait, id: &str) -> Result<agent::Model> {
    let parsed: AgentId = id.parse().map_err(|_| Error::not_found("agent", id))?;
    agent::Entity::find_by_id(parsed)
        .one(db)
        .await?
        .ok_or_else(|| Error::not_found("agent", id))
}

/// NOT_FOUND, with a denial for the audit log, where the agent may not see the task (spec R1.09).
pub(super) async fn check_seen(
    service: &Service,
    db: &impl ConnectionTrait,
    viewer: &agent::Model,
    task: &task::Model,
) -> Result<()> {
    if sight::sees(service, db, viewer, task).await? {
        return Ok(());
    }
    Err(Error::hidden("task", task.id, hidden_from(&viewer.id)))
}

/// The rule of handing over (spec R3.04), with the line of `to` read where the setting asks for it.
pub(super) async fn may_give(
    service: &Service,
    tx: &Tx,
    from: &agent::Model,
    to: &agent::Model,
    handing: Handing,
) -> Result<()> {
    let reach = service.settings.reach;
    let mut line: Vec<AgentId> = to.supervisor_id.iter().cloned().collect();
    if reach == Reach::Line
        && let Some(supervisor) = line.first()
    {
        let above = agent(tx, supervisor.as_str()).await?;
        line.extend(above.supervisor_id);
    }
    policy::may_delegate(from, to, &line, handing, reach)
}

/// LIMIT_EXCEEDED where the agent holds as many open tasks as the setting allows (spec R3.05).
pub(super) async fn check_open_tasks(service: &Service, tx: &Tx, assignee: &AgentId) -> Result<()> {
    let open = task::Entity::find()
        .filter(task::Column::AssigneeId.eq(assignee.clone()))
        // The words stand in the statement itself: only so is the partial index of open tasks used.
        .filter(Expr::cust(
            "tasks.status IN ('ASSIGNED', 'IN_PROGRESS', 'REVIEW_REQUESTED')",
        ))
        .count(tx)
        .await?;
    below(
        open,
        service.settings.max_open_tasks,
        "open tasks of an agent",
    )
}

/// LIMIT_EXCEEDED where the task has as many children as the setting allows (spec R3.05).
pub(super) async fn check_children(service: &Service, tx: &Tx, parent: TaskId) -> Result<()> {
    let children = task::Entity::find()
        .filter(task::Column::ParentId.eq(parent))
        .count(tx)
        .await?;
    below(
        children,
        service.settings.max_children,
        "children of a task",
    )
}

fn below(present: u64, value: u64, limit: &'static str) -> Result<()> {
    if present < value {
        return Ok(());
    }
    Err(Error::LimitExceeded {
        limit,
        value,
        requested: present + 1,
    })
}

/// How many open children a CONFLICT names.
const NAMED_CHILDREN: u64 = 20;

/// CONFLICT naming them where the task has open children (spec R3.05). Asked after the transition was applied: from then on the row is
/// locked and no child can be born.
pub(super) async fn check_no_open_children(tx: &Tx, task: &task::Model) -> Result<()> {
    let open = TaskStatus::ALL
        .iter()
        .copied()
        .filter(|status| status.is_open());
    let children: Vec<TaskId> = task::Entity::find()
        .select_only()
        .column(task::Column::Id)
        .filter(task::Column::ParentId.eq(task.id))
        // Its checks are there because it was handed in.
        .filter(task::Column::CheckOfAttempt.is_null())
        .filter(task::Column::Status.is_in(open))
        .order_by_asc(task::Column::CreatedAt)
        .order_by_asc(task::Column::Id)
        .limit(NAMED_CHILDREN)
        .into_tuple()
        .all(tx)
        .await?;
    if children.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = children.iter().map(TaskId::to_string).collect();
    Err(Error::conflict_with(
        format!("task {} has open children: {}", task.id, names.join(", ")),
        json!({"openChildren": children}),
    ))
}

/// CONFLICT where an ancestor or the sprint was cancelled: nothing under it is retried or reassigned (spec R3.10). They stand still until the
/// unit ends, locked from the top as cancelling does it, so that none is cancelled past a task that comes back to life beneath it.
pub(super) async fn check_ancestors(tx: &mut Tx, task: &task::Model) -> Result<()> {
    let mut line = Vec::new();
    let (mut next, mut sprint) = (task.parent_id, task.sprint_id);
    while let Some(id) = next {
        line.push(id);
        let above: Option<(Option<TaskId>, Option<SprintId>)> = task::Entity::find_by_id(id)
            .select_only()
            .columns([task::Column::ParentId, task::Column::SprintId])
            .into_tuple()
            .one(tx)
            .await?;
        let (parent, of_sprint) = above.unwrap_or_default();
        next = parent;
        sprint = sprint.or(of_sprint);
    }
    line.reverse();
    if let Some(id) = sprint {
        let found = tx.share_sprint(id).await?;
        if found.is_some_and(|sprint| sprint.status == SprintStatus::Cancelled) {
            return Err(Error::conflict_with(
                format!("task {} is under {id}, which was cancelled", task.id),
                json!({"cancelledSprint": id}),
            ));
        }
    }
    let cancelled = tx
        .share_tasks(&line)
        .await?
        .into_iter()
        .find(|ancestor| ancestor.status == TaskStatus::Cancelled);
    match cancelled {
        None => Ok(()),
        Some(ancestor) => Err(Error::conflict_with(
            format!(
                "task {} is under {}, which was cancelled",
                task.id, ancestor.id
            ),
            json!({"cancelledAncestor": ancestor.id}),
        )),
    }
}

/// CONFLICT where the task waits for its wave: until that begins nobody starts it or is given it (spec R3.06).
pub(super) fn check_begun(task: &task::Model) -> Result<()> {
    if !task.waits_for_wave() {
        return Ok(());
    }
    Err(Error::conflict_with(
        format!("the wave of task {} has not begun", task.id),
        json!({"waitingFor": WaitReason::Wave, "sprintId": task.sprint_id, "phase": task.phase, "wave": task.wave}),
    ))
}

/// CONFLICT, retryable, where as many tasks of the type are IN_PROGRESS as its limit allows (spec R3.13): exact, since all who start one
/// of a limited type come one after the other.
pub(super) async fn check_capacity(tx: &mut Tx, terms: &task_type::Model) -> Result<()> {
    let Some(limit) = terms.max_concurrent else {
        return Ok(());
    };
    tx.lock_type(&terms.name).await?;
    let running = running(tx, &terms.name).await?;
    if i64::try_from(running).unwrap_or(i64::MAX) < i64::from(limit) {
        return Ok(());
    }
    Err(Error::conflict_with(
        format!(
            "{running} tasks of type {} are in progress, as many as its limit allows: try again when one has ended",
            terms.name
        ),
        json!({"retryable": true, "waitingFor": WaitReason::Capacity, "maxConcurrent": limit}),
    ))
}

/// How many tasks of a type are IN_PROGRESS in the whole fleet.
pub(super) async fn running(db: &impl ConnectionTrait, type_name: &str) -> Result<u64> {
    Ok(task::Entity::find()
        .filter(task::Column::TypeName.eq(type_name))
        // The words stand in the statement itself: only so is the partial index of what runs used.
        .filter(Expr::cust("tasks.status = 'IN_PROGRESS'"))
        .count(db)
        .await?)
}

/// CONFLICT unless the attempt that a caller names is the present one.
pub(super) fn check_attempt(task: &task::Model, attempt: Option<i32>) -> Result<()> {
    match attempt {
        Some(named) if named != task.attempt => Err(Error::conflict_with(
            format!(
                "attempt {named} of task {} is over: the present one is {}",
                task.id, task.attempt
            ),
            json!({"attempt": task.attempt}),
        )),
        _ => Ok(()),
    }
}

/// The deadline that a task will have: a new one must lie ahead, and one that has passed must be replaced (spec R3.10).
pub(super) fn renewed_deadline(
    task: &task::Model,
    deadline: Option<chrono::DateTime<chrono::Utc>>,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Option<chrono::DateTime<chrono::Utc>>> {
    match deadline {
        Some(deadline) if deadline <= now => Err(Error::bad_input(
            "deadline",
            "future",
            "must be in the future",
        )),
        Some(deadline) => Ok(Some(deadline)),
        None if task.is_past_deadline(now) => Err(Error::bad_input(
            "deadline",
            "required",
            "the task's deadline has passed: name a new one",
        )),
        None => Ok(task.deadline),
    }
}
