//! Sweeping expired sessions, and finding those that were left behind (spec R2.04). Floor 3.

use chrono::TimeDelta;
use entities::agent::{self, AgentState};
use entities::audit::AuditAction;
use entities::session;
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, Query};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::live;
use crate::auth::actor::Caller;
use crate::error::Result;
use crate::service::Service;
use crate::store::{Entry, Tx};

/// How many sessions one unit of work removes: a sweep after a long pause does not hold up others.
const BATCH: u64 = 500;

/// Removes every session that has expired, revoked ones too; gives how many. SESSION_EXPIRED for each, by the control center.
///
/// Replicas that sweep at the same moment share the work: each passes over the rows that another holds.
pub async fn sweep(service: &Service) -> Result<u64> {
    let mut swept = 0;
    loop {
        let count = sweep_batch(service).await?;
        swept += count;
        if count < BATCH {
            return Ok(swept);
        }
    }
}

async fn sweep_batch(service: &Service) -> Result<u64> {
    let itself = Caller::control_center(service.db.request_id());
    service
        .db
        .write(&itself, async |tx: &mut Tx| {
            let expired = session::Entity::find()
                .filter(session::Column::ExpiresAt.lte(tx.now()))
                .order_by_asc(session::Column::ExpiresAt)
                .limit(BATCH)
                .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
                .all(tx)
                .await?;
            for session in &expired {
                let entry =
                    Entry::new(AuditAction::SessionExpired).with("agentId", &session.agent_id);
                tx.delete_session(session, entry).await?;
            }
            Ok(expired.len() as u64)
        })
        .await
}

/// How many sessions are orphaned: expired more than two sweeps ago and still there, or live without an operational agent.
pub async fn orphaned(service: &Service) -> Result<u64> {
    let now = service.db.clock().now();
    let two_sweeps =
        TimeDelta::from_std(service.settings.session_sweep * 2).unwrap_or(TimeDelta::MAX);
    let operational = Query::select()
        .expr(Expr::cust("1"))
        .from(agent::Entity)
        .and_where(
            Expr::col((agent::Entity, agent::Column::Id))
                .equals((session::Entity, session::Column::AgentId)),
        )
        .and_where(agent::Column::State.eq(AgentState::Operational))
        .to_owned();
    let outlived_sweeps = session::Column::ExpiresAt.lt(now - two_sweeps);
    let outlived_agent = live(now).add(Expr::exists(operational).not());
    Ok(session::Entity::find()
        .filter(Condition::any().add(outlived_sweeps).add(outlived_agent))
        .count(&service.db)
        .await?)
}
