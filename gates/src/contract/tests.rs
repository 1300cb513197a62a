//! The comparison tried on small schemas: each kind of lack is seen, and what is allowed is not called a lack.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::missing;

const CONTRACT: &str = r"
    directive @tier(atLeast: Tier!) on FIELD_DEFINITION
    directive @authenticated on FIELD_DEFINITION
    enum Tier { L1 L2 }
    scalar Cursor
    interface Node { id: ID! }
    type Task implements Node { id: ID! error: String tags: [String!]! }
    input Filter { name: String depth: Int = 3 }
    type Query {
      task(id: ID!): Task
      tasks(filter: Filter, first: Int = 20): [Task!]! @tier(atLeast: L2)
    }
";

/// The contract as a server that has all of it prints it.
fn served() -> String {
    CONTRACT.replace(
        "task(id: ID!): Task\n",
        "task(id: ID!): Task @authenticated\n",
    )
}

fn lacks_after(from: &str, to: &str) -> Vec<String> {
    let served = served();
    assert!(served.contains(from), "{from} is not in the schema");
    missing(CONTRACT, &served.replace(from, to)).expect("both are SDL")
}

#[test]
fn a_schema_that_has_all_of_it_lacks_nothing() {
    assert_eq!(
        missing(CONTRACT, &served()).expect("both are SDL"),
        Vec::<String>::new()
    );
}

#[test]
fn a_schema_may_say_more() {
    assert!(lacks_after("error: String", "error: String priority: Int!").is_empty());
    assert!(lacks_after("{ L1 L2 }", "{ L1 L2 L3 }").is_empty());
    assert!(
        lacks_after(
            "first: Int = 20",
            "first: Int = 20, last: Int, size: Int! = 3"
        )
        .is_empty()
    );
    assert!(lacks_after("error: String", "\"Why it failed.\" error: String").is_empty());
}

#[test]
fn a_type_that_is_not_served_is_one_line() {
    assert_eq!(lacks_after("scalar Cursor", ""), ["scalar Cursor"]);
    assert_eq!(
        lacks_after("input Filter { name: String depth: Int = 3 }", ""),
        ["input Filter"]
    );
}

#[test]
fn a_type_of_another_kind_is_a_lack() {
    assert_eq!(
        lacks_after("scalar Cursor", "enum Cursor { A }"),
        ["scalar Cursor (is served as enum)"]
    );
}

#[test]
fn a_field_that_is_not_served_is_a_lack() {
    assert_eq!(lacks_after("error: String", ""), ["Task.error"]);
}

#[test]
fn another_nullability_is_a_lack() {
    assert_eq!(
        lacks_after("error: String", "error: String!"),
        ["Task.error: String (is served as String!)"]
    );
    assert_eq!(
        lacks_after("[String!]!", "[String]!"),
        ["Task.tags: [String!]! (is served as [String]!)"]
    );
}

#[test]
fn an_argument_that_is_not_served_is_a_lack() {
    assert_eq!(
        lacks_after(", first: Int = 20", ""),
        ["Query.tasks(first:)"]
    );
}

#[test]
fn another_type_or_default_of_an_argument_is_a_lack() {
    assert_eq!(
        lacks_after("first: Int = 20", "first: Int = 50"),
        ["Query.tasks(first:) = 20 (is served as 50)"]
    );
    assert_eq!(
        lacks_after("first: Int = 20", "first: Int"),
        ["Query.tasks(first:) = 20 (is served as none)"]
    );
    assert_eq!(
        lacks_after("task(id: ID!)", "task(id: ID)"),
        ["Query.task(id:) ID! (is served as ID)"]
    );
}

#[test]
fn an_argument_of_its_own_must_be_optional() {
    assert_eq!(
        lacks_after("task(id: ID!)", "task(id: ID!, reason: String!)"),
        ["Query.task(reason:) must be optional: the contract does not know it"]
    );
    assert_eq!(
        lacks_after("{ name: String depth", "{ name: String why: String! depth"),
        ["Filter.why must be optional: the contract does not know it"]
    );
}

#[test]
fn an_enum_value_that_is_not_served_is_a_lack() {
    assert_eq!(lacks_after("{ L1 L2 }", "{ L1 }"), ["Tier.L2"]);
}

#[test]
fn an_input_field_that_is_not_served_is_a_lack() {
    assert_eq!(lacks_after("name: String depth", "depth"), ["Filter.name"]);
    assert_eq!(
        lacks_after("depth: Int = 3", "depth: Int = 4"),
        ["Filter.depth = 3 (is served as 4)"]
    );
}

#[test]
fn an_interface_that_is_not_implemented_is_a_lack() {
    assert_eq!(
        lacks_after("Task implements Node", "Task"),
        ["Task implements Node"]
    );
}

#[test]
fn another_requirement_on_a_root_field_is_a_lack_in_both_directions() {
    assert_eq!(
        lacks_after("@tier(atLeast: L2)\n    }", "@tier(atLeast: L1)\n    }"),
        [
            "Query.tasks @tier(atLeast: L2)",
            "Query.tasks without @tier(atLeast: L1)"
        ]
    );
}

#[test]
fn a_root_field_for_which_the_contract_names_nothing_must_ask_for_a_session() {
    assert_eq!(
        lacks_after("Task @authenticated\n", "Task\n"),
        ["Query.task @authenticated"]
    );
    assert_eq!(
        lacks_after("Task @authenticated\n", "Task @public\n"),
        ["Query.task @authenticated", "Query.task without @public"]
    );
}

#[test]
fn a_directive_that_is_not_served_is_a_lack() {
    assert_eq!(
        lacks_after("directive @authenticated on FIELD_DEFINITION", ""),
        ["directive @authenticated"]
    );
}

#[test]
fn what_is_not_sdl_is_an_error() {
    assert!(missing("type {", "").is_err());
}
