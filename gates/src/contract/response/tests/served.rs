//! The schema that is served: answers made from it fit, and each of them changed in any one place does not.

use std::{collections::BTreeSet, fs, path::Path};

use async_graphql_parser::types::{BaseType, Type};
use serde_json::Map;

use super::{
    super::schema::{Field, Kind},
    *,
};

fn served() -> Schema {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/schema.graphql");
    Schema::read(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A value that fits a type, and the selection that asks for it; `None` where it would go deeper than `depth`.
fn fitting(schema: &Schema, ty: &Type, depth: usize) -> Option<(String, Value)> {
    let name = match &ty.base {
        BaseType::List(inner) => {
            let (selection, value) = fitting(schema, inner, depth)?;
            return Some((selection, json!([value])));
        }
        BaseType::Named(name) => name.as_str(),
    };
    let plain = |value: Value| Some((String::new(), value));
    match schema.kind(name)? {
        Kind::Scalar => plain(match name {
            "Int" | "Long" => json!(1),
            "Float" => json!(0.5),
            "Boolean" => json!(true),
            "DateTime" => json!("2026-03-01T09:30:00.000000Z"),
            "JSON" => json!({ "any": [null] }),
            "String" | "ID" | "Cursor" => json!("text"),
            other => panic!("{other} is a new scalar: say in scalar.rs what its values look like"),
        }),
        Kind::Enum(values) => plain(json!(values.first()?)),
        Kind::Object(_) => object(schema, name, depth),
        Kind::Interface(_) | Kind::Union => {
            let possible = schema.possible(name).next()?;
            let (selection, value) = object(schema, possible, depth)?;
            Some((format!("{{ ... on {possible} {selection} }}"), value))
        }
        Kind::Input => None,
    }
}

fn object(schema: &Schema, name: &str, depth: usize) -> Option<(String, Value)> {
    let mut value = Map::from_iter([("__typename".to_owned(), json!(name))]);
    let mut selection = "{ __typename".to_owned();
    for (_, field, declared) in schema.all_fields().filter(|(ty, _, _)| *ty == name) {
        if let Some((below, answer)) = fitting(schema, &declared.ty, depth.checked_sub(1)?) {
            selection += &format!(" {field} {below}");
            value.insert(field.to_owned(), answer);
        }
    }
    Some((selection + " }", value.into()))
}

/// A document for each root field that `wanted` wants, with its answer.
fn exchanges(
    schema: &Schema,
    depth: usize,
    mut wanted: impl FnMut(&Field) -> bool,
) -> Vec<(String, Value)> {
    let mut exchanges = Vec::new();
    let roots = ["Query", "Mutation", "Subscription"];
    let fields: Vec<(&str, &str, &Field)> = schema
        .all_fields()
        .filter(|(ty, name, _)| roots.contains(ty) && !name.starts_with("__"))
        .collect();
    for (ty, name, field) in fields {
        if !wanted(field) {
            continue;
        }
        let (selection, value) = fitting(schema, &field.ty, depth).unwrap();
        let document = format!("{} {{ {name} {selection} }}", ty.to_lowercase());
        exchanges.push((document, json!({ "data": { name: value } })));
    }
    exchanges
}

/// Pointers to all that stands in an answer's data, the insides of JSON values left out.
fn pointers(place: &str, value: &Value, found: &mut Vec<String>) {
    if value == &json!({ "any": [null] }) {
        return;
    }
    found.push(place.to_owned());
    match value {
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                pointers(&format!("{place}/{index}"), value, found);
            }
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                pointers(&format!("{place}/{key}"), value, found);
            }
        }
        _ => {}
    }
}

fn faults(schema: &Schema, document: &str, answer: &Value) -> Vec<String> {
    Exercised::default().take(schema, document, &Value::Null, answer)
}

#[test]
fn answers_that_fit_the_served_schema_have_no_faults_and_leave_no_root_unanswered() {
    let schema = served();
    let mut exercised = Exercised::default();
    let exchanges = exchanges(&schema, 3, |_| true);
    assert!(exchanges.len() > 50, "{} root fields", exchanges.len());
    for (document, answer) in &exchanges {
        let faults = exercised.take(&schema, document, &Value::Null, answer);
        assert_eq!(faults, Vec::<String>::new(), "{document}");
    }
    let missing = exercised.missing(&schema);
    assert_eq!(missing.roots, Vec::<String>::new());
    assert_eq!(missing.always_null, Vec::<String>::new());
    assert_eq!(missing.codes.len(), 8);
    // `Node.id` is asked for by way of the objects here.
    assert!(missing.fields.len() < 40, "{:?}", missing.fields);
}

/// Of no type: not even an object, since it has a key that nobody asks for.
#[test]
fn an_answer_changed_in_any_place_has_faults() {
    let schema = served();
    let mut changed = 0;
    // One root field of each type is enough.
    let mut types = BTreeSet::new();
    let exchanges = exchanges(&schema, 2, |field| types.insert(field.ty.to_string()));
    for (document, answer) in exchanges {
        let mut places = Vec::new();
        pointers("/data", &answer["data"], &mut places);
        for place in places {
            let mut wrong = answer.clone();
            *wrong.pointer_mut(&place).unwrap() = json!({ "nobody asked": 1 });
            assert!(
                !faults(&schema, &document, &wrong).is_empty(),
                "{place} of {document}"
            );
            let mut wrong = answer.clone();
            if let Some(object) = wrong.pointer_mut(&place).unwrap().as_object_mut() {
                object.insert("more".to_owned(), json!(1));
                assert!(
                    !faults(&schema, &document, &wrong).is_empty(),
                    "more in {place} of {document}"
                );
            }
            let mut wrong = answer.clone();
            let (parent, key) = place.rsplit_once('/').unwrap();
            if let Some(object) = wrong.pointer_mut(parent).unwrap().as_object_mut() {
                object.remove(key);
                assert!(
                    !faults(&schema, &document, &wrong).is_empty(),
                    "no {place} of {document}"
                );
            }
            changed += 1;
        }
    }
    assert!(changed > 1_000, "{changed} places");
}
