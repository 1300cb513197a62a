//! Cancelling: a task and its whole open subtree, in one transaction (spec R3.10); and what deadlines end. Floor 3.

use entities::audit::AuditAction;
use entities::id::{AuditId, TaskId};
use entities::task::{self, DEADLINE, TaskEvent, TaskStatus};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::super::{Service, task_type as types};
use super::load::{self, Loaded};
use super::validation;
use crate::auth::actor::Caller;
use crate::auth::policy::{self, Operation};
use crate::error::{Error, Result};
use crate::service::text::{self, MAX_REASON};
use crate::store::{Transition, Tx};

/// Cancels a task and everything open beneath it.
#[tracing::instrument(name = "task.cancel", skip_all, fields(task.id = id))]
pub async fn cancel(
    service: &Service,
    caller: &Caller,
    id: &str,
    reason: Option<String>,
) -> Result<task::Model> {
    service
        .perform(caller, Operation::CancelTask, async |tx: &mut Tx| {
            let Loaded {
                task,
                creator,
                actor,
            } = load::load(service, tx, id).await?;
            policy::may_cancel(&actor, &creator)?;
            validation::lock_held(tx, &task).await?;
            let cancelled = cancelled(task, reason.as_deref(), tx)?;
            if let Some(reason) = &reason {
                text::check("reason", reason, MAX_REASON)?;
            }
            cancel_whole(service, tx, cancelled, reason.as_deref()).await
        })
        .await
}

/// With everything open beneath it; where it was a check, the hand-in that it held hears of it.
async fn cancel_whole(
    service: &Service,
    tx: &mut Tx,
    cancelled: Transition,
    reason: Option<&str>,
) -> Result<task::Model> {
    let (task, entry) = tx.apply(cancelled).await?;
    cancel_below(tx, vec![task.id], reason, entry).await?;
    validation::let_go(service, tx, &task, entry).await?;
    Ok(task)
}

pub(super) fn cancelled(task: task::Model, reason: Option<&str>, tx: &Tx) -> Result<Transition> {
    let cancelled = Transition::of(task, AuditAction::TaskCancelled)
        .step(TaskEvent::Cancel)?
        .with_some("reason", reason)
        .set(|task| task.error = reason.map(str::to_owned));
    Ok(cancelled.end(tx.now()))
}

/// Level by level: a level's parents are locked by their own change (or, where they keep their status, explicitly), so that no child is
/// born beneath them unseen.
pub(super) async fn cancel_below(
    tx: &mut Tx,
    mut parents: Vec<TaskId>,
    reason: Option<&str>,
    cause: AuditId,
) -> Result<()> {
    while !parents.is_empty() {
        let children = task::Entity::find()
            .filter(task::Column::ParentId.is_in(parents))
            .order_by_asc(task::Column::CreatedAt)
            .order_by_asc(task::Column::Id)
            .lock_exclusive()
            .all(tx)
            .await?;
        parents = children.iter().map(|child| child.id).collect();
        let mut withdrawn = Vec::new();
        for child in children {
            if child.status.after(TaskEvent::Cancel).is_some() {
                tx.apply(cancelled(child, reason, tx)?.caused_by(cause))
                    .await?;
            } else if child.claimable_at.is_some() {
                withdrawn.push(child.id);
            }
        }
        // What failed stays as it is, but nobody tries it again under a cancelled ancestor.
        tx.withdraw_claims(&withdrawn).await?;
    }
    Ok(())
}

/// How many tasks one sweep ends.
const OVERDUE: u64 = 200;

/// Ends what is past its deadline (spec R3.10): PENDING and ASSIGNED are cancelled with what is beneath, IN_PROGRESS fails. Returns how many.
pub async fn cancel_overdue(service: &Service) -> Result<usize> {
    let caller = Caller::control_center(service.db.request_id());
    let overdue = task::Entity::find()
        // The words stand in the statement itself: only so is the partial index of what is due used.
        .filter(Expr::cust(
            "tasks.status IN ('PENDING', 'ASSIGNED', 'IN_PROGRESS')",
        ))
        .filter(task::Column::Deadline.lte(service.db.clock().now()))
        .order_by_asc(task::Column::Deadline)
        .limit(OVERDUE)
        .all(&service.db)
        .await?;
    let mut ended = 0;
    for task in overdue {
        let outcome = service
            .db
            .write(&caller, async |tx: &mut Tx| {
                end_overdue(service, tx, task).await
            })
            .await;
        match outcome {
            Ok(done) => ended += usize::from(done),
            // Somebody moved it in between: the next sweep looks again.
            Err(Error::Conflict { .. } | Error::InvalidTransition { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(ended)
}

async fn end_overdue(service: &Service, tx: &mut Tx, task: task::Model) -> Result<bool> {
    let now = tx.now();
    if !task.is_past_deadline(now) {
        return Ok(false);
    }
    validation::lock_held(tx, &task).await?;
    if task.status != TaskStatus::InProgress {
        let cancelled = cancelled(task, Some(DEADLINE), tx)?;
        cancel_whole(service, tx, cancelled, Some(DEADLINE)).await?;
        return Ok(true);
    }
    let terms = types::terms(service, tx, &task).await?;
    let failed =
        Transition::of(task.clone(), AuditAction::TaskFailed).fail(DEADLINE, false, &terms, now)?;
    let (failed, entry) = tx.apply(failed.with("attempt", task.attempt)).await?;
    validation::cancel_checks(tx, &task, DEADLINE, entry).await?;
    validation::let_go(service, tx, &failed, entry).await?;
    Ok(true)
}
