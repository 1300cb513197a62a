//! Which values of a task's input and output are personal (spec R5.08). Floor 0.
//!
//! The log has the hashes of both, taken with commitments in the place of personal values. So a value can be erased, by writing its
//! commitment where it stood, and every hash and proof still holds; with the salt gone, a commitment says nothing of its value.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::audit::personal::commitment;
use crate::json::{JsonText, canonical, hex};
use crate::stored_as_json_text;

/// What stands for a personal value: `{"x-personal": "…"}`, lowercase hexadecimal SHA-256(salt ‖ canonical JSON of the value). The keyword by
/// which a type's schemas mark such values has the same name.
pub const KEYWORD: &str = "x-personal";

/// Where the personal values of a task stand, and the salt of their commitments. A task that has none, or none any more, has no such thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personal {
    /// Random, for this task alone; lowercase hexadecimal.
    salt: String,
    /// JSON pointers into the input.
    #[serde(default)]
    input: Vec<String>,
    /// JSON pointers into the output.
    #[serde(default)]
    output: Vec<String>,
}
stored_as_json_text!(Personal);

impl Personal {
    /// Personal values at these places of the input; none where there are no places.
    pub fn of_input(salt: [u8; 16], places: Vec<String>) -> Option<Self> {
        let personal = Self {
            salt: hex(&salt),
            input: places,
            output: Vec::new(),
        };
        personal.if_any()
    }

    /// With the places of another output, for a task without personal values too; none where no place is left.
    #[must_use]
    pub fn with_output(this: Option<&Self>, salt: &str, places: Vec<String>) -> Option<Self> {
        let personal = Self {
            salt: salt.to_owned(),
            input: this.map(|this| this.input.clone()).unwrap_or_default(),
            output: places,
        };
        personal.if_any()
    }

    fn if_any(self) -> Option<Self> {
        (!self.input.is_empty() || !self.output.is_empty()).then_some(self)
    }

    /// The salt.
    pub fn salt(&self) -> &str {
        &self.salt
    }

    /// Places of the input.
    pub fn input(&self) -> &[String] {
        &self.input
    }

    /// Places of the output.
    pub fn output(&self) -> &[String] {
        &self.output
    }

    /// The input as it is hashed.
    pub fn hashed_input(&self, input: &JsonText) -> JsonText {
        hashed(&self.salt, &self.input, input)
    }

    /// The output as it is hashed.
    pub fn hashed_output(&self, output: &JsonText) -> JsonText {
        hashed(&self.salt, &self.output, output)
    }
}

/// A document with the commitments of its personal values in their places.
pub fn hashed(salt: &str, places: &[String], document: &JsonText) -> JsonText {
    if places.is_empty() {
        return document.clone();
    }
    let mut value = document.value();
    for place in places {
        if let Some(personal) = value.pointer_mut(place) {
            *personal = json!({KEYWORD: commitment(salt.as_bytes(), &canonical(personal))});
        }
    }
    JsonText::of(&value)
}

/// Places without those that lie within another: erasing what is around them erases them.
pub fn outermost(mut places: Vec<String>) -> Vec<String> {
    places.sort_unstable();
    places.dedup();
    let mut kept: Vec<String> = Vec::with_capacity(places.len());
    for place in places {
        let within = |outer: &String| {
            let rest = place.strip_prefix(outer.as_str());
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        if !kept.iter().any(within) {
            kept.push(place);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn is_commitment(value: &Value) -> bool {
        let map = value.as_object();
        map.is_some_and(|map| map.len() == 1 && map.contains_key(KEYWORD))
    }

    #[test]
    fn what_is_hashed_shows_no_personal_value_and_is_what_stays_when_it_is_erased() {
        let input =
            JsonText::of(&json!({"mail": "ada@example.org", "size": 3, "list": ["a", "b"]}));
        let places = vec!["/list/1".to_owned(), "/mail".to_owned()];
        let personal = Personal::of_input([7; 16], places).unwrap();
        let hashed = personal.hashed_input(&input);
        assert!(!hashed.as_str().contains("ada@"));
        assert!(
            is_commitment(&hashed.value()["mail"]) && is_commitment(&hashed.value()["list"][1])
        );
        assert_eq!(hashed.value()["size"], 3);
        assert_ne!(
            hashed,
            Personal::of_input([8; 16], personal.input().to_vec())
                .unwrap()
                .hashed_input(&input),
            "another salt, another commitment"
        );
    }

    #[test]
    fn a_place_within_another_counts_once() {
        let places = ["/a/b", "/a", "/ab", "/a~1b/c", "/a"].map(str::to_owned);
        assert_eq!(outermost(places.to_vec()), ["/a", "/ab", "/a~1b/c"]);
        assert_eq!(outermost(vec!["/x".to_owned(), String::new()]), [""]);
    }
}
