//! Making sprints, and starting them (spec R7.02, R7.03). Floor 3.

use entities::agent;
use entities::audit::AuditAction;
use entities::id::AgentId;
use entities::sprint::{self, PhaseKind, SprintStatus, plan as plans};
use entities::task_type;
use sea_orm::EntityTrait;

use super::super::{Service, task as tasks};
use super::check::Types;
use super::plan::{Plan, PlannedPhase, PlannedTask};
use super::{advance, check, load, parse, plan, stands_in_the_way};
use crate::auth::actor::Caller;
use crate::auth::policy::Operation;
use crate::error::{Error, Result};
use crate::service::text::{self, MAX_NAME};
use crate::store::{Entry, Tx};

/// A sprint that is asked for.
#[derive(Debug, Clone)]
pub struct Create {
    /// What people call it.
    pub name: String,
    /// The L2 agent that it builds up.
    pub lead_id: String,
    /// The template to make it from; without one it has the seven phases with their weights, and no tasks yet.
    pub template: Option<String>,
}

/// A workflow of any shape that is asked for.
#[derive(Debug, Clone)]
pub struct CreateWorkflow {
    /// What people call it.
    pub name: String,
    /// The L2 agent that leads it.
    pub lead_id: String,
    /// Its phases, in order.
    pub phases: Vec<PlannedPhase>,
}

/// Makes a sprint from a template.
#[tracing::instrument(name = "sprint.create", skip_all)]
pub async fn create(service: &Service, caller: &Caller, create: Create) -> Result<sprint::Model> {
    const OPERATION: Operation = Operation::CreateSprint;
    service.allow(caller, OPERATION)?;
    text::check("name", &create.name, MAX_NAME)?;
    let lead = check::lead(service, &create.lead_id).await?;
    let phases = match &create.template {
        Some(name) => service.settings.templates.phases(name, &lead.id)?,
        None => bare(),
    };
    check::phases(service, &phases).await?;
    insert(
        service,
        caller,
        OPERATION,
        create.name,
        create.template,
        lead,
        &phases,
    )
    .await
}

/// The seven phases with their weights, for changeWorkflow to fill.
fn bare() -> Vec<PlannedPhase> {
    let phase = |kind: &PhaseKind| PlannedPhase {
        kind: *kind,
        weight: kind.usual_weight().into(),
        waves: Vec::new(),
    };
    PhaseKind::ALL.iter().map(phase).collect()
}

/// Makes a workflow of phases that the caller gives.
#[tracing::instrument(name = "sprint.create_workflow", skip_all)]
pub async fn create_workflow(
    service: &Service,
    caller: &Caller,
    create: CreateWorkflow,
) -> Result<sprint::Model> {
    const OPERATION: Operation = Operation::CreateWorkflow;
    service.allow(caller, OPERATION)?;
    text::check("name", &create.name, MAX_NAME)?;
    let lead = check::lead(service, &create.lead_id).await?;
    check::phases(service, &create.phases).await?;
    insert(
        service,
        caller,
        OPERATION,
        create.name,
        None,
        lead,
        &create.phases,
    )
    .await
}

async fn insert(
    service: &Service,
    caller: &Caller,
    operation: Operation,
    name: String,
    template: Option<String>,
    lead: agent::Model,
    phases: &[PlannedPhase],
) -> Result<sprint::Model> {
    let planned = Plan::of(phases.iter().map(|phase| phase.waves.clone()).collect());
    let (text, hash) = planned.written()?;
    service
        .perform(caller, operation, async |tx: &mut Tx| {
            let row = sprint::Model {
                id: tx.sprint_id(),
                name,
                template,
                lead_id: lead.id,
                creator_id: tx.actor()?.agent.id.clone(),
                starter_id: None,
                status: SprintStatus::Draft,
                phases: plan::waiting(phases),
                plan_sha256: Some(hash),
                reason: None,
                created_at: tx.now(),
                started_at: None,
                finished_at: None,
                revision: 0,
            };
            tx.insert_sprint(row.clone(), text).await?;
            Ok(row)
        })
        .await
}

/// Starts a sprint: its tasks are made, in the caller's name, and the first wave begins.
///
/// # Errors
/// CONFLICT where it has begun before, or an agent that it names is not operational; FORBIDDEN where the caller may not give work to one of
/// them; BAD_USER_INPUT where a type has another version by now to which an input does not keep.
#[tracing::instrument(name = "sprint.start", skip_all, fields(sprint.id = id))]
pub async fn start(service: &Service, caller: &Caller, id: &str) -> Result<sprint::Model> {
    const OPERATION: Operation = Operation::StartSprint;
    service.allow(caller, OPERATION)?;
    let seen = super::get(service, caller, id).await?;
    if seen.status != SprintStatus::Draft {
        return Err(stands_in_the_way(&seen, "only a DRAFT can be started"));
    }
    let found = plans::Entity::find_by_id(parse(id)?)
        .one(&service.db)
        .await?;
    // Started or cancelled since it was read.
    let kept =
        found.ok_or_else(|| stands_in_the_way(&seen, "it was changed at the same moment"))?;
    let planned = match Plan::read(&kept.plan, seen.plan_sha256.as_deref()) {
        Ok(planned) => planned,
        // Row and plan are read one after the other: it may have been changed in between, which the unit would find out.
        Err(error) => return Err(changed_or(service, &seen, error).await?),
    };
    let known = check::latest_types(service).await?;
    let mut faults = Vec::new();
    for (index, waves) in planned.phases.iter().enumerate() {
        let place = format!("phases/{index}/waves");
        faults.extend(check::waves(service, &known, &place, waves).await?);
    }
    check::refuse(faults)?;
    service
        .perform(caller, OPERATION, async |tx: &mut Tx| {
            let loaded = load(tx, id).await?;
            if loaded.sprint.revision != seen.revision {
                return Err(stands_in_the_way(
                    &loaded.sprint,
                    "it was changed at the same moment",
                ));
            }
            begin(service, tx, loaded, &planned, &known).await
        })
        .await
}

async fn changed_or(service: &Service, seen: &sprint::Model, error: Error) -> Result<Error> {
    let now = sprint::Entity::find_by_id(seen.id).one(&service.db).await?;
    Ok(match now {
        Some(now) if now.revision != seen.revision => {
            stands_in_the_way(&now, "it was changed at the same moment")
        }
        _ => error,
    })
}

async fn begin(
    service: &Service,
    tx: &mut Tx,
    super::Loaded { sprint, actor }: super::Loaded,
    planned: &Plan,
    known: &Types,
) -> Result<sprint::Model> {
    let all: Vec<_> = planned.tasks().collect();
    let given = all.iter().map(|(_, _, task)| *task);
    check_giving(service, tx, &actor, given, known).await?;
    let places = all
        .iter()
        .map(|(phase, wave, task)| ((*phase, *wave), *task));
    insert_tasks(service, tx, &sprint, &actor.id, places.collect(), known).await?;
    let mut step = sprint.begun(tx.now());
    step.after.starter_id = Some(actor.id.clone());
    step.after.plan_sha256 = None;
    let started = Entry::new(AuditAction::WorkflowStarted).with("from", sprint.status);
    tx.drop_plan(sprint.id).await?;
    let (begun, entry) = tx.change_sprint(&sprint, step.after, started).await?;
    if let Some(stage) = step.begins {
        advance::begin_wave(service, tx, &begun, stage, entry).await?;
    }
    advance::settle_from(service, tx, begun).await
}

/// Whether `from` may give these tasks to whom they name (spec R3.04).
pub(super) async fn check_giving(
    service: &Service,
    tx: &Tx,
    from: &agent::Model,
    planned: impl Iterator<Item = &PlannedTask>,
    known: &Types,
) -> Result<()> {
    let mut given: Vec<(AgentId, &task_type::Model)> = Vec::new();
    for task in planned {
        let named = task.assignee_id.as_deref();
        if let (Some(Ok(id)), Some(terms)) = (named.map(str::parse), known.get(&task.type_name)) {
            given.push((id, terms));
        }
    }
    let given = given.iter().map(|(id, terms)| (id, *terms));
    tasks::check_giving(service, tx, from, given).await
}

/// Makes tasks of waves that have not begun, in the name of `creator`.
pub(super) async fn insert_tasks(
    service: &Service,
    tx: &mut Tx,
    sprint: &sprint::Model,
    creator: &AgentId,
    planned: Vec<((usize, usize), &PlannedTask)>,
    known: &Types,
) -> Result<()> {
    // In the order of the plan, which is that of their ids.
    let ids = tx.task_ids(planned.len());
    let mut created = Vec::with_capacity(planned.len());
    for (id, ((phase, wave), task)) in ids.into_iter().zip(planned) {
        let terms = known
            .get(&task.type_name)
            .ok_or_else(|| Error::not_found("task type", &task.type_name))?;
        let made = tasks::NewOfSprint {
            id,
            sprint_id: sprint.id,
            phase: index(phase)?,
            wave: index(wave)?,
            terms,
            input: &task.input,
            assignee_id: task.assignee_id.as_deref().and_then(|id| id.parse().ok()),
            creator_id: creator.clone(),
        };
        created.push(made.created(service, tx)?);
    }
    tx.insert_tasks(created).await
}

/// A place among phases or waves, as rows of tasks have it.
pub(super) fn index(place: usize) -> Result<i16> {
    i16::try_from(place).map_err(Error::internal)
}
