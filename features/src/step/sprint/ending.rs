//! What ends phases by itself: gate runs and evidence.

use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, SecondsFormat, Utc};
use cucumber::{Parameter, gherkin::Step, given, then, when};
use gates::client::Call;
use serde_json::{Value, json};

use super::{about, sprint_id};
use crate::{
    word::{Agent, Count, Sprint},
    world::{Studio, expect_equal},
};

/// What a gate run lacks: ` of another build`, ` of another installation`, ` that began an hour ago`, or nothing.
#[derive(Clone, Copy, Debug, Parameter, PartialEq, Eq)]
#[param(
    name = "lack",
    regex = "(?: of another build| of another installation| that began an hour ago)?"
)]
enum Lack {
    Nothing,
    Build,
    Installation,
    Time,
}

impl std::str::FromStr for Lack {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            " of another build" => Self::Build,
            " of another installation" => Self::Installation,
            " that began an hour ago" => Self::Time,
            _ => Self::Nothing,
        })
    }
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[given(expr = "{agent} records a gate run of {sprint} with {count} of five passed{lack}")]
#[when(expr = "{agent} records a gate run of {sprint} with {count} of five passed{lack}")]
async fn records(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    sprint: Sprint,
    passed: Count,
    lack: Lack,
) -> Result<()> {
    let server = studio
        .look(&Call::query("server").selecting("installationId buildHash"))
        .await?;
    let gate = |gate: usize| {
        let status = if gate <= passed.0 { "PASSED" } else { "FAILED" };
        json!({ "gate": gate, "name": format!("gate {gate}"), "status": status, "details": {}, "durationMs": 5 })
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let began = match lack {
        Lack::Time => studio.now() - Duration::from_secs(3_600),
        _ => studio.now(),
    };
    let input = json!({
        "sprintId": sprint_id(studio, &sprint)?,
        "target": "the scenario's server",
        "installationId": match lack {
            Lack::Installation => "inst_00000000000000000000000000".to_owned(),
            _ => text(&server["installationId"]),
        },
        "buildHash": match lack {
            Lack::Build => "0".repeat(64),
            _ => text(&server["buildHash"]),
        },
        "startedAt": moment(began),
        "finishedAt": moment(studio.now()),
        "gates": (1..=5).map(gate).collect::<Vec<_>>(),
    });
    let call = Call::mutation("recordGateRun")
        .with("input", "RecordGateRunInput!", input)
        .selecting("id status rating isOfThisBuild sprint { id }");
    studio.act(step, &by, &call).await
}

#[then(expr = "the server rates the run {string} and {word}")]
async fn rates(studio: &mut Studio, rating: String, status: String) -> Result<()> {
    let run = studio.last()?.value();
    let found = (run["rating"].clone(), run["status"].clone());
    expect_equal(
        "what the server says",
        found,
        (json!(rating), json!(status)),
    )
}

#[given(expr = "{agent} attaches {string} to phase {int} of {sprint}")]
#[when(expr = "{agent} attaches {string} to phase {int} of {sprint}")]
async fn attaches(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    evidence: String,
    phase: i64,
    sprint: Sprint,
) -> Result<()> {
    let call = about(studio, "attachEvidence", &sprint)?
        .with("phase", "Int!", phase)
        .with("evidence", "[String!]!", json!([evidence]));
    studio.act(step, &by, &call).await
}
