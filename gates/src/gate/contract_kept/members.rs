//! A schema as a set of lines, one for each member with its type, so that two can be compared whatever they were read from.

use std::collections::BTreeSet;

use async_graphql_parser::{
    Error, parse_schema,
    types::{FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition},
};
use serde_json::Value;

/// What is asked for to tell all members: types are wrapped up to four times, `[[T!]!]!`-deep and one more.
pub(super) const INTROSPECTION: &str = "types { kind name interfaces { name } possibleTypes { name } \
    enumValues(includeDeprecated: true) { name } \
    inputFields(includeDeprecated: true) { name defaultValue type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { name } } } } } } \
    fields(includeDeprecated: true) { name type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { name } } } } } \
    args(includeDeprecated: true) { name defaultValue type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { name } } } } } } } }";

/// Scalars that every schema has.
const BUILT_IN: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];

/// The members of a schema that is written as SDL.
///
/// # Errors
/// When it is none.
pub(super) fn of_sdl(sdl: &str) -> Result<BTreeSet<String>, Error> {
    let mut members = BTreeSet::new();
    for definition in parse_schema(sdl)?.definitions {
        let TypeSystemDefinition::Type(definition) = definition else {
            continue;
        };
        let (name, kind) = (definition.node.name.node.to_string(), definition.node.kind);
        let mut add = |line: String| {
            members.insert(line);
        };
        match &kind {
            TypeKind::Scalar => add(format!("scalar {name}")),
            TypeKind::Object(object) => {
                object
                    .implements
                    .iter()
                    .for_each(|one| add(format!("{name} implements {}", one.node)));
                object
                    .fields
                    .iter()
                    .for_each(|one| add(field(&name, &one.node)));
            }
            TypeKind::Interface(interface) => {
                interface
                    .implements
                    .iter()
                    .for_each(|one| add(format!("{name} implements {}", one.node)));
                interface
                    .fields
                    .iter()
                    .for_each(|one| add(field(&name, &one.node)));
            }
            TypeKind::Union(union) => {
                union
                    .members
                    .iter()
                    .for_each(|one| add(format!("{name} may be {}", one.node)));
            }
            TypeKind::Enum(words) => {
                words
                    .values
                    .iter()
                    .for_each(|one| add(format!("{name}.{}", one.node.value.node)));
            }
            TypeKind::InputObject(object) => {
                object
                    .fields
                    .iter()
                    .for_each(|one| add(format!("{name}.{}", input(&one.node))));
            }
        }
    }
    Ok(members)
}

fn field(of: &str, field: &FieldDefinition) -> String {
    let arguments: Vec<String> = field.arguments.iter().map(|one| input(&one.node)).collect();
    format!(
        "{of}.{}({}): {}",
        field.name.node,
        sorted(arguments),
        field.ty.node
    )
}

fn input(value: &InputValueDefinition) -> String {
    let default = value.default_value.as_ref();
    let default = default.map_or_else(String::new, |value| format!(" = {}", value.node));
    format!("{}: {}{default}", value.name.node, value.ty.node)
}

fn sorted(mut names: Vec<String>) -> String {
    names.sort_unstable();
    names.join(", ")
}

/// The members of a schema that tells of itself (`__schema`).
pub(super) fn of_introspection(schema: &Value) -> BTreeSet<String> {
    let mut members = BTreeSet::new();
    for kind in list(&schema["types"]) {
        let name = text(&kind["name"]);
        if !is_own(name) {
            continue;
        }
        if kind["kind"] == "SCALAR" {
            members.insert(format!("scalar {name}"));
        }
        members.extend(
            list(&kind["interfaces"])
                .map(|one| format!("{name} implements {}", text(&one["name"]))),
        );
        if kind["kind"] == "UNION" {
            members.extend(
                list(&kind["possibleTypes"])
                    .map(|one| format!("{name} may be {}", text(&one["name"]))),
            );
        }
        members
            .extend(list(&kind["enumValues"]).map(|one| format!("{name}.{}", text(&one["name"]))));
        members.extend(list(&kind["inputFields"]).map(|one| format!("{name}.{}", told(one))));
        members.extend(list(&kind["fields"]).map(|one| {
            let arguments = list(&one["args"]).map(told).collect();
            format!(
                "{name}.{}({}): {}",
                text(&one["name"]),
                sorted(arguments),
                type_of(&one["type"])
            )
        }));
    }
    members
}

/// Whether a type is the server's own: neither a scalar that every schema has, nor what tells about the schema itself.
pub(super) fn is_own(name: &str) -> bool {
    !name.starts_with("__") && !BUILT_IN.contains(&name)
}

pub(super) fn told(value: &Value) -> String {
    let default = value["defaultValue"].as_str();
    let default = default.map_or_else(String::new, |value| format!(" = {value}"));
    format!(
        "{}: {}{default}",
        text(&value["name"]),
        type_of(&value["type"])
    )
}

pub(super) fn type_of(kind: &Value) -> String {
    match kind["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", type_of(&kind["ofType"])),
        Some("LIST") => format!("[{}]", type_of(&kind["ofType"])),
        _ => text(&kind["name"]).to_owned(),
    }
}

pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::{super::printed, *};

    #[test]
    fn both_ways_of_telling_give_the_same_lines() {
        let sdl = "scalar Long enum Tier { L1 } interface Node { id: ID! } union One = Task \
                   input New { name: String = \"a\" } type Task implements Node { id: ID! of(first: Int = 20, b: [New!]): [Tier!]! }";
        let named = |name: &str| json!({ "kind": "OBJECT", "name": name });
        let wrapped = |kind: &str, of: Value| json!({ "kind": kind, "ofType": of });
        let id = wrapped("NON_NULL", named("ID"));
        let told = json!({ "types": [
            { "kind": "SCALAR", "name": "Long" },
            { "kind": "SCALAR", "name": "ID" },
            { "kind": "OBJECT", "name": "__Schema", "fields": [{ "name": "x", "args": [], "type": named("Int") }] },
            { "kind": "ENUM", "name": "Tier", "enumValues": [{ "name": "L1" }] },
            { "kind": "INTERFACE", "name": "Node", "possibleTypes": [{ "name": "Task" }], "fields": [{ "name": "id", "args": [], "type": id }] },
            { "kind": "UNION", "name": "One", "possibleTypes": [{ "name": "Task" }] },
            { "kind": "INPUT_OBJECT", "name": "New", "inputFields": [{ "name": "name", "defaultValue": "\"a\"", "type": named("String") }] },
            { "kind": "OBJECT", "name": "Task", "interfaces": [{ "name": "Node" }], "fields": [
                { "name": "id", "args": [], "type": id },
                { "name": "of", "args": [
                    { "name": "first", "defaultValue": "20", "type": named("Int") },
                    { "name": "b", "type": wrapped("LIST", wrapped("NON_NULL", named("New"))) },
                ], "type": wrapped("NON_NULL", wrapped("LIST", wrapped("NON_NULL", named("Tier")))) },
            ] },
        ] });
        assert_eq!(of_introspection(&told), of_sdl(sdl).unwrap());
        assert_eq!(of_sdl(&printed::sdl(&told)).unwrap(), of_sdl(sdl).unwrap());
    }

    #[test]
    fn a_change_of_a_type_or_a_default_is_a_difference() {
        let one = of_sdl("type A { b(c: Int = 1): Int! }").unwrap();
        for other in [
            "type A { b(c: Int = 2): Int! }",
            "type A { b(c: Int = 1): Int }",
            "type A { b: Int! }",
        ] {
            assert_ne!(one, of_sdl(other).unwrap());
        }
    }
}
