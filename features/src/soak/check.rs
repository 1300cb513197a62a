//! Compares what was acknowledged with what the installation says afterwards: its rows, their histories, the log.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result, ensure};
use gates::client::{Call, Client};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::pair::Remembered;
use crate::world::{expect_success, texts};

/// How long the last entries may take to be sequenced.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(20);

/// How many tasks or entries are asked for at once.
const PAGE: usize = 50;

/// Nothing acknowledged is missing, nothing was done twice, no entry is without its change and no change without its entry,
/// the numbers are contiguous. Returns how many entries the log has.
pub(super) async fn all(operator: &Client, remembered: &[Remembered]) -> Result<u64> {
    for some in remembered.chunks(PAGE) {
        rows(operator, some).await?;
    }
    count(operator, remembered.len()).await?;
    log(operator, remembered).await
}

/// Each row and its history are as remembered.
async fn rows(operator: &Client, remembered: &[Remembered]) -> Result<()> {
    let ids: Vec<&str> = remembered.iter().map(|task| task.id.as_str()).collect();
    let call = Call::query("nodes")
        .with("ids", "[ID!]!", ids)
        .selecting("... on Task { id status attempt history(first: 50) { nodes { action } } }");
    let answer = operator.send(&call).await?;
    let rows = expect_success(&answer)?["nodes"].clone();
    for (task, row) in remembered
        .iter()
        .zip(rows.as_array().context("a list of tasks")?)
    {
        let id = &task.id;
        ensure!(
            row["id"] == id.as_str(),
            "{id} was acknowledged and is missing"
        );
        ensure!(
            row["status"] == task.status,
            "{id} is {}, acknowledged was {}",
            row["status"],
            task.status
        );
        let history = texts(&row["history"]["nodes"], "/action");
        ensure!(
            history == task.actions,
            "{id} has the history {history:?}, acknowledged was {:?}",
            task.actions
        );
        let starts = task
            .actions
            .iter()
            .filter(|action| **action == "TASK_STARTED")
            .count();
        ensure!(
            row["attempt"] == starts,
            "{id} is at attempt {} after {starts} starts",
            row["attempt"]
        );
    }
    Ok(())
}

/// There are no other tasks.
async fn count(operator: &Client, wanted: usize) -> Result<()> {
    let call = Call::query("tasks")
        .with("first", "Int", 1)
        .selecting("totalCount");
    let answer = operator.send(&call).await?;
    let found = &expect_success(&answer)?["tasks"]["totalCount"];
    ensure!(
        *found == wanted,
        "there are {found} tasks, begun were {wanted}"
    );
    Ok(())
}

/// The log has the entries of these tasks and of no others, numbered without a gap.
async fn log(operator: &Client, remembered: &[Remembered]) -> Result<u64> {
    let wanted: BTreeMap<&str, usize> = remembered
        .iter()
        .map(|task| (task.id.as_str(), task.actions.len()))
        .collect();
    let all: usize = wanted.values().sum();
    let until = Instant::now() + PATIENCE;
    loop {
        let entries = entries(operator).await?;
        let mut found: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| entry["entityType"] == "TASK") {
            *found
                .entry(entry["entityId"].as_str().unwrap_or_default())
                .or_default() += 1;
        }
        if found.values().sum::<usize>() < all && Instant::now() < until {
            sleep(PAUSE).await;
            continue;
        }
        for (id, count) in &wanted {
            let logged = found.remove(id).unwrap_or_default();
            ensure!(
                logged == *count,
                "the log has {logged} entries of {id}, acknowledged were {count}"
            );
        }
        ensure!(
            found.is_empty(),
            "the log has entries of tasks that nobody began: {found:?}"
        );
        // Newest first.
        for (entry, number) in entries.iter().rev().zip(0_u64..) {
            ensure!(
                entry["sequence"].as_str() == Some(number.to_string().as_str()),
                "{} stands at the place of {number}",
                entry["sequence"]
            );
        }
        return Ok(u64::try_from(entries.len())?);
    }
}

/// The whole log, newest first.
pub(super) async fn entries(operator: &Client) -> Result<Vec<Value>> {
    let mut entries = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let call = Call::query("auditLog")
            .with("first", "Int", 100)
            .with_some("after", "Cursor", after)
            .selecting(
                "nodes { sequence action entityType entityId } pageInfo { hasNextPage endCursor }",
            );
        let answer = operator.send(&call).await?;
        let page = &expect_success(&answer)?["auditLog"];
        entries.extend(page["nodes"].as_array().cloned().unwrap_or_default());
        if page["pageInfo"]["hasNextPage"] != true {
            return Ok(entries);
        }
        after = page["pageInfo"]["endCursor"].as_str().map(str::to_owned);
    }
}
