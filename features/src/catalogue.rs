//! Every sentence that a scenario can be made of, with what is said about it and an example out of the features (`e2e --list-steps`); and a step, ready to be
//! filled in, for a sentence that means nothing yet.

use std::{collections::BTreeMap, fmt, path::Path};

use anyhow::{Context as _, Result};
use cucumber::{
    World as _,
    feature::Ext as _,
    gherkin::{self, GherkinEnv},
};

use crate::{
    rule,
    suite::{self, record::Sentence},
    world::Studio,
};

mod editor;
mod page;
mod snippet;
mod source;

pub use editor::settings;
pub use page::page;

/// What a sentence begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keyword {
    /// What is so to begin with.
    Given,
    /// What somebody does.
    When,
    /// What is so afterwards.
    Then,
}

impl Keyword {
    /// All of them, in the order of a scenario.
    pub const ALL: [Self; 3] = [Self::Given, Self::When, Self::Then];

    fn of_attribute(word: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|keyword| keyword.attribute() == word)
    }

    /// The word in a scenario.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Given => "Given",
            Self::When => "When",
            Self::Then => "Then",
        }
    }

    /// The attribute of a step.
    #[must_use]
    pub fn attribute(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::When => "when",
            Self::Then => "then",
        }
    }
}

/// A sentence as it can be written.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it begins with.
    pub keyword: Keyword,
    /// The Cucumber Expression, or the regular expression.
    pub pattern: String,
    /// Whether it is a regular expression.
    pub is_regex: bool,
    /// What is said about it, where something is.
    pub doc: String,
    /// What its file is about.
    pub concept: String,
    /// Its file, from `features/src` on.
    pub file: String,
    /// The line there.
    pub line: usize,
    /// A sentence of the features that is written so.
    pub example: Option<Example>,
}

/// A sentence of a feature.
#[derive(Clone, Debug)]
pub struct Example {
    /// What it says.
    pub text: String,
    /// The file and line.
    pub place: String,
}

/// A word of the expressions: `{agent}`.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// The Rust type.
    pub type_name: String,
    /// What it may be.
    pub regex: String,
    /// What it means.
    pub doc: String,
    /// Its file, from `features/src` on.
    pub file: String,
    /// Whether its source writes it as a raw string, which not every program reads.
    pub is_verbatim: bool,
    /// Whether it stands for several.
    pub is_list: bool,
}

/// All sentences and words.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The sentences, by file and line.
    pub steps: Vec<Step>,
    /// The words.
    pub parameters: Vec<Parameter>,
}

impl Catalogue {
    /// Reads it out of the sources of the steps.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read() -> Result<Self> {
        let (steps, parameters) = source::read(&suite::features().join("src"))?;
        Ok(Self { steps, parameters })
    }

    /// The same with an example to each sentence that some feature uses.
    ///
    /// # Errors
    /// When a feature cannot be read.
    pub fn with_examples(mut self, features: &Path) -> Result<Self> {
        let known = Studio::collection();
        let mut examples: BTreeMap<(String, usize), Example> = BTreeMap::new();
        for path in rule::files(features)? {
            let feature = gherkin::Feature::parse_path(&path, GherkinEnv::default())
                .with_context(|| path.display().to_string())?;
            let file = path.strip_prefix(features).unwrap_or(&path).display();
            for step in rule::steps(&feature.expand_examples()?) {
                let Ok(Some((_, _, Some(at), _))) = known.find(step) else {
                    continue;
                };
                let place = format!("{file}:{}", step.position.line);
                let text = step.value.clone();
                examples
                    .entry((within(at.path), at.line as usize))
                    .or_insert(Example { text, place });
            }
        }
        for step in &mut self.steps {
            step.example = examples.remove(&(step.file.clone(), step.line));
        }
        Ok(self)
    }

    /// A step for a sentence that means nothing yet, one of those of a scenario.
    #[must_use]
    pub fn snippet(&self, scenario: &[Sentence], sentence: &Sentence) -> String {
        snippet::of(&self.parameters, keyword(scenario, sentence), sentence)
    }
}

/// What a sentence begins with: `And` means what stood before it.
fn keyword(scenario: &[Sentence], sentence: &Sentence) -> Keyword {
    let until = scenario.iter().position(|one| std::ptr::eq(one, sentence));
    let until = until.map_or(scenario.len(), |at| at + 1);
    let mut before = scenario.iter().take(until).rev();
    let named = before.find_map(|one| Keyword::of_attribute(&one.keyword.to_lowercase()));
    named.unwrap_or(Keyword::Given)
}

/// A source's path from `features/src` on.
fn within(path: &str) -> String {
    let path = path.replace('\\', "/");
    path.split_once("features/src/")
        .map_or(path.clone(), |(_, within)| within.to_owned())
}

impl fmt::Display for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut file = "";
        for step in &self.steps {
            if step.file != file {
                file = &step.file;
                writeln!(f, "\n{} (features/src/{file})", step.concept)?;
            }
            writeln!(f, "  {:5} {}", step.keyword.word(), step.pattern)?;
            if !step.doc.is_empty() {
                writeln!(f, "        {}", step.doc)?;
            }
            match &step.example {
                Some(example) => writeln!(f, "        e.g. {}  ({})", example.text, example.place)?,
                None => writeln!(f, "        no feature says so")?,
            }
        }
        writeln!(f, "\nThe words")?;
        for Parameter {
            name, doc, regex, ..
        } in &self.parameters
        {
            writeln!(f, "  {{{name}}}: {doc}\n        {regex}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
