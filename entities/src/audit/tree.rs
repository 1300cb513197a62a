//! The Merkle tree over the log: RFC 6962 section 2.1, cut into perfect subtrees as C2SP tlog-tiles stores them. Floor 0.
//!
//! Everything here is arithmetic: which subtrees an answer is made of, and how their hashes are joined. Where the hashes come from is the
//! caller's business.

use std::ops::Range;

use sha2::{Digest, Sha256};

/// What stands for a subtree: SHA-256.
pub type Hash = [u8; 32];

/// How many levels of the tree lie between a tile's hashes and those of the tile above (tlog-tiles).
pub const TILE_HEIGHT: u8 = 8;
/// How many hashes a full tile has.
pub const TILE_WIDTH: u64 = 1 << TILE_HEIGHT;

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
pub fn join(left: &Hash, right: &Hash) -> Hash {
    Sha256::new()
        .chain_update([1u8])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// The root of a tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// A perfect subtree: the 2^`height` leaves from `index` · 2^`height` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// 0 for a leaf.
    pub height: u8,
    /// Its place among those of its height.
    pub index: u64,
}

impl Node {
    /// The stored hashes that it is the root of: the level of their tile, and their places in that level.
    pub fn stored(self) -> (u8, Range<u64>) {
        let within = self.height % TILE_HEIGHT;
        let first = self.index << within;
        (self.height / TILE_HEIGHT, first..first + (1 << within))
    }
}

/// The perfect subtrees that the leaves of a range make, from left to right. The range begins where a subtree of its size could begin, as
/// all ranges of proofs do.
fn perfect(range: Range<u64>) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut first = range.start;
    while first < range.end {
        let room = 63 - (range.end - first).leading_zeros();
        let height = room.min(first.checked_ilog2().map_or(63, |_| first.trailing_zeros()));
        nodes.push(Node {
            height: u8::try_from(height).unwrap_or(63),
            index: first >> height,
        });
        first += 1 << height;
    }
    nodes
}

/// The subtrees whose hashes, joined by [`fold`], are the root of a tree of this size.
pub fn root(size: u64) -> Vec<Node> {
    perfect(0..size)
}

/// The hash of what these subtrees make together, from left to right; the root of an empty tree of none.
pub fn fold(hashes: &[Hash]) -> Hash {
    let Some((last, rest)) = hashes.split_last() else {
        return empty_root();
    };
    rest.iter()
        .rev()
        .fold(*last, |right, left| join(left, &right))
}

/// The audit path of a leaf (RFC 6962 section 2.1.1): each hash as the subtrees that make it. None where there is no such leaf.
pub fn inclusion(index: u64, size: u64) -> Option<Vec<Vec<Node>>> {
    (index < size).then(|| path(index, 0..size))
}

fn path(index: u64, range: Range<u64>) -> Vec<Vec<Node>> {
    if range.end - range.start <= 1 {
        return Vec::new();
    }
    let middle = range.start + split(range.end - range.start);
    let (nearer, other) = if index < middle {
        (range.start..middle, middle..range.end)
    } else {
        (middle..range.end, range.start..middle)
    };
    let mut path = path(index, nearer);
    path.push(perfect(other));
    path
}

/// The proof that a tree of one size is the beginning of one of another (RFC 6962 section 2.1.2). None where it cannot be, or is no tree.
pub fn consistency(old: u64, new: u64) -> Option<Vec<Vec<Node>>> {
    (0 < old && old <= new).then(|| subproof(old, 0..new, true))
}

fn subproof(old: u64, range: Range<u64>, whole: bool) -> Vec<Vec<Node>> {
    let size = range.end - range.start;
    if old == size {
        return if whole {
            Vec::new()
        } else {
            vec![perfect(range)]
        };
    }
    let half = split(size);
    let middle = range.start + half;
    let (mut proof, other) = if old <= half {
        (subproof(old, range.start..middle, whole), middle..range.end)
    } else {
        (
            subproof(old - half, middle..range.end, false),
            range.start..middle,
        )
    };
    proof.push(perfect(other));
    proof
}

/// The largest power of two below a size of two at least.
fn split(size: u64) -> u64 {
    1 << (63 - (size - 1).leading_zeros())
}

/// Whether a path leads from a leaf to a root (RFC 9162 section 2.1.3.2).
pub fn includes(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            hash = join(sibling, &hash);
            while at % 2 == 0 && at != 0 {
                (at, last) = (at / 2, last / 2);
            }
        } else {
            hash = join(&hash, sibling);
        }
        (at, last) = (at / 2, last / 2);
    }
    last == 0 && hash == *root
}

/// Whether a tree is the beginning of another (RFC 9162 section 2.1.4.2).
pub fn is_consistent(old: (u64, &Hash), new: (u64, &Hash), proof: &[Hash]) -> bool {
    let ((old, old_root), (new, new_root)) = (old, new);
    if old == 0 || old > new {
        return false;
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    // Where the old tree is perfect, its root is the beginning of the way and is left out of the proof.
    let mut hashes = proof.iter();
    let first = if old.is_power_of_two() {
        Some(old_root)
    } else {
        hashes.next()
    };
    let Some(first) = first else {
        return false;
    };
    let (mut at, mut last) = (old - 1, new - 1);
    while at % 2 == 1 {
        (at, last) = (at / 2, last / 2);
    }
    let (mut to_old, mut to_new) = (*first, *first);
    for hash in hashes {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            to_old = join(hash, &to_old);
            to_new = join(hash, &to_new);
            while at % 2 == 0 && at != 0 {
                (at, last) = (at / 2, last / 2);
            }
        } else {
            to_new = join(&to_new, hash);
        }
        (at, last) = (at / 2, last / 2);
    }
    last == 0 && to_old == *old_root && to_new == *new_root
}

/// A tree that grows leaf by leaf and keeps no more than its right edge: 64 hashes at most, however many leaves.
#[derive(Clone, Debug, Default)]
pub struct Growing {
    size: u64,
    edge: Vec<Hash>,
}

impl Growing {
    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf. Of the subtrees that it completes those whose hashes are stored above the leaves come back, lowest first: `(level, index,
    /// hash)`.
    pub fn push(&mut self, leaf: Hash) -> Vec<(u8, u64, Hash)> {
        let (mut hash, mut completed) = (leaf, Vec::new());
        for height in 1..=self.size.trailing_ones() {
            if let Some(left) = self.edge.pop() {
                hash = join(&left, &hash);
            }
            if height % u32::from(TILE_HEIGHT) == 0 {
                let level = u8::try_from(height / u32::from(TILE_HEIGHT)).unwrap_or(u8::MAX);
                completed.push((level, self.size >> height, hash));
            }
        }
        self.edge.push(hash);
        self.size += 1;
        completed
    }

    /// Its root.
    pub fn root(&self) -> Hash {
        fold(&self.edge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::hex;
    use proptest::prelude::*;

    fn leaf(number: u32) -> Hash {
        Sha256::new()
            .chain_update([0u8])
            .chain_update(number.to_be_bytes())
            .finalize()
            .into()
    }

    /// RFC 6962, word by word.
    fn by_the_book(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [one] => *one,
            many => {
                let middle = split(many.len() as u64) as usize;
                join(&by_the_book(&many[..middle]), &by_the_book(&many[middle..]))
            }
        }
    }

    fn leaves(count: u64) -> Vec<Hash> {
        (0..u32::try_from(count).unwrap()).map(leaf).collect()
    }

    fn hash_of(leaves: &[Hash], nodes: &[Node]) -> Hash {
        let one = |node: &Node| {
            let first = (node.index << node.height) as usize;
            by_the_book(&leaves[first..first + (1 << node.height)])
        };
        fold(&nodes.iter().map(one).collect::<Vec<_>>())
    }

    /// The golden vector of design.md "Log format".
    #[test]
    fn the_root_of_three_hundred_leaves_is_as_published() {
        let mut tree = Growing::default();
        let mut completed = Vec::new();
        for leaf in leaves(300) {
            completed.extend(tree.push(leaf));
        }
        let published = "7cb38a3a7211231d902f423fcd3f43cf9ac6da0aa1f31de0876c9927451ee3c5";
        assert_eq!(hex(&tree.root()), published);
        assert_eq!(hex(&hash_of(&leaves(300), &root(300))), published);
        assert_eq!(completed, [(1, 0, by_the_book(&leaves(256)))]);
    }

    #[test]
    fn an_empty_tree_has_the_root_of_nothing() {
        let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex(&Growing::default().root()), nothing);
        assert!(inclusion(0, 0).is_none());
        assert!(consistency(0, 0).is_none());
    }

    #[test]
    fn stored_hashes_lie_within_one_tile() {
        let node = Node {
            height: 9,
            index: 3,
        };
        assert_eq!(node.stored(), (1, 6..8));
        for size in [1, 255, 256, 257, 70_000, 1 << 40] {
            for node in root(size) {
                let (_, places) = node.stored();
                assert_eq!(places.start / TILE_WIDTH, (places.end - 1) / TILE_WIDTH);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_tree_grows_as_the_book_says(size in 0u64..700) {
            let mut tree = Growing::default();
            let leaves = leaves(size);
            for leaf in &leaves {
                tree.push(*leaf);
            }
            prop_assert_eq!(tree.root(), by_the_book(&leaves));
            prop_assert_eq!(hash_of(&leaves, &root(size)), by_the_book(&leaves));
        }

        #[test]
        fn every_leaf_has_a_path_and_no_other_leaf_has_it(size in 1u64..600, index in any::<u64>(), bit in any::<u8>()) {
            let (index, leaves) = (index % size, leaves(size));
            let path: Vec<_> = inclusion(index, size).unwrap().iter().map(|nodes| hash_of(&leaves, nodes)).collect();
            let (root, own) = (by_the_book(&leaves), leaves[index as usize]);
            prop_assert!(includes(&own, index, size, &path, &root));
            prop_assert!(!includes(&leaf(u32::MAX), index, size, &path, &root));
            if size > 1 {
                prop_assert!(!includes(&own, (index + 1) % size, size, &path, &root));
                let mut bent = path.clone();
                let at = usize::from(bit) % bent.len();
                bent[at][0] ^= 1;
                prop_assert!(!includes(&own, index, size, &bent, &root));
                prop_assert!(!includes(&own, index, size, &path[1..], &root));
            }
        }

        #[test]
        fn a_tree_is_consistent_with_its_beginnings_alone(new in 1u64..600, old in any::<u64>()) {
            let (old, leaves) = (old % new + 1, leaves(new));
            let proof: Vec<_> = consistency(old, new).unwrap().iter().map(|nodes| hash_of(&leaves, nodes)).collect();
            let (old_root, new_root) = (by_the_book(&leaves[..old as usize]), by_the_book(&leaves));
            prop_assert!(is_consistent((old, &old_root), (new, &new_root), &proof));
            let mut other = old_root;
            other[31] ^= 1;
            prop_assert!(!is_consistent((old, &other), (new, &new_root), &proof));
            prop_assert!(!is_consistent((old, &old_root), (new, &other), &proof));
        }
    }
}
