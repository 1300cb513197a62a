//! What the judge of the clients notices, and that the README shows what was tried.
#![allow(clippy::unwrap_used)]

use std::fs;

use clap::ValueEnum as _;

use super::*;

fn created() -> Vec<String> {
    ["a", "b", "c", "d"].map(str::to_owned).to_vec()
}

fn heard(tasks: &[&str]) -> Vec<Value> {
    let event = |task: &&str| json!({ "did": "event", "action": "TASK_CREATED", "task": task });
    tasks.iter().map(event).collect()
}

#[test]
fn a_client_hears_everything_from_where_it_began() {
    compare(&created(), &heard(&["a", "b", "c", "d"])).unwrap();
    compare(&created(), &heard(&["c", "d"])).unwrap();
}

#[test]
fn a_gap_a_repetition_another_order_and_a_stranger_are_noticed() {
    for wrong in [
        &["b", "d"][..],
        &["b", "c"],
        &["b", "c", "c", "d"],
        &["b", "c", "d", "d"],
        &["b", "d", "c"],
        &["b", "x", "c", "d"],
        &["x"],
        &[],
    ] {
        assert!(compare(&created(), &heard(wrong)).is_err(), "{wrong:?}");
    }
    let mut other = heard(&["a", "b", "c", "d"]);
    other[2]["action"] = json!("TASK_CANCELLED");
    assert!(compare(&created(), &other).is_err());
}

#[test]
fn an_error_has_the_code_of_the_server_and_its_request() {
    let refusal = |what: &str, code: &str| {
        let extensions = json!({ "code": code, "requestId": "req_1", "retryable": false });
        json!({ "did": "refuse", "what": what, "error": "Refused", "extensions": extensions })
    };
    let right = [
        refusal("query", "NOT_FOUND"),
        refusal("subscription", "BAD_USER_INPUT"),
    ];
    refused(Program::Rust, &mut right.clone()).unwrap();
    // Whose documents nobody has checked has to show what becomes of a wrong one.
    assert!(refused(Program::Python, &mut right.clone()).is_err());
    let other_code = [
        refusal("query", "INTERNAL"),
        refusal("subscription", "BAD_USER_INPUT"),
    ];
    assert!(refused(Program::Rust, &mut other_code.clone()).is_err());
    let mut bare = right;
    bare[0]["extensions"] = json!(null);
    assert!(refused(Program::Rust, &mut bare).is_err());
}

#[tokio::test]
async fn the_versions_of_every_client_are_locked() {
    for program in Program::value_variants() {
        // What runs it need not be here.
        let locked = program.locked().unwrap();
        assert!(!locked.is_empty(), "{program:?}");
    }
}

/// Each line that the README shows of a client is one of its program.
#[test]
fn the_readme_shows_lines_of_the_programs() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("");
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let (_, section) = readme.split_once("\n## Clients\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    for program in Program::value_variants() {
        let marker = format!("](features/clients/{}/", program.name());
        let (_, shown) = section.split_once(marker.as_str()).unwrap();
        let (page, shown) = shown.split_once(')').unwrap();
        let path = root
            .join("features/clients")
            .join(program.name())
            .join(page);
        let source = fs::read_to_string(&path).unwrap();
        let source: Vec<&str> = source.lines().map(str::trim).collect();
        let block = shown.split("```").nth(1).unwrap();
        let lines: Vec<&str> = block.lines().skip(1).map(str::trim).collect();
        assert!((1..=5).contains(&lines.len()), "{program:?}");
        for line in lines {
            assert!(source.contains(&line), "{program:?} has no `{line}`");
        }
    }
}
