//! Entries on their way out, a page at a time. Floor 3.

use std::ops::Range;

use bytes::Bytes;
use entities::audit::export::{self, AuditExportFormat};
use entities::audit::{checkpoint, entry, ledger, personal};
use entities::id::AuditId;
use entities::json::hex;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{csv, ndjson};
use crate::error::{Error, Result};
use crate::service::audit::{Filter, sequence_column, sequenced_by};
use crate::store::archive;

/// How many entries are read at once.
const PAGE: u64 = 500;

/// What was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// How many entries.
    pub rows: i64,
    /// How many bytes.
    pub bytes: i64,
    /// Their SHA-256, in lowercase hexadecimal.
    pub sha256: String,
}

impl Sent {
    /// What a row says; none before it was sent.
    pub(super) fn of(row: &export::Model) -> Option<Self> {
        Some(Self {
            rows: row.row_count?,
            bytes: row.byte_size?,
            sha256: row.sha256.clone()?,
        })
    }
}

/// An entry with its place, and what of it is personal.
pub(super) struct Row {
    pub(super) sequence: i64,
    pub(super) entry: entry::Model,
    pub(super) personal: Vec<personal::Model>,
}

/// Writes an export piece by piece; what it keeps does not grow.
pub struct Writer {
    format: AuditExportFormat,
    filter: Filter,
    /// A signed size: the proofs of entries lead there.
    size: i64,
    /// The number behind the last entry that it may write.
    end: i64,
    /// Whether it has personal values.
    personal: bool,
    /// The number of the first entry that was there when it began; none where it does not matter any more.
    first: Option<i64>,
    /// The last entry that was written.
    after: i64,
    /// What was read behind it already.
    ahead: Option<Vec<Row>>,
    begun: bool,
    ended: bool,
    hash: Sha256,
    rows: i64,
    bytes: i64,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}

impl Writer {
    /// Of the entries of a filter among the first `size`, which is a signed size, from the number `first` on: those before it were archived.
    pub fn new(format: AuditExportFormat, filter: Filter, first: i64, size: i64) -> Self {
        Self {
            format,
            filter,
            size,
            end: size,
            personal: true,
            first: Some(first),
            after: first - 1,
            ahead: None,
            begun: false,
            ended: false,
            hash: Sha256::new(),
            rows: 0,
            bytes: 0,
        }
    }

    /// Of every entry of a range, for good: NDJSON without personal values (spec R5.08), with proofs that lead to the signed size.
    pub fn of_archive(places: Range<i64>, signed: i64) -> Self {
        Self {
            end: places.end,
            personal: false,
            first: None,
            ..Self::new(
                AuditExportFormat::Ndjson,
                Filter::default(),
                places.start,
                signed,
            )
        }
    }

    /// The next piece; none when everything was written.
    ///
    /// # Errors
    /// Of the database; UNAVAILABLE where entries were archived meanwhile.
    pub async fn next(&mut self, db: &impl ConnectionTrait) -> Result<Option<Bytes>> {
        let mut text = String::new();
        if !self.begun {
            self.begun = true;
            if self.format == AuditExportFormat::Csv {
                text += csv::HEADER;
            }
        }
        while text.is_empty() || !self.ended {
            if self.ended {
                return Ok(None);
            }
            let rows = match self.ahead.take() {
                Some(rows) => rows,
                None => self.page(db).await?,
            };
            self.ended = (rows.len() as u64) < PAGE;
            if self.ended {
                self.check_kept(db).await?;
            }
            self.after = rows.last().map_or(self.after, |row| row.sequence);
            self.rows += i64::try_from(rows.len()).map_err(Error::internal)?;
            let paths = match self.format {
                AuditExportFormat::Csv => Vec::new(),
                AuditExportFormat::Ndjson => ndjson::paths(db, &rows, self.size).await?,
            };
            let write = async {
                match self.format {
                    AuditExportFormat::Csv => {
                        rows.iter().for_each(|row| csv::write(&mut text, row));
                    }
                    AuditExportFormat::Ndjson => ndjson::write(&mut text, &rows, &paths),
                }
            };
            if self.ended {
                write.await;
            } else {
                // The database reads the next page while this one is written.
                let (ahead, ()) = tokio::join!(self.page(db), write);
                self.ahead = Some(ahead?);
            }
            if !text.is_empty() {
                break;
            }
        }
        if text.is_empty() {
            return Ok(None);
        }
        self.hash.update(&text);
        self.bytes += i64::try_from(text.len()).map_err(Error::internal)?;
        Ok(Some(text.into()))
    }

    /// What was written so far; of the whole once [`next`](Self::next) has given none.
    pub fn sent(&self) -> Sent {
        Sent {
            rows: self.rows,
            bytes: self.bytes,
            sha256: hex(&self.hash.clone().finalize()),
        }
    }

    /// What left the database while it was written would be missing without a word.
    async fn check_kept(&self, db: &impl ConnectionTrait) -> Result<()> {
        match self.first {
            Some(first) if archive::first_kept(db).await? != first => Err(Error::Unavailable(
                "a month of the log was archived meanwhile: ask for the export again",
            )),
            _ => Ok(()),
        }
    }

    async fn page(&self, db: &impl ConnectionTrait) -> Result<Vec<Row>> {
        let Some(entries) = sequenced_by(&self.filter) else {
            return Ok(Vec::new());
        };
        let sequence = sequence_column(db.get_database_backend());
        let found = entries
            .filter(sea_orm::sea_query::ExprTrait::gt(
                sequence.clone(),
                self.after,
            ))
            .filter(sea_orm::sea_query::ExprTrait::lt(
                sequence.clone(),
                self.end,
            ))
            .order_by_asc(sequence)
            .limit(PAGE)
            .select_also(ledger::Entity)
            .all(db)
            .await?;
        let ids: Vec<AuditId> = found.iter().map(|(entry, _)| entry.id).collect();
        let ids = if self.personal { ids } else { Vec::new() };
        let values_of = personal::Entity::find()
            .filter(personal::Column::EntryId.is_in(ids))
            .order_by_asc(personal::Column::Field)
            .all(db)
            .await?;
        let mut values: std::collections::HashMap<AuditId, Vec<personal::Model>> =
            std::collections::HashMap::new();
        for value in values_of {
            values.entry(value.entry_id).or_default().push(value);
        }
        let row = |(entry, place): (entry::Model, Option<ledger::Model>)| {
            let place = place.ok_or_else(|| Error::internal("an entry without its place"))?;
            Ok(Row {
                sequence: place.sequence,
                personal: values.remove(&entry.id).unwrap_or_default(),
                entry,
            })
        };
        found.into_iter().map(row).collect()
    }
}

/// What is said of an export that was written, of the places from the first number, if older entries had been archived, to a signed size.
///
/// # Errors
/// Of the database; INTERNAL where the checkpoint of its size is gone.
pub async fn manifest(
    db: &impl ConnectionTrait,
    format: AuditExportFormat,
    filter: &Value,
    places: (Option<i64>, i64),
    sent: &Sent,
) -> Result<Value> {
    let (first, size) = places;
    let signed = checkpoint::Entity::find_by_id(size).one(db).await?;
    let signed =
        signed.ok_or_else(|| Error::internal("an export of a size that was not signed"))?;
    let mut manifest = json!({
        "format": format,
        "filter": filter,
        "size": size.to_string(),
        "rows": sent.rows,
        "bytes": sent.bytes,
        "sha256": sent.sha256,
        "checkpoint": signed.note,
    });
    // What comes before lies in archives.
    if let Some(first) = first {
        manifest["from"] = first.to_string().into();
    }
    Ok(manifest)
}
