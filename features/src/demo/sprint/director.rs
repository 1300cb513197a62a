//! What people do in the demo's sprint: the director who decides, the lead who attaches evidence, the operator who reports the gates.

use anyhow::{Context as _, Result};
use chrono::{DateTime, SecondsFormat, Utc};
use gates::client::{Call, Client};
use serde_json::{Value, json};

use super::{LEAD, TEMPLATE};
use crate::world::expect_success;

const SPRINT: &str = "id name status progress phases { index kind weight status progress evidence wavesEndedAt gateRun { rating } \
    waves { index status taskCount tasks(first: 50) { nodes { id type { name } status progress progressMessage error waitingFor assignee { id } } } } }";

/// Those who decide.
pub(super) struct Director {
    pub(super) client: Client,
    pub(super) lead: Client,
    pub(super) operator: Client,
}

impl Director {
    /// Makes the sprint; gives its id.
    pub(super) async fn make(&self) -> Result<String> {
        let input = json!({ "name": "The scout", "leadId": LEAD, "template": TEMPLATE });
        let create = Call::mutation("createSprint")
            .with("input", "CreateSprintInput!", input)
            .selecting("id");
        let made = ask(&self.client, &create).await?;
        Ok(made["id"]
            .as_str()
            .context("a sprint has an id")?
            .to_owned())
    }

    /// Starts it.
    pub(super) async fn start(&self, id: &str) -> Result<()> {
        let start = Call::mutation("startSprint")
            .with("sprintId", "ID!", id)
            .selecting("status");
        ask(&self.client, &start).await.map(drop)
    }

    /// The sprint as it is now.
    pub(super) async fn look(&self, id: &str) -> Result<Value> {
        let call = Call::query("sprint")
            .with("id", "ID!", id)
            .selecting(SPRINT);
        ask(&self.client, &call).await
    }

    /// Does what the sprint waits for: a retry, a gate run, evidence.
    pub(super) async fn decide(&self, sprint: &Value) -> Result<()> {
        let id = sprint["id"].as_str().unwrap_or_default();
        for phase in sprint["phases"].as_array().into_iter().flatten() {
            for task in tasks_of(phase) {
                // One that may still be tried by others is left to them.
                if task["status"] == "FAILED" && task["waitingFor"] == "RETRY" {
                    let call = Call::mutation("retryTask")
                        .with("taskId", "ID!", task["id"].clone())
                        .selecting("id");
                    ask(&self.client, &call).await?;
                }
            }
            let waits = phase["status"] == "RUNNING" && phase["wavesEndedAt"].is_string();
            if waits && phase["kind"] == "QUALITY_GATES" {
                self.report_gates(id).await?;
            }
            if waits && phase["kind"] == "DOCUMENTATION" {
                let call = Call::mutation("attachEvidence")
                    .with("sprintId", "ID!", id)
                    .with("phase", "Int!", phase["index"].clone())
                    .with(
                        "evidence",
                        "[String!]!",
                        json!(["https://studio.example/scout/evidence"]),
                    )
                    .selecting("id");
                ask(&self.lead, &call).await?;
            }
        }
        Ok(())
    }

    /// Reports a gate run as the gates' runner does. What the demo looks at itself is the first gate; the others are said to have passed, for
    /// the demo is about the sprint.
    async fn report_gates(&self, sprint: &str) -> Result<()> {
        let began = now();
        let server = Call::query("server").selecting("installationId buildHash");
        let server = ask(&self.operator, &server).await?;
        let fleet =
            Call::query("fleet").selecting("agentsByStatus { status count } orphanedSessions");
        let fleet = ask(&self.operator, &fleet).await?;
        let gate = |(gate, name): (i32, &str)| {
            let details = if gate == 1 {
                fleet.clone()
            } else {
                json!({ "said": "by the demo" })
            };
            json!({ "gate": gate, "name": name, "status": "PASSED", "details": details, "durationMs": 1 })
        };
        let names = [
            "agent state",
            "E2E pass rate",
            "API contract",
            "performance",
            "audit integrity",
        ];
        let input = json!({
            "sprintId": sprint,
            "target": "the demo's own server",
            "installationId": server["installationId"],
            "buildHash": server["buildHash"],
            "startedAt": text(began),
            "finishedAt": text(now()),
            "gates": (1..).zip(names).map(gate).collect::<Vec<_>>(),
        });
        let call = Call::mutation("recordGateRun")
            .with("input", "RecordGateRunInput!", input)
            .selecting("rating");
        ask(&self.operator, &call).await.map(drop)
    }
}

#[expect(clippy::disallowed_methods, reason = "a runner reports when it began")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The tasks of a phase, wave by wave.
pub(super) fn tasks_of(phase: &Value) -> impl Iterator<Item = &Value> {
    let waves = phase["waves"].as_array().into_iter().flatten();
    waves.flat_map(|wave| wave["tasks"]["nodes"].as_array().into_iter().flatten())
}

/// What a call gives that must not be refused.
pub(super) async fn ask(client: &Client, call: &Call) -> Result<Value> {
    let answer = client.send(call).await?;
    Ok(expect_success(&answer)?[call.field()].clone())
}
