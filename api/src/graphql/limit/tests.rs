//! What limits refuse, and what honest documents need.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::error::Code;
use async_graphql::parser::parse_query;
use serde_json::json;

fn judge_with(text: &str, variables: serde_json::Value) -> Result<u64> {
    check_text(text)?;
    let document = parse_query(text).unwrap();
    let shape = Shape::of(&crate::graphql::sdl());
    check(&document, &Variables::from_json(variables), &shape)
}

fn judge(text: &str) -> Result<u64> {
    judge_with(text, json!({}))
}

/// The name of the limit that was crossed.
fn crossed(outcome: Result<impl std::fmt::Debug>) -> String {
    let error = outcome.unwrap_err();
    assert_eq!(error.code(), Code::LimitExceeded, "{error}");
    error.details()["limit"].as_str().unwrap().to_owned()
}

#[test]
fn an_operation_may_not_nest_too_deeply() {
    let nested = |levels: usize| {
        format!(
            "{{ me {{ {} id {} }} }}",
            "supervisor {".repeat(levels),
            "}".repeat(levels)
        )
    };
    assert!(judge(&nested(13)).is_ok());
    assert_eq!(crossed(judge(&nested(14))), "depth of the operation");
}

#[test]
fn lists_multiply_what_an_operation_costs() {
    let wide = |first: &str| {
        format!("{{ agents{first} {{ nodes {{ tasks{first} {{ nodes {{ id }} }} }} }} }}")
    };
    assert!(judge(&wide("")).is_ok());
    assert!(judge(&wide("(first: 100)")).is_ok());
    assert_eq!(
        crossed(judge(&wide("(first: 200)"))),
        "complexity of the operation"
    );
    let by_variable =
        "query($n: Int = 10) { agents(first: $n) { nodes { tasks(first: $n) { nodes { id } } } } }";
    assert!(judge(by_variable).is_ok());
    assert!(judge_with(by_variable, json!({"n": null})).is_ok());
    assert!(judge_with(by_variable, json!({"n": 2_000_000_000})).is_err());
}

#[test]
fn a_page_of_none_costs_its_fields() {
    let none = |inner: &str| format!("{{ agents(first: 0) {{ nodes {{ {inner} }} }} }}");
    assert!(judge(&none("id")).is_ok());
    let many: String = (0..60_000).map(|n| format!("a{n}: id ")).collect();
    assert_eq!(crossed(judge(&none(&many))), "complexity of the operation");
}

#[test]
fn ids_multiply_what_they_are_answered_for() {
    let text = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Agent { reports { nodes { tasks { nodes { id } } } } } } }";
    let ids = |count: usize| json!({"ids": vec!["L1-ART-001"; count]});
    assert!(judge_with(text, ids(3)).is_ok());
    assert_eq!(
        crossed(judge_with(text, ids(200))),
        "complexity of the operation"
    );
}

#[test]
fn fragments_that_double_at_every_step_are_weighed_once() {
    let mut text = "{ me { ...f0 } }".to_owned();
    for step in 0..28 {
        text += &format!(
            " fragment f{step} on Agent {{ ...f{} ...f{} }}",
            step + 1,
            step + 1
        );
    }
    text += " fragment f28 on Agent { id }";
    assert_eq!(crossed(judge(&text)), "complexity of the operation");
}

#[test]
fn fragments_may_not_form_cycles_or_long_chains() {
    let cycle = judge("{ me { ...a } } fragment a on Agent { ...b } fragment b on Agent { ...a }");
    assert_eq!(cycle.unwrap_err().code(), Code::BadUserInput);
    let mut chain = "{ me { id } }".to_owned();
    for step in 0..5_000 {
        chain += &format!(" fragment f{step} on Agent {{ ...f{} }}", step + 1);
    }
    chain += " fragment f5000 on Agent { id }";
    assert_eq!(crossed(judge(&chain)), "nested selections");
}

#[test]
fn brackets_nested_beyond_any_honest_text_never_reach_the_parser() {
    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!("mutation {{ executeTask(input: {{type: \"X\", input: {open}{close}}}) {{ id }} }}")
    };
    assert!(check_text(&nested(90)).is_ok());
    assert_eq!(crossed(check_text(&nested(100_000))), "nested brackets");
}

#[test]
fn brackets_in_strings_and_comments_do_not_count_and_hide_nothing() {
    let many = "[".repeat(200);
    for honest in [
        format!("{{ a(b: \"{many}\") }}"),
        format!("{{ a(b: \"\\\"{many}\") }}"),
        format!("{{ a(b: \"\"\"{many}\n\\\"\"\"{many}\"\"\") }}"),
        format!("{{ a # {many}\n }}"),
    ] {
        assert!(check_text(&honest).is_ok(), "{honest}");
    }
    for hostile in [
        format!("{{ a(b: \"\" {many}"),
        format!("{{ a(b: \"\\\\\" {many}"),
        format!("{{ a(b: [\"\"\"\" {many}"),
        format!("{{ a(b: [\" \n {many}"),
        format!("{{ a # \r {many}"),
        format!("{{ a(b: \"ü\" {many}"),
    ] {
        assert!(check_text(&hostile).is_err(), "{hostile}");
    }
}

#[test]
fn the_introspection_query_of_the_usual_tools_passes() {
    let of_type = |levels: usize| {
        format!(
            "{} kind name {}",
            "kind name ofType {".repeat(levels),
            "}".repeat(levels)
        )
    };
    let text = format!(
        "query {{ __schema {{ types {{ fields(includeDeprecated: true) {{ args {{ type {{ {} }} }} type {{ {} }} }} }} }} }}",
        of_type(9),
        of_type(9)
    );
    assert!(judge(&text).is_ok());
    assert!(introspects(&parse_query(&text).unwrap()));
    let hidden = "{ ...a } fragment a on Query { ... { x: __type(name: \"Task\") { name } } }";
    assert!(introspects(&parse_query(hidden).unwrap()));
    assert!(!introspects(
        &parse_query("{ me { __typename id } }").unwrap()
    ));
}

#[test]
fn a_request_takes_a_token_for_a_hundred_of_complexity_and_for_every_change() {
    let changes = |count: usize| -> String {
        let one = |number| format!("a{number}: startTask(id: \"x\") {{ id }} ");
        (0..count).map(one).collect()
    };
    for (document, tokens) in [
        ("{ me { id } }".to_owned(), 1),
        ("{ agents(first: 40) { nodes { id } } }".to_owned(), 1),
        ("{ agents(first: 41) { nodes { id } } }".to_owned(), 2),
        (
            "query A { me { id } } query B { agents(first: 200) { nodes { id name } } }".to_owned(),
            7,
        ),
        (format!("mutation {{ {} }}", changes(1)), 1),
        (format!("mutation {{ {} }}", changes(9)), 9),
        (
            format!(
                "mutation {{ ...f ... on Mutation {{ {} }} }} fragment f on Mutation {{ {} }}",
                changes(2),
                changes(3)
            ),
            5,
        ),
    ] {
        assert_eq!(judge(&document).unwrap(), tokens, "{document}");
    }
}

#[test]
fn fuzz_limits() {
    let shape = Shape::of(&crate::graphql::sdl());
    // What is let through can be parsed and weighed, whatever it is.
    crate::fuzz::fuzz("fuzz_limits", crate::fuzz::document(), |text| {
        if check_text(&text).is_ok()
            && let Ok(document) = parse_query(&text)
        {
            introspects(&document);
            if let Ok(tokens) = check(&document, &Variables::default(), &shape) {
                assert!(tokens >= 1);
            }
        }
    });
}

#[test]
fn fuzz_brackets() {
    use proptest::prelude::*;
    /// What brackets stand in without nesting.
    const BETWEEN: &[&str] = &[
        "",
        " ",
        ",",
        "\"{[(\"",
        "\"\\\"{\"",
        "\"\"\"{ \" [ \\\"\"\" (\"\"\"",
        "# {{{[[(\n",
        "\"\"",
        "é",
        "a: 1 ",
        "\"\\\\\"",
        "{}",
        "[()]",
    ];
    let between = prop::collection::vec(prop::sample::select(BETWEEN), 0..140);
    // Brackets are counted where they nest, and nowhere else.
    crate::fuzz::fuzz("fuzz_brackets", between, |between| {
        let mut text: String = between.iter().map(|one| format!("{{{one}")).collect();
        text += &"}".repeat(between.len());
        let deepest = between.iter().enumerate().map(|(place, one)| match *one {
            "{}" => place + 2,
            "[()]" => place + 3,
            _ => place + 1,
        });
        let too_deep = deepest.max().unwrap_or(0) as u64 > MAX_BRACKETS_NESTED;
        assert_eq!(check_text(&text).is_err(), too_deep, "{text}");
    });
}
