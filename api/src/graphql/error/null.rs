//! Where a field failed there must be null: in its place if it is nullable, else in the nearest place above it that is (GraphQL
//! specification, section "Handling Execution Errors"). Floor 4.
//!
//! The executor leaves a failed field out of its object, whatever its type, so this is done when an answer has errors.

use async_graphql::parser::types::{BaseType, ExecutableDocument, OperationDefinition, Type};
use async_graphql::{Name, PathSegment, ServerError, Value};

use crate::graphql::shape::{Shape, named, root};

/// Puts the nulls of `errors` into `data`.
pub(in crate::graphql) fn propagate(
    data: &mut Value,
    errors: &[ServerError],
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    shape: &Shape,
) {
    let mut above = Vec::new();
    for error in errors.iter().filter(|error| !error.path.is_empty()) {
        let nullable = nullable_places(&error.path, document, operation, shape);
        let depth = nullable.iter().rposition(|nullable| *nullable);
        match depth {
            Some(depth) if depth + 1 == error.path.len() => set_null(data, &error.path, true),
            _ => above.push((error, depth)),
        }
    }
    // Only now: an object of which every field failed has come back as null, and those with a nullable field are objects again.
    for (error, depth) in above {
        match depth.and_then(|depth| error.path.get(..=depth)) {
            Some(path) => set_null(data, path, false),
            None => *data = Value::Null,
        }
    }
}

/// For each step of a path whether null may stand there.
fn nullable_places(
    path: &[PathSegment],
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    shape: &Shape,
) -> Vec<bool> {
    let mut places = Vec::with_capacity(path.len());
    let mut parent: &str = root(operation.ty);
    let mut set = Some(&operation.selection_set.node);
    let mut current: Option<&Type> = None;
    for segment in path {
        let next = match segment {
            PathSegment::Field(key) => {
                let found = set.and_then(|set| shape.selected(document, set, parent, key));
                found.map(|(field, definition)| {
                    parent = named(&definition.ty.node);
                    set = Some(&field.selection_set.node);
                    &definition.ty.node
                })
            }
            PathSegment::Index(_) => current.and_then(|list| match &list.base {
                BaseType::List(element) => Some(element.as_ref()),
                BaseType::Named(_) => None,
            }),
        };
        // Nothing is known about what the schema does not have: it is left as it is.
        let Some(ty) = next else {
            return vec![true; path.len()];
        };
        places.push(ty.nullable);
        current = Some(ty);
    }
    places
}

/// Sets null at a path. Objects that came back as null are made again on the way if `revive` says so.
fn set_null(data: &mut Value, path: &[PathSegment], revive: bool) {
    let Some((first, rest)) = path.split_first() else {
        *data = Value::Null;
        return;
    };
    match first {
        PathSegment::Field(key) => {
            if revive && *data == Value::Null {
                *data = Value::Object(Default::default());
            }
            if let Value::Object(fields) = data {
                let value = fields.entry(Name::new(key)).or_insert(Value::Null);
                set_null(value, rest, revive);
            }
        }
        PathSegment::Index(index) => {
            if let Value::List(elements) = data
                && let Some(element) = elements.get_mut(*index)
            {
                set_null(element, rest, revive);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use async_graphql::parser::parse_query;
    use serde_json::json;

    const SDL: &str = "
        type Query { one: Thing sure: Thing! many: [Thing!]! some: [Thing]! node: Node }
        interface Node { id: ID! }
        type Thing implements Node { id: ID! name: String! note: String part: Thing }
        schema { query: Query }
    ";

    /// The answer after propagation; each error is a path with `/` between its steps.
    fn answer(query: &str, data: serde_json::Value, errors: &[&str]) -> serde_json::Value {
        let document = parse_query(query).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let errors: Vec<_> = errors
            .iter()
            .map(|path| {
                let segments = path.split('/').map(|step| match step.parse() {
                    Ok(index) => PathSegment::Index(index),
                    Err(_) => PathSegment::Field(step.to_owned()),
                });
                ServerError::new("x", None).with_path(segments.collect())
            })
            .collect();
        let mut data = Value::from_json(data).unwrap();
        propagate(
            &mut data,
            &errors,
            &document,
            &operation.node,
            &Shape::of(SDL),
        );
        data.into_json().unwrap()
    }

    #[test]
    fn a_nullable_field_that_failed_is_null() {
        let found = answer(
            "{ one { id } sure { id } }",
            json!({"sure": {"id": "1"}}),
            &["one"],
        );
        assert_eq!(found, json!({"sure": {"id": "1"}, "one": null}));
        assert_eq!(
            answer("{ one { id } }", json!(null), &["one"]),
            json!({"one": null})
        );
    }

    #[test]
    fn a_field_that_is_never_null_takes_the_nearest_nullable_object_with_it() {
        let found = answer(
            "{ one { part { id name } } }",
            json!({"one": {"part": {"id": "1"}}}),
            &["one/part/name"],
        );
        assert_eq!(found, json!({"one": {"part": null}}));
        let found = answer(
            "{ sure { id name } }",
            json!({"sure": {"id": "1"}}),
            &["sure/name"],
        );
        assert_eq!(found, json!(null));
    }

    #[test]
    fn lists_pass_it_on_unless_their_elements_are_nullable() {
        let data = |list: &str| json!({list: [{"id": "1"}, {"id": "2", "name": "b"}]});
        let found = answer("{ some { id name } }", data("some"), &["some/0/name"]);
        assert_eq!(found, json!({"some": [null, {"id": "2", "name": "b"}]}));
        let found = answer("{ many { id name } }", data("many"), &["many/0/name"]);
        assert_eq!(found, json!(null));
    }

    #[test]
    fn an_object_of_which_every_field_failed_is_an_object_if_they_may_be_null() {
        let found = answer(
            "{ one { note part { id } } }",
            json!({"one": null}),
            &["one/note", "one/part"],
        );
        assert_eq!(found, json!({"one": {"note": null, "part": null}}));
        let found = answer(
            "{ one { note name } }",
            json!({"one": null}),
            &["one/note", "one/name"],
        );
        assert_eq!(found, json!({"one": null}));
    }

    #[test]
    fn aliases_and_fragments_are_followed() {
        let query =
            "{ x: node { ...a ... on Thing { y: part { id } } } } fragment a on Thing { z: name }";
        let found = answer(query, json!({"x": {"z": "b"}}), &["x/y"]);
        assert_eq!(found, json!({"x": {"z": "b", "y": null}}));
        let found = answer(query, json!({"x": {"y": null}}), &["x/z"]);
        assert_eq!(found, json!({"x": null}));
    }
}
