//! Documents and answers that nobody sends in good faith: each gets a line or none, and none takes the check down.

use super::*;

#[test]
fn fragments_that_stand_in_each_other_end() {
    let document =
        "{ task(id: 1) { ...a } } fragment a on Task { id ...b } fragment b on Task { ...a wave }";
    assert_eq!(
        data(document, &json!({"task": {"id": "1", "wave": 1}})),
        Vec::<String>::new()
    );
}

#[test]
fn a_fragment_that_goes_down_for_ever_is_followed_64_deep() {
    let document = "{ task(id: 1) { assignee { ...a } } } fragment a on Agent { boss { ...a } }";
    let bosses = |depth: usize| {
        let mut agent = Value::Null;
        for _ in 0..depth {
            agent = json!({ "boss": agent });
        }
        data(document, &json!({ "task": { "assignee": agent } }))
    };
    assert_eq!(bosses(60), Vec::<String>::new());
    let faults = bosses(100);
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].ends_with("selects deeper than 64: not read"),
        "{faults:?}"
    );
}

#[test]
fn fragments_nested_far_are_not_followed() {
    let mut document = "{ count ...f0 }".to_owned();
    for index in 0..10_000 {
        document += &format!(" fragment f{index} on Query {{ ...f{} }}", index + 1);
    }
    assert_eq!(
        data(&document, &json!({"count": 1})),
        ["data: selects deeper than 64: not read"]
    );
}

#[test]
fn documents_that_are_nested_too_deep_are_not_read() {
    let nested = |depth: usize| {
        format!(
            "{{ task(id: {}{}) {{ id }} }}",
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    for document in [nested(100_000), "[".repeat(100_000), "{ a".repeat(100_000)] {
        let refused = json!({ "errors": [refusal("BAD_USER_INPUT")] });
        assert_eq!(take(&document, &refused), Vec::<String>::new());
        assert_eq!(
            data(&document, &json!({"task": null})),
            ["data are answered to a document that nests brackets deeper than 256"]
        );
    }
    assert_eq!(
        data(&nested(200), &json!({"task": null})),
        Vec::<String>::new()
    );
}

/// Every piece of a document, cut off at each end, with answers of every kind.
#[test]
fn pieces_of_documents_take_nothing_down() {
    let document = r#"query a($v: [Int!] = [1]) @x { b: task(id: "\u00e9", n: {k: $v}) { ...f ... on Node @skip(if: $v) { id } } } fragment f on Task { wave }"#;
    let answers = [
        json!(1),
        json!({ "data": { "b": [[null]] } }),
        json!({ "data": { "b": { "id": {}, "wave": null } }, "errors": {} }),
    ];
    let schema = schema();
    let mut exercised = Exercised::default();
    for cut in 0..document.len() {
        for piece in [document.get(..cut), document.get(cut..)]
            .into_iter()
            .flatten()
        {
            for answer in &answers {
                for variables in [json!(null), json!({ "v": [] }), json!([1])] {
                    assert!(
                        !exercised
                            .take(&schema, piece, &variables, answer)
                            .is_empty()
                    );
                }
            }
        }
    }
}
