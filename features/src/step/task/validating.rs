//! Validation: hand-ins that are held, and the checks that hold them.

use anyhow::{Context as _, Result, ensure};
use cucumber::{gherkin::Step, given, then, when};
use gates::client::Call;
use serde_json::{Value, json};

use super::moving::move_task;
use crate::{
    word::{Agent, Count, Task, TaskType, ValidationStatus},
    world::{Studio, TASK, expect_equal, expect_success},
};

async fn validation(studio: &mut Studio, task: &Task) -> Result<Value> {
    let call = Call::query("task")
        .with("id", "ID!", studio.task_id(task)?)
        .selecting(
            "validation { status checks { id status attempt assignee { id } type { name } input } findings }",
        );
    Ok(studio.look(&call).await?["validation"].clone())
}

#[then(expr = "the validation of {task} is {validationStatus}")]
async fn is(studio: &mut Studio, task: Task, status: ValidationStatus) -> Result<()> {
    let found = validation(studio, &task).await?;
    expect_equal("its validation", &found["status"], &json!(status.as_str()))
}

#[then(expr = "{task} has {count} check(s)")]
async fn has_checks(studio: &mut Studio, task: Task, count: Count) -> Result<()> {
    let found = validation(studio, &task).await?;
    let checks = found["checks"].as_array().map(Vec::len);
    expect_equal("its checks", checks, Some(count.0))
}

/// Gives the check a name, under which other sentences can speak of it.
#[given(expr = "{task} is the check of {task} by {type}")]
#[then(expr = "{task} is the check of {task} by {type}")]
async fn is_the_check(
    studio: &mut Studio,
    name: Task,
    checked: Task,
    task_type: TaskType,
) -> Result<()> {
    let found = validation(studio, &checked).await?;
    let check = found["checks"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|check| check["type"]["name"] == task_type.as_str())
        .with_context(|| format!("{checked} has no such check: {found}"))?;
    let id = check["id"].as_str().context("its id")?;
    studio.call_task(&name, id);
    Ok(())
}

#[then(expr = "{task} is given what {task} is made of")]
async fn is_given(studio: &mut Studio, check: Task, checked: Task) -> Result<()> {
    let input = studio.task(&check).await?["input"].clone();
    let of = studio.task(&checked).await?;
    let wanted = json!({
        "taskId": of["id"],
        "type": of["type"]["name"],
        "input": of["input"],
        "output": of["output"],
        "assets": [],
    });
    expect_equal("its input", input, wanted)
}

/// Starts the check where that has not been done, and says what was found.
async fn say(
    studio: &mut Studio,
    step: &Step,
    by: &Agent,
    check: &Task,
    verdict: Value,
) -> Result<()> {
    if studio.task(check).await?["status"] == "ASSIGNED" {
        let start = move_task(studio, "startTask", check)?;
        expect_success(&studio.send(by, &start).await?)?;
    }
    let attempt = studio.task(check).await?["attempt"].clone();
    let call = Call::mutation("completeTask")
        .with("taskId", "ID!", studio.task_id(check)?)
        .with("attempt", "Int", attempt)
        .with("output", "JSON", verdict)
        .selecting(TASK);
    studio.act(step, by, &call).await
}

#[given(expr = "{agent} finds nothing wrong in {task}")]
#[when(expr = "{agent} finds nothing wrong in {task}")]
async fn finds_nothing(studio: &mut Studio, step: &Step, by: Agent, check: Task) -> Result<()> {
    let verdict = json!({ "valid": true, "findings": [] });
    say(studio, step, &by, &check, verdict).await
}

#[given(expr = "{agent} finds {string} in {task}")]
#[when(expr = "{agent} finds {string} in {task}")]
async fn finds(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    finding: String,
    check: Task,
) -> Result<()> {
    let verdict = json!({ "valid": false, "findings": [finding] });
    say(studio, step, &by, &check, verdict).await
}

#[then(expr = "the findings of {task} are {string}")]
async fn findings_are(studio: &mut Studio, task: Task, finding: String) -> Result<()> {
    let found = validation(studio, &task).await?;
    let findings: Vec<&Value> = found["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["valid"] == false)
        .flat_map(|one| one["findings"].as_array().into_iter().flatten())
        .collect();
    expect_equal("what was found", findings, vec![&json!(finding)])
}

#[then(expr = "{task} is nobody's yet")]
async fn is_nobodys(studio: &mut Studio, task: Task) -> Result<()> {
    let shown = studio.task(&task).await?;
    ensure!(
        shown["assignee"].is_null() && shown["status"] == "PENDING",
        "it is {} with {}",
        shown["status"],
        shown["assignee"]
    );
    Ok(())
}
