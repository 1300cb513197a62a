//! Personal data (spec R5.08): erased at once for an agent, and by a clock of their own. Floor 3.

use chrono::TimeDelta;
use entities::agent;
use entities::id::AgentId;
use sea_orm::EntityTrait;

use super::Service;
use super::text::{self, MAX_REASON};
use crate::auth::actor::Caller;
use crate::auth::policy::Operation;
use crate::error::{Error, Result};
use crate::store::Tx;

/// erasePersonalData: addresses and user agents of what the agent did, and the values that types mark `x-personal` in tasks that it made or
/// holds. Every hash and proof still holds. Returns how many values were erased. What is erased in one unit is bounded, and audited with it: a
/// call that breaks off has erased a part, and the same call again erases the rest. PERSONAL_DATA_ERASED.
///
/// # Errors
/// FORBIDDEN; NOT_FOUND; BAD_USER_INPUT for a reason that is empty or too long.
#[tracing::instrument(name = "personal.erase", skip_all, fields(agent.id = id))]
pub async fn erase(service: &Service, caller: &Caller, id: &str, reason: &str) -> Result<u64> {
    service.allow(caller, Operation::ErasePersonalData)?;
    text::check("reason", reason, MAX_REASON)?;
    let id: AgentId = id.parse().map_err(|_| Error::not_found("agent", id))?;
    let (mut after, mut count) = (None, 0);
    loop {
        let unit = async |tx: &mut Tx| {
            let found = agent::Entity::find_by_id(id.clone()).one(tx).await?;
            found.ok_or_else(|| Error::not_found("agent", &id))?;
            tx.erase_personal_of(&id, reason, after).await
        };
        let erased = service
            .perform(caller, Operation::ErasePersonalData, unit)
            .await?;
        count += erased.count;
        after = erased.next;
        if after.is_none() {
            break;
        }
    }
    empty_log(service).await?;
    Ok(count)
}

/// Erases what is older than personal data are kept; gives how many values.
///
/// # Errors
/// Of the database.
pub async fn sweep(service: &Service) -> Result<u64> {
    let kept = TimeDelta::from_std(service.settings.personal_retention).unwrap_or(TimeDelta::MAX);
    let mut count = 0;
    loop {
        let itself = Caller::control_center(service.db.request_id());
        let unit = async |tx: &mut Tx| match tx.now().checked_sub_signed(kept) {
            Some(before) => tx.erase_personal_before(before).await,
            None => Ok(0),
        };
        match service.db.write(&itself, unit).await? {
            0 => break,
            erased => count += erased,
        }
    }
    if count > 0 {
        empty_log(service).await?;
    }
    Ok(count)
}

async fn empty_log(service: &Service) -> Result<()> {
    if !service.db.empty_log().await? {
        tracing::warn!(
            "a reader keeps the database's write-ahead log from being emptied: what was erased stands in it until the next checkpoint"
        );
    }
    Ok(())
}
