//! How a run went in figures: how many scenarios there were, an outline counting as one, and which of them did not pass.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use gates::client;
use serde_json::{Value, json};

use super::record::{Record, Verdict, scenarios, worst};
use crate::server;

/// How a run went.
#[derive(Debug, Default)]
pub struct Tally {
    record: Record,
    left_out: BTreeMap<String, usize>,
}

impl Tally {
    /// The figures of a record.
    #[must_use]
    pub fn of(mut record: Record) -> Self {
        let left_out = record.leave_out();
        Self { record, left_out }
    }

    /// Why scenarios were left out that cannot be the guests of a server, and how many for each reason, an example counting as one.
    #[must_use]
    pub fn left_out(&self) -> &BTreeMap<String, usize> {
        &self.left_out
    }

    /// What happened, scenario by scenario.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    fn verdicts(&self) -> impl Iterator<Item = Verdict> {
        let features = self.record.features.iter();
        features.flat_map(|feature| scenarios(feature).into_iter().map(|runs| worst(&runs)))
    }

    /// How many scenarios there were.
    #[must_use]
    pub fn total(&self) -> usize {
        self.verdicts().count()
    }

    /// How many of them ended so, with all their examples.
    #[must_use]
    pub fn count(&self, wanted: Verdict) -> usize {
        self.verdicts().filter(|verdict| *verdict == wanted).count()
    }

    /// How many of them passed at once, with all their examples.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.count(Verdict::Passed)
    }

    /// How many were run, each example counted.
    #[must_use]
    pub fn examples(&self) -> usize {
        self.record.runs().count()
    }

    /// Whether there was something to run and nothing went wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.record.unreadable.is_empty() && self.total() > 0 && self.passed() == self.total()
    }

    /// What gate 2 reads (spec R8.01): how many passed of how many, of which build, on which database, when, and which scenarios failed, those
    /// among them that passed when they were tried again; and what gate 3 reads, where the run looked at responses.
    pub(super) fn summary(
        &self,
        place: &str,
        selection: Option<&str>,
        ended: DateTime<Utc>,
    ) -> Value {
        let named = |wanted: &dyn Fn(Verdict) -> bool| -> Vec<&str> {
            let runs = self.record.runs();
            let wanted = runs.filter(|(_, run)| wanted(run.verdict()));
            wanted.map(|(_, run)| run.name.as_str()).collect()
        };
        json!({
            "build": server::BUILD,
            "database": place,
            "selection": selection,
            "passed": self.passed(),
            "total": self.total(),
            "failed": named(&|verdict| verdict != Verdict::Passed),
            "flaky": named(&|verdict| verdict == Verdict::Flaky),
            "contract": client::seen(),
            "endedAt": ended.to_rfc3339_opts(SecondsFormat::Millis, true),
        })
    }
}
