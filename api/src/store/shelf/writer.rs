//! Bytes on their way to the shelf: a bounded part of them is in memory at any moment. Floor 2.

use bytes::{Bytes, BytesMut};
use object_store::MultipartUpload;
use object_store::multipart::PartId;

use super::{Shelf, failed, in_time};
use crate::error::{Error, Result};

/// Every part of an upload to S3 but the last must have this size at least.
const S3_PART: usize = 5 * 1024 * 1024;
/// A folder takes any size: fewer, larger writes cost less.
const FOLDER_PART: usize = 256 * 1024;

/// Bytes on their way. Nothing is to be seen of them before [`finish`](Self::finish) has returned.
pub struct Writer {
    waiting: BytesMut,
    to: Target,
}

enum Target {
    Folder(Box<dyn MultipartUpload>),
    S3 {
        shelf: Shelf,
        key: String,
        /// The store's id of the upload and what it has taken; none while all of it fits into one request.
        parts: Option<(String, Vec<PartId>)>,
    },
}

impl Writer {
    pub(super) fn to_folder(upload: Box<dyn MultipartUpload>) -> Self {
        Self {
            waiting: BytesMut::new(),
            to: Target::Folder(upload),
        }
    }

    pub(super) fn to_s3(shelf: Shelf, key: &str) -> Self {
        Self {
            waiting: BytesMut::new(),
            to: Target::S3 {
                shelf,
                key: key.to_owned(),
                parts: None,
            },
        }
    }

    fn part(&self) -> usize {
        match self.to {
            Target::Folder(_) => FOLDER_PART,
            Target::S3 { .. } => S3_PART,
        }
    }

    /// Takes in as much as there is room for. Where that begins an upload in parts, its id comes back: to be written down before the
    /// next call, so that parts of an upload that does not end can be removed.
    pub async fn put(&mut self, bytes: &mut Bytes) -> Result<Option<String>> {
        let part = self.part();
        if self.waiting.len() >= part {
            self.send().await?;
        }
        let room = part.saturating_sub(self.waiting.len());
        let taken = bytes.split_to(room.min(bytes.len()));
        self.waiting.extend_from_slice(&taken);
        if self.waiting.len() >= part {
            return self.begin_parts().await;
        }
        Ok(None)
    }

    async fn begin_parts(&mut self) -> Result<Option<String>> {
        match &mut self.to {
            Target::S3 { shelf, key, parts } if parts.is_none() => {
                let id = shelf.as_s3()?.begin_parts(key).await?;
                *parts = Some((id.clone(), Vec::new()));
                Ok(Some(id))
            }
            Target::Folder(_) | Target::S3 { .. } => Ok(None),
        }
    }

    async fn send(&mut self) -> Result<()> {
        let bytes = self.waiting.split().freeze();
        match &mut self.to {
            Target::Folder(upload) => in_time(upload.put_part(bytes.into()))
                .await?
                .map_err(failed),
            Target::S3 {
                shelf,
                key,
                parts: Some((id, parts)),
            } => {
                let s3 = shelf.as_s3()?;
                let part = s3.put_part(key, id, parts.len(), bytes.into()).await?;
                parts.push(part);
                Ok(())
            }
            Target::S3 { parts: None, .. } => {
                Err(Error::internal("a part before the upload has begun"))
            }
        }
    }

    /// Makes it whole: when this returns `Ok`, it is on disk, or where the store keeps it.
    pub async fn finish(mut self) -> Result<()> {
        let in_parts = matches!(
            self.to,
            Target::Folder(_) | Target::S3 { parts: Some(_), .. }
        );
        if in_parts && !self.waiting.is_empty() {
            self.send().await?;
        }
        match self.to {
            Target::Folder(mut upload) => {
                in_time(upload.complete()).await?.map(drop).map_err(failed)
            }
            Target::S3 {
                shelf,
                key,
                parts: Some((id, parts)),
            } => shelf.as_s3()?.complete(&key, &id, parts).await,
            Target::S3 {
                shelf,
                key,
                parts: None,
            } => {
                let whole = self.waiting.freeze();
                shelf.as_s3()?.put(&key, whole.into()).await
            }
        }
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}
