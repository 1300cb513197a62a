//! Which assets an agent may see (spec R1.09): one asset by the pure rule, lists by the same rule in SQL. Floor 3.

use entities::agent::{self, AgentTier};
use entities::asset::{self, AssetStatus};
use entities::task;
use sea_orm::sea_query::{Expr, Query, UnionType};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbBackend};

use crate::auth::policy::Reach;
use crate::auth::sight::{AssetSight, sees_asset};
use crate::error::Result;
use crate::service::Service;
use crate::service::task::Sight;
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
    use asset::Column;
    let tasks = Sight::of(viewer, reach, backend)?.ids();
    let of_children = Query::select()
        .column(task::Column::ParentId)
        .from(task::Entity)
        .and_where(task::Column::AssigneeId.eq(viewer.id.clone()))
        .and_where(task::Column::ParentId.is_not_null())
        .to_owned();
    let assets = |condition: Expr| {
        Query::select()
            .column(Column::Id)
            .from(asset::Entity)
            .and_where(condition)
            .to_owned()
    };
    let mut seen = assets(Column::CreatorId.eq(viewer.id.clone()));
    seen.union(
        UnionType::Distinct,
        assets(Column::TaskId.in_subquery(tasks)),
    )
    .union(
        UnionType::Distinct,
        assets(Column::TaskId.in_subquery(of_children)),
    );
    if viewer.tier == AgentTier::L1 {
        let unreviewed = assets(Column::Status.eq(AssetStatus::Generated));
        seen.union(UnionType::Distinct, unreviewed);
    }
    Some(Condition::all().add(Column::Id.in_subquery(seen)))
}
