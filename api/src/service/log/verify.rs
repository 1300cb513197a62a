//! Whether a log holds (spec R5.05): every entry, every hash, every checkpoint, the numbering, and that folding the entries gives the rows.
//! Floor 3.
//!
//! Nothing that is stored is believed but the public keys, and those only where the auditor brings none: leaves and roots are computed from
//! the entries. Memory is constant: the tree's right edge and a page.

use std::collections::BTreeMap;

use entities::audit::tree::{Growing, Hash, TILE_HEIGHT};
use entities::audit::{MAX_ENTRY_BYTES, checkpoint, leaf, tree_hash};
use entities::id::AuditId;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
};

pub mod export;
mod row;

use crate::auth::note::{Checkpoint, Verifier, open_checkpoint};
use crate::error::Result;
use crate::store::tree::{self, Leaf};

/// How many leaves or checkpoints are read at once.
const PAGE: u64 = 1_000;
/// After so many faults the rest is not told one by one.
const MOST: usize = 50;

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// At which place of the log, if it has one there; the first at which it can be.
    pub place: Option<u64>,
    /// The last at which it can be, where all that is known is that it lies between two.
    pub up_to: Option<u64>,
    /// The entry there, if it is known.
    pub entry: Option<AuditId>,
    /// What is wrong, for a person.
    pub what: String,
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(place) = self.place {
            write!(f, "{place}: ")?;
        }
        if let Some(entry) = self.entry {
            write!(f, "{entry} ")?;
        }
        f.write_str(&self.what)
    }
}

/// What verifying came to. It holds when there is no flaw.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// How many entries were looked at.
    pub entries: u64,
    /// How many stored checkpoints.
    pub checkpoints: u64,
    /// How many rows were held against their folded entries.
    pub rows: u64,
    /// The root over all entries.
    pub root: Option<Hash>,
    /// What does not hold, in the order of the log; the first is the one to look at.
    pub flaws: Vec<Flaw>,
}

impl Verdict {
    fn flaw(&mut self, place: Option<u64>, entry: Option<AuditId>, what: impl Into<String>) {
        if self.flaws.len() < MOST {
            self.flaws.push(Flaw {
                place,
                up_to: None,
                entry,
                what: what.into(),
            });
        }
    }

    /// Something that is known to lie from one entry to another.
    fn flaw_between(&mut self, first: u64, last: u64, what: String) {
        self.flaw(Some(first), None, what);
        if let Some(flaw) = self.flaws.last_mut() {
            flaw.up_to = Some(last);
        }
    }

    /// In the order of the log. Behind something that is known exactly stands what is known less exactly of the same place, and last what has none.
    fn put_in_order(&mut self) {
        let exact = |flaw: &Flaw| flaw.place.filter(|_| flaw.up_to.is_none());
        let mut known: Vec<u64> = self.flaws.iter().filter_map(exact).collect();
        known.sort_unstable();
        self.flaws
            .sort_by_key(|flaw| match (flaw.place, flaw.up_to) {
                (Some(first), Some(last)) => {
                    let inside = known.iter().find(|place| (first..=last).contains(place));
                    (*inside.unwrap_or(&first), true)
                }
                (place, _) => (place.unwrap_or(u64::MAX), false),
            });
    }
}

/// Verifies the log of a database. `kept` are checkpoints that the auditor has kept from before: the log has to begin with what they say.
///
/// # Errors
/// Of the database alone: what does not hold is in the verdict.
pub async fn database(
    db: &impl ConnectionTrait,
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
    };
    for note in kept {
        walk.want(note, None, "a checkpoint that was kept");
    }
    walk.leaves().await?;
    walk.signed_but_gone();
    walk.surplus().await?;
    let Walk {
        mut verdict, tree, ..
    } = walk;
    verdict.entries = tree.size();
    verdict.root = Some(tree.root());
    verdict.put_in_order();
    row::check(db, &mut verdict).await?;
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
        let mut signed_to = 0;
        self.root_at();
        loop {
            let from = i64::try_from(self.tree.size()).unwrap_or(i64::MAX);
            let leaves = tree::leaves(self.db, from, PAGE).await?;
            let Some(last) = leaves.last() else {
                break;
            };
            signed_to = self.checkpoints(signed_to, last.place.sequence + 1).await?;
            for leaf in &leaves {
                self.leaf(leaf).await?;
            }
        }
        // Those of more entries than there are.
        self.checkpoints(signed_to, i64::MAX).await.map(drop)
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
        while self.tree.size() < place {
            // What is missing has no hash: from here on no root can be met.
            let missing = self.tree.size();
            self.verdict
                .flaw(Some(missing), None, "there is no entry of this number");
            self.push([0; 32]).await?;
        }
        let Some(entry) = &leaf.entry else {
            self.verdict.flaw(
                Some(place),
                Some(id),
                "is in the ledger, and its entry is gone",
            );
            let kept = leaf.place.leaf_hash.clone().try_into();
            return self.push(kept.unwrap_or([0; 32])).await;
        };
        let bytes = leaf::canonical_bytes(entry);
        if bytes.len() > MAX_ENTRY_BYTES {
            self.verdict.flaw(
                Some(place),
                Some(id),
                format!("is larger than an entry can be: {} bytes", bytes.len()),
            );
        }
        let hash = leaf::leaf_hash(&bytes);
        if leaf.place.leaf_hash != hash {
            self.verdict.flaw(
                Some(place),
                Some(id),
                "is not what its leaf hash stands for: the entry or the hash was changed",
            );
        }
        self.push(hash).await
    }

    async fn push(&mut self, leaf: Hash) -> Result<()> {
        for (level, position, hash) in self.tree.push(leaf) {
            let stored = tree_hash::Entity::find_by_id((
                i16::from(level),
                i64::try_from(position).unwrap_or(i64::MAX),
            ));
            let last = self.tree.size() - 1;
            match stored.one(self.db).await? {
                Some(stored) if stored.hash == hash => {}
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
        Ok(())
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
        let looks = [
            (
                "SELECT id AS id FROM audit_entries WHERE NOT EXISTS (SELECT 1 FROM ledger WHERE ledger.entry_id = audit_entries.id) \
                 AND NOT EXISTS (SELECT 1 FROM audit_queue WHERE audit_queue.entry_id = audit_entries.id) ORDER BY ordinal LIMIT 1",
                "is an entry without a number",
            ),
            (
                "SELECT entry_id AS id FROM ledger GROUP BY entry_id HAVING count(*) > 1 LIMIT 1",
                "has more than one number",
            ),
        ];
        for (sql, what) in looks {
            let statement = Statement::from_string(self.db.get_database_backend(), sql);
            if let Some(row) = self.db.query_one_raw(statement).await? {
                self.verdict.flaw(None, Some(row.try_get("", "id")?), what);
            }
        }
        Ok(())
    }
}
