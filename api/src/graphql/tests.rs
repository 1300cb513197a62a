//! The served schema held to the policy, to its golden copy, and to its own promises.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    ConstDirective, FieldDefinition, InputValueDefinition, ServiceDocument, TypeDefinition,
    TypeKind, TypeSystemDefinition,
};
use async_graphql::{Positioned, Value};

use super::sdl;
use crate::auth::policy::{Operation, Place, Requirement};

mod guard;

fn served() -> ServiceDocument {
    parse_schema(sdl()).unwrap()
}

fn types(document: &ServiceDocument) -> impl Iterator<Item = &TypeDefinition> {
    document
        .definitions
        .iter()
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(ty) => Some(&ty.node),
            _ => None,
        })
}

fn fields(ty: &TypeDefinition) -> &[Positioned<FieldDefinition>] {
    match &ty.kind {
        TypeKind::Object(object) => &object.fields,
        TypeKind::Interface(interface) => &interface.fields,
        _ => &[],
    }
}

#[test]
fn the_golden_copy_is_the_served_schema() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    let golden = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        golden == sdl(),
        "api/schema.graphql is not the served schema: run `cargo xtask schema` and review what `git diff` shows"
    );
}

/// What a directive of the schema requires; none for directives that say something else.
fn requirement(directive: &ConstDirective) -> Option<Requirement> {
    let argument = |name: &str| match &directive.get_argument(name).unwrap().node {
        Value::Enum(word) => word.to_string(),
        other => panic!("{name} is {other}, not an enum literal"),
    };
    match directive.name.node.as_str() {
        "public" => Some(Requirement::Public),
        "authenticated" => Some(Requirement::Authenticated),
        "tier" => Some(Requirement::Tier(argument("atLeast").parse().unwrap())),
        "permission" => Some(Requirement::Permission(
            argument("requires").parse().unwrap(),
        )),
        _ => None,
    }
}

#[test]
fn every_root_field_declares_what_the_policy_requires_and_every_operation_is_served() {
    let mut declared = BTreeMap::new();
    for ty in types(&served()) {
        let place = match ty.name.node.as_str() {
            "Query" => Place::Query,
            "Mutation" => Place::Mutation,
            "Subscription" => Place::Subscription,
            _ => Place::Field,
        };
        for field in fields(ty) {
            let directives = field.node.directives.iter();
            let found: Vec<_> = directives
                .filter_map(|directive| requirement(&directive.node))
                .collect();
            let name = match place {
                Place::Field => format!("{}.{}", ty.name.node, field.node.name.node),
                _ => field.node.name.node.to_string(),
            };
            match (place, found.as_slice()) {
                (Place::Field, []) => {}
                (_, [only]) => {
                    declared.insert(name, format!("{place:?} {only:?}"));
                }
                (_, found) => panic!("{name} declares {found:?}"),
            }
        }
    }
    let policy: BTreeMap<_, _> = Operation::ALL
        .iter()
        .map(|operation| {
            let required = format!("{:?} {:?}", operation.place(), operation.requirement());
            (operation.name().to_owned(), required)
        })
        .collect();
    assert_eq!(declared, policy);
}

#[test]
fn everything_in_the_schema_is_described() {
    let mut bare = Vec::new();
    let mut check = |place: String, described: bool| {
        if !described {
            bare.push(place);
        }
    };
    let document = served();
    for ty in types(&document) {
        let name = &ty.name.node;
        check(name.to_string(), ty.description.is_some());
        for field in fields(ty) {
            let place = format!("{name}.{}", field.node.name.node);
            check(place.clone(), field.node.description.is_some());
            for argument in arguments(&field.node.arguments) {
                check(
                    format!("{place}({})", argument.name.node),
                    argument.description.is_some(),
                );
            }
        }
        match &ty.kind {
            TypeKind::InputObject(input) => {
                for field in arguments(&input.fields) {
                    check(
                        format!("{name}.{}", field.name.node),
                        field.description.is_some(),
                    );
                }
            }
            TypeKind::Enum(words) => {
                for word in &words.values {
                    check(
                        format!("{name}.{}", word.node.value.node),
                        word.node.description.is_some(),
                    );
                }
            }
            _ => {}
        }
    }
    for definition in &document.definitions {
        if let TypeSystemDefinition::Directive(directive) = definition {
            let ours = ["tier", "permission", "authenticated", "public"];
            let name = &directive.node.name.node;
            if ours.contains(&name.as_str()) {
                check(format!("@{name}"), directive.node.description.is_some());
            }
        }
    }
    assert!(bare.is_empty(), "without description: {bare:#?}");
}

fn arguments(
    arguments: &[Positioned<InputValueDefinition>],
) -> impl Iterator<Item = &InputValueDefinition> {
    arguments.iter().map(|argument| &argument.node)
}
