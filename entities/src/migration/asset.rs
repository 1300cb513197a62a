//! Assets, and the keys under which bytes may lie that no asset refers to. Floor 0.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

/// Adds the tables of assets.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0003_assets"
    }
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        Table::create()
            .table("assets")
            .col(uuid("id").primary_key())
            .col(text("kind"))
            .col(text("media_type"))
            .col(text("status"))
            .col(text_null("uri"))
            .col(text_null("object_key"))
            .col(big_integer_null("byte_size"))
            .col(text_null("sha256"))
            .col(integer_null("width"))
            .col(integer_null("height"))
            .col(text("metadata"))
            .col(uuid_null("task_id"))
            .col(text("creator_id"))
            .col(text_null("reviewer_id"))
            .col(text_null("review_feedback"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("uploaded_at"))
            .col(timestamp_with_time_zone_null("reviewed_at"))
            .col(timestamp_with_time_zone_null("deleted_at"))
            .to_owned(),
        Table::create()
            .table("asset_leftovers")
            .col(text("object_key").primary_key())
            .col(text_null("upload_id"))
            .col(timestamp_with_time_zone("due_at"))
            .to_owned(),
    ]
}

/// The indexes, each with the query that needs it. Alike on both databases.
const INDEXES: &[&str] = &[
    // Lists, newest first, and the arms of what an agent may see (spec R1.09).
    "CREATE INDEX assets_by_creation ON assets (created_at, id)",
    "CREATE INDEX assets_by_creator ON assets (creator_id, created_at, id)",
    // Those of a task: its list, the limit on them, the input of its checks.
    "CREATE INDEX assets_by_task ON assets (task_id, created_at, id)",
    // Those of an agent without a task: the limit on them.
    "CREATE INDEX assets_loose ON assets (creator_id) WHERE task_id IS NULL",
    // What waits for a review: every L1 sees it.
    "CREATE INDEX assets_unreviewed ON assets (created_at, id) WHERE status = 'GENERATED'",
    "CREATE INDEX assets_by_status ON assets (status, created_at, id)",
    // The duty that clears away what nobody refers to.
    "CREATE INDEX asset_leftovers_by_due ON asset_leftovers (due_at)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        for statement in INDEXES {
            manager
                .get_connection()
                .execute_unprepared(statement)
                .await?;
        }
        Ok(())
    }
}
