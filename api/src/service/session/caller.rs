//! From a token to a caller (spec R2.03, R1.04). Floor 3.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entities::agent::{self, AgentState};
use entities::id::{AgentId, SessionId};
use entities::session;
use sea_orm::{EntityTrait, JoinType, QuerySelect, RelationDef};

use crate::auth::actor::{Actor, Caller, Origin, Principal};
use crate::auth::token::{self, Claims, TokenError};
use crate::error::{Error, Result};
use crate::service::Service;

/// Why a token that is well signed does not answer for anybody. For the audit log only: callers hear one UNAUTHENTICATED.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// The token itself.
    Token(TokenError),
    /// There is no such session, or it is another agent's.
    UnknownSession,
    /// It was revoked or rotated away.
    RevokedSession,
    /// It has expired.
    ExpiredSession,
    /// The agent is of another tier than the token says.
    Tier,
    /// The agent is INACTIVE or in ERROR.
    NotOperational,
}

impl Refusal {
    fn reason(self) -> &'static str {
        match self {
            Self::Token(error) => error.reason(),
            Self::UnknownSession => "UNKNOWN_SESSION",
            Self::RevokedSession => "REVOKED_SESSION",
            Self::ExpiredSession => "EXPIRED_SESSION",
            Self::Tier => "TIER",
            Self::NotOperational => "NOT_OPERATIONAL",
        }
    }
}

/// A stranger.
pub fn anonymous(origin: Origin) -> Caller {
    Caller {
        principal: Principal::Anonymous,
        origin,
    }
}

/// Who calls by this token: its signature and claims, its session and its agent as they are now. Notes the use.
///
/// # Errors
/// UNAUTHENTICATED, always in the same words; the reason goes to the audit log.
pub async fn caller(service: &Service, token: &str, origin: Origin) -> Result<Caller> {
    let now = service.db.clock().now();
    let claims = match verify(service, token, now).await {
        Ok(claims) => claims,
        Err(error) => return refuse(service, origin, Refusal::Token(error), None),
    };
    let (Ok(session_id), Ok(agent_id)) = (claims.sid.parse(), claims.sub.parse()) else {
        // Signed by us, and yet no ids of ours: the claims are of no session.
        return refuse(service, origin, Refusal::UnknownSession, Some(&claims));
    };
    let found = rows(service, session_id).await?;
    match judge(found, &agent_id, &claims.tier, now) {
        Ok(mut agent) => {
            let silent_since = agent.last_active_at;
            service
                .last_uses
                .note(&agent_id, session_id, now, silent_since);
            agent.last_active_at = Some(now);
            Ok(Caller {
                principal: Principal::Agent(Actor {
                    agent: Arc::new(agent),
                    session_id,
                }),
                origin,
            })
        }
        Err(refusal) => refuse(service, origin, refusal, Some(&claims)),
    }
}

/// Whether a caller's session and agent are still good: for sockets that stay open.
pub async fn still_live(service: &Service, caller: &Caller) -> Result<bool> {
    let Some(actor) = caller.actor() else {
        return Ok(true);
    };
    let now = service.db.clock().now();
    let found = rows(service, actor.session_id).await?;
    Ok(judge(found, &actor.agent.id, actor.agent.tier.as_str(), now).is_ok())
}

/// A key that this replica does not know may be one that another has just made: then the ring is read again, once a second at most.
async fn verify(service: &Service, token: &str, now: DateTime<Utc>) -> Result<Claims, TokenError> {
    let keys = &service.keys;
    let judged = token::verify(&keys.ring(), keys.expected(), token, now);
    let judged = match judged {
        Err(TokenError::UnknownKey) if keys.reload_for_unknown(&service.db).await => {
            token::verify(&keys.ring(), keys.expected(), token, now)
        }
        judged => judged,
    };
    judged.map(|verified| verified.claims)
}

/// Session and agent in one round trip.
async fn rows(
    service: &Service,
    id: SessionId,
) -> Result<Option<(session::Model, Option<agent::Model>)>> {
    let of_its_agent: RelationDef = session::Entity::belongs_to(agent::Entity)
        .from(session::Column::AgentId)
        .to(agent::Column::Id)
        .into();
    let found = session::Entity::find_by_id(id)
        .join(JoinType::LeftJoin, of_its_agent)
        .select_also(agent::Entity)
        .one(&service.db)
        .await?;
    Ok(found)
}

fn judge(
    found: Option<(session::Model, Option<agent::Model>)>,
    agent_id: &AgentId,
    tier: &str,
    now: DateTime<Utc>,
) -> Result<agent::Model, Refusal> {
    let Some((session, Some(agent))) = found else {
        return Err(Refusal::UnknownSession);
    };
    if session.agent_id != *agent_id {
        return Err(Refusal::UnknownSession);
    }
    if session.revoked_at.is_some() {
        return Err(Refusal::RevokedSession);
    }
    if !session.is_live(now) {
        return Err(Refusal::ExpiredSession);
    }
    if agent.tier.as_str() != tier {
        return Err(Refusal::Tier);
    }
    if agent.state != AgentState::Operational {
        return Err(Refusal::NotOperational);
    }
    Ok(agent)
}

fn refuse(
    service: &Service,
    origin: Origin,
    refusal: Refusal,
    claims: Option<&Claims>,
) -> Result<Caller> {
    let claimed = claims.map(|claims| claims.sub.as_str());
    service
        .denials
        .report_authentication(&anonymous(origin), refusal.reason(), claimed);
    Err(Error::Unauthenticated)
}
