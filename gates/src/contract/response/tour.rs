//! Queries for what nobody has asked for yet, made from the schema itself: the suite sends them at the end of its scenarios, when there is
//! something to be seen (spec R8.01, gate 3).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use async_graphql_parser::types::OperationType;

use super::schema::{Kind, Schema};

/// How far from a root a type may lie: what lies further costs more than a server lets pass.
const FAR: usize = 5;

/// A query for fields of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The query.
    pub text: String,
    /// What it asks for: `Type.field`.
    pub fields: Vec<String>,
    /// The types that tell whether it may bring something: where a server has shown none of them, there is nothing to be asked for.
    pub concerns: BTreeSet<String>,
}

/// What is given to root fields that need arguments, as a document writes it: `(id: "task_…")` under `task`.
pub type Given = BTreeMap<String, String>;

/// Queries for these fields (`Type.field`), a document a type, by the shortest way there; a root field that needs arguments is asked where some are
/// `given`. What no query reaches, events and what mutations alone answer, is left out.
#[must_use]
pub fn documents<'a>(
    schema: &Schema,
    given: &Given,
    fields: impl IntoIterator<Item = &'a String>,
) -> Vec<Document> {
    let ways = ways(schema, given);
    let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for field in fields {
        if let Some((ty, name)) = field.split_once('.') {
            wanted.entry(ty).or_default().insert(name);
        }
    }
    let documents = wanted.iter().filter_map(|(ty, names)| {
        let way = ways.get(*ty)?;
        let asked = names.iter().filter_map(|name| {
            let asked = ask(schema, given, ty, name)?;
            Some((asked, format!("{ty}.{name}")))
        });
        let (asked, fields): (Vec<_>, Vec<_>) = asked.unzip();
        (!asked.is_empty()).then(|| Document {
            text: around(given, way, &asked.join(" ")),
            fields,
            concerns: concerns(schema, ty, names, way),
        })
    });
    documents.collect()
}

/// The type itself, what it is a part of, and what its fields lead to.
fn concerns(schema: &Schema, ty: &str, names: &BTreeSet<&str>, way: &[&str]) -> BTreeSet<String> {
    let fields = names.iter().filter_map(|name| schema.field(ty, name));
    let objects = fields.map(|field| field.named());
    let objects = objects.filter(|name| matches!(schema.kind(name), Some(Kind::Object(_))));
    let above = way.split_last().and_then(|(_, above)| {
        let mut at = schema.root(OperationType::Query)?;
        for field in above {
            at = schema.field(at, field)?.named();
        }
        (!schema.is_root(at)).then_some(at)
    });
    objects
        .chain(above)
        .chain([ty])
        .map(str::to_owned)
        .collect()
}

/// A field as it is asked for; none where it needs arguments and has none.
fn ask(schema: &Schema, given: &Given, ty: &str, name: &str) -> Option<String> {
    let field = schema.field(ty, name)?;
    let given = arguments(schema, given, ty, name);
    if field.needs_arguments && given.is_none() {
        return None;
    }
    let given = given.unwrap_or_default();
    Some(match schema.kind(field.named())? {
        Kind::Scalar | Kind::Enum(_) | Kind::Input => format!("{name}{given}"),
        Kind::Object(_) | Kind::Interface(_) | Kind::Union => {
            format!("{name}{given} {{ __typename }}")
        }
    })
}

/// What is given to a field: only those of the root are looked up.
fn arguments<'g>(schema: &Schema, given: &'g Given, ty: &str, name: &str) -> Option<&'g str> {
    let given = given.get(name)?;
    (schema.root(OperationType::Query) == Some(ty)).then_some(given)
}

fn around(given: &Given, way: &[&str], asked: &str) -> String {
    let opened = way.iter().enumerate().map(|(depth, field)| {
        let given = given.get(*field).filter(|_| depth == 0);
        format!("{field}{} {{ ", given.map_or("", String::as_str))
    });
    let opened: String = opened.collect();
    format!("{{ {opened}{asked}{} }}", " }".repeat(way.len()))
}

/// The shortest way to every object and interface that a query reaches with what is given.
fn ways<'s>(schema: &'s Schema, given: &Given) -> BTreeMap<&'s str, Vec<&'s str>> {
    let mut ways: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut ahead = VecDeque::new();
    if let Some(root) = schema.root(OperationType::Query) {
        ways.insert(root, Vec::new());
        ahead.push_back(root);
    }
    while let Some(ty) = ahead.pop_front() {
        let way = ways.get(ty).cloned().unwrap_or_default();
        if way.len() >= FAR {
            continue;
        }
        let open = schema.all_fields().filter(|(of, name, field)| {
            let has = !field.needs_arguments || arguments(schema, given, of, name).is_some();
            *of == ty && has && !name.starts_with("__")
        });
        for (_, name, field) in open {
            let to = field.named();
            let leads = matches!(schema.kind(to), Some(Kind::Object(_) | Kind::Interface(_)));
            if leads && !ways.contains_key(to) {
                ways.insert(to, way.iter().copied().chain([name]).collect());
                ahead.push_back(to);
            }
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const SDL: &str = "type Query { tasks(first: Int = 20): Tasks! task(id: ID!): Task } type Tasks { nodes: [Task!]! } \
        type Task { id: ID! by: Agent! of(id: ID!): Task } type Agent { name: String! } \
        type Mutation { make: Made! } type Made { at: String! }";

    fn asked(given: &Given, fields: &[&str]) -> Vec<Document> {
        let schema = Schema::read(SDL).unwrap();
        let fields: Vec<String> = fields.iter().map(|&field| field.to_owned()).collect();
        documents(&schema, given, &fields)
    }

    #[test]
    fn a_type_is_asked_for_by_the_shortest_way() {
        let asked = asked(&Given::new(), &["Task.by", "Task.id", "Agent.name"]);
        let texts: Vec<&str> = asked
            .iter()
            .map(|document| document.text.as_str())
            .collect();
        assert_eq!(
            texts,
            [
                "{ tasks { nodes { by { name } } } }",
                "{ tasks { nodes { by { __typename } id } } }"
            ]
        );
        let concerns = asked.into_iter().map(|document| document.concerns);
        let concerns: Vec<Vec<String>> =
            concerns.map(|types| types.into_iter().collect()).collect();
        assert_eq!(
            concerns,
            [vec!["Agent", "Task"], vec!["Agent", "Task", "Tasks"]]
        );
    }

    #[test]
    fn what_needs_arguments_is_asked_for_with_those_that_are_given() {
        let given = Given::from([("task".to_owned(), "(id: \"t\")".to_owned())]);
        let asked = asked(&given, &["Query.task", "Task.id", "Task.of"]);
        let texts: Vec<&str> = asked
            .iter()
            .map(|document| document.text.as_str())
            .collect();
        assert_eq!(
            texts,
            [
                "{ task(id: \"t\") { __typename } }",
                "{ task(id: \"t\") { id } }"
            ]
        );
    }

    #[test]
    fn what_no_query_reaches_is_left_out() {
        assert!(asked(&Given::new(), &["Made.at", "Task.of", "Nobody.name"]).is_empty());
    }
}
