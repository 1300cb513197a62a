//! Lists of exceptions that may only shrink: one entry a line, with a committed ceiling for their number.
//!
//! The text begins with `at most N`; empty lines and lines that begin with `#` are for people.

use std::collections::BTreeSet;

/// A committed list.
#[derive(Debug, PartialEq, Eq)]
pub struct List {
    ceiling: usize,
    entries: BTreeSet<String>,
}

impl List {
    /// Reads a list; `None` when the line `at most N` is not its first.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut lines = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let ceiling = lines.next()?.strip_prefix("at most ")?.parse().ok()?;
        Some(Self {
            ceiling,
            entries: lines.map(str::to_owned).collect(),
        })
    }

    /// What is wrong with the list when `now` is what it should excuse, one line each; empty when all is well.
    ///
    /// Something new is a fault, something that needs no excuse any more is one until its line is removed, and so is a
    /// list that is shorter or longer than the number at its head: lowering that number is part of removing a line.
    #[must_use]
    pub fn faults(&self, now: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
        let now: BTreeSet<String> = now.into_iter().map(Into::into).collect();
        let mut faults: Vec<_> = now
            .difference(&self.entries)
            .map(|new| format!("new: {new}"))
            .collect();
        faults.extend(
            self.entries
                .difference(&now)
                .map(|done| format!("done, remove its line: {done}")),
        );
        if self.entries.len() != self.ceiling {
            faults.push(format!(
                "the list has {} entries, its head says {}",
                self.entries.len(),
                self.ceiling
            ));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::List;

    fn list() -> List {
        List::read("# why\nat most 2\n\na\nb\n").expect("a list")
    }

    #[test]
    fn a_list_that_says_what_is_has_no_faults() {
        assert_eq!(list().faults(["b", "a"]), Vec::<String>::new());
    }

    #[test]
    fn something_new_is_a_fault() {
        assert_eq!(list().faults(["a", "b", "c"]), ["new: c"]);
    }

    #[test]
    fn something_done_must_leave_the_list() {
        assert_eq!(list().faults(["a"]), ["done, remove its line: b"]);
    }

    #[test]
    fn the_number_at_the_head_must_be_right() {
        let list = List::read("at most 3\na\nb").expect("a list");
        assert_eq!(
            list.faults(["a", "b"]),
            ["the list has 2 entries, its head says 3"]
        );
    }

    #[test]
    fn a_list_without_its_number_is_not_read() {
        assert_eq!(List::read("a\nb"), None);
    }
}
