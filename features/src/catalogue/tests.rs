//! The catalogue has what is compiled, every sentence in it is used, and what it proposes is in the project's manner.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{collections::BTreeSet, time::Duration};

use cucumber::codegen::{StepConstructor, WorldInventory, inventory};
use regex::Regex;

use super::*;
use crate::suite::record::Outcome;

fn catalogue() -> Catalogue {
    Catalogue::read().expect("the sources of the steps")
}

/// Where the compiled steps of one keyword are written.
fn compiled<S: StepConstructor<Studio> + inventory::Collect>() -> BTreeSet<(String, usize)> {
    inventory::iter::<S>
        .into_iter()
        .map(|step| step.inner().0)
        .map(|at| (within(at.path), at.line as usize))
        // The page for who writes scenarios ends with a step, which is compiled with the tests.
        .filter(|(file, _)| file.starts_with("step/"))
        .collect()
}

#[test]
fn the_catalogue_has_every_step_that_is_compiled_and_no_other() {
    let read = |keyword: Keyword| -> BTreeSet<(String, usize)> {
        let steps = catalogue().steps;
        let own = steps.into_iter().filter(|step| step.keyword == keyword);
        own.map(|step| (step.file, step.line)).collect()
    };
    assert_eq!(
        read(Keyword::Given),
        compiled::<<Studio as WorldInventory>::Given>()
    );
    assert_eq!(
        read(Keyword::When),
        compiled::<<Studio as WorldInventory>::When>()
    );
    assert_eq!(
        read(Keyword::Then),
        compiled::<<Studio as WorldInventory>::Then>()
    );
}

#[test]
fn every_way_to_say_something_is_used_by_a_feature() {
    let catalogue = catalogue()
        .with_examples(&suite::features())
        .expect("the features");
    // One function may be written for several keywords, so that a sentence can stand wherever it makes sense.
    let mut unused: BTreeSet<&str> = catalogue
        .steps
        .iter()
        .map(|step| step.pattern.as_str())
        .collect();
    for step in catalogue.steps.iter().filter(|step| step.example.is_some()) {
        unused.remove(step.pattern.as_str());
    }
    assert!(unused.is_empty(), "no feature says: {unused:#?}");
}

#[test]
fn every_sentence_is_an_expression_but_those_that_cannot_be() {
    let steps = catalogue().steps;
    let regexes: Vec<&str> = steps
        .iter()
        .filter(|step| step.is_regex)
        .map(|step| step.pattern.as_str())
        .collect();
    assert!(
        regexes.is_empty(),
        "written as regular expressions: {regexes:#?}"
    );
}

#[test]
fn every_word_is_explained() {
    for word in catalogue().parameters {
        assert!(!word.doc.is_empty(), "{{{}}} is not explained", word.name);
    }
}

fn sentence(keyword: &str, text: &str, table: Vec<Vec<String>>) -> Sentence {
    Sentence {
        background: false,
        keyword: keyword.to_owned(),
        text: text.to_owned(),
        outline: None,
        line: 1,
        table,
        outcome: Outcome::Undefined,
        took: Duration::ZERO,
        error: None,
    }
}

/// A pattern as a regular expression, by the words that it names.
fn regex(pattern: &str, words: &[Parameter]) -> Regex {
    let mut regex = regex::escape(&pattern.replace('\\', ""));
    for word in words {
        let name = format!(r"\{{{}\}}", word.name);
        regex = regex.replace(&name, &format!("(?:{})", word.regex));
    }
    Regex::new(&format!("^{}$", regex.replace(r"\{string\}", "\"[^\"]*\""))).expect("a pattern")
}

#[test]
fn a_snippet_names_the_project_s_words_and_is_rust_that_means_the_sentence() {
    let catalogue = catalogue();
    for (text, expression) in [
        (
            "ARTEMIS praises the portrait task",
            "{agent} praises {task}",
        ),
        (
            "L2-CHAR-001 shows the pose task and the color task",
            "{agent} shows {tasks}",
        ),
        (
            "the operator lends L1-ART-001 \"a brush\"",
            "{agent} lends {agent} {string}",
        ),
        (
            "it hears TASK_CREATED three times",
            "it hears {action} {count} times",
        ),
        (
            "the type DRAW_SKETCH is retired",
            "the type {type} is retired",
        ),
        (
            "the fox sprint is RUNNING after five minutes",
            "{sprint} is {validationStatus} after {span}",
        ),
        (
            "the portrait task is ASSIGNED (or so)",
            "{task} is {status} \\(or so\\)",
        ),
        ("nobody has one idea", "nobody has one idea"),
    ] {
        let scenario = [
            sentence("When", "something", Vec::new()),
            sentence("And", text, Vec::new()),
        ];
        let snippet = catalogue.snippet(&scenario, &scenario[1]);
        let pattern = format!("{expression:?}");
        assert!(snippet.contains(&pattern), "{snippet} has no {pattern}");
        assert!(
            snippet.contains("#[when("),
            "And means what stood before: {snippet}"
        );
        let file = syn::parse_file(&snippet).expect("Rust");
        assert_eq!(file.items.len(), 4, "{snippet}");
        assert!(
            regex(expression, &catalogue.parameters).is_match(text),
            "{expression}"
        );
    }
}

#[test]
fn a_snippet_takes_the_sentence_s_table() {
    let table = vec![vec!["a".to_owned(), "b".to_owned()]];
    let scenario = [sentence("Then", "ARTEMIS keeps these:", table)];
    let snippet = catalogue().snippet(&scenario, &scenario[0]);
    assert!(snippet.contains("step: &Step, who: Agent"), "{snippet}");
    assert!(snippet.contains("gherkin::Step"), "{snippet}");
}

#[test]
fn the_page_has_every_sentence_and_fetches_nothing() {
    let catalogue = catalogue();
    let page = page(&catalogue);
    assert_eq!(
        page.matches("class=\"step\"").count(),
        catalogue.steps.len() + catalogue.parameters.len()
    );
    for fetched in ["src=", "<link", "@import", "url("] {
        assert!(!page.contains(fetched), "{fetched}: nothing is fetched");
    }
}

#[test]
fn editors_know_the_words() {
    let path = suite::features().with_file_name(".vscode/settings.json");
    let text = std::fs::read_to_string(path).expect(".vscode/settings.json");
    let written: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert!(
        written == settings(&catalogue()),
        ".vscode/settings.json is not in step with the words: run `cargo xtask e2e --editors`"
    );
}
