//! Personal data, and how they are forgotten.

use anyhow::{Context as _, Result, ensure};
use cucumber::{gherkin::Step, given, then, when};
use gates::client::Call;
use serde_json::{Value, json};

use crate::{
    word::{Agent, Task},
    world::{Studio, TASK, expect_success},
};

/// A type whose input has a personal value.
const LETTER: &str = "WRITE_LETTER";

#[given(expr = "{agent} creates {task} for {string}, which is personal")]
async fn creates_for(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task: Task,
    recipient: String,
) -> Result<()> {
    let define = json!({
        "name": LETTER,
        "inputSchema": {
            "type": "object",
            "properties": { "recipient": { "type": "string", "x-personal": true } },
        },
        "outputSchema": { "type": "object" },
    });
    let call = Call::mutation("defineTaskType")
        .with("input", "DefineTaskTypeInput!", define)
        .selecting("name");
    studio.act(step, &Agent::operator(), &call).await?;
    let letter = json!({ "type": LETTER, "input": { "recipient": recipient } });
    let call = Call::mutation("createTask")
        .with("input", "CreateTaskInput!", letter)
        .selecting(TASK);
    studio.act(step, &by, &call).await?;
    studio.name_task(&task);
    Ok(())
}

#[given(expr = "{agent} has erased the personal data of {agent}")]
#[when(expr = "{agent} erases the personal data of {agent}")]
async fn erases(studio: &mut Studio, step: &Step, by: Agent, whose: Agent) -> Result<()> {
    let call = Call::mutation("erasePersonalData")
        .with("agentId", "ID!", whose.id())
        .with("reason", "String!", "they asked for it");
    studio.act(step, &by, &call).await
}

async fn input_of(studio: &mut Studio, task: &Task) -> Result<Value> {
    let call = Call::query("task")
        .with("id", "ID!", studio.task_id(task)?)
        .selecting("input");
    Ok(studio.look(&call).await?["input"].take())
}

#[then(expr = "{task} is for {string}")]
async fn is_for(studio: &mut Studio, task: Task, recipient: String) -> Result<()> {
    let input = input_of(studio, &task).await?;
    ensure!(input["recipient"] == recipient.as_str(), "{input}");
    Ok(())
}

#[then(expr = "nobody is told any more whom {task} is for")]
async fn is_forgotten(studio: &mut Studio, task: Task) -> Result<()> {
    let input = input_of(studio, &task).await?;
    let commitment = input["recipient"]["x-personal"].as_str();
    ensure!(commitment.is_some_and(|hex| hex.len() == 64), "{input}");
    Ok(())
}

async fn addresses(studio: &mut Studio, of: &Agent) -> Result<Vec<Value>> {
    let call = Call::query("auditLog")
        .with("filter", "AuditFilter", json!({ "actorId": of.id() }))
        .with("first", "Int", 100)
        .selecting("nodes { ipAddress }");
    let mut entries = studio.look(&call).await?;
    let nodes = entries["nodes"].as_array_mut().context("no entries")?;
    Ok(nodes
        .iter_mut()
        .map(|one| one["ipAddress"].take())
        .collect())
}

#[given(expr = "the log says from where {agent} called")]
async fn has_addresses(studio: &mut Studio, who: Agent) -> Result<()> {
    let wanted = "an address is in the log";
    studio
        .eventually(wanted, async |studio| {
            let found = addresses(studio, &who).await?;
            Ok(found.iter().any(Value::is_string).then_some(()))
        })
        .await
}

#[then(expr = "the log does not say any more from where {agent} called")]
async fn has_no_addresses(studio: &mut Studio, who: Agent) -> Result<()> {
    expect_success(&studio.last()?.answer)?;
    let found = addresses(studio, &who).await?;
    ensure!(
        !found.is_empty() && found.iter().all(Value::is_null),
        "{found:?}"
    );
    Ok(())
}
