//! What can be asked about assets. Floor 4.

use async_graphql::{Context, ID, InputObject, Object};
use entities::asset::{AssetKind, AssetStatus};

use super::Asset;
use crate::auth::policy::Operation;
use crate::graphql::directive::authenticated;
use crate::graphql::error::Refusal;
use crate::graphql::guard::Allow;
use crate::graphql::page::{self, Connection};
use crate::graphql::request::Asked;
use crate::graphql::scalar::Cursor;
use crate::service;

/// Which assets. What is left out does not narrow.
#[derive(Debug, Default, InputObject)]
pub struct AssetFilter {
    /// In one of these statuses.
    status: Option<Vec<AssetStatus>>,
    /// Of one of these kinds.
    kind: Option<Vec<AssetKind>>,
    /// Made by this agent.
    creator_id: Option<ID>,
    /// Made for this task.
    task_id: Option<ID>,
}

impl From<AssetFilter> for service::asset::Filter {
    fn from(filter: AssetFilter) -> Self {
        Self {
            status: filter.status,
            kind: filter.kind,
            creator_id: filter.creator_id.map(Into::into),
            task_id: filter.task_id.map(Into::into),
        }
    }
}

/// What can be asked about assets.
#[derive(Default)]
pub struct AssetQuery;

#[Object(guard = "crate::graphql::guard::Closed")]
impl AssetQuery {
    /// One asset. Null with NOT_FOUND when there is none that the caller may see.
    #[graphql(guard = "Allow(Operation::Asset)", directive = authenticated::apply())]
    async fn asset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Result<Option<Asset>, Refusal> {
        let asset = service::asset::get(ctx.service(), ctx.caller(), &id).await?;
        Ok(Some(asset.into()))
    }

    /// The assets that the caller may see, or part of them, newest first.
    #[graphql(guard = "Allow(Operation::Assets)", directive = authenticated::apply())]
    async fn assets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which of them.")] filter: Option<AssetFilter>,
        #[graphql(default = 20, desc = "How many at most.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<Cursor>,
    ) -> Result<Connection<Asset>, Refusal> {
        let page = page::request(ctx, first, after)?;
        let filter = filter.unwrap_or_default().into();
        let assets = service::asset::list(ctx.service(), ctx.caller(), filter, &page).await?;
        Ok(Connection::of(assets))
    }
}
