//! A task's own history, which shows each entry at once.

use anyhow::{Context as _, Result, ensure};
use cucumber::then;
use gates::client::Call;
use serde_json::{Value, json};

use super::entry::ENTRY;
use crate::{
    word::{Action, Actions, Agent, Statuses, Task},
    world::{Studio, expect_equal, texts},
};

fn read(studio: &Studio, task: &Task) -> Result<Call> {
    let selection = format!("history {{ nodes {{ {ENTRY} }} }}");
    Ok(Call::query("task")
        .with("id", "ID!", studio.task_id(task)?)
        .selecting(selection))
}

pub(super) async fn history(studio: &mut Studio, task: &Task) -> Result<Value> {
    let call = read(studio, task)?;
    Ok(studio.look(&call).await?["history"]["nodes"].clone())
}

#[then(expr = "the history of {task} is {actions}")]
async fn is(studio: &mut Studio, task: Task, actions: Actions) -> Result<()> {
    expect_equal(
        "its history",
        texts(&history(studio, &task).await?, "/action"),
        owned(actions.texts()),
    )
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

#[then(expr = "the history of {task} ends in {action}")]
async fn ends_in(studio: &mut Studio, task: Task, action: Action) -> Result<()> {
    let actions = texts(&history(studio, &task).await?, "/action");
    expect_equal(
        "its end",
        actions.last().map(String::as_str),
        Some(action.as_str()),
    )
}

#[then(expr = "the history of {task} holds {action} once")]
async fn holds_once(studio: &mut Studio, task: Task, action: Action) -> Result<()> {
    let actions = texts(&history(studio, &task).await?, "/action");
    let times = actions
        .iter()
        .filter(|found| *found == action.as_str())
        .count();
    ensure!(times == 1, "its history is {actions:?}");
    Ok(())
}

#[then(expr = "the path of {task} in the log is {statuses}")]
async fn path_is(studio: &mut Studio, task: Task, statuses: Statuses) -> Result<()> {
    // Each entry's path begins where the last one's ended.
    let mut path: Vec<String> = Vec::new();
    for entry in history(studio, &task)
        .await?
        .as_array()
        .into_iter()
        .flatten()
    {
        let steps = texts(&entry["metadata"]["path"], "");
        let known = usize::from(steps.first() == path.last());
        path.extend(steps.into_iter().skip(known));
    }
    expect_equal("its path", path, owned(statuses.texts()))
}

#[then(expr = "the last entry of {task} is by {agent}")]
async fn last_is_by(studio: &mut Studio, task: Task, who: Agent) -> Result<()> {
    let history = history(studio, &task).await?;
    let last = history
        .as_array()
        .and_then(|entries| entries.last())
        .context("it has no history")?;
    expect_equal("its actor", &last["actor"]["id"], &json!(who.id()))
}

#[then(expr = "{agent} sees addresses and requests in the history of {task}")]
async fn sees_addresses(studio: &mut Studio, who: Agent, task: Task) -> Result<()> {
    for entry in seen_by(studio, &who, &task).await? {
        ensure!(
            entry["ipAddress"].is_string() && entry["requestId"].is_string(),
            "{who} sees {entry}"
        );
    }
    Ok(())
}

#[then(expr = "{agent} sees neither addresses nor requests in the history of {task}")]
async fn sees_no_addresses(studio: &mut Studio, who: Agent, task: Task) -> Result<()> {
    for entry in seen_by(studio, &who, &task).await? {
        ensure!(
            entry["ipAddress"].is_null() && entry["requestId"].is_null(),
            "{who} sees {entry}"
        );
    }
    Ok(())
}

async fn seen_by(studio: &mut Studio, who: &Agent, task: &Task) -> Result<Vec<Value>> {
    let call = read(studio, task)?;
    let answer = studio.send(who, &call).await?;
    let entries = answer
        .at("/task/history/nodes")
        .as_array()
        .cloned()
        .unwrap_or_default();
    ensure!(
        !entries.is_empty(),
        "{who} sees no history: {:?}",
        answer.fault()
    );
    Ok(entries)
}
