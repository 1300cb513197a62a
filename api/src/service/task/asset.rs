//! What assets ask of tasks. Floor 3.

use entities::agent;
use entities::task;

use super::super::Service;
use super::load;
use crate::error::{Error, Result};
use crate::store::Tx;

/// A task that a caller names, locked against every other change until the unit ends. NOT_FOUND where it is not there or not to be seen.
pub(in crate::service) async fn lock_seen(
    service: &Service,
    tx: &mut Tx,
    actor: &agent::Model,
    id: &str,
) -> Result<task::Model> {
    let parsed = id.parse().map_err(|_| Error::not_found("task", id))?;
    let found = tx.lock_task(parsed).await?;
    let task = found.ok_or_else(|| Error::not_found("task", id))?;
    load::check_seen(service, tx, actor, &task).await?;
    Ok(task)
}
