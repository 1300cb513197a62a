//! How tasks come about, and how a scenario brings one where it wants it.

use anyhow::{Context as _, Result, bail, ensure};
use cucumber::{gherkin::Step, given, when};
use gates::client::Call;
use serde_json::json;

use super::{
    moving::{hand_in, move_task},
    terms::Terms,
};
use crate::{
    step::phrase::Output,
    word::{Agent, Span, Status, Task},
    world::{Studio, TASK, expect_success},
};

#[given(expr = "{agent} creates {task}{terms}")]
#[when(expr = "{agent} creates {task}{terms}")]
async fn creates(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task: Task,
    terms: Terms,
) -> Result<()> {
    let call = create(studio, &terms)?;
    make(studio, step, &by, &task, call).await
}

/// The call that creates a task on these terms.
pub(super) fn create(studio: &Studio, terms: &Terms) -> Result<Call> {
    Ok(Call::mutation("createTask")
        .with("input", "CreateTaskInput!", terms.order(studio)?)
        .selecting(TASK))
}

#[given(expr = "{agent} executes {task}{terms}")]
#[when(expr = "{agent} executes {task}{terms}")]
async fn executes(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task: Task,
    terms: Terms,
) -> Result<()> {
    let call = Call::mutation("executeTask")
        .with("input", "CreateTaskInput!", terms.order(studio)?)
        .selecting(TASK);
    make(studio, step, &by, &task, call).await
}

#[given(expr = "{agent} has delegated {task}{terms}")]
#[when(expr = "{agent} delegates {task}{terms}")]
async fn delegates(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task: Task,
    terms: Terms,
) -> Result<()> {
    ensure!(terms.to.is_some(), "delegated to whom?");
    let call = Call::mutation("delegateTask")
        .with("input", "DelegateTaskInput!", terms.order(studio)?)
        .selecting(TASK);
    make(studio, step, &by, &task, call).await
}

async fn make(studio: &mut Studio, step: &Step, by: &Agent, task: &Task, call: Call) -> Result<()> {
    studio.act(step, by, &call).await?;
    studio.name_task(task);
    Ok(())
}

#[given(expr = "{task} of {agent} is {status}")]
async fn stands(
    studio: &mut Studio,
    step: &Step,
    task: Task,
    holder: Agent,
    status: Status,
) -> Result<()> {
    bring(studio, step, &task, &holder, &status, "".parse()?).await
}

#[given(expr = "{task} of {agent}, due in {span}, is {status}")]
async fn stands_due(
    studio: &mut Studio,
    step: &Step,
    task: Task,
    holder: Agent,
    due: Span,
    status: Status,
) -> Result<()> {
    bring(
        studio,
        step,
        &task,
        &holder,
        &status,
        "".parse::<Terms>()?.due_in(due.0),
    )
    .await
}

/// Brings a task of ARTEMIS in the hands of `holder` to a status, by the moves that lead there.
async fn bring(
    studio: &mut Studio,
    step: &Step,
    task: &Task,
    holder: &Agent,
    status: &Status,
    terms: Terms,
) -> Result<()> {
    let artemis = Agent::artemis();
    if status.as_str() == "PENDING" {
        return creates(studio, step, artemis, task.clone(), terms).await;
    }
    delegates(
        studio,
        step,
        artemis.clone(),
        task.clone(),
        terms.to(holder),
    )
    .await?;
    let moves: &[&str] = match status.as_str() {
        "ASSIGNED" => &[],
        "IN_PROGRESS" => &["startTask"],
        "REVIEW_REQUESTED" => &["startTask", "requestReview"],
        "APPROVED" => &["startTask", "requestReview", "approveTask"],
        "REJECTED" => &["startTask", "requestReview", "rejectTask"],
        "COMPLETED" => &["startTask", "completeTask"],
        "FAILED" => &["startTask", "failTask"],
        "CANCELLED" => &["cancelTask"],
        other => bail!("no task is brought to {other}"),
    };
    for verb in moves {
        let call = match *verb {
            "startTask" => move_task(studio, "startTask", task)?,
            "requestReview" => hand_in(studio, "requestReview", task, &Output::usual()).await?,
            "completeTask" => hand_in(studio, "completeTask", task, &Output::usual()).await?,
            "approveTask" => move_task(studio, "approveTask", task)?,
            "rejectTask" => move_task(studio, "rejectTask", task)?
                .with("feedback", "String!", "more fox")
                .with("reassign", "Boolean", false),
            "failTask" => {
                move_task(studio, "failTask", task)?.with("error", "String!", "the brush broke")
            }
            _ => move_task(studio, "cancelTask", task)?,
        };
        let by = if matches!(*verb, "approveTask" | "rejectTask" | "cancelTask") {
            &artemis
        } else {
            holder
        };
        let answer = studio.send(by, &call).await?;
        expect_success(&answer).with_context(|| format!("{verb} on the way to {status}"))?;
    }
    Ok(())
}

#[when("the operator nests tasks one in the other until it is refused")]
async fn nests(studio: &mut Studio, step: &Step) -> Result<()> {
    const DEEPER_THAN_ANY_LIMIT: usize = 100;
    let operator = Agent::operator();
    let mut parent: Option<String> = None;
    for _ in 0..DEEPER_THAN_ANY_LIMIT {
        let input = json!({ "type": "DRAW_SKETCH", "input": { "prompt": "a fox in a fox" }, "parentId": parent });
        let call = Call::mutation("executeTask")
            .with("input", "CreateTaskInput!", input)
            .selecting("id");
        studio.act(step, &operator, &call).await?;
        match studio.last()?.value()["id"].as_str() {
            Some(id) => parent = Some(id.to_owned()),
            None => return Ok(()),
        }
    }
    Ok(())
}
