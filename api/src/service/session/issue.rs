//! How sessions begin: by a secret, issued by an operator, in place of another (spec R2.01, R2.04). Floor 3.

use chrono::TimeDelta;
use entities::agent::{self, AgentState};
use entities::audit::AuditAction;
use entities::id::{AgentId, AuditId, SessionId};
use entities::session;
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QuerySelect,
};

use super::{Issued, live};
use crate::auth::actor::Caller;
use crate::auth::policy::{self, Operation};
use crate::auth::secret::Secret;
use crate::auth::token::{self, Claims};
use crate::error::{Error, Result};
use crate::service::{Service, agent as agents};
use crate::store::{Entry, Tx};

/// authenticate: trades an agent's secret for a session. SESSION_CREATED, in the name of the agent, which has proved itself.
///
/// # Errors
/// UNAUTHENTICATED, always in the same words, for an unknown agent, a wrong secret, an agent that is not operational, and the control
/// center; RATE_LIMITED, before anything is looked up, while the delay after wrong secrets lasts; LIMIT_EXCEEDED for too many live sessions.
#[tracing::instrument(name = "session.authenticate", skip_all)]
pub async fn authenticate(
    service: &Service,
    caller: &Caller,
    agent_id: &str,
    secret: &str,
) -> Result<Issued> {
    let attempt = service.rates.try_secret(caller, agent_id)?;
    // The same work whether there is such an agent or not: one look for it, which reads no more than it must, and one hash.
    let found = login_of(service, agent_id).await?;
    let stored = found.as_ref().and_then(|found| found.secret_sha256.clone());
    let proved = Secret::proves(secret, stored.as_deref());
    let refuse = |reason| {
        attempt.failed();
        service.denials.report_login(caller, reason, agent_id);
        Error::Unauthenticated
    };
    let id = match found {
        None => return Err(refuse("UNKNOWN_AGENT")),
        Some(_) if !proved => return Err(refuse("WRONG_SECRET")),
        Some(found) if found.id == AgentId::control_center() => {
            return Err(refuse("CONTROL_CENTER"));
        }
        Some(found) if found.state != AgentState::Operational => {
            return Err(refuse("NOT_OPERATIONAL"));
        }
        Some(found) => found.id,
    };
    attempt.succeeded();

    let ttl = span(service.settings.session_ttl);
    let locks = [id.clone()];
    let operation = Operation::Authenticate;
    let begun = service
        .perform_alone(caller, operation, &locks, async |tx: &mut Tx| {
            // Read again under the lock: it may have been stopped, or its secret rotated, since.
            let now = agent::Entity::find_by_id(id.clone()).one(tx).await?;
            let Some(now) =
                now.filter(|now| policy::operational(now).is_ok() && now.secret_sha256 == stored)
            else {
                return Ok(None);
            };
            let begin = Begin {
                id: tx.session_id(),
                agent: &now,
                issued_by: None,
                ttl,
                room: service.settings.max_sessions,
            };
            let entry = Entry::new(AuditAction::SessionCreated)
                .by(Some(now.id.clone()))
                .in_session(Some(begin.id));
            let (session, _) = begin.insert(tx, entry).await?;
            Ok(Some((now, session)))
        })
        .await?;
    let Some((agent, session)) = begun else {
        return Err(refuse("NOT_OPERATIONAL"));
    };
    service.last_uses.note(
        &agent.id,
        session.id,
        session.created_at,
        agent.last_active_at,
    );
    sign(service, &agent, session)
}

/// What a secret is judged by.
#[derive(FromQueryResult)]
struct Login {
    id: AgentId,
    state: AgentState,
    secret_sha256: Option<Vec<u8>>,
}

/// What is stored of an agent's way in. For what is no id there is the same look, for an agent that is nobody's.
async fn login_of(service: &Service, agent_id: &str) -> Result<Option<Login>> {
    let parsed = agent_id.parse();
    let is_id = parsed.is_ok();
    let found = agent::Entity::find_by_id(parsed.unwrap_or_else(|_| AgentId::control_center()))
        .select_only()
        .columns([
            agent::Column::Id,
            agent::Column::State,
            agent::Column::SecretSha256,
        ])
        .into_model::<Login>()
        .one(&service.db)
        .await?;
    Ok(found.filter(|_| is_id))
}

/// issueSession: a session for an agent, by who holds MANAGE_AGENTS and all that the agent holds (spec R1.08). SESSION_CREATED.
///
/// # Errors
/// BAD_USER_INPUT for a time to live below one second or beyond the setting; NOT_FOUND; FORBIDDEN; CONFLICT where the agent is not
/// operational; LIMIT_EXCEEDED for too many live sessions.
#[tracing::instrument(name = "session.issue", skip_all, fields(agent.id = agent_id))]
pub async fn issue(
    service: &Service,
    caller: &Caller,
    agent_id: &str,
    ttl_seconds: i32,
) -> Result<Issued> {
    service.allow(caller, Operation::IssueSession)?;
    let ttl = TimeDelta::seconds(i64::from(ttl_seconds));
    let longest = span(service.settings.max_session_ttl);
    if ttl < TimeDelta::seconds(1) || ttl > longest {
        let message = format!("must be from 1 to {} seconds", longest.num_seconds());
        return Err(Error::bad_input("ttlSeconds", "range", message));
    }
    let agent_id = agents::parse_id(agent_id)?;
    let locks = [agent_id.clone()];
    let operation = Operation::IssueSession;
    let (agent, session) = service
        .perform_alone(caller, operation, &locks, async |tx: &mut Tx| {
            agents::refuse_control_center(&agent_id)?;
            let agent = agent::Entity::find_by_id(agent_id.clone())
                .one(tx)
                .await?
                .ok_or_else(|| Error::not_found("agent", &agent_id))?;
            policy::may_grant(tx.caller(), agent.permissions)?;
            policy::operational(&agent)?;
            let begin = Begin {
                id: tx.session_id(),
                agent: &agent,
                issued_by: tx.caller().agent_id(),
                ttl,
                room: service.settings.max_sessions,
            };
            let entry = Entry::new(AuditAction::SessionCreated);
            let (session, _) = begin.insert(tx, entry).await?;
            Ok((agent, session))
        })
        .await?;
    sign(service, &agent, session)
}

/// rotateSession: a session as long as the caller's was, from now on, in its place. SESSION_ROTATED, and SESSION_REVOKED for the old one.
///
/// # Errors
/// UNAUTHENTICATED for strangers.
#[tracing::instrument(name = "session.rotate", skip_all)]
pub async fn rotate(service: &Service, caller: &Caller) -> Result<Issued> {
    let locks: Vec<AgentId> = caller.agent_id().into_iter().collect();
    let operation = Operation::RotateSession;
    let (agent, session) = service
        .perform_alone(caller, operation, &locks, async |tx: &mut Tx| {
            let actor = tx.actor()?.clone();
            let old = session::Entity::find_by_id(actor.session_id)
                .one(tx)
                .await?
                .ok_or(Error::Unauthenticated)?;
            let longest = span(service.settings.max_session_ttl);
            let begin = Begin {
                id: tx.session_id(),
                agent: &actor.agent,
                issued_by: old.issued_by.clone(),
                ttl: (old.expires_at - old.created_at).min(longest),
                // It takes the old one's place: one more than the limit for the moment.
                room: service.settings.max_sessions.saturating_add(1),
            };
            let entry = Entry::new(AuditAction::SessionRotated).with("replaces", old.id);
            let (session, cause) = begin.insert(tx, entry).await?;
            super::revoke::end(tx, &old, Some(cause)).await?;
            Ok((actor.agent, session))
        })
        .await?;
    sign(service, &agent, session)
}

/// What a session begins with.
struct Begin<'a> {
    id: SessionId,
    agent: &'a agent::Model,
    issued_by: Option<AgentId>,
    ttl: TimeDelta,
    /// How many live ones the agent may have before.
    room: u64,
}

impl Begin<'_> {
    /// Inserts the session. LIMIT_EXCEEDED where there is no room for it; the unit holds the agent's lock alone.
    async fn insert(self, tx: &mut Tx, entry: Entry) -> Result<(session::Model, AuditId)> {
        let now = tx.now();
        let others = session::Entity::find()
            .filter(session::Column::AgentId.eq(self.agent.id.clone()))
            .filter(live(now))
            .count(tx)
            .await?;
        if others >= self.room {
            return Err(Error::LimitExceeded {
                limit: "live sessions of an agent",
                value: self.room,
                requested: others + 1,
            });
        }
        let address = tx.caller().origin.ip_address;
        let session = session::Model {
            id: self.id,
            agent_id: self.agent.id.clone(),
            issued_by: self.issued_by,
            created_at: now,
            expires_at: now + self.ttl,
            last_used_at: None,
            revoked_at: None,
            ip_address: address.map(|address| address.to_string()),
        };
        let entry = entry.with("agentId", &self.agent.id);
        let entry = tx.insert::<session::Entity>(session.clone(), entry).await?;
        Ok((session, entry))
    }
}

/// The token of a session that has just begun.
fn sign(service: &Service, agent: &agent::Model, session: session::Model) -> Result<Issued> {
    let claims = Claims::for_session(
        service.keys.expected(),
        agent.id.as_str(),
        session.id.to_string(),
        agent.tier.as_str(),
        session.created_at,
        session.expires_at,
    );
    let token = token::issue(&service.keys.ring(), &claims).map_err(Error::internal)?;
    Ok(Issued { token, session })
}

fn span(duration: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
