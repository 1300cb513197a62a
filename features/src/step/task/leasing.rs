//! Leases: heartbeats, attempts that are over, answers that are sent again.

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use cucumber::{gherkin::Step, given, then, when};
use gates::client::Call;
use serde_json::{Value, json};

use super::{moving::move_task, terms::Terms};
use crate::{
    step::phrase::Output,
    word::{Agent, Span, Task, TaskType},
    world::{Studio, TASK, expect_equal},
};

#[given(expr = "{agent} sends a heartbeat for {task}")]
#[when(expr = "{agent} sends a heartbeat for {task}")]
async fn beats(studio: &mut Studio, step: &Step, by: Agent, task: Task) -> Result<()> {
    let attempt = studio.task(&task).await?["attempt"].clone();
    let call = move_task(studio, "heartbeatTask", &task)?.with("attempt", "Int", attempt);
    studio.act(step, &by, &call).await
}

#[when(expr = "{agent} sends a heartbeat for attempt {int} of {task}")]
async fn beats_for(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    attempt: i32,
    task: Task,
) -> Result<()> {
    let call = move_task(studio, "heartbeatTask", &task)?.with("attempt", "Int", attempt);
    studio.act(step, &by, &call).await
}

#[when(expr = "{agent} sends a heartbeat for {task} without its attempt")]
async fn beats_without(studio: &mut Studio, step: &Step, by: Agent, task: Task) -> Result<()> {
    let call = move_task(studio, "heartbeatTask", &task)?;
    studio.act(step, &by, &call).await
}

#[when(expr = "{agent} reports {int} percent of {task}, saying {string}")]
async fn reports(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    percent: i32,
    task: Task,
    line: String,
) -> Result<()> {
    let attempt = studio.task(&task).await?["attempt"].clone();
    let call = move_task(studio, "heartbeatTask", &task)?
        .with("attempt", "Int", attempt)
        .with("progress", "Int", percent)
        .with("message", "String", line);
    studio.act(step, &by, &call).await
}

#[when(expr = "{agent} completes attempt {int} of {task}{output}")]
async fn completes_attempt(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    attempt: i32,
    task: Task,
    output: Output,
) -> Result<()> {
    let call = move_task(studio, "completeTask", &task)?
        .with("attempt", "Int", attempt)
        .with_some("output", "JSON", output.0);
    studio.act(step, &by, &call).await
}

#[when(expr = "{agent} fails attempt {int} of {task}, and nobody need try again")]
async fn fails_for_good(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    attempt: i32,
    task: Task,
) -> Result<()> {
    let call = move_task(studio, "failTask", &task)?
        .with("attempt", "Int", attempt)
        .with("error", "String!", "it cannot be drawn")
        .with("retryable", "Boolean", false);
    studio.act(step, &by, &call).await
}

#[given(expr = "{task} of {agent} is begun under {type}")]
async fn is_begun_under(
    studio: &mut Studio,
    step: &Step,
    task: Task,
    by: Agent,
    task_type: TaskType,
) -> Result<()> {
    let terms: Terms = format!(" of type {} to {by}", task_type.as_str()).parse()?;
    let call = Call::mutation("delegateTask")
        .with("input", "DelegateTaskInput!", terms.order(studio)?)
        .selecting(TASK);
    studio.act(step, &Agent::artemis(), &call).await?;
    studio.name_task(&task);
    let start = move_task(studio, "startTask", &task)?;
    studio.act(step, &by, &start).await
}

async fn shown(studio: &mut Studio, task: &Task, fields: &str) -> Result<Value> {
    let call = Call::query("task")
        .with("id", "ID!", studio.task_id(task)?)
        .selecting(fields);
    studio.look(&call).await
}

/// How far off a time of the server's may be from what the scenario reckons.
const SLACK: TimeDelta = TimeDelta::seconds(20);

async fn from_now(studio: &mut Studio, task: &Task, field: &str) -> Result<TimeDelta> {
    let shown = shown(studio, task, field).await?;
    let text = shown[field]
        .as_str()
        .with_context(|| format!("{task} has no {field}"))?;
    let at = DateTime::parse_from_rfc3339(text)?.with_timezone(&Utc);
    Ok(at - studio.now())
}

#[then(expr = "the lease of {task} ends in about {span}")]
async fn lease_ends(studio: &mut Studio, task: Task, span: Span) -> Result<()> {
    let left = from_now(studio, &task, "leaseExpiresAt").await?;
    let wanted = TimeDelta::from_std(span.0)?;
    ensure!(
        (left - wanted).abs() < SLACK,
        "it ends in {left}, not in {wanted}"
    );
    Ok(())
}

#[then(expr = "{task} has no lease")]
async fn has_no_lease(studio: &mut Studio, task: Task) -> Result<()> {
    let shown = shown(studio, &task, "leaseExpiresAt").await?;
    expect_equal("its lease", &shown["leaseExpiresAt"], &Value::Null)
}

#[then(expr = "{task} can be claimed within {span}")]
async fn can_be_claimed(studio: &mut Studio, task: Task, span: Span) -> Result<()> {
    let left = from_now(studio, &task, "claimableFrom").await?;
    let most = TimeDelta::from_std(span.0)?;
    ensure!(
        left < most,
        "it can be claimed in {left}, not within {most}"
    );
    Ok(())
}

#[then(expr = "{task} cannot be claimed")]
async fn cannot_be_claimed(studio: &mut Studio, task: Task) -> Result<()> {
    let shown = shown(studio, &task, "claimableFrom").await?;
    expect_equal("from when on", &shown["claimableFrom"], &Value::Null)
}

#[then(expr = "{task} is at {int} percent and says {string}")]
async fn is_at(studio: &mut Studio, task: Task, percent: i32, line: String) -> Result<()> {
    let shown = shown(studio, &task, "progress progressMessage").await?;
    expect_equal(
        "its progress",
        shown,
        json!({ "progress": percent, "progressMessage": line }),
    )
}
