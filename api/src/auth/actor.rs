//! Who calls. Floor 1.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use entities::agent::{self, AgentPermission, AgentTier};
use entities::id::{AgentId, RequestId, SessionId};

/// Where a request came from and when it began: what its audit entries say beside the change.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Minted at the edge, or taken from a trusted header.
    pub request_id: RequestId,
    /// The client's address; personal.
    pub ip_address: Option<IpAddr>,
    /// The client's own name for itself, cut at 200 characters; personal.
    pub user_agent: Option<Arc<str>>,
    /// The trace that it belongs to, as its sender says; for the log alone.
    pub trace_id: Option<Arc<str>>,
    /// When the request began, for durations.
    pub started: Instant,
}

impl Origin {
    /// The origin of what the server does by itself.
    pub fn internal(request_id: RequestId) -> Self {
        Self {
            request_id,
            ip_address: None,
            user_agent: None,
            trace_id: None,
            started: Instant::now(),
        }
    }
}

/// An agent with a live session.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Its row as it was when the session was checked.
    pub agent: Arc<agent::Model>,
    /// The session that it calls by.
    pub session_id: SessionId,
}

/// Who calls: the principal and the request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// By which request.
    pub origin: Origin,
}

/// The kinds of callers.
#[derive(Debug, Clone)]
pub enum Principal {
    /// A stranger: only `@public` fields answer.
    Anonymous,
    /// An agent with a live session.
    Agent(Actor),
    /// The server itself: SYSTEM-000. No request can bring this about.
    ControlCenter,
}

impl Caller {
    /// The server itself, in a request of its own.
    pub fn control_center(request_id: RequestId) -> Self {
        Self {
            principal: Principal::ControlCenter,
            origin: Origin::internal(request_id),
        }
    }

    /// The calling agent, if it is one.
    pub fn actor(&self) -> Option<&Actor> {
        match &self.principal {
            Principal::Agent(actor) => Some(actor),
            Principal::Anonymous | Principal::ControlCenter => None,
        }
    }

    /// Who the audit log names.
    pub fn agent_id(&self) -> Option<AgentId> {
        match &self.principal {
            Principal::Anonymous => None,
            Principal::Agent(actor) => Some(actor.agent.id.clone()),
            Principal::ControlCenter => Some(AgentId::control_center()),
        }
    }

    /// The session that the audit log names.
    pub fn session_id(&self) -> Option<SessionId> {
        self.actor().map(|actor| actor.session_id)
    }

    /// The caller's tier; none for strangers.
    pub fn tier(&self) -> Option<AgentTier> {
        match &self.principal {
            Principal::Anonymous => None,
            Principal::Agent(actor) => Some(actor.agent.tier),
            Principal::ControlCenter => Some(AgentTier::System),
        }
    }

    /// Whether the caller holds the permission by the row that was read with its session.
    pub fn holds(&self, permission: AgentPermission) -> bool {
        match &self.principal {
            Principal::Anonymous => false,
            Principal::Agent(actor) => actor.agent.permissions.contains(permission),
            Principal::ControlCenter => true,
        }
    }
}
