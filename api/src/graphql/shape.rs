//! The served schema as data: which field of which type has which type and arguments. Floor 4.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, Field, FieldDefinition, OperationType, Selection, SelectionSet,
    Type, TypeKind, TypeSystemDefinition,
};

/// Fields by type and name.
#[derive(Debug)]
pub(super) struct Shape {
    types: HashMap<Name, HashMap<Name, FieldDefinition>>,
}

/// The named type beneath lists and non-null marks.
pub(super) fn named(ty: &Type) -> &Name {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(element) => named(element),
    }
}

/// The name of a root type.
pub(super) const fn root(operation: OperationType) -> &'static str {
    match operation {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    }
}

impl Shape {
    /// Reads a schema that was printed. One that does not parse has no fields; a test reads ours.
    pub(super) fn of(sdl: &str) -> Self {
        let definitions =
            parse_schema(sdl).map_or_else(|_| Vec::new(), |schema| schema.definitions);
        let types = definitions.into_iter().filter_map(|definition| {
            let TypeSystemDefinition::Type(ty) = definition else {
                return None;
            };
            let fields = match ty.node.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                _ => return None,
            };
            let by_name = |field: async_graphql::Positioned<FieldDefinition>| {
                (field.node.name.node.clone(), field.node)
            };
            Some((ty.node.name.node, fields.into_iter().map(by_name).collect()))
        });
        Self {
            types: types.collect(),
        }
    }

    /// A field of a type.
    pub(super) fn field(&self, parent: &str, name: &str) -> Option<&FieldDefinition> {
        self.types.get(parent)?.get(name)
    }

    /// How much of a field the schema does not have: the field itself, or so many of its arguments. Nothing is known of types that the
    /// schema does not have either, nor of those of introspection.
    pub(super) fn unknown(&self, parent: &str, field: &Field) -> u64 {
        let Some(fields) = self.types.get(parent) else {
            return 0;
        };
        let Some(definition) = fields.get(&field.name.node) else {
            return u64::from(!field.name.node.starts_with("__"));
        };
        let known = |name: &Name| {
            let mut arguments = definition.arguments.iter();
            arguments.any(|argument| argument.node.name.node == *name)
        };
        let arguments = field.arguments.iter();
        arguments.filter(|(name, _)| !known(&name.node)).count() as u64
    }

    /// The field that a selection answers under a key, and its definition.
    pub(super) fn selected<'a>(
        &'a self,
        document: &'a ExecutableDocument,
        set: &'a SelectionSet,
        parent: &str,
        key: &str,
    ) -> Option<(&'a Field, &'a FieldDefinition)> {
        set.items.iter().find_map(|item| match &item.node {
            Selection::Field(field) if field.node.response_key().node == key => {
                let definition = self.field(parent, &field.node.name.node)?;
                Some((&field.node, definition))
            }
            Selection::Field(_) => None,
            Selection::InlineFragment(fragment) => {
                let condition = fragment.node.type_condition.as_ref();
                let parent = condition.map_or(parent, |condition| condition.node.on.node.as_str());
                self.selected(document, &fragment.node.selection_set.node, parent, key)
            }
            Selection::FragmentSpread(spread) => {
                let fragment = document.fragments.get(&spread.node.fragment_name.node)?;
                let parent = fragment.node.type_condition.node.on.node.as_str();
                self.selected(document, &fragment.node.selection_set.node, parent, key)
            }
        })
    }
}
