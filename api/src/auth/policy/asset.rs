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

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use entities::agent::{AgentState, Capabilities};
    use entities::asset::{AssetKind, AssetStatus};
    use entities::id::AssetId;
    use entities::json::JsonText;
    use uuid::Uuid;

    use super::*;

    fn agent(id: &str) -> agent::Model {
        let tier: AgentTier = id.split('-').next().unwrap().parse().unwrap();
        agent::Model {
            id: id.parse().unwrap(),
            name: id.to_owned(),
            tier,
            supervisor_id: None,
            permissions: tier.ceiling(),
            capabilities: Capabilities::default(),
            config: JsonText::empty_object(),
            state: AgentState::Operational,
            status_reason: None,
            secret_sha256: None,
            created_at: DateTime::UNIX_EPOCH,
            last_active_at: None,
            leases_lost: 0,
        }
    }

    fn asset_of(maker: &agent::Model) -> asset::Model {
        asset::Model {
            id: AssetId::new(Uuid::nil()),
            kind: AssetKind::Image,
            media_type: "image/png".to_owned(),
            status: AssetStatus::Generated,
            uri: None,
            object_key: None,
            byte_size: None,
            sha256: None,
            width: None,
            height: None,
            metadata: JsonText::empty_object(),
            task_id: None,
            creator_id: maker.id.clone(),
            reviewer_id: None,
            review_feedback: None,
            created_at: DateTime::UNIX_EPOCH,
            uploaded_at: None,
            reviewed_at: None,
            deleted_at: None,
        }
    }

    #[test]
    fn directors_and_operators_judge_what_others_made_and_only_makers_put_bytes() {
        let agents = ["L3-A-1", "L2-A-1", "L1-A-1", "L1-B-1", "SYSTEM-001"].map(agent);
        for maker in &agents {
            let asset = asset_of(maker);
            for other in &agents {
                let judges = other.tier >= AgentTier::L1 && other.id != maker.id;
                let name = format!("{} of {}", other.id, maker.id);
                assert_eq!(may_review_asset(other, &asset).is_ok(), judges, "{name}");
                let puts = is_maker(other, &asset).is_ok();
                assert_eq!(puts, other.id == maker.id, "{name}");
            }
        }
    }
}
