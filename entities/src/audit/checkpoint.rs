//! Signed states of the log (spec R5.05): insert-only. Floor 0.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// One checkpoint (C2SP tlog-checkpoint). Its size is the key: of one size there can be no second.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "checkpoints")]
pub struct Model {
    /// How many entries it covers.
    #[sea_orm(primary_key, auto_increment = false)]
    pub size: i64,
    /// The root of the tree over them; 32 bytes.
    pub root_hash: Vec<u8>,
    /// The signed note, as it is given out.
    pub note: String,
    /// When it was signed.
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
