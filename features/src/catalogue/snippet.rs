//! A step for a sentence that means nothing yet, in the manner of those that are there: with the words that the project has for what the sentence names.

use std::collections::BTreeSet;

use regex::Regex;

use super::{Keyword, Parameter};
use crate::suite::record::Sentence;

/// A word that was found in a sentence.
struct Found<'a> {
    length: usize,
    name: &'a str,
    type_name: &'a str,
}

/// The step, with what it imports.
pub(super) fn of(parameters: &[Parameter], keyword: Keyword, sentence: &Sentence) -> String {
    let words: Vec<(&Parameter, Regex)> = parameters
        .iter()
        .filter(|parameter| parameter.file == "word.rs")
        .filter_map(|parameter| {
            let regex = Regex::new(&format!("^(?:{})", parameter.regex)).ok()?;
            Some((parameter, regex))
        })
        .collect();
    let (mut expression, mut plain) = (String::new(), String::new());
    let mut arguments: Vec<(String, &str)> = Vec::new();
    let mut rest = sentence.text.as_str();
    let mut at_boundary = true;
    while let Some(letter) = rest.chars().next() {
        let found = at_boundary.then(|| find(&words, rest, &plain)).flatten();
        if let Some(found) = found {
            expression.push_str(&format!("{{{}}}", found.name));
            plain.push(' ');
            let name = argument(found.name, &arguments);
            arguments.push((name, found.type_name));
            rest = &rest[found.length..];
            at_boundary = false;
            continue;
        }
        // What means something in an expression, and is meant as it stands.
        if "(){}/\\".contains(letter) {
            expression.push('\\');
        }
        expression.push(letter);
        plain.push(letter);
        at_boundary = !letter.is_alphanumeric() && letter != '-' && letter != '_';
        rest = &rest[letter.len_utf8()..];
    }
    written(keyword, &expression, &plain, &arguments, sentence)
}

/// The longest word that the rest of a sentence begins with; of two the one that says more, and of those the one that is declared first.
fn find<'a>(words: &'a [(&Parameter, Regex)], rest: &str, before: &str) -> Option<Found<'a>> {
    if let Some(quoted) = rest.strip_prefix('"') {
        let length = quoted.find('"')? + 2;
        return Some(Found {
            length,
            name: "string",
            type_name: "String",
        });
    }
    let mut best: Option<(usize, bool, Found<'a>)> = None;
    for (parameter, regex) in words {
        let Some(matched) = regex.find(rest) else {
            continue;
        };
        let text = matched.as_str();
        let ends = rest[text.len()..].chars().next();
        let is_whole =
            ends.is_none_or(|next| !next.is_alphanumeric() && next != '-' && next != '_');
        let is_several = text.contains(", ") || text.contains(" and ");
        // `no` and `one` are words of any sentence.
        let is_common = parameter.name == "count" && matches!(text, "no" | "one");
        if !is_whole || text.is_empty() || is_common || parameter.is_list != is_several {
            continue;
        }
        let is_closed = !parameter.regex.contains('[');
        let is_named = parameter.name == "type" && before.trim_end().ends_with("type");
        let rank = (text.len(), is_closed || is_named);
        if best
            .as_ref()
            .is_none_or(|(length, closed, _)| rank > (*length, *closed))
        {
            let found = Found {
                length: text.len(),
                name: &parameter.name,
                type_name: &parameter.type_name,
            };
            best = Some((rank.0, rank.1, found));
        }
    }
    best.map(|(_, _, found)| found)
}

/// What an argument is called: as its word, by another name where one is called so already.
fn argument(word: &str, taken: &[(String, &str)]) -> String {
    let name = match word {
        "agent" => "who",
        "string" => "text",
        "type" => "kind",
        "agentStatus" | "assetStatus" | "sprintStatus" | "validationStatus" => "status",
        word => word,
    };
    let count = taken
        .iter()
        .filter(|(known, _)| known.starts_with(name))
        .count();
    match (name, count) {
        (name, 0) => name.to_owned(),
        ("who", 1) => "whom".to_owned(),
        (name, count) => format!("{name}_{}", count + 1),
    }
}

fn written(
    keyword: Keyword,
    expression: &str,
    plain: &str,
    arguments: &[(String, &str)],
    sentence: &Sentence,
) -> String {
    let attribute = keyword.attribute();
    let takes_step = !sentence.table.is_empty();
    let words: BTreeSet<&str> = arguments.iter().map(|(_, type_name)| *type_name).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| *word != "String").collect();
    let step = if takes_step { "gherkin::Step, " } else { "" };
    let imported = match words.as_slice() {
        [] => "use crate::world::Studio;".to_owned(),
        [one] => format!("use crate::{{word::{one}, world::Studio}};"),
        several => format!(
            "use crate::{{word::{{{}}}, world::Studio}};",
            several.join(", ")
        ),
    };
    let cucumber = match step {
        "" => format!("use cucumber::{attribute};"),
        step => format!("use cucumber::{{{step}{attribute}}};"),
    };
    let mut parameters = vec!["studio: &mut Studio".to_owned()];
    if takes_step {
        parameters.push("step: &Step".to_owned());
    }
    parameters.extend(
        arguments
            .iter()
            .map(|(name, type_name)| format!("{name}: {type_name}")),
    );
    let pattern = match arguments {
        [] if !expression.contains('\\') => format!("{expression:?}"),
        _ => format!("expr = {expression:?}"),
    };
    let mut used: Vec<&str> = arguments.iter().map(|(name, _)| name.as_str()).collect();
    if takes_step {
        used.push("step.table()");
    }
    let shown: String = used.iter().map(|_| " {:?}").collect();
    let used: String = used.iter().map(|name| format!(", {name}")).collect();
    let name = function(plain);
    format!(
        "use anyhow::{{Result, bail}};\n{cucumber}\n{imported}\n\n\
         /// Say here what it does or looks at.\n\
         #[{attribute}({pattern})]\n\
         async fn {name}({}) -> Result<()> {{\n    \
         bail!(\"nothing is written here yet:{shown} at {{}}\"{used}, studio.now())\n}}\n",
        parameters.join(", ")
    )
}

/// A name out of the words that are always there.
fn function(plain: &str) -> String {
    let words = plain.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty()).map(str::to_lowercase);
    let words = words.filter(|word| !matches!(word.as_str(), "the" | "a" | "an"));
    let name = words.take(5).collect::<Vec<_>>().join("_");
    match name.chars().next() {
        Some(first)
            if first.is_ascii_alphabetic() && syn::parse_str::<syn::Ident>(&name).is_ok() =>
        {
            name
        }
        _ => format!("step_{name}"),
    }
}
