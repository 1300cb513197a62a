//! What `features/README.md` says is so: its scenarios pass, its snippet is what is printed, and the step that it ends with is one that compiles.

use cucumber::gherkin::{Feature, GherkinEnv};

use super::super::*;
use crate::{
    rule,
    suite::record::{Outcome, Sentence},
};

const PAGE: &str = include_str!("../../../README.md");

/// What stands on the page in this language, block by block.
fn blocks(language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for line in PAGE.lines() {
        let indent = line.len() - line.trim_start().len();
        match (&mut open, line.trim()) {
            (None, fence) if fence == format!("```{language}") => {
                open = Some((indent, String::new()));
            }
            (Some(_), "```") => blocks.extend(open.take().map(|(_, text)| text)),
            (Some((indent, text)), _) => {
                text.push_str(line.get(*indent..).unwrap_or_default());
                text.push('\n');
            }
            (None, _) => {}
        }
    }
    blocks
}

/// The feature as it is after both parts of the page.
fn feature() -> String {
    let blocks = blocks("gherkin");
    assert_eq!(blocks.len(), 2, "two pieces of Gherkin");
    blocks.join("\n")
}

#[tokio::test]
async fn the_scenarios_of_the_page_pass() {
    let folder = tempfile::tempdir().expect("a folder");
    let area = folder.path().join("tasks");
    std::fs::create_dir(&area).expect("an area");
    std::fs::write(area.join("tutorial.feature"), feature()).expect("a feature");
    let options = Options {
        features: folder.path().to_owned(),
        database: Choice::Sqlite,
        tags: None,
        name: None,
        concurrency: 2,
        reports: folder.path().join("reports"),
        without: Vec::new(),
        host: None,
        keep: false,
    };
    let tally = run(options, Kept::default()).await.expect("a run");
    let told: Vec<_> = tally
        .record()
        .runs()
        .map(|(_, run)| run.telling())
        .collect();
    assert!(tally.is_good(), "{told:#?}");
    assert_eq!((tally.passed(), tally.total()), (2, 2));
}

#[test]
fn the_snippet_of_the_page_is_the_one_that_is_printed() {
    let feature = Feature::parse(feature(), GherkinEnv::default()).expect("Gherkin");
    let step = rule::steps(&feature).find(|step| step.value.ends_with("no children"));
    let step = step.expect("the sentence that is new");
    let sentence = Sentence {
        background: false,
        keyword: step.keyword.trim().to_owned(),
        text: step.value.clone(),
        outline: None,
        line: step.position.line,
        table: Vec::new(),
        outcome: Outcome::Undefined,
        took: Duration::ZERO,
        error: None,
    };
    let scenario = [sentence];
    let catalogue = Catalogue::read().expect("the catalogue");
    let snippet = catalogue.snippet(&scenario, &scenario[0]);
    assert_eq!(blocks("rust").first(), Some(&snippet));
}

#[test]
fn the_step_that_the_page_ends_with_is_one_that_compiles() {
    let written = include_str!("tutorial.rs").to_owned();
    assert_eq!(blocks("rust").get(1), Some(&written));
}
