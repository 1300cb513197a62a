//! The engine: what follows by itself as tasks finish, on any replica, once (spec R7.02). Floor 3.
//!
//! The feed says which sprints may go on; what follows is a pure function of the row and of how the tasks stand
//! ([`entities::sprint::step`]), taken in a unit that holds the row's lock. Replicas that look at once take each step once: whoever comes
//! second finds nothing to do. What a crash left undone is found when a server starts, and by looking every few seconds.

use std::collections::BTreeSet;
use std::time::Duration;

use entities::audit::{AuditAction, AuditEntity};
use entities::gate_run::{self, GateStatus};
use entities::id::{AgentId, AuditId, GateRunId, SprintId, TaskId};
use entities::sprint;
use entities::sprint::step::StepKind;
use entities::task::{self, TaskStatus};
use futures::{FutureExt, StreamExt};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::watch;

use super::super::{Service, duty, task as tasks};
use super::{begin, query};
use crate::auth::actor::Caller;
use crate::error::{Error, Result};
use crate::store::feed::{Event, FeedEnd};
use crate::store::{Entry, Tx};

/// Between two looks at every sprint that is under way: for what no event tells of, such as a deadline that passes.
const LOOK: Duration = Duration::from_secs(5);
/// After a step that could not be taken.
const PAUSE_AFTER_FAULT: Duration = Duration::from_millis(250);

/// Lets sprints go on, by the feed, until `shutdown` turns true.
pub async fn keep_going(service: Service, mut shutdown: watch::Receiver<bool>) {
    let mut due = BTreeSet::new();
    'following: loop {
        // Followed before looking, so that nothing is missed in between.
        let events = service.feed.follow(None);
        futures::pin_mut!(events);
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(Ok(event)) => due.extend(concerned(&event)),
                    Some(Err(FeedEnd::Draining)) | None => return,
                    Some(Err(FeedEnd::Lagging | FeedEnd::Unavailable)) => continue 'following,
                },
                _ = looks.tick() => match under_way(&service).await {
                    Ok(found) => due.extend(found),
                    Err(error) => duty::report(&service, "sprint.advance", &error),
                },
                () = duty::turned(&mut shutdown) => return,
            }
            // What has come meanwhile is asked about once.
            while let Some(Some(Ok(event))) = events.next().now_or_never() {
                due.extend(concerned(&event));
            }
            if !advance_all(&service, &mut due).await {
                tokio::time::sleep(PAUSE_AFTER_FAULT).await;
                looks.reset_immediately();
            }
        }
    }
}

/// The sprint that may go on after an event.
fn concerned(event: &Event) -> Option<SprintId> {
    let sprint = event.sprint.as_ref()?;
    let entry = &event.entry;
    let may_go_on = match entry.entity_type {
        AuditEntity::Task => matches!(
            entry.action,
            AuditAction::TaskCompleted | AuditAction::TaskFailed | AuditAction::TaskCancelled
        ),
        AuditEntity::Workflow | AuditEntity::Gate => true,
        _ => false,
    };
    (may_go_on && sprint.status.is_under_way()).then_some(sprint.id)
}

/// Every sprint that is under way.
async fn under_way(service: &Service) -> Result<Vec<SprintId>> {
    Ok(sprint::Entity::find()
        .select_only()
        .column(sprint::Column::Id)
        // The words stand in the statement itself: only so is the partial index used.
        .filter(Expr::cust("sprints.status IN ('RUNNING', 'FAILED')"))
        .into_tuple()
        .all(&service.db)
        .await?)
}

/// Lets each of these go on; those that could not are due again. False where there are such.
async fn advance_all(service: &Service, due: &mut BTreeSet<SprintId>) -> bool {
    let mut failed = BTreeSet::new();
    for id in std::mem::take(due) {
        if let Err(error) = advance(service, id).await {
            failed.insert(id);
            if !error.retryable() || !matches!(error, Error::Conflict { .. }) {
                duty::report(service, "sprint.advance", &error);
            }
        }
    }
    *due = failed;
    due.is_empty()
}

/// Takes every step that follows by itself, each in a unit of its own; gives how many.
pub async fn advance(service: &Service, id: SprintId) -> Result<usize> {
    let caller = Caller::control_center(service.db.request_id());
    let mut steps = 0;
    // Looked at without a lock first: of the many tasks of a wave only the last lets it go on.
    while is_due(service, id).await? {
        let taken = service
            .db
            .write(&caller, async |tx: &mut Tx| {
                let Some(sprint) = tx.lock_sprint(id).await? else {
                    return Ok(false);
                };
                Ok(take_step(service, tx, &sprint).await?.is_some())
            })
            .await?;
        if !taken {
            break;
        }
        steps += 1;
    }
    Ok(steps)
}

async fn is_due(service: &Service, id: SprintId) -> Result<bool> {
    let Some(sprint) = sprint::Entity::find_by_id(id).one(&service.db).await? else {
        return Ok(false);
    };
    let now = service.db.clock().now();
    Ok(next(&service.db, &sprint, now).await?.is_some())
}

async fn next(
    db: &impl ConnectionTrait,
    sprint: &sprint::Model,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Option<sprint::Step>> {
    if !sprint.status.is_under_way() {
        return Ok(None);
    }
    let tally = query::tally(db, sprint.id, now).await?;
    let gate_run = match sprint.awaits_gates_since() {
        Some(since) => good_gate_run(db, sprint.id, since).await?,
        None => None,
    };
    Ok(sprint.step(&tally, |_| gate_run, now))
}

/// The run that ends a QUALITY_GATES phase (spec R7.02): of this sprint, at 5/5, of this installation and build, begun since that moment.
async fn good_gate_run(
    db: &impl ConnectionTrait,
    sprint: SprintId,
    since: chrono::DateTime<chrono::Utc>,
) -> Result<Option<GateRunId>> {
    Ok(gate_run::Entity::find()
        .select_only()
        .column(gate_run::Column::Id)
        .filter(gate_run::Column::SprintId.eq(sprint))
        .filter(gate_run::Column::StartedAt.gte(since))
        .filter(gate_run::Column::Status.eq(GateStatus::Passed))
        .filter(gate_run::Column::IsOfThisBuild.eq(true))
        .order_by_asc(gate_run::Column::StartedAt)
        .order_by_asc(gate_run::Column::Id)
        .limit(1)
        .into_tuple()
        .one(db)
        .await?)
}

/// Takes the one step that follows, in a unit that has locked the sprint; none where nothing does.
async fn take_step(
    service: &Service,
    tx: &mut Tx,
    sprint: &sprint::Model,
) -> Result<Option<sprint::Model>> {
    let Some(step) = next(tx, sprint, tx.now()).await? else {
        return Ok(None);
    };
    let (action, broken) = match step.kind {
        StepKind::Advanced => (AuditAction::WorkflowPhaseAdvanced, None),
        StepKind::Completed => (AuditAction::WorkflowCompleted, None),
        StepKind::Resumed => (AuditAction::WorkflowResumed, None),
        StepKind::Failed => (
            AuditAction::WorkflowFailed,
            broken_task(tx, sprint.id).await?,
        ),
    };
    let entry = Entry::new(action)
        .with("from", sprint.status)
        .with_some("taskId", broken)
        .by(Some(AgentId::control_center()));
    let (after, entry) = tx.change_sprint(sprint, step.after, entry).await?;
    if let Some(stage) = step.begins {
        begin_wave(service, tx, &after, stage, entry).await?;
    }
    Ok(Some(after))
}

/// A task that stands in the way of a sprint, for people to look at first.
async fn broken_task(tx: &Tx, sprint: SprintId) -> Result<Option<TaskId>> {
    Ok(task::Entity::find()
        .select_only()
        .column(task::Column::Id)
        .filter(task::Column::SprintId.eq(sprint))
        .filter(task::Column::Phase.is_not_null())
        .filter(task::Column::Status.is_in([TaskStatus::Failed, TaskStatus::Cancelled]))
        .filter(task::Column::Accepted.eq(false))
        .filter(task::Column::ClaimableAt.is_null())
        .order_by_asc(task::Column::CompletedAt)
        .limit(1)
        .into_tuple()
        .one(tx)
        .await?)
}

/// Takes every step that follows from what this unit has changed: whoever decides about a sprint hears what came of it.
pub async fn settle(service: &Service, tx: &mut Tx, id: SprintId) -> Result<()> {
    if let Some(sprint) = tx.lock_sprint(id).await? {
        settle_from(service, tx, sprint).await?;
    }
    Ok(())
}

/// The same of a row that this unit has written last.
pub(super) async fn settle_from(
    service: &Service,
    tx: &mut Tx,
    mut sprint: sprint::Model,
) -> Result<sprint::Model> {
    while let Some(after) = take_step(service, tx, &sprint).await? {
        sprint = after;
    }
    Ok(sprint)
}

/// Lets the tasks of a wave be worked on.
pub(super) async fn begin_wave(
    service: &Service,
    tx: &mut Tx,
    sprint: &sprint::Model,
    (phase, wave): (usize, usize),
    cause: AuditId,
) -> Result<()> {
    let stage = (begin::index(phase)?, Some(begin::index(wave)?));
    let found = tx.lock_tasks_of(sprint.id, Some(stage)).await?;
    tasks::begin_all(service, tx, found, cause).await
}
