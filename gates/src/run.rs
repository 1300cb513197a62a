//! A run of the gates: where each looks, and what may run beside what (spec R8.02).

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use chrono::Utc;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::{
    audit::Key,
    gate::{
        Finding, Gate, Place, agent_state, audit_integrity, contract_kept,
        performance::{self, Terms},
        suite,
    },
    target::{NotReached, Target},
};

/// What is to be run, and by which measure.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which gates.
    pub gates: Vec<Gate>,
    /// What they look at.
    pub target: Target,
    /// What that is: a deployment, which is only read, or a server that may be written to.
    pub place: Place,
    /// A server of the same build beside a deployment, for what writes.
    pub twin: Option<Target>,
    /// The archives of the log, where months of it have left the database.
    pub archives: Option<PathBuf>,
    /// The public keys of the log, where they were brought along; else those that the target shows are believed.
    pub keys: Option<Vec<Key>>,
    /// How many scenarios must pass, in percent.
    pub threshold: f64,
    /// What the suite left; [`Plan::run`] waits for the suite where that is still running.
    pub suite_report: PathBuf,
    /// The SDL that is to be served, and the contract that it is to contain.
    pub contract: contract_kept::Promise,
    /// The load, and how much it may cost.
    pub terms: Terms,
}

impl Plan {
    /// Runs them: those that read beside the suite, then the load alone. Tells of each when it has ended.
    ///
    /// `suite` ends when the suite has; it says why the suite could not be run.
    pub async fn run(
        &self,
        suite: impl Future<Output = Result<(), String>>,
        ended: &mpsc::UnboundedSender<Finding>,
    ) -> Vec<Finding> {
        let begun = |gate| self.gates.contains(&gate);
        // What is not worked with has little to tell: a twin's log is read after the load.
        let (beside, after): (&[Gate], &[Gate]) = match self.place {
            Place::Deployment => (&[Gate::AgentState, Gate::Audit], &[Gate::Performance]),
            _ => (&[Gate::AgentState], &[Gate::Performance, Gate::Audit]),
        };
        let in_turn = async |gates: &[Gate]| {
            let mut findings = Vec::new();
            for gate in gates.iter().copied().filter(|gate| begun(*gate)) {
                findings.push(self.tell(gate, self.look(gate), ended).await);
            }
            findings
        };
        let readers = in_turn(beside);
        let of_suite = async {
            let mut findings = Vec::new();
            if !begun(Gate::Suite) && !begun(Gate::Contract) {
                return findings;
            }
            let began = Instant::now();
            let ran = suite.await;
            let took = began.elapsed();
            for gate in [Gate::Suite, Gate::Contract] {
                if begun(gate) {
                    let looked = async {
                        match &ran {
                            Ok(()) => self.look(gate).await,
                            Err(why) => Ok(Finding::unmeasured(gate, Place::Twin, why)),
                        }
                    };
                    let mut finding = self.measure(gate, looked).await;
                    if gate == Gate::Suite {
                        finding.took += took;
                    }
                    send(ended, &finding);
                    findings.push(finding);
                }
            }
            findings
        };
        let (mut findings, others) = tokio::join!(readers, of_suite);
        findings.extend(others);
        findings.extend(in_turn(after).await);
        findings
    }

    async fn look(&self, gate: Gate) -> Result<Finding, NotReached> {
        let (target, place) = (&self.target, self.place);
        match gate {
            Gate::AgentState => agent_state::look(target, place).await,
            Gate::Suite => Ok(suite::look(
                &self.suite_report,
                &target.build_hash,
                now(),
                self.threshold,
            )),
            Gate::Contract => {
                let looked =
                    contract_kept::look(target, place, &self.contract, &self.suite_report).await;
                Ok(self.exercised_on_servers_of_its_own(looked?))
            }
            Gate::Performance if place == Place::Deployment => self.load_both().await,
            Gate::Performance => performance::look(target, place, &self.terms).await,
            Gate::Audit => {
                let (archives, keys) = (self.archives.as_deref(), self.keys.as_deref());
                audit_integrity::look(target, place, archives, keys).await
            }
        }
    }

    /// The build that the suite was run on, by its report.
    #[must_use]
    pub fn suite_build(&self) -> Option<String> {
        let text = fs::read_to_string(&self.suite_report).ok()?;
        let report: Value = serde_json::from_str(&text).ok()?;
        Some(report["build"].as_str()?.to_owned())
    }

    /// The schema was read at the target; what was exercised was so on the servers of the suite, which are to be of its build.
    fn exercised_on_servers_of_its_own(&self, mut finding: Finding) -> Finding {
        if self.place == Place::Deployment {
            finding.place = Place::Both;
        }
        let (suite, own) = (self.suite_build(), &self.target.build_hash);
        if let Some(suite) = suite.filter(|suite| suite != own) {
            finding.fail(format!(
                "what was exercised is of another build: {suite}, not {own}"
            ));
        }
        finding
    }

    /// Reads under load at the deployment, and works under load at its twin: a deployment's fitness for work is not known otherwise.
    async fn load_both(&self) -> Result<Finding, NotReached> {
        let mut both = Finding::new(Gate::Performance, Place::Both);
        let read = performance::look(&self.target, Place::Deployment, &self.terms).await?;
        both.absorb(read);
        match &self.twin {
            None => both.fail("it could not measure: there is no twin to work on"),
            Some(twin) if twin.build_hash != self.target.build_hash => both.fail(format!(
                "it could not measure: the twin is of build {}, and the deployment of {}",
                twin.build_hash, self.target.build_hash
            )),
            Some(twin) => {
                both.absorb(performance::look(twin, Place::Twin, &self.terms).await?);
            }
        }
        Ok(both)
    }

    async fn tell(
        &self,
        gate: Gate,
        looked: impl Future<Output = Result<Finding, NotReached>>,
        ended: &mpsc::UnboundedSender<Finding>,
    ) -> Finding {
        let finding = self.measure(gate, looked).await;
        send(ended, &finding);
        finding
    }

    /// A gate that cannot measure has failed.
    async fn measure(
        &self,
        gate: Gate,
        looked: impl Future<Output = Result<Finding, NotReached>>,
    ) -> Finding {
        let begun = Instant::now();
        let mut finding = match looked.await {
            Ok(finding) => finding,
            Err(error) => Finding::unmeasured(gate, self.place, error),
        };
        finding.took = begun.elapsed().max(Duration::from_millis(1));
        finding
    }
}

fn send(ended: &mpsc::UnboundedSender<Finding>, finding: &Finding) {
    // Whoever wanted to hear of it as it goes has gone; the report has it all the same.
    let _ = ended.send(finding.clone());
}

#[allow(
    clippy::disallowed_methods,
    reason = "how old a report is: the gates have no other clock"
)]
fn now() -> chrono::DateTime<Utc> {
    Utc::now()
}
