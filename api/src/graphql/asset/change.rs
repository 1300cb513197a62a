//! How assets come about, are judged and go. Floor 4.

use async_graphql::{Context, ID, InputObject, Object};
use entities::agent::{AgentPermission, AgentTier};
use entities::asset::AssetKind;

use super::Asset;
use crate::auth::policy::Operation;
use crate::graphql::directive::{permission, tier};
use crate::graphql::error::Refusal;
use crate::graphql::guard::Allow;
use crate::graphql::request::Asked;
use crate::graphql::scalar::{Json, Long};
use crate::service;
use crate::service::asset::{Register, Review};

/// What a new asset is made of.
#[derive(Debug, InputObject)]
pub struct RegisterAssetInput {
    /// What it is.
    kind: AssetKind,
    /// The media type of its bytes, such as `image/png`.
    media_type: String,
    /// Where its bytes live elsewhere, by http, https or s3. Left out when the bytes will be uploaded: then `uri` of the answer says where to.
    uri: Option<String>,
    /// How many bytes there are; what is uploaded must be as many.
    byte_size: Option<Long>,
    /// Their SHA-256 as 64 digits 0-9 a-f; what is uploaded must have it.
    sha256: Option<String>,
    /// Pixels from side to side.
    width: Option<i32>,
    /// Pixels from top to bottom.
    height: Option<i32>,
    /// What to keep with it: an object of strings.
    metadata: Option<Json>,
    /// The task that it is made for: IN_PROGRESS, and held by the caller.
    task_id: Option<ID>,
}

impl From<RegisterAssetInput> for Register {
    fn from(input: RegisterAssetInput) -> Self {
        Self {
            kind: input.kind,
            media_type: input.media_type,
            uri: input.uri,
            byte_size: input.byte_size.map(|Long(size)| size),
            sha256: input.sha256,
            width: input.width,
            height: input.height,
            metadata: input.metadata.map(|Json(metadata)| metadata),
            task_id: input.task_id.map(Into::into),
        }
    }
}

/// How assets come about, are judged and go.
#[derive(Default)]
pub struct AssetMutation;

#[Object(guard = "crate::graphql::guard::Closed")]
impl AssetMutation {
    /// Registers an asset. Its bytes are put to its `uri` afterwards, once, unless they live elsewhere.
    #[graphql(guard = "Allow(Operation::RegisterAsset)", directive = permission::apply(AgentPermission::ExecuteTask))]
    async fn register_asset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it is made of.")] input: RegisterAssetInput,
    ) -> Result<Asset, Refusal> {
        let asset = service::asset::register(ctx.service(), ctx.caller(), input.into()).await?;
        Ok(asset.into())
    }

    /// A reviewer, never the maker, agrees to an asset or does not.
    #[graphql(guard = "Allow(Operation::ReviewAsset)", directive = permission::apply(AgentPermission::ApproveAsset))]
    async fn review_asset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which asset.")] asset_id: ID,
        #[graphql(desc = "Whether the reviewer agrees.")] approved: bool,
        #[graphql(desc = "The bytes that were judged: CONFLICT if they are others by now.")]
        sha256: Option<String>,
        #[graphql(desc = "What the reviewer says; needed when it does not agree.")]
        feedback: Option<String>,
    ) -> Result<Asset, Refusal> {
        let review = Review {
            approved,
            sha256,
            feedback,
        };
        let (service, caller) = (ctx.service(), ctx.caller());
        let asset = service::asset::review(service, caller, &asset_id, review).await?;
        Ok(asset.into())
    }

    /// Deletes an asset: what is known of it stays, its bytes go.
    #[graphql(guard = "Allow(Operation::DeleteAsset)", directive = tier::apply(AgentTier::L1))]
    async fn delete_asset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which asset.")] asset_id: ID,
        #[graphql(desc = "Why.")] reason: String,
    ) -> Result<Asset, Refusal> {
        let (service, caller) = (ctx.service(), ctx.caller());
        let asset = service::asset::delete(service, caller, &asset_id, &reason).await?;
        Ok(asset.into())
    }
}
