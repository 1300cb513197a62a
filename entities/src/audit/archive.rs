//! Archives of the log (spec R5.08): which entries lie where; insert-only. Floor 0.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde_json::json;

use super::AuditEntity;
use super::recorded::{Recorded, columns, time};

/// One archive: every entry of a range of numbers.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_archives")]
pub struct Model {
    /// The number of its first entry: where the archive before it ends.
    #[sea_orm(primary_key, auto_increment = false)]
    pub first_sequence: i64,
    /// The number behind its last entry.
    #[sea_orm(unique)]
    pub next_sequence: i64,
    /// Where its body lies in the store of the assets' bytes.
    pub object_key: String,
    /// Where its manifest lies there.
    pub manifest_key: String,
    /// How many bytes its body has.
    pub byte_size: i64,
    /// Their SHA-256, in lowercase hexadecimal.
    pub sha256: String,
    /// The size of the checkpoint to which its entries are proved.
    pub checkpoint_size: i64,
    /// The signed manifest, as it lies beside the body.
    pub manifest: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

/// Not recorded: the manifest, which is signed itself and says the same.
impl Recorded for Model {
    const ENTITY: AuditEntity = AuditEntity::Audit;

    fn entity_id(&self) -> String {
        format!("archive_{}_{}", self.first_sequence, self.next_sequence)
    }

    fn recorded(&self) -> serde_json::Map<String, serde_json::Value> {
        columns([
            ("firstSequence", json!(self.first_sequence)),
            ("nextSequence", json!(self.next_sequence)),
            ("objectKey", json!(self.object_key)),
            ("manifestKey", json!(self.manifest_key)),
            ("byteSize", json!(self.byte_size)),
            ("sha256", json!(self.sha256)),
            ("checkpointSize", json!(self.checkpoint_size)),
            ("createdAt", time(self.created_at)),
        ])
    }
}
