//! Assets: what they are, how they stand, where their bytes are. Floor 4.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use entities::asset::{self, AssetKind, AssetStatus};
use entities::id::TaskId;

mod change;
mod query;

pub use change::AssetMutation;
pub use query::AssetQuery;

use super::agent::Agent;
use super::error::Refusal;
use super::page::{self, Connection};
use super::request::Asked;
use super::scalar::{Cursor, DateTime, Json, Long};
use super::task::Task;
use crate::service;

/// An asset that the caller may see.
#[derive(Debug, Clone)]
pub struct Asset(Arc<asset::Model>);

impl From<asset::Model> for Asset {
    fn from(row: asset::Model) -> Self {
        Self(Arc::new(row))
    }
}

impl Asset {
    /// A page of the assets of a task that the caller sees.
    pub(super) async fn list_of_task(
        ctx: &Context<'_>,
        task: TaskId,
        first: Option<i32>,
        after: Option<Cursor>,
    ) -> Result<Connection<Self>, Refusal> {
        let page = page::request(ctx, first, after)?;
        let assets = service::asset::list_of_task(ctx.service(), task, &page).await?;
        Ok(Connection::of(assets))
    }
}

/// What a task brings forth beside its output: a picture, a model, a sound. Its bytes are put and served over HTTP, or live elsewhere.
#[Object]
impl Asset {
    /// Its id.
    pub(super) async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// What it is.
    async fn kind(&self) -> AssetKind {
        self.0.kind
    }

    /// The media type of its bytes, as its maker says.
    async fn media_type(&self) -> &str {
        &self.0.media_type
    }

    /// Where it stands.
    async fn status(&self) -> AssetStatus {
        self.0.status
    }

    /// Where its bytes are: a path of this server, to which its maker puts them and from which they are served; or an address elsewhere.
    async fn uri(&self) -> String {
        service::asset::uri(&self.0)
    }

    /// How many bytes: counted when they were put, before that and elsewhere as its maker says.
    async fn byte_size(&self) -> Option<Long> {
        self.0.byte_size.map(Long)
    }

    /// SHA-256 of its bytes: computed when they were put, before that and elsewhere as its maker says. What a review is bound to.
    async fn sha256(&self) -> Option<&str> {
        self.0.sha256.as_deref()
    }

    /// Pixels from side to side.
    async fn width(&self) -> Option<i32> {
        self.0.width
    }

    /// Pixels from top to bottom.
    async fn height(&self) -> Option<i32> {
        self.0.height
    }

    /// What its maker keeps with it: an object of strings.
    async fn metadata(&self) -> Json {
        Json::from(&self.0.metadata)
    }

    /// The task that it was made for; null where there is none that the caller may see.
    async fn task(&self, ctx: &Context<'_>) -> Result<Option<Task>, Refusal> {
        match self.0.task_id {
            Some(id) => Ok(ctx.reader().load_one(id).await?),
            None => Ok(None),
        }
    }

    /// Who made it.
    async fn creator(&self, ctx: &Context<'_>) -> Result<Agent, Refusal> {
        Agent::load(ctx, &self.0.creator_id).await
    }

    /// Who reviewed it.
    async fn reviewer(&self, ctx: &Context<'_>) -> Result<Option<Agent>, Refusal> {
        Agent::load_some(ctx, self.0.reviewer_id.as_ref()).await
    }

    /// What its reviewer said.
    async fn review_feedback(&self) -> Option<&str> {
        self.0.review_feedback.as_deref()
    }

    /// When it was registered.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it was reviewed.
    async fn reviewed_at(&self) -> Option<DateTime> {
        self.0.reviewed_at.map(Into::into)
    }
}
