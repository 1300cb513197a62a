//! The Merkle tree over the ledger (spec R5.05): read in tiles, grown when a checkpoint is made. Floor 2.
//!
//! What is stored of the tree are the hashes of C2SP tlog-tiles: those of level 0 are the ledger's leaf hashes, above them one of 256.
//! Everything else is computed from at most a handful of tiles.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use entities::audit::tree::{self, Hash, Node, TILE_HEIGHT, TILE_WIDTH};
use entities::audit::{checkpoint, entry, ledger, tree_hash};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::ledger::insert_all;
use crate::error::{Error, Result};

/// How many leaves the tree grows by at most before it is signed: what an installation had before it had a tree is taken in by turns.
const MOST_LEAVES: u64 = 256 * TILE_WIDTH;

/// Stored hashes of one level, in order.
///
/// # Errors
/// INTERNAL where one is missing: the log has a hole, or was cut.
pub async fn stored(
    connection: &impl ConnectionTrait,
    level: u8,
    places: Range<u64>,
) -> Result<Vec<Hash>> {
    let (first, end) = (signed(places.start)?, signed(places.end)?);
    let rows: Vec<(i64, Vec<u8>)> = if level == 0 {
        ledger::Entity::find()
            .select_only()
            .columns([ledger::Column::Sequence, ledger::Column::LeafHash])
            .filter(ledger::Column::Sequence.gte(first))
            .filter(ledger::Column::Sequence.lt(end))
            .order_by_asc(ledger::Column::Sequence)
            .into_tuple()
            .all(connection)
            .await?
    } else {
        tree_hash::Entity::find()
            .select_only()
            .columns([tree_hash::Column::Position, tree_hash::Column::Hash])
            .filter(tree_hash::Column::Level.eq(i16::from(level)))
            .filter(tree_hash::Column::Position.gte(first))
            .filter(tree_hash::Column::Position.lt(end))
            .order_by_asc(tree_hash::Column::Position)
            .into_tuple()
            .all(connection)
            .await?
    };
    let hashes = rows
        .into_iter()
        .zip(first..)
        .map(|((place, hash), wanted)| {
            let hash = hash.try_into().ok()?;
            (place == wanted).then_some(hash)
        });
    let hashes: Option<Vec<Hash>> = hashes.collect();
    let whole = |hashes: &Vec<Hash>| hashes.len() as u64 == places.end - places.start;
    hashes.filter(whole).ok_or_else(|| {
        Error::internal(format!(
            "the tree lacks a hash of level {level} in {first}..{end}"
        ))
    })
}

/// A leaf of the tree, and what it stands for.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// Its place.
    pub place: ledger::Model,
    /// The entry there; none where somebody has taken it away.
    pub entry: Option<entry::Model>,
}

/// The leaves from a place on, as many as there are up to a limit: one query.
pub async fn leaves(connection: &impl ConnectionTrait, from: i64, limit: u64) -> Result<Vec<Leaf>> {
    let entry_of = ledger::Entity::belongs_to(entry::Entity)
        .from(ledger::Column::EntryId)
        .to(entry::Column::Id);
    let rows = ledger::Entity::find()
        .join(JoinType::LeftJoin, entry_of.into())
        .select_also(entry::Entity)
        .filter(ledger::Column::Sequence.gte(from))
        .order_by_asc(ledger::Column::Sequence)
        .limit(limit)
        .all(connection)
        .await?;
    let leaf = |(place, entry)| Leaf { place, entry };
    Ok(rows.into_iter().map(leaf).collect())
}

/// The stored hashes above the leaves that leaves of a range complete, by level and position: one query. What is missing is left out.
pub async fn completed(
    connection: &impl ConnectionTrait,
    leaves: Range<u64>,
) -> Result<HashMap<(u8, u64), Vec<u8>>> {
    let mut wanted = Condition::any();
    for level in 1u8.. {
        let height = u32::from(level) * u32::from(TILE_HEIGHT);
        let position = |leaf: u64| leaf.checked_shr(height).unwrap_or(0);
        let positions = position(leaves.start)..position(leaves.end);
        if positions.is_empty() {
            // A level above has none either.
            break;
        }
        let (first, end) = (signed(positions.start)?, signed(positions.end)?);
        let of_level = Condition::all()
            .add(tree_hash::Column::Level.eq(i16::from(level)))
            .add(tree_hash::Column::Position.gte(first))
            .add(tree_hash::Column::Position.lt(end));
        wanted = wanted.add(of_level);
    }
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let found = tree_hash::Entity::find()
        .filter(wanted)
        .all(connection)
        .await?;
    let place = |row: tree_hash::Model| {
        let level = u8::try_from(row.level).map_err(Error::internal)?;
        Ok(((level, row.position.unsigned_abs()), row.hash))
    };
    found.into_iter().map(place).collect()
}

fn signed(place: u64) -> Result<i64> {
    i64::try_from(place).map_err(Error::internal)
}

/// What each of these lists of subtrees makes together: roots, and the hashes of proofs. One query for each tile that is touched.
pub async fn hashes(connection: &impl ConnectionTrait, wanted: &[Vec<Node>]) -> Result<Vec<Hash>> {
    // Neighbours have most of their paths in common: each subtree is asked for, and computed, once.
    let nodes: BTreeSet<Node> = wanted.iter().flatten().copied().collect();
    let mut tiles: BTreeMap<(u8, u64), Range<u64>> = BTreeMap::new();
    for node in &nodes {
        let (level, places) = node.stored();
        let tile = tiles
            .entry((level, places.start / TILE_WIDTH))
            .or_insert_with(|| places.clone());
        *tile = tile.start.min(places.start)..tile.end.max(places.end);
    }
    let mut found = BTreeMap::new();
    for ((level, tile), places) in tiles {
        let first = places.start;
        found.insert(
            (level, tile),
            (first, stored(connection, level, places).await?),
        );
    }
    let hash = |node: Node| {
        let (level, places) = node.stored();
        let (first, hashes) = found.get(&(level, places.start / TILE_WIDTH))?;
        let within = usize::try_from(places.start - first).ok()?
            ..usize::try_from(places.end - first).ok()?;
        Some((node, perfect(hashes.get(within)?)))
    };
    let known: HashMap<Node, Hash> = nodes.into_iter().filter_map(hash).collect();
    let folded = wanted.iter().map(|nodes| {
        let hashes: Option<Vec<Hash>> = nodes.iter().map(|node| known.get(node).copied()).collect();
        hashes.map(|hashes| tree::fold(&hashes))
    });
    let folded: Option<Vec<Hash>> = folded.collect();
    folded.ok_or_else(|| Error::internal("a tile is narrower than was asked for"))
}

/// The root over a power of two of hashes.
fn perfect(hashes: &[Hash]) -> Hash {
    match hashes {
        [only] => *only,
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            tree::join(&perfect(left), &perfect(right))
        }
    }
}

/// The root of the tree over the first entries.
pub async fn root(connection: &impl ConnectionTrait, size: u64) -> Result<Hash> {
    let roots = hashes(connection, &[tree::root(size)]).await?;
    roots
        .into_iter()
        .next()
        .ok_or_else(|| Error::internal("a tree without a root"))
}

/// The checkpoint of the most entries.
pub async fn latest(connection: &impl ConnectionTrait) -> Result<Option<checkpoint::Model>> {
    let last = checkpoint::Entity::find()
        .order_by_desc(checkpoint::Column::Size)
        .limit(1);
    Ok(last.one(connection).await?)
}

/// Stores the hashes above the leaves for a tree of as many entries as wanted, or as one turn may take in; returns how many those are.
pub(super) async fn grow(connection: &impl ConnectionTrait, wanted: u64) -> Result<u64> {
    let grown = length(connection, 1).await? << TILE_HEIGHT;
    let size = wanted.min(grown + MOST_LEAVES);
    for level in 1u8.. {
        let full = size
            .checked_shr(u32::from(level * TILE_HEIGHT))
            .unwrap_or(0);
        if full == 0 {
            break;
        }
        let mut rows = Vec::new();
        for place in length(connection, level).await?..full {
            let below = place * TILE_WIDTH..(place + 1) * TILE_WIDTH;
            rows.push(tree_hash::Model {
                level: level.into(),
                position: signed(place)?,
                hash: perfect(&stored(connection, level - 1, below).await?).to_vec(),
            });
        }
        insert_all::<tree_hash::Entity>(connection, rows).await?;
    }
    Ok(size)
}

/// How many hashes of a level above the leaves are stored.
async fn length(connection: &impl ConnectionTrait, level: u8) -> Result<u64> {
    let last = tree_hash::Entity::find()
        .select_only()
        .column(tree_hash::Column::Position)
        .filter(tree_hash::Column::Level.eq(i16::from(level)))
        .order_by_desc(tree_hash::Column::Position)
        .limit(1)
        .into_tuple::<i64>()
        .one(connection)
        .await?;
    Ok(last.map_or(0, |last| last.unsigned_abs() + 1))
}
