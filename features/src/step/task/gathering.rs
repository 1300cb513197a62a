//! The results of a task's children in one.

use anyhow::{Result, ensure};
use cucumber::{gherkin::Step, then, when};
use gates::client::Call;
use serde_json::{Value, json};

use crate::{
    word::{Agent, Count, Status, Task},
    world::{Studio, expect_equal},
};

const AGGREGATE: &str = "aggregate { total byStatus { status count } outputs { nodes { taskId type output } edges { cursor node { taskId } } pageInfo { hasNextPage } totalCount } \
    firstError complete }";

#[when(expr = "{agent} gathers the results of {task}")]
async fn gathers(studio: &mut Studio, step: &Step, by: Agent, task: Task) -> Result<()> {
    let call = gather(studio, &task)?;
    studio.act(step, &by, &call).await
}

fn gather(studio: &Studio, task: &Task) -> Result<Call> {
    Ok(Call::query("task")
        .with("id", "ID!", studio.task_id(task)?)
        .selecting(AGGREGATE))
}

async fn aggregate(studio: &mut Studio, task: &Task) -> Result<Value> {
    let call = gather(studio, task)?;
    Ok(studio.look(&call).await?["aggregate"].clone())
}

#[then(
    expr = "{agent} is told of {task}'s {count} children: {count} {status}, {count} {status} and {count} {status}"
)]
#[allow(
    clippy::too_many_arguments,
    reason = "a sentence has as many words as it has"
)]
async fn is_told(
    studio: &mut Studio,
    by: Agent,
    task: Task,
    total: Count,
    first: Count,
    first_status: Status,
    second: Count,
    second_status: Status,
    third: Count,
    third_status: Status,
) -> Result<()> {
    let call = gather(studio, &task)?;
    let answer = studio.send(&by, &call).await?;
    ensure!(
        answer.fault().is_none(),
        "the results were refused: {:?}",
        answer.fault()
    );
    let told = answer.at("/task/aggregate");
    expect_equal("their number", &told["total"], &json!(total.0))?;
    for (count, status) in [
        (first, first_status),
        (second, second_status),
        (third, third_status),
    ] {
        let counts = told["byStatus"].as_array().into_iter().flatten();
        let found = counts
            .filter(|found| found["status"] == json!(status.as_str()))
            .map(|found| found["count"].clone());
        expect_equal(
            status.as_str(),
            found.collect::<Vec<_>>(),
            vec![json!(count.0)],
        )?;
    }
    Ok(())
}

#[then(expr = "the results of {task} contain the sketch {string}")]
async fn contain(studio: &mut Studio, task: Task, sketch: String) -> Result<()> {
    let results = aggregate(studio, &task).await?;
    let outputs = results["outputs"]["nodes"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    ensure!(
        outputs
            .iter()
            .any(|output| output["output"]["sketch"] == json!(sketch)),
        "the outputs are {outputs:?}"
    );
    Ok(())
}

#[then(expr = "the results of {task} say {string} first")]
async fn first_error(studio: &mut Studio, task: Task, error: String) -> Result<()> {
    expect_equal(
        "the first error",
        aggregate(studio, &task).await?["firstError"].clone(),
        json!(error),
    )
}

#[then(expr = "the results of {task} are not complete")]
async fn are_not_complete(studio: &mut Studio, task: Task) -> Result<()> {
    expect_equal(
        "complete",
        aggregate(studio, &task).await?["complete"].clone(),
        json!(false),
    )
}
