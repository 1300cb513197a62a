//! The rules of the system on the page, each with the scenarios of this run that show it.

use std::fmt::Write as _;

use super::{anchor, text};
use crate::{
    rule,
    suite::record::{Record, scenarios, worst},
};

/// The rules out of `rules.md`.
pub(super) fn section(rules: &str, record: &Record) -> String {
    let mut html = String::from("<section><h2 id=\"rules\">The rules</h2>\n");
    for (id, lines) in texts(rules) {
        // Writing to a string does not fail.
        let _ = writeln!(
            html,
            "<div class=\"law\" id=\"{id}\">{}",
            paragraphs(&lines)
        );
        let shown = shown(id, record);
        if !shown.is_empty() {
            let _ = writeln!(html, "<ul>{shown}</ul>");
        }
        html += "</div>\n";
    }
    html + "</section>\n"
}

/// The lines of each rule, without the scenarios that stand at its end.
fn texts(rules: &str) -> Vec<(&str, Vec<&str>)> {
    let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut within = false;
    for line in rules.lines().filter(|line| !line.starts_with(rule::MARK)) {
        match rule::rule_of(line) {
            Some(id) => {
                found.push((id, vec![line.trim_start_matches("- ")]));
                within = true;
            }
            None if line.starts_with('#') => within = false,
            None if within => {
                if let Some((_, lines)) = found.last_mut() {
                    lines.push(line.trim());
                }
            }
            None => {}
        }
    }
    found
}

/// Prose, and tables where lines begin with a bar.
fn paragraphs(lines: &[&str]) -> String {
    let mut html = String::new();
    for block in lines.chunk_by(|a, b| a.starts_with('|') == b.starts_with('|')) {
        if block.first().is_some_and(|line| line.starts_with('|')) {
            let rows = block.iter().filter(|line| !line.starts_with("|---"));
            let rows: String = rows
                .map(|line| {
                    let cells = line.trim_matches('|').split('|');
                    let cells: String = cells
                        .map(|cell| format!("<td>{}</td>", inline(cell.trim())))
                        .collect();
                    format!("<tr>{cells}</tr>")
                })
                .collect();
            let _ = writeln!(html, "<div class=\"scroll\"><table>{rows}</table></div>");
        } else {
            let prose = block.join(" ");
            if !prose.trim().is_empty() {
                let _ = writeln!(html, "<div>{}</div>", inline(prose.trim()));
            }
        }
    }
    html
}

/// Text with what stands between backticks, or two stars.
fn inline(prose: &str) -> String {
    let marked = |prose: &str, mark: &str, tag: &str| {
        let parts = prose.split(mark).enumerate();
        let parts = parts.map(|(number, part)| match number % 2 {
            0 => part.to_owned(),
            _ => format!("<{tag}>{part}</{tag}>"),
        });
        parts.collect::<String>()
    };
    marked(&marked(&text(prose), "`", "code"), "**", "b")
}

fn shown(id: &str, record: &Record) -> String {
    let mut html = String::new();
    for feature in &record.features {
        for runs in scenarios(feature) {
            let Some(first) = runs.first() else {
                continue;
            };
            if first.tags.iter().any(|tag| tag == id) {
                let _ = writeln!(
                    html,
                    "<li class=\"{}\"><a href=\"#{}\">{}</a></li>",
                    worst(&runs).word(),
                    anchor(feature, first),
                    text(&first.name)
                );
            }
        }
    }
    html
}
