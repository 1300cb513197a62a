//! Which values of tasks are personal, and how they are found when they are to be erased (spec R5.08). Floor 0.

use sea_orm_migration::prelude::*;

/// The seventh version.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0007_personal"
    }
}

/// Alike on both databases. The indexes hold only what has personal values: in most fleets next to nothing.
const STATEMENTS: &[&str] = &[
    "ALTER TABLE tasks ADD COLUMN personal text NULL",
    // Erasure for an agent: what it made, what it holds.
    "CREATE INDEX tasks_personal_by_creator ON tasks (creator_id) WHERE personal IS NOT NULL",
    "CREATE INDEX tasks_personal_by_assignee ON tasks (assignee_id) WHERE personal IS NOT NULL",
    // The clock of personal data.
    "CREATE INDEX tasks_personal_by_end ON tasks (completed_at) WHERE personal IS NOT NULL",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for statement in STATEMENTS {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
