//! The schema keeps to what machines count on: Relay's specifications of connections and of objects with an id, and deprecations that say since
//! when (<https://relay.dev/graphql/connections.htm>, <https://relay.dev/docs/guides/graphql-server-specification/>).

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, ConstDirective, FieldDefinition, Type, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Positioned, Value};
use sea_orm::EntityTrait;
use serde_json::json;

use super::Front;
use super::hidden::hidden;

/// Objects and interfaces of a schema: their fields, and what they implement.
struct Schema {
    fields: BTreeMap<String, Vec<FieldDefinition>>,
    implements: BTreeMap<String, Vec<String>>,
}

impl Schema {
    fn read(sdl: &str) -> Self {
        let mut schema = Self {
            fields: BTreeMap::new(),
            implements: BTreeMap::new(),
        };
        for definition in parse_schema(sdl).unwrap().definitions {
            let TypeSystemDefinition::Type(ty) = definition else {
                continue;
            };
            let name = ty.node.name.node.to_string();
            let (fields, implements) = match ty.node.kind {
                TypeKind::Object(object) => (object.fields, object.implements),
                TypeKind::Interface(interface) => (interface.fields, interface.implements),
                _ => continue,
            };
            let fields = fields.into_iter().map(|field| field.node).collect();
            let implements = implements.iter().map(|one| one.node.to_string()).collect();
            schema.fields.insert(name.clone(), fields);
            schema.implements.insert(name, implements);
        }
        schema
    }

    /// The type of a field as it is written; empty where there is no such field.
    fn ty(&self, object: &str, field: &str) -> String {
        let fields = self.fields.get(object).into_iter().flatten();
        let mut found = fields.filter(|one| one.name.node == field);
        found
            .next()
            .map_or(String::new(), |one| one.ty.node.to_string())
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut expect = |place: String, found: String, allowed: &[&str]| {
            if !allowed.contains(&found.as_str()) {
                faults.push(format!("{place} is `{found}`, not {allowed:?}"));
            }
        };
        for flag in ["hasNextPage", "hasPreviousPage"] {
            let found = self.ty("PageInfo", flag);
            expect(format!("PageInfo.{flag}"), found, &["Boolean!"]);
        }
        for cursor in ["startCursor", "endCursor"] {
            let found = self.ty("PageInfo", cursor);
            expect(format!("PageInfo.{cursor}"), found, &["Cursor"]);
        }
        for (name, fields) in &self.fields {
            if let Some(noun) = name.strip_suffix("Connection") {
                let edge = format!("{noun}Edge");
                let edges = self.ty(name, "edges");
                expect(format!("{name}.edges"), edges, &[&format!("[{edge}!]!")]);
                expect(
                    format!("{name}.pageInfo"),
                    self.ty(name, "pageInfo"),
                    &["PageInfo!"],
                );
                expect(
                    format!("{edge}.cursor"),
                    self.ty(&edge, "cursor"),
                    &["Cursor!"],
                );
                expect(
                    format!("{edge}.node"),
                    self.ty(&edge, "node"),
                    &[&format!("{noun}!")],
                );
            }
            for field in fields {
                let place = format!("{name}.{}", field.name.node);
                let argument = |name: &str| {
                    let mut all = field.arguments.iter().map(|argument| &argument.node);
                    let found = all.find(|argument| argument.name.node == name);
                    found.map_or(String::new(), |argument| argument.ty.node.to_string())
                };
                if named(&field.ty.node).ends_with("Connection") {
                    expect(format!("{place}(first:)"), argument("first"), &["Int"]);
                    expect(format!("{place}(after:)"), argument("after"), &["Cursor"]);
                    // Backwards: both or neither, and neither is promised.
                    expect(format!("{place}(last:)"), argument("last"), &[""]);
                    expect(format!("{place}(before:)"), argument("before"), &[""]);
                }
            }
        }
        expect("Node.id".to_owned(), self.ty("Node", "id"), &["ID!"]);
        expect("Query.node".to_owned(), self.ty("Query", "node"), &["Node"]);
        expect(
            "Query.nodes".to_owned(),
            self.ty("Query", "nodes"),
            &["[Node]!"],
        );
        for name in self.nodes() {
            expect(format!("{name}.id"), self.ty(&name, "id"), &["ID!"]);
        }
        faults
    }

    /// What can be asked for again by its id.
    fn nodes(&self) -> BTreeSet<String> {
        let nodes = self.implements.iter();
        let nodes = nodes.filter(|(_, implements)| implements.iter().any(|one| one == "Node"));
        nodes.map(|(name, _)| name.clone()).collect()
    }
}

fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(element) => named(element),
    }
}

#[test]
fn connections_and_nodes_are_as_relay_specifies_them() {
    assert_eq!(
        Schema::read(&ziggie::graphql::sdl()).faults(),
        Vec::<String>::new()
    );
}

#[test]
fn what_is_not_as_relay_specifies_it_is_told() {
    let served = ziggie::graphql::sdl();
    for (right, wrong, told) in [
        (
            "edges: [TaskEdge!]!",
            "edges: [Task!]!",
            "TaskConnection.edges",
        ),
        (
            "pageInfo: PageInfo!",
            "pageInfo: PageInfo",
            "Connection.pageInfo",
        ),
        (
            "hasNextPage: Boolean!",
            "hasNextPage: Boolean",
            "PageInfo.hasNextPage",
        ),
        ("after: Cursor", "after: String", "(after:)"),
        (
            "interface Node {\n  \"Its id, good for `node`.\"\n  id: ID!",
            "interface Node {\n  id: ID",
            "Node.id",
        ),
    ] {
        assert!(served.contains(right), "{right}");
        let faults = Schema::read(&served.replace(right, wrong)).faults();
        assert!(
            faults.iter().any(|fault| fault.contains(told)),
            "{faults:?}"
        );
    }
}

#[tokio::test]
async fn everything_with_an_id_is_found_again_by_it_as_what_it_is() {
    let front = Front::open().await;
    let service = &front.world.service;
    let mut ids: Vec<String> = hidden(&front).await.into_values().collect();
    ids.push("L2-CHAR-001".to_owned());
    let told = entities::notification::Entity::find().one(&service.db);
    let told = told.await.unwrap().unwrap().agent_id;
    let callers = [&front.director, &front.specialist, &front.micro];
    let mut callers = callers
        .into_iter()
        .filter(|one| one.agent_id() == Some(told.clone()));
    let told = callers.next().unwrap();
    let mut found = BTreeSet::new();
    for id in ids {
        let caller = match id.starts_with("notif_") {
            true => told,
            false => &front.world.operator,
        };
        let text = "query($id: ID!) { node(id: $id) { __typename id } }";
        let data = front.data(caller, text, json!({"id": id})).await;
        assert_eq!(data["node"]["id"], json!(id));
        found.insert(data["node"]["__typename"].as_str().unwrap().to_owned());
    }
    assert_eq!(found, Schema::read(&ziggie::graphql::sdl()).nodes());
}

/// Deprecations whose reason does not say since when, as a date.
fn undated(sdl: &str) -> Vec<String> {
    let mut undated = Vec::new();
    let mut look = |place: String, directives: &[Positioned<ConstDirective>]| {
        let deprecated = directives.iter().map(|one| &one.node);
        for one in deprecated.filter(|one| one.name.node == "deprecated") {
            let reason = one.arguments.iter().find(|(name, _)| name.node == "reason");
            let dated = reason.is_some_and(|(_, reason)| match &reason.node {
                Value::String(text) => text.split_whitespace().any(is_date),
                _ => false,
            });
            if !dated {
                undated.push(place.clone());
            }
        }
    };
    for definition in parse_schema(sdl).unwrap().definitions {
        let TypeSystemDefinition::Type(ty) = definition else {
            continue;
        };
        let name = &ty.node.name.node;
        let (fields, inputs, words) = match &ty.node.kind {
            TypeKind::Object(object) => (&object.fields[..], &[][..], &[][..]),
            TypeKind::Interface(interface) => (&interface.fields[..], &[][..], &[][..]),
            TypeKind::InputObject(input) => (&[][..], &input.fields[..], &[][..]),
            TypeKind::Enum(words) => (&[][..], &[][..], &words.values[..]),
            _ => continue,
        };
        for field in fields {
            let place = format!("{name}.{}", field.node.name.node);
            for argument in &field.node.arguments {
                let argument = &argument.node;
                look(
                    format!("{place}({}:)", argument.name.node),
                    &argument.directives,
                );
            }
            look(place, &field.node.directives);
        }
        for input in inputs {
            look(
                format!("{name}.{}", input.node.name.node),
                &input.node.directives,
            );
        }
        for word in words {
            look(
                format!("{name}.{}", word.node.value.node),
                &word.node.directives,
            );
        }
    }
    undated
}

fn is_date(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ',', ':', ';']);
    chrono::NaiveDate::parse_from_str(word, "%Y-%m-%d").is_ok()
}

#[test]
fn what_is_deprecated_says_since_when() {
    assert_eq!(undated(&ziggie::graphql::sdl()), Vec::<String>::new());
    let sample = r#"
        type Query {
            old: Int @deprecated
            older: Int @deprecated(reason: "use new")
            oldest(a: Int @deprecated(reason: "soon")): Int @deprecated(reason: "since 2026-03-01: use new")
        }
        enum Word { ONE @deprecated(reason: "since 2026-13-01") TWO }
        input In { a: Int @deprecated(reason: "") }
    "#;
    let expected = [
        "Query.old",
        "Query.older",
        "Query.oldest(a:)",
        "Word.ONE",
        "In.a",
    ];
    assert_eq!(undated(sample), expected);
}
