//! The fleet at a glance, and which server this is. Floor 4.

use async_graphql::{Context, ID, Object, SimpleObject};
use entities::agent::{AgentStatus, AgentTier};

use super::agent::Agent;
use super::directive::{self, authenticated};
use super::error::Refusal;
use super::guard::Allow;
use super::page::{self, Connection};
use super::request::Asked;
use super::scalar::Cursor;
use super::task::TaskStatusCount;
use crate::auth::policy::Operation;
use crate::service;
use crate::service::agent::Overview;

/// Which installation and build this is.
#[derive(SimpleObject)]
pub struct ServerInfo {
    /// The installation: one database and whatever serves it.
    installation_id: ID,
    /// The version of the server.
    version: &'static str,
    /// SHA-256 over the sources that the server was built from.
    build_hash: &'static str,
}

/// How many agents are in a tier.
#[derive(SimpleObject)]
pub struct TierCount {
    /// The tier.
    tier: AgentTier,
    /// How many agents are in it.
    count: i32,
}

/// How many agents are in a status.
#[derive(SimpleObject)]
pub struct AgentStatusCount {
    /// The status.
    status: AgentStatus,
    /// How many agents are in it.
    count: i32,
}

/// The fleet in figures.
pub struct FleetOverview(Overview);

/// The fleet in figures.
#[Object]
impl FleetOverview {
    /// How many agents are in each tier.
    async fn agents_by_tier(&self) -> Vec<TierCount> {
        let count = |(tier, count): &(AgentTier, u64)| TierCount {
            tier: *tier,
            count: page::count(*count),
        };
        self.0.agents_by_tier.iter().map(count).collect()
    }

    /// How many agents are in each status at this moment.
    async fn agents_by_status(&self) -> Vec<AgentStatusCount> {
        let count = |(status, count): &(AgentStatus, u64)| AgentStatusCount {
            status: *status,
            count: page::count(*count),
        };
        self.0.agents_by_status.iter().map(count).collect()
    }

    /// How many tasks are in each status.
    async fn tasks_by_status(&self) -> Vec<TaskStatusCount> {
        TaskStatusCount::all(&self.0.tasks_by_status)
    }

    /// How many sessions have outlived two sweeps or their agent.
    async fn orphaned_sessions(&self) -> i32 {
        page::count(self.0.orphaned_sessions)
    }

    /// The agents that are PROCESSING and were silent for over an hour.
    async fn stuck_agents(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many at most.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<Cursor>,
    ) -> Result<Connection<Agent>, Refusal> {
        let page = page::request(ctx, first, after)?;
        Ok(Connection::of(
            service::agent::stuck(ctx.service(), &page).await?,
        ))
    }
}

/// What can be asked about the fleet and the server as a whole.
#[derive(Default)]
pub struct FleetQuery;

#[Object(guard = "crate::graphql::guard::Closed")]
impl FleetQuery {
    /// Which installation and build this is.
    #[graphql(guard = "Allow(Operation::Server)", directive = authenticated::apply())]
    async fn server(&self, ctx: &Context<'_>) -> Result<ServerInfo, Refusal> {
        let installation = service::installation::get(ctx.service()).await?;
        Ok(ServerInfo {
            installation_id: ID(installation.id.to_string()),
            version: crate::VERSION,
            build_hash: crate::BUILD_HASH,
        })
    }

    /// The fleet in figures.
    #[graphql(guard = "Allow(Operation::Fleet)", directive = directive::tier::apply(AgentTier::L1))]
    async fn fleet(&self, ctx: &Context<'_>) -> Result<FleetOverview, Refusal> {
        let overview = service::agent::overview(ctx.service(), ctx.caller()).await?;
        Ok(FleetOverview(overview))
    }
}
