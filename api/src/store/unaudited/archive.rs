//! Archived entries leave the database ([`Reason::Retention`](super::Reason::Retention)). Floor 2.

use std::ops::Range;

use entities::audit::{entry, ledger, personal};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

use super::super::tx::Tx;
use super::super::{archive as archived, lock};
use crate::error::Result;

fn ids(places: &Range<i64>) -> SelectStatement {
    ledger::Entity::find()
        .select_only()
        .column(ledger::Column::EntryId)
        .filter(ledger::Column::Sequence.gte(places.start))
        .filter(ledger::Column::Sequence.lt(places.end))
        .into_query()
}

impl Tx {
    /// Keeps other replicas from adding an archive until the unit ends, and gives the number at which the next one has to begin.
    pub async fn lock_archives(&mut self) -> Result<i64> {
        lock::lock_archives(&self.connection).await?;
        Ok(archived::first_kept(&*self.connection).await?)
    }

    /// Deletes the entries of these numbers with their personal values ([`super::Reason::Retention`]); returns how many entries. What stands
    /// in no archive the database itself does not let go (spec R5.09): then nothing is deleted.
    pub async fn delete_archived(&mut self, places: Range<i64>) -> Result<u64> {
        personal::Entity::delete_many()
            .filter(personal::Column::EntryId.in_subquery(ids(&places)))
            .exec(&*self.connection)
            .await?;
        let deleted = entry::Entity::delete_many()
            .filter(entry::Column::Id.in_subquery(ids(&places)))
            .exec(&*self.connection)
            .await?;
        Ok(deleted.rows_affected)
    }
}
