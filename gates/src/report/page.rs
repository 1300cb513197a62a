//! A run as one page of HTML that needs nothing else, in light and in dark.

use std::fmt::Write as _;

use super::Report;
use crate::gate::{Finding, Status};

mod figures;

const STYLE: &str = include_str!("page.css");

/// The page.
#[must_use]
pub fn page(report: &Report) -> String {
    let gates: String = report
        .findings
        .iter()
        .map(|finding| gate(report, finding))
        .collect();
    let verdict = verdict(report);
    let others: String = report.other_builds().into_iter().map(other_build).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{rating} gates: {target}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header class=\"{class}\">\n<p class=\"rating\">{rating}</p>\n<div>\n<h1>Quality gates of {target}</h1>\n<p>{verdict}</p>\n</div>\n</header>\n\
         <dl>\n<dt>Installation</dt><dd><code>{installation}</code></dd>\n<dt>Version</dt><dd>{version}</dd>\n\
         <dt>Build</dt><dd><code>{build}</code></dd>\n{others}<dt>Began</dt><dd>{began}</dd>\n<dt>Ended</dt><dd>{ended}</dd>\n</dl>\n\
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

fn verdict(report: &Report) -> &'static str {
    let failed = |finding: &Finding| finding.status == Status::Failed;
    match report.status() {
        Status::Passed => "All five gates passed: this build is fit.",
        Status::Warning => "No gate failed, and not all passed.",
        Status::Failed if report.findings.iter().any(failed) => {
            "Not fit: what failed has to be mended first."
        }
        Status::Failed => "Only some of the five gates were run: those below.",
    }
}

/// A build that was measured beside, and whether it is the one that is judged.
fn other_build((what, hash, same): (&str, &str, bool)) -> String {
    let hash = text(hash);
    match same {
        true => format!("<dt>Build of the {what}</dt><dd>the same</dd>\n"),
        false => format!(
            "<dt>Build of the {what}</dt><dd class=\"failed\"><strong>another:</strong> <code>{hash}</code></dd>\n"
        ),
    }
}

fn gate(report: &Report, finding: &Finding) -> String {
    let mut section = format!(
        "<section class=\"{}\">\n<h2><span>{}</span> {}<b>{}</b></h2>\n<p class=\"where\">looked at on the {}, {:.1} s</p>\n",
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
        let _ = write!(section, "<ul>\n{lines}</ul>\n");
    }
    section.push_str(&figures::tables(&finding.figures));
    let _ = write!(
        section,
        "<p class=\"again\">Again: <code>{} {}</code></p>\n</section>\n",
        text(&report.again),
        finding.gate.number()
    );
    section
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
