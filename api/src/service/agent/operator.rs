//! The last operator stays (spec R1.08): the last operational SYSTEM operator with MANAGE_AGENTS and MODIFY_PERMISSIONS can lose neither,
//! nor be deactivated, set in ERROR, or lose its last way in. Floor 3.

use entities::agent::{self, AgentPermission, AgentState, AgentTier};
use entities::id::AgentId;
use entities::session;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;

use crate::error::{Error, Result};
use crate::store::Tx;

/// Whether an agent of this id is of tier SYSTEM: ids begin with the tier (spec R1.02).
pub(in crate::service) fn is_system(id: &AgentId) -> bool {
    id.fits(AgentTier::System)
}

/// The agents whose locks a unit must hold alone to stop or change these: with an operator among them also the control center's, which
/// stands for the set of operators, so that two units never take away one of the last two each.
pub(in crate::service) fn locks_for(ids: impl IntoIterator<Item = AgentId>) -> Vec<AgentId> {
    let mut locks: Vec<AgentId> = ids.into_iter().collect();
    if locks.iter().any(is_system) {
        locks.push(AgentId::control_center());
    }
    locks
}

/// Whether the agent can manage agents and what they may do. The control center, which cannot log in, does not count.
fn is_operator(agent: &agent::Model) -> bool {
    agent.tier == AgentTier::System
        && agent.id != AgentId::control_center()
        && agent.state == AgentState::Operational
        && agent.permissions.contains(AgentPermission::ManageAgents)
        && agent
            .permissions
            .contains(AgentPermission::ModifyPermissions)
}

/// CONFLICT unless, after what the unit has done so far, an operator with a way in remains. The unit holds the control center's lock.
pub(in crate::service) async fn must_remain(tx: &Tx) -> Result<()> {
    let operators: Vec<agent::Model> = agent::Entity::find()
        .filter(agent::Column::Tier.eq(AgentTier::System))
        .filter(agent::Column::State.eq(AgentState::Operational))
        .all(tx)
        .await?
        .into_iter()
        .filter(is_operator)
        .collect();
    if operators.iter().any(|agent| agent.secret_sha256.is_some()) {
        return Ok(());
    }
    let sessions = session::Entity::find()
        .filter(session::Column::AgentId.is_in(operators.into_iter().map(|agent| agent.id)))
        .filter(session::Column::RevokedAt.is_null())
        .filter(session::Column::ExpiresAt.gt(tx.now()))
        .count(tx)
        .await?;
    if sessions > 0 {
        return Ok(());
    }
    Err(Error::conflict_with(
        format!(
            "the last operational operator with {} and {} must keep both, stay operational and keep a way in",
            AgentPermission::ManageAgents,
            AgentPermission::ModifyPermissions
        ),
        json!({"rule": "R1.08 last operator"}),
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_unit_that_touches_an_operator_locks_the_set_of_operators() {
        let ids = |texts: &[&str]| -> Vec<AgentId> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        assert_eq!(locks_for(ids(&["L1-ART-001"])), ids(&["L1-ART-001"]));
        assert_eq!(
            locks_for(ids(&["L1-ART-001", "SYSTEM-001"])),
            ids(&["L1-ART-001", "SYSTEM-001", "SYSTEM-000"])
        );
    }
}
