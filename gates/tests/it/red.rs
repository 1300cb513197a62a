//! The red cases (spec R8.03): the system is broken on purpose, and the gate that has to see it says FAILED, run as the runner runs it. A file a
//! gate; each begins with the same system unbroken, which is green. `scratch` is the server that is broken, `proxy` what stands before one and lies.

mod agent_state;
mod audit_integrity;
mod contract_kept;
mod performance;
mod proxy;
mod scratch;
mod suite;

use std::{path::PathBuf, time::Duration};

use gates::{
    gate::{Finding, Gate, Place, Status, contract_kept::Promise, performance::Terms},
    run::Plan,
    target::Target,
};
use tokio::sync::mpsc;

/// A plan of one gate, with limits that no machine is too slow for.
fn plan(gate: Gate, target: &Target) -> Plan {
    Plan {
        gates: vec![gate],
        target: target.clone(),
        place: Place::Twin,
        twin: None,
        archives: None,
        keys: None,
        threshold: 65.0,
        suite_report: PathBuf::new(),
        contract: Promise::committed().unwrap(),
        terms: Terms {
            rate: 20,
            duration: Duration::from_secs(1),
            p95: Duration::from_secs(20),
            completion_p95: Duration::from_secs(20),
            memory_mib: 4_096,
        },
    }
}

/// What the only gate of a plan says when it is run.
async fn said(plan: &Plan) -> Finding {
    let (ended, mut heard) = mpsc::unbounded_channel();
    let mut findings = plan.run(async { Ok(()) }, &ended).await;
    let finding = findings.pop().unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(heard.recv().await.unwrap().status, finding.status);
    finding
}

fn assert_green(finding: &Finding) {
    assert_eq!(finding.status, Status::Passed, "{:?}", finding.reasons);
}

/// That it is red, and that each reason has one of the words, and each word a reason.
fn assert_red(finding: &Finding, words: &[&str]) {
    let reasons = &finding.reasons;
    assert_eq!(finding.status, Status::Failed, "{words:?}: {reasons:?}");
    let of = |word: &&str| reasons.iter().any(|reason| reason.contains(*word));
    assert!(words.iter().all(of), "{words:?}: {reasons:?}");
    let expected = |reason: &String| words.iter().any(|word| reason.contains(word));
    assert!(reasons.iter().all(expected), "{words:?}: {reasons:?}");
}
