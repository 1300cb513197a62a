//! Handing over: assign, start, retry (spec R3.02, R3.04). Floor 3.

use chrono::{DateTime, Utc};
use entities::audit::AuditAction;
use entities::id::AgentId;
use entities::task::{self, TaskEvent, TaskStatus};
use serde_json::json;

use super::super::{Service, sprint, task_type as types};
use super::load::{self, Loaded};
use crate::auth::actor::Caller;
use crate::auth::policy::{self, Handing, Operation};
use crate::error::{Error, Result};
use crate::store::{Transition, Tx};

/// Hands a task to an agent, or from one to another.
#[tracing::instrument(name = "task.assign", skip_all, fields(task.id = id))]
pub async fn assign(
    service: &Service,
    caller: &Caller,
    id: &str,
    agent_id: &str,
    deadline: Option<DateTime<Utc>>,
) -> Result<task::Model> {
    service
        .perform(caller, Operation::AssignTask, async |tx: &mut Tx| {
            let Loaded {
                task,
                creator,
                actor,
            } = load::load(service, tx, id).await?;
            policy::may_assign(&actor, &task, &creator)?;
            load::check_begun(&task)?;
            let handed =
                Transition::of(task.clone(), AuditAction::TaskAssigned).step(TaskEvent::Assign)?;
            let holder = task
                .assignee_id
                .as_ref()
                .filter(|_| task.status == TaskStatus::Assigned);
            if holder.is_some_and(|holder| holder.as_str() == agent_id) {
                // Also what somebody hears who sends a call again whose answer was lost: nothing happens twice.
                return Err(Error::conflict_with(
                    format!("the task is assigned to {agent_id} already"),
                    json!({"assigneeId": agent_id}),
                ));
            }
            hand_over(service, tx, handed, &task, &actor, agent_id, deadline).await
        })
        .await
}

/// Hands a failed task out again: to the same agent, or to another. Whoever made it may do so beyond the attempts too.
#[tracing::instrument(name = "task.retry", skip_all, fields(task.id = id))]
pub async fn retry(
    service: &Service,
    caller: &Caller,
    id: &str,
    agent_id: Option<String>,
    deadline: Option<DateTime<Utc>>,
) -> Result<task::Model> {
    service
        .perform(caller, Operation::RetryTask, async |tx: &mut Tx| {
            let Loaded {
                task,
                creator,
                actor,
            } = load::load(service, tx, id).await?;
            match task.sprint_id {
                None => policy::may_retry(&actor, &creator)?,
                Some(sprint) => {
                    policy::may_retry_in_sprint(&actor)?;
                    sprint::lock_for_retry(tx, sprint, &task).await?;
                }
            }
            let handed = Transition::of(task.clone(), AuditAction::TaskRetried)
                .step(TaskEvent::Retry)?
                .set(|task| {
                    task.error = None;
                    task.completed_at = None;
                    task.duration_ms = None;
                });
            let same = task.assignee_id.as_ref().map(AgentId::to_string);
            let to = agent_id.or(same).ok_or_else(|| {
                Error::bad_input(
                    "agentId",
                    "required",
                    "nobody held the task: say who is to have it",
                )
            })?;
            let retried = hand_over(service, tx, handed, &task, &actor, &to, deadline).await?;
            if let Some(sprint) = retried.sprint_id {
                // What stood in its way is out of it: it runs again from this moment on (spec R7.03).
                sprint::settle(service, tx, sprint).await?;
            }
            Ok(retried)
        })
        .await
}

async fn hand_over(
    service: &Service,
    tx: &mut Tx,
    handed: Transition,
    task: &task::Model,
    actor: &entities::agent::Model,
    to: &str,
    deadline: Option<DateTime<Utc>>,
) -> Result<task::Model> {
    let to = load::agent(tx, to).await?;
    load::may_give(service, tx, actor, &to, Handing::Give).await?;
    let terms = types::terms(service, tx, task).await?;
    policy::may_hold(&to, terms.requires_review)?;
    load::check_ancestors(tx, task).await?;
    let now = tx.now();
    let deadline = load::renewed_deadline(task, deadline, now)?;
    if task.assignee_id.as_ref() != Some(&to.id) {
        load::check_open_tasks(service, tx, &to.id).await?;
    }
    let handed = handed
        .to(&to, &terms, now)
        .set(|task| task.deadline = deadline);
    Ok(tx.apply(handed).await?.0)
}

/// Begins an attempt at a task that one holds.
#[tracing::instrument(name = "task.start", skip_all, fields(task.id = id))]
pub async fn start(service: &Service, caller: &Caller, id: &str) -> Result<task::Model> {
    service
        .perform(caller, Operation::StartTask, async |tx: &mut Tx| {
            let Loaded { task, actor, .. } = load::load(service, tx, id).await?;
            load::check_begun(&task)?;
            policy::is_assignee(&actor, &task)?;
            let now = tx.now();
            let terms = types::terms(service, tx, &task).await?;
            let past = task.is_past_deadline(now);
            let started = Transition::of(task, AuditAction::TaskStarted)
                .step(TaskEvent::Start)?
                .begin(&terms, now);
            if past {
                return Err(Error::conflict(
                    "the task's deadline has passed: it is about to be cancelled",
                ));
            }
            load::check_capacity(tx, &terms).await?;
            Ok(tx.apply(started).await?.0)
        })
        .await
}
