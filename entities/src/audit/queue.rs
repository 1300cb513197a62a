//! Entries that are committed and not yet sequenced (PostgreSQL; on SQLite the one writer numbers in the same transaction). Floor 0.

use sea_orm::entity::prelude::*;

use crate::id::AuditId;

/// One waiting entry.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_queue")]
pub struct Model {
    /// The entry's ordinal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub ordinal: i64,
    /// The entry.
    pub entry_id: AuditId,
}

impl ActiveModelBehavior for ActiveModel {}
