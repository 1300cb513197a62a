//! Agents: who they are, who they report to, what they hold. Floor 4.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};
use entities::agent::{self, AgentPermission, AgentState, AgentStatus, AgentTier};

mod change;

pub use change::AgentMutation;

use super::directive::authenticated;
use super::error::Refusal;
use super::guard::Allow;
use super::loader::Holds;
use super::page::{self, Connection};
use super::request::Asked;
use super::scalar::{Cursor, DateTime, Json};
use super::session::AgentSession;
use super::task::{Task, TaskFilter};
use crate::auth::policy::Operation;
use crate::error::Error;
use crate::service;

/// An agent of the fleet.
#[derive(Debug, Clone)]
pub struct Agent(pub(super) Arc<agent::Model>);

impl From<agent::Model> for Agent {
    fn from(row: agent::Model) -> Self {
        Self(Arc::new(row))
    }
}

impl Agent {
    /// The agent that an object refers to. Agents are never removed, so that one which is missing is a fault of ours.
    pub(super) async fn load(
        ctx: &Context<'_>,
        id: &entities::id::AgentId,
    ) -> Result<Self, Refusal> {
        let found = ctx.reader().load_one(id.clone()).await?;
        Ok(found.ok_or_else(|| Error::internal(format!("agent {id} is gone")))?)
    }

    /// The agent that an object may refer to.
    pub(super) async fn load_some(
        ctx: &Context<'_>,
        id: Option<&entities::id::AgentId>,
    ) -> Result<Option<Self>, Refusal> {
        match id {
            Some(id) => Self::load(ctx, id).await.map(Some),
            None => Ok(None),
        }
    }
}

/// An agent: it works in a rank, reports to the rank above and hands work to the ranks below.
#[Object]
impl Agent {
    /// Its name plate, such as `L2-CHAR-001`.
    pub(super) async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its rank; never changes.
    async fn tier(&self) -> AgentTier {
        self.0.tier
    }

    /// Its status at this moment.
    async fn status(&self, ctx: &Context<'_>) -> Result<AgentStatus, Refusal> {
        let holds = Holds(self.0.id.clone());
        // Only what is operational can hold a task that is being done.
        let processing = self.0.state == AgentState::Operational
            && ctx.reader().load_one(holds).await?.is_some();
        let now = ctx.service().db.clock().now();
        Ok(service::agent::status(&self.0, processing, now))
    }

    /// Why it is in ERROR or INACTIVE.
    async fn status_reason(&self) -> Option<&str> {
        self.0.status_reason.as_deref()
    }

    /// What it may do. Null where the caller may not see it: only the agent itself, those above it and SYSTEM may.
    async fn permissions(&self, ctx: &Context<'_>) -> Option<Vec<AgentPermission>> {
        self.is_open(ctx)
            .then(|| self.0.permissions.iter().collect())
    }

    /// Names of the task types that it can execute.
    async fn capabilities(&self) -> &[String] {
        self.0.capabilities.as_slice()
    }

    /// The agent that it reports to; null for L1 and SYSTEM.
    async fn supervisor(&self, ctx: &Context<'_>) -> Result<Option<Agent>, Refusal> {
        Agent::load_some(ctx, self.0.supervisor_id.as_ref()).await
    }

    /// The agents that report to it directly, by id.
    async fn reports(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many at most.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<Cursor>,
    ) -> Result<Connection<Agent>, Refusal> {
        let filter = service::agent::Filter {
            supervisor_id: Some(self.0.id.to_string()),
            ..Default::default()
        };
        let page = page::request(ctx, first, after)?;
        let reports = service::agent::list(ctx.service(), filter, &page).await?;
        Ok(Connection::of(reports))
    }

    /// What its operators keep with it. Null where the caller may not see it, as with `permissions`.
    async fn config(&self, ctx: &Context<'_>) -> Option<Json> {
        self.is_open(ctx).then(|| Json::from(&self.0.config))
    }

    /// When it was registered.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it was last heard of, to within a few seconds; null if never.
    async fn last_active_at(&self) -> Option<DateTime> {
        self.0.last_active_at.map(Into::into)
    }

    /// The tasks that it is or was last assigned to, as far as the caller may see them, newest first.
    async fn tasks(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which of them; `assigneeId` is this agent's.")] filter: Option<
            TaskFilter,
        >,
        #[graphql(default = 20, desc = "How many at most.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<Cursor>,
    ) -> Result<Connection<Task>, Refusal> {
        let filter = filter.unwrap_or_default().of_assignee(&self.0.id)?;
        Task::list(ctx, filter, first, after).await
    }

    /// Its sessions, newest first: one's own, or anyone's with MANAGE_AGENTS; else null.
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many at most.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<Cursor>,
    ) -> Result<Option<Connection<AgentSession>>, Refusal> {
        let page = page::request(ctx, first, after)?;
        let sessions =
            service::session::list(ctx.service(), ctx.caller(), &self.0.id, &page).await?;
        Ok(sessions.map(Connection::of))
    }
}

impl Agent {
    fn is_open(&self, ctx: &Context<'_>) -> bool {
        service::agent::sees_configuration(ctx.service(), ctx.caller(), &self.0)
    }
}

/// Which agents. What is left out does not narrow.
#[derive(Debug, Default, InputObject)]
pub struct AgentFilter {
    /// Of this rank.
    tier: Option<AgentTier>,
    /// In one of these statuses.
    status: Option<Vec<AgentStatus>>,
    /// Able to execute this task type.
    capability: Option<String>,
    /// Reporting directly to this agent.
    supervisor_id: Option<ID>,
    /// With this text in id or name, whatever its case.
    search: Option<String>,
}

impl From<AgentFilter> for service::agent::Filter {
    fn from(filter: AgentFilter) -> Self {
        Self {
            tier: filter.tier,
            status: filter.status,
            capability: filter.capability,
            supervisor_id: filter.supervisor_id.map(Into::into),
            search: filter.search,
        }
    }
}

/// What can be asked about agents.
#[derive(Default)]
pub struct AgentQuery;

#[Object(guard = "crate::graphql::guard::Closed")]
impl AgentQuery {
    /// The calling agent.
    #[graphql(guard = "Allow(Operation::Me)", directive = authenticated::apply())]
    async fn me(&self, ctx: &Context<'_>) -> Result<Agent, Refusal> {
        let actor = ctx.caller().actor().ok_or(Error::Unauthenticated)?;
        Ok(Agent(actor.agent.clone()))
    }

    /// One agent. Null with NOT_FOUND when there is none.
    #[graphql(guard = "Allow(Operation::Agent)", directive = authenticated::apply())]
    async fn agent(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Result<Option<Agent>, Refusal> {
        Ok(Some(service::agent::get(ctx.service(), &id).await?.into()))
    }

    /// The fleet, or part of it, by id.
    #[graphql(guard = "Allow(Operation::Agents)", directive = authenticated::apply())]
    async fn agents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which of them.")] filter: Option<AgentFilter>,
        #[graphql(default = 20, desc = "How many at most.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<Cursor>,
    ) -> Result<Connection<Agent>, Refusal> {
        let page = page::request(ctx, first, after)?;
        let filter = filter.unwrap_or_default().into();
        Ok(Connection::of(
            service::agent::list(ctx.service(), filter, &page).await?,
        ))
    }
}
