//! Closed by default, and each guard over the field of its operation.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use async_graphql::{EmptyMutation, EmptySubscription, Object};

use crate::auth::policy::Operation;
use crate::graphql::error;
use crate::graphql::guard::Closed;

struct Forgetful;

#[Object(guard = "Closed")]
impl Forgetful {
    async fn forgotten(&self) -> i32 {
        7
    }
}

#[tokio::test]
async fn a_field_that_declares_no_requirement_refuses_everybody() {
    let schema = async_graphql::Schema::new(Forgetful, EmptyMutation, EmptySubscription);
    let response = schema.execute("{ forgotten }").await;
    let refused = error::domain(&response.errors[0]).unwrap();
    assert_eq!(refused.code(), crate::error::Code::Forbidden);
    assert_eq!(refused.denial().unwrap().rule, "closed by default");
}

/// Every source of this floor.
fn sources(directory: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                sources(&path, found);
            }
        } else {
            found.push(fs::read_to_string(path).unwrap());
        }
    }
}

fn floor() -> Vec<String> {
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/graphql");
    sources(&root, &mut found);
    found
}

/// `reviewQueue` of `review_queue`.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        camel += &word[..1].to_uppercase();
        camel += &word[1..];
    }
    camel
}

#[test]
fn each_guard_stands_over_the_field_of_its_operation() {
    let mut guarded = HashSet::new();
    for source in floor() {
        for after in source.split("guard = \"Allow(Operation::").skip(1) {
            let (operation, rest) = after.split_once(')').unwrap();
            let (_, rest) = rest.split_once("async fn ").unwrap();
            let (field, _) = rest.split_once('(').unwrap();
            let known = Operation::ALL
                .iter()
                .find(|known| format!("{known:?}") == operation)
                .unwrap();
            let name = known.name().rsplit('.').next().unwrap();
            assert_eq!(camel(field), name, "the guard of `{field}`");
            assert!(guarded.insert(*known), "{operation} guards two fields");
        }
    }
    assert_eq!(guarded.len(), Operation::ALL.len());
}

#[test]
fn every_root_object_is_closed() {
    let mut closed = 0;
    for source in floor() {
        for (before, _) in source
            .match_indices("\nimpl ")
            .map(|(at, _)| source.split_at(at))
        {
            let rest = &source[before.len() + 1..];
            let (head, _) = rest.split_once('\n').unwrap();
            let name = head
                .trim_start_matches("impl ")
                .trim_end_matches('{')
                .trim();
            let is_root = ["Query", "Mutation", "Subscription"]
                .iter()
                .any(|root| name.ends_with(root));
            let attribute = before.lines().last().unwrap();
            if is_root && attribute.starts_with("#[") {
                let guard = "guard = \"crate::graphql::guard::Closed\"";
                assert!(attribute.contains(guard), "{name} is not closed");
                closed += 1;
            }
        }
    }
    // Of eleven nouns what can be asked, of ten what can be done, and the streams.
    assert_eq!(closed, 22);
}
