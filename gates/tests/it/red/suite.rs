//! Gate 2, red: scenarios that fail, a report of another build, an old one, one of some scenarios, and none.

use std::fs;

use chrono::{SecondsFormat, TimeDelta, Utc};
use gates::{
    client::Client,
    gate::{Finding, Gate},
    run::Plan,
    target::Target,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{assert_green, assert_red, plan};

const BUILD: &str = "5ca1ab1e";

/// The report of a suite that ended so long ago.
#[allow(
    clippy::disallowed_methods,
    reason = "how old a report is counts from now"
)]
fn report(ago: TimeDelta) -> Value {
    let ended = (Utc::now() - ago).to_rfc3339_opts(SecondsFormat::Millis, true);
    json!({
        "build": BUILD, "database": "sqlite", "passed": 200, "total": 200, "failed": [], "endedAt": ended, "selection": null,
    })
}

/// What the gate says of a report at 100 %, of a server that need not be asked for this.
async fn judged(report: &Value) -> Finding {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("sqlite.summary.json");
    fs::write(&file, report.to_string()).unwrap();
    said(|plan| plan.suite_report.clone_from(&file)).await
}

async fn said(change: impl FnOnce(&mut Plan)) -> Finding {
    let target = Target {
        operator: Client::new("127.0.0.1:1"),
        address: "127.0.0.1:1".to_owned(),
        admin: None,
        installation_id: "inst_01".to_owned(),
        build_hash: BUILD.to_owned(),
        version: "0.1.0".to_owned(),
    };
    let mut plan = plan(Gate::Suite, &target);
    plan.threshold = 100.0;
    change(&mut plan);
    super::said(&plan).await
}

#[tokio::test]
async fn a_scenario_that_fails() {
    let mut report = report(TimeDelta::minutes(5));
    assert_green(&judged(&report).await);
    report["passed"] = json!(199);
    report["failed"] = json!(["A task is delegated"]);
    let finding = judged(&report).await;
    assert_red(&finding, &["199 of 200 scenarios passed"]);
    assert!(finding.reasons[0].contains("A task is delegated"));
}

#[tokio::test]
async fn a_report_of_another_build() {
    let mut report = report(TimeDelta::minutes(5));
    report["build"] = json!("0ddba11");
    assert_red(&judged(&report).await, &["of another build"]);
}

#[tokio::test]
async fn a_report_that_is_older_than_an_hour() {
    let finding = judged(&report(TimeDelta::minutes(61))).await;
    assert_red(&finding, &["older than an hour"]);
}

#[tokio::test]
async fn a_report_of_some_scenarios() {
    let mut report = report(TimeDelta::minutes(5));
    report["selection"] = json!("--tags @task");
    assert_red(&judged(&report).await, &["only some scenarios were run"]);
}

#[tokio::test]
async fn no_scenario_and_no_report_at_all() {
    let mut nothing = report(TimeDelta::minutes(5));
    (nothing["passed"], nothing["total"]) = (json!(0), json!(0));
    assert_red(
        &judged(&nothing).await,
        &["it could not measure: the report counts 0 of 0 scenarios"],
    );
    assert_red(&judged(&json!({})).await, &["it could not measure"]);
    let absent = said(|plan| plan.suite_report = "/no/such/report".into()).await;
    assert_red(&absent, &["it could not measure"]);
}
