//! Assets: what a task brings forth beside its output (spec section 4). How they begin is here; their bytes, their judgement and how they
//! are found are in the files beneath. Floor 3.

use entities::asset::{self, AssetKind, AssetStatus};
use entities::audit::AuditAction;
use entities::id::AssetId;
use entities::task::TaskStatus;
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

mod check;
mod content;
mod load;
mod named;
mod query;
mod review;
mod sight;
mod sweep;

pub use content::{Content, Put, get_content, put_content};
pub(super) use named::{find_named, hash_now, hash_output};
pub use query::{Filter, find, find_visible, get, list, list_of_task};
pub use review::{Review, delete, review};
pub use sweep::clear_leftovers;
pub(super) use sweep::clear_now;

use super::Service;
use crate::auth::actor::Caller;
use crate::auth::policy::{self, Operation};
use crate::error::{Error, Result};
use crate::store::{Entry, Tx};

/// What a new asset is made of.
#[derive(Debug, Clone)]
pub struct Register {
    /// What it is.
    pub kind: AssetKind,
    /// The media type of its bytes.
    pub media_type: String,
    /// Where its bytes live elsewhere; left out when they will be put here.
    pub uri: Option<String>,
    /// How many bytes there are or will be.
    pub byte_size: Option<i64>,
    /// Their SHA-256.
    pub sha256: Option<String>,
    /// Pixels.
    pub width: Option<i32>,
    /// Pixels.
    pub height: Option<i32>,
    /// An object of strings.
    pub metadata: Option<Value>,
    /// The task that it is made for.
    pub task_id: Option<String>,
}

/// Where the bytes of an asset are to be had: elsewhere, or at the server's own path.
pub fn uri(asset: &asset::Model) -> String {
    asset
        .uri
        .clone()
        .unwrap_or_else(|| format!("/assets/{}/content", asset.id))
}

/// Registers an asset: of a task that the caller holds, or of none. Its bytes are put afterwards, unless they live elsewhere.
#[tracing::instrument(name = "asset.register", skip_all)]
pub async fn register(
    service: &Service,
    caller: &Caller,
    register: Register,
) -> Result<asset::Model> {
    // Strangers and the wrong tiers hear of their refusal, not of their input's faults.
    service.allow(caller, Operation::RegisterAsset)?;
    let checked = check::check(&service.settings, register)?;
    service
        .perform(caller, Operation::RegisterAsset, async |tx: &mut Tx| {
            let actor = tx.actor()?.agent.clone();
            let task_id = match &checked.task_id {
                None => {
                    let loose = Condition::all()
                        .add(asset::Column::CreatorId.eq(actor.id.clone()))
                        .add(asset::Column::TaskId.is_null());
                    let limit = service.settings.max_loose_assets;
                    check_number(tx, loose, limit, "assets of an agent without a task").await?;
                    None
                }
                Some(id) => {
                    let task = super::task::lock_seen(service, tx, &actor, id).await?;
                    policy::may_make_asset(&actor, &task)?;
                    if task.status != TaskStatus::InProgress {
                        let message = format!(
                            "task {} is {}, an asset needs it to be IN_PROGRESS",
                            task.id, task.status
                        );
                        let details = json!({"taskId": task.id, "status": task.status});
                        return Err(Error::conflict_with(message, details));
                    }
                    // The task is locked, so that nobody adds one meanwhile.
                    let of_task = Condition::all().add(asset::Column::TaskId.eq(task.id));
                    let limit = service.settings.max_task_assets;
                    check_number(tx, of_task, limit, "assets of a task").await?;
                    Some(task.id)
                }
            };
            let row = asset::Model {
                id: tx.asset_id(),
                kind: checked.kind,
                media_type: checked.media_type,
                status: AssetStatus::Generated,
                uri: checked.uri,
                object_key: None,
                byte_size: checked.byte_size,
                sha256: checked.sha256,
                width: checked.width,
                height: checked.height,
                metadata: checked.metadata,
                task_id,
                creator_id: actor.id.clone(),
                reviewer_id: None,
                review_feedback: None,
                created_at: tx.now(),
                uploaded_at: None,
                reviewed_at: None,
                deleted_at: None,
            };
            let entry = Entry::new(AuditAction::AssetGenerated);
            tx.insert::<asset::Entity>(row.clone(), entry).await?;
            Ok(row)
        })
        .await
}

/// LIMIT_EXCEEDED where there are as many such assets as the setting allows.
async fn check_number(tx: &Tx, such: Condition, value: u64, limit: &'static str) -> Result<()> {
    let present = asset::Entity::find()
        .filter(such)
        .filter(asset::Column::Status.ne(AssetStatus::Deleted))
        .count(tx)
        .await?;
    if present < value {
        return Ok(());
    }
    Err(Error::LimitExceeded {
        limit,
        value,
        requested: present + 1,
    })
}

/// Assets as checks are told of them (spec R3.14).
pub(super) fn describe(assets: &[asset::Model]) -> Vec<Value> {
    let told = assets.iter().map(|row| {
        json!({
            "id": row.id,
            "kind": row.kind,
            "mediaType": row.media_type,
            "uri": uri(row),
            "sha256": row.sha256,
            "byteSize": row.byte_size,
            "width": row.width,
            "height": row.height,
        })
    });
    told.collect()
}

fn parse(id: &str) -> Result<AssetId> {
    id.parse().map_err(|_| Error::not_found("asset", id))
}
