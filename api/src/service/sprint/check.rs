//! Whether a plan can be carried out: its shape, its types and inputs, and whom it names. Floor 3.

use std::collections::{HashMap, HashSet};

use entities::agent::{self, AgentTier};
use entities::id::AgentId;
use entities::task_type;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::super::{Service, task_type as types};
use super::plan::{PlannedPhase, PlannedTask, PlannedWave};
use crate::error::{Error, Fault, Result};

/// The most phases of a sprint.
const MAX_PHASES: usize = 20;
/// The most waves of a sprint: what is recorded of it fits into one entry of the log.
const MAX_WAVES: usize = 200;
/// How many faults an answer lists.
const MAX_FAULTS: usize = 100;

/// The latest version of each type, by name.
pub(super) type Types = HashMap<String, task_type::Model>;

/// The latest version of each type: one statement.
pub(super) async fn latest_types(service: &Service) -> Result<Types> {
    let all = types::list(service).await?;
    Ok(all.into_iter().map(|row| (row.name.clone(), row)).collect())
}

/// BAD_USER_INPUT with every fault of the phases: how many, their weights, their waves and tasks. LIMIT_EXCEEDED where they are too many.
pub(super) async fn phases(service: &Service, phases: &[PlannedPhase]) -> Result<()> {
    below("phases of a sprint", phases.len(), MAX_PHASES)?;
    let mut faults = Vec::new();
    if phases.is_empty() {
        faults.push(Fault::of("phases", "minItems", "must not be empty"));
    }
    for (index, phase) in phases.iter().enumerate() {
        if !(0..=100).contains(&phase.weight) {
            let place = format!("phases/{index}/weight");
            faults.push(Fault::of(&place, "range", "must be 0 to 100"));
        }
    }
    let sum: i64 = phases.iter().map(|phase| i64::from(phase.weight)).sum();
    if faults.is_empty() && sum != 100 {
        let message = format!("the weights must sum to 100, they sum to {sum}");
        faults.push(Fault::of("phases", "weights", message));
    }
    let all: usize = phases.iter().map(|phase| phase.waves.len()).sum();
    below("waves of a sprint", all, MAX_WAVES)?;
    let tasks = phases.iter().flat_map(|phase| &phase.waves);
    check_count(service, tasks.map(|wave| wave.tasks.len()).sum())?;
    let known = latest_types(service).await?;
    for (index, phase) in phases.iter().enumerate() {
        let place = format!("phases/{index}/waves");
        faults.extend(waves(service, &known, &place, &phase.waves).await?);
    }
    refuse(faults)
}

/// LIMIT_EXCEEDED where a sprint would have more tasks than the setting allows.
pub(super) fn check_count(service: &Service, tasks: usize) -> Result<()> {
    let limit = service.settings.max_sprint_tasks;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    below("tasks of a sprint", tasks, limit)
}

/// LIMIT_EXCEEDED where a sprint would have more waves than what is recorded of it has room for.
pub(super) fn check_waves(waves: usize) -> Result<()> {
    below("waves of a sprint", waves, MAX_WAVES)
}

fn below(limit: &'static str, requested: usize, value: usize) -> Result<()> {
    if requested <= value {
        return Ok(());
    }
    Err(Error::LimitExceeded {
        limit,
        value: value as u64,
        requested: requested as u64,
    })
}

/// BAD_USER_INPUT where there are faults.
pub(super) fn refuse(mut faults: Vec<Fault>) -> Result<()> {
    faults.truncate(MAX_FAULTS);
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Error::BadUserInput(faults)),
    }
}

/// The faults of waves that stand at `place`: one query for all whom they name.
pub(super) async fn waves(
    service: &Service,
    known: &Types,
    place: &str,
    waves: &[PlannedWave],
) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    let tasks = || waves.iter().flat_map(|wave| &wave.tasks);
    let agents = named(service, tasks()).await?;
    for (index, wave) in waves.iter().enumerate() {
        if wave.tasks.is_empty() {
            let place = format!("{place}/{index}/tasks");
            faults.push(Fault::of(&place, "minItems", "must not be empty"));
        }
        for (number, task) in wave.tasks.iter().enumerate() {
            if faults.len() >= MAX_FAULTS {
                return Ok(faults);
            }
            let place = format!("{place}/{index}/tasks/{number}");
            faults.extend(faults_of(service, known, &agents, &place, task)?);
        }
    }
    Ok(faults)
}

fn faults_of(
    service: &Service,
    known: &Types,
    agents: &HashSet<AgentId>,
    place: &str,
    task: &PlannedTask,
) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    match known.get(&task.type_name) {
        None => {
            let name = types::shortened(&task.type_name);
            let message = format!("there is no task type {name:?}");
            faults.push(Fault::of(&format!("{place}/type"), "known", message));
        }
        Some(terms) => {
            let of_input = types::input_faults(service, terms, &task.input)?;
            faults.extend(of_input.into_iter().map(|fault| Fault {
                pointer: format!("/{place}{}", fault.pointer),
                ..fault
            }));
        }
    }
    if let Some(named) = &task.assignee_id
        && !named.parse().is_ok_and(|id: AgentId| agents.contains(&id))
    {
        let message = format!("there is no agent {:?}", types::shortened(named));
        faults.push(Fault::of(&format!("{place}/assigneeId"), "known", message));
    }
    Ok(faults)
}

/// Those of the agents that tasks name who are there.
async fn named<'a>(
    service: &Service,
    tasks: impl Iterator<Item = &'a PlannedTask>,
) -> Result<HashSet<AgentId>> {
    let ids: HashSet<AgentId> = tasks
        .filter_map(|task| task.assignee_id.as_deref()?.parse().ok())
        .collect();
    if ids.is_empty() {
        return Ok(ids);
    }
    let found: Vec<AgentId> = agent::Entity::find()
        .select_only()
        .column(agent::Column::Id)
        .filter(agent::Column::Id.is_in(ids))
        .into_tuple()
        .all(&service.db)
        .await?;
    Ok(found.into_iter().collect())
}

/// The agent that a sprint is to build up. BAD_USER_INPUT where it is no L2 agent; NOT_FOUND where it is not there.
pub(super) async fn lead(service: &Service, id: &str) -> Result<agent::Model> {
    let parsed: AgentId = id.parse().map_err(|_| Error::not_found("agent", id))?;
    let found = agent::Entity::find_by_id(parsed).one(&service.db).await?;
    let lead = found.ok_or_else(|| Error::not_found("agent", id))?;
    if lead.tier == AgentTier::L2 {
        return Ok(lead);
    }
    let message = format!(
        "a sprint is led by an L2 agent, {} is {}",
        lead.id, lead.tier
    );
    Err(Error::bad_input("leadId", "tier", message))
}
