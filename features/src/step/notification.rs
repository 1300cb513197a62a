//! Sentences about what somebody is told, and what they do with it.

use anyhow::{Context as _, Result, ensure};
use cucumber::{gherkin::Step, given, then, when};
use gates::client::Call;
use serde_json::{Value, json};

use crate::{
    word::{Action, Agent, Count, Task},
    world::{Studio, expect_equal, expect_success, texts},
};

const NOTIFICATION: &str = "id kind message task { id } asset { id } acknowledgedAt";

/// What somebody was told, the newest first: what is not acknowledged, or all of it.
async fn told(studio: &mut Studio, who: &Agent, unacknowledged: bool) -> Result<Vec<Value>> {
    let call = Call::query("notifications")
        .with("unacknowledged", "Boolean", unacknowledged)
        .with("first", "Int", 100)
        .selecting(format!("nodes {{ {NOTIFICATION} }}"));
    let answer = studio.send(who, &call).await?;
    let nodes = expect_success(&answer)?["notifications"]["nodes"].clone();
    Ok(nodes.as_array().cloned().unwrap_or_default())
}

async fn last(studio: &mut Studio, who: &Agent) -> Result<Value> {
    let told = told(studio, who, false).await?;
    told.into_iter()
        .next()
        .with_context(|| format!("{who} was told nothing"))
}

/// The kinds of what somebody was told of a task.
async fn kinds(studio: &mut Studio, who: &Agent, task: &Task) -> Result<Vec<String>> {
    let id = studio.task_id(task)?;
    let mut told = told(studio, who, false).await?;
    told.retain(|one| one["task"]["id"] == json!(id));
    Ok(texts(&json!(told), "/kind"))
}

#[then(expr = "{agent} is told {action} of {task}")]
async fn is_told(studio: &mut Studio, who: Agent, kind: Action, task: Task) -> Result<()> {
    let kinds = kinds(studio, &who, &task).await?;
    let times = kinds.iter().filter(|told| *told == kind.as_str()).count();
    ensure!(times == 1, "{who} is told {kinds:?} of {task}");
    Ok(())
}

#[then(expr = "{agent} is not told {action} of {task}")]
async fn is_not_told(studio: &mut Studio, who: Agent, kind: Action, task: Task) -> Result<()> {
    let kinds = kinds(studio, &who, &task).await?;
    let is_told = kinds.iter().any(|told| told == kind.as_str());
    ensure!(!is_told, "{who} is told {kinds:?} of {task}");
    Ok(())
}

#[then(expr = "{agent} is told nothing of {task}")]
async fn is_told_nothing(studio: &mut Studio, who: Agent, task: Task) -> Result<()> {
    let kinds = kinds(studio, &who, &task).await?;
    ensure!(kinds.is_empty(), "{who} is told {kinds:?} of {task}");
    Ok(())
}

#[then(expr = "{agent} has {count} thing(s) to take note of")]
async fn has_to_take_note(studio: &mut Studio, who: Agent, count: Count) -> Result<()> {
    let found = told(studio, &who, true).await?;
    expect_equal("their number", found.len(), count.0)
}

#[then(expr = "the last thing that {agent} was told says {string}")]
async fn last_says(studio: &mut Studio, who: Agent, words: String) -> Result<()> {
    let last = last(studio, &who).await?;
    let says = last["message"].as_str().unwrap_or_default();
    ensure!(says.contains(&words), "it says {says}");
    Ok(())
}

#[given(expr = "{agent} takes note of everything")]
#[when(expr = "{agent} takes note of everything")]
async fn takes_note(studio: &mut Studio, step: &Step, who: Agent) -> Result<()> {
    takes_note_of_others(studio, step, who.clone(), who).await
}

#[when(expr = "{agent} takes note of everything that {agent} was told")]
async fn takes_note_of_others(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    whose: Agent,
) -> Result<()> {
    let told = told(studio, &whose, false).await?;
    acknowledge(studio, step, &by, &texts(&json!(told), "/id")).await
}

#[when(expr = "{agent} takes note of {string}")]
async fn takes_note_of(studio: &mut Studio, step: &Step, by: Agent, id: String) -> Result<()> {
    acknowledge(studio, step, &by, &[id]).await
}

async fn acknowledge(studio: &mut Studio, step: &Step, by: &Agent, ids: &[String]) -> Result<()> {
    let call = Call::mutation("acknowledgeNotifications").with("ids", "[ID!]!", json!(ids));
    studio.act(step, by, &call).await
}

#[then(expr = "{count} notification(s) was/were new to it")]
async fn were_new(studio: &mut Studio, count: Count) -> Result<()> {
    let last = studio.last()?;
    expect_success(&last.answer)?;
    expect_equal("their number", last.value(), &json!(count.0))
}

#[when(expr = "{agent} looks up the last thing that {agent} was told")]
async fn looks_up(studio: &mut Studio, step: &Step, by: Agent, whose: Agent) -> Result<()> {
    let id = last(studio, &whose).await?["id"].clone();
    let call = Call::query("node")
        .with("id", "ID!", id)
        .selecting("... on Notification { id kind }");
    studio.act(step, &by, &call).await
}

#[when(expr = "{agent} reads what it was told")]
async fn reads(studio: &mut Studio, step: &Step, who: Agent) -> Result<()> {
    let call = Call::query("notifications").selecting("nodes { id }");
    studio.act(step, &who, &call).await
}
