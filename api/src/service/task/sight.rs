//! Which tasks an agent may see (spec R1.09): one task by the pure rule, lists by the same rule in SQL. Floor 3.

mod newest;
mod sql;

use entities::agent;
use entities::task;
use sea_orm::ConnectionTrait;

pub(in crate::service) use newest::Newest;
pub(in crate::service) use sql::Sight;

use super::super::Service;
use crate::auth::sight::{TaskSight, sees_task};
use crate::error::Result;
use crate::store::task_sights;

/// Whether an agent may see a task that was read.
pub(super) async fn sees(
    service: &Service,
    db: &impl ConnectionTrait,
    viewer: &agent::Model,
    task: &task::Model,
) -> Result<bool> {
    // Most callers stand in a direct relation to the task: those cost no query.
    let direct = TaskSight::of(task, true, Vec::new());
    if sees_by(service, viewer, &direct) {
        return Ok(true);
    }
    let sights = task_sights(db, std::slice::from_ref(task)).await?;
    Ok(sights
        .first()
        .is_some_and(|sight| sees_by(service, viewer, sight)))
}

pub(super) fn sees_by(service: &Service, viewer: &agent::Model, sight: &TaskSight) -> bool {
    sees_task(
        &service.feed.fleet(),
        service.settings.reach,
        &viewer.id,
        viewer.tier,
        sight,
    )
}
