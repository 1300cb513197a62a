//! Which part of the log lies in archives, and where the log passes a moment (spec R5.08). Floor 2.

use chrono::{DateTime, Utc};
use entities::audit::{archive, entry, ledger};
use entities::id::AuditId;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryOrder, QuerySelect};

use crate::error::{Error, Result};

/// The number of the first entry that no archive holds: streams, lists and exports begin there at the earliest.
///
/// # Errors
/// Of the database.
pub async fn first_kept(connection: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let last = archive::Entity::find()
        .select_only()
        .column(archive::Column::NextSequence)
        .order_by_desc(archive::Column::FirstSequence)
        .limit(1)
        .into_tuple::<i64>()
        .one(connection)
        .await?;
    Ok(last.unwrap_or(0))
}

/// When the entry of a number was written, by its id; none where the log is not so long.
///
/// # Errors
/// Of the database.
pub async fn written_at(
    connection: &impl ConnectionTrait,
    sequence: i64,
) -> Result<Option<DateTime<Utc>>> {
    let place = ledger::Entity::find_by_id(sequence).one(connection).await?;
    place.map(|place| moment(place.entry_id)).transpose()
}

/// A UUIDv7 begins with the milliseconds of its moment.
fn moment(id: AuditId) -> Result<DateTime<Utc>> {
    let millis = i64::try_from(id.uuid().as_u128() >> 80).map_err(Error::internal)?;
    DateTime::from_timestamp_millis(millis)
        .ok_or_else(|| Error::internal("the id of an entry is of no moment"))
}

/// The first number from `first` up to `end` whose entry was written at a moment or later; `end` where none was. In O(log n): numbers are
/// given in the order of commits, in which ids stand but for the seconds that units run beside each other.
///
/// # Errors
/// Of the database; INTERNAL where the ledger lacks a number.
pub async fn passes(
    connection: &impl ConnectionTrait,
    first: i64,
    end: i64,
    at: DateTime<Utc>,
) -> Result<i64> {
    let (mut low, mut high) = (first, end);
    while low < high {
        let middle = low + (high - low) / 2;
        let written = written_at(connection, middle).await?;
        let written = written.ok_or_else(|| {
            Error::internal(format!("the ledger has no entry of the number {middle}"))
        })?;
        if written < at {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// The first number below `end` whose entry is still in the database; `end` where none is. Entries go in the order of their numbers, so that
/// this is found in O(log n).
///
/// # Errors
/// Of the database.
pub async fn first_present(connection: &impl ConnectionTrait, end: i64) -> Result<i64> {
    let (mut low, mut high) = (0, end);
    while low < high {
        let middle = low + (high - low) / 2;
        let present = match ledger::Entity::find_by_id(middle).one(connection).await? {
            Some(place) => entry::Entity::find_by_id(place.entry_id)
                .one(connection)
                .await?
                .is_some(),
            None => false,
        };
        if present {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}
