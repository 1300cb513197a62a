//! Interfaces and unions: the type of a value is known by its name, or by what it fits.

use super::*;

const NODE: &str = "{ node(id: 1) { id ... on Task { wave } ... on Agent { name boss { id } } } }";

#[test]
fn a_value_must_fit_one_of_the_possible_types() {
    for (node, fits) in [
        (json!({"id": "1", "wave": 1}), true),
        (json!({"id": "1", "name": "Ann", "boss": null}), true),
        (json!({"id": "1"}), false),
        (json!({"id": "1", "name": "Ann"}), false),
        (
            json!({"id": "1", "wave": 1, "name": "Ann", "boss": null}),
            false,
        ),
        (json!({"id": "1", "wave": "1"}), false),
        (json!({"id": 1, "wave": 1}), false),
        (json!("1"), false),
        (Value::Null, true),
    ] {
        let faults = data(NODE, &json!({ "node": node }));
        assert_eq!(faults.is_empty(), fits, "{node}: {faults:?}");
    }
}

#[test]
fn the_faults_are_those_of_the_type_that_is_nearest() {
    assert_eq!(
        data(NODE, &json!({"node": {"id": "1", "wave": "1"}})),
        ["data.node.wave: Int: \"1\" is not a 32-bit integer"]
    );
}

#[test]
fn a_value_that_names_its_type_is_held_to_it() {
    let document = "{ thing { kind: __typename ... on Node { id } ... on Task { wave } ...agent } } fragment agent on Agent { name }";
    for (thing, faults) in [
        (json!({"kind": "Task", "id": "1", "wave": 1}), vec![]),
        (json!({"kind": "Agent", "id": "1", "name": "Ann"}), vec![]),
        (
            json!({"kind": "Agent", "id": "1", "wave": 1}),
            vec![
                "data.thing: has `wave`, which was not asked for",
                "data.thing: lacks `name`",
            ],
        ),
        (
            json!({"kind": "Status", "id": "1", "wave": 1}),
            vec!["data.thing.kind: \"Status\" is not Task"],
        ),
    ] {
        assert_eq!(
            data(document, &json!({ "thing": thing })),
            faults,
            "{thing}"
        );
    }
}

#[test]
fn what_may_be_of_several_types_was_seen_only_as_their_interface() {
    let mut exercised = Exercised::default();
    let mut missing = |document: &str, node: Value| {
        let answer = json!({ "data": { "node": node } });
        let faults = exercised.take(&schema(), document, &Value::Null, &answer);
        assert_eq!(faults, Vec::<String>::new());
        let missing = exercised.missing(&schema()).fields;
        ["Node.id", "Task.id", "Agent.id", "Agent.name"]
            .map(|field| missing.contains(&field.to_owned()))
    };
    assert_eq!(
        missing("{ node(id: 1) { id } }", json!({"id": "1"})),
        [false, true, true, true]
    );
    assert_eq!(
        missing(
            "{ node(id: 1) { __typename id } }",
            json!({"__typename": "Task", "id": "1"})
        ),
        [false, false, true, true]
    );
    assert_eq!(
        missing(
            "{ node(id: 1) { ... on Agent { name id } } }",
            json!({"name": "Ann", "id": "1"})
        ),
        [false, false, false, false]
    );
}

#[test]
fn guesses_that_would_take_for_ever_are_not_made() {
    let schema = Schema::read(
        "interface N { n: N } type A implements N { n: N } type B implements N { n: N } type Query { n: N }",
    )
    .unwrap();
    let take = |asked: &str, told: &str| {
        let document = format!(
            "{{ n {} }}",
            format!("{{ {asked} n ").repeat(30) + "{ __typename }" + &"}".repeat(30)
        );
        let mut value = json!({ "__typename": "A" });
        for _ in 0..30 {
            value = serde_json::from_str(&told.replace("VALUE", &value.to_string())).unwrap();
        }
        let answer = json!({ "data": { "n": value } });
        Exercised::default().take(&schema, &document, &Value::Null, &answer)
    };
    assert_eq!(
        take("", r#"{"n": VALUE}"#),
        ["data.n.n.n.n: too much to guess: select __typename"]
    );
    assert_eq!(
        take("__typename", r#"{"__typename": "B", "n": VALUE}"#),
        Vec::<String>::new()
    );
}
