//! Sprints: phases of waves of tasks, run by the server (spec section 7). Floor 3.

use std::sync::Arc;

use entities::agent;
use entities::id::SprintId;
use entities::sprint;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};

mod accept;
mod advance;
mod begin;
mod change;
mod check;
mod evidence;
mod plan;
mod query;
mod template;
mod wave;

pub use accept::accept;
pub(super) use accept::lock_for_retry;
pub use advance::{advance, keep_going, settle};
pub use begin::{Create, CreateWorkflow, create, create_workflow, start};
pub use change::{cancel, change};
pub use evidence::attach;
pub use plan::{PlannedPhase, PlannedTask, PlannedWave};
pub use query::{find_visible, get, list, tallies};
pub use template::{TEMPLATE_SCHEMA, Templates, check_file as check_template};
pub use wave::{WaveKey, pages as wave_pages};

use super::Service;
use crate::auth::actor::{Caller, Principal};
use crate::auth::sight::{hidden_from, sees_sprint};
use crate::error::{Error, Result};
use crate::store::Tx;

fn parse(id: &str) -> Result<SprintId> {
    id.parse().map_err(|_| Error::not_found("sprint", id))
}

/// A sprint as a verb works on it: the row, locked, and the agent that acts.
struct Loaded {
    sprint: sprint::Model,
    actor: Arc<agent::Model>,
}

/// Reads and locks a sprint for a verb. NOT_FOUND where it is not there or not to be seen by the caller.
async fn load(tx: &mut Tx, id: &str) -> Result<Loaded> {
    let actor = tx.actor()?.agent.clone();
    let found = tx.lock_sprint(parse(id)?).await?;
    let sprint = found.ok_or_else(|| Error::not_found("sprint", id))?;
    check_seen(tx, &actor, &sprint).await?;
    Ok(Loaded { sprint, actor })
}

async fn check_seen(
    db: &impl ConnectionTrait,
    viewer: &agent::Model,
    sprint: &sprint::Model,
) -> Result<()> {
    if sees(db, viewer, sprint).await? {
        return Ok(());
    }
    Err(Error::hidden("sprint", sprint.id, hidden_from(&viewer.id)))
}

async fn sees(
    db: &impl ConnectionTrait,
    viewer: &agent::Model,
    sprint: &sprint::Model,
) -> Result<bool> {
    // Most callers need no query.
    if sees_sprint(&viewer.id, viewer.tier, &sprint.lead_id, false) {
        return Ok(true);
    }
    let held = entities::task::Entity::find()
        .filter(entities::task::Column::AssigneeId.eq(viewer.id.clone()))
        .filter(entities::task::Column::SprintId.eq(sprint.id))
        .count(db)
        .await?;
    Ok(sees_sprint(
        &viewer.id,
        viewer.tier,
        &sprint.lead_id,
        held > 0,
    ))
}

/// Whether the caller may see a sprint that was read, by what is so now.
pub async fn is_visible(
    service: &Service,
    caller: &Caller,
    sprint: &sprint::Model,
) -> Result<bool> {
    match &caller.principal {
        Principal::Agent(actor) => sees(&service.db, &actor.agent, sprint).await,
        Principal::Anonymous => Ok(false),
        Principal::ControlCenter => Ok(true),
    }
}

/// CONFLICT about where the sprint stands.
fn stands_in_the_way(sprint: &sprint::Model, message: &str) -> Error {
    Error::conflict_with(
        format!("sprint {} is {}: {message}", sprint.id, sprint.status),
        serde_json::json!({"sprintId": sprint.id, "status": sprint.status}),
    )
}
