//! The sentences of the features are understood before any server is started.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use cucumber::{
    World as _,
    feature::Ext as _,
    gherkin::{Feature, GherkinEnv},
};

use super::*;
use crate::rule;

mod guest;
mod readme;
mod reports;
mod tutorial;

#[test]
fn every_sentence_has_exactly_one_meaning() {
    let steps = Studio::collection();
    let mut faults = Vec::new();
    for path in rule::files(&features()).expect("the features' files") {
        let feature = Feature::parse_path(&path, GherkinEnv::default()).expect("Gherkin");
        let feature = feature
            .expand_examples()
            .expect("every placeholder has its column");
        for step in rule::steps(&feature) {
            let fault = match steps.find(step) {
                Ok(Some(_)) => continue,
                Ok(None) => "no step is written so".to_owned(),
                Err(ambiguous) => ambiguous.to_string(),
            };
            faults.push(format!(
                "{}:{} {}: {fault}",
                path.display(),
                step.position.line,
                step.value
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
