//! Where the bytes of assets lie (spec R4.02): a folder, or a bucket of an S3-compatible store. Floor 2.
//!
//! Each upload has a key of its own that is used once, so that bytes are never written over and a key says everything about what lies
//! under it. What lies where is the database's to know (`entities::asset::leftover`): nothing here lists anything.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{BoxStream, try_unfold};
use object_store::{GetOptions, GetRange, ObjectStore};
use uuid::Uuid;

mod connector;
mod folder;
mod s3;
mod writer;

pub use s3::Bucket;
pub use writer::Writer;

use crate::error::{Error, Result};

/// How long the store may take for the next piece of what is read.
const PATIENCE: Duration = Duration::from_secs(30);

/// A handle of the store; clones share it.
#[derive(Clone, Debug)]
pub struct Shelf {
    kind: Arc<Kind>,
}

#[derive(Debug)]
enum Kind {
    Folder(folder::Folder),
    S3(s3::S3),
}

/// A stream of bytes that may break off.
pub type Pieces = BoxStream<'static, Result<Bytes>>;

impl Shelf {
    /// A folder, made where it is not there yet for nobody but its owner to enter. What it holds is synced before it counts.
    ///
    /// # Errors
    /// When it cannot be made or entered.
    pub fn folder(path: &Path) -> std::io::Result<Self> {
        let folder = folder::Folder::open(path)?;
        Ok(Self {
            kind: Arc::new(Kind::Folder(folder)),
        })
    }

    /// A bucket of an S3-compatible store. Nothing is asked of it yet.
    ///
    /// # Errors
    /// When its settings do not fit together.
    pub fn s3(bucket: Bucket) -> std::io::Result<Self> {
        let s3 = s3::S3::open(bucket).map_err(std::io::Error::other)?;
        Ok(Self {
            kind: Arc::new(Kind::S3(s3)),
        })
    }

    /// The name of its kind, for logs: `folder` or `s3`.
    pub fn kind(&self) -> &'static str {
        match &*self.kind {
            Kind::Folder(_) => "folder",
            Kind::S3(_) => "s3",
        }
    }

    /// A key that nothing was ever put under. The first part spreads keys over folders.
    pub fn new_key(id: Uuid) -> String {
        let name = id.simple().to_string();
        format!("{}/{name}", &name[name.len() - 2..])
    }

    /// Begins to put bytes under a new key.
    pub async fn write(&self, key: &str) -> Result<Writer> {
        match &*self.kind {
            Kind::Folder(folder) => folder.write(key).await,
            Kind::S3(_) => Ok(Writer::to_s3(self.clone(), key)),
        }
    }

    /// What lies under a key, or a part of it, piece by piece.
    pub async fn read(&self, key: &str, range: Option<Range<u64>>) -> Result<Pieces> {
        let (store, path): (&dyn ObjectStore, _) = match &*self.kind {
            Kind::Folder(folder) => (folder.store(), object_store::path::Path::from(key)),
            Kind::S3(s3) => (s3.store(), s3.path(key)),
        };
        let options = GetOptions {
            range: range.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        let found = store.get_opts(&path, options);
        let found = in_time(found).await?.map_err(failed)?.into_stream();
        Ok(try_unfold(found, |mut pieces| async move {
            let next = in_time(pieces.next()).await?;
            let piece = next.transpose().map_err(failed)?;
            Ok(piece.map(|piece| (piece, pieces)))
        })
        .boxed())
    }

    /// Removes whatever was put under a key, an upload that did not end included. That there is nothing is no fault.
    pub async fn remove(&self, key: &str, upload_id: Option<&str>) -> Result<()> {
        match &*self.kind {
            Kind::Folder(folder) => folder.remove(key).await,
            Kind::S3(s3) => s3.remove(key, upload_id).await,
        }
    }

    fn as_s3(&self) -> Result<&s3::S3> {
        match &*self.kind {
            Kind::S3(s3) => Ok(s3),
            Kind::Folder(_) => Err(Error::internal("a folder takes no parts")),
        }
    }
}

async fn in_time<T>(work: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(PATIENCE, work)
        .await
        .map_err(|_| Error::Unavailable("the store of the assets' bytes takes too long"))
}

/// That bytes are not there which a row refers to is a fault of ours; everything else may pass.
fn failed(error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => Error::internal(error),
        error => out_of_order(&error),
    }
}

fn out_of_order(error: &dyn std::error::Error) -> Error {
    let mut cause = error.to_string();
    let mut next = error.source();
    while let Some(deeper) = next {
        cause = format!("{cause}: {deeper}");
        next = deeper.source();
    }
    tracing::warn!(%cause, "the store of the assets' bytes refuses");
    Error::Unavailable("the store of the assets' bytes does not do its work")
}
