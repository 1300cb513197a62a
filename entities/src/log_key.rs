//! Keys that sign checkpoints of the log (spec R5.05). Floor 0.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde_json::json;

use crate::audit::AuditEntity;
use crate::audit::recorded::{Recorded, columns, optional_time, time};
use crate::json::hex;

/// One Ed25519 key. The private half is sealed under the installation's master key.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "log_keys")]
pub struct Model {
    /// What checkpoints call it besides its name (C2SP signed-note): four bytes in lowercase hexadecimal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_id: String,
    /// 32 bytes.
    pub public_key: Vec<u8>,
    /// The sealed private key.
    pub sealed_private_key: Vec<u8>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When another was made in its place.
    pub retired_at: Option<DateTime<Utc>>,
    /// Until when it signs beside its successor, so that whoever knows only the old key can go on meanwhile.
    pub signs_until: Option<DateTime<Utc>>,
}

impl ActiveModelBehavior for ActiveModel {}

/// Not recorded: the sealed private key.
impl Recorded for Model {
    const ENTITY: AuditEntity = AuditEntity::System;

    /// The key's id.
    fn entity_id(&self) -> String {
        self.key_id.clone()
    }

    fn recorded(&self) -> serde_json::Map<String, serde_json::Value> {
        columns([
            ("publicKey", json!(hex(&self.public_key))),
            ("createdAt", time(self.created_at)),
            ("retiredAt", optional_time(self.retired_at)),
            ("signsUntil", optional_time(self.signs_until)),
        ])
    }
}
