//! The founding fleet and task types, and fleet files at large: in and out (spec R3.13, R10.03). Floor 3.

use std::collections::HashSet;

use entities::agent::{self, AgentTier};
use entities::id::AgentId;
use entities::task_type as task_types;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;

use super::Service;
use super::agent::{Secrets, prepare, register_in_unit};
use super::task_type;
use crate::auth::actor::Caller;
use crate::auth::policy::Operation;
use crate::error::Result;
use crate::store::Tx;

mod file;

use file::FleetAgent;

/// The founding fleet of the studio: 12 L1, 144 L2 and 1,728 L3 agents.
pub const FOUNDING_FLEET: &str = include_str!("../../founding/fleet.json");
/// The founding task types.
pub const FOUNDING_TASK_TYPES: &str = include_str!("../../founding/task_types.json");

/// Loads what is missing of the founding fleet and task types, by the control center, each with its entry. Its agents have no secret
/// until one is made for them. Started again, or by two replicas at once, it finds what is there.
///
/// # Errors
/// Of the database.
#[tracing::instrument(name = "founding.load", skip_all)]
pub async fn load(service: &Service) -> Result<()> {
    let mut types = file::read_task_types(FOUNDING_TASK_TYPES)?;
    let fleet = file::read_fleet(FOUNDING_FLEET)?;
    let mut fleet = prepare(fleet, &service.settings, Secrets::Later, true)?;
    let itself = Caller::control_center(service.db.request_id());
    // Held by one replica at a time: the next one finds everything there.
    let locks = [AgentId::control_center()];
    service
        .db
        .write_alone(&itself, &locks, async |tx: &mut Tx| {
            let known = known_task_types(tx).await?;
            types.retain(|define| !known.contains(&define.name));
            task_type::insert_all(tx, types).await?;
            fleet.keep_missing(tx).await?;
            register_in_unit(tx, fleet).await.map(drop)
        })
        .await
}

async fn known_task_types(tx: &Tx) -> Result<HashSet<String>> {
    let names: Vec<String> = task_types::Entity::find()
        .select_only()
        .column(task_types::Column::Name)
        .distinct()
        .into_tuple()
        .all(tx)
        .await?;
    Ok(names.into_iter().collect())
}

/// Registers the agents of a fleet file, all or none, without secrets; gives how many.
///
/// # Errors
/// BAD_USER_INPUT with every fault of every line; FORBIDDEN for permissions that the caller may not grant.
#[tracing::instrument(name = "founding.import_fleet", skip_all)]
pub async fn import_fleet(service: &Service, caller: &Caller, text: &str) -> Result<usize> {
    let operation = Operation::RegisterAgents;
    service.allow(caller, operation)?;
    let lines = file::read_fleet(text)?;
    let prepared = prepare(lines, &service.settings, Secrets::Later, true)?;
    let (agents, _) = service
        .perform(caller, operation, async |tx: &mut Tx| {
            register_in_unit(tx, prepared).await
        })
        .await?;
    Ok(agents.len())
}

/// The whole fleet but for SYSTEM as a fleet file, which [`import_fleet`] takes: supervisors before their reports.
pub async fn export_fleet(service: &Service) -> Result<String> {
    let mut agents = agent::Entity::find()
        .filter(agent::Column::Tier.ne(AgentTier::System))
        .order_by_asc(agent::Column::Id)
        .all(&service.db)
        .await?;
    agents.sort_by(|a, b| b.tier.cmp(&a.tier).then_with(|| a.id.cmp(&b.id)));
    let agents: Vec<FleetAgent> = agents.into_iter().map(exported).collect();
    file::write_fleet(&agents)
}

fn exported(agent: agent::Model) -> FleetAgent {
    let config = match agent.config.value() {
        Value::Object(config) if !config.is_empty() => Some(config),
        _ => None,
    };
    FleetAgent {
        id: agent.id.to_string(),
        name: agent.name,
        tier: agent.tier,
        supervisor_id: agent.supervisor_id.map(|id| id.to_string()),
        permissions: (agent.permissions != agent.tier.ceiling())
            .then(|| agent.permissions.iter().collect()),
        capabilities: agent.capabilities.as_slice().to_vec(),
        config,
    }
}
