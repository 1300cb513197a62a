//! What it costs to read the whole log: `audit verify`, and exports in both formats, on a log that grew through the front door.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use gates::client::{Call, Client};
use serde_json::{Value, json};
use tokio::{process::Command, time::sleep};

use super::usage::{self, Usage};
use crate::{
    database::{Choice, Databases},
    process::binary,
    soak::installation::Installation,
    world::expect_success,
};

/// How many agents one call registers or changes.
const BATCH: usize = 10_000;

/// Between two looks at how far the log is signed.
const GLANCE: Duration = Duration::from_millis(100);

/// A call of so many agents is larger, and takes longer, than a server lets pass that has not been told.
const SETTINGS: [(&str, &str); 2] = [
    ("ZIGGIE_LIMITS_MAX_BODY_BYTES", "16MiB"),
    ("ZIGGIE_LIMITS_OPERATION_TIMEOUT", "120s"),
];

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    entries: u64,
    verify: Usage,
    csv: (Usage, u64),
    ndjson: (Usage, u64),
}

impl Measure {
    /// As a JSON object.
    #[must_use]
    pub fn json(&self) -> Value {
        let export = |(usage, bytes): (Usage, u64)| {
            let mut told = usage.json();
            told["MiB"] = json!(super::mebibytes(bytes));
            told
        };
        json!({
            "entries": self.entries,
            "verify": self.verify.json(),
            "exportCsv": export(self.csv),
            "exportNdjson": export(self.ndjson),
        })
    }
}

impl std::fmt::Display for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            entries,
            verify,
            csv: (csv, _),
            ndjson: (ndjson, _),
        } = self;
        write!(
            f,
            "{entries} entries: verified in {verify}; as CSV in {csv}; as NDJSON in {ndjson}"
        )
    }
}

/// Fills a log with at least so many entries and reads it whole, each way once, while nobody else works.
///
/// # Errors
/// When the log does not hold, and when a process fails.
pub async fn run(database: Choice, entries: usize) -> Result<Measure> {
    let databases = Databases::prepare(database).await?;
    let mut installation = Installation::found_with(&SETTINGS, &databases, 1, &[]).await?;
    let operator = installation.operator(0)?;
    fill(&operator, entries).await?;
    signed(&operator, entries).await?;
    installation.terminate(0).await?;

    let place = tempfile::tempdir().context("a place for exports")?;
    let (output, manifest) = (place.path().join("out"), place.path().join("manifest"));
    let audit = |arguments: &[&str]| -> Result<Command> {
        let mut command = Command::new(binary()?);
        command.arg("audit").args(arguments);
        command.arg("--data-dir").arg(installation.data_dir(0)?);
        if let Some(url) = installation.url() {
            command.args(["--database-url", url]);
        }
        Ok(command)
    };
    let verify = usage::of(audit(&["verify", "--json"])?, &output).await?;
    let verdict: Value = serde_json::from_slice(&tokio::fs::read(&output).await?)?;
    let entries = verdict["entries"].as_u64().context("how many entries")?;
    let mut exports = Vec::new();
    for format in ["csv", "ndjson"] {
        let mut command = audit(&["export", "--format", format])?;
        command.arg("--manifest").arg(&manifest);
        let usage = usage::of(command, &output).await?;
        let told: Value = serde_json::from_slice(&tokio::fs::read(&manifest).await?)?;
        ensure!(told["rows"] == entries, "{entries} entries, and {told}");
        exports.push((usage, tokio::fs::metadata(&output).await?.len()));
    }
    installation.clear().await?;
    databases.finish().await?;
    let (csv, ndjson) = (exports[0], exports[1]);
    Ok(Measure {
        entries,
        verify,
        csv,
        ndjson,
    })
}

/// Waits until so many entries are numbered and signed: what is not yet, an export does not hold.
async fn signed(operator: &Client, entries: usize) -> Result<()> {
    let last = Call::query("auditCheckpoint").selecting("size");
    loop {
        let answer = operator.send(&last).await?;
        // In the first moment of a log there is none.
        let early = answer
            .fault()
            .is_some_and(|fault| fault.code() == "UNAVAILABLE");
        if !early {
            let size = &expect_success(&answer)?["auditCheckpoint"]["size"];
            let size = size.as_str().context("a size")?.parse::<usize>()?;
            if size >= entries {
                return Ok(());
            }
        }
        sleep(GLANCE).await;
    }
}

/// Registers agents and renames them again and again: an entry each.
async fn fill(operator: &Client, entries: usize) -> Result<()> {
    let ids: Vec<String> = (0..BATCH.min(entries))
        .map(|number| format!("L1-BENCH-{number:05}"))
        .collect();
    let agents: Vec<Value> = ids
        .iter()
        .map(|id| json!({ "id": id, "name": "as registered", "tier": "L1" }))
        .collect();
    let register = Call::mutation("registerAgents")
        .with("input", "[RegisterAgentInput!]!", agents)
        .selecting("agent { id }");
    expect_success(&operator.send(&register).await?)?;
    for round in 1..entries.div_ceil(ids.len()) {
        let name = format!("as changed for the {round}. time");
        let changes: Vec<Value> = ids
            .iter()
            .map(|id| json!({ "id": id, "name": name }))
            .collect();
        let update = Call::mutation("updateAgents")
            .with("input", "[UpdateAgentInput!]!", changes)
            .selecting("id");
        expect_success(&operator.send(&update).await?)?;
    }
    Ok(())
}
