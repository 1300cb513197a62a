//! How features are written: by area, in sentences, with the tables that the rules have as examples.

use super::{super::all as rule_all, *};

fn parsed() -> Vec<(String, Feature)> {
    let read = |path: &PathBuf| {
        let feature = Feature::parse_path(path, GherkinEnv::default()).expect("Gherkin");
        let file = path.strip_prefix(features()).expect("a feature of ours");
        (file.display().to_string(), feature)
    };
    let files = files(&features()).expect("the features' files");
    files.iter().map(read).collect()
}

#[test]
fn every_feature_is_tagged_with_its_area() {
    for (file, feature) in parsed() {
        let (area, _) = file.split_once('/').expect("a feature lies in its area");
        assert!(
            feature.tags.iter().any(|tag| tag == area),
            "{file} is not tagged @{area}"
        );
    }
}

#[test]
fn sentences_hold_no_json_and_no_graphql() {
    for (file, feature) in parsed() {
        for step in steps(&feature) {
            let cells = step
                .table
                .iter()
                .flat_map(|table| table.rows.iter().flatten());
            let docstring = step.docstring.iter();
            for text in cells.chain(docstring).chain([&step.value]) {
                let is_code = text.contains(['{', '}', '[', ']']) || text.contains("\": ");
                assert!(!is_code, "{file}:{}: {text}", step.position.line);
            }
        }
        for (_, scenario) in rule_all(&feature) {
            let tables = scenario
                .examples
                .iter()
                .filter_map(|examples| examples.table.as_ref());
            for cell in tables.flat_map(|table| table.rows.iter().flatten()) {
                assert!(!cell.contains(['{', '}', '[', ']']), "{file}: {cell}");
            }
        }
    }
}

#[test]
fn a_scenario_says_what_is_so_after_what_is_done() {
    use cucumber::gherkin::StepType;
    for (file, feature) in parsed() {
        for (_, scenario) in rule_all(&feature) {
            let last = scenario.steps.last().map(|step| step.ty);
            assert_eq!(last, Some(StepType::Then), "{file}: {}", scenario.name);
        }
    }
}

/// What stands in the examples of the outlines of a rule, and in their names.
fn examples(rule: &str) -> String {
    let mut words = String::new();
    for (_, feature) in parsed() {
        for (above, scenario) in rule_all(&feature) {
            let above = above.into_iter().flat_map(|above| &above.tags);
            let mut tags = feature.tags.iter().chain(above).chain(&scenario.tags);
            if !tags.any(|tag| tag == rule) {
                continue;
            }
            let tables = scenario
                .examples
                .iter()
                .filter_map(|examples| examples.table.as_ref());
            for cell in tables.flat_map(|table| table.rows.iter().flatten()) {
                words.push_str(cell);
                words.push('\n');
            }
        }
    }
    words
}

/// Faults where a table of words is not in the examples of its rule.
fn without(rule: &str, words: &str) -> Vec<String> {
    let examples = examples(rule);
    let split = |letter: char| !letter.is_ascii_alphanumeric() && letter != '_';
    let known: BTreeSet<&str> = examples.split(split).collect();
    let missing = words.split('|').filter(|word| !known.contains(word));
    missing
        .map(|word| format!("{rule}: no example has {word}"))
        .collect()
}

#[test]
fn the_tables_of_tiers_permissions_and_transitions_are_outlines() {
    let permissions = "EXECUTE_TASK|REPORT_STATUS|DELEGATE_TO_L3|AGGREGATE_L3_RESULTS|REQUEST_L1_REVIEW|DELEGATE_TO_L2\
        |APPROVE_ASSET|MODIFY_PIPELINE|CREATE_WORKFLOW|MANAGE_AGENTS|MODIFY_PERMISSIONS|ACCESS_AUDIT_LOGS";
    let statuses = "PENDING|ASSIGNED|IN_PROGRESS|REVIEW_REQUESTED|APPROVED|REJECTED|COMPLETED|FAILED|CANCELLED";
    let faults = [
        without("R1.02", "SYSTEM|L1|L2|L3"),
        without("R1.03", permissions),
        without("R3.02", statuses),
    ]
    .concat();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(without("R1.02", "L4"), ["R1.02: no example has L4"]);
}
