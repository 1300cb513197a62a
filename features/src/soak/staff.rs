//! The agents of a long run.

use anyhow::{Context as _, Result};
use gates::client::{Call, Client};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::pair::{Pair, TASK_TYPE};
use crate::world::expect_success;

/// Defines the task type, registers so many pairs and gives each agent a session.
pub(crate) async fn hire(operator: &Client, count: usize, seed: u64) -> Result<Vec<Pair>> {
    let anything = json!({ "type": "object" });
    let task_type = json!({ "name": TASK_TYPE, "inputSchema": anything, "outputSchema": anything, "leaseSeconds": 0 });
    let define = Call::mutation("defineTaskType")
        .with("input", "DefineTaskTypeInput!", task_type)
        .selecting("name");
    expect_success(&operator.send(&define).await?)?;
    let agents: Vec<Value> = (0..count)
        .flat_map(|number| {
            let [director, specialist] = Pair::names(number);
            [
                json!({ "id": director, "name": director, "tier": "L1" }),
                json!({ "id": specialist, "name": specialist, "tier": "L2", "supervisorId": director }),
            ]
        })
        .collect();
    let register = Call::mutation("registerAgents")
        .with("input", "[RegisterAgentInput!]!", agents)
        .selecting("agent { id }");
    expect_success(&operator.send(&register).await?)?;
    let mut pairs = Vec::new();
    for number in 0..count {
        let [director, specialist] = Pair::names(number);
        let tokens = [
            token(operator, &director).await?,
            token(operator, &specialist).await?,
        ];
        pairs.push(Pair::new(
            number,
            tokens,
            seed * 1_000 + u64::try_from(number)?,
        ));
    }
    Ok(pairs)
}

/// The director of every pair creates so many tasks one after the other, all directors at once. `key` begins the idempotency
/// keys of their calls.
pub(crate) async fn create_tasks(
    door: &Client,
    pairs: &[Pair],
    key: Option<&str>,
    each: usize,
) -> Result<()> {
    let mut creating = JoinSet::new();
    for pair in pairs {
        // A connection of its own for each: a record of system calls tells them apart by their sockets.
        let client = door
            .with_own_connections()
            .with_token(pair.director_token());
        let key = key.map(str::to_owned);
        creating.spawn(async move {
            for number in 0..each {
                let key = key.as_ref().map(|key| format!("{key}-{number}"));
                create_task(&client, key.as_deref()).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(created) = creating.join_next().await {
        created??;
    }
    Ok(())
}

/// Creates a task, with an idempotency key where one is given; gives its id.
pub(crate) async fn create_task(client: &Client, key: Option<&str>) -> Result<String> {
    let input = json!({ "type": TASK_TYPE, "input": {}, "idempotencyKey": key });
    let call = Call::mutation("createTask")
        .with("input", "CreateTaskInput!", input)
        .selecting("id");
    let answer = client.send(&call).await?;
    let id = &expect_success(&answer)?["createTask"]["id"];
    Ok(id.as_str().context("a task has an id")?.to_owned())
}

async fn token(operator: &Client, agent: &str) -> Result<String> {
    let issue = Call::mutation("issueSession")
        .with("agentId", "ID!", agent)
        .selecting("token");
    let answer = operator.send(&issue).await?;
    let token = &expect_success(&answer)?["issueSession"]["token"];
    Ok(token.as_str().context("a session has a token")?.to_owned())
}
