//! Whether every answer fits the types that the server declares, and what of the schema was seen in answers: the second half of gate 3 (spec R8.01).
//!
//! [`Exercised`] takes one exchange after the other: the document as it was sent, its variables, and the whole body that
//! came back. Each gives the faults of its answer, one line each, and adds to what has been seen. What several processes
//! saw is added up with [`Exercised::merge`]; [`Exercised::json`] and [`Exercised::read`] carry it between them.
//!
//! **A caller's mistakes are not the server's:** a document that cannot be read, or that names what is not declared, is
//! answered well when it is refused with errors that are what errors must be.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

mod document;
mod envelope;
mod missing;
mod scalar;
mod schema;
mod selection;
mod tour;
mod walk;

pub use envelope::CODES;
pub use missing::Missing;
pub use schema::Schema;
pub use tour::{Document, Given, documents};

use selection::Called;

/// What of a schema was seen in answers so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exercised {
    /// `Type.field`, asked for and answered.
    seen: BTreeSet<String>,
    /// Those of them that were answered with something other than null.
    filled: BTreeSet<String>,
    /// `Type.field(argument)`, given in a call that was answered.
    arguments: BTreeSet<String>,
    /// `Enum.VALUE`.
    enum_values: BTreeSet<String>,
    /// The codes of errors.
    codes: BTreeSet<String>,
}

impl Exercised {
    /// Takes one exchange and returns what is wrong with its answer, one line each; empty when it fits.
    ///
    /// `answer` is the whole body, `{"data": …, "errors": …}`, or the payload of one event of a subscription. A document
    /// with several operations is held to that one whose types the answer fits best, since its body does not say which
    /// was called.
    pub fn take(
        &mut self,
        schema: &Schema,
        document: &str,
        variables: &Value,
        answer: &Value,
    ) -> Vec<String> {
        let Some(body) = answer.as_object() else {
            return vec![format!("the answer is not an object: {}", shown(answer))];
        };
        let mut faults = envelope::faults(body);
        self.codes.extend(envelope::codes(body));
        let Some(data) = body.get("data").filter(|data| !data.is_null()) else {
            return faults;
        };
        let document = match document::parse(document) {
            Ok(document) => document,
            Err(why) => {
                faults.push(format!("data are answered to a document that {why}"));
                return faults;
            }
        };
        let refused = body.contains_key("errors");
        let found = document::operations(&document).map(|operation| {
            let called = Called {
                schema,
                document: &document,
                operation,
                variables,
            };
            walk::walk(&called, refused, data)
        });
        if let Some(found) = found.min_by_key(|found| found.faults.len()) {
            self.merge(&found.seen);
            faults.extend(found.faults);
        }
        faults
    }

    /// Adds what `other` has seen.
    pub fn merge(&mut self, other: &Self) {
        for (own, others) in self.sets_mut().into_iter().zip(other.sets()) {
            own.extend(others.iter().cloned());
        }
    }

    /// The types of which a field was answered with something other than null.
    #[must_use]
    pub fn types(&self) -> BTreeSet<String> {
        let types = self.filled.iter().filter_map(|place| place.split_once('.'));
        types.map(|(ty, _)| ty.to_owned()).collect()
    }

    /// What was not seen yet of what should be.
    #[must_use]
    pub fn missing(&self, schema: &Schema) -> Missing {
        Missing::of(self, schema)
    }

    /// `Type.field(argument)` of every declared argument that no answered call gave, sorted. One that was given as null
    /// was not given.
    #[must_use]
    pub fn arguments_missing(&self, schema: &Schema) -> Vec<String> {
        missing::arguments(self, schema)
    }

    /// `Enum.VALUE` of every value that a field can answer with and none did, sorted.
    #[must_use]
    pub fn enum_values_missing(&self, schema: &Schema) -> Vec<String> {
        missing::enum_values(self, schema)
    }

    /// All of it as JSON: what [`Exercised::read`] reads.
    #[must_use]
    pub fn json(&self) -> Value {
        NAMES
            .iter()
            .zip(self.sets())
            .map(|(name, set)| ((*name).to_owned(), json!(set)))
            .collect::<Map<_, _>>()
            .into()
    }

    /// Reads what [`Exercised::json`] wrote; `None` when it is anything else.
    #[must_use]
    pub fn read(json: &Value) -> Option<Self> {
        let mut exercised = Self::default();
        for (name, set) in NAMES.iter().zip(exercised.sets_mut()) {
            for entry in json.get(name)?.as_array()? {
                set.insert(entry.as_str()?.to_owned());
            }
        }
        Some(exercised)
    }

    /// Keeps only what `other` has seen too.
    fn retain_common(&mut self, other: &Self) {
        for (own, others) in self.sets_mut().into_iter().zip(other.sets()) {
            own.retain(|entry| others.contains(entry));
        }
    }

    /// In the order of [`NAMES`].
    fn sets(&self) -> [&BTreeSet<String>; 5] {
        [
            &self.seen,
            &self.filled,
            &self.arguments,
            &self.enum_values,
            &self.codes,
        ]
    }

    fn sets_mut(&mut self) -> [&mut BTreeSet<String>; 5] {
        [
            &mut self.seen,
            &mut self.filled,
            &mut self.arguments,
            &mut self.enum_values,
            &mut self.codes,
        ]
    }
}

/// What the sets are called in JSON.
const NAMES: [&str; 5] = ["seen", "filled", "arguments", "enumValues", "codes"];

/// The beginning of a value, for a line that says what is wrong with it.
fn shown(value: &Value) -> String {
    const ENOUGH: usize = 80;
    let text = value.to_string();
    match text.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests;
