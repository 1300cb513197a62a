//! What a document asks of an object: its fields by their keys in the answer, with fragments and conditions resolved.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql_parser::types::{
    Directive, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
};
use serde_json::Value;

use super::schema::Schema;

/// How many selections may stand in each other, on the way through an answer and through fragments.
pub(super) const DEPTH: usize = 64;

/// One operation as it was called.
pub(super) struct Called<'a> {
    pub(super) schema: &'a Schema,
    pub(super) document: &'a ExecutableDocument,
    pub(super) operation: &'a OperationDefinition,
    pub(super) variables: &'a Value,
}

/// A selection set with the type that it is written for, which is an interface's where a fragment does not narrow it.
#[derive(Clone, Copy)]
pub(super) struct Scoped<'a> {
    pub(super) scope: &'a str,
    pub(super) set: &'a SelectionSet,
}

/// What is asked for under one key: all places in the document that say so, each with the type that it is written for.
pub(super) struct Asked<'a> {
    /// The field's name.
    pub(super) name: &'a str,
    pub(super) places: Vec<(&'a str, &'a Field)>,
}

pub(super) type AskedByKey<'a> = BTreeMap<&'a str, Asked<'a>>;

impl<'a> Called<'a> {
    /// What is asked of the object type `object` by all of `sets`; `None` when fragments are nested too deep.
    pub(super) fn asked(&self, object: &str, sets: &[Scoped<'a>]) -> Option<AskedByKey<'a>> {
        let mut collection = Collection {
            called: self,
            object,
            asked: BTreeMap::new(),
            spread: BTreeSet::new(),
        };
        for set in sets {
            collection.set(*set, 0)?;
        }
        Some(collection.asked)
    }

    /// What `asked` selects of its value.
    pub(super) fn below(&self, asked: &Asked<'a>) -> Vec<Scoped<'a>> {
        asked
            .places
            .iter()
            .filter_map(|(scope, field)| {
                Some(Scoped {
                    scope: self.schema.field(scope, asked.name)?.named(),
                    set: &field.selection_set.node,
                })
            })
            .collect()
    }

    /// Names of the arguments that `asked` gives; null is as good as nothing.
    pub(super) fn given(&self, asked: &Asked<'a>) -> BTreeSet<&'a str> {
        let arguments = asked.places.iter().flat_map(|(_, field)| &field.arguments);
        arguments
            .filter(|(_, value)| {
                let value = value.node.clone();
                let value = value.into_const_with(|name| self.variable(&name).try_into());
                let value = value.and_then(|value| value.into_json());
                value.is_ok_and(|value| !value.is_null())
            })
            .map(|(name, _)| name.node.as_str())
            .collect()
    }

    /// Whether `@skip` and `@include` leave a selection in.
    fn is_wanted(&self, selection: &Selection) -> bool {
        let mut directives = selection.directives().iter();
        directives.all(|directive| match directive.node.name.node.as_str() {
            "skip" => !self.says_yes(&directive.node),
            "include" => self.says_yes(&directive.node),
            _ => true,
        })
    }

    fn says_yes(&self, directive: &Directive) -> bool {
        directive.get_argument("if").is_some_and(|value| {
            let value = value.node.clone();
            let value = value.into_const_with(|name| self.variable(&name).try_into());
            let value = value.and_then(|value| value.into_json());
            value.is_ok_and(|value| value == Value::Bool(true))
        })
    }

    /// A variable's value: as it was sent, or else its default; null when there is neither.
    fn variable(&self, name: &str) -> Value {
        if let Some(sent) = self.variables.get(name) {
            return sent.clone();
        }
        let mut defined = self.operation.variable_definitions.iter();
        defined
            .find(|variable| variable.node.name.node == name)
            .and_then(|variable| variable.node.default_value.as_ref())
            .and_then(|default| default.node.clone().into_json().ok())
            .unwrap_or_default()
    }
}

struct Collection<'a, 'c> {
    called: &'c Called<'a>,
    object: &'c str,
    asked: AskedByKey<'a>,
    /// The fragments that were already spread: once is enough, and they may stand in each other.
    spread: BTreeSet<&'a str>,
}

impl<'a> Collection<'a, '_> {
    fn set(&mut self, set: Scoped<'a>, depth: usize) -> Option<()> {
        if depth > DEPTH {
            return None;
        }
        for selection in &set.set.items {
            if self.called.is_wanted(&selection.node) {
                self.selection(set.scope, &selection.node, depth)?;
            }
        }
        Some(())
    }

    fn selection(&mut self, scope: &'a str, selection: &'a Selection, depth: usize) -> Option<()> {
        match selection {
            Selection::Field(field) => {
                let key = field.node.response_key().node.as_str();
                let asked = self.asked.entry(key).or_insert_with(|| Asked {
                    name: field.node.name.node.as_str(),
                    places: Vec::new(),
                });
                asked.places.push((scope, &field.node));
                Some(())
            }
            Selection::InlineFragment(fragment) => {
                let condition = fragment.node.type_condition.as_ref();
                let scope = condition.map_or(scope, |condition| condition.node.on.node.as_str());
                self.fragment(scope, &fragment.node.selection_set.node, depth)
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                let Some(fragment) = self.called.document.fragments.get(name) else {
                    return Some(());
                };
                if !self.spread.insert(name.as_str()) {
                    return Some(());
                }
                let scope = fragment.node.type_condition.node.on.node.as_str();
                self.fragment(scope, &fragment.node.selection_set.node, depth)
            }
        }
    }

    fn fragment(&mut self, scope: &'a str, set: &'a SelectionSet, depth: usize) -> Option<()> {
        if self.called.schema.is_for(scope, self.object) {
            self.set(Scoped { scope, set }, depth + 1)?;
        }
        Some(())
    }
}
