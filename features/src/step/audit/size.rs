//! What is too large for an entry.

use anyhow::{Context as _, Result, ensure};
use cucumber::{gherkin::Step, then, when};
use gates::client::Call;
use serde_json::{Value, json};

use super::entry::{await_entries, entries};
use crate::{
    word::{Agent, Task},
    world::{Studio, TASK, expect_equal},
};

/// A type that takes any input.
const NOVEL: &str = "WRITE_NOVEL";

const KILOBYTE: usize = 1_000;

#[when(expr = "{agent} writes {int} kilobytes of the letter {string} into {task}")]
async fn creates_large(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    kilobytes: usize,
    letter: String,
    task: Task,
) -> Result<()> {
    let anything = json!({ "type": "object" });
    let define =
        json!({ "name": NOVEL, "inputSchema": anything.clone(), "outputSchema": anything });
    let call = Call::mutation("defineTaskType")
        .with("input", "DefineTaskTypeInput!", define)
        .selecting("name");
    // Every one of them defines it anew; it stays the same.
    studio.act(step, &Agent::operator(), &call).await?;
    let novel = json!({ "type": NOVEL, "input": { "text": letter.repeat(kilobytes * KILOBYTE) } });
    let call = Call::mutation("createTask")
        .with("input", "CreateTaskInput!", novel)
        .selecting(TASK);
    studio.act(step, &by, &call).await?;
    studio.name_task(&task);
    Ok(())
}

/// By which hash the log knows the input of a task.
async fn input_hash(studio: &mut Studio, task: &Task) -> Result<String> {
    let filter = json!({ "action": ["TASK_CREATED"], "entityId": studio.task_id(task)? });
    let found = await_entries(studio, filter, 1).await?;
    let set = &found[0]["metadata"]["set"];
    ensure!(set["input"].is_null(), "the entry holds the input itself");
    let hash = set["inputSha256"].as_str().context("it has no hash")?;
    Ok(hash.to_owned())
}

#[then(expr = "the log knows the inputs of {task} and {task} by one hash")]
async fn by_one_hash(studio: &mut Studio, one: Task, other: Task) -> Result<()> {
    let hash = input_hash(studio, &one).await?;
    expect_equal("the hash", input_hash(studio, &other).await?, hash)
}

#[then(expr = "the log knows the inputs of {task} and {task} by two hashes")]
async fn by_two_hashes(studio: &mut Studio, one: Task, other: Task) -> Result<()> {
    let hash = input_hash(studio, &one).await?;
    ensure!(
        input_hash(studio, &other).await? != hash,
        "both are known by {hash}"
    );
    Ok(())
}

#[then(expr = "no entry of the log is larger than {int} kilobytes")]
async fn no_larger(studio: &mut Studio, kilobytes: usize) -> Result<()> {
    for entry in entries(studio, Value::Null).await? {
        let bytes = entry.to_string().len();
        ensure!(
            bytes <= kilobytes * KILOBYTE,
            "the entry {} has {bytes} bytes",
            entry["id"]
        );
    }
    Ok(())
}
