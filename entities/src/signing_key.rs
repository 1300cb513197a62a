//! Keys that sign sessions (spec R2.05, R2.06). Floor 0.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::audit::AuditEntity;
use crate::audit::recorded::{Recorded, columns, optional_time, time};
use crate::json::hex;

/// One Ed25519 key. The private half is sealed under the installation's master key.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_keys")]
pub struct Model {
    /// RFC 7638 thumbprint of the public key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kid: String,
    /// 32 bytes.
    pub public_key: Vec<u8>,
    /// The sealed private key.
    pub sealed_private_key: Vec<u8>,
    /// When it was made. The youngest that is not retired signs.
    pub created_at: DateTime<Utc>,
    /// When it ceased to sign.
    pub retired_at: Option<DateTime<Utc>>,
    /// Until when a retired key still verifies.
    pub verify_until: Option<DateTime<Utc>>,
}

impl ActiveModelBehavior for ActiveModel {}

/// Not recorded: the sealed private key.
impl Recorded for Model {
    const ENTITY: AuditEntity = AuditEntity::System;

    /// The `kid`.
    fn entity_id(&self) -> String {
        self.kid.clone()
    }

    fn recorded(&self) -> serde_json::Map<String, serde_json::Value> {
        use serde_json::json;
        columns([
            ("publicKey", json!(hex(&self.public_key))),
            ("createdAt", time(self.created_at)),
            ("retiredAt", optional_time(self.retired_at)),
            ("verifyUntil", optional_time(self.verify_until)),
        ])
    }
}
