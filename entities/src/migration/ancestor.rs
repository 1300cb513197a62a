//! Who created or holds an ancestor of each task; and what lists of tasks by sight need besides. Floor 0.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Adds the table, with a row for each agent above each task that is there.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0010_task_ancestors"
    }
}

/// A task's ancestors one by one, and whoever created or holds them.
const FILL: &str = "INSERT INTO task_ancestor_agents (task_id, agent_id, created_at) \
    WITH RECURSIVE above(task_id, maker_id, created_at, ancestor_id) AS (\
    SELECT id, creator_id, created_at, parent_id FROM tasks WHERE parent_id IS NOT NULL \
    UNION ALL SELECT above.task_id, above.maker_id, above.created_at, ancestor.parent_id \
    FROM above JOIN tasks ancestor ON ancestor.id = above.ancestor_id WHERE ancestor.parent_id IS NOT NULL) \
    SELECT above.task_id, ancestor.creator_id, above.created_at \
    FROM above JOIN tasks ancestor ON ancestor.id = above.ancestor_id \
    WHERE ancestor.creator_id <> above.maker_id \
    UNION SELECT above.task_id, ancestor.assignee_id, above.created_at \
    FROM above JOIN tasks ancestor ON ancestor.id = above.ancestor_id \
    WHERE ancestor.assignee_id IS NOT NULL AND ancestor.assignee_id <> above.maker_id";

/// The indexes, each with the query that needs it. Alike on both databases.
const INDEXES: &[&str] = &[
    // What an agent sees by what is above it, newest first.
    "CREATE INDEX task_ancestor_agents_by_agent ON task_ancestor_agents (agent_id, created_at, task_id)",
    // What every L1 sees of sprints, newest first. Ordinary tasks are not in it.
    "CREATE INDEX tasks_of_sprints ON tasks (created_at, id) WHERE sprint_id IS NOT NULL",
];

/// References to agents are sorted as the ids that they refer to.
const POSTGRES_COLLATION: &str =
    "ALTER TABLE task_ancestor_agents ALTER COLUMN agent_id TYPE text COLLATE \"C\"";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let table = Table::create()
            .table("task_ancestor_agents")
            .col(uuid("task_id"))
            .col(text("agent_id"))
            .col(timestamp_with_time_zone("created_at"))
            .primary_key(Index::create().col("task_id").col("agent_id"))
            .to_owned();
        manager.create_table(table).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            connection.execute_unprepared(POSTGRES_COLLATION).await?;
        }
        connection.execute_unprepared(FILL).await?;
        for statement in INDEXES {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
