//! Holds the rows that are shown against those that the entries give.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::fold::{Columns, Folded, Place, Row};
use super::shown::{Shown, excepted};
use super::{Kind, Rows};

/// What comes of a row when it is held against its entries.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// It is as its entries say.
    Same,
    /// It is, but for a hash over values that may be personal.
    Personal,
    /// Its creation lies in an archive.
    NotFoldable,
    /// What is different, in words that follow the row's name.
    Differs(String),
}

/// Holds a row against its entries. `archived_until` is the time of the first entry that is served, where earlier ones
/// lie in archives.
pub(super) fn judge(
    kind: Kind,
    folded: Option<&Row>,
    shown: Option<&Shown>,
    archived_until: Option<&str>,
) -> Verdict {
    let differs = |what: &str| Verdict::Differs(what.to_owned());
    match (folded, shown) {
        (None, None) => Verdict::Same,
        (None, Some(shown)) => {
            let older = |until: &str| shown.created_at.as_deref().is_none_or(|at| at <= until);
            if archived_until.is_some_and(older) {
                return Verdict::NotFoldable;
            }
            differs("is there, and no entry tells of it")
        }
        (Some(row), None) if row.gone => Verdict::Same,
        (Some(_), None) => differs("is not there, and entries tell of it"),
        (Some(row), Some(_)) if row.gone => differs("is there, and the log says that it went"),
        (Some(row), Some(_)) if !row.whole && archived_until.is_some() => Verdict::NotFoldable,
        (Some(row), Some(shown)) => compare(kind, row, shown),
    }
}

/// How many columns of a row are told of.
const MOST_COLUMNS: usize = 3;
/// The end of a task's lease. Each heartbeat moves it on, and only one that says something is recorded.
const LEASE: &str = "leaseExpiresAt";

/// Whether the lease that is shown is the one of the log, moved on.
fn is_extended(row: &Row, shown: &Shown) -> bool {
    let end = |columns: &Columns| columns.get(LEASE)?.as_str().map(str::to_owned);
    match (end(&row.columns), end(&shown.columns)) {
        // Times are written so that they sort as texts.
        (Some(recorded), Some(shown)) => recorded <= shown,
        _ => false,
    }
}

fn compare(kind: Kind, row: &Row, shown: &Shown) -> Verdict {
    let names: BTreeSet<&String> = row.columns.keys().chain(shown.columns.keys()).collect();
    let differs = |name: &&String| {
        !excepted(kind).contains(&name.as_str())
            && row.columns.get(*name) != shown.columns.get(*name)
            && !(name.as_str() == LEASE && is_extended(row, shown))
    };
    let names: Vec<&str> = names
        .into_iter()
        .filter(differs)
        .map(String::as_str)
        .collect();
    match names[..] {
        [] => Verdict::Same,
        ["inputSha256"] if shown.personal => Verdict::Personal,
        _ => {
            let told = |name: &&str| {
                let text =
                    |value: Option<&serde_json::Value>| value.map_or("nothing".to_owned(), clip);
                let (log, api) = (row.columns.get(*name), shown.columns.get(*name));
                format!("{name} is {} and by its entries {}", text(api), text(log))
            };
            let mut all: Vec<String> = names.iter().take(MOST_COLUMNS).map(told).collect();
            let more = names.len().saturating_sub(MOST_COLUMNS);
            all.extend((more > 0).then(|| format!("and {more} more columns")));
            Verdict::Differs(format!("is not what its entries give: {}", all.join("; ")))
        }
    }
}

/// A value for people: feedback may be long.
fn clip(value: &serde_json::Value) -> String {
    value.to_string().chars().take(120).collect()
}

/// The rows that were shown so far, and those of them that are not yet as their entries say.
///
/// Work goes on while the rows are read, so that a row may be newer than the checkpoint up to which the log was read.
/// It waits then: as the log is read on, it has to be, after one of the entries, just what was shown.
#[derive(Debug, Default)]
pub(super) struct Matching {
    pub(super) rows: BTreeMap<Kind, Rows>,
    seen: HashSet<Place>,
    waiting: BTreeMap<Place, Option<Shown>>,
}

impl Matching {
    /// Takes in a row as it is shown; none for one that is not there.
    pub(super) fn take(&mut self, place: Place, shown: Option<Shown>, folded: &Folded) {
        self.seen.insert(place.clone());
        self.waiting.insert(place.clone(), shown);
        self.settle(&place, folded);
    }

    /// Takes in what of the entries' rows was not shown at all.
    pub(super) fn leftover(&mut self, folded: &Folded) {
        let unseen = folded
            .rows()
            .filter(|(place, row)| !row.gone && !self.seen.contains(*place));
        let unseen: Vec<Place> = unseen.map(|(place, _)| place.clone()).collect();
        for place in unseen {
            if self.is_superseded(&place) {
                self.rows.entry(place.0).or_default().unread += 1;
            } else {
                self.take(place, None, folded);
            }
        }
    }

    /// Whether it is an earlier version of a task type: of types the API lists the latest versions alone.
    fn is_superseded(&self, (kind, id): &Place) -> bool {
        let version = |id: &str| {
            let (name, version) = id.rsplit_once('@')?;
            Some((name.to_owned(), version.parse::<u32>().ok()?))
        };
        let Some((name, number)) = version(id).filter(|_| *kind == Kind::TaskType) else {
            return false;
        };
        let later = |(kind, id): &Place| {
            let other = version(id).filter(|_| *kind == Kind::TaskType);
            other.is_some_and(|(other, later)| other == name && later > number)
        };
        self.seen.iter().any(later)
    }

    /// Looks at a row again after an entry was folded into it.
    pub(super) fn settle(&mut self, place: &Place, folded: &Folded) {
        let Some(shown) = self.waiting.get(place) else {
            return;
        };
        let rows = self.rows.entry(place.0).or_default();
        match judge(
            place.0,
            folded.row(place),
            shown.as_ref(),
            folded.archived_until(),
        ) {
            Verdict::Same => rows.compared += u64::from(shown.is_some()),
            Verdict::Personal => {
                rows.compared += 1;
                rows.personal += 1;
            }
            Verdict::NotFoldable => rows.not_foldable += 1,
            Verdict::Differs(_) => return,
        }
        self.waiting.remove(place);
    }

    /// The rows that are not what their entries give, as far as the entries were read.
    pub(super) fn waiting(&self) -> Vec<Place> {
        self.waiting.keys().cloned().collect()
    }

    /// The same in words.
    pub(super) fn differences(&self, folded: &Folded) -> Vec<String> {
        let tell = |(place, shown): (&Place, &Option<Shown>)| {
            let verdict = judge(
                place.0,
                folded.row(place),
                shown.as_ref(),
                folded.archived_until(),
            );
            match verdict {
                Verdict::Differs(what) => Some(format!("{} {} {what}", place.0, place.1)),
                _ => None,
            }
        };
        self.waiting.iter().filter_map(tell).collect()
    }
}

#[cfg(test)]
mod tests;
