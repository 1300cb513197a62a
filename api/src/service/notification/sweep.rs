//! Removing notifications that nobody needs any more (spec R6.04). Floor 3.

use chrono::TimeDelta;
use entities::id::AgentId;
use entities::notification::{Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::auth::actor::Caller;
use crate::error::Result;
use crate::service::Service;
use crate::store::Tx;

/// How many notifications one unit of work removes: a sweep after a long pause does not hold up others.
const BATCH: u64 = 500;

/// What a sweep removes.
enum Sweep {
    /// What was acknowledged longer ago than this.
    Acknowledged(TimeDelta),
    /// What an agent has not acknowledged, beyond the newest so many.
    Beyond(AgentId, u64),
}

/// Removes what was acknowledged long enough ago, and of those who never acknowledge anything the oldest beyond the limit; gives how many.
pub async fn sweep(service: &Service) -> Result<u64> {
    let kept_for = TimeDelta::from_std(service.settings.notification_ttl).unwrap_or(TimeDelta::MAX);
    let mut swept = sweep_all(service, &Sweep::Acknowledged(kept_for)).await?;
    let kept = service.settings.max_notifications;
    for agent in beyond(service, kept).await? {
        let dropped = sweep_all(service, &Sweep::Beyond(agent.clone(), kept)).await?;
        if dropped > 0 {
            tracing::warn!(agent.id = %agent, dropped, kept, "the oldest notifications of an agent that acknowledges none were dropped");
        }
        swept += dropped;
    }
    Ok(swept)
}

/// One batch after another, each in a unit of its own, until one is not full.
async fn sweep_all(service: &Service, sweep: &Sweep) -> Result<u64> {
    let mut removed = 0;
    loop {
        let count = sweep_batch(service, sweep).await?;
        removed += count;
        if count < BATCH {
            return Ok(removed);
        }
    }
}

async fn sweep_batch(service: &Service, sweep: &Sweep) -> Result<u64> {
    let itself = Caller::control_center(service.db.request_id());
    service
        .db
        .write(&itself, async |tx: &mut Tx| match sweep {
            Sweep::Acknowledged(kept_for) => match tx.now().checked_sub_signed(*kept_for) {
                Some(before) => tx.sweep_acknowledged(before, BATCH).await,
                None => Ok(0),
            },
            Sweep::Beyond(agent, kept) => tx.drop_unacknowledged(agent, *kept, BATCH).await,
        })
        .await
}

/// Who has more notifications waiting than are kept.
async fn beyond(service: &Service, kept: u64) -> Result<Vec<AgentId>> {
    let count = Expr::col(Column::Id).count();
    let kept = i64::try_from(kept).unwrap_or(i64::MAX);
    Ok(Entity::find()
        .select_only()
        .column(Column::AgentId)
        .filter(Column::AcknowledgedAt.is_null())
        .group_by(Column::AgentId)
        .having(count.gt(kept))
        .into_tuple()
        .all(&service.db)
        .await?)
}
