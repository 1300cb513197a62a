//! The closed list of writes without an audit entry (spec R5.01). Floor 2.

use chrono::{DateTime, Utc};
use entities::id::{AgentId, SessionId};
use entities::{agent, idempotency_key, session, task};
use sea_orm::sea_query::{CaseStatement, Expr};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

mod archive;
mod checkpoint;
mod notification;

use super::tx::Tx;
use crate::error::Result;

/// Why a write needs no entry. Each reason names its columns; a snapshot holds the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// `agents.last_active_at` and `sessions.last_used_at`, flushed in batches.
    LastUse,
    /// Expired rows of `idempotency_keys`.
    ExpiryOfKeys,
    /// Heartbeats that say nothing but that the worker lives.
    Heartbeat,
    /// `notifications.acknowledged_at`, by whom they were for.
    Acknowledgement,
    /// Rows of `notifications` that were acknowledged long ago, or are the oldest of too many.
    SweepOfNotifications,
    /// Keys under which bytes may lie that no asset refers to, in `asset_leftovers`.
    Leftovers,
    /// The ledger's own: hashes of its tree, and checkpoints.
    Tree,
    /// Entries that an archive holds, whose move there has its entry, and the personal values that belonged to them.
    Retention,
}

impl Reason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::LastUse,
        Self::ExpiryOfKeys,
        Self::Heartbeat,
        Self::Acknowledgement,
        Self::SweepOfNotifications,
        Self::Leftovers,
        Self::Tree,
        Self::Retention,
    ];

    /// What it may write.
    pub const fn writes(self) -> &'static [&'static str] {
        match self {
            Self::LastUse => &[
                "UPDATE agents.last_active_at",
                "UPDATE sessions.last_used_at",
            ],
            Self::ExpiryOfKeys => &["DELETE idempotency_keys"],
            Self::Heartbeat => &["UPDATE tasks.lease_expires_at"],
            Self::Acknowledgement => &["UPDATE notifications.acknowledged_at"],
            Self::SweepOfNotifications => &["DELETE notifications"],
            Self::Leftovers => &[
                "INSERT asset_leftovers",
                "UPDATE asset_leftovers.upload_id",
                "UPDATE asset_leftovers.due_at",
                "DELETE asset_leftovers",
            ],
            Self::Tree => &["INSERT tree_hashes", "INSERT checkpoints"],
            Self::Retention => &["DELETE audit_entries", "DELETE audit_personal"],
        }
    }
}

/// When an agent was last heard of, by one of its sessions.
#[derive(Debug, Clone)]
pub struct LastUse {
    /// The agent.
    pub agent_id: AgentId,
    /// The session.
    pub session_id: SessionId,
    /// When.
    pub at: DateTime<Utc>,
}

/// How many rows one statement touches.
const CHUNK: usize = 500;

impl Tx {
    /// Flushes when agents and sessions were last used ([`Reason::LastUse`]).
    pub async fn flush_last_use(&mut self, uses: &[LastUse]) -> Result<()> {
        for chunk in uses.chunks(CHUNK) {
            let mut last_active = CaseStatement::new();
            let mut last_used = CaseStatement::new();
            for one in chunk {
                last_active = last_active.case(
                    agent::Column::Id.eq(one.agent_id.clone()),
                    Expr::val(one.at),
                );
                last_used =
                    last_used.case(session::Column::Id.eq(one.session_id), Expr::val(one.at));
            }
            agent::Entity::update_many()
                .col_expr(agent::Column::LastActiveAt, last_active.into())
                .filter(agent::Column::Id.is_in(chunk.iter().map(|one| one.agent_id.clone())))
                .exec(&*self.connection)
                .await?;
            session::Entity::update_many()
                .col_expr(session::Column::LastUsedAt, last_used.into())
                .filter(session::Column::Id.is_in(chunk.iter().map(|one| one.session_id)))
                .exec(&*self.connection)
                .await?;
        }
        Ok(())
    }

    /// Removes idempotency keys that have expired ([`Reason::ExpiryOfKeys`]); returns how many.
    pub async fn expire_idempotency_keys(&mut self) -> Result<u64> {
        let now = self.now();
        let deleted = idempotency_key::Entity::delete_many()
            .filter(idempotency_key::Column::ExpiresAt.lte(now))
            .exec(&*self.connection)
            .await?;
        Ok(deleted.rows_affected)
    }

    /// Extends the lease of an attempt that is still its holder's ([`Reason::Heartbeat`]); false where it is not any more. The row's revision
    /// stays, so that a heartbeat never gets in the way of what its worker does besides.
    pub async fn extend_lease(
        &mut self,
        task: &task::Model,
        until: Option<DateTime<Utc>>,
    ) -> Result<bool> {
        let extended = task::Entity::update_many()
            .col_expr(task::Column::LeaseExpiresAt, Expr::value(until))
            .filter(task::Column::Id.eq(task.id))
            .filter(task::Column::Status.eq(task::TaskStatus::InProgress))
            .filter(task::Column::AssigneeId.eq(task.assignee_id.clone()))
            .filter(task::Column::Attempt.eq(task.attempt))
            .filter(task::Column::LeaseExpiresAt.gt(self.now()))
            .exec(&*self.connection)
            .await?;
        Ok(extended.rows_affected == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_unaudited_writes_is_as_reviewed() {
        let list: Vec<_> = Reason::ALL
            .iter()
            .map(|reason| format!("{reason:?}: {}", reason.writes().join(", ")))
            .collect();
        insta::assert_snapshot!(list.join("\n"), @r"
        LastUse: UPDATE agents.last_active_at, UPDATE sessions.last_used_at
        ExpiryOfKeys: DELETE idempotency_keys
        Heartbeat: UPDATE tasks.lease_expires_at
        Acknowledgement: UPDATE notifications.acknowledged_at
        SweepOfNotifications: DELETE notifications
        Leftovers: INSERT asset_leftovers, UPDATE asset_leftovers.upload_id, UPDATE asset_leftovers.due_at, DELETE asset_leftovers
        Tree: INSERT tree_hashes, INSERT checkpoints
        Retention: DELETE audit_entries, DELETE audit_personal
        ");
    }
}
