//! Personal values of audit entries, apart from them so that they can be erased (spec R5.08). Floor 0.

use sea_orm::entity::prelude::*;
use sha2::{Digest, Sha256};

use crate::id::AuditId;
use crate::json::hex;

/// One personal value.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_personal")]
pub struct Model {
    /// The entry.
    #[sea_orm(primary_key, auto_increment = false)]
    pub entry_id: AuditId,
    /// The value's name: `ipAddress` or `userAgent`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub field: String,
    /// The value.
    pub value: String,
    /// 16 random bytes.
    pub salt: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What the entry keeps of a personal value: lowercase hexadecimal SHA-256(salt ‖ value).
pub fn commitment(salt: &[u8], value: &str) -> String {
    hex(&Sha256::new()
        .chain_update(salt)
        .chain_update(value)
        .finalize())
}
