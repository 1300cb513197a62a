//! Cancelling: a task and its whole open subtree, in one transaction (spec R3.10); and what deadlines end. Floor 3.

use entities::audit::AuditAction;
use entities::id::{AuditId, TaskId};
use entities::task::{self, DEADLINE, TaskEvent, TaskStatus};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::super::Service;
use super::load::{self, Loaded};
use super::review::failed;
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
            let cancelled = cancelled(task, reason.as_deref(), tx)?;
            if let Some(reason) = &reason {
                text::check("reason", reason, MAX_REASON)?;
            }
            let (task, entry) = tx.apply(cancelled).await?;
            cancel_below(tx, task.id, reason.as_deref(), entry).await?;
            Ok(task)
        })
        .await
}

fn cancelled(task: task::Model, reason: Option<&str>, tx: &Tx) -> Result<Transition> {
    let cancelled = Transition::of(task, AuditAction::TaskCancelled)
        .step(TaskEvent::Cancel)?
        .with_some("reason", reason)
        .set(|task| task.error = reason.map(str::to_owned));
    Ok(cancelled.end(tx.now()))
}

/// Level by level: a level's parents are locked by their own change (or, where they keep their status, explicitly), so that no child is
/// born beneath them unseen.
async fn cancel_below(
    tx: &mut Tx,
    root: TaskId,
    reason: Option<&str>,
    cause: AuditId,
) -> Result<()> {
    let mut parents = vec![root];
    while !parents.is_empty() {
        let children = task::Entity::find()
            .filter(task::Column::ParentId.is_in(parents))
            .order_by_asc(task::Column::CreatedAt)
            .order_by_asc(task::Column::Id)
            .lock_exclusive()
            .all(tx)
            .await?;
        parents = children.iter().map(|child| child.id).collect();
        for child in children {
            if child.status.after(TaskEvent::Cancel).is_some() {
                tx.apply(cancelled(child, reason, tx)?.caused_by(cause))
                    .await?;
            }
        }
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
                if !task.is_past_deadline(tx.now()) {
                    return Ok(false);
                }
                if task.status == TaskStatus::InProgress {
                    let failed = failed(task, DEADLINE, tx.now())?.with("retryable", false);
                    tx.apply(failed).await?;
                } else {
                    let (task, entry) = tx.apply(cancelled(task, Some(DEADLINE), tx)?).await?;
                    cancel_below(tx, task.id, Some(DEADLINE), entry).await?;
                }
                Ok(true)
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
