//! What verifying comes to. Floor 3.

use entities::audit::tree::Hash;
use entities::id::AuditId;

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
    pub(super) fn flaw(
        &mut self,
        place: Option<u64>,
        entry: Option<AuditId>,
        what: impl Into<String>,
    ) {
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
    pub(super) fn flaw_between(&mut self, first: u64, last: u64, what: String) {
        self.flaw(Some(first), None, what);
        if let Some(flaw) = self.flaws.last_mut() {
            flaw.up_to = Some(last);
        }
    }

    /// In the order of the log. Behind something that is known exactly stands what is known less exactly of the same place, and last what has none.
    pub(super) fn put_in_order(&mut self) {
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
