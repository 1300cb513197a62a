//! Reads the log of a target, from one signed checkpoint to the next.

use super::archive::{self, Archives};
use super::bundle;
use super::entry::Entry;
use super::fold::Folded;
use super::matching::Matching;
use super::note::{Checkpoint, Key};
use super::tree::{Hash, TILE_WIDTH, Tree, leaf_hash};
use super::{AuditError, Faults, hex};
use crate::client::{Client, Content};

/// Why the log cannot be read on.
#[derive(Debug)]
pub(super) enum Halt {
    /// What does not hold, so that what follows cannot be understood.
    Fault(String),
    /// It could not be looked at.
    Error(AuditError),
}

impl<E: Into<AuditError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// A log as far as it was read.
#[derive(Debug)]
pub(super) struct Log<'a> {
    client: &'a Client,
    keys: &'a [Key],
    pub(super) tree: Tree,
    pub(super) folded: Folded,
    /// The number of the first entry that a bundle shows: those before it lie in archives, or beside such.
    pub(super) from: u64,
    /// Where those before it can be read; none where nobody has handed them over.
    archives: Option<Archives>,
    root_missed: bool,
    pub(super) faults: Faults,
}

impl<'a> Log<'a> {
    pub(super) fn new(client: &'a Client, keys: &'a [Key], archives: Option<Archives>) -> Self {
        Self {
            client,
            keys,
            tree: Tree::default(),
            folded: Folded::default(),
            from: 0,
            archives,
            root_missed: false,
            faults: Faults::default(),
        }
    }

    /// Reads on to the last checkpoint that the target shows. Rows that wait are looked at again after each entry of
    /// theirs.
    pub(super) async fn advance(&mut self, matching: &mut Matching) -> Result<(), Halt> {
        let note = self.client.get("/audit/tlog/checkpoint").await?;
        let note = AuditError::unless_ok("/audit/tlog/checkpoint", note.status, note.body)?;
        let checkpoint = Checkpoint::open(&note, self.keys)
            .map_err(|error| Halt::Fault(format!("the checkpoint does not open: {error}")))?;
        let (before, size) = (self.tree.size(), checkpoint.size);
        if size < before {
            let what =
                format!("the log was cut: a checkpoint of {size} entries follows one of {before}");
            return Err(Halt::Fault(what));
        }
        while self.tree.size() < size {
            let index = self.tree.size() / TILE_WIDTH;
            let width = TILE_WIDTH.min(size - index * TILE_WIDTH);
            self.read_bundle(index, width, matching).await?;
        }
        self.hold_root(before, &checkpoint);
        Ok(())
    }

    fn hold_root(&mut self, before: u64, checkpoint: &Checkpoint) {
        // Once one was missed every later one is.
        if self.tree.root() != checkpoint.root && !self.root_missed {
            self.root_missed = true;
            let (last, root) = (checkpoint.size.saturating_sub(1), hex(&checkpoint.root));
            self.faults.push(format!(
                "the entries do not lead to the signed root {root}: from {before} to {last} one was changed, removed, added or moved"
            ));
        }
    }

    async fn read_bundle(
        &mut self,
        index: u64,
        width: u64,
        matching: &mut Matching,
    ) -> Result<(), Halt> {
        let hashes = self.tile("0", index, width).await?;
        // Of a bundle that was met before it was full the first ones are known.
        let known = usize::try_from(self.tree.size() % TILE_WIDTH).unwrap_or(usize::MAX);
        let path = bundle::path("entries", index, width);
        let page = self.client.download(&path).await?;
        // Entries leave the database from the oldest on; behind one that is served none may be missing.
        if page.status == 404 && self.tree.size() == self.from {
            self.from += hashes.len().saturating_sub(known) as u64;
            return self.read_archived(&hashes[known..], matching).await;
        }
        let bytes = published(&path, page)?;
        let entries = bundle::entries(&bytes).filter(|entries| entries.len() as u64 == width);
        let entries =
            entries.ok_or_else(|| Halt::Fault(format!("{path} has not its {width} entries")))?;
        for (bytes, hash) in entries.into_iter().zip(hashes).skip(known) {
            self.take(bytes, &hash, matching);
        }
        Ok(())
    }

    /// Takes in entries that are not served: of archives, where those were handed over, and else their hashes alone.
    async fn read_archived(
        &mut self,
        hashes: &[Hash],
        matching: &mut Matching,
    ) -> Result<(), Halt> {
        let Some(mut archives) = self.archives.take() else {
            hashes.iter().for_each(|hash| self.tree.push(*hash));
            self.folded.begin_behind_archives();
            return Ok(());
        };
        let mut export = None;
        for hash in hashes {
            let number = self.tree.size();
            let archived = archives
                .entry(number)
                .map_err(|error| Halt::Fault(format!("the archives: {error}")))?;
            if let Some(bytes) = archived {
                self.take(&bytes, hash, matching);
                continue;
            }
            let exported = match &export {
                Some(exported) => exported,
                None => export.insert(archive::export(self.client).await?),
            };
            let Some(bytes) = archive::entry_of(exported, number) else {
                let what = format!("entry {number} is neither served nor in the archives");
                return Err(Halt::Fault(what));
            };
            self.take(bytes, hash, matching);
        }
        self.archives = Some(archives);
        Ok(())
    }

    /// Takes in the next entry, and the hash that its tile has of it.
    fn take(&mut self, bytes: &[u8], told: &Hash, matching: &mut Matching) {
        let (number, leaf) = (self.tree.size(), leaf_hash(bytes));
        self.tree.push(leaf);
        if leaf != *told {
            let what = format!("entry {number} and its hash in the tile do not agree");
            self.faults.push(what);
        }
        let entry = match Entry::read(bytes) {
            Ok(entry) => entry,
            Err(flaw) => return self.faults.push(format!("entry {number} {flaw}")),
        };
        let (changed, flaws) = self.folded.take(&entry);
        for flaw in flaws {
            let what = format!("entry {number} ({}) {flaw}", entry.id());
            self.faults.push(what);
        }
        for place in changed {
            matching.settle(&place, &self.folded);
        }
    }

    /// Holds the tiles above the leaves against what the entries give.
    pub(super) async fn hold_tiles(&mut self) -> Result<(), Halt> {
        let mut wrong = Vec::new();
        for (level, index, own) in self.tree.tiles() {
            let told = self
                .tile(&level.to_string(), index as u64, own.len() as u64)
                .await?;
            if told != own {
                wrong.push(format!(
                    "tile {index} of level {level} is not what the entries give"
                ));
            }
        }
        wrong.into_iter().for_each(|what| self.faults.push(what));
        Ok(())
    }

    async fn tile(&self, level: &str, index: u64, width: u64) -> Result<Vec<Hash>, Halt> {
        let path = bundle::path(level, index, width);
        let page = self.client.download(&path).await?;
        let bytes = published(&path, page)?;
        let (hashes, rest) = bytes.as_chunks::<32>();
        if !rest.is_empty() || hashes.len() as u64 != width {
            return Err(Halt::Fault(format!("{path} has not its {width} hashes")));
        }
        Ok(hashes.to_vec())
    }
}

/// The bytes of a tile or a bundle that a signed checkpoint covers. That it is not there, or that the target stumbles over
/// it, is told of the log: a server that lost an entry can say no more than that.
fn published(path: &str, page: Content) -> Result<Vec<u8>, Halt> {
    match page.status {
        404 | 500 => {
            let status = page.status;
            let what = format!("{path} is signed for and not served: status {status}");
            Err(Halt::Fault(what))
        }
        status => Ok(AuditError::unless_ok(path, status, page.bytes)?),
    }
}
