//! What happened in a run: features, their scenarios, each time that one was tried, and every sentence with its outcome. All reports are written from it.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::{Context as _, Result};
use cucumber::gherkin::{self, GherkinEnv};

use super::evidence::Evidence;
use crate::{rule, world::NEEDS_ITS_OWN};

/// How a sentence went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is so.
    Passed,
    /// It is not so.
    Failed,
    /// No step is written so, or two are.
    Undefined,
    /// The scenario had ended before it.
    NotRun,
}

/// How a scenario went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It passed at once.
    Passed,
    /// It cannot be the guest of a server, and was given up where that was seen.
    LeftOut,
    /// It passed, but only when it was tried again. That counts as failed.
    Flaky,
    /// A sentence of it means nothing yet.
    Undefined,
    /// It failed each time.
    Failed,
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::LeftOut => "left out",
            Self::Flaky => "flaky",
            Self::Undefined => "undefined",
            Self::Failed => "failed",
        }
    }
}

/// A sentence and how it went.
#[derive(Clone, Debug)]
pub struct Sentence {
    /// Whether it belongs to the background.
    pub background: bool,
    /// `Given`, `When`, `Then`, `And`.
    pub keyword: String,
    /// What it says.
    pub text: String,
    /// What it says in its outline, with the placeholders.
    pub outline: Option<String>,
    /// The line where it is written.
    pub line: usize,
    /// Its table, row by row.
    pub table: Vec<Vec<String>>,
    /// How it went.
    pub outcome: Outcome,
    /// How long that took.
    pub took: Duration,
    /// Why it failed.
    pub error: Option<String>,
}

/// A scenario tried once.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    /// Every sentence, those that were not reached too.
    pub sentences: Vec<Sentence>,
    /// What was seen when it failed.
    pub evidence: Option<Evidence>,
    /// What failed beside the sentences: preparing the scenario's world, or clearing it away.
    pub around: Option<String>,
    /// How long it took.
    pub took: Duration,
}

impl Attempt {
    /// The sentence at which it went wrong.
    #[must_use]
    pub fn fault(&self) -> Option<&Sentence> {
        let mut sentences = self.sentences.iter();
        sentences.find(|one| matches!(one.outcome, Outcome::Failed | Outcome::Undefined))
    }

    /// Why it cannot be the guest of a server, if that is so.
    #[must_use]
    pub fn needs(&self) -> Option<&str> {
        self.fault()?.error.as_deref()?.strip_prefix(NEEDS_ITS_OWN)
    }

    fn verdict(&self) -> Verdict {
        match self.fault().map(|sentence| sentence.outcome) {
            _ if self.around.is_some() => Verdict::Failed,
            _ if self.needs().is_some() => Verdict::LeftOut,
            None => Verdict::Passed,
            Some(Outcome::Undefined) => Verdict::Undefined,
            Some(_) => Verdict::Failed,
        }
    }
}

/// A scenario, or one example of an outline.
#[derive(Clone, Debug)]
pub struct Run {
    /// What it is called.
    pub name: String,
    /// The Gherkin rule that it stands under.
    pub rule: Option<String>,
    /// Its own tags and those above it.
    pub tags: Vec<String>,
    /// The line where it, or its row of examples, is written.
    pub line: usize,
    /// The line of its first sentence, which all examples of an outline share.
    pub first_line: usize,
    /// Column and value of each of its example's cells; empty where it is no outline.
    pub example: Vec<(String, String)>,
    /// Each time that it was tried, the first one first.
    pub attempts: Vec<Attempt>,
}

impl Run {
    /// How it went: who passes only when tried again is flaky.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.attempts.as_slice() {
            [] => Verdict::Failed,
            [.., last] => match last.verdict() {
                Verdict::Passed if self.attempts.len() > 1 => Verdict::Flaky,
                verdict => verdict,
            },
        }
    }

    /// The attempt to show to who asks why: the first one that went wrong, where one did.
    #[must_use]
    pub fn telling(&self) -> Option<&Attempt> {
        let mut attempts = self.attempts.iter();
        let wrong = attempts.find(|attempt| attempt.verdict() != Verdict::Passed);
        wrong.or(self.attempts.last())
    }

    /// How long all of it took.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.attempts.iter().map(|attempt| attempt.took).sum()
    }

    /// Its name, with the example where it is one.
    #[must_use]
    pub fn title(&self) -> String {
        if self.example.is_empty() {
            return self.name.clone();
        }
        let cells = self.example.iter();
        let cells: Vec<String> = cells
            .map(|(column, cell)| format!("{column}: {cell}"))
            .collect();
        format!("{} [{}]", self.name, cells.join(", "))
    }
}

/// A feature file.
#[derive(Clone, Debug, Default)]
pub struct Feature {
    /// The file, from the features folder on.
    pub file: String,
    /// What it is called.
    pub name: String,
    /// What stands beneath its name.
    pub description: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its scenarios and examples, in the order in which they were run.
    pub runs: Vec<Run>,
}

/// A whole run.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The features that had something to run.
    pub features: Vec<Feature>,
    /// What is no Gherkin, and why.
    pub unreadable: Vec<String>,
}

impl Record {
    /// Reads out of the features what the sentences of outlines say with their placeholders, which a run does not tell.
    ///
    /// # Errors
    /// When a feature is not there any more.
    pub fn name_outlines(&mut self, root: &Path) -> Result<()> {
        for feature in &mut self.features {
            let path = root.join(&feature.file);
            let source = gherkin::Feature::parse_path(&path, GherkinEnv::default())
                .with_context(|| path.display().to_string())?;
            let written: BTreeMap<usize, &str> = rule::steps(&source)
                .map(|step| (step.position.line, step.value.as_str()))
                .collect();
            let attempts = feature.runs.iter_mut().flat_map(|run| &mut run.attempts);
            for sentence in attempts.flat_map(|attempt| &mut attempt.sentences) {
                let written = written.get(&sentence.line).copied();
                let written = written.filter(|written| *written != sentence.text);
                sentence.outline = written.map(str::to_owned);
            }
        }
        Ok(())
    }

    /// Takes out what cannot be the guest of a server, and says why and how often.
    pub fn leave_out(&mut self) -> BTreeMap<String, usize> {
        let mut reasons = BTreeMap::new();
        for feature in &mut self.features {
            feature.runs.retain(|run| {
                let needs = run.attempts.last().and_then(Attempt::needs);
                if let Some(needs) = needs {
                    *reasons.entry(needs.to_owned()).or_default() += 1;
                }
                needs.is_none()
            });
        }
        self.features.retain(|feature| !feature.runs.is_empty());
        reasons
    }

    /// Every scenario and example, with its feature.
    pub fn runs(&self) -> impl Iterator<Item = (&Feature, &Run)> {
        let features = self.features.iter();
        features.flat_map(|feature| feature.runs.iter().map(move |run| (feature, run)))
    }
}

/// The runs of one scenario: itself, or the examples of an outline.
#[must_use]
pub fn scenarios(feature: &Feature) -> Vec<Vec<&Run>> {
    let mut scenarios: Vec<Vec<&Run>> = Vec::new();
    for run in &feature.runs {
        let known = scenarios.iter_mut().find(|known| {
            known
                .first()
                .is_some_and(|first| first.first_line == run.first_line)
        });
        match known {
            Some(known) => known.push(run),
            None => scenarios.push(vec![run]),
        }
    }
    for runs in &mut scenarios {
        runs.sort_by_key(|run| run.line);
    }
    scenarios.sort_by_key(|runs| runs.first().map(|run| run.first_line));
    scenarios
}

/// How a scenario went with all its examples: as the worst of them.
#[must_use]
pub fn worst(runs: &[&Run]) -> Verdict {
    let verdicts = runs.iter().map(|run| run.verdict());
    verdicts.max().unwrap_or(Verdict::Failed)
}
