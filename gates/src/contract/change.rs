//! What changed between two schemas, as those who call the API are concerned: what breaks them, and what may (spec R8.01).
//!
//! The kinds and their names are those of graphql-js (`findBreakingChanges`, `findDangerousChanges`), so that they mean what they mean elsewhere. A
//! default that changes in an input field is told too, as that of an argument is; one that is added is no change of what callers said. Definitions of directives are not looked at: the server's own say what a
//! root field requires, which is [`super::missing`]'s.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use async_graphql_parser::{
    Error, Positioned, parse_schema,
    types::{BaseType, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind},
};

use super::sdl::{self, Definitions, Members};

/// How much a change matters to callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// A call that was answered may be refused, or its answer be of another form.
    Breaking,
    /// No call is refused, but an answer may hold what its caller does not know, or a default means something else.
    Dangerous,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// How much it matters.
    pub weight: Weight,
    /// What it is called: `FIELD_REMOVED`.
    pub kind: &'static str,
    /// What was changed, with its types where they are what changed: `Query.task(id:) ID! -> ID`.
    pub place: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.place)
    }
}

/// What breaks or endangers callers of `old` when `new` is served instead; sorted, what breaks first. What is only added is no such change.
///
/// # Errors
/// When one of the two is not SDL.
pub fn between(old: &str, new: &str) -> Result<Vec<Change>, Error> {
    let (old, new) = (parse_schema(old)?, parse_schema(new)?);
    let (old, new) = (Definitions::of(&old), Definitions::of(&new));
    let mut changes = Changes::default();
    for (name, old) in &old.types {
        match new.types.get(name) {
            Some(new) => changes.of_type(name, old, new),
            None => changes.breaking("TYPE_REMOVED", (*name).to_owned()),
        }
    }
    Ok(changes.found.into_iter().collect())
}

#[derive(Default)]
struct Changes {
    found: BTreeSet<Change>,
}

impl Changes {
    fn breaking(&mut self, kind: &'static str, place: String) {
        self.add(Weight::Breaking, kind, place);
    }

    fn dangerous(&mut self, kind: &'static str, place: String) {
        self.add(Weight::Dangerous, kind, place);
    }

    fn add(&mut self, weight: Weight, kind: &'static str, place: String) {
        self.found.insert(Change {
            weight,
            kind,
            place,
        });
    }

    fn of_type(&mut self, name: &str, old: &TypeDefinition, new: &TypeDefinition) {
        match (&old.kind, &new.kind) {
            (TypeKind::Scalar, TypeKind::Scalar) => {}
            (TypeKind::Enum(old), TypeKind::Enum(new)) => {
                let [old, new] = [old, new].map(|words| {
                    let values = words.values.iter();
                    values
                        .map(|value| value.node.value.node.to_string())
                        .collect()
                });
                let kinds = ["VALUE_REMOVED_FROM_ENUM", "VALUE_ADDED_TO_ENUM"];
                self.members(&format!("{name}."), &old, &new, kinds);
            }
            (TypeKind::Union(old), TypeKind::Union(new)) => {
                let [old, new] = [old, new].map(|union| {
                    let members = union.members.iter();
                    members.map(|member| member.node.to_string()).collect()
                });
                let kinds = ["TYPE_REMOVED_FROM_UNION", "TYPE_ADDED_TO_UNION"];
                self.members(&format!("{name} = "), &old, &new, kinds);
            }
            (TypeKind::InputObject(old), TypeKind::InputObject(new)) => {
                let place = |field: &str| format!("{name}.{field}");
                self.inputs(place, &old.fields, &new.fields, &INPUT_FIELDS);
            }
            (old, new) => match (Members::of(old), Members::of(new)) {
                (Some(old), Some(new)) if old.keyword == new.keyword => {
                    self.of_object(name, &old, &new);
                }
                _ => {
                    let (old, new) = (sdl::keyword(old), sdl::keyword(new));
                    self.breaking("TYPE_CHANGED_KIND", format!("{name} {old} -> {new}"));
                }
            },
        }
    }

    /// What a value of a type may be: less breaks who sends it or waits for it, more may.
    fn members(
        &mut self,
        place: &str,
        old: &BTreeSet<String>,
        new: &BTreeSet<String>,
        [removed, added]: [&'static str; 2],
    ) {
        for member in old.difference(new) {
            self.breaking(removed, format!("{place}{member}"));
        }
        for member in new.difference(old) {
            self.dangerous(added, format!("{place}{member}"));
        }
    }

    fn of_object(&mut self, name: &str, old: &Members<'_>, new: &Members<'_>) {
        let [before, now] = [old, new].map(|members| {
            let names = members.implements.iter();
            names.map(|&name| name.to_owned()).collect()
        });
        let kinds = [
            "IMPLEMENTED_INTERFACE_REMOVED",
            "IMPLEMENTED_INTERFACE_ADDED",
        ];
        self.members(&format!("{name} implements "), &before, &now, kinds);
        for (field, old) in &old.fields {
            let place = format!("{name}.{field}");
            match new.fields.get(field) {
                Some(new) => self.of_field(&place, old, new),
                None => self.breaking("FIELD_REMOVED", place),
            }
        }
    }

    fn of_field(&mut self, place: &str, old: &FieldDefinition, new: &FieldDefinition) {
        let (was, is) = (&old.ty.node, &new.ty.node);
        if !is_safe_to_read(was, is) {
            self.breaking("FIELD_CHANGED_KIND", format!("{place} {was} -> {is}"));
        }
        let place = |argument: &str| format!("{place}({argument}:)");
        self.inputs(place, &old.arguments, &new.arguments, &ARGUMENTS);
    }

    /// Arguments, or the fields of an input.
    fn inputs(
        &mut self,
        place: impl Fn(&str) -> String,
        old: &[Positioned<InputValueDefinition>],
        new: &[Positioned<InputValueDefinition>],
        kinds: &Kinds,
    ) {
        let (old, new) = (by_name(old), by_name(new));
        for (name, old) in &old {
            let place = place(name);
            let Some(new) = new.get(name) else {
                self.breaking(kinds.removed, place);
                continue;
            };
            let (was, is) = (&old.ty.node, &new.ty.node);
            let (default, now) = (sdl::default(old), sdl::default(new));
            if !is_safe_to_write(was, is) {
                self.breaking(kinds.changed, format!("{place} {was} -> {is}"));
            } else if old.default_value.is_some() && default != now {
                self.dangerous(kinds.default, format!("{place} = {default} -> {now}"));
            }
        }
        for (name, new) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
            if !new.ty.node.nullable && new.default_value.is_none() {
                self.breaking(kinds.required, place(name));
            } else {
                self.dangerous(kinds.optional, place(name));
            }
        }
    }
}

/// What changes of arguments or input fields are called.
struct Kinds {
    removed: &'static str,
    changed: &'static str,
    required: &'static str,
    optional: &'static str,
    default: &'static str,
}

const ARGUMENTS: Kinds = Kinds {
    removed: "ARG_REMOVED",
    changed: "ARG_CHANGED_KIND",
    required: "REQUIRED_ARG_ADDED",
    optional: "OPTIONAL_ARG_ADDED",
    default: "ARG_DEFAULT_VALUE_CHANGE",
};

const INPUT_FIELDS: Kinds = Kinds {
    removed: "FIELD_REMOVED",
    changed: "FIELD_CHANGED_KIND",
    required: "REQUIRED_INPUT_FIELD_ADDED",
    optional: "OPTIONAL_INPUT_FIELD_ADDED",
    default: "INPUT_FIELD_DEFAULT_VALUE_CHANGE",
};

fn by_name(inputs: &[Positioned<InputValueDefinition>]) -> BTreeMap<&str, &InputValueDefinition> {
    let inputs = inputs.iter().map(|input| &input.node);
    inputs
        .map(|input| (input.name.node.as_str(), input))
        .collect()
}

/// Whether who reads a value of the old type can read one of the new: what was never null must not become so.
fn is_safe_to_read(old: &Type, new: &Type) -> bool {
    (old.nullable || !new.nullable)
        && match (&old.base, &new.base) {
            (BaseType::Named(old), BaseType::Named(new)) => old == new,
            (BaseType::List(old), BaseType::List(new)) => is_safe_to_read(old, new),
            _ => false,
        }
}

/// Whether who sends a value of the old type can send it still: what might be null must not be required.
fn is_safe_to_write(old: &Type, new: &Type) -> bool {
    is_safe_to_read(new, old)
}

#[cfg(test)]
mod tests;
