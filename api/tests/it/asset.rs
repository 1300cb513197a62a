//! Assets through the service, on every database at hand: who sees what, what hashes cover, what a crash may leave behind, and the store
//! in a bucket.

use std::collections::BTreeSet;
use std::path::Path;

use bytes::Bytes;
use entities::asset::{self, AssetKind, leftover};
use futures::stream;
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::json;
use ziggie::auth::actor::Caller;
use ziggie::error::{Code, Result};
use ziggie::service::Service;
use ziggie::service::asset::{Put, Register, get_content, put_content, register};

mod hash;
mod left;
mod s3;
mod seeing;
mod verb;

/// A picture whose bytes will be put.
pub(crate) fn picture() -> Register {
    Register {
        kind: AssetKind::Image,
        media_type: "image/png".to_owned(),
        uri: None,
        byte_size: None,
        sha256: None,
        width: Some(64),
        height: Some(64),
        metadata: Some(json!({"shelf": "b"})),
        task_id: None,
    }
}

/// A picture of a task.
pub(crate) fn picture_of(task: &entities::task::Model) -> Register {
    Register {
        task_id: Some(task.id.to_string()),
        ..picture()
    }
}

/// An asset that its maker has registered.
pub(crate) async fn registered(service: &Service, caller: &Caller) -> asset::Model {
    register(service, caller, picture()).await.unwrap()
}

/// Puts bytes in a few pieces.
pub(crate) async fn put(service: &Service, caller: &Caller, id: &str, bytes: &[u8]) -> Result<Put> {
    let size = bytes.len().div_ceil(3).max(1);
    let pieces: Vec<Result<Bytes>> = bytes
        .chunks(size)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    let length = Some(bytes.len() as u64);
    put_content(service, caller, id, length, stream::iter(pieces)).await
}

/// An asset with bytes.
async fn uploaded(service: &Service, caller: &Caller, bytes: &[u8]) -> asset::Model {
    let id = registered(service, caller).await.id.to_string();
    put(service, caller, &id, bytes).await.unwrap().asset
}

/// The bytes of an asset as somebody reads them.
async fn read(service: &Service, caller: &Caller, id: &str) -> Result<Vec<u8>> {
    use futures::TryStreamExt;
    let content = get_content(service, caller, id).await?;
    let content = content.expect("it was not deleted");
    let pieces = content.read(service, None).await?;
    let whole: Vec<Bytes> = pieces.try_collect().await?;
    Ok(whole.concat())
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> Code {
    result.unwrap_err().code()
}

/// Every file of the folder, by its key.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in std::fs::read_dir(folder).unwrap() {
        let part = part.unwrap();
        for file in std::fs::read_dir(part.path()).unwrap() {
            let (part, file) = (part.file_name(), file.unwrap().file_name());
            found.insert(format!("{}/{}", part.display(), file.display()));
        }
    }
    found
}

/// Every key that an asset refers to.
async fn keys(db: &impl ConnectionTrait) -> BTreeSet<String> {
    let rows = asset::Entity::find().all(db).await.unwrap();
    rows.into_iter().filter_map(|row| row.object_key).collect()
}

/// Every key that waits to be cleared or taken.
async fn leftovers(db: &impl ConnectionTrait) -> Vec<leftover::Model> {
    leftover::Entity::find().all(db).await.unwrap()
}

/// The row of an asset.
async fn load(service: &Service, id: &str) -> asset::Model {
    let found = asset::Entity::find_by_id(id.parse::<entities::id::AssetId>().unwrap());
    found.one(&service.db).await.unwrap().unwrap()
}

/// Every row.
async fn all(service: &Service) -> Vec<asset::Model> {
    asset::Entity::find().all(&service.db).await.unwrap()
}
