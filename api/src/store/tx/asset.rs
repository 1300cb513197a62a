//! Assets in a unit of work, and the keys under which bytes may lie that none of them refers to
//! ([`Reason::Leftovers`](crate::store::Reason)). Floor 2.

use chrono::{DateTime, Utc};
use entities::asset;
use entities::asset::leftover;
use entities::id::AssetId;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::super::clock::uuid_at;
use super::super::ledger::insert_all;
use super::super::shelf::Shelf;
use super::{Audited, Tx};
use crate::error::Result;

impl Audited for asset::Entity {}

/// Due since ever: nobody may make an asset refer to such a key any more.
const DOOMED: DateTime<Utc> = DateTime::UNIX_EPOCH;

impl Tx {
    /// A new asset id.
    pub fn asset_id(&self) -> AssetId {
        AssetId::new(uuid_at(self.now))
    }

    /// Locks an asset's row against every other change until the unit ends.
    pub async fn lock_asset(&mut self, id: AssetId) -> Result<Option<asset::Model>> {
        Ok(asset::Entity::find_by_id(id)
            .lock_exclusive()
            .one(&*self.connection)
            .await?)
    }

    /// A new key for bytes, written down before the first of them is put. Unless [`take_key`](Self::take_key) comes before `due_at`, they go.
    pub async fn reserve_key(&mut self, due_at: DateTime<Utc>) -> Result<String> {
        let object_key = Shelf::new_key(uuid_at(self.now));
        self.reserve_keys(&[&object_key], due_at).await?;
        Ok(object_key)
    }

    /// The same of keys that have a name of their own, under which nothing was ever put.
    pub async fn reserve_keys(&mut self, keys: &[&str], due_at: DateTime<Utc>) -> Result<()> {
        let row = |key: &&str| leftover::Model {
            object_key: (*key).to_owned(),
            upload_id: None,
            due_at,
        };
        let rows = keys.iter().map(row).collect();
        Ok(insert_all::<leftover::Entity>(&*self.connection, rows).await?)
    }

    /// What makes a name one that nobody had before.
    pub fn distinction(&self) -> String {
        uuid_at(self.now).simple().to_string()
    }

    /// Writes down the store's id of an upload in parts that has begun.
    pub async fn note_upload(&mut self, key: &str, upload_id: &str) -> Result<()> {
        leftover::Entity::update_many()
            .col_expr(leftover::Column::UploadId, Expr::val(upload_id))
            .filter(leftover::Column::ObjectKey.eq(key))
            .exec(&*self.connection)
            .await?;
        Ok(())
    }

    /// Takes a key for an asset of this unit to refer to; whether it was still to be had.
    pub async fn take_key(&mut self, key: &str) -> Result<bool> {
        let taken = leftover::Entity::delete_many()
            .filter(leftover::Column::ObjectKey.eq(key))
            .filter(leftover::Column::DueAt.gt(self.now))
            .exec(&*self.connection)
            .await?;
        Ok(taken.rows_affected == 1)
    }

    /// Gives up the key that an asset of this unit referred to: its bytes are to go.
    pub async fn leave_key(&mut self, key: String) -> Result<()> {
        let row = leftover::Model {
            object_key: key,
            upload_id: None,
            due_at: DOOMED,
        };
        insert_all::<leftover::Entity>(&*self.connection, vec![row]).await?;
        Ok(())
    }

    /// Dooms one key that was reserved: from now on nobody takes it. Gives its row, if it was not taken before.
    pub async fn doom_key(&mut self, key: &str) -> Result<Option<leftover::Model>> {
        leftover::Entity::update_many()
            .col_expr(leftover::Column::DueAt, Expr::val(DOOMED))
            .filter(leftover::Column::ObjectKey.eq(key))
            .exec(&*self.connection)
            .await?;
        Ok(leftover::Entity::find_by_id(key)
            .one(&*self.connection)
            .await?)
    }

    /// Dooms every key whose time is over, and gives so many of those whose bytes are to go.
    pub async fn doom_keys(&mut self, limit: u64) -> Result<Vec<leftover::Model>> {
        leftover::Entity::update_many()
            .col_expr(leftover::Column::DueAt, Expr::val(DOOMED))
            .filter(leftover::Column::DueAt.lte(self.now))
            .filter(leftover::Column::DueAt.gt(DOOMED))
            .exec(&*self.connection)
            .await?;
        Ok(leftover::Entity::find()
            .filter(leftover::Column::DueAt.lte(DOOMED))
            .limit(limit)
            .all(&*self.connection)
            .await?)
    }

    /// Forgets a doomed key: its bytes are gone.
    pub async fn forget_key(&mut self, key: &str) -> Result<()> {
        leftover::Entity::delete_many()
            .filter(leftover::Column::ObjectKey.eq(key))
            .filter(leftover::Column::DueAt.lte(DOOMED))
            .exec(&*self.connection)
            .await?;
        Ok(())
    }
}
