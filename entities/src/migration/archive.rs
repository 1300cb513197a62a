//! Archives of the log (spec R5.08), and retention's own door through the guard of its entries (R5.09). Floor 0.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Adds the table of archives; from then on an entry can be deleted once it lies in one of them.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0008_archive"
    }
}

/// An archive is never changed or removed. Of entries nothing but what an archive holds can be deleted, and nothing is ever updated.
const SQLITE_GUARDS: &[&str] = &[
    "CREATE TRIGGER audit_archives_no_update BEFORE UPDATE ON audit_archives BEGIN SELECT RAISE(ABORT, 'audit_archives is insert-only'); END",
    "CREATE TRIGGER audit_archives_no_delete BEFORE DELETE ON audit_archives BEGIN SELECT RAISE(ABORT, 'audit_archives is insert-only'); END",
    "DROP TRIGGER audit_entries_no_delete",
    "CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries WHEN NOT EXISTS (\
        SELECT 1 FROM ledger JOIN audit_archives ON ledger.sequence >= audit_archives.first_sequence AND ledger.sequence < audit_archives.next_sequence \
        WHERE ledger.entry_id = OLD.id) \
     BEGIN SELECT RAISE(ABORT, 'audit entries are insert-only'); END",
];

/// A statement that deletes is looked at row by row; one that updates or truncates is refused as a whole.
const POSTGRES_GUARDS: &[&str] = &[
    "CREATE TRIGGER audit_archives_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_archives FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "DROP TRIGGER audit_entries_insert_only ON audit_entries",
    "CREATE TRIGGER audit_entries_insert_only BEFORE UPDATE OR TRUNCATE ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "CREATE FUNCTION refuse_unless_archived() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        IF NOT EXISTS (\
            SELECT 1 FROM ledger JOIN audit_archives ON ledger.sequence >= audit_archives.first_sequence AND ledger.sequence < audit_archives.next_sequence \
            WHERE ledger.entry_id = OLD.id) \
        THEN RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME; END IF; \
        RETURN OLD; END $$",
    "CREATE TRIGGER audit_entries_kept_until_archived BEFORE DELETE ON audit_entries FOR EACH ROW EXECUTE FUNCTION refuse_unless_archived()",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let archives = Table::create()
            .table("audit_archives")
            .col(big_integer("first_sequence").primary_key())
            .col(big_integer("next_sequence").unique_key())
            .col(text("object_key"))
            .col(text("manifest_key"))
            .col(big_integer("byte_size"))
            .col(text("sha256"))
            .col(big_integer("checkpoint_size"))
            .col(text("manifest"))
            .col(timestamp_with_time_zone("created_at"))
            .to_owned();
        manager.create_table(archives).await?;
        // Where an export begins that was asked for when older entries had been archived.
        let exports = Table::alter()
            .table("audit_exports")
            .add_column(big_integer_null("first_sequence"))
            .to_owned();
        manager.alter_table(exports).await?;
        let guards = match manager.get_database_backend() {
            DbBackend::Postgres => POSTGRES_GUARDS,
            _ => SQLITE_GUARDS,
        };
        for guard in guards {
            manager.get_connection().execute_unprepared(guard).await?;
        }
        Ok(())
    }
}
