//! What of the API contract a served schema lacks: the first half of gate 3 (spec R8.01).
//!
//! The contract must be contained as named: same types, fields, arguments, defaults, nullability, enum values and, on the
//! root fields, the same requirement (`@tier`, `@permission`, `@public`; a contract field that names none must be served
//! `@authenticated`). The served schema may say more, as long as nothing that the contract's callers send is refused: an
//! argument or input field of its own must be optional.

use std::collections::BTreeSet;

use async_graphql_parser::{
    Error, parse_schema,
    types::{FieldDefinition, InputValueDefinition, TypeKind},
};

pub mod change;
pub mod response;
pub mod route;
mod sdl;

use sdl::{Definitions, Members};

/// The directives of which exactly one stands on every root field.
const REQUIREMENTS: [&str; 4] = ["tier", "permission", "authenticated", "public"];

/// What of `contract` the `served` schema lacks, one line each, sorted; empty when all of it is served.
///
/// A type that is not served at all is one line; its members are not listed.
///
/// # Errors
/// When one of the two is not SDL.
pub fn missing(contract: &str, served: &str) -> Result<Vec<String>, Error> {
    let (contract, served) = (parse_schema(contract)?, parse_schema(served)?);
    let (contract, served) = (Definitions::of(&contract), Definitions::of(&served));
    let mut comparison = Comparison::default();
    comparison.directives(&contract, &served);
    comparison.types(&contract, &served);
    Ok(comparison.lacks.into_iter().collect())
}

#[derive(Default)]
struct Comparison {
    lacks: BTreeSet<String>,
}

impl Comparison {
    fn lack(&mut self, what: String) {
        self.lacks.insert(what);
    }

    fn directives(&mut self, contract: &Definitions<'_>, served: &Definitions<'_>) {
        for (name, wanted) in &contract.directives {
            match served.directives.get(name) {
                Some(found) => {
                    self.inputs(&format!("@{name}"), &wanted.arguments, &found.arguments)
                }
                None => self.lack(format!("directive @{name}")),
            }
        }
    }

    fn types(&mut self, contract: &Definitions<'_>, served: &Definitions<'_>) {
        for (name, wanted) in &contract.types {
            let Some(found) = served.types.get(name) else {
                self.lack(format!("{} {name}", sdl::keyword(&wanted.kind)));
                continue;
            };
            match (&wanted.kind, &found.kind) {
                (TypeKind::Scalar, TypeKind::Scalar) => {}
                (TypeKind::Enum(wanted), TypeKind::Enum(found)) => {
                    let served: BTreeSet<_> = found
                        .values
                        .iter()
                        .map(|value| &value.node.value.node)
                        .collect();
                    for value in wanted.values.iter().map(|value| &value.node.value.node) {
                        if !served.contains(value) {
                            self.lack(format!("{name}.{value}"));
                        }
                    }
                }
                (TypeKind::InputObject(wanted), TypeKind::InputObject(found)) => {
                    self.inputs(&format!("{name}."), &wanted.fields, &found.fields);
                }
                (wanted, found) => match (Members::of(wanted), Members::of(found)) {
                    (Some(wanted), Some(found)) if wanted.keyword == found.keyword => {
                        self.members(name, contract.is_root(name), &wanted, &found);
                    }
                    _ => self.lack(format!(
                        "{} {name} (is served as {})",
                        sdl::keyword(wanted),
                        sdl::keyword(found)
                    )),
                },
            }
        }
    }

    fn members(&mut self, name: &str, root: bool, wanted: &Members<'_>, found: &Members<'_>) {
        for interface in wanted.implements.difference(&found.implements) {
            self.lack(format!("{name} implements {interface}"));
        }
        for (field, wanted) in &wanted.fields {
            let place = format!("{name}.{field}");
            match found.fields.get(field) {
                None => self.lack(place),
                Some(found) => self.field(&place, root, wanted, found),
            }
        }
    }

    fn field(
        &mut self,
        place: &str,
        root: bool,
        wanted: &FieldDefinition,
        found: &FieldDefinition,
    ) {
        if wanted.ty.node != found.ty.node {
            self.lack(format!(
                "{place}: {} (is served as {})",
                wanted.ty.node, found.ty.node
            ));
        }
        self.inputs(&format!("{place}("), &wanted.arguments, &found.arguments);
        let (needed, given) = (requirements(wanted), requirements(found));
        let needed = if root && needed.is_empty() {
            BTreeSet::from(["@authenticated".to_owned()])
        } else {
            needed
        };
        for requirement in needed.difference(&given) {
            self.lack(format!("{place} {requirement}"));
        }
        for surplus in given.difference(&needed).filter(|_| root) {
            self.lack(format!("{place} without {surplus}"));
        }
    }

    /// Arguments and input fields: `place` ends in what stands before their names, `Query.tasks(` or `TaskFilter.`.
    fn inputs(
        &mut self,
        place: &str,
        wanted: &[async_graphql_parser::Positioned<InputValueDefinition>],
        found: &[async_graphql_parser::Positioned<InputValueDefinition>],
    ) {
        let after = if place.ends_with('(') { ":)" } else { "" };
        let named = |list: &[async_graphql_parser::Positioned<InputValueDefinition>],
                     name: &str| {
            list.iter()
                .find(|input| input.node.name.node == name)
                .map(|input| input.node.clone())
        };
        for wanted in wanted.iter().map(|input| &input.node) {
            let name = format!("{place}{}{after}", wanted.name.node);
            let Some(found) = named(found, &wanted.name.node) else {
                self.lack(name);
                continue;
            };
            if wanted.ty.node != found.ty.node {
                self.lack(format!(
                    "{name} {} (is served as {})",
                    wanted.ty.node, found.ty.node
                ));
            }
            let (default, served) = (sdl::default(wanted), sdl::default(&found));
            if default != served {
                self.lack(format!("{name} = {default} (is served as {served})"));
            }
        }
        for own in found.iter().map(|input| &input.node) {
            let required = !own.ty.node.nullable && own.default_value.is_none();
            if required && named(wanted, &own.name.node).is_none() {
                self.lack(format!(
                    "{place}{}{after} must be optional: the contract does not know it",
                    own.name.node
                ));
            }
        }
    }
}

/// The requirement directives of a field as they are written: `@tier(atLeast: L2)`.
fn requirements(field: &FieldDefinition) -> BTreeSet<String> {
    field
        .directives
        .iter()
        .map(|directive| &directive.node)
        .filter(|directive| REQUIREMENTS.contains(&directive.name.node.as_str()))
        .map(sdl::directive)
        .collect()
}

#[cfg(test)]
mod tests;
