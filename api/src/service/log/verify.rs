//! Whether a log holds (spec R5.05): every entry, every hash, every checkpoint, the numbering, and that folding the entries gives the rows.
//! Floor 3.
//!
//! Nothing that is stored is believed but the public keys, and those only where the auditor brings none: leaves and roots are computed from
//! the entries, those of archives from the archives. Memory is constant: the tree's right edge and a page; what is folded from archives lies
//! in a temporary file.

use std::collections::{BTreeMap, HashMap};

use entities::audit::tree::{Growing, Hash, TILE_HEIGHT};
use entities::audit::{MAX_ENTRY_BYTES, checkpoint, leaf};
use entities::json::canonical;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect,
    Statement,
};

pub mod archive;
pub mod export;
mod fold;
mod row;
mod verdict;

pub use verdict::{Flaw, Verdict};

use crate::auth::note::{Checkpoint, Verifier, open_checkpoint};
use crate::error::Result;
use crate::store::archive as stored;
use crate::store::shelf::Shelf;
use crate::store::tree::{self, Leaf};

/// How many leaves or checkpoints are read at once.
const PAGE: u64 = 1_000;
/// Over so many missing numbers there is no use in going on: somebody has moved an entry far away to keep whoever verifies busy for ever.
const WIDEST_GAP: u64 = 1 << 20;

/// Verifies the log of a database and of its archives, which lie in a store. `kept` are checkpoints that the auditor has kept from before:
/// the log has to begin with what they say.
///
/// # Errors
/// Of the database and the store alone: what does not hold is in the verdict.
pub async fn database(
    db: &impl ConnectionTrait,
    shelf: &Shelf,
    origin: &str,
    trusted: &[Verifier],
    kept: &[String],
) -> Result<Verdict> {
    let mut walk = Walk {
        db,
        origin,
        trusted,
        verdict: Verdict::default(),
        tree: Growing::default(),
        wanted: BTreeMap::new(),
        good_up_to: 0,
        root_broken: false,
        given_up: false,
        archived_to: stored::first_kept(db).await?.unsigned_abs(),
        archives: archive::Parts::new(shelf, origin, trusted),
        folded: fold::Folded::default(),
        stored: HashMap::new(),
        numbered: 0,
        kinds: row::Kinds::new(),
    };
    for note in kept {
        walk.want(note, None, "a checkpoint that was kept");
    }
    walk.leaves().await?;
    walk.signed_but_gone();
    walk.surplus().await?;
    let Walk {
        mut verdict,
        tree,
        folded,
        archived_to,
        kinds,
        ..
    } = walk;
    verdict.entries = tree.size();
    verdict.root = Some(tree.root());
    verdict.put_in_order();
    row::check(db, &folded, archived_to, &kinds, &mut verdict).await?;
    Ok(verdict)
}

struct Walk<'a, C> {
    db: &'a C,
    origin: &'a str,
    trusted: &'a [Verifier],
    verdict: Verdict,
    tree: Growing,
    /// Roots that were signed, by size, with whose word that is.
    wanted: BTreeMap<u64, Vec<(Hash, &'static str)>>,
    /// The size of the last signed root that was met.
    good_up_to: u64,
    root_broken: bool,
    /// Whether the rest of the log is out of reach.
    given_up: bool,
    /// The number of the first entry that no archive holds.
    archived_to: u64,
    archives: archive::Parts<'a>,
    /// What the archived entries make of each row.
    folded: fold::Folded,
    /// The stored hashes above the leaves of the page that is taken in.
    stored: HashMap<(u8, u64), Vec<u8>>,
    /// How many numbered entries are there.
    numbered: i64,
    /// How many of each kind no archive holds.
    kinds: row::Kinds,
}

impl<C: ConnectionTrait> Walk<'_, C> {
    /// Takes in what a note says, and the row in which it was found.
    fn want(&mut self, note: &str, row: Option<&checkpoint::Model>, whose: &'static str) {
        let place = row.map(|row| row.size.unsigned_abs());
        let opened = match open_checkpoint(note, self.trusted) {
            Ok(opened) => opened,
            Err(error) => {
                let size = place.map_or(String::new(), |size| format!(" of size {size}"));
                return self.verdict.flaw(
                    place,
                    None,
                    format!("{whose}{size} does not open: {error}"),
                );
            }
        };
        let Checkpoint { origin, size, root } = opened;
        if origin != self.origin {
            self.verdict
                .flaw(place, None, format!("{whose} is of another log: {origin}"));
            return;
        }
        if row.is_some_and(|row| row.size.unsigned_abs() != size || row.root_hash != root) {
            self.verdict.flaw(
                place,
                None,
                format!("{whose} says something else than its row: size {size}"),
            );
        }
        let roots = self.wanted.entry(size).or_default();
        if roots.iter().any(|(known, _)| *known != root) {
            self.verdict.flaw(
                Some(size),
                None,
                format!("two checkpoints of size {size} contradict each other"),
            );
        }
        roots.push((root, whose));
    }

    async fn leaves(&mut self) -> Result<()> {
        let db = self.db;
        let mut signed_to = 0;
        self.root_at();
        let mut page = tree::leaves(db, 0, PAGE).await?;
        while let Some(last) = page.last() {
            let end = last.place.sequence + 1;
            signed_to = self.checkpoints(signed_to, end).await?;
            self.stored = tree::completed(db, self.tree.size()..end.unsigned_abs()).await?;
            // The database reads the next page while this one is hashed.
            let (next, taken) = tokio::join!(tree::leaves(db, end, PAGE), self.take(&page));
            taken?;
            page = if self.given_up { Vec::new() } else { next? };
        }
        self.archives.close(&mut self.verdict).await?;
        self.folded.flush().await?;
        // Those of more entries than there are.
        self.checkpoints(signed_to, i64::MAX).await.map(drop)
    }

    async fn take(&mut self, page: &[Leaf]) -> Result<()> {
        for leaf in page {
            self.leaf(leaf).await?;
            if self.given_up {
                break;
            }
        }
        Ok(())
    }

    /// Takes in the stored checkpoints up to a size.
    async fn checkpoints(&mut self, mut after: i64, up_to: i64) -> Result<i64> {
        loop {
            let rows = checkpoint::Entity::find()
                .filter(checkpoint::Column::Size.gt(after))
                .filter(checkpoint::Column::Size.lte(up_to))
                .order_by_asc(checkpoint::Column::Size)
                .limit(PAGE)
                .all(self.db)
                .await?;
            let Some(last) = rows.last() else {
                return Ok(after);
            };
            after = last.size;
            for row in &rows {
                self.verdict.checkpoints += 1;
                self.want(&row.note, Some(row), "the checkpoint");
            }
        }
    }

    async fn leaf(&mut self, leaf: &Leaf) -> Result<()> {
        let (place, id) = (leaf.place.sequence.unsigned_abs(), leaf.place.entry_id);
        let missing = place.saturating_sub(self.tree.size());
        if missing > WIDEST_GAP {
            let what =
                "there are no entries of these numbers; what lies behind them is not looked at";
            let first = self.tree.size();
            self.verdict.flaw_between(first, place - 1, what.to_owned());
            self.given_up = true;
            return Ok(());
        }
        for missing in self.tree.size()..place {
            // What is missing has no hash: from here on no root can be met.
            self.verdict
                .flaw(Some(missing), None, "there is no entry of this number");
            self.push([0; 32]);
        }
        self.numbered += i64::from(leaf.entry.is_some());
        if place < self.archived_to {
            return self.archived(place, leaf).await;
        }
        let Some(entry) = &leaf.entry else {
            self.verdict.flaw(
                Some(place),
                Some(id),
                "is in the ledger, and its entry is gone",
            );
            let kept = leaf.place.leaf_hash.clone().try_into();
            self.push(kept.unwrap_or([0; 32]));
            return Ok(());
        };
        *self.kinds.entry(entry.entity_type).or_default() += 1;
        let hash = self.hash(leaf, &leaf::canonical_bytes(entry));
        self.push(hash);
        Ok(())
    }

    /// An entry that lies in an archive; it may be in the database too, until it is cleared away.
    async fn archived(&mut self, place: u64, leaf: &Leaf) -> Result<()> {
        if let Some(entry) = &leaf.entry {
            self.hash(leaf, &leaf::canonical_bytes(entry));
        }
        let found = self.archives.entry(self.db, place, &mut self.verdict);
        let hash = match found.await? {
            Some(entry) => {
                let hash = self.hash(leaf, &canonical(&entry));
                self.folded.take(entry).await?;
                hash
            }
            // That was told. The ledger still knows its hash, so that the roots behind it can be met.
            None => leaf.place.leaf_hash.clone().try_into().unwrap_or([0; 32]),
        };
        self.push(hash);
        Ok(())
    }

    /// The hash of an entry, held against its leaf.
    fn hash(&mut self, leaf: &Leaf, bytes: &str) -> Hash {
        let (place, id) = (leaf.place.sequence.unsigned_abs(), leaf.place.entry_id);
        if bytes.len() > MAX_ENTRY_BYTES {
            self.verdict.flaw(
                Some(place),
                Some(id),
                format!("is larger than an entry can be: {} bytes", bytes.len()),
            );
        }
        let hash = leaf::leaf_hash(bytes);
        if leaf.place.leaf_hash != hash {
            self.verdict.flaw(
                Some(place),
                Some(id),
                "is not what its leaf hash stands for: the entry or the hash was changed",
            );
        }
        hash
    }

    fn push(&mut self, leaf: Hash) {
        for (level, position, hash) in self.tree.push(leaf) {
            let last = self.tree.size() - 1;
            match self.stored.get(&(level, position)) {
                Some(stored) if *stored == hash => {}
                // Above a leaf that was changed, the tile is right and the leaf is not: that was told.
                Some(_) => {
                    let first = position << (u32::from(level) * u32::from(TILE_HEIGHT));
                    let what = format!(
                        "the hash at level {level}, position {position} is not that of the entries {first} to {last}"
                    );
                    self.verdict.flaw_between(first, last, what);
                }
                // The tree is grown when it is signed.
                None if self.wanted.range(self.tree.size()..).next().is_none() => {}
                None => self.verdict.flaw(
                    Some(last),
                    None,
                    format!("the hash at level {level}, position {position} is missing"),
                ),
            }
        }
        self.root_at();
    }

    /// Holds the root against what was signed at this size.
    fn root_at(&mut self) {
        let size = self.tree.size();
        let Some(roots) = self.wanted.remove(&size) else {
            return;
        };
        let root = self.tree.root();
        match roots.iter().find(|(signed, _)| *signed != root) {
            // Of two that contradict each other, which was told, one is right.
            _ if roots.iter().any(|(signed, _)| *signed == root) => self.good_up_to = size,
            None => self.good_up_to = size,
            // Every later one differs too.
            Some(_) if self.root_broken => {}
            Some((_, whose)) => {
                self.root_broken = true;
                let (from, last) = (self.good_up_to, size.saturating_sub(1));
                let what = format!(
                    "{whose} of size {size} has another root: an entry from {from} to {last} was changed, removed, added or moved"
                );
                self.verdict.flaw_between(from, last, what);
            }
        }
    }

    /// What was signed and is not there any more.
    fn signed_but_gone(&mut self) {
        let size = self.tree.size();
        if let Some((signed, roots)) = self.wanted.last_key_value() {
            let whose = roots.first().map_or("a checkpoint", |(_, whose)| whose);
            let what = format!(
                "the log ends after {size} entries, and {whose} says that there were {signed}"
            );
            self.verdict.flaw(Some(size), None, what);
        }
    }

    /// What the ledger does not know of, or knows twice.
    async fn surplus(&mut self) -> Result<()> {
        let twice =
            "SELECT entry_id AS id FROM ledger GROUP BY entry_id HAVING count(*) > 1 LIMIT 1";
        if let Some(row) = self.look(twice).await? {
            let id = row.try_get("", "id")?;
            self.verdict
                .flaw(None, Some(id), "has more than one number");
        }
        // To count is quick; to look for the one is not.
        let there = "SELECT (SELECT count(*) FROM audit_entries) - (SELECT count(*) FROM audit_queue \
             WHERE EXISTS (SELECT 1 FROM audit_entries WHERE audit_entries.id = audit_queue.entry_id) \
             AND NOT EXISTS (SELECT 1 FROM ledger WHERE ledger.entry_id = audit_queue.entry_id)) AS entries";
        let there = self.look(there).await?;
        let there: Option<i64> = there.map(|row| row.try_get("", "entries")).transpose()?;
        if there == Some(self.numbered) {
            return Ok(());
        }
        let without = "SELECT id AS id FROM audit_entries WHERE NOT EXISTS (SELECT 1 FROM ledger WHERE ledger.entry_id = audit_entries.id) \
             AND NOT EXISTS (SELECT 1 FROM audit_queue WHERE audit_queue.entry_id = audit_entries.id) ORDER BY ordinal LIMIT 1";
        if let Some(row) = self.look(without).await? {
            let id = row.try_get("", "id")?;
            self.verdict
                .flaw(None, Some(id), "is an entry without a number");
        }
        Ok(())
    }

    async fn look(&self, sql: &str) -> Result<Option<QueryResult>> {
        let statement = Statement::from_string(self.db.get_database_backend(), sql);
        Ok(self.db.query_one_raw(statement).await?)
    }
}
