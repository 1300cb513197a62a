//! One audit entry: insert-only. Floor 0.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use super::{AuditAction, AuditEntity};
use crate::id::{AgentId, AuditId, RequestId, SessionId};
use crate::json::JsonText;

/// One entry, as it was written in the transaction that made the change.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entries")]
pub struct Model {
    /// Its id; a UUIDv7 of the moment it was written.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditId,
    /// Drawn from one counter after the change's compare-and-set: the order in which entries of one object happened. It has gaps where
    /// transactions were rolled back; the sequence of the ledger has none.
    pub ordinal: i64,
    /// What happened.
    pub action: AuditAction,
    /// Who did it; none for a stranger.
    pub actor_id: Option<AgentId>,
    /// By which session.
    pub session_id: Option<SessionId>,
    /// What it is about.
    pub entity_type: AuditEntity,
    /// The id of what it is about.
    pub entity_id: String,
    /// Canonical JSON object; [`AuditAction::required_metadata`] says what it must carry.
    pub metadata: JsonText,
    /// Canonical JSON object of commitments to personal values: field → SHA-256(salt ‖ value) (spec R5.08).
    pub personal: JsonText,
    /// How long the call had taken when the entry was written, in ms.
    pub duration_ms: Option<i64>,
    /// The request that it belongs to.
    pub request_id: Option<RequestId>,
    /// The entry that this one followed from by itself.
    pub cause_id: Option<AuditId>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
