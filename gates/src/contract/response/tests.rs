//! Answers tried on a small schema: each kind of fault turns red, and what fits is not called a fault.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

use super::{Exercised, Schema};

mod abstracts;
mod errors;
mod hostile;
mod seen;
mod served;
mod values;

const SDL: &str = r"
    enum Status { OPEN DONE }
    enum Only { INPUT }
    scalar DateTime
    scalar Long
    scalar Cursor
    scalar JSON
    interface Node { id: ID! }
    union Thing = Task | Agent
    type Agent implements Node { id: ID! name: String! boss: Agent }
    type Task implements Node {
      id: ID!
      status: Status!
      wave: Int
      progress: Float!
      done: Boolean!
      at: DateTime
      size: Long
      cursor: Cursor
      output: JSON
      input: JSON!
      tags: [String!]!
      grid: [[Int]!]
      assignee: Agent
      parts(first: Int = 20, only: Only): [Task!]!
    }
    type Query {
      task(id: ID!): Task
      node(id: ID!): Node
      thing: Thing!
      count: Int!
    }
    type Mutation { finish(id: ID!, how: String): Task! }
    type Subscription { tasks: Task! }
";

fn schema() -> Schema {
    Schema::read(SDL).unwrap()
}

fn take(document: &str, answer: &Value) -> Vec<String> {
    Exercised::default().take(&schema(), document, &json!({}), answer)
}

fn data(document: &str, data: &Value) -> Vec<String> {
    take(document, &json!({ "data": data }))
}

/// The faults of a task that is answered to `{ task(id: 1) { selection } }`.
fn task(selection: &str, task: &Value) -> Vec<String> {
    let document = format!("{{ task(id: 1) {{ {selection} }} }}");
    data(&document, &json!({ "task": task }))
}

fn refusal(code: &str) -> Value {
    json!({ "message": "no", "extensions": { "code": code, "retryable": false } })
}

#[test]
fn errors_do_not_excuse_null_where_the_type_has_none() {
    let answer = json!({ "data": { "count": null }, "errors": [refusal("INTERNAL")] });
    assert_eq!(
        take("{ count }", &answer),
        ["data.count: null, and the type is Int!"]
    );
    let whole = json!({ "data": null, "errors": [refusal("INTERNAL")] });
    assert_eq!(take("{ count }", &whole), Vec::<String>::new());
}

#[test]
fn a_missing_key_is_a_fault() {
    assert_eq!(
        task("id wave", &json!({"id": "1"})),
        ["data.task: lacks `wave`"]
    );
    assert_eq!(data("{ count }", &json!({})), ["data: lacks `count`"]);
}

#[test]
fn a_key_too_many_is_a_fault() {
    assert_eq!(
        task("id", &json!({"id": "1", "wave": 1})),
        ["data.task: has `wave`, which was not asked for"]
    );
}

#[test]
fn keys_are_those_of_aliases() {
    assert_eq!(
        task("a: id b: id", &json!({"a": "1", "b": "1"})),
        Vec::<String>::new()
    );
    assert_eq!(
        task("a: id", &json!({"id": "1"})),
        [
            "data.task: has `id`, which was not asked for",
            "data.task: lacks `a`"
        ]
    );
}

#[test]
fn what_is_selected_twice_is_answered_in_one() {
    let answer = json!({"assignee": {"id": "1", "name": "Ann"}});
    assert_eq!(
        task("assignee { id } assignee { name }", &answer),
        Vec::<String>::new()
    );
    assert_eq!(
        task(
            "assignee { id } ... { assignee { name } }",
            &json!({"assignee": {"id": "1"}})
        ),
        ["data.task.assignee: lacks `name`"]
    );
}

#[test]
fn what_is_skipped_must_not_be_answered() {
    let document = "query($no: Boolean!, $default: Boolean = false) { count task(id: 1) {
        id @include(if: $no) wave @skip(if: true) done @skip(if: $default) ... @include(if: $no) { tags } ...f @skip(if: $no) } }
        fragment f on Task { progress }";
    let mut exercised = Exercised::default();
    let mut faults = |task: Value| {
        let answer = json!({ "data": { "count": 1, "task": task } });
        exercised.take(&schema(), document, &json!({ "no": false }), &answer)
    };
    assert_eq!(
        faults(json!({"done": true, "progress": 1})),
        Vec::<String>::new()
    );
    assert_eq!(
        faults(json!({"done": true, "progress": 1, "wave": 1})),
        ["data.task: has `wave`, which was not asked for"]
    );
    assert_eq!(faults(json!({"progress": 1})), ["data.task: lacks `done`"]);
}

#[test]
fn mutations_and_events_begin_at_their_own_roots() {
    let finished = json!({"finish": {"id": "1"}});
    assert_eq!(
        data("mutation { finish(id: 1) { id } }", &finished),
        Vec::<String>::new()
    );
    let event = json!({"tasks": {"id": 1}});
    assert_eq!(
        data("subscription { tasks { id } }", &event),
        ["data.tasks.id: ID: 1 is not a string"]
    );
    assert_eq!(
        data("{ tasks { id } }", &event),
        ["data.tasks: Query.tasks is answered and not declared"]
    );
}

#[test]
fn one_of_several_operations_was_called() {
    let document = "query a { count } query b { task(id: 1) { id } }";
    assert_eq!(data(document, &json!({"count": 1})), Vec::<String>::new());
    assert_eq!(data(document, &json!({"task": null})), Vec::<String>::new());
    assert!(!data(document, &json!({"other": null})).is_empty());
}

#[test]
fn what_tells_about_the_schema_is_held_to_its_types_too() {
    let document = "{ __typename __type(name: \"Task\") { kind name fields { name type { ofType { name } } } } }";
    let kind = |kind: &str| {
        json!({ "__typename": "Query", "__type": {
            "kind": kind, "name": "Task", "fields": [{ "name": "id", "type": { "ofType": { "name": "ID" } } }]
        } })
    };
    assert_eq!(data(document, &kind("OBJECT")), Vec::<String>::new());
    assert_eq!(
        data(document, &kind("THING")),
        ["data.__type.kind: \"THING\" is no value of __TypeKind"]
    );
}

#[test]
fn what_is_not_sdl_is_an_error() {
    assert!(Schema::read("type {").is_err());
}
