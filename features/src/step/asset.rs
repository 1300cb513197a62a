//! Sentences about assets: pictures that are registered, uploaded, judged, deleted.

use anyhow::{Context as _, Result};
use gates::client::Call;
use serde_json::Value;

use crate::{
    word::Picture,
    world::{Studio, expect_success},
};

mod content;
mod making;
mod showing;

pub(super) use content::upload;
pub(super) use making::register;

/// What is asked back about an asset.
const ASSET: &str = "id kind mediaType status uri byteSize sha256 width height metadata task { id } creator { id } \
    reviewer { id } reviewFeedback createdAt reviewedAt";

impl Studio {
    /// The id of an asset by the scenario's name for it.
    ///
    /// # Errors
    /// When none was registered under that name.
    pub fn picture_id(&self, name: &Picture) -> Result<String> {
        let known = self.pictures.get(name.as_str()).cloned();
        known.with_context(|| format!("{name} was never registered"))
    }

    /// Where the bytes of an asset are put and served.
    ///
    /// # Errors
    /// When none was registered under that name.
    pub fn picture_path(&self, name: &Picture) -> Result<String> {
        Ok(format!("/assets/{}/content", self.picture_id(name)?))
    }

    /// An asset as it is now.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn picture(&mut self, name: &Picture) -> Result<Value> {
        let call = Call::query("asset")
            .with("id", "ID!", self.picture_id(name)?)
            .selecting(ASSET);
        let answer = self.send(&crate::word::Agent::operator(), &call).await?;
        Ok(expect_success(&answer)?["asset"].clone())
    }
}
