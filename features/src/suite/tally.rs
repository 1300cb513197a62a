//! How a run went: what failed and where, and how many scenarios there were, an outline counting as one.

use std::{
    collections::BTreeMap,
    fmt, mem,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, SecondsFormat, Utc};
use cucumber::{
    Event, World, Writer, cli,
    event::{Cucumber, Feature, Hook, RetryableScenario, Rule, Scenario, Step},
    gherkin, parser, writer,
};
use gates::client;
use serde_json::{Value, json};

use crate::{database::Choice, server};

/// A scenario that went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The file and line.
    pub place: String,
    /// The scenario.
    pub scenario: String,
    /// The sentence at which it went wrong.
    pub step: String,
    /// Why.
    pub error: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.place, self.scenario)?;
        writeln!(f, "    at: {}", self.step)?;
        write!(f, "    {}", self.error)
    }
}

/// How a run went.
#[derive(Debug, Default)]
pub struct Tally {
    /// Whether each scenario passed, by its place. An outline has one place, whatever its examples.
    scenarios: BTreeMap<String, bool>,
    /// How many were run, each example counted.
    pub examples: usize,
    /// What went wrong.
    pub failures: Vec<Failure>,
}

impl Tally {
    /// How many scenarios there were.
    #[must_use]
    pub fn total(&self) -> usize {
        self.scenarios.len()
    }

    /// How many of them passed, with all their examples.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.scenarios.values().filter(|passed| **passed).count()
    }

    /// What gate 2 reads (spec R8.01): how many passed of how many, of which build, on which database, when, and
    /// which scenarios failed; and what gate 3 reads, where the run looked at responses.
    pub(super) fn summary(&self, database: Choice, selection: Option<String>) -> Value {
        let failed: Vec<&str> = self
            .failures
            .iter()
            .map(|failure| failure.scenario.as_str())
            .collect();
        json!({
            "build": server::BUILD,
            "database": database.to_string(),
            "selection": selection,
            "passed": self.passed(),
            "total": self.total(),
            "failed": failed,
            "contract": client::seen(),
            "endedAt": now().to_rfc3339_opts(SecondsFormat::Millis, true),
        })
    }

    /// Whether there was something to run and nothing went wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.failures.is_empty() && self.total() > 0
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "when the suite ended: a report that is read as old or fresh"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A tally that is still being written.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared(Arc<Mutex<Tally>>);

impl Shared {
    fn with<T>(&self, change: impl FnOnce(&mut Tally) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn take(&self) -> Tally {
        self.with(mem::take)
    }
}

/// Writes down how the scenarios go.
#[derive(Debug)]
pub(super) struct Witness(Shared);

impl Witness {
    pub(super) fn new() -> (Self, Shared) {
        let shared = Shared::default();
        (Self(shared.clone()), shared)
    }

    fn scenario<W>(
        &self,
        feature: &gherkin::Feature,
        scenario: &gherkin::Scenario,
        event: &Scenario<W>,
    ) {
        let file = feature
            .path
            .as_deref()
            .and_then(|path| path.strip_prefix(super::features()).ok());
        let file = file
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        let failed = |step: String, error: String| {
            self.0.with(|tally| {
                tally.failures.push(Failure {
                    place: format!("{file}:{}", scenario.position.line),
                    scenario: scenario.name.clone(),
                    step,
                    error,
                });
                tally.scenarios.insert(place(&file, scenario), false);
            });
        };
        match event {
            Scenario::Started => self.0.with(|tally| {
                tally.examples += 1;
                tally
                    .scenarios
                    .entry(place(&file, scenario))
                    .or_insert(true);
            }),
            Scenario::Hook(which, Hook::Failed(_, error)) => {
                failed(
                    format!("the hook {which}"),
                    said(error.downcast_ref::<String>().map(String::as_str)),
                );
            }
            Scenario::Background(step, Step::Failed(_, _, _, error))
            | Scenario::Step(step, Step::Failed(_, _, _, error)) => {
                failed(step.value.clone(), error.to_string())
            }
            Scenario::Background(step, Step::Skipped) | Scenario::Step(step, Step::Skipped) => {
                failed(step.value.clone(), "no step is written so".to_owned());
            }
            Scenario::Hook(..)
            | Scenario::Background(..)
            | Scenario::Step(..)
            | Scenario::Log(_)
            | Scenario::Finished => {}
        }
    }
}

fn said(words: Option<&str>) -> String {
    words.unwrap_or("it said nothing").to_owned()
}

/// Where a scenario is written: all examples of an outline share their steps' lines.
fn place(file: &str, scenario: &gherkin::Scenario) -> String {
    let line = scenario
        .steps
        .first()
        .map_or(scenario.position.line, |step| step.position.line);
    format!("{file}:{line:05}")
}

impl<W: World> Writer<W> for Witness {
    type Cli = cli::Empty;

    async fn handle_event(&mut self, event: parser::Result<Event<Cucumber<W>>>, _: &Self::Cli) {
        match event.as_deref() {
            Err(error) => self.0.with(|tally| {
                tally.failures.push(Failure {
                    place: "a feature file".to_owned(),
                    scenario: "it is not Gherkin".to_owned(),
                    step: "reading it".to_owned(),
                    error: error.to_string(),
                });
            }),
            Ok(Cucumber::Feature(
                feature,
                Feature::Scenario(scenario, RetryableScenario { event, .. }),
            ))
            | Ok(Cucumber::Feature(
                feature,
                Feature::Rule(_, Rule::Scenario(scenario, RetryableScenario { event, .. })),
            )) => self.scenario(feature, scenario, event),
            Ok(_) => {}
        }
    }
}

impl writer::NonTransforming for Witness {}
