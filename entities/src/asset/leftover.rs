//! Keys of the store under which bytes may lie that no asset refers to. Floor 0.
//!
//! The store of bytes and the database cannot commit together. So a key is written down here before its first byte is put, and leaves
//! this table in the unit that makes an asset refer to it; and it comes back in the unit that deletes the asset. Whatever a crash leaves
//! behind has its row.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// One key.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "asset_leftovers")]
pub struct Model {
    /// Where the bytes may lie.
    #[sea_orm(primary_key, auto_increment = false)]
    pub object_key: String,
    /// The store's own id of an upload in parts that is under way.
    pub upload_id: Option<String>,
    /// From when on nobody may make an asset refer to it, and the bytes go.
    pub due_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
