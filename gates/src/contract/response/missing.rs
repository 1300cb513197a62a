//! What of a schema was not seen in any answer.

use std::collections::BTreeSet;

use super::{
    CODES, Exercised,
    schema::{Field, Kind, Schema},
};

/// Codes of a server that cannot do its work: nothing that a caller does brings them about.
const NOT_BY_CALLERS: [&str; 2] = ["INTERNAL", "UNAVAILABLE"];

/// What of a schema was not seen yet; each list is sorted, and each field is in one of them at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// Root fields that were never answered with anything but null.
    pub roots: Vec<String>,
    /// Fields of other types that were never seen.
    pub fields: Vec<String>,
    /// Fields of other types that were seen, but as null only.
    pub always_null: Vec<String>,
    /// Error codes that were never seen; those that no caller can bring about do not count.
    pub codes: Vec<String>,
}

impl Missing {
    pub(super) fn of(exercised: &Exercised, schema: &Schema) -> Self {
        let mut missing = Self::default();
        for (ty, name, _) in fields(schema) {
            let place = format!("{ty}.{name}");
            if exercised.filled.contains(&place) {
                continue;
            }
            if schema.is_root(ty) {
                missing.roots.push(place);
            } else if exercised.seen.contains(&place) {
                missing.always_null.push(place);
            } else {
                missing.fields.push(place);
            }
        }
        missing.codes = CODES
            .into_iter()
            .filter(|code| !NOT_BY_CALLERS.contains(code) && !exercised.codes.contains(*code))
            .map(str::to_owned)
            .collect();
        missing.sorted()
    }

    /// Whether all of it was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines().is_empty()
    }

    /// One line for each thing, as for a list of exceptions.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        [
            ("never answered", &self.roots),
            ("never seen", &self.fields),
            ("always null", &self.always_null),
            ("never refused with", &self.codes),
        ]
        .into_iter()
        .flat_map(|(what, list)| list.iter().map(move |each| format!("{what}: {each}")))
        .collect()
    }

    fn sorted(mut self) -> Self {
        for list in [
            &mut self.roots,
            &mut self.fields,
            &mut self.always_null,
            &mut self.codes,
        ] {
            list.sort_unstable();
        }
        self
    }
}

pub(super) fn arguments(exercised: &Exercised, schema: &Schema) -> Vec<String> {
    let declared: BTreeSet<_> = fields(schema)
        .flat_map(|(ty, name, field)| {
            let arguments = field.arguments.iter();
            arguments.map(move |argument| format!("{ty}.{name}({argument})"))
        })
        .collect();
    declared.difference(&exercised.arguments).cloned().collect()
}

pub(super) fn enum_values(exercised: &Exercised, schema: &Schema) -> Vec<String> {
    let answered: BTreeSet<_> = fields(schema).map(|(_, _, field)| field.named()).collect();
    let declared: BTreeSet<_> = answered
        .into_iter()
        .filter_map(|name| match schema.kind(name)? {
            Kind::Enum(values) => Some(values.iter().map(move |value| format!("{name}.{value}"))),
            _ => None,
        })
        .flatten()
        .collect();
    declared
        .difference(&exercised.enum_values)
        .cloned()
        .collect()
}

/// Every field that counts, with its type: what tells about the schema itself does not.
fn fields(schema: &Schema) -> impl Iterator<Item = (&str, &str, &Field)> {
    schema
        .all_fields()
        .filter(|(ty, name, _)| !ty.starts_with("__") && !name.starts_with("__"))
}
