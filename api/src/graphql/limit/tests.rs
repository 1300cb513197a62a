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

const EXPANDED: &str = "selections with all fragments in their places";

/// `count` things, each by its number.
fn many(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect()
}

#[test]
fn a_document_has_so_many_of_each_thing() {
    let operations = |count| many(count, |n| format!("query q{n} {{ me {{ id }} }} "));
    let variables = |count| {
        let (defined, used) = (
            many(count, |n| format!("$v{n}: ID! ")),
            many(count, |n| format!("$v{n} ")),
        );
        format!("query({defined}) {{ nodes(ids: [{used}]) {{ id }} }}")
    };
    let aliases = |count| format!("{{ me {{ {} }} }}", many(count, |n| format!("a{n}: id ")));
    let arguments = |count| {
        format!(
            "{{ agents({}) {{ totalCount }} }}",
            "first: 1 ".repeat(count)
        )
    };
    let together = |count| format!("{{ me {{ id {} }} }}", "@skip(if: false) ".repeat(count));
    let directives = |count| format!("{{ me {{ {} }} }}", "id @skip(if: false) ".repeat(count));
    let roots = |count| format!("{{ {} }}", "me { id } ".repeat(count));
    let changes = |count| {
        let one = |_| "startTask(taskId: \"x\") { id } ".to_owned();
        format!(
            "mutation {{ ...f ... on Mutation {{ {} }} }} fragment f on Mutation {{ {} }}",
            many(count - 1, one),
            one(0)
        )
    };
    let unknown = |count| {
        let fields = many(count - 1, |n| format!("shoe{n} "));
        format!("{{ me {{ {fields} reports(shoe: 1) {{ totalCount }} }} }}")
    };
    for (limit, value, document) in [
        (
            "operations of a document",
            50,
            &operations as &dyn Fn(usize) -> String,
        ),
        ("variables of an operation", 100, &variables),
        ("aliases of a document", 200, &aliases),
        ("arguments of a field", 32, &arguments),
        ("directives in one place", 8, &together),
        ("directives of a document", 100, &directives),
        ("fields of the root", 100, &roots),
        ("fields of a mutation", 50, &changes),
        (
            "fields and arguments that the schema does not have",
            10,
            &unknown,
        ),
    ] {
        assert!(
            judge(&document(value)).is_ok(),
            "{value} {limit}: {:?}",
            judge(&document(value))
        );
        let error = judge(&document(value + 1)).unwrap_err();
        assert_eq!(error.details()["limit"], limit);
        assert_eq!(error.details()["value"], value);
        assert_eq!(error.details()["requested"], value + 1, "{limit}");
    }
}

#[test]
fn selections_count_wherever_a_fragment_puts_them() {
    let spread = |times: usize, fields: usize| {
        let spreads = "reports { nodes { ...f } } ".repeat(times);
        let fields = "id ".repeat(fields);
        format!("{{ me {{ {spreads} }} }} fragment f on Agent {{ {fields} }}")
    };
    assert!(judge(&spread(10, 50)).is_ok());
    assert_eq!(crossed(judge(&spread(50, 100))), EXPANDED);
    // Comparing the fields of a selection looks through all inline fragments within, at every level again.
    let inline = |levels: usize| {
        let (open, close) = ("... { ".repeat(levels), "} ".repeat(levels));
        format!("{{ me {{ {open} {} {close} }} }}", "id ".repeat(300))
    };
    assert!(judge(&inline(10)).is_ok());
    assert_eq!(crossed(judge(&inline(25))), EXPANDED);
    // Those that no operation spreads are validated too.
    let unused = format!(
        "{{ me {{ id }} }} fragment f on Agent {{ {} }}",
        "id ".repeat(5_001)
    );
    assert_eq!(crossed(judge(&unused)), EXPANDED);
}

#[test]
fn what_variables_bring_counts_as_often_as_it_is_used() {
    let document = |uses: usize| {
        let uses = many(uses, |n| format!("a{n}: nodes(ids: $ids) {{ id }} "));
        format!("query($ids: [ID!]!) {{ ...f }} fragment f on Query {{ {uses} }}")
    };
    let ids = json!({"ids": vec!["x"; 30_000]});
    assert!(judge_with(&document(1), ids.clone()).is_ok());
    assert_eq!(
        crossed(judge_with(&document(7), ids)),
        "values of variables, as often as they are used"
    );
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
    let many = format!("tasks(first: 200) {{ nodes {{ {} }} }}", "id ".repeat(300));
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
    assert_eq!(crossed(judge(&text)), EXPANDED);
}

#[test]
fn fragments_may_not_form_cycles_or_long_chains() {
    let cycle = judge("{ me { ...a } } fragment a on Agent { ...b } fragment b on Agent { ...a }");
    assert_eq!(cycle.unwrap_err().code(), Code::BadUserInput);
    let mut chain = "{ me { id } }".to_owned();
    for step in 0..1_000 {
        chain += &format!(" fragment f{step} on Agent {{ ...f{} }}", step + 1);
    }
    chain += " fragment f1000 on Agent { id }";
    assert_eq!(crossed(judge(&chain)), "nested selections");
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
    let circle = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }";
    assert_eq!(crossed(judge(circle)), "complexity of the operation");
    let by_fragment = "{ __schema { types { ...f } } } fragment f on __Type { fields { type { fields { type { fields { type { fields { name } } } } } } } }";
    assert_eq!(crossed(judge(by_fragment)), "complexity of the operation");
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
