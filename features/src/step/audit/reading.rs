//! The log as it is read: by filter, in pages, newest first.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use chrono::{SecondsFormat, TimeDelta};
use cucumber::{gherkin::Step, then, when};
use gates::client::Call;
use serde_json::{Value, json};

use super::entry::await_entries;
use crate::{
    word::{Actions, Agent, Span, Task},
    world::{Studio, expect_equal, texts},
};

/// Reads once everything is sequenced that the scenario did before.
async fn read(studio: &mut Studio, step: &Step, by: &Agent, filter: Value) -> Result<()> {
    await_entries(studio, filter.clone(), 1).await?;
    studio.await_sequence().await?;
    let call = Call::query("auditLog")
        .with("filter", "AuditFilter", filter)
        .selecting("nodes { action } totalCount");
    studio.act(step, by, &call).await
}

#[when(expr = "{agent} reads the audit log about {task}")]
async fn reads_about(studio: &mut Studio, step: &Step, by: Agent, task: Task) -> Result<()> {
    let id = studio.task_id(&task)?;
    read(
        studio,
        step,
        &by,
        json!({ "entityId": id, "entityType": "TASK" }),
    )
    .await
}

#[when(expr = "{agent} reads the audit log of {agent} about tasks")]
async fn reads_of(studio: &mut Studio, step: &Step, by: Agent, who: Agent) -> Result<()> {
    read(
        studio,
        step,
        &by,
        json!({ "actorId": who.id(), "entityType": "TASK" }),
    )
    .await
}

#[when(expr = "{agent} reads the audit log of the actions {actions}")]
async fn reads_actions(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    actions: Actions,
) -> Result<()> {
    read(studio, step, &by, json!({ "action": actions.texts() })).await
}

#[when(expr = "{agent} reads the audit log of the request that started {task}")]
async fn reads_request(studio: &mut Studio, step: &Step, by: Agent, task: Task) -> Result<()> {
    let filter = json!({ "entityId": studio.task_id(&task)?, "action": ["TASK_STARTED"] });
    let started = await_entries(studio, filter, 1).await?;
    let request = started[0]["requestId"]
        .as_str()
        .context("its entry names no request")?;
    read(studio, step, &by, json!({ "requestId": request })).await
}

#[when(expr = "{agent} reads the audit log of the session of {agent} about tasks")]
async fn reads_session(studio: &mut Studio, step: &Step, by: Agent, who: Agent) -> Result<()> {
    let session = studio
        .person(&who)
        .session
        .clone()
        .with_context(|| format!("{who} has no session"))?;
    read(
        studio,
        step,
        &by,
        json!({ "sessionId": session, "entityType": "TASK" }),
    )
    .await
}

#[when(expr = "{agent} reads the audit log of the last {span} about tasks")]
async fn reads_span(studio: &mut Studio, step: &Step, by: Agent, span: Span) -> Result<()> {
    let now = studio.now();
    let (from, to) = (
        now - TimeDelta::from_std(span.0)?,
        now + TimeDelta::minutes(1),
    );
    let text =
        |time: chrono::DateTime<chrono::Utc>| time.to_rfc3339_opts(SecondsFormat::Micros, true);
    read(
        studio,
        step,
        &by,
        json!({ "from": text(from), "to": text(to), "entityType": "TASK" }),
    )
    .await
}

#[then(expr = "the log shows {actions}")]
async fn shows(studio: &mut Studio, actions: Actions) -> Result<()> {
    let log = studio.last()?.value();
    let wanted: Vec<_> = actions.texts().into_iter().map(str::to_owned).collect();
    expect_equal("the total count", &log["totalCount"], &json!(wanted.len()))?;
    expect_equal("the log", texts(&log["nodes"], "/action"), wanted)
}

const PAGES: &str = "the log, page by page";

#[when(expr = "{agent} reads the whole audit log in pages of {int}")]
async fn reads_whole(studio: &mut Studio, by: Agent, size: usize) -> Result<()> {
    let pages = whole_log(studio, &by, size).await?;
    studio.kept.insert(PAGES, json!(pages));
    Ok(())
}

async fn whole_log(studio: &mut Studio, by: &Agent, size: usize) -> Result<Vec<Value>> {
    let mut entries = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let call = Call::query("auditLog")
            .with("first", "Int", size)
            .with_some("after", "Cursor", after.take())
            .selecting("nodes { id sequence createdAt } pageInfo { hasNextPage endCursor }");
        let answer = studio.send(by, &call).await?;
        ensure!(
            answer.fault().is_none(),
            "a page was refused: {:?}",
            answer.fault()
        );
        let page = answer.at("/auditLog");
        entries.extend(page["nodes"].as_array().into_iter().flatten().cloned());
        if page["pageInfo"]["hasNextPage"] != json!(true) {
            return Ok(entries);
        }
        after = page["pageInfo"]["endCursor"].as_str().map(str::to_owned);
        ensure!(
            after.is_some(),
            "a page that is not the last has no end cursor"
        );
    }
}

#[then("every entry came once, newest first")]
async fn came_once(studio: &mut Studio) -> Result<()> {
    let entries = studio.kept.get(PAGES).context("the log was not read")?;
    let ids = texts(entries, "/id");
    let different: BTreeSet<_> = ids.iter().collect();
    expect_equal(
        "the number of different entries",
        different.len(),
        ids.len(),
    )?;
    let sequences = sequences(entries)?;
    ensure!(
        sequences.windows(2).all(|pair| pair[0] > pair[1]),
        "the order is {sequences:?}"
    );
    Ok(())
}

#[then("the entries of the log are numbered without a gap")]
async fn without_gap(studio: &mut Studio) -> Result<()> {
    let entries = whole_log(studio, &Agent::operator(), 100).await?;
    let mut sequences = sequences(&json!(entries))?;
    ensure!(sequences.len() > 1, "the log is nearly empty");
    // Of writers at the same moment any may come first in the list.
    sequences.sort_unstable_by(|one, other| other.cmp(one));
    ensure!(
        sequences.windows(2).all(|pair| pair[0] == pair[1] + 1),
        "the numbers are {sequences:?}"
    );
    Ok(())
}

fn sequences(entries: &Value) -> Result<Vec<u64>> {
    let texts = texts(entries, "/sequence");
    texts
        .iter()
        .map(|text| {
            text.parse()
                .with_context(|| format!("{text} is no sequence number"))
        })
        .collect()
}
