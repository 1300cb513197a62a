//! Something for each caller, in memory that does not grow with how many callers a stranger can pretend to be. Floor 3.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// How often a full map is looked through for what can be forgotten.
const SWEEP: Duration = Duration::from_secs(1);

/// A value for each key up to a number of keys; what is as good as new is forgotten to make room.
#[derive(Debug)]
pub(super) struct Bounded<K, V> {
    known: HashMap<K, V>,
    limit: usize,
    /// What keys share for which there was no room.
    shared: V,
    swept_at: Option<Duration>,
}

impl<K: Eq + Hash, V: Default> Bounded<K, V> {
    /// Room for so many.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            known: HashMap::new(),
            limit,
            shared: V::default(),
            swept_at: None,
        }
    }

    /// The value of a key. Where there is no room, that which all newcomers share: those who were here before are not touched by a crowd.
    pub(super) fn of(&mut self, key: K, now: Duration, is_new: impl Fn(&V) -> bool) -> &mut V {
        if self.make_room(&key, now, is_new) {
            self.known.entry(key).or_default()
        } else {
            &mut self.shared
        }
    }

    /// Keeps a value where there is room for it.
    pub(super) fn keep(&mut self, key: K, value: V, now: Duration, is_new: impl Fn(&V) -> bool) {
        if self.make_room(&key, now, is_new) {
            self.known.insert(key, value);
        }
    }

    /// The value of a key that is known.
    pub(super) fn known(&self, key: &K) -> Option<&V> {
        self.known.get(key)
    }

    /// Forgets a key.
    pub(super) fn forget(&mut self, key: &K) -> Option<V> {
        self.known.remove(key)
    }

    fn make_room(&mut self, key: &K, now: Duration, is_new: impl Fn(&V) -> bool) -> bool {
        if self.known.len() < self.limit || self.known.contains_key(key) {
            return true;
        }
        // Looking through a map that is full of what must stay costs: not with every request.
        let swept_lately = |at: Duration| now.saturating_sub(at) < SWEEP;
        if self.swept_at.is_some_and(swept_lately) {
            return false;
        }
        self.swept_at = Some(now);
        self.known.retain(|_, value| !is_new(value));
        self.known.len() < self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(10);

    fn full_of(value: u32) -> Bounded<u32, u32> {
        let mut map = Bounded::new(3);
        for key in 0..3 {
            *map.of(key, NOW, |value| *value == 0) = value;
        }
        map
    }

    #[test]
    fn what_is_as_good_as_new_makes_room() {
        let mut map = full_of(0);
        *map.of(7, NOW, |value| *value == 0) = 5;
        assert_eq!((map.known(&7), map.known(&0)), (Some(&5), None));
    }

    #[test]
    fn who_finds_no_room_shares_and_the_others_keep_their_own() {
        let mut map = full_of(1);
        *map.of(7, NOW, |value| *value == 0) += 1;
        *map.of(8, NOW, |value| *value == 0) += 1;
        assert_eq!(*map.of(9, NOW, |value| *value == 0), 2);
        assert_eq!(*map.of(0, NOW, |value| *value == 0), 1);
        map.keep(9, 4, NOW, |value| *value == 0);
        assert_eq!(map.known(&9), None);
        // One of them is forgotten: there is room with the next look.
        *map.of(0, NOW, |value| *value == 0) = 0;
        assert_eq!(*map.of(9, NOW, |value| *value == 0), 2);
        assert_eq!(*map.of(9, NOW + SWEEP, |value| *value == 0), 0);
    }
}
