//! Hashes of the tree above its leaves: insert-only (C2SP tlog-tiles). Floor 0.

use sea_orm::entity::prelude::*;

/// The root of a full tile of the level below. The tiles of level 0 are the leaf hashes of the ledger.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tree_hashes")]
pub struct Model {
    /// From 1 on: the hash covers 256^level leaves.
    #[sea_orm(primary_key, auto_increment = false)]
    pub level: i16,
    /// Its place in the level, counted from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    /// 32 bytes.
    pub hash: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
