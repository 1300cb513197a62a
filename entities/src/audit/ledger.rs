//! The ledger: contiguous sequence numbers of committed entries, insert-only (spec R5.05). Floor 0.

use sea_orm::entity::prelude::*;

use crate::id::AuditId;

/// One place in the log.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger")]
pub struct Model {
    /// Counted from 0 without a gap: the leaf's index in the tree.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// The entry there.
    #[sea_orm(unique)]
    pub entry_id: AuditId,
    /// RFC 6962 hash of the entry's canonical bytes; 32 bytes.
    pub leaf_hash: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
