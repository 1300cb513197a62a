//! Sentences about the picture of a character and the palette that it has to keep to, by the founding types.

use anyhow::{Result, ensure};
use cucumber::{gherkin::Step, given, then, when};
use gates::client::Call;
use serde_json::{Value, json};

use super::asset::{register, upload};
use crate::{
    word::{Agent, Picture, Task, ValidationStatus},
    world::{Paint, Studio, TASK, expect_success},
};

#[given(expr = "{agent} has delegated {task} of a scout in {paint} to {agent}")]
async fn delegates(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task: Task,
    paint: Paint,
    to: Agent,
) -> Result<()> {
    let brief = json!({
        "prompt": "a veteran scout in winter gear",
        "style": "painterly",
        "faction": "Northwatch",
        "palette": [paint.color()],
    });
    let order =
        json!({ "toAgentId": to.id(), "type": "GENERATE_CHARACTER_CONCEPT", "input": brief });
    let call = Call::mutation("delegateTask")
        .with("input", "DelegateTaskInput!", order)
        .selecting(TASK);
    studio.act(step, &by, &call).await?;
    studio.name_task(&task);
    Ok(())
}

#[given(expr = "{agent} has painted {picture} of {task} in {paint}")]
#[when(expr = "{agent} has painted {picture} of {task} in {paint}")]
async fn has_painted(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    picture: Picture,
    task: Task,
    paint: Paint,
) -> Result<()> {
    register(studio, step, &by, &picture, &task.into()).await?;
    upload(studio, step, &by, &picture, paint.picture()?).await?;
    expect_success(&studio.last()?.answer).map(|_| ())
}

/// Hands a picture in, as the type wants it, and asks for its review.
#[when(expr = "{agent} hands in {picture} for {task}")]
async fn hands_in(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    picture: Picture,
    task: Task,
) -> Result<()> {
    let asset = json!({
        "id": studio.picture_id(&picture)?,
        "kind": "IMAGE",
        "mediaType": "image/png",
        "width": 1024,
        "height": 1024,
    });
    let attempt = studio.task(&task).await?["attempt"].clone();
    let call = Call::mutation("requestReview")
        .with("taskId", "ID!", studio.task_id(&task)?)
        .with("attempt", "Int", attempt)
        .with(
            "output",
            "JSON!",
            json!({ "asset": asset, "summary": "a scout" }),
        )
        .selecting(TASK);
    studio.act(step, &by, &call).await?;
    expect_success(&studio.last()?.answer).map(|_| ())
}

async fn validation(studio: &mut Studio, task: &Task) -> Result<Value> {
    let call = Call::query("task")
        .with("id", "ID!", studio.task_id(task)?)
        .selecting("validation { status findings }");
    Ok(studio.look(&call).await?["validation"].clone())
}

#[then(expr = "in a moment the validation of {task} is {validationStatus}")]
async fn is_in_a_moment(studio: &mut Studio, task: Task, status: ValidationStatus) -> Result<()> {
    studio
        .eventually(
            &format!("the validation is {}", status.as_str()),
            async |studio| {
                let found = validation(studio, &task).await?;
                Ok((found["status"] == status.as_str()).then_some(()))
            },
        )
        .await
}

#[then(expr = "the findings of {task} name the rule {string} and say {string}")]
async fn findings_say(studio: &mut Studio, task: Task, rule: String, words: String) -> Result<()> {
    let found = validation(studio, &task).await?["findings"].clone();
    let findings = found.as_array().into_iter().flatten();
    let mut findings =
        findings.flat_map(|check| check["findings"].as_array().into_iter().flatten());
    let says = |finding: &Value| {
        let message = finding["message"].as_str();
        finding["rule"] == rule.as_str() && message.is_some_and(|message| message.contains(&words))
    };
    ensure!(findings.any(says), "it was found: {found}");
    Ok(())
}
