//! What did not pass, as text: for a terminal, and for JUnit, which shows the same.

use std::fmt::Write as _;

use gates::client::Exchange;

use super::{
    evidence::Evidence,
    record::{Feature, Outcome, Run, Verdict},
};
use crate::catalogue::Catalogue;

/// One scenario that did not pass: where, at which sentence, why, what was seen; and what to write where a sentence has no step yet.
#[must_use]
pub fn told(feature: &Feature, run: &Run, catalogue: &Catalogue) -> String {
    let verdict = match run.verdict() {
        Verdict::Flaky => "FLAKY (passed only when it was tried again, which counts as failed)",
        Verdict::Undefined => "UNDEFINED",
        Verdict::Failed => "FAILED",
        Verdict::Passed => "passed",
        Verdict::LeftOut => "left out",
    };
    let mut text = format!("{verdict} {}:{}: {}\n", feature.file, run.line, run.title());
    let Some(attempt) = run.telling() else {
        return text;
    };
    if let Some(around) = &attempt.around {
        text += &indented(around);
    }
    if let Some(fault) = attempt.fault() {
        // Writing to a string does not fail.
        let _ = writeln!(text, "    at: {} {}", fault.keyword, fault.text);
        text += &indented(fault.error.as_deref().unwrap_or_default());
        if fault.outcome == Outcome::Undefined {
            text +=
                "    A step for it, to be put into the file of its concept in features/src/step:\n";
            text += &indented(&catalogue.snippet(&attempt.sentences, fault));
        }
    }
    if let Some(evidence) = &attempt.evidence {
        text += &seen(evidence);
    }
    text
}

fn seen(evidence: &Evidence) -> String {
    let mut text = String::new();
    for exchange in &evidence.exchanges {
        text += &indented(&called(exchange));
    }
    text += "    The audit log since the scenario began:\n";
    for line in &evidence.audit {
        text += &indented(&format!("  {line}"));
    }
    if let Some(kept) = &evidence.kept {
        text += &indented(kept);
    }
    text
}

/// A call and its answer.
fn called(exchange: &Exchange) -> String {
    let status = exchange.status.map(|status| format!(" {status}"));
    let answer = match exchange.answer.as_str() {
        "" => "nothing came back".to_owned(),
        answer => answer.to_owned(),
    };
    format!(
        "Call{}: {}\n{}\nAnswer{}: {answer}",
        times(exchange),
        exchange.request,
        exchange.sent,
        status.unwrap_or_default()
    )
}

/// How often a call was made, where that was more than once.
pub(super) fn times(exchange: &Exchange) -> String {
    match exchange.times {
        0 | 1 => String::new(),
        times => format!(" ({times} times, the last answer)"),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}
