//! How sessions end before their time (spec R2.04). Floor 3.

use entities::agent;
use entities::audit::AuditAction;
use entities::id::{AgentId, AuditId, SessionId};
use entities::session;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::live;
use crate::auth::actor::Caller;
use crate::auth::policy::{self, Operation};
use crate::error::{Denial, Error, Result};
use crate::service::{Service, agent as agents};
use crate::store::{Entry, Tx};

/// How many ids one statement names.
const CHUNK: usize = 10_000;

/// revokeSession: one's own, or anyone's with MANAGE_AGENTS. One that is not live any more is left as it is. SESSION_REVOKED.
///
/// # Errors
/// NOT_FOUND, also for the session of another without MANAGE_AGENTS; CONFLICT where it is the last operator's last way in (spec R1.08).
#[tracing::instrument(name = "session.revoke", skip_all, fields(session.id = session_id))]
pub async fn revoke(
    service: &Service,
    caller: &Caller,
    session_id: &str,
) -> Result<session::Model> {
    let not_found = || Error::not_found("session", session_id);
    let id: SessionId = session_id.parse().map_err(|_| not_found())?;
    // Whose it is never changes: read before the unit, which begins with that agent's lock.
    let agent_id = session::Entity::find_by_id(id)
        .one(&service.db)
        .await?
        .map(|session| session.agent_id);
    let locks = agents::locks_for(agent_id);
    let operation = Operation::RevokeSession;
    service
        .perform_alone(caller, operation, &locks, async |tx: &mut Tx| {
            let session = session::Entity::find_by_id(id)
                .one(tx)
                .await?
                .ok_or_else(not_found)?;
            may_manage(tx.caller(), &session)?;
            if !session.is_live(tx.now()) {
                return Ok(session);
            }
            let ended = end(tx, &session, None).await?;
            if agents::is_system(&session.agent_id) {
                agents::must_remain(tx).await?;
            }
            Ok(ended)
        })
        .await
}

/// One's own, or anyone's with MANAGE_AGENTS (spec R2.04); NOT_FOUND that hides it from others.
pub(super) fn may_manage(caller: &Caller, session: &session::Model) -> Result<()> {
    if policy::may_manage_sessions_of(caller, &session.agent_id) {
        return Ok(());
    }
    let denial = Denial {
        rule: "R2.04 sessions",
        needed: "one's own session or MANAGE_AGENTS".to_owned(),
        had: format!("a session of {}", session.agent_id),
    };
    Err(Error::hidden("session", session.id, denial))
}

/// revokeAgentSessions: all live ones; gives how many. SESSION_REVOKED for each.
///
/// # Errors
/// NOT_FOUND; CONFLICT where they are the last operator's last way in (spec R1.08).
#[tracing::instrument(name = "session.revoke_all", skip_all, fields(agent.id = agent_id))]
pub async fn revoke_all(service: &Service, caller: &Caller, agent_id: &str) -> Result<u64> {
    let agent_id = agents::parse_id(agent_id)?;
    let locks = agents::locks_for([agent_id.clone()]);
    let operation = Operation::RevokeAgentSessions;
    service
        .perform_alone(caller, operation, &locks, async |tx: &mut Tx| {
            agent::Entity::find_by_id(agent_id.clone())
                .one(tx)
                .await?
                .ok_or_else(|| Error::not_found("agent", &agent_id))?;
            let count = revoke_all_of(tx, std::slice::from_ref(&agent_id), |_| None).await?;
            if agents::is_system(&agent_id) {
                agents::must_remain(tx).await?;
            }
            Ok(count)
        })
        .await
}

/// Revokes every live session of these agents, whose locks the unit holds alone; `cause` is the entry that each agent's follow from.
pub(in crate::service) async fn revoke_all_of(
    tx: &mut Tx,
    agents: &[AgentId],
    cause: impl Fn(&AgentId) -> Option<AuditId>,
) -> Result<u64> {
    let mut count = 0;
    for chunk in agents.chunks(CHUNK) {
        let sessions = session::Entity::find()
            .filter(session::Column::AgentId.is_in(chunk.iter().cloned()))
            .filter(live(tx.now()))
            .order_by_asc(session::Column::Id)
            .all(tx)
            .await?;
        for session in sessions {
            let cause = cause(&session.agent_id);
            end(tx, &session, cause).await?;
            count += 1;
        }
    }
    Ok(count)
}

/// Ends one session: by the caller, or by the control center where it follows from something else.
pub(super) async fn end(
    tx: &mut Tx,
    before: &session::Model,
    cause: Option<AuditId>,
) -> Result<session::Model> {
    let mut after = before.clone();
    after.revoked_at = Some(tx.now());
    let mut entry = Entry::new(AuditAction::SessionRevoked).with("agentId", &before.agent_id);
    if let Some(cause) = cause {
        entry = entry.caused_by(cause).by(Some(AgentId::control_center()));
    }
    tx.update::<session::Entity>(before, after.clone(), entry)
        .await?;
    Ok(after)
}
