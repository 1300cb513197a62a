//! Limits on what one document may ask for (spec R10.05), judged before anything is validated or resolved. Floor 4.
//!
//! The library has limits of its own, but they are judged after work that a hostile document makes exponential, and do not say by how
//! much they were crossed.

use std::cell::Cell;
use std::collections::HashMap;
use std::convert::Infallible;

use async_graphql::parser::types::{
    ExecutableDocument, Field, InputValueDefinition, OperationDefinition, OperationType, Selection,
    SelectionSet,
};
use async_graphql::{Name, Value, Variables};

use super::shape::{Shape, named, root};
use crate::error::{Error, Result};

mod count;
mod text;

pub use count::{
    MAX_ALIASES, MAX_ARGUMENTS, MAX_DIRECTIVES, MAX_DIRECTIVES_TOGETHER, MAX_OPERATIONS,
    MAX_VARIABLES,
};
pub use text::{MAX_BRACKETS_NESTED, MAX_BYTES, MAX_TOKENS, MAX_WORD_BYTES, check as check_text};

/// How many fields may be nested. The introspection query of the usual tools has 13 to 15.
pub const MAX_DEPTH: u64 = 15;
/// What all fields of an operation may cost together: each costs 1 for every node that it is answered for.
pub const MAX_COMPLEXITY: u64 = 50_000;
/// How many selections and fragments may be nested.
pub const MAX_SELECTIONS_NESTED: u64 = 32;
/// How many fields an operation may have at its root.
pub const MAX_ROOT_FIELDS: u64 = 100;
/// How many fields a mutation may have: each is a change of its own.
pub const MAX_CHANGES: u64 = 50;
/// How many selections a document may come to when every fragment stands where it is spread: validation looks at each of them.
pub const MAX_EXPANDED: u64 = 5_000;
/// How many values variables may bring, each as often as it is used: validating and executing copy them.
pub const MAX_VALUES_USED: u64 = 200_000;
/// How many fields and arguments a document may name that the schema does not have: for each of them similar names are looked for.
pub const MAX_UNKNOWN: u64 = 10;
/// How many errors an answer has; one more says how many there were.
pub const MAX_ERRORS: usize = 100;
/// How many bytes an answer may have.
pub const MAX_ANSWER_BYTES: u64 = 16 * 1024 * 1024;
/// What a list costs beside its nodes: it takes a query of its own.
const LIST: u64 = 20;
/// What a token of the rate limit stands for: so much complexity, begun.
const TOKEN: u64 = 100;
/// Beyond this costs are not told apart, so that no product overflows.
const CEILING: u64 = 1 << 40;

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

/// Refuses a document that has too much of anything, or of which any operation nests too deeply or costs too much; else what the dearest
/// operation takes of its caller's rate: a token for each 100 of complexity, and one at least for every field of a mutation, each of which is
/// a change of its own.
pub(super) fn check(
    document: &ExecutableDocument,
    variables: &Variables,
    shape: &Shape,
) -> Result<u64> {
    count::check(document)?;
    let (mut tokens, mut expanded) = (1, 0);
    for (number, (_, operation)) in document.operations.iter().enumerate() {
        let mut scales = Scales {
            document,
            variables,
            operation: &operation.node,
            shape,
            fragments: HashMap::new(),
            sizes: HashMap::new(),
            unknown: 0,
        };
        let set = &operation.node.selection_set.node;
        let cost = scales.set(set, root(operation.node.ty), 1)?;
        expanded += cost.expanded;
        // Those that are spread nowhere are validated too, and all of them by themselves.
        for name in document.fragments.keys() {
            let alone = scales.fragment(name, 1)?.expanded;
            expanded += if number == 0 { alone } else { 0 };
        }
        within(
            "selections with all fragments in their places",
            MAX_EXPANDED,
            expanded,
        )?;
        cost.check()?;
        within(
            "fields and arguments that the schema does not have",
            MAX_UNKNOWN,
            scales.unknown,
        )?;
        tokens = tokens
            .max(cost.complexity.div_ceil(TOKEN))
            .max(cost.changes);
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
    /// Fields of this selection, not of those beneath.
    fields: u64,
    /// What is selected here, wherever it is written, arguments included.
    here: u64,
    /// The same of every selection beneath, too.
    expanded: u64,
    /// What variables bring, as often as it is used.
    values: u64,
}

impl Cost {
    /// Refuses an operation that costs so much.
    fn check(&self) -> Result<()> {
        within("depth of the operation", MAX_DEPTH, self.depth)?;
        within("fields of the root", MAX_ROOT_FIELDS, self.fields)?;
        within("fields of a mutation", MAX_CHANGES, self.changes)?;
        within(
            "values of variables, as often as they are used",
            MAX_VALUES_USED,
            self.values,
        )?;
        within(
            "complexity of the operation",
            MAX_COMPLEXITY,
            self.complexity,
        )
    }

    /// With what stands beside it.
    fn and(mut self, other: Self) -> Self {
        self.depth = self.depth.max(other.depth);
        self.selections = self.selections.max(other.selections);
        for (sum, more) in [
            (&mut self.complexity, other.complexity),
            (&mut self.changes, other.changes),
            (&mut self.fields, other.fields),
            (&mut self.here, other.here),
            (&mut self.expanded, other.expanded),
            (&mut self.values, other.values),
        ] {
            *sum = (*sum + more).min(CEILING);
        }
        self
    }
}

struct Scales<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    operation: &'a OperationDefinition,
    shape: &'a Shape,
    /// Each fragment is weighed once, however often it is spread; `None` while it is on the scales.
    fragments: HashMap<&'a Name, Option<Cost>>,
    /// How many values each variable brings.
    sizes: HashMap<Name, u64>,
    /// Fields and arguments that the schema does not have.
    unknown: u64,
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
                    let mut cost =
                        self.set(&fragment.node.selection_set.node, parent, level + 1)?;
                    cost.here += 1;
                    cost
                }
                Selection::FragmentSpread(spread) => {
                    let mut cost = self.fragment(&spread.node.fragment_name.node, level)?;
                    cost.here += 1;
                    cost
                }
            };
            within(
                "nested selections",
                MAX_SELECTIONS_NESTED,
                level + cost.selections,
            )?;
            total = total.and(cost);
        }
        total.selections += 1;
        total.expanded = (total.expanded + total.here).min(CEILING);
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
        let (own, times) = match (argument("first"), argument("ids")) {
            (Some(first), _) => (LIST, self.number(field, first)),
            (None, Some(ids)) => (1, self.length(field, ids)),
            (None, None) => (1, listed(parent, &field.name.node)),
        };
        self.unknown += self.shape.unknown(parent, field);
        let cost = Cost {
            depth: 1,
            complexity: own,
            changes: u64::from(parent == root(OperationType::Mutation)),
            fields: 1,
            here: 1 + field.arguments.len() as u64,
            values: self.values(field),
            ..Cost::default()
        };
        if field.selection_set.node.items.is_empty() {
            return Ok(cost);
        }
        let ty = definition.map_or("", |definition| named(&definition.ty.node).as_str());
        let children = self.set(&field.selection_set.node, ty, level + 1)?;
        Ok(Cost {
            depth: children.depth + 1,
            selections: children.selections,
            complexity: (own + times.saturating_mul(children.complexity)).min(CEILING),
            expanded: children.expanded,
            values: (cost.values + children.values).min(CEILING),
            ..cost
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

    /// What a variable stands for: as given, or by its default.
    fn variable(&self, name: &Name) -> Option<&Value> {
        let given = self.variables.get(name);
        given.or_else(|| {
            let mut variables = self.operation.variable_definitions.iter();
            let variable = variables.find(|variable| variable.node.name.node == *name)?;
            Some(&variable.node.default_value.as_ref()?.node)
        })
    }

    /// What an argument is given in the document, its variables replaced by what `known` says of them: they may be large.
    fn argument(field: &Field, name: &Name, known: impl Fn(Name) -> Value) -> Option<Value> {
        let given = field.get_argument(name)?.node.clone();
        let given = given.into_const_with(|name| Ok::<_, Infallible>(known(name)));
        given.ok()
    }

    /// How many nodes a list is asked for. Its fields cost something even when it is none: they are looked at.
    fn number(&self, field: &Field, argument: &InputValueDefinition) -> u64 {
        let known = |name| match self.variable(&name) {
            Some(Value::Number(number)) => Value::Number(number.clone()),
            _ => Value::Null,
        };
        let given = Self::argument(field, &argument.name.node, known);
        let default = || Some(argument.default_value.as_ref()?.node.clone());
        match given.filter(|value| *value != Value::Null).or_else(default) {
            Some(Value::Number(number)) => number.as_u64().unwrap_or(1).clamp(1, CEILING),
            _ => 1,
        }
    }

    /// How many elements a list argument has.
    fn length(&self, field: &Field, argument: &InputValueDefinition) -> u64 {
        let by_variable = Cell::new(1);
        let known = |name| {
            if let Some(Value::List(elements)) = self.variable(&name) {
                by_variable.set(elements.len() as u64);
            }
            Value::Null
        };
        match Self::argument(field, &argument.name.node, known) {
            Some(Value::List(elements)) => (elements.len() as u64).clamp(1, CEILING),
            _ => by_variable.get().clamp(1, CEILING),
        }
    }

    /// How many values variables bring to a field.
    fn values(&mut self, field: &Field) -> u64 {
        let mut used = Vec::new();
        for (_, value) in &field.arguments {
            let taken = value.node.clone().into_const_with(|name| {
                used.push(name);
                Ok::<_, Infallible>(Value::Null)
            });
            drop(taken);
        }
        let sizes = used.into_iter().map(|name| {
            if let Some(known) = self.sizes.get(&name) {
                return *known;
            }
            let size = self.variable(&name).map_or(0, size);
            self.sizes.insert(name, size);
            size
        });
        sizes.sum::<u64>().min(CEILING)
    }
}

/// About how many there are of what introspection lists: the usual tools come to 30,000 with it, and circles do not end well.
fn listed(parent: &str, field: &str) -> u64 {
    match field {
        // What follows `__schema` has no type that the schema would know.
        _ if !parent.is_empty() && !parent.starts_with("__") => 1,
        "types" => 20,
        "fields" | "inputFields" | "enumValues" | "interfaces" | "possibleTypes" => 10,
        _ => 1,
    }
}

/// How many values a value is made of. As deep as JSON nests, which is bounded.
fn size(value: &Value) -> u64 {
    1 + match value {
        Value::List(elements) => elements.iter().map(size).sum(),
        Value::Object(fields) => fields.values().map(size).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
