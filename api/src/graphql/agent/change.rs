//! What changes agents: SYSTEM work, singly or in bulk, and an agent's report of its own error. Floor 4.

use async_graphql::{Context, ID, InputObject, Object};
use entities::agent::{AgentPermission, AgentTier};

use super::Agent;
use crate::auth::policy::Operation;
use crate::error::Error;
use crate::graphql::directive::permission;
use crate::graphql::error::Refusal;
use crate::graphql::guard::Allow;
use crate::graphql::request::Asked;
use crate::graphql::scalar::Json;
use crate::service;

/// An agent and the secret that was made for it.
pub struct AgentSecret {
    agent: Agent,
    secret: String,
}

impl From<service::agent::Registered> for AgentSecret {
    fn from(registered: service::agent::Registered) -> Self {
        Self {
            agent: registered.agent.into(),
            secret: registered.secret.expose(),
        }
    }
}

/// An agent and its new secret, shown this once.
#[Object]
impl AgentSecret {
    /// Whose secret it is.
    async fn agent(&self) -> &Agent {
        &self.agent
    }

    /// The secret: what `authenticate` takes. It is stored nowhere.
    async fn secret(&self) -> &str {
        &self.secret
    }
}

/// A new agent.
#[derive(Debug, InputObject)]
pub struct RegisterAgentInput {
    /// 3 to 64 characters of `A-Z 0-9 -`, beginning with its tier's name and a dash.
    id: ID,
    /// What people call it.
    name: String,
    /// Its rank; never changes.
    tier: AgentTier,
    /// The agent that it reports to, exactly one tier up; none for L1 and SYSTEM.
    supervisor_id: Option<ID>,
    /// What it may do, within its tier's ceiling; the whole ceiling when left out.
    permissions: Option<Vec<AgentPermission>>,
    /// Names of the task types that it can execute.
    capabilities: Option<Vec<String>>,
    /// What its operators keep with it; a JSON object.
    config: Option<Json>,
}

impl From<RegisterAgentInput> for service::agent::Register {
    fn from(input: RegisterAgentInput) -> Self {
        Self {
            id: input.id.into(),
            name: input.name,
            tier: input.tier,
            supervisor_id: input.supervisor_id.map(Into::into),
            permissions: input.permissions,
            capabilities: input.capabilities,
            config: input.config.map(|config| config.0),
        }
    }
}

/// A change of one agent. What is left out stays as it is.
#[derive(Debug, InputObject)]
pub struct UpdateAgentInput {
    /// Which agent.
    id: ID,
    /// What people call it.
    name: Option<String>,
    /// The agent that it reports to, exactly one tier up.
    supervisor_id: Option<ID>,
    /// Names of the task types that it can execute.
    capabilities: Option<Vec<String>>,
    /// What its operators keep with it; a JSON object, in place of the one before.
    config: Option<Json>,
    /// What it may do, within its tier's ceiling. Needs MODIFY_PERMISSIONS.
    permissions: Option<Vec<AgentPermission>>,
    /// True activates it, false deactivates it.
    active: Option<bool>,
    /// Why it is deactivated.
    reason: Option<String>,
}

impl From<UpdateAgentInput> for service::agent::Update {
    fn from(input: UpdateAgentInput) -> Self {
        Self {
            id: input.id.into(),
            name: input.name,
            supervisor_id: input.supervisor_id.map(Into::into),
            capabilities: input.capabilities,
            config: input.config.map(|config| config.0),
            permissions: input.permissions,
            active: input.active,
            reason: input.reason,
        }
    }
}

async fn register(
    ctx: &Context<'_>,
    input: Vec<RegisterAgentInput>,
    operation: Operation,
) -> Result<Vec<AgentSecret>, Refusal> {
    let input = input.into_iter().map(Into::into).collect();
    let registered =
        service::agent::register(ctx.service(), ctx.caller(), input, operation).await?;
    Ok(registered.into_iter().map(Into::into).collect())
}

/// What changes agents.
#[derive(Default)]
pub struct AgentMutation;

#[Object(guard = "crate::graphql::guard::Closed")]
impl AgentMutation {
    /// Registers an agent and makes its secret.
    #[graphql(guard = "Allow(Operation::RegisterAgent)", directive = permission::apply(AgentPermission::ManageAgents))]
    async fn register_agent(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new agent.")] input: RegisterAgentInput,
    ) -> Result<AgentSecret, Refusal> {
        let registered = register(ctx, vec![input], Operation::RegisterAgent).await?;
        let only = registered.into_iter().next();
        Ok(only.ok_or_else(|| Error::internal("an agent was registered and not returned"))?)
    }

    /// Registers many agents at once: all or nothing, each fault named by its line. Supervisors may be among them.
    #[graphql(guard = "Allow(Operation::RegisterAgents)", directive = permission::apply(AgentPermission::ManageAgents))]
    async fn register_agents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new agents.")] input: Vec<RegisterAgentInput>,
    ) -> Result<Vec<AgentSecret>, Refusal> {
        register(ctx, input, Operation::RegisterAgents).await
    }

    /// Makes a new secret for an agent; the one before is good no longer.
    #[graphql(guard = "Allow(Operation::RotateAgentSecret)", directive = permission::apply(AgentPermission::ManageAgents))]
    async fn rotate_agent_secret(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which agent.")] agent_id: ID,
    ) -> Result<AgentSecret, Refusal> {
        let rotated = service::agent::rotate_secret(ctx.service(), ctx.caller(), &agent_id).await?;
        Ok(rotated.into())
    }

    /// Changes name, supervisor, capabilities, config, activation and (with MODIFY_PERMISSIONS) permissions of many agents at once: all or
    /// nothing, each fault named by its line.
    #[graphql(guard = "Allow(Operation::UpdateAgents)", directive = permission::apply(AgentPermission::ManageAgents))]
    async fn update_agents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The changes, at most one for each agent.")] input: Vec<UpdateAgentInput>,
    ) -> Result<Vec<Agent>, Refusal> {
        let input = input.into_iter().map(Into::into).collect();
        let updated = service::agent::update(ctx.service(), ctx.caller(), input).await?;
        Ok(updated.into_iter().map(Into::into).collect())
    }

    /// Makes an agent operational again, whether it was INACTIVE or in ERROR.
    #[graphql(guard = "Allow(Operation::ActivateAgent)", directive = permission::apply(AgentPermission::ManageAgents))]
    async fn activate_agent(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which agent.")] agent_id: ID,
    ) -> Result<Agent, Refusal> {
        let agent = service::agent::activate(ctx.service(), ctx.caller(), &agent_id).await?;
        Ok(agent.into())
    }

    /// Deactivates an agent: its sessions end and the tasks that it is doing fail. The kill switch: with `includeReports` the whole line
    /// below it, in one transaction.
    #[graphql(guard = "Allow(Operation::DeactivateAgent)", directive = permission::apply(AgentPermission::ManageAgents))]
    async fn deactivate_agent(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which agent.")] agent_id: ID,
        #[graphql(desc = "Why: it stays with the agent and its failed tasks.")] reason: String,
        #[graphql(
            default_with = "Some(false)",
            desc = "Whether the whole line below it goes too."
        )]
        include_reports: Option<bool>,
    ) -> Result<Agent, Refusal> {
        let (service, caller) = (ctx.service(), ctx.caller());
        let with_line = include_reports.unwrap_or_default();
        let agent =
            service::agent::deactivate(service, caller, &agent_id, &reason, with_line).await?;
        Ok(agent.into())
    }

    /// Puts another configuration in the place of an agent's.
    #[graphql(guard = "Allow(Operation::UpdateAgentConfig)", directive = permission::apply(AgentPermission::ManageAgents))]
    async fn update_agent_config(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which agent.")] agent_id: ID,
        #[graphql(desc = "A JSON object.")] config: Json,
    ) -> Result<Agent, Refusal> {
        let (service, caller) = (ctx.service(), ctx.caller());
        let agent = service::agent::update_config(service, caller, &agent_id, config.0).await?;
        Ok(agent.into())
    }

    /// Says what an agent may do from now on, within its tier's ceiling.
    #[graphql(guard = "Allow(Operation::SetAgentPermissions)", directive = permission::apply(AgentPermission::ModifyPermissions))]
    async fn set_agent_permissions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which agent.")] agent_id: ID,
        #[graphql(desc = "All that it may do.")] permissions: Vec<AgentPermission>,
    ) -> Result<Agent, Refusal> {
        let (service, caller) = (ctx.service(), ctx.caller());
        let agent =
            service::agent::set_permissions(service, caller, &agent_id, permissions).await?;
        Ok(agent.into())
    }

    /// Sets an agent in ERROR, with the same consequences as `deactivateAgent`.
    #[graphql(guard = "Allow(Operation::SetAgentError)", directive = permission::apply(AgentPermission::ManageAgents))]
    async fn set_agent_error(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which agent.")] agent_id: ID,
        #[graphql(desc = "Why: it stays with the agent and its failed tasks.")] reason: String,
        #[graphql(
            default_with = "Some(false)",
            desc = "Whether the whole line below it goes too."
        )]
        include_reports: Option<bool>,
    ) -> Result<Agent, Refusal> {
        let (service, caller) = (ctx.service(), ctx.caller());
        let with_line = include_reports.unwrap_or_default();
        let agent =
            service::agent::set_error(service, caller, &agent_id, &reason, with_line).await?;
        Ok(agent.into())
    }

    /// The calling agent sets itself in ERROR. Its session ends with it.
    #[graphql(guard = "Allow(Operation::ReportAgentError)", directive = permission::apply(AgentPermission::ReportStatus))]
    async fn report_agent_error(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wrong.")] reason: String,
    ) -> Result<Agent, Refusal> {
        let agent = service::agent::report_error(ctx.service(), ctx.caller(), &reason).await?;
        Ok(agent.into())
    }
}
