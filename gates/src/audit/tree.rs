//! The Merkle tree over the log (RFC 6962 section 2.1), computed from the entries' own bytes.

use sha2::{Digest, Sha256};

/// What stands for a leaf or a subtree.
pub(super) type Hash = [u8; 32];

/// How many hashes a full tile has, and entries a full bundle (C2SP tlog-tiles).
pub(super) const TILE_WIDTH: u64 = 256;
/// How many levels of the tree lie between a tile and the one above.
const TILE_HEIGHT: u32 = 8;

/// SHA-256(0x00 ‖ leaf).
pub(super) fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(leaf)
        .finalize()
        .into()
}

fn join(left: &Hash, right: &Hash) -> Hash {
    Sha256::new()
        .chain_update([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// A tree that grows leaf by leaf. It keeps its right edge, and of the levels above the leaves what tiles show: a hash
/// for each 256 entries.
#[derive(Debug, Default)]
pub(super) struct Tree {
    size: u64,
    /// The perfect subtrees that the leaves make, the largest first.
    edge: Vec<Hash>,
    /// The hashes of level 1, 2 and so on, as tiles have them.
    above: Vec<Vec<Hash>>,
}

impl Tree {
    /// How many leaves it has.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf.
    pub(super) fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for height in 1..=self.size.trailing_ones() {
            if let Some(left) = self.edge.pop() {
                hash = join(&left, &hash);
            }
            if height.is_multiple_of(TILE_HEIGHT) {
                let level = (height / TILE_HEIGHT) as usize - 1;
                if self.above.len() <= level {
                    self.above.push(Vec::new());
                }
                self.above[level].push(hash);
            }
        }
        self.edge.push(hash);
        self.size += 1;
    }

    /// Its root; SHA-256 of nothing while it is empty.
    pub(super) fn root(&self) -> Hash {
        let Some((last, rest)) = self.edge.split_last() else {
            return Sha256::digest([]).into();
        };
        rest.iter()
            .rev()
            .fold(*last, |right, left| join(left, &right))
    }

    /// The tiles above the leaves: level, index and what has to stand in them.
    pub(super) fn tiles(&self) -> impl Iterator<Item = (usize, usize, &[Hash])> {
        self.above.iter().enumerate().flat_map(|(level, hashes)| {
            let tiles = hashes.chunks(TILE_WIDTH as usize).enumerate();
            tiles.map(move |(index, tile)| (level + 1, index, tile))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::hex;

    fn leaves(count: u32) -> Vec<Hash> {
        (0..count)
            .map(|index| leaf_hash(&index.to_be_bytes()))
            .collect()
    }

    fn grown(leaves: &[Hash]) -> Tree {
        let mut tree = Tree::default();
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        tree
    }

    /// RFC 6962 section 2.1 word by word.
    fn by_the_book(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [leaf] => *leaf,
            more => {
                let (left, right) = more.split_at(more.len().next_power_of_two() / 2);
                join(&by_the_book(left), &by_the_book(right))
            }
        }
    }

    #[test]
    fn three_hundred_leaves_have_the_published_root() {
        let root = hex(&grown(&leaves(300)).root());
        assert_eq!(
            root,
            "7cb38a3a7211231d902f423fcd3f43cf9ac6da0aa1f31de0876c9927451ee3c5"
        );
    }

    #[test]
    fn trees_of_any_size_are_by_the_book() {
        let leaves = leaves(530);
        for size in [0, 1, 2, 3, 5, 8, 255, 256, 257, 511, 512, 530] {
            let part = &leaves[..size];
            assert_eq!(grown(part).root(), by_the_book(part), "{size}");
        }
    }

    #[test]
    fn the_tiles_above_have_the_roots_of_those_below() {
        let leaves = leaves(66_000);
        let tree = grown(&leaves);
        let tiles: Vec<_> = tree.tiles().collect();
        let places: Vec<_> = tiles
            .iter()
            .map(|(level, index, tile)| (*level, *index, tile.len()))
            .collect();
        assert_eq!(places, [(1, 0, 256), (1, 1, 1), (2, 0, 1)]);
        assert_eq!(tiles[0].2[255], by_the_book(&leaves[255 * 256..256 * 256]));
        assert_eq!(tiles[2].2[0], by_the_book(&leaves[..65_536]));
    }
}
