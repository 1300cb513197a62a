//! Agents: who is registered, what each may do, who stands still (spec section 1). Floor 3.
//!
//! Reading is here; each verb that changes something has its file beneath.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entities::agent::{self, AgentPermission, AgentState, AgentStatus, AgentTier};
use entities::id::AgentId;
use entities::task;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use serde_json::Value;

mod change;
mod check;
mod list;
mod operator;
mod overview;
mod register;
mod secret;
mod stop;
mod update;

pub use list::{Filter, list, stuck};
pub use overview::{Overview, overview};
pub use register::register;
pub use secret::rotate_secret;
pub use stop::{Stop, deactivate, report_error, set_error, stop_all};
pub use update::{activate, set_permissions, update, update_config};

pub(super) use operator::{is_system, locks_for, must_remain};
pub(super) use register::{Secrets, prepare, register_in_unit};

use super::Service;
use crate::auth::actor::{Caller, Principal};
use crate::auth::secret::Secret;
use crate::auth::sight;
use crate::error::{Denial, Error, Result};

/// What it takes to register an agent.
#[derive(Debug, Clone)]
pub struct Register {
    /// Its name plate: its tier's name, a dash, and more (spec R1.02).
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its rank, for good.
    pub tier: AgentTier,
    /// Exactly one tier up; none for L1 and SYSTEM.
    pub supervisor_id: Option<String>,
    /// What it may do; its tier's ceiling when left out.
    pub permissions: Option<Vec<AgentPermission>>,
    /// The task types that it can execute; none when left out.
    pub capabilities: Option<Vec<String>>,
    /// A JSON object; the empty one when left out.
    pub config: Option<Value>,
}

/// What to change of one agent; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct Update {
    /// Which agent.
    pub id: String,
    /// Another name.
    pub name: Option<String>,
    /// Another supervisor.
    pub supervisor_id: Option<String>,
    /// Other capabilities, instead of those that it has.
    pub capabilities: Option<Vec<String>>,
    /// Another configuration, instead of the one that it has.
    pub config: Option<Value>,
    /// Other permissions, instead of those that it has; takes MODIFY_PERMISSIONS.
    pub permissions: Option<Vec<AgentPermission>>,
    /// Whether to activate or to deactivate it.
    pub active: Option<bool>,
    /// Why; required to deactivate.
    pub reason: Option<String>,
}

/// An agent and the secret that was just made for it: the one time that it is shown (spec R2.01).
#[derive(Debug, Clone)]
pub struct Registered {
    /// The agent.
    pub agent: agent::Model,
    /// Its secret.
    pub secret: Secret,
}

/// How many ids one statement names: well below the parameters that SQLite takes.
const CHUNK: usize = 10_000;

/// One agent, if there is one of this id.
pub async fn find(service: &Service, id: &str) -> Result<Option<agent::Model>> {
    let Ok(id) = id.parse::<AgentId>() else {
        return Ok(None);
    };
    let found = agent::Entity::find_by_id(id).one(&service.db).await?;
    Ok(found.map(|agent| freshen(service, agent)))
}

/// One agent. NOT_FOUND where there is none.
pub async fn get(service: &Service, id: &str) -> Result<agent::Model> {
    find(service, id)
        .await?
        .ok_or_else(|| Error::not_found("agent", id))
}

/// Those of these agents that there are.
pub async fn find_many(
    service: &Service,
    ids: &[AgentId],
) -> Result<HashMap<AgentId, agent::Model>> {
    let found = rows(&service.db, ids).await?;
    Ok(found
        .into_iter()
        .map(|(id, agent)| (id, freshen(service, agent)))
        .collect())
}

/// Which of these agents hold a task IN_PROGRESS: what PROCESSING is derived from (spec R1.05).
pub async fn processing(service: &Service, ids: &[AgentId]) -> Result<HashSet<AgentId>> {
    let mut holders = HashSet::new();
    for chunk in ids.chunks(CHUNK) {
        let found = task::Entity::find()
            .select_only()
            .column(task::Column::AssigneeId)
            .distinct()
            .filter(in_progress())
            .filter(task::Column::AssigneeId.is_in(chunk.iter().cloned()))
            .into_tuple::<AgentId>()
            .all(&service.db)
            .await?;
        holders.extend(found);
    }
    Ok(holders)
}

/// The status as reported (spec R1.05).
pub fn status(agent: &agent::Model, processing: bool, now: DateTime<Utc>) -> AgentStatus {
    AgentStatus::derive(agent.state, processing, agent.last_active_at, now)
}

/// Whether the caller may see `config` and `permissions` of an agent (spec R1.09).
pub fn sees_configuration(service: &Service, caller: &Caller, agent: &agent::Model) -> bool {
    let actor = match &caller.principal {
        Principal::Anonymous => return false,
        Principal::ControlCenter => return true,
        Principal::Agent(actor) => actor,
    };
    let fleet = service.feed.fleet();
    let supervisors: Vec<AgentId> = fleet.supervisors(&agent.id).cloned().collect();
    sight::sees_configuration(&actor.agent.id, actor.agent.tier, &agent.id, &supervisors)
}

/// The rows of these agents, as they are in the database.
async fn rows(
    connection: &impl ConnectionTrait,
    ids: &[AgentId],
) -> Result<HashMap<AgentId, agent::Model>> {
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let rows = agent::Entity::find()
            .filter(agent::Column::Id.is_in(chunk.iter().cloned()))
            .all(connection)
            .await?;
        found.extend(rows.into_iter().map(|row| (row.id.clone(), row)));
    }
    Ok(found)
}

/// The tiers of those of these agents that there are.
async fn tiers(
    connection: &impl ConnectionTrait,
    ids: &[AgentId],
) -> Result<HashMap<AgentId, AgentTier>> {
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let rows = agent::Entity::find()
            .select_only()
            .columns([agent::Column::Id, agent::Column::Tier])
            .filter(agent::Column::Id.is_in(chunk.iter().cloned()))
            .into_tuple::<(AgentId, AgentTier)>()
            .all(connection)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// The row of one agent that is to change. NOT_FOUND where there is none, FORBIDDEN for the control center, which nobody changes.
async fn row_to_change(connection: &impl ConnectionTrait, id: &AgentId) -> Result<agent::Model> {
    refuse_control_center(id)?;
    agent::Entity::find_by_id(id.clone())
        .one(connection)
        .await?
        .ok_or_else(|| Error::not_found("agent", id))
}

/// Parses an id that a caller named. A malformed one is an agent that does not exist.
pub(super) fn parse_id(id: &str) -> Result<AgentId> {
    id.parse().map_err(|_| Error::not_found("agent", id))
}

/// SYSTEM-000 is the control center itself: it is never registered, changed or logged in (spec R1.02).
pub(super) fn refuse_control_center(id: &AgentId) -> Result<()> {
    if *id != AgentId::control_center() {
        return Ok(());
    }
    Err(Error::Forbidden(Denial {
        rule: "R1.02 control center",
        needed: "an agent that can be changed and log in".to_owned(),
        had: id.to_string(),
    }))
}

/// Whether a task is IN_PROGRESS. The word stands in the statement itself: only so does SQLite use the partial index.
fn in_progress() -> Expr {
    Expr::cust("tasks.status = 'IN_PROGRESS'")
}

/// With the last use that has not been flushed yet, so that statuses are right at once where the agent called.
fn freshen(service: &Service, mut agent: agent::Model) -> agent::Model {
    agent.last_active_at = agent
        .last_active_at
        .max(service.last_uses.latest(&agent.id));
    agent
}

/// Whether an agent of this row is operational.
fn is_operational(agent: &agent::Model) -> bool {
    agent.state == AgentState::Operational
}
