//! What a run of the gates came to, in every form that is asked for (spec R8.03): lines and a table, JSON, JUnit, a page.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::{
    gate::{Finding, Gate, Status},
    target::Target,
};

pub mod junit;
pub mod page;
pub mod terminal;

/// A whole run.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was judged: an address, or that it was a twin.
    pub target: String,
    /// Which installation was judged.
    pub installation_id: String,
    /// Which build was judged.
    pub build_hash: String,
    /// Which build the twin was of that stood beside a deployment.
    pub twin_build_hash: Option<String>,
    /// Which build the suite was run on, where its report was read.
    pub suite_build_hash: Option<String>,
    /// Its version.
    pub version: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: DateTime<Utc>,
    /// What each gate found, in their order; a gate that is missing was not run.
    pub findings: Vec<Finding>,
    /// How one gate is run again: its number comes behind it.
    pub again: String,
}

impl Report {
    /// A run that has found nothing yet.
    #[must_use]
    pub fn begin(name: String, target: &Target, again: String) -> Self {
        let now = now();
        Self {
            target: name,
            installation_id: target.installation_id.clone(),
            build_hash: target.build_hash.clone(),
            twin_build_hash: None,
            suite_build_hash: None,
            version: target.version.clone(),
            started_at: now,
            finished_at: now,
            findings: Vec::new(),
            again,
        }
    }

    /// Ends it: findings are put in order.
    pub fn end(&mut self) {
        self.findings.sort_by_key(|finding| finding.gate);
        self.finished_at = now();
    }

    /// How many of the five passed.
    #[must_use]
    pub fn passed(&self) -> usize {
        let passed = |finding: &&Finding| finding.status == Status::Passed;
        self.findings.iter().filter(passed).count()
    }

    /// `5/5`.
    #[must_use]
    pub fn rating(&self) -> String {
        format!("{}/{}", self.passed(), Gate::ALL.len())
    }

    /// As the API counts: PASSED where all five did, WARNING where none failed and none is missing, else FAILED.
    #[must_use]
    pub fn status(&self) -> Status {
        let worst = self.findings.iter().map(|finding| finding.status).max();
        match worst {
            Some(worst) if self.findings.len() == Gate::ALL.len() => worst,
            _ => Status::Failed,
        }
    }

    /// The builds that were measured beside the one that is judged, each with what it is and whether it is the same.
    #[must_use]
    pub fn other_builds(&self) -> Vec<(&'static str, &str, bool)> {
        let builds = [
            ("twin", &self.twin_build_hash),
            ("suite", &self.suite_build_hash),
        ];
        let told = builds.into_iter().filter_map(|(what, hash)| {
            let hash = hash.as_deref()?;
            Some((what, hash, hash == self.build_hash))
        });
        told.collect()
    }

    /// As JSON, by `gates/report.schema.json`.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "target": self.target,
            "installationId": self.installation_id,
            "buildHash": self.build_hash,
            "twinBuildHash": self.twin_build_hash,
            "suiteBuildHash": self.suite_build_hash,
            "version": self.version,
            "startedAt": time(self.started_at),
            "finishedAt": time(self.finished_at),
            "status": self.status().as_str(),
            "rating": self.rating(),
            "gates": self.findings.iter().map(gate).collect::<Vec<_>>(),
        })
    }

    /// What `recordGateRun` takes.
    #[must_use]
    pub fn input(&self) -> Value {
        let gates: Vec<Value> = self.findings.iter().map(gate).collect();
        json!({
            "target": self.target,
            "installationId": self.installation_id,
            "buildHash": self.build_hash,
            "startedAt": time(self.started_at),
            "finishedAt": time(self.finished_at),
            "gates": gates,
        })
    }
}

fn gate(finding: &Finding) -> Value {
    json!({
        "gate": finding.gate.number(),
        "name": finding.gate.name(),
        "status": finding.status.as_str(),
        "details": finding.details(),
        "durationMs": u64::try_from(finding.took.as_millis()).unwrap_or(u64::MAX),
    })
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[allow(
    clippy::disallowed_methods,
    reason = "when a run began and ended: the gates have no other clock"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::gate::Place;

    /// A run in which the gates from the first on say this.
    pub(crate) fn report(statuses: &[Status]) -> Report {
        let findings = Gate::ALL.into_iter().zip(statuses).map(|(gate, status)| {
            let mut finding = Finding::new(gate, Place::Twin);
            finding.figure("entries", 1_930);
            match status {
                Status::Passed => {}
                Status::Warning => finding.warn("it is <slow> & old"),
                Status::Failed => finding.fail("it is broken"),
            }
            finding
        });
        Report {
            target: "a twin".to_owned(),
            installation_id: "inst_01".to_owned(),
            build_hash: "b1".to_owned(),
            twin_build_hash: Some("b1".to_owned()),
            suite_build_hash: Some("b0".to_owned()),
            version: "0.1.0".to_owned(),
            started_at: DateTime::UNIX_EPOCH,
            finished_at: DateTime::UNIX_EPOCH,
            findings: findings.collect(),
            again: "cargo xtask gates --only".to_owned(),
        }
    }

    #[test]
    fn a_report_is_what_its_published_schema_says() {
        let schema = serde_json::from_str(include_str!("../report.schema.json")).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let told = report(&[Status::Passed, Status::Warning, Status::Failed]).json();
        let faults: Vec<_> = validator
            .iter_errors(&told)
            .map(|fault| fault.to_string())
            .collect();
        assert!(faults.is_empty(), "{faults:?}");
        let mut other = told.clone();
        other["rating"] = json!("6/5");
        assert!(!validator.is_valid(&other));
    }

    #[test]
    fn only_what_passed_counts_and_what_is_missing_failed() {
        use Status::{Failed, Passed, Warning};
        for (statuses, rating, status) in [
            (vec![Passed; 5], "5/5", Passed),
            (
                vec![Passed, Passed, Warning, Passed, Passed],
                "4/5",
                Warning,
            ),
            (vec![Passed, Failed, Warning, Passed, Passed], "3/5", Failed),
            (vec![Passed; 4], "4/5", Failed),
            (vec![], "0/5", Failed),
        ] {
            let report = report(&statuses);
            assert_eq!(
                (report.rating().as_str(), report.status()),
                (rating, status)
            );
        }
    }
}
