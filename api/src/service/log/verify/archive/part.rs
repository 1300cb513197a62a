//! The archives of a log that is verified as a whole: one behind the other, each read once, line by line. Floor 3.

use bytes::Bytes;
use entities::audit::archive;
use entities::id::AuditId;
use futures::TryStreamExt;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;

use super::super::Verdict;
use super::super::export::read;
use super::{Lines, manifest_at, open};
use crate::auth::note::{Manifest, Verifier};
use crate::error::{Error, Result};
use crate::store::shelf::{Pieces, Shelf};

/// The archives, as far as they were read.
pub(in super::super) struct Parts<'a> {
    shelf: &'a Shelf,
    trusted: &'a [Verifier],
    origin: &'a str,
    /// The number behind the last archive that was opened.
    next: u64,
    open: Option<Part>,
}

/// One archive that is being read.
struct Part {
    row: archive::Model,
    manifest: Option<Manifest>,
    pieces: Option<Pieces>,
    lines: Lines,
    /// A line that was read and stands further behind than it was looked for.
    ahead: Option<(u64, Value)>,
    /// Something was told of it that shifts or cuts the rest: that is not told line by line.
    broken: bool,
}

impl<'a> Parts<'a> {
    pub(in super::super) fn new(
        shelf: &'a Shelf,
        origin: &'a str,
        trusted: &'a [Verifier],
    ) -> Self {
        Self {
            shelf,
            trusted,
            origin,
            next: 0,
            open: None,
        }
    }

    /// The entry of a number of which the archives say that it is theirs; none where they do not have it, which is told once.
    pub(in super::super) async fn entry(
        &mut self,
        db: &impl ConnectionTrait,
        place: u64,
        verdict: &mut Verdict,
    ) -> Result<Option<Value>> {
        while self.next <= place {
            self.close(verdict).await?;
            if !self.open_next(db, verdict).await? {
                return Ok(None);
            }
        }
        match &mut self.open {
            Some(part) => part.entry(place, verdict).await,
            None => Ok(None),
        }
    }

    /// Looks at what is behind the last entry that was asked for.
    pub(in super::super) async fn close(&mut self, verdict: &mut Verdict) -> Result<()> {
        match self.open.take() {
            Some(part) => part.close(verdict).await,
            None => Ok(()),
        }
    }

    /// Opens the archive behind the last one.
    async fn open_next(
        &mut self,
        db: &impl ConnectionTrait,
        verdict: &mut Verdict,
    ) -> Result<bool> {
        let next = i64::try_from(self.next).map_err(Error::internal)?;
        let row = archive::Entity::find()
            .filter(archive::Column::NextSequence.gt(next))
            .order_by_asc(archive::Column::NextSequence)
            .limit(1)
            .one(db)
            .await?;
        let Some(row) = row else {
            return Ok(false);
        };
        let (first, end) = (
            row.first_sequence.unsigned_abs(),
            row.next_sequence.unsigned_abs(),
        );
        if row.first_sequence != next {
            let what = format!(
                "the archive {first} to {} does not begin where the one before it ends",
                end - 1
            );
            verdict.flaw(Some(self.next), None, what);
        }
        self.next = end;
        let mut part = Part {
            manifest: None,
            pieces: None,
            lines: Lines::default(),
            ahead: None,
            broken: false,
            row,
        };
        match self.manifest(&part.row).await? {
            Ok(manifest) => part.manifest = Some(manifest),
            Err(what) => part.tell(verdict, what),
        }
        match self.shelf.read(&part.row.object_key, None).await {
            Ok(pieces) => part.pieces = Some(pieces),
            Err(error) => part.lost(verdict, &error)?,
        }
        self.open = Some(part);
        Ok(true)
    }

    /// What the manifest says, or what is wrong with it.
    async fn manifest(&self, row: &archive::Model) -> Result<Result<Manifest, String>> {
        let stored = match manifest_at(self.shelf, &row.manifest_key).await {
            Ok(stored) => stored,
            Err(Error::Internal(_)) => return Ok(Err("its manifest is missing".to_owned())),
            Err(error) => return Err(error),
        };
        let manifest = match open(&stored, self.trusted) {
            Ok((manifest, _)) => manifest,
            Err(error) => return Ok(Err(format!("its manifest does not open: {error}"))),
        };
        let same = manifest.origin == self.origin
            && manifest.first == row.first_sequence.unsigned_abs()
            && manifest.next == row.next_sequence.unsigned_abs()
            && manifest.sha256 == row.sha256
            && manifest.bytes == row.byte_size.unsigned_abs();
        Ok(if same && stored == row.manifest {
            Ok(manifest)
        } else {
            Err("its manifest is not that of its row".to_owned())
        })
    }
}

impl Part {
    /// Tells of something that concerns the whole archive.
    fn tell(&self, verdict: &mut Verdict, what: String) {
        let (first, next) = (self.row.first_sequence, self.row.next_sequence);
        let (first, last) = (first.unsigned_abs(), next.unsigned_abs().saturating_sub(1));
        verdict.flaw_between(
            first,
            last,
            format!("the archive {first} to {last}: {what}"),
        );
    }

    /// What cannot be read is missing, unless it may pass.
    fn lost(&mut self, verdict: &mut Verdict, error: &Error) -> Result<()> {
        self.pieces = None;
        self.broken = true;
        match error {
            Error::Internal(_) => {
                self.tell(verdict, "its file is missing".to_owned());
                Ok(())
            }
            _ => Err(Error::Unavailable("an archive cannot be read")),
        }
    }

    /// The next line; none at the end.
    async fn line(&mut self, verdict: &mut Verdict) -> Result<Option<Bytes>> {
        loop {
            if let Some(line) = self.lines.next() {
                return Ok(Some(line));
            }
            let Some(pieces) = &mut self.pieces else {
                return Ok(self.lines.rest());
            };
            match pieces.try_next().await {
                Ok(Some(piece)) => self.lines.take(&piece),
                Ok(None) => self.pieces = None,
                Err(error) => self.lost(verdict, &error)?,
            }
        }
    }

    async fn entry(&mut self, place: u64, verdict: &mut Verdict) -> Result<Option<Value>> {
        loop {
            let (index, entry) = match self.ahead.take() {
                Some(ahead) => ahead,
                None => match self.line(verdict).await? {
                    None if self.broken => return Ok(None),
                    None => {
                        self.broken = true;
                        let last = self.row.next_sequence.unsigned_abs().saturating_sub(1);
                        let what = format!("its archive ends before {place} to {last}");
                        verdict.flaw_between(place, last, what);
                        return Ok(None);
                    }
                    Some(line) => match read(&line) {
                        Some((index, line)) => (index, line.entry),
                        None => {
                            verdict.flaw(Some(place), None, "its line in the archive is none");
                            return Ok(None);
                        }
                    },
                },
            };
            if index == place {
                return Ok(Some(entry));
            }
            let id: Option<AuditId> = entry["id"].as_str().and_then(|id| id.parse().ok());
            if index > place {
                verdict.flaw(Some(place), None, "is missing from its archive");
                self.ahead = Some((index, entry));
                return Ok(None);
            }
            let what = "stands in its archive behind a later one or itself";
            verdict.flaw(Some(index), id, what);
        }
    }

    async fn close(mut self, verdict: &mut Verdict) -> Result<()> {
        let mut more = self.ahead.take().is_some();
        while self.line(verdict).await?.is_some() {
            more = true;
        }
        if more {
            self.tell(verdict, "it has more lines than entries".to_owned());
        }
        let whole = |manifest: &Manifest| self.lines.are_of(manifest);
        if !self.broken && self.manifest.as_ref().is_some_and(|one| !whole(one)) {
            self.tell(
                verdict,
                "its bytes are not those of its manifest".to_owned(),
            );
        }
        Ok(())
    }
}
