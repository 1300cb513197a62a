//! The project's rules and scenarios are in step.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use gates::shrinking::List;

use super::*;

mod style;

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
    let tested = named_tests(&text);
    let without = rules(&text).into_iter().filter(|rule| {
        let is_shown = match is_about_ourselves(rule) {
            true => tested.contains_key(rule),
            false => covered.contains(rule),
        };
        !is_shown
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

/// The rules of sections 8 and 9 are about the gates and the suite itself: tests of ours show them.
fn is_about_ourselves(rule: &str) -> bool {
    rule.starts_with("R8.") || rule.starts_with("R9.")
}

#[test]
fn every_test_that_a_rule_names_is_there() {
    let root = features();
    let root = root.parent().expect("the repository");
    let mut faults = Vec::new();
    for (rule, tests) in named_tests(&text()) {
        if !is_about_ourselves(rule) {
            faults.push(format!("{rule} names tests: it is shown by scenarios"));
        }
        for (file, name) in tests {
            let source = fs::read_to_string(root.join(file)).unwrap_or_default();
            if !has_test(&source, name) {
                faults.push(format!("{rule}: there is no test {name} in {file}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Whether a source has a test of that name: a function with an attribute `test` right above it.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let declared = format!("fn {name}(");
    let at = lines.iter().position(|line| line.contains(&declared));
    let above = at.into_iter().flat_map(|at| lines.iter().take(at).rev());
    let mut above = above.take_while(|line| line.starts_with("#[") || line.starts_with("//"));
    above.any(|line| line.contains("test]") || line.contains("test("))
}

#[test]
fn a_function_that_is_no_test_is_none() {
    let source = "#[test]\nfn a() {}\n\nfn b() {}\n#[tokio::test]\nasync fn c() {}\n";
    assert!(has_test(source, "a") && has_test(source, "c"));
    assert!(!has_test(source, "b") && !has_test(source, "d") && !has_test("", "a"));
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
fn tests_that_a_rule_names_are_kept() {
    let text = "- R8.01 One.\n  > gates/src/gate.rs: a_name\n  > gone.feature: Gone\n";
    let kept = "- R8.01 One.\n  > gates/src/gate.rs: a_name\n";
    assert_eq!(render(text, &[]), kept);
    assert_eq!(
        named_tests(kept)["R8.01"],
        [("gates/src/gate.rs", "a_name")]
    );
}

#[test]
fn only_what_looks_like_a_rule_is_one() {
    assert!(is_rule("R3.07") && is_rule("R10.02"));
    assert!(!is_rule("registration") && !is_rule("R3") && !is_rule("R3.") && !is_rule("Rx.1"));
}
