//! The Merkle tree over the ledger, its checkpoints and the keys that sign them (spec R5.05), and exports of it (R5.07). Floor 0.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Adds the tables of the log's tree.
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0006_tree"
    }
}

fn tables() -> [TableCreateStatement; 4] {
    let table = |name: &'static str| Table::create().table(name).to_owned();
    [
        table("tree_hashes")
            .col(small_integer("level"))
            .col(big_integer("position"))
            .col(blob("hash"))
            .primary_key(Index::create().col("level").col("position"))
            .to_owned(),
        table("checkpoints")
            .col(big_integer("size").primary_key())
            .col(blob("root_hash"))
            .col(text("note"))
            .col(timestamp_with_time_zone("created_at"))
            .to_owned(),
        table("log_keys")
            .col(text("key_id").primary_key())
            .col(blob("public_key"))
            .col(blob("sealed_private_key"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("retired_at"))
            .col(timestamp_with_time_zone_null("signs_until"))
            .to_owned(),
        table("audit_exports")
            .col(uuid("id").primary_key())
            .col(blob("link_sha256").unique_key())
            .col(text("creator_id"))
            .col(text("format"))
            .col(text("filter"))
            .col(big_integer("size"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone("expires_at"))
            .col(timestamp_with_time_zone_null("sent_at"))
            .col(big_integer_null("row_count"))
            .col(big_integer_null("byte_size"))
            .col(text_null("sha256"))
            .to_owned(),
    ]
}

/// The tables that nobody changes, like the ledger itself (spec R5.09).
const INSERT_ONLY: [&str; 2] = ["tree_hashes", "checkpoints"];

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
        for table in INSERT_ONLY {
            let guards = match manager.get_database_backend() {
                DbBackend::Postgres => vec![format!(
                    "CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
                )],
                _ => ["UPDATE", "DELETE"]
                    .map(|verb| {
                        let name = verb.to_lowercase();
                        format!(
                            "CREATE TRIGGER {table}_no_{name} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{table} is insert-only'); END"
                        )
                    })
                    .to_vec(),
            };
            for guard in guards {
                connection.execute_unprepared(&guard).await?;
            }
        }
        Ok(())
    }
}
