//! A bucket of an S3-compatible store. Floor 2.

use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload, RetryConfig};

use super::connector::Connector;
use super::{failed, in_time};
use crate::error::Result;

/// Which bucket, where, and by whose key.
#[derive(Clone)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What every key begins with; empty for the whole bucket.
    pub prefix: String,
    /// Where the store answers, such as `http://127.0.0.1:9000`; Amazon's own when left out.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: String,
    /// Key id and secret; what the machine itself is granted when left out.
    pub key: Option<(String, String)>,
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bucket")
            .field("name", &self.name)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// A request that fails is sent again, but not for so long that a client gives up on us.
const RETRIES: usize = 3;
const RETRYING: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(super) struct S3 {
    store: AmazonS3,
    prefix: Path,
}

impl S3 {
    pub(super) fn open(bucket: Bucket) -> object_store::Result<Self> {
        let plain = bucket
            .endpoint
            .as_deref()
            .is_some_and(|endpoint| endpoint.starts_with("http://"));
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&bucket.name)
            .with_region(&bucket.region)
            .with_retry(RetryConfig {
                max_retries: RETRIES,
                retry_timeout: RETRYING,
                ..RetryConfig::default()
            })
            .with_http_connector(Connector { plain });
        if let Some(endpoint) = &bucket.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(plain);
        }
        if let Some((id, secret)) = &bucket.key {
            builder = builder
                .with_access_key_id(id)
                .with_secret_access_key(secret);
        }
        Ok(Self {
            store: builder.build()?,
            prefix: Path::from(bucket.prefix),
        })
    }

    pub(super) fn store(&self) -> &AmazonS3 {
        &self.store
    }

    pub(super) fn path(&self, key: &str) -> Path {
        let parts = self.prefix.parts();
        let key = Path::from(key);
        parts.chain(key.parts()).collect()
    }

    /// All at once: it is there whole, or not at all.
    pub(super) async fn put(&self, key: &str, bytes: PutPayload) -> Result<()> {
        let path = self.path(key);
        let put = in_time(self.store.put(&path, bytes)).await?;
        put.map(drop).map_err(failed)
    }

    /// Begins an upload in parts, of which nothing is to be seen before it is completed.
    pub(super) async fn begin_parts(&self, key: &str) -> Result<String> {
        let path = self.path(key);
        let begun = in_time(self.store.create_multipart(&path)).await?;
        begun.map_err(failed)
    }

    pub(super) async fn put_part(
        &self,
        key: &str,
        upload_id: &str,
        index: usize,
        bytes: PutPayload,
    ) -> Result<PartId> {
        let (path, id) = (self.path(key), upload_id.to_owned());
        let put = in_time(self.store.put_part(&path, &id, index, bytes)).await?;
        put.map_err(failed)
    }

    pub(super) async fn complete(
        &self,
        key: &str,
        upload_id: &str,
        parts: Vec<PartId>,
    ) -> Result<()> {
        let (path, id) = (self.path(key), upload_id.to_owned());
        let completed = in_time(self.store.complete_multipart(&path, &id, parts)).await?;
        completed.map(drop).map_err(failed)
    }

    pub(super) async fn remove(&self, key: &str, upload_id: Option<&str>) -> Result<()> {
        let path = self.path(key);
        if let Some(upload_id) = upload_id {
            let id = upload_id.to_owned();
            let aborted = in_time(self.store.abort_multipart(&path, &id)).await?;
            gone(aborted)?;
        }
        gone(in_time(self.store.delete(&path)).await?)
    }
}

/// What is not there need not be removed.
fn gone(removed: object_store::Result<()>) -> Result<()> {
    match removed {
        Err(object_store::Error::NotFound { .. }) => Ok(()),
        removed => removed.map_err(failed),
    }
}
