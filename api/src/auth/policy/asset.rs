//! Who may do what with assets (spec section 4). Floor 1.

use entities::agent::{self, AgentTier};
use entities::{asset, task};

use super::refuse;
use crate::error::Result;

/// registerAsset for a task: who holds it, and SYSTEM (spec R4.01).
pub fn may_make_asset(agent: &agent::Model, task: &task::Model) -> Result<()> {
    if agent.tier == AgentTier::System || task.assignee_id.as_ref() == Some(&agent.id) {
        return Ok(());
    }
    refuse(
        "R4.01 task",
        "a task that is held by the caller",
        format!("{}, which is not held by {}", task.id, agent.id),
    )
}

/// Putting the bytes of an asset: who made it (spec R4.02).
pub fn is_maker(agent: &agent::Model, asset: &asset::Model) -> Result<()> {
    if asset.creator_id == agent.id {
        return Ok(());
    }
    refuse(
        "R4.02 maker",
        format!("the maker, {}", asset.creator_id),
        agent.id.to_string(),
    )
}

/// reviewAsset: L1 or SYSTEM, never the maker (spec R4.03).
pub fn may_review_asset(agent: &agent::Model, asset: &asset::Model) -> Result<()> {
    const RULE: &str = "R4.03 review";
    if agent.tier < AgentTier::L1 {
        return refuse(RULE, "tier L1 or higher", format!("tier {}", agent.tier));
    }
    if asset.creator_id == agent.id {
        return refuse(
            RULE,
            "somebody who did not make it",
            format!("{}, its maker", agent.id),
        );
    }
    Ok(())
}
