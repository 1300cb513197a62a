//! SDL as the comparison wants it: definitions by name, and the few pieces that are printed in its answers.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql_parser::types::{
    ConstDirective, DirectiveDefinition, FieldDefinition, InputValueDefinition, ServiceDocument,
    TypeDefinition, TypeKind, TypeSystemDefinition,
};

/// The definitions of one document by name.
pub(super) struct Definitions<'a> {
    pub(super) types: BTreeMap<&'a str, &'a TypeDefinition>,
    pub(super) directives: BTreeMap<&'a str, &'a DirectiveDefinition>,
}

impl<'a> Definitions<'a> {
    pub(super) fn of(document: &'a ServiceDocument) -> Self {
        let mut definitions = Self {
            types: BTreeMap::new(),
            directives: BTreeMap::new(),
        };
        for definition in &document.definitions {
            match definition {
                TypeSystemDefinition::Type(definition) => {
                    definitions
                        .types
                        .insert(definition.node.name.node.as_str(), &definition.node);
                }
                TypeSystemDefinition::Directive(definition) => {
                    definitions
                        .directives
                        .insert(definition.node.name.node.as_str(), &definition.node);
                }
                TypeSystemDefinition::Schema(_) => {}
            }
        }
        definitions
    }

    /// Whether the fields of this type are the entrances of the API.
    pub(super) fn is_root(&self, name: &str) -> bool {
        matches!(name, "Query" | "Mutation" | "Subscription")
    }
}

/// The fields of an object or interface by name.
pub(super) struct Members<'a> {
    pub(super) keyword: &'static str,
    pub(super) implements: BTreeSet<&'a str>,
    pub(super) fields: BTreeMap<&'a str, &'a FieldDefinition>,
}

impl<'a> Members<'a> {
    pub(super) fn of(kind: &'a TypeKind) -> Option<Self> {
        let (implements, fields) = match kind {
            TypeKind::Object(object) => (&object.implements, &object.fields),
            TypeKind::Interface(interface) => (&interface.implements, &interface.fields),
            _ => return None,
        };
        Some(Self {
            keyword: keyword(kind),
            implements: implements.iter().map(|name| name.node.as_str()).collect(),
            fields: fields
                .iter()
                .map(|field| (field.node.name.node.as_str(), &field.node))
                .collect(),
        })
    }
}

/// The word that begins a definition.
pub(super) fn keyword(kind: &TypeKind) -> &'static str {
    match kind {
        TypeKind::Scalar => "scalar",
        TypeKind::Object(_) => "type",
        TypeKind::Interface(_) => "interface",
        TypeKind::Union(_) => "union",
        TypeKind::Enum(_) => "enum",
        TypeKind::InputObject(_) => "input",
    }
}

/// The default of an argument as it is written, `none` when there is none.
pub(super) fn default(input: &InputValueDefinition) -> String {
    input
        .default_value
        .as_ref()
        .map_or_else(|| "none".to_owned(), |value| value.node.to_string())
}

/// A directive as it is written: `@tier(atLeast: L2)`.
pub(super) fn directive(directive: &ConstDirective) -> String {
    let name = &directive.name.node;
    if directive.arguments.is_empty() {
        return format!("@{name}");
    }
    let arguments: Vec<_> = directive
        .arguments
        .iter()
        .map(|(name, value)| format!("{}: {}", name.node, value.node))
        .collect();
    format!("@{name}({})", arguments.join(", "))
}
