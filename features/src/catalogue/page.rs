//! The catalogue as one HTML page that needs nothing else.

use std::fmt::Write as _;

use super::Catalogue;
use crate::suite::page::text;

const SCRIPT: &str = "\"use strict\";
const field = document.querySelector(\"input\");
field.addEventListener(\"input\", () => {
  const words = field.value.toLowerCase().split(/\\s+/).filter(Boolean);
  for (const one of document.querySelectorAll(\".step\")) one.hidden = !words.every((word) => one.textContent.toLowerCase().includes(word));
  for (const one of document.querySelectorAll(\"section\")) one.hidden = !one.querySelector(\".step:not([hidden])\");
});
document.querySelector(\"form\").addEventListener(\"submit\", (event) => event.preventDefault());
";

const STYLE: &str = "section h2 { text-transform: none; } .step { margin: .5rem 0; padding: .5rem 1rem; background: var(--card); \
border: 1px solid var(--line); border-radius: .4rem; overflow-wrap: anywhere; } .step b { color: var(--soft); font-weight: 600; } \
.step p { margin: .2rem 0 0; font-size: .92rem; } .step .time { white-space: normal; } .word { color: var(--good); }
";

/// The page.
#[must_use]
pub fn page(catalogue: &Catalogue) -> String {
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>The sentences of the Gherkin suite</title>\n\
         <style>\n{}{STYLE}</style>\n<header><div><h1>The sentences of the Gherkin suite</h1><p>{} sentences, {} words</p></div></header>\n\
         <form><input type=\"search\" placeholder=\"Search sentences and words\" aria-label=\"Search\"></form>\n",
        include_str!("../suite/page/style.css"),
        catalogue.steps.len(),
        catalogue.parameters.len()
    );
    for steps in catalogue.steps.chunk_by(|a, b| a.file == b.file) {
        let Some(first) = steps.first() else {
            continue;
        };
        // Writing to a string does not fail.
        let _ = writeln!(
            html,
            "<section><h2>{}</h2><p class=\"time\">features/src/{}</p>",
            text(&first.concept),
            text(&first.file)
        );
        for step in steps {
            let _ = write!(
                html,
                "<div class=\"step\"><b>{}</b> {}",
                step.keyword.word(),
                pattern(&step.pattern)
            );
            if !step.doc.is_empty() {
                let _ = write!(html, "<p>{}</p>", text(&step.doc));
            }
            let example = match &step.example {
                Some(example) => format!(
                    "{} <span class=\"time\">{}</span>",
                    text(&example.text),
                    text(&example.place)
                ),
                None => "<span class=\"time\">no feature says so</span>".to_owned(),
            };
            let _ = writeln!(html, "<p>{example}</p></div>");
        }
        html += "</section>\n";
    }
    html += "<section><h2>The words</h2>\n";
    for word in &catalogue.parameters {
        let _ = writeln!(
            html,
            "<div class=\"step\" id=\"{0}\"><span class=\"word\">{{{0}}}</span> {1}<p class=\"time\">{2}</p></div>",
            text(&word.name),
            text(&word.doc),
            text(&word.regex)
        );
    }
    let _ = writeln!(html, "</section>\n<script>\n{SCRIPT}</script>\n</html>");
    html
}

/// A pattern in which the words lead to what they mean.
fn pattern(pattern: &str) -> String {
    let mut html = String::new();
    for (number, part) in pattern.split('{').enumerate() {
        match part.split_once('}') {
            Some((name, rest)) if number > 0 => {
                let name = text(name);
                let _ = write!(
                    html,
                    "<a class=\"word\" href=\"#{name}\">{{{name}}}</a>{}",
                    text(rest)
                );
            }
            _ => html += &text(part),
        }
    }
    html
}
