//! How sprints stand.

use anyhow::{Context as _, Result};
use cucumber::{gherkin::Step, given, then, when};
use gates::client::Call;
use serde_json::{Value, json};

use super::{SPRINT, sprint_id, stands};
use crate::{
    word::{Action, Agent, Count, Sprint, SprintStatus, Task},
    world::{Studio, expect_equal, texts},
};

/// Looks until something about the sprint is so: the server lets it go on by itself.
async fn becomes<T: PartialEq + std::fmt::Debug>(
    studio: &mut Studio,
    sprint: &Sprint,
    what: &str,
    wanted: T,
    read: impl Fn(&Value) -> T,
) -> Result<()> {
    let mut last = None;
    let outcome = studio
        .eventually(what, async |studio| {
            let found = read(&stands(studio, sprint).await?);
            let so = found == wanted;
            last = Some(found);
            Ok(so.then_some(()))
        })
        .await;
    outcome.with_context(|| format!("{what} is {last:?}, not {wanted:?}"))
}

#[then(expr = "{sprint} is {sprintStatus}")]
async fn is(studio: &mut Studio, sprint: Sprint, status: SprintStatus) -> Result<()> {
    becomes(
        studio,
        &sprint,
        "the sprint",
        json!(status.as_str()),
        |found| found["status"].clone(),
    )
    .await
}

#[given(expr = "{sprint} has failed")]
async fn has_failed(studio: &mut Studio, sprint: Sprint) -> Result<()> {
    is(studio, sprint, "FAILED".parse()?).await
}

#[then(expr = "phase {int} of {sprint} is {sprintStatus}")]
async fn phase_is(
    studio: &mut Studio,
    phase: usize,
    sprint: Sprint,
    status: SprintStatus,
) -> Result<()> {
    becomes(
        studio,
        &sprint,
        "the phase",
        json!(status.as_str()),
        |found| found["phases"][phase]["status"].clone(),
    )
    .await
}

#[then(expr = "wave {int} of phase {int} of {sprint} is {sprintStatus}")]
async fn wave_is(
    studio: &mut Studio,
    wave: usize,
    phase: usize,
    sprint: Sprint,
    status: SprintStatus,
) -> Result<()> {
    becomes(
        studio,
        &sprint,
        "the wave",
        json!(status.as_str()),
        |found| found["phases"][phase]["waves"][wave]["status"].clone(),
    )
    .await
}

#[then(expr = "the progress of {sprint} is {float} %")]
async fn progress_is(studio: &mut Studio, sprint: Sprint, wanted: f64) -> Result<()> {
    // In thousandths, for sums of shares are not exact.
    let thousandths = |value: f64| (value * 1_000.0).round();
    becomes(
        studio,
        &sprint,
        "the progress",
        Some(thousandths(wanted)),
        |found| found["progress"].as_f64().map(thousandths),
    )
    .await
}

#[then(expr = "{sprint} has these phases:")]
async fn has_phases(studio: &mut Studio, step: &Step, sprint: Sprint) -> Result<()> {
    let found = stands(studio, &sprint).await?;
    let phases = found["phases"].as_array().context("phases")?;
    let table = step.table.as_ref().context("phases in a table")?;
    let row = |phase: &Value| {
        let waves = phase["waves"].as_array().into_iter().flatten();
        let counts: Vec<String> = waves.map(|wave| wave["taskCount"].to_string()).collect();
        let counts = if counts.is_empty() {
            "none".to_owned()
        } else {
            counts.join(", ")
        };
        let kind = phase["kind"].as_str().unwrap_or_default().to_owned();
        vec![kind, phase["weight"].to_string(), counts]
    };
    let shown: Vec<Vec<String>> = phases.iter().map(row).collect();
    expect_equal(
        "the phases",
        shown,
        table.rows.iter().skip(1).cloned().collect(),
    )
}

#[then(expr = "wave {int} of phase {int} of {sprint} is work for these agents:")]
async fn is_work_for(
    studio: &mut Studio,
    step: &Step,
    wave: usize,
    phase: usize,
    sprint: Sprint,
) -> Result<()> {
    let found = stands(studio, &sprint).await?;
    let nodes = &found["phases"][phase]["waves"][wave]["tasks"]["nodes"];
    let table = step.table.as_ref().context("agents in a table")?;
    let wanted = table.rows.iter().filter_map(|row| row.first().cloned());
    expect_equal(
        "who is to do it",
        texts(nodes, "/assignee/id"),
        wanted.collect(),
    )
}

#[then(expr = "wave {int} of phase {int} of {sprint} has {count} task(s)")]
async fn wave_has(
    studio: &mut Studio,
    wave: usize,
    phase: usize,
    sprint: Sprint,
    count: Count,
) -> Result<()> {
    becomes(
        studio,
        &sprint,
        "the tasks of the wave",
        json!(count.0),
        |found| found["phases"][phase]["waves"][wave]["tasks"]["totalCount"].clone(),
    )
    .await
}

#[then(expr = "{sprint} has {count} tasks in all")]
async fn has_tasks(studio: &mut Studio, sprint: Sprint, count: Count) -> Result<()> {
    let filter = json!({ "sprintId": sprint_id(studio, &sprint)? });
    let call = Call::query("tasks")
        .with("filter", "TaskFilter", filter)
        .selecting("totalCount");
    let found = studio.look(&call).await?;
    expect_equal(
        "how many tasks it has",
        &found["totalCount"],
        &json!(count.0),
    )
}

#[then(expr = "{task} is of phase {int} and wave {int} of {sprint}")]
async fn is_of(
    studio: &mut Studio,
    task: Task,
    phase: i64,
    wave: i64,
    sprint: Sprint,
) -> Result<()> {
    let call = Call::query("task")
        .with("id", "ID!", studio.task_id(&task)?)
        .selecting("wave phase { index sprint { id } }");
    let found = studio.look(&call).await?;
    let wanted = json!({ "wave": wave, "phase": { "index": phase, "sprint": { "id": sprint_id(studio, &sprint)? } } });
    expect_equal("where it belongs", found, wanted)
}

#[then(expr = "{task} was accepted")]
async fn was_accepted(studio: &mut Studio, task: Task) -> Result<()> {
    let call = Call::query("task")
        .with("id", "ID!", studio.task_id(&task)?)
        .selecting("accepted");
    let found = studio.look(&call).await?;
    expect_equal("whether it was accepted", &found["accepted"], &json!(true))
}

#[when(expr = "{agent} looks at {sprint}")]
async fn looks_at(studio: &mut Studio, step: &Step, by: Agent, sprint: Sprint) -> Result<()> {
    let call = Call::query("sprint")
        .with("id", "ID!", sprint_id(studio, &sprint)?)
        .selecting(SPRINT);
    studio.act(step, &by, &call).await
}

#[when(expr = "{agent} lists the sprints")]
async fn lists(studio: &mut Studio, step: &Step, by: Agent) -> Result<()> {
    let call = Call::query("sprints").selecting("nodes { id } totalCount");
    studio.act(step, &by, &call).await
}

#[then(expr = "it sees {count} sprint(s)")]
async fn sees(studio: &mut Studio, count: Count) -> Result<()> {
    let found = studio.last()?.value()["totalCount"].clone();
    expect_equal("how many it sees", found, json!(count.0))
}

#[when(expr = "{agent} lists the gate runs")]
async fn lists_runs(studio: &mut Studio, step: &Step, by: Agent) -> Result<()> {
    let call = Call::query("gateRuns").selecting("nodes { rating } totalCount");
    studio.act(step, &by, &call).await
}

/// The last entry about the sprint: what it says, and who did it.
#[then(expr = "the log says {action} of {sprint} by {agent}")]
async fn log_says(studio: &mut Studio, action: Action, sprint: Sprint, by: Agent) -> Result<()> {
    let filter = json!({ "entityId": sprint_id(studio, &sprint)?, "action": [action.as_str()] });
    let call = Call::query("auditLog")
        .with("filter", "AuditFilter", filter)
        .selecting("nodes { actor { id } metadata }");
    studio
        .eventually("the log says so", async |studio| {
            let found = studio.look(&call).await?;
            let actors = texts(&found["nodes"], "/actor/id");
            Ok((actors.first().map(String::as_str) == Some(by.id())).then_some(()))
        })
        .await
}
