//! A run as one HTML page that reads as documentation: areas, features, rules, scenarios and sentences, each with how it went, and the rules of the
//! system with the scenarios that show them. The page needs nothing else, and works without its script but for searching.

use std::{collections::BTreeSet, fmt::Write as _, time::Duration};

use chrono::{DateTime, SecondsFormat, Utc};

use super::{
    Tally,
    record::{Feature, Run, Verdict, scenarios, worst},
};
use crate::{catalogue::Catalogue, rule};

mod law;
mod scenario;

/// What stands at the head of the page.
#[derive(Debug)]
pub struct Head {
    /// What it was run on.
    pub database: String,
    /// What was chosen of the whole.
    pub selection: Option<String>,
    /// Of which build.
    pub build: String,
    /// When it ended.
    pub ended: DateTime<Utc>,
    /// How long it took.
    pub took: Duration,
}

/// The page.
#[must_use]
pub fn page(head: &Head, tally: &Tally, rules: &str, catalogue: &Catalogue) -> String {
    let record = tally.record();
    let class = if tally.is_good() { "passed" } else { "failed" };
    let title = format!("The Gherkin suite on {}", head.database);
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{}</style>\n<header class=\"{class}\"><div class=\"rating\">{}/{}</div>\
         <div><h1>{title}</h1><p>{}</p></div></header>\n",
        include_str!("page/style.css"),
        tally.passed(),
        tally.total(),
        counts(tally)
    );
    html += &facts(head, tally);
    html += &form(tally);
    for error in &record.unreadable {
        // Writing to a string does not fail.
        let _ = writeln!(html, "<pre class=\"error\">{}</pre>", text(error));
    }
    let areas: BTreeSet<&str> = record.features.iter().map(area).collect();
    for area in areas {
        let _ = writeln!(html, "<section class=\"area\"><h2>{}</h2>", text(area));
        for one in record.features.iter().filter(|one| self::area(one) == area) {
            html += &feature(one, catalogue);
        }
        html += "</section>\n";
    }
    html += &law::section(rules, record);
    let _ = writeln!(
        html,
        "<script>\n{}</script>\n</html>",
        include_str!("page/script.js")
    );
    html
}

fn counts(tally: &Tally) -> String {
    let all = [Verdict::Failed, Verdict::Flaky, Verdict::Undefined];
    let told: Vec<String> = all
        .into_iter()
        .map(|verdict| (verdict, tally.count(verdict)))
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| format!("{count} {}", verdict.word()))
        .collect();
    match told.as_slice() {
        [] if tally.is_good() => "every scenario passed".to_owned(),
        [] => "nothing was run".to_owned(),
        told => told.join(", "),
    }
}

fn facts(head: &Head, tally: &Tally) -> String {
    let mut facts = vec![
        (
            "ended",
            head.ended.to_rfc3339_opts(SecondsFormat::Secs, true),
        ),
        ("took", seconds(head.took)),
        (
            "runs",
            format!("{}, each example counted", tally.examples()),
        ),
        ("build", head.build.clone()),
    ];
    if let Some(selection) = &head.selection {
        facts.push(("only", selection.clone()));
    }
    let rows: String = facts
        .iter()
        .map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>", text(value)))
        .collect();
    format!("<dl>{rows}</dl>\n")
}

fn form(tally: &Tally) -> String {
    let runs = || tally.record().runs();
    let tags: BTreeSet<&str> = runs()
        .flat_map(|(_, run)| run.tags.iter().map(String::as_str))
        .collect();
    let (rules, tags): (Vec<&str>, Vec<&str>) =
        tags.into_iter().partition(|tag| rule::is_rule(tag));
    let options = |name: &str, label: &str, values: &[&str]| {
        let values: String = values
            .iter()
            .map(|value| format!("<option>{}</option>", text(value)))
            .collect();
        format!(
            "<select name=\"{name}\" aria-label=\"{label}\"><option value=\"\">{label}</option>{values}</select>"
        )
    };
    let statuses = ["not passed", "failed", "flaky", "undefined", "passed"];
    format!(
        "<form><input name=\"words\" type=\"search\" placeholder=\"Search scenarios and sentences\" aria-label=\"Search\">{}{}{}<output></output></form>\n",
        options("status", "every outcome", &statuses),
        options("tag", "every tag", &tags),
        options("rule", "every rule", &rules)
    )
}

fn area(feature: &Feature) -> &str {
    feature
        .file
        .split_once('/')
        .map_or("features", |(area, _)| area)
}

fn feature(feature: &Feature, catalogue: &Catalogue) -> String {
    let all = scenarios(feature);
    let verdict = all.iter().map(|runs| worst(runs)).max();
    let verdict = verdict.unwrap_or(Verdict::Failed);
    let passed = all
        .iter()
        .filter(|runs| worst(runs) == Verdict::Passed)
        .count();
    let open = if verdict == Verdict::Passed {
        ""
    } else {
        " open"
    };
    let remembered = if open.is_empty() { "no" } else { "yes" };
    let mut html = format!(
        "<details class=\"feature {}\" id=\"{}\" data-open=\"{remembered}\"{open}><summary><h3>{}</h3> \
         <span class=\"state\">{passed}/{}</span> <span class=\"tags\">{}</span></summary>\n<p>{} <span class=\"time\">{}</span></p>\n",
        verdict.word(),
        text(&feature.file),
        text(&feature.name),
        all.len(),
        tags(&feature.tags),
        text(feature.description.trim()),
        text(&format!("features/{}", feature.file))
    );
    let mut under: Option<&str> = None;
    for runs in &all {
        let rule = runs.first().and_then(|run| run.rule.as_deref());
        if rule != under {
            if under.is_some() {
                html += "</div>\n";
            }
            if let Some(rule) = rule {
                let _ = writeln!(
                    html,
                    "<div class=\"gherkin-rule\"><h4>Rule: {}</h4>",
                    text(rule)
                );
            }
            under = rule;
        }
        html += &scenario::scenario(feature, runs, catalogue);
    }
    if under.is_some() {
        html += "</div>\n";
    }
    html += "</details>\n";
    html
}

/// The tags: a rule's leads to its text.
fn tags(tags: &[String]) -> String {
    let one = |tag: &String| {
        let name = text(tag);
        if rule::is_rule(tag) {
            format!("<a href=\"#{name}\" data-rule>{name}</a>")
        } else {
            format!("<span>@{name}</span>")
        }
    };
    tags.iter().map(one).collect()
}

/// Where on the page a scenario is.
fn anchor(feature: &Feature, run: &Run) -> String {
    text(&format!("{}:{}", feature.file, run.first_line))
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// Text that is nothing but text.
pub(crate) fn text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
