//! A run as lines and a table, for whoever looks at a terminal.

use super::Report;
use crate::gate::{Finding, Status};

/// A line for a gate that has ended, while others go on; its reasons below it.
#[must_use]
pub fn line(finding: &Finding) -> String {
    let mut line = format!(
        "{:<7} {} on the {} in {:.1} s",
        finding.status.as_str(),
        finding.gate,
        finding.place.as_str(),
        finding.took.as_secs_f64()
    );
    for reason in &finding.reasons {
        line.push_str("\n        ");
        line.push_str(reason);
    }
    line
}

/// The table, the rating, and how each gate that did not pass is run again.
#[must_use]
pub fn table(report: &Report) -> String {
    let mut lines = vec![format!(
        "\n{} {} build {}",
        report.target,
        report.version,
        short(&report.build_hash)
    )];
    for (what, hash, same) in report.other_builds() {
        let verdict = if same { "the same" } else { "ANOTHER" };
        lines.push(format!(
            "  the {what}'s build is {verdict}: {}",
            short(hash)
        ));
    }
    for finding in &report.findings {
        lines.push(format!(
            "  {} {:<16} {:<8} {:>7.1} s  {}",
            finding.gate.number(),
            finding.gate.name(),
            finding.status.as_str(),
            finding.took.as_secs_f64(),
            finding.place.as_str()
        ));
    }
    lines.push(format!("  rating {}", report.rating()));
    let bad = report
        .findings
        .iter()
        .filter(|finding| finding.status != Status::Passed);
    for finding in bad {
        let (again, number) = (&report.again, finding.gate.number());
        lines.push(format!("  again: {again} {number}"));
    }
    lines.join("\n")
}

/// Enough of a hash to tell two builds apart.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

#[cfg(test)]
mod tests {
    use super::{super::tests::report, *};

    #[test]
    fn what_did_not_pass_says_how_it_is_run_again() {
        let text = table(&report(&[Status::Passed, Status::Failed]));
        assert!(text.contains("rating 1/5"), "{text}");
        assert!(text.contains("twin's build is the same: b1"), "{text}");
        assert!(text.contains("suite's build is ANOTHER: b0"), "{text}");
        assert!(
            text.ends_with("again: cargo xtask gates --only 2"),
            "{text}"
        );
    }
}
