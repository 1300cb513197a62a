//! Limits on what one document may ask for (spec R10.05), judged before anything is validated or resolved. Floor 4.
//!
//! The library has limits of its own, but they are judged after work that a hostile document makes exponential, and do not say by how
//! much they were crossed.

use std::collections::HashMap;

use async_graphql::parser::types::{
    ExecutableDocument, Field, InputValueDefinition, OperationDefinition, OperationType, Selection,
    SelectionSet,
};
use async_graphql::{Name, Value, Variables};

use super::shape::{Shape, named, root};
use crate::error::{Error, Result};

/// How many fields may be nested. The introspection query of the usual tools has 13 to 15.
pub const MAX_DEPTH: u64 = 15;
/// What all fields of an operation may cost together: each costs 1 for every node that it is answered for.
pub const MAX_COMPLEXITY: u64 = 50_000;
/// How many selections and fragments may be nested.
pub const MAX_SELECTIONS_NESTED: u64 = 32;
/// How many brackets may be nested in the text of a document, JSON literals included.
pub const MAX_BRACKETS_NESTED: u64 = 100;
/// What a list costs beside its nodes: it takes a query of its own.
const LIST: u64 = 20;
/// What a token of the rate limit stands for: so much complexity, begun.
const TOKEN: u64 = 100;
/// Beyond this costs are not told apart, so that no product overflows.
const CEILING: u64 = 1 << 40;

/// Refuses a text whose brackets nest too deeply: the parser would go as deep.
pub(super) fn check_text(text: &str) -> Result<()> {
    let (mut depth, mut deepest) = (0u64, 0u64);
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skipped = match next {
            '{' | '[' | '(' => {
                depth += 1;
                deepest = deepest.max(depth);
                1
            }
            '}' | ']' | ')' => {
                depth = depth.saturating_sub(1);
                1
            }
            '#' => rest.find(['\n', '\r']).unwrap_or(rest.len()),
            '"' => string_length(rest),
            other => other.len_utf8(),
        };
        rest = rest.get(skipped..).unwrap_or_default();
    }
    within("nested brackets", MAX_BRACKETS_NESTED, deepest)
}

/// The length of the string that a text begins with, as the grammar has it. A quote that begins none counts alone, so that nothing behind
/// it is missed.
fn string_length(text: &str) -> usize {
    const BLOCK: &str = "\"\"\"";
    let (quote, line) = if text.starts_with(BLOCK) {
        (BLOCK, false)
    } else {
        ("\"", true)
    };
    let mut at = quote.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quote) {
            return at + quote.len();
        }
        at += match rest.chars().next() {
            Some('\n' | '\r') if line => return 1,
            Some('\\') if line => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            Some('\\') if rest.get(1..).is_some_and(|rest| rest.starts_with(BLOCK)) => 4,
            Some(other) => other.len_utf8(),
            None => 0,
        };
    }
    // Three quotes that begin no block begin with an empty string.
    if line { 1 } else { 2 }
}

fn within(limit: &'static str, value: u64, requested: u64) -> Result<()> {
    if requested > value {
        return Err(Error::LimitExceeded {
            limit,
            value,
            requested,
        });
    }
    Ok(())
}

/// Refuses a document of which any operation nests too deeply or costs too much; else what the dearest operation takes of its caller's rate:
/// a token for each 100 of complexity, and one at least for every field of a mutation, each of which is a change of its own.
pub(super) fn check(
    document: &ExecutableDocument,
    variables: &Variables,
    shape: &Shape,
) -> Result<u64> {
    let mut tokens = 1;
    for (_, operation) in document.operations.iter() {
        let mut scales = Scales {
            document,
            variables,
            operation: &operation.node,
            shape,
            fragments: HashMap::new(),
        };
        let set = &operation.node.selection_set.node;
        let cost = scales.set(set, root(operation.node.ty), 1)?;
        within("depth of the operation", MAX_DEPTH, cost.depth)?;
        within(
            "complexity of the operation",
            MAX_COMPLEXITY,
            cost.complexity,
        )?;
        tokens = tokens
            .max(cost.complexity.div_ceil(TOKEN))
            .max(cost.changes);
        // Those that are spread nowhere are validated too.
        for name in document.fragments.keys() {
            scales.fragment(name, 1)?;
        }
    }
    Ok(tokens)
}

/// Whether any operation asks about the schema itself.
pub(super) fn introspects(document: &ExecutableDocument) -> bool {
    let mut sets: Vec<&SelectionSet> = document
        .operations
        .iter()
        .map(|(_, operation)| &operation.node.selection_set.node)
        .collect();
    sets.extend(
        document
            .fragments
            .values()
            .map(|fragment| &fragment.node.selection_set.node),
    );
    while let Some(set) = sets.pop() {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    if matches!(field.node.name.node.as_str(), "__schema" | "__type") {
                        return true;
                    }
                }
                Selection::InlineFragment(fragment) => sets.push(&fragment.node.selection_set.node),
                // Every fragment is looked at anyway.
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    false
}

/// What a selection costs.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    /// Nested fields.
    depth: u64,
    /// Nested selections and fragments.
    selections: u64,
    /// Fields, times the nodes that they are answered for.
    complexity: u64,
    /// Fields of a mutation.
    changes: u64,
}

struct Scales<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    operation: &'a OperationDefinition,
    shape: &'a Shape,
    /// Each fragment is weighed once, however often it is spread; `None` while it is on the scales.
    fragments: HashMap<&'a Name, Option<Cost>>,
}

impl<'a> Scales<'a> {
    fn set(&mut self, set: &'a SelectionSet, parent: &str, level: u64) -> Result<Cost> {
        within("nested selections", MAX_SELECTIONS_NESTED, level)?;
        let mut total = Cost::default();
        for item in &set.items {
            let cost = match &item.node {
                Selection::Field(field) => self.field(&field.node, parent, level)?,
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let parent = condition.map_or(parent, |one| one.node.on.node.as_str());
                    self.set(&fragment.node.selection_set.node, parent, level + 1)?
                }
                Selection::FragmentSpread(spread) => {
                    self.fragment(&spread.node.fragment_name.node, level)?
                }
            };
            within(
                "nested selections",
                MAX_SELECTIONS_NESTED,
                level + cost.selections,
            )?;
            total.depth = total.depth.max(cost.depth);
            total.selections = total.selections.max(cost.selections);
            total.complexity = (total.complexity + cost.complexity).min(CEILING);
            total.changes = (total.changes + cost.changes).min(CEILING);
        }
        total.selections += 1;
        Ok(total)
    }

    fn field(&mut self, field: &'a Field, parent: &str, level: u64) -> Result<Cost> {
        let definition = self.shape.field(parent, &field.name.node);
        let argument = |name: &str| {
            let arguments = definition.into_iter().flat_map(|field| &field.arguments);
            arguments
                .map(|argument| &argument.node)
                .find(|argument| argument.name.node == name)
        };
        let changes = u64::from(parent == root(OperationType::Mutation));
        let (own, times) = match (argument("first"), argument("ids")) {
            (Some(first), _) => (LIST, self.number(field, first)),
            (None, Some(ids)) => (1, self.length(field, ids)),
            (None, None) => (1, 1),
        };
        if field.selection_set.node.items.is_empty() {
            return Ok(Cost {
                depth: 1,
                selections: 0,
                complexity: own,
                changes,
            });
        }
        let ty = definition.map_or("", |definition| named(&definition.ty.node).as_str());
        let children = self.set(&field.selection_set.node, ty, level + 1)?;
        Ok(Cost {
            depth: children.depth + 1,
            selections: children.selections,
            complexity: (own + times.saturating_mul(children.complexity)).min(CEILING),
            changes,
        })
    }

    fn fragment(&mut self, name: &'a Name, level: u64) -> Result<Cost> {
        match self.fragments.get(name) {
            Some(Some(cost)) => return Ok(*cost),
            Some(None) => {
                return Err(Error::bad_input(
                    "",
                    "fragment cycle",
                    format!("fragment {name} spreads itself"),
                ));
            }
            None => {}
        }
        // One that does not exist costs nothing; validation names it.
        let Some(fragment) = self.document.fragments.get(name) else {
            return Ok(Cost::default());
        };
        self.fragments.insert(name, None);
        let parent = fragment.node.type_condition.node.on.node.as_str();
        let cost = self.set(&fragment.node.selection_set.node, parent, level + 1)?;
        self.fragments.insert(name, Some(cost));
        Ok(cost)
    }

    /// The value of an argument: as given, by its variable, or the default.
    fn argument(&self, field: &Field, argument: &InputValueDefinition) -> Option<Value> {
        let given = field.get_argument(&argument.name.node).and_then(|value| {
            let known = value.node.clone().into_const_with(|name| {
                let variables = self.operation.variable_definitions.iter();
                let default = || {
                    let mut named = variables.filter(|variable| variable.node.name.node == name);
                    named.next()?.node.default_value.clone()
                };
                let given = self.variables.get(&name).cloned();
                given
                    .or_else(|| default().map(|value| value.node))
                    .ok_or(())
            });
            known.ok().filter(|value| *value != Value::Null)
        });
        given.or_else(|| Some(argument.default_value.as_ref()?.node.clone()))
    }

    /// How many nodes a list is asked for. Its fields cost something even when it is none: they are looked at.
    fn number(&self, field: &Field, argument: &InputValueDefinition) -> u64 {
        match self.argument(field, argument) {
            Some(Value::Number(number)) => number.as_u64().unwrap_or(1).clamp(1, CEILING),
            _ => 1,
        }
    }

    /// How many elements a list argument has.
    fn length(&self, field: &Field, argument: &InputValueDefinition) -> u64 {
        match self.argument(field, argument) {
            Some(Value::List(elements)) => (elements.len() as u64).clamp(1, CEILING),
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests;
