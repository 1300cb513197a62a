//! Who may see an asset (spec R1.09). Floor 1.

use std::collections::HashSet;
use std::sync::Arc;

use entities::agent::AgentTier;
use entities::asset::{self, AssetStatus};
use entities::id::AgentId;

use super::{TaskSight, sees_task};
use crate::auth::fleet::Fleet;
use crate::auth::policy::Reach;

/// What deciding about an asset takes, gathered once for all who may ask.
#[derive(Debug, Clone)]
pub struct AssetSight {
    /// Who made it.
    pub creator_id: AgentId,
    /// Whether nobody has judged it yet.
    pub unreviewed: bool,
    /// Its task.
    pub task: Option<Arc<TaskSight>>,
    /// Who holds a child of its task, checks included.
    pub child_holders: Arc<HashSet<AgentId>>,
}

impl AssetSight {
    /// What the row alone says.
    pub fn direct(asset: &asset::Model) -> Self {
        Self {
            creator_id: asset.creator_id.clone(),
            unreviewed: asset.status == AssetStatus::Generated,
            task: None,
            child_holders: Arc::default(),
        }
    }
}

/// Whether `viewer` may see the asset.
pub fn sees_asset(
    fleet: &Fleet,
    reach: Reach,
    viewer: &AgentId,
    tier: AgentTier,
    asset: &AssetSight,
) -> bool {
    tier == AgentTier::System
        || *viewer == asset.creator_id
        || (tier == AgentTier::L1 && asset.unreviewed)
        || asset.child_holders.contains(viewer)
        || asset
            .task
            .as_ref()
            .is_some_and(|task| sees_task(fleet, reach, viewer, tier, task))
}
