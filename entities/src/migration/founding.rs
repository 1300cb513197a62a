//! The founding tables. Floor 0.
//!
//! No foreign key points at agents, types or tasks: their rows are never deleted, and on PostgreSQL each check of such a key would
//! write a row lock into a row that every writer shares. That references hold is what folding the ledger shows.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::DbBackend;

/// The first version.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0001_founding"
    }
}

fn table(name: &'static str) -> TableCreateStatement {
    Table::create().table(name).to_owned()
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        table("installation")
            .col(
                small_integer("singleton")
                    .primary_key()
                    .check(Expr::col("singleton").eq(1)),
            )
            .col(uuid("id"))
            .col(timestamp_with_time_zone("created_at"))
            .to_owned(),
        table("signing_keys")
            .col(text("kid").primary_key())
            .col(blob("public_key"))
            .col(blob("sealed_private_key"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("retired_at"))
            .col(timestamp_with_time_zone_null("verify_until"))
            .to_owned(),
        table("agents")
            .col(text("id").primary_key())
            .col(text("name"))
            .col(text("tier"))
            .col(text_null("supervisor_id"))
            .col(text("permissions"))
            .col(text("capabilities"))
            .col(text("config"))
            .col(text("state"))
            .col(text_null("status_reason"))
            .col(blob_null("secret_sha256"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("last_active_at"))
            .to_owned(),
        table("sessions")
            .col(uuid("id").primary_key())
            .col(text("agent_id"))
            .col(text_null("issued_by"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone("expires_at"))
            .col(timestamp_with_time_zone_null("last_used_at"))
            .col(timestamp_with_time_zone_null("revoked_at"))
            .col(text_null("ip_address"))
            .to_owned(),
        table("task_types")
            .col(text("name"))
            .col(integer("version"))
            .col(text("input_schema"))
            .col(text("output_schema"))
            .col(boolean("requires_review"))
            .col(integer("lease_seconds"))
            .col(integer_null("start_timeout_seconds"))
            .col(integer_null("deadline_seconds"))
            .col(integer("max_attempts"))
            .col(integer("backoff_seconds"))
            .col(integer_null("max_concurrent"))
            .col(timestamp_with_time_zone("created_at"))
            .primary_key(Index::create().col("name").col("version"))
            .to_owned(),
        table("tasks")
            .col(uuid("id").primary_key())
            .col(text("type_name"))
            .col(integer("type_version"))
            .col(text("status"))
            .col(small_integer("priority"))
            .col(text("creator_id"))
            .col(text_null("assignee_id"))
            .col(text_null("reviewer_id"))
            .col(uuid_null("parent_id"))
            .col(small_integer("depth"))
            .col(text("metadata"))
            .col(text("input"))
            .col(text_null("output"))
            .col(text_null("output_sha256"))
            .col(text_null("error"))
            .col(text_null("review_feedback"))
            .col(integer("rejection_count"))
            .col(integer("attempt"))
            .col(integer("failure_count"))
            .col(integer("max_attempts"))
            .col(timestamp_with_time_zone_null("lease_expires_at"))
            .col(small_integer("progress"))
            .col(text_null("progress_message"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("assigned_at"))
            .col(timestamp_with_time_zone_null("started_at"))
            .col(timestamp_with_time_zone_null("review_requested_at"))
            .col(timestamp_with_time_zone_null("reviewed_at"))
            .col(timestamp_with_time_zone_null("completed_at"))
            .col(timestamp_with_time_zone_null("deadline"))
            .col(big_integer_null("duration_ms"))
            .col(integer("revision"))
            .to_owned(),
        table("idempotency_keys")
            .col(text("creator_id"))
            .col(text("key"))
            .col(text("request_sha256"))
            .col(uuid("task_id"))
            .col(timestamp_with_time_zone("expires_at"))
            .primary_key(Index::create().col("creator_id").col("key"))
            .to_owned(),
        table("audit_entries")
            .col(uuid("id").primary_key())
            .col(big_integer("ordinal"))
            .col(text("action"))
            .col(text_null("actor_id"))
            .col(uuid_null("session_id"))
            .col(text("entity_type"))
            .col(text("entity_id"))
            .col(text("metadata"))
            .col(text("personal"))
            .col(big_integer_null("duration_ms"))
            .col(uuid_null("request_id"))
            .col(uuid_null("cause_id"))
            .col(timestamp_with_time_zone("created_at"))
            .to_owned(),
        table("audit_personal")
            .col(uuid("entry_id"))
            .col(text("field"))
            .col(text("value"))
            .col(blob("salt"))
            .primary_key(Index::create().col("entry_id").col("field"))
            .to_owned(),
        table("audit_queue")
            .col(big_integer("ordinal").primary_key())
            .col(uuid("entry_id"))
            .to_owned(),
        table("ledger")
            .col(big_integer("sequence").primary_key())
            .col(uuid_uniq("entry_id"))
            .col(blob("leaf_hash"))
            .to_owned(),
    ]
}

/// The indexes, each with the query that needs it. Alike on both databases.
const INDEXES: &[&str] = &[
    // Lists of agents by tier and the tree by supervisor, in the order of their ids.
    "CREATE INDEX agents_by_tier ON agents (tier, id)",
    "CREATE INDEX agents_by_supervisor ON agents (supervisor_id, id)",
    // Sessions of an agent, newest first; the sweep.
    "CREATE INDEX sessions_by_agent ON sessions (agent_id, created_at, id)",
    "CREATE INDEX sessions_by_expiry ON sessions (expires_at)",
    // Lists of tasks, newest first, and the arms of what an agent may see (spec R1.09).
    "CREATE INDEX tasks_by_creation ON tasks (created_at, id)",
    "CREATE INDEX tasks_by_status ON tasks (status, created_at, id)",
    "CREATE INDEX tasks_by_assignee ON tasks (assignee_id, created_at, id)",
    "CREATE INDEX tasks_by_creator ON tasks (creator_id, created_at, id)",
    "CREATE INDEX tasks_by_reviewer ON tasks (reviewer_id, created_at, id)",
    "CREATE INDEX tasks_by_parent ON tasks (parent_id, created_at, id)",
    // Who holds a task that is being done: derived statuses, the kill switch.
    "CREATE INDEX tasks_in_progress ON tasks (assignee_id) WHERE status = 'IN_PROGRESS'",
    // Open tasks of an agent: the limit on them.
    "CREATE INDEX tasks_open ON tasks (assignee_id) WHERE status IN ('ASSIGNED', 'IN_PROGRESS', 'REVIEW_REQUESTED')",
    // Work that nobody holds, by type: who could claim it sees it.
    "CREATE INDEX tasks_pending ON tasks (type_name, priority, created_at, id) WHERE status = 'PENDING'",
    // The deadline sweep.
    "CREATE INDEX tasks_due ON tasks (deadline) WHERE status IN ('PENDING', 'ASSIGNED', 'IN_PROGRESS')",
    "CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at)",
    // The audit log by each of its filters, newest first.
    "CREATE UNIQUE INDEX audit_entries_by_ordinal ON audit_entries (ordinal)",
    "CREATE INDEX audit_entries_by_action ON audit_entries (action, ordinal)",
    "CREATE INDEX audit_entries_by_actor ON audit_entries (actor_id, ordinal)",
    "CREATE INDEX audit_entries_by_entity ON audit_entries (entity_id, ordinal)",
    "CREATE INDEX audit_entries_by_session ON audit_entries (session_id, ordinal)",
    "CREATE INDEX audit_entries_by_request ON audit_entries (request_id, ordinal)",
    "CREATE INDEX audit_entries_by_time ON audit_entries (created_at)",
];

/// The database itself refuses to change or remove what was recorded (spec R5.09).
const SQLITE_GUARDS: &[&str] = &[
    "CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit entries are insert-only'); END",
    "CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit entries are insert-only'); END",
    "CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is insert-only'); END",
    "CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is insert-only'); END",
];

/// What PostgreSQL is told besides. Names are sorted by their bytes, as SQLite does and whatever the database's locale is.
const POSTGRES_GUARDS: &[&str] = &[
    "ALTER TABLE agents ALTER COLUMN id TYPE text COLLATE \"C\"",
    "ALTER TABLE task_types ALTER COLUMN name TYPE text COLLATE \"C\"",
    "CREATE SEQUENCE audit_ordinal CACHE 1",
    "ALTER TABLE audit_entries ALTER COLUMN ordinal SET DEFAULT nextval('audit_ordinal')",
    "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME; END $$",
    "CREATE TRIGGER audit_entries_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER ledger_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
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
        let connection = manager.get_connection();
        let guards = match manager.get_database_backend() {
            DbBackend::Postgres => POSTGRES_GUARDS,
            _ => SQLITE_GUARDS,
        };
        for statement in INDEXES.iter().chain(guards) {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
