//! Leases: heartbeats, and what happens to a lease that runs out (spec R3.07, R3.08). Floor 3.

use entities::agent::{self, AgentState};
use entities::audit::AuditAction;
use entities::id::{AgentId, AuditId, TaskId};
use entities::task::{self, LEASE_EXPIRED, TaskStatus};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::super::{Service, task_type as types};
use super::answer::{self, Answer, Standing};
use super::load::{self, Loaded};
use super::validation;
use crate::auth::actor::Caller;
use crate::auth::policy::{self, Operation};
use crate::error::{Error, Fault, Result};
use crate::service::agent::{Stop, locks_for, stop_all};
use crate::service::text;
use crate::store::{Transition, Tx, leased_until};

/// That a worker lives, and how far it is.
#[derive(Debug, Clone, Default)]
pub struct Heartbeat {
    /// The attempt that it works under.
    pub attempt: Option<i32>,
    /// 0 to 100.
    pub progress: Option<i32>,
    /// A line about it.
    pub message: Option<String>,
}

/// The most characters of a line of progress.
const MAX_LINE: usize = 500;

impl Heartbeat {
    fn check(&self) -> Result<()> {
        let figure = self
            .progress
            .filter(|progress| !(0..=100).contains(progress))
            .map(|_| Fault::of("progress", "range", "must be 0 to 100"));
        let line = self.message.as_deref();
        let line = line.and_then(|line| text::fault("message", line, MAX_LINE));
        let faults: Vec<Fault> = figure.into_iter().chain(line).collect();
        if faults.is_empty() {
            return Ok(());
        }
        Err(Error::BadUserInput(faults))
    }

    const fn is_bare(&self) -> bool {
        self.progress.is_none() && self.message.is_none()
    }
}

/// Extends the lease of a task in progress. With a figure or a line it is recorded; a bare one leaves no entry (spec R5.01).
#[tracing::instrument(name = "task.heartbeat", skip_all, fields(task.id = id))]
pub async fn heartbeat(
    service: &Service,
    caller: &Caller,
    id: &str,
    heartbeat: Heartbeat,
) -> Result<task::Model> {
    service.allow(caller, Operation::HeartbeatTask)?;
    heartbeat.check()?;
    let answer = Answer::heartbeat(heartbeat.attempt);
    let unit = async |tx: &mut Tx| {
        let Loaded { task, actor, .. } = match answer::standing(service, tx, id, &answer).await? {
            Standing::Present(loaded) => loaded,
            Standing::Repeated(task) => return Ok(Ok(task)),
            Standing::Refused(error) => return Ok(Err(error)),
        };
        policy::is_assignee(&actor, &task)?;
        if task.status != TaskStatus::InProgress {
            let message = format!(
                "task {} is {}: there is no attempt to keep alive",
                task.id, task.status
            );
            let details = serde_json::json!({"status": task.status, "attempt": task.attempt});
            return Err(Error::conflict_with(message, details));
        }
        load::check_attempt(&task, heartbeat.attempt)?;
        if task.is_held() {
            // There is no lease to extend while the checks run; a worker that beats on does no harm.
            return Ok(Ok(task));
        }
        beat(service, tx, task, &heartbeat).await.map(Ok)
    };
    service
        .perform(caller, Operation::HeartbeatTask, unit)
        .await
        .flatten()
}

async fn beat(
    service: &Service,
    tx: &mut Tx,
    mut task: task::Model,
    heartbeat: &Heartbeat,
) -> Result<task::Model> {
    let terms = types::terms(service, tx, &task).await?;
    let until = leased_until(&terms, tx.now()).filter(|_| task.lease_expires_at.is_some());
    if !heartbeat.is_bare() {
        let reported = Transition::of(task, AuditAction::TaskProgressReported).set(|task| {
            task.lease_expires_at = until;
            if let Some(progress) = heartbeat.progress.and_then(|figure| figure.try_into().ok()) {
                task.progress = progress;
            }
            if heartbeat.message.is_some() {
                task.progress_message.clone_from(&heartbeat.message);
            }
        });
        return Ok(tx.apply(reported).await?.0);
    }
    if task.lease_expires_at.is_some() && !tx.extend_lease(&task, until).await? {
        return Err(Error::conflict(
            "the task was moved by somebody else at the same moment: read it again",
        ));
    }
    task.lease_expires_at = until;
    Ok(task)
}

/// How many leases one unit ends.
const BATCH: u64 = 50;
/// How many units one sweep may take: the rest is for the next, which comes at once.
const BATCHES: usize = 20;

/// Fails what is IN_PROGRESS and whose lease ran out (spec R3.08). Returns how many.
pub async fn expire_leases(service: &Service) -> Result<usize> {
    let caller = Caller::control_center(service.db.request_id());
    let mut expired = 0;
    for _ in 0..BATCHES {
        let due: Vec<TaskId> = task::Entity::find()
            .select_only()
            .column(task::Column::Id)
            .filter(task::Column::LeaseExpiresAt.lte(service.db.clock().now()))
            .order_by_asc(task::Column::LeaseExpiresAt)
            .limit(BATCH)
            .into_tuple()
            .all(&service.db)
            .await?;
        if due.is_empty() {
            break;
        }
        let unit = async |tx: &mut Tx| expire(service, tx, due).await;
        match service.db.write(&caller, unit).await {
            Ok(0) => break,
            Ok(count) => expired += count,
            // Somebody moved one of them in between: the next sweep looks again.
            Err(Error::Conflict { .. } | Error::InvalidTransition { .. }) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(expired)
}

async fn expire(service: &Service, tx: &mut Tx, mut due: Vec<TaskId>) -> Result<usize> {
    let now = tx.now();
    due.sort_unstable();
    let mut expired = 0;
    for id in due {
        let Some(found) = task::Entity::find_by_id(id).one(tx).await? else {
            continue;
        };
        validation::lock_held(tx, &found).await?;
        // Read again under its lock: a heartbeat may have come in between, which the revision does not tell.
        let locked = tx.lock_task(id).await?;
        let Some(task) = locked.filter(|task| answer::is_lost(task, now)) else {
            continue;
        };
        let terms = types::terms(service, tx, &task).await?;
        let failed = Transition::of(task.clone(), AuditAction::TaskFailed)
            .fail(LEASE_EXPIRED, true, &terms, now)?
            .with("attempt", task.attempt);
        let (failed, entry) = tx.apply(failed).await?;
        validation::let_go(service, tx, &failed, entry).await?;
        if let Some(holder) = &task.assignee_id {
            tx.count_lost_lease(holder).await?;
        }
        expired += 1;
    }
    Ok(expired)
}

/// After how many leases lost in a row an agent is set in ERROR (spec R1.05).
const TOO_MANY: i32 = 3;

/// Sets agents in ERROR that lost too many leases in a row. Returns how many.
pub async fn stop_losers(service: &Service) -> Result<usize> {
    let losers: Vec<AgentId> = agent::Entity::find()
        .select_only()
        .column(agent::Column::Id)
        // The words stand in the statement itself: only so is the partial index used.
        .filter(sea_orm::sea_query::Expr::cust("leases_lost > 0"))
        .filter(agent::Column::LeasesLost.gte(TOO_MANY))
        .filter(agent::Column::State.eq(AgentState::Operational))
        .limit(BATCH)
        .into_tuple()
        .all(&service.db)
        .await?;
    let mut stopped = 0;
    for id in losers {
        let caller = Caller::control_center(service.db.request_id());
        let locks = locks_for([id.clone()]);
        let unit = async |tx: &mut Tx| {
            let row = agent::Entity::find_by_id(id.clone()).one(tx).await?;
            let still = row
                .filter(|row| row.leases_lost >= TOO_MANY && row.state == AgentState::Operational);
            let Some(row) = still else {
                return Ok(0);
            };
            let reason = format!("lost {} leases in a row", row.leases_lost);
            stop_all(service, tx, vec![(row, reason)], Stop::Error).await?;
            Ok(1)
        };
        match service.db.write_alone(&caller, &locks, unit).await {
            Ok(count) => stopped += count,
            // The last operator stays, whatever it loses (spec R1.08).
            Err(Error::Conflict { message, .. }) => {
                tracing::warn!(agent.id = %id, %message, "an agent that loses its leases is not stopped");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(stopped)
}

/// Fails a task with the agent that held it (spec R1.06). Its row is locked.
pub(in crate::service) async fn fail_with_holder(
    service: &Service,
    tx: &mut Tx,
    task: task::Model,
    reason: &str,
    cause: AuditId,
) -> Result<()> {
    let now = tx.now();
    validation::lock_held(tx, &task).await?;
    let terms = types::terms(service, tx, &task).await?;
    let failed = Transition::of(task.clone(), AuditAction::TaskFailed)
        .fail(reason, true, &terms, now)?
        .set(|failed| {
            // A check waits for nobody's backoff: the hand-in that it holds is another's.
            failed.claimable_at = failed.claimable_at.map(|from| {
                if failed.check_of_attempt.is_some() {
                    now
                } else {
                    from
                }
            });
        })
        .with("attempt", task.attempt)
        .by_control_center()
        .caused_by(cause);
    let (failed, entry) = tx.apply(failed).await?;
    validation::cancel_checks(tx, &task, reason, entry).await?;
    validation::let_go(service, tx, &failed, entry).await
}
