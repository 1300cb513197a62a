//! Single values: each is of its declared type, null only where the type has it.

use super::*;

#[test]
fn an_answer_that_fits_has_no_faults() {
    let selection = "__typename id status wave progress done at size cursor output input tags grid assignee { name boss { id } }";
    let fitting = json!({
        "__typename": "Task", "id": "task_1", "status": "OPEN", "wave": 3, "progress": 1, "done": true,
        "at": "2026-03-01T09:30:00.000000Z", "size": 5_000_000_000_i64, "cursor": "c", "output": [1],
        "input": {}, "tags": [], "grid": [[1, null], []],
        "assignee": { "name": "Ann", "boss": null },
    });
    assert_eq!(task(selection, &fitting), Vec::<String>::new());
}

#[test]
fn a_value_that_does_not_fit_is_a_fault() {
    for (selection, answer, fault) in [
        (
            "id",
            json!({"id": 1}),
            "data.task.id: ID: 1 is not a string",
        ),
        (
            "wave",
            json!({"wave": 2_147_483_648_i64}),
            "data.task.wave: Int: 2147483648 is not a 32-bit integer",
        ),
        (
            "wave",
            json!({"wave": "3"}),
            "data.task.wave: Int: \"3\" is not a 32-bit integer",
        ),
        (
            "progress",
            json!({"progress": "1"}),
            "data.task.progress: Float: \"1\" is not a number",
        ),
        (
            "done",
            json!({"done": 1}),
            "data.task.done: Boolean: 1 is not a boolean",
        ),
        (
            "at",
            json!({"at": "today"}),
            "data.task.at: DateTime: \"today\" is not a moment in RFC 3339, in UTC with microseconds",
        ),
        (
            "size",
            json!({"size": "1"}),
            "data.task.size: Long: \"1\" is not a signed 64-bit integer",
        ),
        (
            "cursor",
            json!({"cursor": 1}),
            "data.task.cursor: Cursor: 1 is not a string",
        ),
        (
            "status",
            json!({"status": "LOST"}),
            "data.task.status: \"LOST\" is no value of Status",
        ),
        (
            "status",
            json!({"status": 1}),
            "data.task.status: 1 is no value of Status",
        ),
        (
            "tags",
            json!({"tags": "a"}),
            "data.task.tags: \"a\" is not a list",
        ),
        (
            "tags",
            json!({"tags": ["a", 1]}),
            "data.task.tags[1]: String: 1 is not a string",
        ),
        (
            "grid",
            json!({"grid": [[1], [2, "x"]]}),
            "data.task.grid[1][1]: Int: \"x\" is not a 32-bit integer",
        ),
        (
            "assignee { id }",
            json!({"assignee": "ann"}),
            "data.task.assignee: \"ann\" is not an object",
        ),
        (
            "assignee { id }",
            json!({"assignee": [{"id": "ann"}]}),
            "data.task.assignee: [{\"id\":\"ann\"}] is not an object",
        ),
        (
            "__typename",
            json!({"__typename": "Agent"}),
            "data.task.__typename: \"Agent\" is not Task",
        ),
    ] {
        assert_eq!(task(selection, &answer), [fault], "{selection}: {answer}");
    }
}

#[test]
fn null_where_the_type_has_none_is_a_fault() {
    for (selection, answer, fault) in [
        (
            "id",
            json!({"id": null}),
            "data.task.id: null, and the type is ID!",
        ),
        (
            "input",
            json!({"input": null}),
            "data.task.input: null, and the type is JSON!",
        ),
        (
            "tags",
            json!({"tags": [null]}),
            "data.task.tags[0]: null, and the type is String!",
        ),
        (
            "grid",
            json!({"grid": [null]}),
            "data.task.grid[0]: null, and the type is [Int]!",
        ),
    ] {
        assert_eq!(task(selection, &answer), [fault]);
    }
    assert_eq!(
        task(
            "wave output grid",
            &json!({"wave": null, "output": null, "grid": null})
        ),
        Vec::<String>::new()
    );
    assert_eq!(task("id", &Value::Null), Vec::<String>::new());
}

#[test]
fn a_scalar_that_nobody_knows_is_a_fault() {
    let schema = Schema::read("scalar Colour type Query { colour: Colour shape: Shape }").unwrap();
    let take = |document: &str, data: Value| {
        Exercised::default().take(&schema, document, &Value::Null, &json!({ "data": data }))
    };
    assert_eq!(
        take("{ colour }", json!({"colour": "red"})),
        ["data.colour: Colour: \"red\" is of a scalar that this check does not know"]
    );
    assert_eq!(
        take("{ shape }", json!({"shape": "round"})),
        ["data.shape: no answer can be of the type Shape"]
    );
}
