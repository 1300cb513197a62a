//! Which assets an agent may see (spec R1.09): one asset by the pure rule, lists by the same rule in SQL. Floor 3.

use entities::agent::{self, AgentTier};
use entities::asset;
use sea_orm::sea_query::Expr;
use sea_orm::{Condition, ConnectionTrait, DbBackend};

use crate::auth::policy::Reach;
use crate::auth::sight::{AssetSight, sees_asset};
use crate::error::Result;
use crate::service::Service;
use crate::service::task::seen_ids;
use crate::store::asset_sights;

/// Whether an agent may see an asset that was read.
pub(super) async fn sees(
    service: &Service,
    db: &impl ConnectionTrait,
    viewer: &agent::Model,
    asset: &asset::Model,
) -> Result<bool> {
    // Most callers stand in a direct relation to the asset: those cost no query.
    if sees_by(service, viewer, &AssetSight::direct(asset)) {
        return Ok(true);
    }
    let sights = asset_sights(db, std::slice::from_ref(asset)).await?;
    let mut sights = sights.iter();
    Ok(sights.any(|sight| sees_by(service, viewer, sight)))
}

fn sees_by(service: &Service, viewer: &agent::Model, sight: &AssetSight) -> bool {
    sees_asset(
        &service.feed.fleet(),
        service.settings.reach,
        &viewer.id,
        viewer.tier,
        sight,
    )
}

/// The condition on `assets` that leaves what an agent may see; none for SYSTEM, which sees all.
pub(super) fn visible(
    viewer: &agent::Model,
    reach: Reach,
    backend: DbBackend,
) -> Option<Condition> {
    let tasks = seen_ids(viewer, reach, backend)?;
    // An agent's id holds nothing but `A-Z 0-9 -`, so it can stand in SQL as it is.
    let id = &viewer.id;
    let mut arms = vec![
        format!("SELECT id FROM assets WHERE creator_id = '{id}'"),
        format!("SELECT id FROM assets WHERE task_id IN ({tasks})"),
        format!(
            "SELECT id FROM assets WHERE task_id IN \
             (SELECT parent_id FROM tasks WHERE assignee_id = '{id}' AND parent_id IS NOT NULL)"
        ),
    ];
    if viewer.tier == AgentTier::L1 {
        arms.push("SELECT id FROM assets WHERE status = 'GENERATED'".to_owned());
    }
    let seen = format!("assets.id IN ({})", arms.join(" UNION "));
    Some(Condition::all().add(Expr::cust(seen)))
}
