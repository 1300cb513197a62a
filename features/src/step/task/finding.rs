//! How tasks are found.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use cucumber::{gherkin::Step, then, when};
use gates::client::Call;
use serde_json::{Value, json};

use crate::{
    step::{agent::read_in_pages, phrase::Filter},
    word::{Agent, Count, Task, Tasks},
    world::{Studio, expect_equal, texts},
};

#[when(expr = "{agent} lists the tasks{filter}")]
async fn lists(studio: &mut Studio, step: &Step, by: Agent, filter: Filter) -> Result<()> {
    let call = Call::query("tasks")
        .with_some("filter", "TaskFilter", filter.0)
        .selecting("nodes { id } totalCount");
    studio.act(step, &by, &call).await
}

#[then(expr = "the list holds {tasks}")]
async fn list_holds(studio: &mut Studio, tasks: Tasks) -> Result<()> {
    let listed = studio.last()?.value()["nodes"].clone();
    holds(studio, &listed, &tasks)
}

#[then("the list is empty")]
async fn list_is_empty(studio: &mut Studio) -> Result<()> {
    let list = studio.last()?.value();
    expect_equal(
        "the list",
        (&list["nodes"], &list["totalCount"]),
        (&json!([]), &json!(0)),
    )
}

/// Compares a list with the tasks that it should hold, whatever their order.
fn holds(studio: &Studio, listed: &Value, tasks: &Tasks) -> Result<()> {
    let found: BTreeSet<_> = texts(listed, "/id")
        .into_iter()
        .map(|id| name(studio, &id))
        .collect();
    let wanted: BTreeSet<_> = tasks.0.iter().map(Task::to_string).collect();
    expect_equal("the list", found, wanted)
}

fn name(studio: &Studio, id: &str) -> String {
    studio.task_name(id).unwrap_or(id).to_owned()
}

#[when(expr = "{agent} reads all tasks in pages of {int}")]
async fn reads_in_pages(studio: &mut Studio, by: Agent, size: usize) -> Result<()> {
    read_in_pages(studio, &by, "tasks", size).await
}

#[then(expr = "the tasks of {agent} are {tasks}")]
async fn tasks_of(studio: &mut Studio, who: Agent, tasks: Tasks) -> Result<()> {
    let call = Call::query("agent")
        .with("id", "ID!", who.id())
        .selecting("tasks { nodes { id } }");
    let agent = studio.look(&call).await?;
    holds(studio, &agent["tasks"]["nodes"], &tasks)
}

#[then(expr = "the review queue of {agent} holds {tasks}")]
async fn queue_holds(studio: &mut Studio, who: Agent, tasks: Tasks) -> Result<()> {
    let answer = studio
        .send(&who, &Call::query("reviewQueue").selecting("nodes { id }"))
        .await?;
    ensure!(
        answer.fault().is_none(),
        "the queue was refused: {:?}",
        answer.fault()
    );
    holds(studio, answer.at("/reviewQueue/nodes"), &tasks)
}

#[then(expr = "the review queue of {agent} is empty")]
async fn queue_is_empty(studio: &mut Studio, who: Agent) -> Result<()> {
    queue_holds(studio, who, Tasks(Vec::new())).await
}

#[then(expr = "there is/are {count} task(s)")]
async fn so_many_tasks(studio: &mut Studio, count: Count) -> Result<()> {
    let tasks = studio
        .look(&Call::query("tasks").selecting("totalCount"))
        .await?;
    expect_equal("their number", tasks["totalCount"].clone(), json!(count.0))
}

#[then("both answers name the same task")]
async fn same_task(studio: &mut Studio) -> Result<()> {
    let ids: Vec<_> = studio
        .outcomes
        .iter()
        .rev()
        .take(2)
        .map(|outcome| outcome.value()["id"].clone())
        .collect();
    ensure!(
        ids.len() == 2 && ids[0].is_string(),
        "there are not two answers with a task: {ids:?}"
    );
    expect_equal("one answer", &ids[0], &ids[1])
}
