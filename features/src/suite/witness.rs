//! Watches a run and writes its record.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use cucumber::{
    Event, Writer, cli,
    event::{Cucumber, Feature, Hook, RetryableScenario, Rule, Scenario, Step, StepError},
    gherkin, parser, writer,
};

use super::{
    evidence::{Evidence, Evident},
    mask::masked,
    record::{self, Attempt, Outcome, Record, Run, Sentence},
};

/// A record that is still being written.
#[derive(Clone, Debug, Default)]
pub struct Shared(Arc<Mutex<Record>>);

impl Shared {
    fn with<T>(&self, change: impl FnOnce(&mut Record) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The record, when the run is over.
    #[must_use]
    pub fn take(&self) -> Record {
        self.with(mem::take)
    }
}

/// Writes down how the scenarios go. It wants the events in order, one scenario after the other.
#[derive(Debug)]
pub struct Witness {
    shared: Shared,
    /// What stands before the files' names and is left away.
    root: std::path::PathBuf,
    begun: SystemTime,
    step_begun: SystemTime,
    attempt: Attempt,
}

impl Witness {
    /// A witness of the features that lie in `root`, and where its record comes to be.
    #[must_use]
    pub fn new(root: std::path::PathBuf) -> (Self, Shared) {
        let shared = Shared::default();
        let witness = Self {
            shared: shared.clone(),
            root,
            begun: SystemTime::UNIX_EPOCH,
            step_begun: SystemTime::UNIX_EPOCH,
            attempt: Attempt::default(),
        };
        (witness, shared)
    }

    fn scenario<W: Evident>(
        &mut self,
        feature: &gherkin::Feature,
        rule: Option<&gherkin::Rule>,
        scenario: &gherkin::Scenario,
        event: &Scenario<W>,
        at: SystemTime,
    ) {
        match event {
            Scenario::Started => {
                self.begun = at;
                self.attempt = Attempt::default();
            }
            Scenario::Hook(which, Hook::Failed(world, error)) => {
                let said = error
                    .downcast_ref::<String>()
                    .map_or("it said nothing", String::as_str);
                let said = masked(said);
                self.attempt.around = Some(format!("the hook {which} failed: {said}"));
                self.keep_evidence(world.as_deref());
            }
            Scenario::Background(step, event) => self.step(step, true, event, at),
            Scenario::Step(step, event) => self.step(step, false, event, at),
            Scenario::Finished => {
                let mut attempt = mem::take(&mut self.attempt);
                attempt.took = between(self.begun, at);
                let steps = steps(feature, rule, scenario);
                let rest = steps.skip(attempt.sentences.len());
                let rest = rest.map(|(background, step)| sentence(step, background));
                attempt.sentences.extend(rest.collect::<Vec<_>>());
                self.put(feature, rule, scenario, attempt);
            }
            Scenario::Hook(..) | Scenario::Log(_) => {}
        }
    }

    fn step<W: Evident>(
        &mut self,
        step: &gherkin::Step,
        background: bool,
        event: &Step<W>,
        at: SystemTime,
    ) {
        let (outcome, error) = match event {
            Step::Started => {
                self.step_begun = at;
                return;
            }
            Step::Passed(..) => (Outcome::Passed, None),
            Step::Skipped => (Outcome::Undefined, Some("no step is written so".to_owned())),
            Step::Failed(_, _, world, error) => {
                self.keep_evidence(world.as_deref());
                match error {
                    StepError::NotFound => {
                        (Outcome::Undefined, Some("no step is written so".to_owned()))
                    }
                    StepError::AmbiguousMatch(error) => (
                        Outcome::Undefined,
                        Some(format!("more than one step is written so: {error}")),
                    ),
                    StepError::Panic(_) => (Outcome::Failed, Some(said(&error.to_string()))),
                }
            }
        };
        self.attempt.sentences.push(Sentence {
            outcome,
            error,
            took: between(self.step_begun, at),
            ..sentence(step, background)
        });
    }

    fn keep_evidence<W: Evident>(&mut self, world: Option<&W>) {
        if let Some(evidence) = world.and_then(Evident::evidence) {
            self.attempt.evidence = Some(without_openers(evidence));
        }
    }

    fn put(
        &self,
        feature: &gherkin::Feature,
        rule: Option<&gherkin::Rule>,
        scenario: &gherkin::Scenario,
        attempt: Attempt,
    ) {
        let file = self.file(feature);
        let line = scenario.position.line;
        self.shared.with(|record| {
            let at = record.features.iter().position(|known| known.file == file);
            let at = at.unwrap_or_else(|| {
                record.features.push(record::Feature {
                    file,
                    name: feature.name.clone(),
                    description: feature.description.clone().unwrap_or_default(),
                    tags: feature.tags.clone(),
                    runs: Vec::new(),
                });
                record.features.len() - 1
            });
            let runs = &mut record.features[at].runs;
            let example = example(scenario);
            let known = runs
                .iter_mut()
                .find(|run| run.line == line && run.example == example);
            match known {
                Some(run) => run.attempts.push(attempt),
                None => runs.push(Run {
                    name: scenario.name.clone(),
                    rule: rule.map(|rule| rule.name.clone()),
                    tags: super::tags(feature, rule, scenario).cloned().collect(),
                    line,
                    first_line: scenario
                        .steps
                        .first()
                        .map_or(line, |step| step.position.line),
                    example,
                    attempts: vec![attempt],
                }),
            }
        });
    }

    fn file(&self, feature: &gherkin::Feature) -> String {
        let path = feature.path.as_deref();
        let path = path.map(|path| path.strip_prefix(&self.root).unwrap_or(path));
        path.map(|path| path.display().to_string())
            .unwrap_or_default()
    }
}

/// What a step said, without what the runner says to each: a step's error comes as the panic of a result that was no success.
fn said(error: &str) -> String {
    let said = error
        .strip_prefix("Step panicked. Captured output: ")
        .unwrap_or(error);
    masked(said)
}

fn without_openers(evidence: &Evidence) -> Evidence {
    let mut evidence = evidence.clone();
    for exchange in &mut evidence.exchanges {
        for text in [
            &mut exchange.request,
            &mut exchange.sent,
            &mut exchange.answer,
        ] {
            *text = masked(text);
        }
    }
    for line in &mut evidence.audit {
        *line = masked(line);
    }
    evidence
}

fn between(begun: SystemTime, ended: SystemTime) -> Duration {
    ended.duration_since(begun).unwrap_or_default()
}

/// Every step that a scenario has, those of the backgrounds first; with whether it is one of those.
fn steps<'a>(
    feature: &'a gherkin::Feature,
    rule: Option<&'a gherkin::Rule>,
    scenario: &'a gherkin::Scenario,
) -> impl Iterator<Item = (bool, &'a gherkin::Step)> {
    let backgrounds = feature
        .background
        .iter()
        .chain(rule.and_then(|rule| rule.background.as_ref()));
    let backgrounds = backgrounds.flat_map(|background| &background.steps);
    let own = scenario.steps.iter().map(|step| (false, step));
    backgrounds.map(|step| (true, step)).chain(own)
}

fn sentence(step: &gherkin::Step, background: bool) -> Sentence {
    let table = step.table.as_ref();
    Sentence {
        background,
        keyword: step.keyword.trim().to_owned(),
        text: step.value.clone(),
        outline: None,
        line: step.position.line,
        table: table.map(|table| table.rows.clone()).unwrap_or_default(),
        outcome: Outcome::NotRun,
        took: Duration::ZERO,
        error: None,
    }
}

/// Column and value of each cell of an outline's example.
pub(super) fn example(scenario: &gherkin::Scenario) -> Vec<(String, String)> {
    let table = scenario.examples.first();
    let rows = table.and_then(|examples| Some(examples.table.as_ref()?.rows.as_slice()));
    match rows {
        Some([columns, row, ..]) => columns.iter().cloned().zip(row.iter().cloned()).collect(),
        _ => Vec::new(),
    }
}

impl<W: Evident> Writer<W> for Witness {
    type Cli = cli::Empty;

    async fn handle_event(&mut self, event: parser::Result<Event<Cucumber<W>>>, _: &Self::Cli) {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                let error = error.to_string();
                return self.shared.with(|record| record.unreadable.push(error));
            }
        };
        let at = event.at;
        match &*event {
            Cucumber::Feature(
                feature,
                Feature::Scenario(scenario, RetryableScenario { event, .. }),
            ) => self.scenario(feature, None, scenario, event, at),
            Cucumber::Feature(
                feature,
                Feature::Rule(rule, Rule::Scenario(scenario, RetryableScenario { event, .. })),
            ) => self.scenario(feature, Some(rule), scenario, event, at),
            _ => {}
        }
    }
}

impl writer::NonTransforming for Witness {}
