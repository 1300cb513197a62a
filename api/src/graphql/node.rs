//! Everything with an id of its own, by that id. Floor 4.

use async_graphql::{Context, ID, Interface, Object};
use entities::id::{
    AgentId, AssetId, AuditId, GateRunId, NotificationId, SessionId, SprintId, TaskId,
};
use futures::future::try_join_all;

use super::agent::Agent;
use super::asset::Asset;
use super::audit::AuditEntry;
use super::directive::authenticated;
use super::error::Refusal;
use super::gate_run::GateRun;
use super::guard::Allow;
use super::loader::Named;
use super::notification::Notification;
use super::request::Asked;
use super::session::AgentSession;
use super::sprint::Sprint;
use super::task::Task;
use crate::auth::policy::Operation;
use crate::error::Error;
use crate::service;

/// Everything with an id of its own. Ids say their kind: `task_…`, `asset_…`, `sprint_…`, `gate_…`, `sess_…`, `audit_…`, `notif_…`; an agent's id is its name plate.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Its id, good for `node`."))]
pub enum Node {
    /// An agent.
    Agent(Agent),
    /// A session.
    AgentSession(AgentSession),
    /// A task.
    Task(Task),
    /// An asset.
    Asset(Asset),
    /// A sprint.
    Sprint(Sprint),
    /// A gate run.
    GateRun(GateRun),
    /// An entry of the audit log.
    AuditEntry(AuditEntry),
    /// A notification.
    Notification(Notification),
}

/// Finds what an id names, as far as the caller may see it.
async fn find(ctx: &Context<'_>, id: &str) -> Result<Option<Node>, Refusal> {
    let (service, caller) = (ctx.service(), ctx.caller());
    if let Ok(id) = id.parse::<TaskId>() {
        return Ok(ctx.reader().load_one(Named(id)).await?.map(Node::Task));
    }
    if id.parse::<AssetId>().is_ok() {
        let found = service::asset::find(service, caller, id).await?;
        return Ok(found.map(|row| Node::Asset(row.into())));
    }
    if id.parse::<SprintId>().is_ok() {
        let found = service::sprint::get(service, caller, id).await;
        return match found {
            Ok(row) => Ok(Some(Node::Sprint(row.into()))),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        };
    }
    if let Ok(id) = id.parse::<GateRunId>() {
        return Ok(ctx.reader().load_one(id).await?.map(Node::GateRun));
    }
    if id.parse::<SessionId>().is_ok() {
        let found = service::session::find(service, caller, id).await?;
        return Ok(found.map(|row| Node::AgentSession(row.into())));
    }
    if id.parse::<AuditId>().is_ok() {
        let found = service::audit::find(service, caller, id).await?;
        return Ok(found.map(|record| Node::AuditEntry(record.into())));
    }
    if let Ok(id) = id.parse::<NotificationId>() {
        let found = ctx.reader().load_one(id).await?;
        return Ok(found.map(Node::Notification));
    }
    match id.parse::<AgentId>() {
        Ok(id) => Ok(ctx.reader().load_one(id).await?.map(Node::Agent)),
        Err(_) => Ok(None),
    }
}

/// What can be asked by id alone.
#[derive(Default)]
pub struct NodeQuery;

#[Object(guard = "crate::graphql::guard::Closed")]
impl NodeQuery {
    /// Whatever has this id. Null with NOT_FOUND when there is nothing that the caller may see.
    #[graphql(guard = "Allow(Operation::Node)", directive = authenticated::apply())]
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Result<Option<Node>, Refusal> {
        let found = find(ctx, &id).await?;
        Ok(Some(
            found.ok_or_else(|| Error::not_found("node", id.as_str()))?,
        ))
    }

    /// Whatever has these ids, in their order; null in the place of what the caller may not see and of what there is not.
    #[graphql(guard = "Allow(Operation::Nodes)", directive = authenticated::apply())]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Their ids.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>, Refusal> {
        let limit = ctx.service().settings.max_page;
        let requested = ids.len() as u64;
        if requested > limit {
            Err(Error::LimitExceeded {
                limit: "ids",
                value: limit,
                requested,
            })?;
        }
        try_join_all(ids.iter().map(|id| find(ctx, id))).await
    }
}
