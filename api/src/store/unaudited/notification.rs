//! What becomes of notifications without an entry: they are acknowledged, and swept. Floor 2.

use chrono::{DateTime, Utc};
use entities::id::{AgentId, NotificationId};
use entities::notification::{Column, Entity};
use sea_orm::sea_query::{LockBehavior, LockType};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select};

use super::super::tx::Tx;
use crate::error::Result;

/// The ids of some notifications, for a statement that changes those.
fn ids(of: Select<Entity>) -> sea_orm::sea_query::SelectStatement {
    of.select_only().column(Column::Id).into_query()
}

impl Tx {
    /// Acknowledges notifications of an agent ([`super::Reason::Acknowledgement`]); returns how many were not acknowledged before. Those of
    /// others are passed over like those that there are not.
    pub async fn acknowledge_notifications(
        &mut self,
        agent: &AgentId,
        named: &[NotificationId],
    ) -> Result<u64> {
        let now = self.now();
        // Locked in one order: two calls that name the same ones do not wait for each other.
        let own = Entity::find()
            .filter(Column::Id.is_in(named.iter().copied()))
            .filter(Column::AgentId.eq(agent.clone()))
            .filter(Column::AcknowledgedAt.is_null())
            .order_by_asc(Column::Id)
            .lock_exclusive();
        let acknowledged = Entity::update_many()
            .col_expr(Column::AcknowledgedAt, now.into())
            .filter(Column::Id.in_subquery(ids(own)))
            .exec(&*self.connection)
            .await?;
        Ok(acknowledged.rows_affected)
    }

    /// Removes the first `count` notifications that were acknowledged before a moment ([`super::Reason::SweepOfNotifications`]); returns how
    /// many there were. Sweeps at the same moment share the work: each passes over the rows that another holds.
    pub async fn sweep_acknowledged(&mut self, before: DateTime<Utc>, count: u64) -> Result<u64> {
        let old = Entity::find()
            .filter(Column::AcknowledgedAt.is_not_null())
            .filter(Column::AcknowledgedAt.lt(before))
            .order_by_asc(Column::AcknowledgedAt)
            .limit(count)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        self.delete_notifications(old).await
    }

    /// Removes `count` at most of what an agent has not acknowledged, beyond the newest `kept` ([`super::Reason::SweepOfNotifications`]);
    /// returns how many it were.
    pub async fn drop_unacknowledged(
        &mut self,
        agent: &AgentId,
        kept: u64,
        count: u64,
    ) -> Result<u64> {
        let beyond = Entity::find()
            .filter(Column::AgentId.eq(agent.clone()))
            .filter(Column::AcknowledgedAt.is_null())
            .order_by_desc(Column::CreatedAt)
            .order_by_desc(Column::Id)
            .offset(kept)
            .limit(count);
        self.delete_notifications(beyond).await
    }

    async fn delete_notifications(&mut self, which: Select<Entity>) -> Result<u64> {
        let deleted = Entity::delete_many()
            .filter(Column::Id.in_subquery(ids(which)))
            .exec(&*self.connection)
            .await?;
        Ok(deleted.rows_affected)
    }
}
