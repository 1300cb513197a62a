//! `rules.md` and the scenarios kept in step: each rule names its scenarios, and which rules have none yet is a list that
//! may only shrink.
//!
//! A rule is a line that begins with `- R3.07` and what follows it up to the next rule or heading. Its scenarios are the
//! lines that begin with `  > ` at its end; they are written by `e2e --rules` and checked by the tests here. Rules about the gates and the suite itself
//! name tests of ours in the same way, `  > gates/src/gate.rs: a_name`; those are written by hand, and that there are such tests is checked too.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use cucumber::gherkin::{self, Feature, GherkinEnv};

/// What stands before a scenario of a rule.
pub(crate) const MARK: &str = "  > ";

/// A scenario with the rules that it is tagged with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scenario {
    /// The file, from the features folder on.
    pub file: String,
    /// Its name.
    pub name: String,
    /// The rules: `R3.07`.
    pub rules: Vec<String>,
}

/// Every scenario that lies in the folders of `features`.
///
/// # Errors
/// When a file cannot be read or is not Gherkin.
pub fn scenarios(features: &Path) -> Result<Vec<Scenario>> {
    let mut found = Vec::new();
    for path in files(features)? {
        let feature = Feature::parse_path(&path, GherkinEnv::default())
            .with_context(|| path.display().to_string())?;
        let file = path
            .strip_prefix(features)
            .unwrap_or(&path)
            .display()
            .to_string();
        for (rule, scenario) in all(&feature) {
            let above = rule.into_iter().flat_map(|rule| &rule.tags);
            let tags = feature.tags.iter().chain(above).chain(&scenario.tags);
            let rules = tags.filter(|tag| is_rule(tag)).cloned().collect();
            found.push(Scenario {
                file: file.clone(),
                name: scenario.name.clone(),
                rules,
            });
        }
    }
    Ok(found)
}

/// Every scenario of a feature, with the Gherkin rule that it stands under.
pub(crate) fn all(
    feature: &Feature,
) -> impl Iterator<Item = (Option<&gherkin::Rule>, &gherkin::Scenario)> {
    let own = feature.scenarios.iter().map(|scenario| (None, scenario));
    let ruled = feature.rules.iter().flat_map(|rule| {
        let scenarios = rule.scenarios.iter();
        scenarios.map(move |scenario| (Some(rule), scenario))
    });
    own.chain(ruled)
}

/// Every step of a feature, those of its backgrounds too.
pub(crate) fn steps(feature: &Feature) -> impl Iterator<Item = &gherkin::Step> {
    let ruled = feature.rules.iter().map(|rule| rule.background.as_ref());
    let backgrounds = std::iter::once(feature.background.as_ref()).chain(ruled);
    let backgrounds = backgrounds
        .flatten()
        .flat_map(|background| &background.steps);
    backgrounds.chain(all(feature).flat_map(|(_, scenario)| &scenario.steps))
}

/// The feature files in the folders of `features`.
///
/// # Errors
/// When a folder cannot be read.
pub(crate) fn files(features: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in fs::read_dir(features)?.collect::<Result<Vec<_>, _>>()? {
        if folder.file_type()?.is_dir() && folder.file_name() != "src" {
            for file in fs::read_dir(folder.path())? {
                files.push(file?.path());
            }
        }
    }
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "feature")
    });
    files.sort();
    Ok(files)
}

/// Whether a tag names a rule: `R3.07`.
#[must_use]
pub fn is_rule(tag: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    tag.strip_prefix('R')
        .and_then(|numbers| numbers.split_once('.'))
        .is_some_and(|(section, rule)| digits(section) && digits(rule))
}

/// The id of the rule that begins in this line.
#[must_use]
pub fn rule_of(line: &str) -> Option<&str> {
    line.strip_prefix("- ")?
        .split_whitespace()
        .next()
        .filter(|word| is_rule(word))
}

/// The ids of all rules, in their order.
#[must_use]
pub fn rules(text: &str) -> Vec<&str> {
    text.lines().filter_map(rule_of).collect()
}

/// The same text with the scenarios of each rule at its end, and no others.
#[must_use]
pub fn render(text: &str, scenarios: &[Scenario]) -> String {
    let mut by_rule: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for scenario in scenarios {
        for rule in &scenario.rules {
            by_rule
                .entry(rule)
                .or_default()
                .push(format!("{MARK}{}: {}", scenario.file, scenario.name));
        }
    }
    let mut rendered: Vec<String> = Vec::new();
    let mut open: Option<&str> = None;
    let close = |open: Option<&str>, rendered: &mut Vec<String>| {
        let Some(own) = open.and_then(|rule| by_rule.get(rule)) else {
            return;
        };
        let blank = rendered
            .iter()
            .rev()
            .take_while(|line| line.is_empty())
            .count();
        let end = rendered.len() - blank;
        rendered.splice(end..end, own.iter().cloned());
    };
    let kept = |line: &&str| !line.starts_with(MARK) || named_test(line).is_some();
    for line in text.lines().filter(kept) {
        if rule_of(line).is_some() || line.starts_with('#') {
            close(open.take(), &mut rendered);
            open = rule_of(line);
        }
        rendered.push(line.to_owned());
    }
    close(open, &mut rendered);
    rendered.join("\n") + "\n"
}

/// The source and the name of a test that a rule names: `  > gates/src/gate.rs: a_name`.
#[must_use]
pub fn named_test(line: &str) -> Option<(&str, &str)> {
    let (file, name) = line.strip_prefix(MARK)?.split_once(": ")?;
    file.ends_with(".rs").then_some((file, name))
}

/// The tests that each rule names.
#[must_use]
pub fn named_tests(text: &str) -> BTreeMap<&str, Vec<(&str, &str)>> {
    let mut found: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    let mut open = None;
    for line in text.lines() {
        if rule_of(line).is_some() || line.starts_with('#') {
            open = rule_of(line);
        }
        if let (Some(rule), Some(test)) = (open, named_test(line)) {
            found.entry(rule).or_default().push(test);
        }
    }
    found
}

/// The list of rules without a scenario at the end of the text: what stands in its last code block.
///
/// # Errors
/// When there is none.
pub fn uncovered(text: &str) -> Result<&str> {
    match text.rsplit("```").nth(1) {
        Some(block) => Ok(block),
        None => bail!("there is no code block with the rules that have no scenario yet"),
    }
}

/// Writes the scenarios of each rule into `rules.md`.
///
/// # Errors
/// When a feature or the file itself cannot be read or written.
pub fn rewrite(features: &Path) -> Result<()> {
    let path = features.join("rules.md");
    let text = fs::read_to_string(&path)?;
    fs::write(&path, render(&text, &scenarios(features)?))?;
    Ok(())
}

#[cfg(test)]
mod tests;
