//! The project's rules and scenarios are in step.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use gates::shrinking::List;

use super::*;

fn features() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text() -> String {
    fs::read_to_string(features().join("rules.md")).expect("rules.md")
}

fn all() -> Vec<Scenario> {
    scenarios(&features()).expect("the features are Gherkin")
}

#[test]
fn each_rule_names_its_scenarios() {
    assert!(
        render(&text(), &all()) == text(),
        "rules.md is not in step with the features: run `cargo run -p features --bin e2e -- --rules`"
    );
}

#[test]
fn every_rule_that_a_scenario_is_tagged_with_exists() {
    let text = text();
    let known: BTreeSet<_> = rules(&text).into_iter().collect();
    for scenario in all() {
        for rule in &scenario.rules {
            assert!(
                known.contains(rule.as_str()),
                "{}: {} is tagged with {rule}",
                scenario.file,
                scenario.name
            );
        }
    }
}

#[test]
fn every_scenario_names_a_rule() {
    for scenario in all() {
        assert!(
            !scenario.rules.is_empty(),
            "{}: {} names no rule",
            scenario.file,
            scenario.name
        );
    }
}

#[test]
fn a_scenario_has_a_name_of_its_own() {
    let mut seen = BTreeSet::new();
    for scenario in all() {
        let name = (scenario.file, scenario.name);
        assert!(seen.insert(name.clone()), "{name:?} is there twice");
    }
}

#[test]
fn rules_without_a_scenario_are_listed_and_the_list_only_shrinks() {
    let (text, all) = (text(), all());
    let covered: BTreeSet<_> = all
        .iter()
        .flat_map(|scenario| &scenario.rules)
        .map(String::as_str)
        .collect();
    // The rules of sections 8 and 9 are about the gates and the suite itself: their tests are named in their own place.
    let without = rules(&text).into_iter().filter(|rule| {
        !rule.starts_with("R8.") && !rule.starts_with("R9.") && !covered.contains(rule)
    });
    let list = List::read(uncovered(&text).expect("a code block"))
        .expect("a list with its number at the head");
    let faults = list.faults(without);
    assert!(
        faults.is_empty(),
        "the list at the end of rules.md does not say what is so:\n{}",
        faults.join("\n")
    );
}

const SMALL: &str = "# Rules\n- R1.01 One.\n\n| a table |\n\n- R1.02 Two\n  on two lines.\n  > gone.feature: Gone\n\n## 2. More\n- R2.01 Three.\n";

fn tagged(name: &str, rules: &[&str]) -> Scenario {
    let rules = rules.iter().map(|rule| (*rule).to_owned()).collect();
    Scenario {
        file: "a.feature".to_owned(),
        name: name.to_owned(),
        rules,
    }
}

#[test]
fn scenarios_are_put_at_the_end_of_their_rule_and_old_ones_go() {
    let rendered = render(
        SMALL,
        &[tagged("A", &["R1.01", "R2.01"]), tagged("B", &["R1.01"])],
    );
    let wanted = "# Rules\n- R1.01 One.\n\n| a table |\n  > a.feature: A\n  > a.feature: B\n\n- R1.02 Two\n  on two lines.\n\n## 2. More\n- R2.01 Three.\n  > a.feature: A\n";
    assert_eq!(rendered, wanted);
    assert_eq!(
        render(
            &rendered,
            &[tagged("A", &["R1.01", "R2.01"]), tagged("B", &["R1.01"])]
        ),
        wanted
    );
}

#[test]
fn only_what_looks_like_a_rule_is_one() {
    assert!(is_rule("R3.07") && is_rule("R10.02"));
    assert!(!is_rule("registration") && !is_rule("R3") && !is_rule("R3.") && !is_rule("Rx.1"));
}
