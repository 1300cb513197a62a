//! Several that want the same at the same time.

use anyhow::{Context as _, Result, ensure};
use cucumber::{gherkin::Step, then, when};
use futures::future::join_all;
use gates::client::{Answer, Call, Client};
use serde_json::{Value, json};

use super::{
    making::create,
    moving::{hand_in, move_task, reject},
    terms::Terms,
};
use crate::{
    step::phrase::Output,
    word::{Agent, Code, Count, Task},
    world::{Outcome, Studio, expect_equal},
};

#[when(expr = "{agent} creates {task} {count} times at once{terms}")]
async fn creates_often(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task: Task,
    count: Count,
    terms: Terms,
) -> Result<()> {
    let call = create(studio, &terms)?;
    let client = studio.client(&by).await?;
    for answer in at_once(vec![(client, call); count.0]).await? {
        studio.remember(step, &by, "createTask", answer)?;
        studio.name_task(&task);
    }
    Ok(())
}

#[when(expr = "{count} clients of {agent} start {task} at once")]
async fn start_at_once(studio: &mut Studio, count: Count, by: Agent, task: Task) -> Result<()> {
    let call = move_task(studio, "startTask", &task)?;
    race(studio, count, &by, call).await
}

#[when(expr = "{count} clients of {agent} complete {task} at once")]
async fn complete_at_once(studio: &mut Studio, count: Count, by: Agent, task: Task) -> Result<()> {
    let mut contenders = Vec::new();
    for contender in 0..count.0 {
        let output = Output(Some(json!({ "sketch": format!("fox number {contender}") })));
        contenders.push((
            by.clone(),
            hand_in(studio, "completeTask", &task, &output).await?,
        ));
    }
    contend(studio, contenders).await
}

#[when(expr = "{count} clients of {agent} approve {task} at once")]
async fn approve_at_once(studio: &mut Studio, count: Count, by: Agent, task: Task) -> Result<()> {
    let call = move_task(studio, "approveTask", &task)?;
    race(studio, count, &by, call).await
}

#[when(expr = "{count} clients of {agent} cancel {task} at once")]
async fn cancel_at_once(studio: &mut Studio, count: Count, by: Agent, task: Task) -> Result<()> {
    let call = move_task(studio, "cancelTask", &task)?;
    race(studio, count, &by, call).await
}

#[when(expr = "{agent} approves and {agent} rejects {task} at once")]
async fn approve_and_reject(
    studio: &mut Studio,
    one: Agent,
    other: Agent,
    task: Task,
) -> Result<()> {
    let approve = move_task(studio, "approveTask", &task)?;
    let reject = reject(studio, &task, "more fox")?;
    contend(studio, vec![(one, approve), (other, reject)]).await
}

#[when(expr = "{agent} and {agent} deactivate each other at once")]
async fn deactivate_each_other(studio: &mut Studio, one: Agent, other: Agent) -> Result<()> {
    let deactivate = |who: &Agent| {
        Call::mutation("deactivateAgent")
            .with("agentId", "ID!", who.id())
            .with("reason", "String!", "a quarrel")
            .selecting("id")
    };
    let calls = (deactivate(&other), deactivate(&one));
    contend(studio, vec![(one, calls.0), (other, calls.1)]).await
}

#[when(expr = "{agent} and {agent} report their own errors at once")]
async fn report_own_errors(studio: &mut Studio, one: Agent, other: Agent) -> Result<()> {
    let report = Call::mutation("reportAgentError")
        .with("reason", "String!", "no coffee")
        .selecting("id");
    contend(studio, vec![(one, report.clone()), (other, report)]).await
}

async fn race(studio: &mut Studio, count: Count, by: &Agent, call: Call) -> Result<()> {
    contend(studio, vec![(by.clone(), call); count.0]).await
}

/// Lets several calls go at once and remembers how each ended.
async fn contend(studio: &mut Studio, contenders: Vec<(Agent, Call)>) -> Result<()> {
    let mut calls = Vec::new();
    for (by, call) in &contenders {
        calls.push((studio.client(by).await?, call.clone()));
    }
    let answers = at_once(calls).await?;
    studio.outcomes = contenders
        .into_iter()
        .zip(answers)
        .map(|((by, call), answer)| Outcome {
            by,
            field: call.field(),
            answer,
        })
        .collect();
    Ok(())
}

async fn at_once(calls: Vec<(Client, Call)>) -> Result<Vec<Answer>> {
    let sent = calls.iter().map(|(client, call)| client.send(call));
    Ok(join_all(sent).await.into_iter().collect::<Result<_, _>>()?)
}

#[then("one of them succeeds and the others are refused")]
async fn one_wins(studio: &mut Studio) -> Result<()> {
    let won = studio
        .outcomes
        .iter()
        .filter(|outcome| outcome.answer.fault().is_none())
        .count();
    expect_equal("the number of winners", won, 1)
}

#[then(expr = "one of them succeeds and the others are refused with {code} or {code}")]
async fn one_wins_others_hear(studio: &mut Studio, one: Code, other: Code) -> Result<()> {
    one_wins(studio).await?;
    for fault in studio
        .outcomes
        .iter()
        .filter_map(|outcome| outcome.answer.fault())
    {
        ensure!(
            [one.as_str(), other.as_str()].contains(&fault.code()),
            "one was refused with {fault}"
        );
    }
    Ok(())
}

#[then(expr = "{task} is where the winner put it")]
async fn is_where_the_winner_put_it(studio: &mut Studio, task: Task) -> Result<()> {
    let winner = studio
        .outcomes
        .iter()
        .find(|outcome| outcome.answer.fault().is_none())
        .context("nobody won")?;
    let wanted = winner.value()["status"].clone();
    expect_equal(
        "its status",
        studio.task(&task).await?["status"].clone(),
        wanted,
    )
}

#[when(expr = "{agent} creates tasks while {agent} deactivates it")]
async fn creates_while_deactivated(studio: &mut Studio, who: Agent, operator: Agent) -> Result<()> {
    let terms: Terms = "".parse()?;
    let (create, worker) = (create(studio, &terms)?, studio.client(&who).await?);
    let deactivate = Call::mutation("deactivateAgent")
        .with("agentId", "ID!", who.id())
        .with("reason", "String!", "repairs")
        .selecting("id");
    let operator = studio.client(&operator).await?;
    let mut calls = vec![(worker, create); 24];
    calls.insert(12, (operator, deactivate));
    let answers = at_once(calls).await?;
    let deactivated = &answers[12];
    ensure!(
        deactivated.fault().is_none(),
        "it was not deactivated: {:?}",
        deactivated.fault()
    );
    Ok(())
}

#[then(expr = "no entry by {agent} comes after its deactivation")]
async fn no_entry_after(studio: &mut Studio, who: Agent) -> Result<()> {
    let sequence = |entry: &Value| {
        entry["sequence"]
            .as_str()
            .and_then(|sequence| sequence.parse::<u64>().ok())
    };
    let read = |filter: Value| {
        Call::query("auditLog")
            .with("filter", "AuditFilter", filter)
            .with("first", "Int", 100)
            .selecting("nodes { sequence action }")
    };
    let deactivations = read(json!({ "action": ["AGENT_DEACTIVATED"], "entityId": who.id() }));
    // The log shows what is sequenced; what came before the deactivation is so by then.
    let gone = studio
        .eventually("the deactivation is in the log", async |studio| {
            let found = studio.look(&deactivations).await?;
            Ok(sequence(&found["nodes"][0]))
        })
        .await?;
    let entries = studio
        .look(&read(json!({ "actorId": who.id(), "entityType": "TASK" })))
        .await?;
    let entries = entries["nodes"].as_array().cloned().unwrap_or_default();
    // A denial may be written later: it changes nothing.
    let late: Vec<_> = entries
        .iter()
        .filter(|entry| entry["action"] == json!("TASK_CREATED"))
        .collect();
    ensure!(
        late.iter()
            .filter_map(|entry| sequence(entry))
            .all(|entry| entry < gone),
        "after {gone} came {late:?}"
    );
    Ok(())
}

#[when(expr = "{agent} and {agent} create twenty tasks at once")]
async fn create_many(studio: &mut Studio, one: Agent, other: Agent) -> Result<()> {
    let call = create(studio, &"".parse()?)?;
    let mut contenders = Vec::new();
    for _ in 0..10 {
        contenders.extend([(one.clone(), call.clone()), (other.clone(), call.clone())]);
    }
    contend(studio, contenders).await?;
    let refused = studio
        .outcomes
        .iter()
        .filter_map(|outcome| outcome.answer.fault())
        .count();
    expect_equal("the number of refusals", refused, 0)
}
