//! Changing a sprint, and giving it up (spec R7.03). Floor 3.

use std::collections::HashMap;

use entities::agent;
use entities::audit::AuditAction;
use entities::sprint::{self, Phase, SprintStatus, plan as plans};
use entities::task::{self, TaskStatus};
use sea_orm::EntityTrait;
use serde_json::json;

use super::super::{Service, task as tasks};
use super::plan::{Plan, PlannedWave};
use super::{advance, begin, check, load, plan, stands_in_the_way};
use crate::auth::actor::Caller;
use crate::auth::policy::Operation;
use crate::error::{Error, Result};
use crate::service::text::{self, MAX_REASON};
use crate::store::{Entry, Tx};

/// A phase of a sprint. BAD_USER_INPUT where it has none of this index.
pub(super) fn phase_of(sprint: &mut sprint::Model, index: i32) -> Result<&mut Phase> {
    let count = sprint.phases.0.len();
    let place = usize::try_from(index).ok();
    place
        .and_then(|place| sprint.phases.0.get_mut(place))
        .ok_or_else(|| {
            let message = format!("must be 0 to {}, is {index}", count.saturating_sub(1));
            Error::bad_input("phase", "range", message)
        })
}

/// Replaces the waves of a phase that has not started, or adds the tasks of one wave to a wave that has not begun.
///
/// # Errors
/// CONFLICT where it has begun, or a task of what is replaced has ended; BAD_USER_INPUT as for a new workflow.
#[tracing::instrument(name = "sprint.change", skip_all, fields(sprint.id = id))]
pub async fn change(
    service: &Service,
    caller: &Caller,
    id: &str,
    phase: i32,
    wave: Option<i32>,
    waves: Vec<PlannedWave>,
) -> Result<sprint::Model> {
    const OPERATION: Operation = Operation::ChangeWorkflow;
    service.allow(caller, OPERATION)?;
    if wave.is_some() && waves.len() != 1 {
        let message = "must be one wave, whose tasks are added";
        return Err(Error::bad_input("waves", "items", message));
    }
    let known = check::latest_types(service).await?;
    check::check_waves(waves.len())?;
    check::check_count(service, waves.iter().map(|wave| wave.tasks.len()).sum())?;
    check::refuse(check::waves(service, &known, "waves", &waves).await?)?;
    let change = Change {
        service,
        known,
        phase,
        wave,
        waves,
    };
    service
        .perform(caller, OPERATION, async |tx: &mut Tx| {
            change.apply(tx, id).await
        })
        .await
}

/// A change that was checked.
struct Change<'a> {
    service: &'a Service,
    known: check::Types,
    phase: i32,
    wave: Option<i32>,
    waves: Vec<PlannedWave>,
}

impl Change<'_> {
    async fn apply(&self, tx: &mut Tx, id: &str) -> Result<sprint::Model> {
        let super::Loaded { sprint, actor } = load(tx, id).await?;
        if sprint.status.is_terminal() {
            return Err(stands_in_the_way(&sprint, "it is not changed any more"));
        }
        let mut after = sprint.clone();
        let first = self.extend(phase_of(&mut after, self.phase)?)?;
        let all = || after.phases.0.iter().flat_map(|phase| &phase.waves);
        check::check_waves(all().count())?;
        let tasks: u64 = all().map(|wave| u64::from(wave.tasks)).sum();
        check::check_count(self.service, usize::try_from(tasks).unwrap_or(usize::MAX))?;
        let changed = Entry::new(AuditAction::WorkflowChanged)
            .with("phase", self.phase)
            .with_some("wave", self.wave);
        if sprint.status == SprintStatus::Draft {
            let planned = self.replan(tx, &sprint).await?;
            let (text, hash) = planned.written()?;
            after.plan_sha256 = Some(hash);
            tx.put_plan(sprint.id, text).await?;
            return Ok(tx.change_sprint(&sprint, after, changed).await?.0);
        }
        let creator = self.creator(tx, &sprint, &actor).await?;
        let planned = self.waves.iter().flat_map(|wave| &wave.tasks);
        begin::check_giving(self.service, tx, &creator, planned, &self.known).await?;
        let (after, entry) = tx.change_sprint(&sprint, after, changed).await?;
        let phase = usize::try_from(self.phase).map_err(Error::internal)?;
        if self.wave.is_none() {
            let stage = (begin::index(phase)?, None);
            let replaced = tx.lock_tasks_of(sprint.id, Some(stage)).await?;
            check_untouched(&replaced)?;
            tasks::take_out(tx, replaced, entry).await?;
        }
        let planned = self.waves.iter().enumerate().flat_map(|(number, wave)| {
            let place = (phase, first + number);
            wave.tasks.iter().map(move |task| (place, task))
        });
        let (planned, known) = (planned.collect(), &self.known);
        begin::insert_tasks(self.service, tx, &after, &creator.id, planned, known).await?;
        advance::settle_from(self.service, tx, after).await
    }

    /// Changes the counts of a phase; gives the index of the first wave that gets tasks.
    fn extend(&self, phase: &mut Phase) -> Result<usize> {
        let Some(wave) = self.wave else {
            if phase.has_begun() {
                let message = format!("phase {} has started: its waves stay", self.phase);
                return Err(Error::conflict_with(
                    message,
                    json!({"status": phase.status}),
                ));
            }
            phase.waves = plan::waves(&self.waves);
            return Ok(0);
        };
        let count = phase.waves.len();
        let place = usize::try_from(wave).unwrap_or(usize::MAX);
        let found = phase.waves.get_mut(place).ok_or_else(|| {
            let message = format!("must be an index below {count}, is {wave}");
            Error::bad_input("wave", "range", message)
        })?;
        if found.begun_at.is_some() {
            let message = format!("wave {wave} of phase {} has begun", self.phase);
            return Err(Error::conflict_with(
                message,
                json!({"status": found.status}),
            ));
        }
        found.tasks += self.waves.iter().map(plan::size).sum::<u32>();
        Ok(place)
    }

    /// The plan of a sprint that has not begun, changed.
    async fn replan(&self, tx: &Tx, sprint: &sprint::Model) -> Result<Plan> {
        let kept = plans::Entity::find_by_id(sprint.id).one(tx).await?;
        let kept = kept.ok_or_else(|| Error::internal("a draft has no plan"))?;
        let mut planned = Plan::read(&kept.plan, sprint.plan_sha256.as_deref())?.phases;
        let phase = usize::try_from(self.phase).map_err(Error::internal)?;
        let of_phase = planned
            .get_mut(phase)
            .ok_or_else(|| Error::internal("a plan lacks a phase"))?;
        match self.wave {
            None => of_phase.clone_from(&self.waves),
            Some(wave) => {
                let wave = usize::try_from(wave).map_err(Error::internal)?;
                let found = of_phase.get_mut(wave);
                let found = found.ok_or_else(|| Error::internal("a plan lacks a wave"))?;
                let added = self.waves.iter().flat_map(|wave| wave.tasks.clone());
                found.tasks.extend(added);
            }
        }
        Ok(Plan::of(planned))
    }

    /// In whose name the tasks of a sprint are made: who started it (spec R7.03).
    async fn creator(
        &self,
        tx: &Tx,
        sprint: &sprint::Model,
        actor: &agent::Model,
    ) -> Result<agent::Model> {
        match &sprint.starter_id {
            Some(starter) if *starter != actor.id => {
                let found = agent::Entity::find_by_id(starter.clone()).one(tx).await?;
                found.ok_or_else(|| Error::not_found("agent", starter))
            }
            _ => Ok(actor.clone()),
        }
    }
}

/// CONFLICT naming how many where tasks that are to be replaced are not as they were made.
fn check_untouched(replaced: &[task::Model]) -> Result<()> {
    let mut counts: HashMap<TaskStatus, u64> = HashMap::new();
    for task in replaced {
        if task.status != TaskStatus::Pending {
            *counts.entry(task.status).or_default() += 1;
        }
    }
    if counts.is_empty() {
        return Ok(());
    }
    let counts: HashMap<&str, u64> = counts
        .into_iter()
        .map(|(status, count)| (status.as_str(), count))
        .collect();
    Err(Error::conflict_with(
        "tasks of the phase have ended: accept them, or add to its waves",
        json!({"tasks": counts}),
    ))
}

/// Gives a sprint up: whatever is open of it is cancelled, with everything beneath, in one transaction (spec R3.10).
#[tracing::instrument(name = "sprint.cancel", skip_all, fields(sprint.id = id))]
pub async fn cancel(
    service: &Service,
    caller: &Caller,
    id: &str,
    reason: String,
) -> Result<sprint::Model> {
    const OPERATION: Operation = Operation::CancelSprint;
    service.allow(caller, OPERATION)?;
    text::check("reason", &reason, MAX_REASON)?;
    service
        .perform(caller, OPERATION, async |tx: &mut Tx| {
            let super::Loaded { sprint, .. } = load(tx, id).await?;
            if sprint.status.is_terminal() {
                return Err(stands_in_the_way(&sprint, "it has ended"));
            }
            let cancelled = Entry::new(AuditAction::WorkflowCancelled)
                .with("from", sprint.status)
                .with("reason", &reason);
            let after = sprint.cancelled(&reason, tx.now());
            if sprint.status == SprintStatus::Draft {
                tx.drop_plan(sprint.id).await?;
            }
            let (after, entry) = tx.change_sprint(&sprint, after, cancelled).await?;
            let all = tx.lock_tasks_of(sprint.id, None).await?;
            tasks::cancel_all(tx, all, &reason, entry).await?;
            Ok(after)
        })
        .await
}
