//! A run as one page of HTML that needs nothing else, in light and in dark.

use std::fmt::Write as _;

use serde_json::Value;

use super::Report;
use crate::gate::{Finding, Status};

const STYLE: &str = include_str!("page.css");

/// The page.
#[must_use]
pub fn page(report: &Report) -> String {
    let gates: String = report
        .findings
        .iter()
        .map(|finding| gate(report, finding))
        .collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{rating} gates: {target}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header class=\"{class}\">\n<p class=\"rating\">{rating}</p>\n<div>\n<h1>Quality gates</h1>\n<p>{target}</p>\n</div>\n</header>\n\
         <dl>\n<dt>installation</dt><dd><code>{installation}</code></dd>\n<dt>version</dt><dd>{version}</dd>\n\
         <dt>build</dt><dd><code>{build}</code></dd>\n<dt>began</dt><dd>{began}</dd>\n<dt>ended</dt><dd>{ended}</dd>\n</dl>\n\
         <main>\n{gates}</main>\n</body>\n</html>\n",
        rating = report.rating(),
        target = text(&report.target),
        class = class(report.status()),
        installation = text(&report.installation_id),
        version = text(&report.version),
        build = text(&report.build_hash),
        began = super::time(report.started_at),
        ended = super::time(report.finished_at),
    )
}

fn gate(report: &Report, finding: &Finding) -> String {
    let mut section = format!(
        "<section class=\"{}\">\n<h2><span>{}</span> {}</h2>\n<p class=\"status\">{} on the {} in {:.1} s</p>\n",
        class(finding.status),
        finding.gate.number(),
        finding.gate.name(),
        finding.status.as_str(),
        finding.place.as_str(),
        finding.took.as_secs_f64()
    );
    if !finding.reasons.is_empty() {
        let lines: String = finding
            .reasons
            .iter()
            .map(|reason| format!("<li>{}</li>\n", text(reason)))
            .collect();
        // Writing to a string does not fail.
        let _ = write!(
            section,
            "<ul>\n{lines}</ul>\n<p>Again: <code>{} {}</code></p>\n",
            text(&report.again),
            finding.gate.number()
        );
    }
    if !finding.figures.is_empty() {
        let _ = write!(
            section,
            "<table>\n{}</table>\n",
            rows("", &Value::Object(finding.figures.clone()))
        );
    }
    section.push_str("</section>\n");
    section
}

/// A row a figure; what lies within others has their names before its own.
fn rows(above: &str, value: &Value) -> String {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| match above {
                "" => rows(name, value),
                _ => rows(&format!("{above} · {name}"), value),
            })
            .collect(),
        _ => format!(
            "<tr><th>{}</th><td>{}</td></tr>\n",
            text(above),
            text(&told(value))
        ),
    }
}

fn told(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => {
            format!("{:.2}", number.as_f64().unwrap_or_default())
        }
        Value::Array(items) => items.iter().map(told).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn class(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Warning => "warning",
        Status::Failed => "failed",
    }
}

/// Text that is nothing but text.
fn text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{super::tests::report, *};

    #[test]
    fn what_was_found_stands_there_as_text_and_nothing_is_fetched() {
        let page = page(&report(&[Status::Passed, Status::Warning, Status::Failed]));
        assert!(page.contains("<li>it is &lt;slow&gt; &amp; old</li>"));
        assert!(page.contains("1/5") && page.contains("--only 3"));
        assert!(!page.contains("http"));
    }
}
