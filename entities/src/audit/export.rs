//! Exports of the log (spec R5.07): what was asked for, and what was sent. Floor 0.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde_json::json;

use super::AuditEntity;
use super::recorded::{Recorded, columns, optional_time, time};
use crate::id::{AgentId, ExportId};
use crate::json::JsonText;
use crate::{closed_word, stored_as_text};

closed_word! {
    /// How an export is written.
    pub enum AuditExportFormat {
        /// A table of comma-separated values (RFC 4180).
        Csv = "CSV",
        /// One JSON object a line: the canonical entry and its proof.
        Ndjson = "NDJSON",
    }
}
stored_as_text!(AuditExportFormat);

/// One export.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_exports")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ExportId,
    /// SHA-256 of what its link says; the link itself is shown once.
    #[sea_orm(unique)]
    pub link_sha256: Vec<u8>,
    /// Who asked for it, and has to be allowed to when it is used.
    pub creator_id: AgentId,
    /// How it is written.
    pub format: AuditExportFormat,
    /// Which entries: canonical JSON in the form of the contract's `AuditFilter`.
    pub filter: JsonText,
    /// Of the first so many entries of the log: a signed size.
    pub size: i64,
    /// From which number on, where older entries had been archived when it was asked for.
    pub first_sequence: Option<i64>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// Until when its link is good.
    pub expires_at: DateTime<Utc>,
    /// When it had been sent, the last time.
    pub sent_at: Option<DateTime<Utc>>,
    /// How many entries were sent.
    pub row_count: Option<i64>,
    /// How many bytes.
    pub byte_size: Option<i64>,
    /// Their SHA-256, in lowercase hexadecimal.
    pub sha256: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

/// Not recorded: the hash of the link.
impl Recorded for Model {
    const ENTITY: AuditEntity = AuditEntity::Audit;

    fn entity_id(&self) -> String {
        self.id.to_string()
    }

    fn recorded(&self) -> serde_json::Map<String, serde_json::Value> {
        columns([
            ("creatorId", json!(self.creator_id)),
            ("format", json!(self.format)),
            ("filter", self.filter.value()),
            ("size", json!(self.size)),
            ("firstSequence", json!(self.first_sequence)),
            ("createdAt", time(self.created_at)),
            ("expiresAt", time(self.expires_at)),
            ("sentAt", optional_time(self.sent_at)),
            ("rowCount", json!(self.row_count)),
            ("byteSize", json!(self.byte_size)),
            ("sha256", json!(self.sha256)),
        ])
    }
}
