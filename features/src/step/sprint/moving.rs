//! How the tasks of sprints end, and what is decided about sprints.

use anyhow::Result;
use cucumber::{gherkin::Step, given, when};
use gates::client::Call;
use serde_json::json;

use super::{about, making};
use crate::{
    step::phrase::Reason,
    word::{Agent, Sprint, Task, Tasks},
    world::{Studio, TASK, expect_success},
};

/// Waits until somebody has the task, who then begins it; gives the attempt.
async fn begin(studio: &mut Studio, by: &Agent, task: &Task) -> Result<i64> {
    studio
        .eventually("the task is assigned", async |studio| {
            let status = studio.task(task).await?["status"].clone();
            Ok((status == "ASSIGNED").then_some(()))
        })
        .await?;
    let call = Call::mutation("startTask")
        .with("taskId", "ID!", studio.task_id(task)?)
        .selecting(TASK);
    let answer = studio.send(by, &call).await?;
    let started = &expect_success(&answer)?["startTask"];
    Ok(started["attempt"].as_i64().unwrap_or_default())
}

#[given(expr = "{agent} finishes {tasks}")]
#[when(expr = "{agent} finishes {tasks}")]
async fn finishes(studio: &mut Studio, step: &Step, by: Agent, tasks: Tasks) -> Result<()> {
    for task in &tasks.0 {
        let attempt = begin(studio, &by, task).await?;
        let call = Call::mutation("completeTask")
            .with("taskId", "ID!", studio.task_id(task)?)
            .with("attempt", "Int", attempt)
            .with("output", "JSON", json!({ "sketch": "a fox in armour" }))
            .selecting(TASK);
        studio.act(step, &by, &call).await?;
    }
    Ok(())
}

#[given(expr = "{agent} cannot do {task}")]
#[when(expr = "{agent} cannot do {task}")]
async fn cannot_do(studio: &mut Studio, step: &Step, by: Agent, task: Task) -> Result<()> {
    let attempt = begin(studio, &by, &task).await?;
    let call = Call::mutation("failTask")
        .with("taskId", "ID!", studio.task_id(&task)?)
        .with("attempt", "Int", attempt)
        .with("error", "String!", "the brush broke")
        .with("retryable", "Boolean", false)
        .selecting(TASK);
    studio.act(step, &by, &call).await
}

#[given(expr = "{agent} accepts {task}{reason}")]
#[when(expr = "{agent} accepts {task}{reason}")]
async fn accepts(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task: Task,
    reason: Reason,
) -> Result<()> {
    let call = Call::mutation("acceptFailedTask")
        .with("taskId", "ID!", studio.task_id(&task)?)
        .with("reason", "String!", reason.or_some())
        .selecting(TASK);
    studio.act(step, &by, &call).await
}

#[given(expr = "{agent} gives {sprint} up{reason}")]
#[when(expr = "{agent} gives {sprint} up{reason}")]
async fn gives_up(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    sprint: Sprint,
    reason: Reason,
) -> Result<()> {
    let call = about(studio, "cancelSprint", &sprint)?.with("reason", "String!", reason.or_some());
    studio.act(step, &by, &call).await
}

#[given(expr = "{agent} changes phase {int} of {sprint} to {string}")]
#[when(expr = "{agent} changes phase {int} of {sprint} to {string}")]
async fn changes(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    phase: i64,
    sprint: Sprint,
    waves: String,
) -> Result<()> {
    let call = about(studio, "changeWorkflow", &sprint)?
        .with("phase", "Int!", phase)
        .with("waves", "[WorkflowWaveInput!]!", making::waves(&waves));
    studio.act(step, &by, &call).await?;
    making::name_tasks(studio, &sprint).await
}

#[when(expr = "{agent} adds {string} to wave {int} of phase {int} of {sprint}")]
async fn adds(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    waves: String,
    wave: i64,
    phase: i64,
    sprint: Sprint,
) -> Result<()> {
    let call = about(studio, "changeWorkflow", &sprint)?
        .with("phase", "Int!", phase)
        .with("wave", "Int", wave)
        .with("waves", "[WorkflowWaveInput!]!", making::waves(&waves));
    studio.act(step, &by, &call).await?;
    making::name_tasks(studio, &sprint).await
}
