//! Notifications (spec R6.04). Floor 0.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

/// Adds the table of notifications.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0004_notifications"
    }
}

/// The indexes, each with the query that needs it. Alike on both databases.
const INDEXES: &[&str] = &[
    // Somebody's list, newest first: all of it, and what is not acknowledged, which the limit on them counts too.
    "CREATE INDEX notifications_by_agent ON notifications (agent_id, created_at, id)",
    "CREATE INDEX notifications_unacknowledged ON notifications (agent_id, created_at, id) WHERE acknowledged_at IS NULL",
    // The stream: what a batch of entries tells. One entry tells one agent of each kind once.
    "CREATE UNIQUE INDEX notifications_by_entry ON notifications (entry_id, agent_id, kind)",
    // The sweep.
    "CREATE INDEX notifications_acknowledged ON notifications (acknowledged_at) WHERE acknowledged_at IS NOT NULL",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("notifications")
            .col(uuid("id").primary_key())
            .col(text("agent_id"))
            .col(text("kind"))
            .col(uuid_null("task_id"))
            .col(uuid_null("asset_id"))
            .col(text("message"))
            .col(uuid("entry_id"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("acknowledged_at"))
            .to_owned();
        manager.create_table(table).await?;
        for statement in INDEXES {
            manager
                .get_connection()
                .execute_unprepared(statement)
                .await?;
        }
        Ok(())
    }
}
