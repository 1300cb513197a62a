//! One scenario on the page: its sentences as they went, the table of its examples, and what was seen of what did not pass.

use std::fmt::Write as _;

use super::{anchor, seconds, tags, text};
use crate::{
    catalogue::Catalogue,
    suite::{
        record::{Attempt, Feature, Outcome, Run, Sentence, Verdict, worst},
        terminal::times,
    },
};

pub(super) fn scenario(feature: &Feature, runs: &[&Run], catalogue: &Catalogue) -> String {
    let Some(first) = runs.first() else {
        return String::new();
    };
    let verdict = worst(runs);
    let open = if verdict == Verdict::Passed {
        ""
    } else {
        " open"
    };
    let took = runs.iter().map(|run| run.took()).sum();
    let own: Vec<String> = first
        .tags
        .iter()
        .filter(|tag| !feature.tags.contains(tag))
        .cloned()
        .collect();
    let state = match verdict {
        Verdict::Passed => String::new(),
        verdict => format!(" <span class=\"state\">{}</span>", verdict.word()),
    };
    let mut html = format!(
        "<details class=\"scenario {0}\" id=\"{1}\" data-status=\"{0}\" data-tags=\"{2}\"{open}><summary><h5>{3}</h5>{state} \
         <span class=\"time\">{4}</span> <span class=\"tags\">{5}</span></summary>\n",
        verdict.word(),
        anchor(feature, first),
        text(&first.tags.join(" ")),
        text(&first.name),
        seconds(took),
        tags(&own)
    );
    if first.example.is_empty() {
        html += &one(first, catalogue);
    } else {
        html += &examples(runs, catalogue);
    }
    html += "</details>\n";
    html
}

/// A scenario that is no outline, or an example of one that is looked at alone.
fn one(run: &Run, catalogue: &Catalogue) -> String {
    let Some(attempt) = run.telling() else {
        return String::new();
    };
    let mut html = String::new();
    if run.verdict() == Verdict::Flaky {
        html += "<p class=\"label\">It passed only when it was tried again, which counts as failed. The first time:</p>";
    }
    html += "<ol>\n";
    for sentence in &attempt.sentences {
        html += &self::sentence(sentence, attempt, catalogue);
    }
    html += "</ol>\n";
    if let Some(around) = &attempt.around {
        // Writing to a string does not fail.
        let _ = writeln!(html, "<pre class=\"error\">{}</pre>", text(around));
    }
    html
}

/// The sentences of an outline with their placeholders, and its examples: those that did not pass are looked at one by one.
fn examples(runs: &[&Run], catalogue: &Catalogue) -> String {
    let Some(first) = runs.first() else {
        return String::new();
    };
    let mut html = String::from("<ol>\n");
    for sentence in first
        .attempts
        .first()
        .iter()
        .flat_map(|attempt| &attempt.sentences)
    {
        let class = if sentence.background {
            " background"
        } else {
            ""
        };
        let _ = writeln!(
            html,
            "<li class=\"{}\"><b>{}</b> {}{}</li>",
            class.trim(),
            text(&sentence.keyword),
            text(sentence.outline.as_deref().unwrap_or(&sentence.text)),
            table(&sentence.table)
        );
    }
    html += "</ol>\n<div class=\"scroll\"><table>\n";
    let mut columns: Option<Vec<&str>> = None;
    for run in runs {
        let own: Vec<&str> = run
            .example
            .iter()
            .map(|(column, _)| column.as_str())
            .collect();
        if columns.as_ref() != Some(&own) {
            let heads: String = own
                .iter()
                .map(|column| format!("<th>{}</th>", text(column)))
                .collect();
            let _ = writeln!(html, "<tr><th></th>{heads}</tr>");
            columns = Some(own);
        }
        let cells: String = run
            .example
            .iter()
            .map(|(_, cell)| format!("<td>{}</td>", text(cell)))
            .collect();
        let verdict = run.verdict().word();
        let _ = writeln!(
            html,
            "<tr class=\"{verdict}\"><td class=\"state\">{verdict}</td>{cells}<td class=\"time\">{}</td></tr>",
            seconds(run.took())
        );
    }
    html += "</table></div>\n";
    for run in runs.iter().filter(|run| run.verdict() != Verdict::Passed) {
        let _ = writeln!(html, "<p class=\"label\">{}</p>", text(&run.title()));
        html += &one(run, catalogue);
    }
    html
}

fn sentence(sentence: &Sentence, attempt: &Attempt, catalogue: &Catalogue) -> String {
    let class = match sentence.outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Undefined => "undefined",
        Outcome::NotRun => "notrun",
    };
    let background = if sentence.background {
        " background"
    } else {
        ""
    };
    let mut html = format!(
        "<li class=\"{class}{background}\"><b>{}</b> {} <span class=\"time\">{}</span>{}",
        text(&sentence.keyword),
        text(&sentence.text),
        match sentence.outcome {
            Outcome::NotRun => "not run".to_owned(),
            _ => seconds(sentence.took),
        },
        table(&sentence.table)
    );
    if let Some(error) = &sentence.error {
        let _ = writeln!(html, "<pre class=\"error\">{}</pre>", text(error));
        html += &match sentence.outcome {
            Outcome::Undefined => format!(
                "<p class=\"label\">A step for it, to be put into the file of its concept in features/src/step:</p><pre>{}</pre>",
                text(&catalogue.snippet(&attempt.sentences, sentence))
            ),
            _ => seen(attempt),
        };
    }
    html + "</li>\n"
}

/// What was seen when it failed: the last calls and the log.
fn seen(attempt: &Attempt) -> String {
    let Some(evidence) = &attempt.evidence else {
        return String::new();
    };
    let mut html = String::new();
    let last = evidence.exchanges.len().saturating_sub(1);
    for (number, exchange) in evidence.exchanges.iter().enumerate() {
        let open = if number == last { " open" } else { "" };
        let status = exchange.status.map(|status| format!(" → {status}"));
        let _ = writeln!(
            html,
            "<details{open}><summary class=\"label\">{}{}{}</summary><pre>{}</pre><pre>{}</pre></details>",
            text(&exchange.request),
            status.unwrap_or_default(),
            times(exchange),
            text(&exchange.sent),
            text(if exchange.answer.is_empty() {
                "nothing came back"
            } else {
                &exchange.answer
            })
        );
    }
    let _ = writeln!(
        html,
        "<details open><summary class=\"label\">The audit log since the scenario began</summary><pre>{}</pre></details>",
        text(&evidence.audit.join("\n"))
    );
    if let Some(kept) = &evidence.kept {
        let _ = writeln!(html, "<pre>{}</pre>", text(kept));
    }
    html
}

fn table(rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let row = |cells: &Vec<String>| {
        let cells: String = cells
            .iter()
            .map(|cell| format!("<td>{}</td>", text(cell)))
            .collect();
        format!("<tr>{cells}</tr>")
    };
    let rows: String = rows.iter().map(row).collect();
    format!("<div class=\"scroll\"><table>{rows}</table></div>")
}
