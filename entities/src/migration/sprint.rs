//! Sprints, gate runs, and what a task says of the sprint that it is part of. Floor 0.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Adds the tables of sprints, and their columns of tasks.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0009_sprints"
    }
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        Table::create()
            .table("sprints")
            .col(uuid("id").primary_key())
            .col(text("name"))
            .col(text_null("template"))
            .col(text("lead_id"))
            .col(text("creator_id"))
            .col(text_null("starter_id"))
            .col(text("status"))
            .col(text("phases"))
            .col(text_null("plan_sha256"))
            .col(text_null("reason"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("started_at"))
            .col(timestamp_with_time_zone_null("finished_at"))
            .col(integer("revision"))
            .to_owned(),
        Table::create()
            .table("sprint_plans")
            .col(uuid("sprint_id").primary_key())
            .col(text("plan"))
            .to_owned(),
        Table::create()
            .table("gate_runs")
            .col(uuid("id").primary_key())
            .col(uuid_null("sprint_id"))
            .col(text("target"))
            .col(uuid("installation_id"))
            .col(text("build_hash"))
            .col(boolean("is_of_this_build"))
            .col(timestamp_with_time_zone("started_at"))
            .col(timestamp_with_time_zone("finished_at"))
            .col(text("status"))
            .col(text("rating"))
            .col(text("gates"))
            .col(text("creator_id"))
            .col(timestamp_with_time_zone("created_at"))
            .to_owned(),
    ]
}

fn columns(backend: DbBackend) -> [String; 4] {
    let uuid = match backend {
        DbBackend::Postgres => "uuid",
        _ => "uuid_text",
    };
    [
        format!("ALTER TABLE tasks ADD COLUMN sprint_id {uuid} NULL"),
        "ALTER TABLE tasks ADD COLUMN phase smallint NULL".to_owned(),
        "ALTER TABLE tasks ADD COLUMN wave smallint NULL".to_owned(),
        "ALTER TABLE tasks ADD COLUMN accepted boolean NOT NULL DEFAULT FALSE".to_owned(),
    ]
}

/// The indexes, each with the query that needs it. Alike on both databases.
const INDEXES: &[&str] = &[
    // How the tasks of a sprint stand, counted without looking at the rows; its tasks wave by wave. Ordinary tasks are not in it.
    "CREATE INDEX tasks_by_sprint ON tasks (sprint_id, phase, wave, status, accepted) WHERE sprint_id IS NOT NULL",
    // Lists, newest first, and those that an agent leads.
    "CREATE INDEX sprints_by_creation ON sprints (created_at, id)",
    "CREATE INDEX sprints_by_lead ON sprints (lead_id, created_at, id)",
    // What a server that starts looks after.
    "CREATE INDEX sprints_under_way ON sprints (id) WHERE status IN ('RUNNING', 'FAILED')",
    "CREATE INDEX gate_runs_by_creation ON gate_runs (created_at, id)",
    // The run that ends a phase.
    "CREATE INDEX gate_runs_by_sprint ON gate_runs (sprint_id, started_at) WHERE sprint_id IS NOT NULL",
];

/// References to agents are sorted as the ids that they refer to.
const POSTGRES_COLLATION: &[&str] = &[
    "ALTER TABLE sprints ALTER COLUMN lead_id TYPE text COLLATE \"C\"",
    "ALTER TABLE sprints ALTER COLUMN creator_id TYPE text COLLATE \"C\"",
    "ALTER TABLE sprints ALTER COLUMN starter_id TYPE text COLLATE \"C\"",
    "ALTER TABLE gate_runs ALTER COLUMN creator_id TYPE text COLLATE \"C\"",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let backend = manager.get_database_backend();
        for table in tables() {
            manager.create_table(table).await?;
        }
        for statement in columns(backend) {
            connection.execute_unprepared(&statement).await?;
        }
        for statement in INDEXES {
            connection.execute_unprepared(statement).await?;
        }
        if backend == DbBackend::Postgres {
            for statement in POSTGRES_COLLATION {
                connection.execute_unprepared(statement).await?;
            }
        }
        Ok(())
    }
}
