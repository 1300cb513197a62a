//! Names of one's own on a server that others use too: agents and task types go out with a mark behind their names, and come back without it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;

/// Whose names everybody shares: the control center and the first operator are there already.
const COMMON: [&str; 2] = ["SYSTEM-000", "SYSTEM-001"];

/// A mark that all names of one caller bear outside. Clones share what they have learned.
#[derive(Clone, Debug)]
pub struct Names {
    mark: String,
    /// The task types that were defined under this mark: no other word of a document may change.
    types: Arc<Mutex<BTreeSet<String>>>,
}

impl Names {
    /// Names with a mark that nobody else has.
    #[must_use]
    pub fn unheard_of() -> Self {
        let letters = (0..10).map(|_| char::from(rand::random_range(b'A'..=b'Z')));
        Self::new(letters.collect::<String>())
    }

    /// Names with this mark, of capital letters and digits.
    #[must_use]
    pub fn new(mark: impl Into<String>) -> Self {
        Self {
            mark: mark.into(),
            types: Arc::default(),
        }
    }

    /// What the server is to hear.
    #[must_use]
    pub fn outward(&self, text: &str) -> String {
        self.learn(text);
        let types = self.types.lock().unwrap_or_else(PoisonError::into_inner);
        let mut outward = String::with_capacity(text.len());
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        let mut rest = text;
        while let Some(start) = rest.find(is_part) {
            let (before, word) = rest.split_at(start);
            let end = word.find(|letter| !is_part(letter)).unwrap_or(word.len());
            let (word, after) = word.split_at(end);
            outward.push_str(before);
            outward.push_str(word);
            if is_plate(word) && !COMMON.contains(&word) {
                outward.push('-');
                outward.push_str(&self.mark);
            } else if types.contains(word) {
                outward.push('_');
                outward.push_str(&self.mark);
            }
            rest = after;
        }
        outward + rest
    }

    /// What the server says, in the caller's names.
    #[must_use]
    pub fn inward(&self, text: &str) -> String {
        let text = text.replace(&format!("-{}", self.mark), "");
        text.replace(&format!("_{}", self.mark), "")
    }

    /// Learns the name of a task type that is defined by a call.
    fn learn(&self, text: &str) {
        if !text.contains("defineTaskType") {
            return;
        }
        let call: Value = serde_json::from_str(text).unwrap_or_default();
        if let Some(name) = call
            .pointer("/variables/input/name")
            .and_then(Value::as_str)
        {
            let mut types = self.types.lock().unwrap_or_else(PoisonError::into_inner);
            types.insert(name.to_owned());
        }
    }
}

/// Whether a word is the id of an agent: `L2-CHAR-001`.
fn is_plate(word: &str) -> bool {
    let mut parts = word.split('-');
    let is_tier = parts
        .next()
        .is_some_and(|tier| ["SYSTEM", "L1", "L2", "L3"].contains(&tier));
    let mut count = 0;
    let is_rest = parts.all(|part| {
        count += 1;
        let mut letters = part.bytes();
        !part.is_empty()
            && letters.all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
    });
    is_tier && is_rest && count > 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn agents_and_types_of_ones_own_bear_the_mark_outside_alone() {
        let names = Names::new("Q7");
        let said = r#"{"query":"mutation { defineTaskType }","variables":{"input":{"name":"DRAW_SKETCH"}}}"#;
        assert!(names.outward(said).contains("DRAW_SKETCH_Q7"));
        for (own, outside) in [
            (
                "\"L2-CHAR-001\" by SYSTEM-001",
                "\"L2-CHAR-001-Q7\" by SYSTEM-001",
            ),
            (
                "DRAW_SKETCH of L1-ART-001.",
                "DRAW_SKETCH_Q7 of L1-ART-001-Q7.",
            ),
            (
                "DELEGATE_TO_L2 IN_PROGRESS L1",
                "DELEGATE_TO_L2 IN_PROGRESS L1",
            ),
            ("", ""),
        ] {
            assert_eq!(names.outward(own), outside);
            assert_eq!(names.inward(outside), own);
        }
    }
}
