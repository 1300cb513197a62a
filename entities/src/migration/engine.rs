//! What the task engine needs: claiming, leases, validation. Floor 0.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// The second version.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0002_engine"
    }
}

/// The type of a time that may be absent, as the first version made them.
const fn time(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "timestamp with time zone",
        _ => "timestamp_with_timezone_text",
    }
}

fn columns(backend: DbBackend) -> Vec<String> {
    vec![
        format!(
            "ALTER TABLE tasks ADD COLUMN claimable_at {} NULL",
            time(backend)
        ),
        "ALTER TABLE tasks ADD COLUMN validation text NOT NULL DEFAULT 'NONE'".to_owned(),
        "ALTER TABLE tasks ADD COLUMN held text NULL".to_owned(),
        "ALTER TABLE tasks ADD COLUMN check_of_attempt integer NULL".to_owned(),
        "ALTER TABLE task_types ADD COLUMN validators text NOT NULL DEFAULT '[]'".to_owned(),
        "ALTER TABLE agents ADD COLUMN leases_lost integer NOT NULL DEFAULT 0".to_owned(),
    ]
}

/// What can be claimed in a database of the first version, which knew no claiming. What was IN_PROGRESS stays without a lease.
fn claimable(backend: DbBackend) -> Vec<String> {
    let (now, timed_out) = match backend {
        DbBackend::Postgres => (
            "clock_timestamp()",
            "assigned_at + make_interval(secs => kind.start_timeout_seconds)",
        ),
        _ => (
            "strftime('%Y-%m-%dT%H:%M:%f', 'now') || '+00:00'",
            "strftime('%Y-%m-%dT%H:%M:%f', assigned_at, '+' || kind.start_timeout_seconds || ' seconds') || '+00:00'",
        ),
    };
    vec![
        "UPDATE tasks SET claimable_at = created_at WHERE status = 'PENDING'".to_owned(),
        "UPDATE tasks SET claimable_at = completed_at WHERE status = 'FAILED' \
         AND failure_count < max_attempts AND error IS DISTINCT FROM 'DEADLINE'"
            .to_owned(),
        format!(
            "UPDATE tasks SET claimable_at = {timed_out} FROM task_types AS kind \
             WHERE tasks.status = 'ASSIGNED' AND kind.name = tasks.type_name \
             AND kind.version = tasks.type_version AND kind.start_timeout_seconds IS NOT NULL"
        ),
        format!(
            "UPDATE tasks SET claimable_at = {now} WHERE status = 'ASSIGNED' \
             AND assignee_id IN (SELECT id FROM agents WHERE state <> 'OPERATIONAL')"
        ),
    ]
}

/// The indexes, each with the query that needs it. Alike on both databases.
const INDEXES: &[&str] = &[
    // The next task of a type, most urgent and oldest first; only what can be claimed is in it.
    "DROP INDEX tasks_pending",
    "CREATE INDEX tasks_claimable ON tasks (type_name, priority DESC, created_at, id) WHERE claimable_at IS NOT NULL",
    // What has become claimable by the passing of time since the last look: for those who wait. What is PENDING is not in it: it was claimable
    // at once, and an index that held it would tempt planners away from the one above.
    "CREATE INDEX tasks_ripening ON tasks (claimable_at) WHERE status IN ('ASSIGNED', 'FAILED') AND claimable_at IS NOT NULL",
    // The sweep of leases.
    "CREATE INDEX tasks_leased ON tasks (lease_expires_at) WHERE lease_expires_at IS NOT NULL",
    // How many of a type are being done: its concurrency limit.
    "CREATE INDEX tasks_running ON tasks (type_name) WHERE status = 'IN_PROGRESS'",
    // Agents that lost too many leases in a row.
    "CREATE INDEX agents_losing ON agents (id) WHERE leases_lost > 0",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let backend = manager.get_database_backend();
        for statement in columns(backend).into_iter().chain(claimable(backend)) {
            connection.execute_unprepared(&statement).await?;
        }
        for statement in INDEXES {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
