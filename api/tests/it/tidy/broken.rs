//! Breaks each house rule on purpose, so that a rule which can no longer fail is noticed.

use std::fs;

use super::faults;

/// The faults of a house that consists of these files alone.
fn faults_of(files: &[(&str, &str)]) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    faults(root.path())
}

#[test]
fn a_tidy_house_has_no_faults() {
    let files = [
        (".gitignore", "/target\n"),
        ("target/debug/utils.rs", "generated"),
        ("Cargo.toml", "[workspace]"),
        (
            "api/Cargo.toml",
            "[dependencies]\nentities.workspace = true\n",
        ),
        ("api/src/lib.rs", "//! Root.\npub mod app;\n"),
        (
            "api/src/app.rs",
            "//! Floor 6.\nuse crate::{auth, http::router};\n",
        ),
        (
            "api/src/http/task.rs",
            "//! Floor 5, over crate::app.\nuse axum::Router;\n",
        ),
        (
            "features/task.feature",
            "Feature: a mastodon TODOs nothing\n",
        ),
    ];
    assert_eq!(faults_of(&files), [] as [&str; 0]);
}

#[test]
fn all_faults_are_listed_at_once() {
    let files = [
        ("stray.txt", ""),
        ("api/src/auth/mod.rs", "use tokio::fs;\n"),
    ];
    assert_eq!(faults_of(&files).len(), 4);
}

#[test]
fn a_lower_floor_names_no_higher_one() {
    let files = [
        ("api/src/error.rs", "//! 0\nuse crate::auth::Actor;\n"),
        ("api/src/auth.rs", "//! 1\nuse super::store;\n"),
        (
            "api/src/store/tx.rs",
            "//! 2\nuse crate::{\n    auth,\n    service::task,\n};\n",
        ),
        (
            "api/src/service.rs",
            "//! 3\nfn f() { crate::graphql::f() }\n",
        ),
        (
            "api/src/graphql.rs",
            "//! 4\npub(in crate::http) fn f() {}\n",
        ),
        ("api/src/http.rs", "//! 5\nuse crate::app as upstairs;\n"),
    ];
    let expected = [
        "api/src/auth.rs:2: `auth` names `store`, which is above it",
        "api/src/error.rs:2: `error` names `auth`, which is above it",
        "api/src/graphql.rs:2: `graphql` names `http`, which is above it",
        "api/src/http.rs:2: `http` names `app`, which is above it",
        "api/src/service.rs:2: `service` names `graphql`, which is above it",
        "api/src/store/tx.rs:4: `store` names `service`, which is above it",
    ];
    assert_eq!(faults_of(&files), expected);
}

#[test]
fn a_floor_names_only_the_libraries_that_are_its_business() {
    let files = [
        (
            "api/src/auth/token.rs",
            "//! 1\nuse std::{fmt, fs::File};\nuse tokio::fs;\nuse sea_orm::DbErr;\n",
        ),
        ("api/src/store.rs", "//! 2\nuse async_graphql::ID;\n"),
        (
            "api/src/service/task.rs",
            "//! 3\nfn f() -> axum::Router {}\n",
        ),
        (
            "api/src/graphql/task.rs",
            "//! 4\nuse sea_orm::entity::*;\n",
        ),
        ("api/src/http.rs", "//! 5\nuse ::sea_orm;\n"),
    ];
    let expected = [
        "api/src/auth/token.rs:2: `auth` names `std::fs`",
        "api/src/auth/token.rs:3: `auth` names `tokio::fs`",
        "api/src/auth/token.rs:4: `auth` names `sea_orm`",
        "api/src/graphql/task.rs:2: `graphql` names `sea_orm`",
        "api/src/http.rs:2: `http` names `sea_orm`",
        "api/src/service/task.rs:2: `service` names `axum`",
        "api/src/store.rs:2: `store` names `async_graphql`",
    ];
    assert_eq!(faults_of(&files), expected);
}

#[test]
fn every_source_of_the_api_stands_on_a_floor() {
    let expected = ["api/src/cellar/wine.rs: `cellar` stands on no floor"];
    assert_eq!(
        faults_of(&[("api/src/cellar/wine.rs", "//! Where?\n")]),
        expected
    );
}

#[test]
fn dependencies_between_crates_point_down() {
    let files = [
        (
            "entities/Cargo.toml",
            "[dev-dependencies]\nziggie = { path = \"../api\" }\n",
        ),
        (
            "gates/Cargo.toml",
            "[dependencies]\nrows = { workspace = true, package = \"entities\" }\n",
        ),
        (
            "xtask/Cargo.toml",
            "[target.'cfg(unix)'.build-dependencies]\ngates.workspace = true\n",
        ),
    ];
    let expected = [
        "entities/Cargo.toml: must not depend on `ziggie`",
        "gates/Cargo.toml: must not depend on `entities`",
        "xtask/Cargo.toml: must not depend on `gates`",
    ];
    assert_eq!(faults_of(&files), expected);
}

#[test]
fn names_say_what_is_inside() {
    let files = [
        ("docs/page.md", ""),
        ("api/src/store/mod.rs", "//! 2\n"),
        ("entities/src/utils.rs", "//! 0\n"),
        ("gates/src/common/check.rs", "//! A gate.\n"),
    ];
    let expected = [
        "api/src/store/mod.rs: write NAME.rs beside NAME/ instead of mod.rs",
        "docs: not among the settled names at the top",
        "entities/src/utils.rs: `utils` says nothing, name it by its noun",
        "gates/src/common/check.rs: `common` says nothing, name it by its noun",
    ];
    assert_eq!(faults_of(&files), expected);
}

#[test]
fn every_module_says_what_lives_in_it() {
    let expected = ["gates/src/lib.rs:1: opens without //! (what lives here, on which floor)"];
    assert_eq!(
        faults_of(&[("gates/src/lib.rs", "use std::fmt;\n")]),
        expected
    );
}

#[test]
fn nothing_is_left_undone() {
    let marks = [
        concat!("// TO", "DO: more"),
        concat!("// FIX", "ME"),
        concat!("let XX", "X = 1;"),
        concat!("to", "do!()"),
        concat!("unimple", "mented!()"),
        concat!("#[ig", "nore = \"slow\"]"),
    ];
    for mark in marks {
        let found = faults_of(&[("gates/src/lib.rs", &format!("//! A gate.\n\n{mark}\n"))]);
        assert_eq!(found.len(), 1, "{mark}: {found:?}");
        assert!(found[0].starts_with("gates/src/lib.rs:3: `"), "{found:?}");
    }
    let feature = concat!("Feature: tasks\n  # TO", "DO\n");
    assert_eq!(faults_of(&[("features/task.feature", feature)]).len(), 1);
}

#[test]
fn no_file_is_too_long_to_read() {
    let long = "//! A gate.\n".repeat(401);
    let expected = ["gates/src/lib.rs: 401 lines, 400 is the most"];
    assert_eq!(faults_of(&[("gates/src/lib.rs", &long)]), expected);
}
