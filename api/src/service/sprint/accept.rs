//! What an L1 decides about a task that stands in its sprint's way (spec R7.03). Floor 3.

use entities::audit::AuditAction;
use entities::id::SprintId;
use entities::sprint;
use entities::task::{self, TaskStatus};
use serde_json::json;

use super::super::{Service, task as tasks};
use super::{advance, stands_in_the_way};
use crate::auth::actor::Caller;
use crate::auth::policy::Operation;
use crate::error::{Error, Result};
use crate::service::text::{self, MAX_REASON};
use crate::store::{Entry, Tx};

/// Accepts a task although it failed for good or was cancelled: it counts as finished from now on.
///
/// # Errors
/// CONFLICT where it is part of no sprint or of one that has ended, may still be tried by policy, or was accepted already.
#[tracing::instrument(name = "sprint.accept_failed_task", skip_all, fields(task.id = id))]
pub async fn accept(
    service: &Service,
    caller: &Caller,
    id: &str,
    reason: String,
) -> Result<task::Model> {
    const OPERATION: Operation = Operation::AcceptFailedTask;
    service.allow(caller, OPERATION)?;
    text::check("reason", &reason, MAX_REASON)?;
    let seen = tasks::get(service, caller, id).await?;
    let place = (seen.sprint_id, seen.phase, seen.wave);
    let (Some(sprint_id), Some(phase), Some(wave)) = place else {
        return Err(Error::conflict(format!(
            "task {} is part of no sprint",
            seen.id
        )));
    };
    service
        .perform(caller, OPERATION, async |tx: &mut Tx| {
            let sprint = lock(tx, sprint_id).await?;
            let actor = tx.actor()?.agent.clone();
            let task = tasks::lock_seen(service, tx, &actor, id).await?;
            check_acceptable(&sprint, &task, tx)?;
            let mut after = sprint.clone();
            let phases = after
                .phases
                .0
                .get_mut(usize::try_from(phase).unwrap_or(usize::MAX));
            let wave = phases.and_then(|phase| {
                let number = usize::try_from(wave).unwrap_or(usize::MAX);
                phase.waves.get_mut(number)
            });
            let wave = wave.ok_or_else(|| Error::internal("a task is of no wave of its sprint"))?;
            wave.accepted.push(task.id);
            tx.mark_accepted(&task).await?;
            let accepted = Entry::new(AuditAction::WorkflowTaskAccepted)
                .with("taskId", task.id)
                .with("reason", &reason);
            let (after, _) = tx.change_sprint(&sprint, after, accepted).await?;
            advance::settle_from(service, tx, after).await?;
            Ok(task::Model {
                accepted: true,
                claimable_at: None,
                ..task
            })
        })
        .await
}

fn check_acceptable(sprint: &sprint::Model, task: &task::Model, tx: &Tx) -> Result<()> {
    if !sprint.status.is_under_way() {
        return Err(stands_in_the_way(sprint, "nothing of it is accepted"));
    }
    if task.accepted {
        return Err(Error::conflict(format!(
            "task {} was accepted already",
            task.id
        )));
    }
    let past = task.is_past_deadline(tx.now());
    let for_good = task.failed_for_good() || task.status == TaskStatus::Failed && past;
    if for_good || task.status == TaskStatus::Cancelled {
        return Ok(());
    }
    Err(Error::conflict_with(
        format!(
            "task {} is {}: only what failed for good or was cancelled is accepted",
            task.id, task.status
        ),
        json!({"status": task.status}),
    ))
}

async fn lock(tx: &mut Tx, id: SprintId) -> Result<sprint::Model> {
    let found = tx.lock_sprint(id).await?;
    found.ok_or_else(|| Error::not_found("sprint", id))
}

/// Locks the sprint of a task that is retried by hand. CONFLICT where that is no more to be: it was cancelled, or the task was accepted.
pub(in crate::service) async fn lock_for_retry(
    tx: &mut Tx,
    id: SprintId,
    task: &task::Model,
) -> Result<()> {
    let sprint = lock(tx, id).await?;
    if sprint.status.is_terminal() {
        return Err(stands_in_the_way(&sprint, "nothing of it is retried"));
    }
    // Whether it was accepted, the locked row says: the task may have been read before that.
    let accepted = sprint
        .phases
        .0
        .iter()
        .flat_map(|phase| &phase.waves)
        .any(|wave| wave.accepted.contains(&task.id));
    if accepted {
        return Err(Error::conflict(format!(
            "task {} was accepted although it failed: it is not retried",
            task.id
        )));
    }
    Ok(())
}
