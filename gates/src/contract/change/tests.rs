//! Each kind of change, and what is none.

#![allow(clippy::unwrap_used)]

use super::*;

fn told(old: &str, new: &str) -> Vec<String> {
    let changes = between(old, new).unwrap().into_iter();
    changes
        .map(|change| format!("{:?} {change}", change.weight))
        .collect()
}

/// Old, new, and what that is.
const TABLE: [(&str, &str, &str); 33] = [
    (
        "type A { x: Int } type B { x: Int }",
        "type A { x: Int }",
        "Breaking TYPE_REMOVED B",
    ),
    (
        "scalar A",
        "enum A { X }",
        "Breaking TYPE_CHANGED_KIND A scalar -> enum",
    ),
    (
        "type A { x: Int }",
        "interface A { x: Int }",
        "Breaking TYPE_CHANGED_KIND A type -> interface",
    ),
    (
        "type A { x: Int }",
        "input A { x: Int }",
        "Breaking TYPE_CHANGED_KIND A type -> input",
    ),
    (
        "union U = A | B",
        "union U = A",
        "Breaking TYPE_REMOVED_FROM_UNION U = B",
    ),
    (
        "union U = A",
        "union U = A | B",
        "Dangerous TYPE_ADDED_TO_UNION U = B",
    ),
    (
        "enum E { X Y }",
        "enum E { X }",
        "Breaking VALUE_REMOVED_FROM_ENUM E.Y",
    ),
    (
        "enum E { X }",
        "enum E { X Y }",
        "Dangerous VALUE_ADDED_TO_ENUM E.Y",
    ),
    (
        "type A implements I & J { x: Int }",
        "type A implements J { x: Int }",
        "Breaking IMPLEMENTED_INTERFACE_REMOVED A implements I",
    ),
    (
        "type A implements J { x: Int }",
        "type A implements I & J { x: Int }",
        "Dangerous IMPLEMENTED_INTERFACE_ADDED A implements I",
    ),
    (
        "type A { x: Int y: Int }",
        "type A { x: Int }",
        "Breaking FIELD_REMOVED A.y",
    ),
    (
        "interface A { x: Int y: Int }",
        "interface A { x: Int }",
        "Breaking FIELD_REMOVED A.y",
    ),
    (
        "type A { x: Int }",
        "type A { x: String }",
        "Breaking FIELD_CHANGED_KIND A.x Int -> String",
    ),
    (
        "type A { x: Int! }",
        "type A { x: Int }",
        "Breaking FIELD_CHANGED_KIND A.x Int! -> Int",
    ),
    (
        "type A { x: [Int!]! }",
        "type A { x: [Int]! }",
        "Breaking FIELD_CHANGED_KIND A.x [Int!]! -> [Int]!",
    ),
    (
        "type A { x: [Int!]! }",
        "type A { x: [Int!] }",
        "Breaking FIELD_CHANGED_KIND A.x [Int!]! -> [Int!]",
    ),
    (
        "type A { x: Int }",
        "type A { x: [Int] }",
        "Breaking FIELD_CHANGED_KIND A.x Int -> [Int]",
    ),
    (
        "type A { x(a: Int): Int }",
        "type A { x: Int }",
        "Breaking ARG_REMOVED A.x(a:)",
    ),
    (
        "type A { x(a: Int): Int }",
        "type A { x(a: ID): Int }",
        "Breaking ARG_CHANGED_KIND A.x(a:) Int -> ID",
    ),
    (
        "type A { x(a: Int): Int }",
        "type A { x(a: Int!): Int }",
        "Breaking ARG_CHANGED_KIND A.x(a:) Int -> Int!",
    ),
    (
        "type A { x(a: [Int]): Int }",
        "type A { x(a: [Int!]): Int }",
        "Breaking ARG_CHANGED_KIND A.x(a:) [Int] -> [Int!]",
    ),
    (
        "type A { x: Int }",
        "type A { x(a: Int!): Int }",
        "Breaking REQUIRED_ARG_ADDED A.x(a:)",
    ),
    (
        "type A { x: Int }",
        "type A { x(a: Int): Int }",
        "Dangerous OPTIONAL_ARG_ADDED A.x(a:)",
    ),
    (
        "type A { x: Int }",
        "type A { x(a: Int! = 1): Int }",
        "Dangerous OPTIONAL_ARG_ADDED A.x(a:)",
    ),
    (
        "type A { x(a: Int = 1): Int }",
        "type A { x(a: Int = 2): Int }",
        "Dangerous ARG_DEFAULT_VALUE_CHANGE A.x(a:) = 1 -> 2",
    ),
    (
        "type A { x(a: Int = 1): Int }",
        "type A { x(a: Int): Int }",
        "Dangerous ARG_DEFAULT_VALUE_CHANGE A.x(a:) = 1 -> none",
    ),
    (
        "input A { x: Int y: Int }",
        "input A { x: Int }",
        "Breaking FIELD_REMOVED A.y",
    ),
    (
        "input A { x: Int }",
        "input A { x: ID }",
        "Breaking FIELD_CHANGED_KIND A.x Int -> ID",
    ),
    (
        "input A { x: Int }",
        "input A { x: Int! }",
        "Breaking FIELD_CHANGED_KIND A.x Int -> Int!",
    ),
    (
        "input A { x: Int }",
        "input A { x: Int y: Int! }",
        "Breaking REQUIRED_INPUT_FIELD_ADDED A.y",
    ),
    (
        "input A { x: Int }",
        "input A { x: Int y: Int }",
        "Dangerous OPTIONAL_INPUT_FIELD_ADDED A.y",
    ),
    (
        "input A { x: Int }",
        "input A { x: Int y: Int! = 1 }",
        "Dangerous OPTIONAL_INPUT_FIELD_ADDED A.y",
    ),
    (
        "input A { x: Int = 1 }",
        "input A { x: Int = 2 }",
        "Dangerous INPUT_FIELD_DEFAULT_VALUE_CHANGE A.x = 1 -> 2",
    ),
];

#[test]
fn every_kind_of_change_is_told() {
    for (old, new, change) in TABLE {
        assert_eq!(told(old, new), [change], "{old} -> {new}");
    }
}

#[test]
fn what_takes_nothing_away_is_no_change() {
    for (old, new) in [
        ("type A { x: Int }", "type A { x: Int } type B { x: Int }"),
        ("type A { x: Int }", "type A { x: Int y(a: Int!): Int }"),
        // What is read may be more certain, what is written less.
        ("type A { x: Int }", "type A { x: Int! }"),
        ("type A { x: [Int] }", "type A { x: [Int!]! }"),
        ("type A { x(a: Int!): Int }", "type A { x(a: Int): Int }"),
        (
            "type A { x(a: [Int!]!): Int }",
            "type A { x(a: [Int]): Int }",
        ),
        ("input A { x: Int! }", "input A { x: Int }"),
        ("enum E { X Y }", "enum E { Y X }"),
        (
            "\"that\" type A { x: Int @tier(atLeast: L1) }",
            "\"this\" type A { x: Int }",
        ),
        ("type A { x(a: Int): Int }", "type A { x(a: Int = 1): Int }"),
    ] {
        assert!(
            told(old, new).is_empty(),
            "{old} -> {new}: {:?}",
            told(old, new)
        );
    }
}

#[test]
fn what_breaks_comes_first() {
    let found = told(
        "enum E { X } type A { x: Int y: Int }",
        "enum E { X Y } type A { x: Int }",
    );
    assert_eq!(
        found,
        [
            "Breaking FIELD_REMOVED A.y",
            "Dangerous VALUE_ADDED_TO_ENUM E.Y"
        ]
    );
}
