//! What can be asked about sprints. Floor 4.

use async_graphql::{Context, ID, Object};

use super::Sprint;
use crate::auth::policy::Operation;
use crate::graphql::directive::authenticated;
use crate::graphql::error::Refusal;
use crate::graphql::guard::Allow;
use crate::graphql::page::{self, Connection};
use crate::graphql::request::Asked;
use crate::graphql::scalar::Cursor;
use crate::service;

/// What can be asked about sprints.
#[derive(Default)]
pub struct SprintQuery;

#[Object(guard = "crate::graphql::guard::Closed")]
impl SprintQuery {
    /// One sprint. Null with NOT_FOUND when there is none that the caller may see.
    #[graphql(guard = "Allow(Operation::Sprint)", directive = authenticated::apply())]
    async fn sprint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Result<Option<Sprint>, Refusal> {
        let sprint = service::sprint::get(ctx.service(), ctx.caller(), &id).await?;
        Ok(Some(sprint.into()))
    }

    /// Sprints that the caller may see, newest first.
    #[graphql(guard = "Allow(Operation::Sprints)", directive = authenticated::apply())]
    async fn sprints(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many at most.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<Cursor>,
    ) -> Result<Connection<Sprint>, Refusal> {
        let page = page::request(ctx, first, after)?;
        let sprints = service::sprint::list(ctx.service(), ctx.caller(), &page).await?;
        Ok(Connection::of(sprints))
    }
}
