//! What the verbs look up and check before they change an asset. Floor 3.

use std::sync::Arc;

use entities::agent;
use entities::asset::{self, AssetStatus};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::json;

use super::{parse, sight};
use crate::auth::sight::hidden_from;
use crate::error::{Error, Result};
use crate::service::Service;
use crate::store::Tx;

/// An asset as a verb works on it: the row, locked, and the agent that acts.
pub(super) struct Loaded {
    pub(super) asset: asset::Model,
    pub(super) actor: Arc<agent::Model>,
}

/// Reads and locks an asset for a verb. NOT_FOUND where it is not there or not to be seen by the caller.
pub(super) async fn load(service: &Service, tx: &mut Tx, id: &str) -> Result<Loaded> {
    let actor = tx.actor()?.agent.clone();
    let found = tx.lock_asset(parse(id)?).await?;
    let asset = found.ok_or_else(|| Error::not_found("asset", id))?;
    check_seen(service, tx, &actor, &asset).await?;
    Ok(Loaded { asset, actor })
}

/// Reads an asset by the id in a request. NOT_FOUND where there is none.
pub(super) async fn find(db: &impl ConnectionTrait, id: &str) -> Result<asset::Model> {
    asset::Entity::find_by_id(parse(id)?)
        .one(db)
        .await?
        .ok_or_else(|| Error::not_found("asset", id))
}

/// NOT_FOUND, with a denial for the audit log, where the agent may not see the asset (spec R1.09).
pub(super) async fn check_seen(
    service: &Service,
    db: &impl ConnectionTrait,
    viewer: &agent::Model,
    asset: &asset::Model,
) -> Result<()> {
    if sight::sees(service, db, viewer, asset).await? {
        return Ok(());
    }
    Err(Error::hidden("asset", asset.id, hidden_from(&viewer.id)))
}

/// INVALID_TRANSITION where the asset does not become so from where it stands.
pub(super) fn check_step(asset: &asset::Model, to: AssetStatus) -> Result<()> {
    if asset.status.may_become(to) {
        return Ok(());
    }
    Err(Error::InvalidAssetTransition {
        from: asset.status,
        to,
    })
}

/// CONFLICT about where the asset stands.
pub(super) fn stands_in_the_way(asset: &asset::Model, message: String) -> Error {
    let details = json!({"assetId": asset.id, "status": asset.status, "sha256": asset.sha256});
    Error::conflict_with(message, details)
}
