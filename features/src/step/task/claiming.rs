//! How work is claimed, and waited for.

use anyhow::{Context as _, Result, ensure};
use cucumber::{gherkin::Step, given, then, when};
use futures::future::join_all;
use gates::client::Call;
use serde_json::{Value, json};

use super::{making::create, terms::Terms};
use crate::{
    word::{Agent, Agents, Code, Count, Span, Task, TaskType},
    world::{Outcome, Studio, TASK, expect_equal},
};

fn claim() -> Call {
    Call::mutation("claimTask").selecting(TASK)
}

#[given(expr = "{agent} has claimed {task}")]
async fn has_claimed(studio: &mut Studio, step: &Step, by: Agent, task: Task) -> Result<()> {
    studio.act(step, &by, &claim()).await?;
    got(studio, task).await
}

#[given(expr = "{agent} claims the next task")]
#[when(expr = "{agent} claims the next task")]
async fn claims(studio: &mut Studio, step: &Step, by: Agent) -> Result<()> {
    studio.act(step, &by, &claim()).await
}

#[when(expr = "{agent} claims the next task of type {type}")]
async fn claims_of_type(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task_type: TaskType,
) -> Result<()> {
    let call = claim().with("types", "[String!]", json!([task_type.as_str()]));
    studio.act(step, &by, &call).await
}

#[when(expr = "{agents} claim at once")]
async fn claim_at_once(studio: &mut Studio, all: Agents) -> Result<()> {
    let mut clients = Vec::new();
    for who in &all.0 {
        clients.push((who.clone(), studio.client(who).await?));
    }
    let call = claim();
    let answers = join_all(clients.iter().map(|(_, client)| client.send(&call))).await;
    studio.outcomes.clear();
    for ((by, _), answer) in clients.iter().zip(answers) {
        studio.outcomes.push(Outcome {
            by: by.clone(),
            field: "claimTask",
            answer: answer?,
        });
    }
    Ok(())
}

#[then(expr = "each of them has another task")]
async fn each_has_another(studio: &mut Studio) -> Result<()> {
    let mut ids: Vec<&Value> = studio
        .outcomes
        .iter()
        .map(|outcome| &outcome.value()["id"])
        .collect();
    ensure!(
        ids.iter().all(|id| id.is_string()),
        "not everybody got one: {ids:?}"
    );
    let count = ids.len();
    ids.sort_by_key(|id| id.to_string());
    ids.dedup();
    expect_equal("how many tasks they have", ids.len(), count)
}

#[then(expr = "{count} of them has/have a task and the others have none")]
async fn so_many_have_one(studio: &mut Studio, count: Count) -> Result<()> {
    ensure!(
        studio
            .outcomes
            .iter()
            .all(|outcome| outcome.answer.fault().is_none()),
        "somebody was refused"
    );
    let lucky = studio
        .outcomes
        .iter()
        .filter(|outcome| !outcome.value().is_null());
    expect_equal("how many have one", lucky.count(), count.0)
}

/// The task that the last answer gave, which the scenario may have named before.
#[then(expr = "it gets {task}")]
async fn got(studio: &mut Studio, task: Task) -> Result<()> {
    let given = studio.last()?.value()["id"].clone();
    let given = given
        .as_str()
        .with_context(|| format!("it got {:?}", studio.last().map(|last| &last.answer)))?;
    if studio.task_id(&task).is_err() {
        studio.name_task(&task);
        return Ok(());
    }
    let name = studio.task_name(given).map(str::to_owned);
    expect_equal("what it got", name, Some(task.to_string()))
}

#[then("it gets nothing")]
async fn got_nothing(studio: &mut Studio) -> Result<()> {
    let last = studio.last()?;
    ensure!(
        last.answer.fault().is_none(),
        "it was refused: {:?}",
        last.answer.fault()
    );
    expect_equal("what it got", last.value(), &Value::Null)
}

#[given(expr = "{task} is claimed by {agent} under {type}")]
async fn is_claimed_under(
    studio: &mut Studio,
    step: &Step,
    task: Task,
    by: Agent,
    task_type: TaskType,
) -> Result<()> {
    let terms: Terms = format!(" of type {}", task_type.as_str()).parse()?;
    studio
        .act(step, &Agent::artemis(), &create(studio, &terms)?)
        .await?;
    studio.name_task(&task);
    has_claimed(studio, step, by, task).await
}

/// What comes back to be claimed after a moment.
#[then(expr = "in a moment {agent} can claim {task}")]
async fn can_claim(studio: &mut Studio, step: &Step, by: Agent, task: Task) -> Result<()> {
    studio
        .eventually("there is a task to claim", async |studio| {
            studio.act(step, &by, &claim()).await?;
            Ok((!studio.last()?.value().is_null()).then_some(()))
        })
        .await?;
    got(studio, task).await
}

#[given(expr = "{agent} waits up to {span} for a task")]
#[when(expr = "{agent} waits up to {span} for a task")]
async fn waits(studio: &mut Studio, by: Agent, span: Span) -> Result<()> {
    let client = studio.client(&by).await?;
    let call = claim().with("waitSeconds", "Int", span.0.as_secs());
    let waiting = tokio::spawn(async move { client.send(&call).await });
    studio.waiting.insert(by.id().to_owned(), waiting);
    Ok(())
}

/// Ends the wait of an agent, which becomes the last answer.
async fn end_wait(studio: &mut Studio, who: &Agent) -> Result<()> {
    let waiting = studio.waiting.remove(who.id());
    let answer = waiting.with_context(|| format!("{who} waits for nothing"))?;
    studio.outcomes.push(Outcome {
        by: who.clone(),
        field: "claimTask",
        answer: answer.await??,
    });
    Ok(())
}

#[then(expr = "{agent} gets {task} without asking again")]
async fn gets(studio: &mut Studio, who: Agent, task: Task) -> Result<()> {
    end_wait(studio, &who).await?;
    got(studio, task).await
}

#[then(expr = "{agent} has waited for nothing")]
async fn waited_for_nothing(studio: &mut Studio, who: Agent) -> Result<()> {
    end_wait(studio, &who).await?;
    got_nothing(studio).await
}

#[then(expr = "the wait of {agent} is refused with {code}")]
async fn wait_is_refused(studio: &mut Studio, who: Agent, code: Code) -> Result<()> {
    end_wait(studio, &who).await?;
    expect_equal("the code", studio.refusal()?.code(), code.as_str())
}
