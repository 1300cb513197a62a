//! Sessions: how agents come in and go. Floor 4.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use entities::agent::AgentPermission;
use entities::session;

use super::agent::Agent;
use super::directive::{authenticated, permission, public};
use super::error::Refusal;
use super::guard::Allow;
use super::page;
use super::request::Asked;
use super::scalar::DateTime;
use crate::auth::policy::Operation;
use crate::service;

/// A session of an agent.
#[derive(Debug, Clone)]
pub struct AgentSession(Arc<session::Model>);

impl From<session::Model> for AgentSession {
    fn from(row: session::Model) -> Self {
        Self(Arc::new(row))
    }
}

/// A session: what a token stands for.
#[Object]
impl AgentSession {
    /// Its id: the token's `sid`.
    pub(super) async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// Whose session it is.
    async fn agent(&self, ctx: &Context<'_>) -> Result<Agent, Refusal> {
        Agent::load(ctx, &self.0.agent_id).await
    }

    /// Who issued it; null when the agent came by its secret.
    async fn issued_by(&self, ctx: &Context<'_>) -> Result<Option<Agent>, Refusal> {
        Agent::load_some(ctx, self.0.issued_by.as_ref()).await
    }

    /// When it began.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When its token ends to be good.
    async fn expires_at(&self) -> DateTime {
        self.0.expires_at.into()
    }

    /// When it was last used, to within a few seconds; null if never.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(Into::into)
    }

    /// When it was revoked or rotated away; null while it was not.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(Into::into)
    }

    /// The address that it was made from.
    async fn ip_address(&self) -> Option<&str> {
        self.0.ip_address.as_deref()
    }
}

/// A new session and its token.
pub struct SessionToken {
    token: String,
    session: AgentSession,
}

impl From<service::session::Issued> for SessionToken {
    fn from(issued: service::session::Issued) -> Self {
        Self {
            token: issued.token,
            session: issued.session.into(),
        }
    }
}

/// A new session and its token, shown this once.
#[Object]
impl SessionToken {
    /// What to send as `Authorization: Bearer …` or `X-Agent-Token: …`. It is stored nowhere.
    async fn token(&self) -> &str {
        &self.token
    }

    /// The session that it stands for.
    async fn session(&self) -> &AgentSession {
        &self.session
    }
}

/// What begins and ends sessions.
#[derive(Default)]
pub struct SessionMutation;

#[Object(guard = "crate::graphql::guard::Closed")]
impl SessionMutation {
    /// Trades an agent's secret for a session.
    #[graphql(guard = "Allow(Operation::Authenticate)", directive = public::apply())]
    async fn authenticate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which agent.")] agent_id: ID,
        #[graphql(
            secret,
            desc = "Its secret, as shown when it was registered or its secret rotated."
        )]
        secret: String,
    ) -> Result<SessionToken, Refusal> {
        let (service, caller) = (ctx.service(), ctx.caller());
        let issued = service::session::authenticate(service, caller, &agent_id, &secret).await?;
        Ok(issued.into())
    }

    /// Puts a new session in the place of the calling one, whose token is good no longer.
    #[graphql(guard = "Allow(Operation::RotateSession)", directive = authenticated::apply())]
    async fn rotate_session(&self, ctx: &Context<'_>) -> Result<SessionToken, Refusal> {
        let issued = service::session::rotate(ctx.service(), ctx.caller()).await?;
        Ok(issued.into())
    }

    /// Ends a session: one's own, or anyone's with MANAGE_AGENTS.
    #[graphql(guard = "Allow(Operation::RevokeSession)", directive = authenticated::apply())]
    async fn revoke_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] session_id: ID,
    ) -> Result<AgentSession, Refusal> {
        let revoked = service::session::revoke(ctx.service(), ctx.caller(), &session_id).await?;
        Ok(revoked.into())
    }

    /// Ends every session of an agent and says how many there were.
    #[graphql(guard = "Allow(Operation::RevokeAgentSessions)", directive = permission::apply(AgentPermission::ManageAgents))]
    async fn revoke_agent_sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which agent.")] agent_id: ID,
    ) -> Result<i32, Refusal> {
        let revoked = service::session::revoke_all(ctx.service(), ctx.caller(), &agent_id).await?;
        Ok(page::count(revoked))
    }

    /// Begins a session for an agent that holds nothing beyond what the caller holds.
    #[graphql(guard = "Allow(Operation::IssueSession)", directive = permission::apply(AgentPermission::ManageAgents))]
    async fn issue_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "For which agent.")] agent_id: ID,
        #[graphql(default = 3600, desc = "How many seconds it lives.")] ttl_seconds: Option<i32>,
    ) -> Result<SessionToken, Refusal> {
        let seconds = ttl_seconds.unwrap_or(3_600);
        let issued =
            service::session::issue(ctx.service(), ctx.caller(), &agent_id, seconds).await?;
        Ok(issued.into())
    }
}
