//! The bytes of an asset: put once by its maker, read by whoever sees it (spec R4.02). Floor 3.

use std::ops::Range;
use std::pin::pin;

use bytes::Bytes;
use chrono::TimeDelta;
use entities::asset::{self, AssetStatus};
use entities::audit::AuditAction;
use entities::json::hex;
use entities::task::TaskStatus;
use futures::{Stream, StreamExt};
use sea_orm::EntityTrait;
use sha2::{Digest, Sha256};

use super::load::{self, Loaded, stands_in_the_way};
use super::{check, sweep};
use crate::auth::actor::{Caller, Principal};
use crate::auth::policy::{self, Operation};
use crate::error::{Error, Fault, Result};
use crate::service::Service;
use crate::store::shelf::{Pieces, Writer};
use crate::store::{Entry, Tx};

/// Between the end of an upload's time and the moment when its bytes may go.
const SLACK: TimeDelta = TimeDelta::minutes(5);

/// What arrived: how many bytes, and their hash.
struct Arrived {
    byte_size: i64,
    sha256: String,
}

/// What came of an upload.
#[derive(Debug, Clone)]
pub struct Put {
    /// The asset as it is now.
    pub asset: asset::Model,
    /// Whether the bytes were kept; not where they were there already.
    pub kept: bool,
}

/// Bytes that can be served.
#[derive(Debug, Clone)]
pub struct Content {
    /// Whose they are.
    pub asset: asset::Model,
    /// How many there are.
    pub byte_size: u64,
    /// Their SHA-256.
    pub sha256: String,
    object_key: String,
}

impl Content {
    /// The bytes, or a part of them, piece by piece.
    pub async fn read(&self, service: &Service, range: Option<Range<u64>>) -> Result<Pieces> {
        match service.shelf.read(&self.object_key, range).await {
            Err(error @ Error::Internal(_)) => {
                // Deleted since it was found: then its bytes are rightly not there.
                let row = asset::Entity::find_by_id(self.asset.id);
                let now = row.one(&service.db).await?;
                match now.is_some_and(|row| row.object_key.is_none()) {
                    true => Err(Error::not_found("content of asset", self.asset.id)),
                    false => Err(error),
                }
            }
            read => read,
        }
    }
}

/// The bytes of an asset for whoever may see it; none where it was deleted. NOT_FOUND where they live elsewhere or were not put yet.
pub async fn get_content(service: &Service, caller: &Caller, id: &str) -> Result<Option<Content>> {
    service.allow(caller, Operation::Asset)?;
    let asset = super::get(service, caller, id).await?;
    if asset.status == AssetStatus::Deleted {
        return Ok(None);
    }
    let size = asset.byte_size.and_then(|size| u64::try_from(size).ok());
    match (asset.object_key.clone(), size, asset.sha256.clone()) {
        (Some(object_key), Some(byte_size), Some(sha256)) => Ok(Some(Content {
            asset,
            byte_size,
            sha256,
            object_key,
        })),
        _ => Err(Error::not_found("content of asset", asset.id)),
    }
}

/// Takes the bytes of an asset from its maker, once: the same again are answered alike, others are CONFLICT.
///
/// `length` is what the client announces. Nothing is to be seen of them before all have come, are what was registered, and are durable.
#[tracing::instrument(name = "asset.put_content", skip_all, fields(asset.id = id))]
pub async fn put_content(
    service: &Service,
    caller: &Caller,
    id: &str,
    length: Option<u64>,
    body: impl Stream<Item = Result<Bytes>> + Send,
) -> Result<Put> {
    let asset = admit(service, caller, id).await?;
    check::within_limit(&service.settings, length.unwrap_or_default())?;
    let time = service.settings.upload_time;
    let uploading = async {
        if asset.uploaded_at.is_some() {
            let arrived = receive(service, &asset, body, None).await?;
            return same_again(asset, &arrived);
        }
        upload(service, caller, &asset, body).await
    };
    tokio::time::timeout(time, uploading)
        .await
        .unwrap_or(Err(Error::Unavailable("the upload took too long")))
}

/// The asset, for who may put its bytes now.
async fn admit(service: &Service, caller: &Caller, id: &str) -> Result<asset::Model> {
    service.allow(caller, Operation::RegisterAsset)?;
    let outcome = async {
        let Principal::Agent(actor) = &caller.principal else {
            return Err(Error::Unauthenticated);
        };
        let asset = load::find(&service.db, id).await?;
        load::check_seen(service, &service.db, &actor.agent, &asset).await?;
        policy::is_maker(&actor.agent, &asset)?;
        check_open(&asset)?;
        if let Some(task_id) = asset.task_id.filter(|_| asset.awaits_bytes()) {
            let task = entities::task::Entity::find_by_id(task_id)
                .one(&service.db)
                .await?;
            check_not_handed_in(&asset, task.map(|task| task.status))?;
        }
        Ok(asset)
    };
    service.report(caller, Operation::RegisterAsset, outcome.await)
}

/// CONFLICT where no bytes are taken.
fn check_open(asset: &asset::Model) -> Result<()> {
    if asset.uri.is_some() {
        let message = format!("the bytes of asset {} live elsewhere", asset.id);
        return Err(stands_in_the_way(asset, message));
    }
    // What was put already may be sent again, whatever was said of it since.
    let open = match asset.uploaded_at {
        None => asset.status == AssetStatus::Generated,
        Some(_) => asset.status != AssetStatus::Deleted,
    };
    if open {
        return Ok(());
    }
    let message = format!("asset {} is {}", asset.id, asset.status);
    Err(stands_in_the_way(asset, message))
}

/// CONFLICT once its task was handed in: what is judged stands still (spec R3.11).
fn check_not_handed_in(asset: &asset::Model, task: Option<TaskStatus>) -> Result<()> {
    use TaskStatus::{Approved, Completed, ReviewRequested};
    match task {
        Some(status @ (ReviewRequested | Approved | Completed)) => {
            let message = format!("the task of asset {} is {status}", asset.id);
            Err(stands_in_the_way(asset, message))
        }
        _ => Ok(()),
    }
}

/// The answer to bytes that come a second time.
fn same_again(asset: asset::Model, arrived: &Arrived) -> Result<Put> {
    if asset.sha256.as_ref() == Some(&arrived.sha256) {
        return Ok(Put { asset, kept: false });
    }
    let message = format!("asset {} has other bytes already", asset.id);
    Err(stands_in_the_way(&asset, message))
}

async fn upload(
    service: &Service,
    caller: &Caller,
    asset: &asset::Model,
    body: impl Stream<Item = Result<Bytes>> + Send,
) -> Result<Put> {
    let time = TimeDelta::from_std(service.settings.upload_time).map_err(Error::internal)?;
    let key = service
        .perform(caller, Operation::RegisterAsset, async |tx: &mut Tx| {
            let due_at = tx.now() + time + SLACK;
            tx.reserve_key(due_at).await
        })
        .await?;
    let taken = async {
        let writer = service.shelf.write(&key).await?;
        let arrived = receive(service, asset, body, Some((&key, writer))).await?;
        check_registered(asset, &arrived)?;
        take(service, caller, &asset.id.to_string(), &key, arrived).await
    };
    match taken.await {
        Ok(put) if put.kept => Ok(put),
        outcome => {
            // Also where the answer of a unit was lost that did take the key: then it is not there to be cleared.
            sweep::clear_now(service, &key).await;
            outcome
        }
    }
}

/// Reads a body to its end within its limits, hashing it and putting it where it is to go, a piece at a time.
async fn receive(
    service: &Service,
    asset: &asset::Model,
    body: impl Stream<Item = Result<Bytes>> + Send,
    mut target: Option<(&str, Writer)>,
) -> Result<Arrived> {
    let mut body = pin!(body);
    let mut hash = Sha256::new();
    let mut size = 0u64;
    while let Some(piece) = body.next().await {
        let mut piece = piece?;
        size += piece.len() as u64;
        check::within_limit(&service.settings, size)?;
        hash.update(&piece);
        let Some((key, writer)) = &mut target else {
            continue;
        };
        check_size(asset, size, false)?;
        while !piece.is_empty() {
            if let Some(upload_id) = writer.put(&mut piece).await? {
                note_upload(service, key, &upload_id).await?;
            }
        }
    }
    if let Some((_, writer)) = target {
        check_size(asset, size, true)?;
        writer.finish().await?;
    }
    Ok(Arrived {
        byte_size: i64::try_from(size).map_err(Error::internal)?,
        sha256: hex(&hash.finalize()),
    })
}

async fn note_upload(service: &Service, key: &str, upload_id: &str) -> Result<()> {
    let itself = Caller::control_center(service.db.request_id());
    service
        .db
        .write(&itself, async |tx: &mut Tx| {
            tx.note_upload(key, upload_id).await
        })
        .await
}

/// BAD_USER_INPUT where other than the registered number of bytes comes; more are noticed before all have come.
fn check_size(asset: &asset::Model, size: u64, whole: bool) -> Result<()> {
    let registered = asset.byte_size.and_then(|size| u64::try_from(size).ok());
    match registered {
        Some(registered) if size > registered || (whole && size < registered) => {
            let message = format!("{registered} bytes were registered, this is {size}");
            Err(Error::bad_input("byteSize", "const", message))
        }
        _ => Ok(()),
    }
}

/// BAD_USER_INPUT where other bytes came than those registered.
fn check_registered(asset: &asset::Model, arrived: &Arrived) -> Result<()> {
    match &asset.sha256 {
        Some(registered) if *registered != arrived.sha256 => {
            let message = format!("{registered} was registered");
            let fault = Fault::of("sha256", "const", message);
            let found = serde_json::Value::from(arrived.sha256.as_str());
            Err(Error::BadUserInput(vec![fault.found(&found)]))
        }
        _ => Ok(()),
    }
}

/// Makes the asset refer to the bytes, unless the same were put meanwhile.
async fn take(
    service: &Service,
    caller: &Caller,
    id: &str,
    key: &str,
    arrived: Arrived,
) -> Result<Put> {
    service
        .perform(caller, Operation::RegisterAsset, async |tx: &mut Tx| {
            let Loaded { asset, actor } = load::load(service, tx, id).await?;
            policy::is_maker(&actor, &asset)?;
            check_open(&asset)?;
            if asset.uploaded_at.is_some() {
                return same_again(asset, &arrived);
            }
            if let Some(task_id) = asset.task_id {
                // Locked: it is not handed in while its assets change.
                let task = tx.lock_task(task_id).await?;
                check_not_handed_in(&asset, task.map(|task| task.status))?;
            }
            if !tx.take_key(key).await? {
                return Err(Error::Unavailable("the upload took too long"));
            }
            let entry = Entry::new(AuditAction::AssetUploaded)
                .with("sha256", &arrived.sha256)
                .with("byteSize", arrived.byte_size);
            let after = asset::Model {
                object_key: Some(key.to_owned()),
                byte_size: Some(arrived.byte_size),
                sha256: Some(arrived.sha256),
                uploaded_at: Some(tx.now()),
                ..asset.clone()
            };
            tx.update::<asset::Entity>(&asset, after.clone(), entry)
                .await?;
            Ok(Put {
                asset: after,
                kept: true,
            })
        })
        .await
}
