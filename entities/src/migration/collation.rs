//! Columns that refer to agents and task types compare their text as those do, by its bytes. Floor 0.
//!
//! On PostgreSQL a comparison of two columns takes the collation of the one that has its own, and an index of another collation does not
//! serve it: with 10^6 tasks a list for an L1 took more than 15 s for want of this. SQLite compares bytes as it is.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// The fifth version.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0005_collation"
    }
}

/// A table and its columns that refer to agents or task types by name.
const REFERENCES: &[(&str, &[&str])] = &[
    ("agents", &["supervisor_id"]),
    ("sessions", &["agent_id", "issued_by"]),
    (
        "tasks",
        &["type_name", "creator_id", "assignee_id", "reviewer_id"],
    ),
    ("assets", &["creator_id", "reviewer_id"]),
    ("notifications", &["agent_id"]),
    ("idempotency_keys", &["creator_id"]),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let connection = manager.get_connection();
        for (table, columns) in REFERENCES {
            let columns: Vec<String> = columns
                .iter()
                .map(|column| format!("ALTER COLUMN {column} TYPE text COLLATE \"C\""))
                .collect();
            let statement = format!("ALTER TABLE {table} {}", columns.join(", "));
            connection.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}
