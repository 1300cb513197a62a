//! What sprints ask of tasks: many at a time, made, begun and given up (spec R7.02, R7.03). Floor 3.

use std::collections::{HashMap, HashSet};

use entities::agent;
use entities::audit::AuditAction;
use entities::id::{AgentId, AuditId, SprintId, TaskId};
use entities::json::JsonText;
use entities::task::{self, TaskEvent, TaskPriority};
use entities::task_type;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::Value;

use super::super::{Service, task_type as types};
use super::new::NewTask;
use super::{cancel, personal};
use crate::auth::policy::{self, Handing, Reach};
use crate::error::Result;
use crate::store::{Transition, Tx};

/// A task of a wave that has not begun.
pub(in crate::service) struct NewOfSprint<'a> {
    pub(in crate::service) id: TaskId,
    pub(in crate::service) sprint_id: SprintId,
    pub(in crate::service) phase: i16,
    pub(in crate::service) wave: i16,
    pub(in crate::service) terms: &'a task_type::Model,
    pub(in crate::service) input: &'a Value,
    pub(in crate::service) assignee_id: Option<AgentId>,
    pub(in crate::service) creator_id: AgentId,
}

impl NewOfSprint<'_> {
    /// Its making. It belongs to whom it is meant for from the beginning; nobody can claim it, and its deadline does not run.
    pub(in crate::service) fn created(self, service: &Service, tx: &Tx) -> Result<Transition> {
        let places = types::personal_input(service, self.terms, self.input)?;
        let row = NewTask {
            terms: self.terms,
            creator_id: self.creator_id,
            parent_id: None,
            depth: 0,
            priority: TaskPriority::Medium,
            input: JsonText::of(self.input),
            metadata: JsonText::empty_object(),
            personal: personal::of_input(places),
            deadline: None,
        };
        let row = task::Model {
            id: self.id,
            sprint_id: Some(self.sprint_id),
            phase: Some(self.phase),
            wave: Some(self.wave),
            assignee_id: self.assignee_id,
            deadline: None,
            claimable_at: None,
            ..row.row(tx)
        };
        Ok(Transition::of(row, AuditAction::TaskCreated))
    }
}

/// Whether `from` may give work of these types to these agents, by the one rule of handing over (spec R3.04): two queries for all of them.
pub(in crate::service) async fn check_giving<'a>(
    service: &Service,
    db: &impl ConnectionTrait,
    from: &agent::Model,
    given: impl IntoIterator<Item = (&'a AgentId, &'a task_type::Model)>,
) -> Result<()> {
    let given: Vec<_> = given.into_iter().collect();
    let agents = agents(db, given.iter().map(|(to, _)| (*to).clone())).await?;
    let above = agents
        .values()
        .filter_map(|agent| agent.supervisor_id.clone());
    let above = match service.settings.reach {
        Reach::Line => self::agents(db, above).await?,
        Reach::Fleet => HashMap::new(),
    };
    for (to, terms) in given {
        let Some(to) = agents.get(to) else {
            return Err(crate::error::Error::not_found("agent", to));
        };
        let mut line: Vec<AgentId> = to.supervisor_id.iter().cloned().collect();
        let next = line.first().and_then(|id| above.get(id));
        line.extend(next.and_then(|next| next.supervisor_id.clone()));
        policy::may_delegate(from, to, &line, Handing::Give, service.settings.reach)?;
        policy::may_hold(to, terms.requires_review)?;
    }
    Ok(())
}

async fn agents(
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = AgentId>,
) -> Result<HashMap<AgentId, agent::Model>> {
    let ids: HashSet<AgentId> = ids.into_iter().collect();
    let rows = match ids.is_empty() {
        true => Vec::new(),
        false => {
            agent::Entity::find()
                .filter(agent::Column::Id.is_in(ids))
                .all(db)
                .await?
        }
    };
    Ok(rows.into_iter().map(|row| (row.id.clone(), row)).collect())
}

/// The tasks of a wave, which this unit has locked, can be worked on from now on: those that are meant for somebody are assigned, the others
/// can be claimed. Deadlines begin to run.
pub(in crate::service) async fn begin_all(
    service: &Service,
    tx: &mut Tx,
    tasks: Vec<task::Model>,
    cause: AuditId,
) -> Result<()> {
    let now = tx.now();
    let meant_for = tasks.iter().filter_map(|task| task.assignee_id.clone());
    let agents = agents(tx, meant_for).await?;
    let (mut moved, mut opened) = (Vec::new(), Vec::new());
    for task in tasks {
        if !task.waits_for_wave() {
            continue;
        }
        let terms = types::terms(service, tx, &task).await?;
        let seconds = terms.deadline_seconds.map(i64::from);
        let deadline = seconds.map(|seconds| now + chrono::TimeDelta::seconds(seconds));
        let assignee = task.assignee_id.as_ref().and_then(|id| agents.get(id));
        let begun = match assignee {
            Some(assignee) => Transition::of(task, AuditAction::TaskAssigned)
                .step(TaskEvent::Assign)?
                .to(assignee, &terms, now),
            None if deadline.is_none() => {
                opened.push(task.id);
                continue;
            }
            // Its row changes in what is recorded: that its deadline runs.
            None => Transition::of(task, AuditAction::TaskProgressReported)
                .with("waveBegan", true)
                .set(|task| task.claimable_at = Some(now)),
        };
        let begun = begun.set(|task| task.deadline = deadline);
        moved.push(begun.by_control_center().caused_by(cause));
    }
    tx.apply_locked(moved).await?;
    tx.open_claims(&opened, now).await
}

/// Cancels what is open of these tasks, which this unit has locked, and everything open beneath them; nobody tries again what failed.
pub(in crate::service) async fn cancel_all(
    tx: &mut Tx,
    tasks: Vec<task::Model>,
    reason: &str,
    cause: AuditId,
) -> Result<()> {
    let ids = tasks.iter().map(|task| task.id).collect();
    let (mut ended, mut withdrawn) = (Vec::new(), Vec::new());
    for task in tasks {
        if task.status.after(TaskEvent::Cancel).is_some() {
            ended.push(cancel::cancelled(task, Some(reason), tx)?.caused_by(cause));
        } else if task.claimable_at.is_some() {
            withdrawn.push(task.id);
        }
    }
    tx.apply_locked(ended).await?;
    tx.withdraw_claims(&withdrawn).await?;
    cancel::cancel_below(tx, ids, Some(reason), cause).await
}

/// Cancels tasks, which this unit has locked and whose wave has not begun, and takes them out of their wave: others take their place.
pub(in crate::service) async fn take_out(
    tx: &mut Tx,
    tasks: Vec<task::Model>,
    cause: AuditId,
) -> Result<()> {
    const REASON: &str = "the sprint was changed";
    let mut ended = Vec::with_capacity(tasks.len());
    for task in tasks {
        let cancelled = cancel::cancelled(task, Some(REASON), tx)?.caused_by(cause);
        ended.push(cancelled.set(|task| (task.phase, task.wave) = (None, None)));
    }
    tx.apply_locked(ended).await
}
