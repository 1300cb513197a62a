//! How agents are changed, and what is seen of it.

use anyhow::{Context as _, Result, ensure};
use cucumber::{gherkin::Step, given, then, when};
use gates::client::Call;
use serde_json::{Value, json};

use super::registering::held_by;
use crate::{
    word::{Agent, Permission, Permissions, TaskType},
    world::{AGENT, Studio, expect_equal, texts},
};

async fn update(studio: &mut Studio, step: &Step, by: &Agent, input: Vec<Value>) -> Result<()> {
    let call = Call::mutation("updateAgents")
        .with("input", "[UpdateAgentInput!]!", input)
        .selecting(AGENT);
    studio.act(step, by, &call).await
}

#[given(expr = "{agent} renames {agent} to {string}")]
#[when(expr = "{agent} renames {agent} to {string}")]
async fn renames(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    who: Agent,
    name: String,
) -> Result<()> {
    update(
        studio,
        step,
        &by,
        vec![json!({ "id": who.id(), "name": name })],
    )
    .await
}

#[when(expr = "{agent} moves {agent} under {agent}")]
async fn moves(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    who: Agent,
    supervisor: Agent,
) -> Result<()> {
    update(
        studio,
        step,
        &by,
        vec![json!({ "id": who.id(), "supervisorId": supervisor.id() })],
    )
    .await
}

#[given(expr = "{agent} teaches {agent} to {type}")]
#[when(expr = "{agent} teaches {agent} to {type}")]
async fn teaches(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    who: Agent,
    task_type: TaskType,
) -> Result<()> {
    update(
        studio,
        step,
        &by,
        vec![json!({ "id": who.id(), "capabilities": [task_type.as_str()] })],
    )
    .await
}

#[when(expr = "{agent} changes these agents:")]
async fn changes_many(studio: &mut Studio, step: &Step, by: Agent) -> Result<()> {
    let rows = step
        .table
        .as_ref()
        .context("a table of agents")?
        .rows
        .iter()
        .skip(1);
    let input = rows.map(|row| {
        let mut input = json!({ "id": row[0] });
        for (field, value) in [("name", &row[1]), ("supervisorId", &row[2])] {
            if !value.is_empty() {
                input[field] = json!(value);
            }
        }
        input
    });
    let input = input.collect();
    update(studio, step, &by, input).await
}

#[when(expr = "{agent} changes {agent} to hold only {permissions}")]
async fn changes_permissions(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    who: Agent,
    permissions: Permissions,
) -> Result<()> {
    update(
        studio,
        step,
        &by,
        vec![json!({ "id": who.id(), "permissions": permissions.texts() })],
    )
    .await
}

#[when(expr = "{agent} changes {agent} to be inactive")]
async fn changes_to_inactive(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    who: Agent,
) -> Result<()> {
    update(
        studio,
        step,
        &by,
        vec![json!({ "id": who.id(), "active": false, "reason": "a slip of the hand" })],
    )
    .await
}

#[when(expr = "{agent} changes the name and the palette of {agent}")]
async fn changes_name_and_config(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    who: Agent,
) -> Result<()> {
    let input =
        json!({ "id": who.id(), "name": "Character design", "config": { "palette": "ember" } });
    update(studio, step, &by, vec![input]).await
}

#[given(expr = "{agent} takes {permission} from {agent}")]
#[when(expr = "{agent} takes {permission} from {agent}")]
async fn takes(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    permission: Permission,
    from: Agent,
) -> Result<()> {
    let mut held = held_by(studio, &from).await?;
    held.retain(|held| held != permission.as_str());
    set_permissions(studio, step, &by, &from, held).await
}

#[given(expr = "{agent} gives {permission} to {agent}")]
#[when(expr = "{agent} gives {permission} to {agent}")]
async fn gives(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    permission: Permission,
    to: Agent,
) -> Result<()> {
    let mut held = held_by(studio, &to).await?;
    held.push(permission.to_string());
    set_permissions(studio, step, &by, &to, held).await
}

async fn set_permissions(
    studio: &mut Studio,
    step: &Step,
    by: &Agent,
    who: &Agent,
    permissions: Vec<String>,
) -> Result<()> {
    let call = Call::mutation("setAgentPermissions")
        .with("agentId", "ID!", who.id())
        .with("permissions", "[AgentPermission!]!", permissions)
        .selecting(AGENT);
    studio.act(step, by, &call).await
}

#[given(expr = "{agent} configures {agent} with the palette {string}")]
#[when(expr = "{agent} configures {agent} with the palette {string}")]
async fn configures(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    who: Agent,
    palette: String,
) -> Result<()> {
    let call = Call::mutation("updateAgentConfig")
        .with("agentId", "ID!", who.id())
        .with("config", "JSON!", json!({ "palette": palette }))
        .selecting(AGENT);
    studio.act(step, &by, &call).await
}

#[then(expr = "{agent} is called {string}")]
async fn is_called(studio: &mut Studio, who: Agent, name: String) -> Result<()> {
    expect_equal("its name", field(studio, &who, "name").await?, json!(name))
}

#[then(expr = "{agent} is not called {string}")]
async fn is_not_called(studio: &mut Studio, who: Agent, name: String) -> Result<()> {
    ensure!(
        field(studio, &who, "name").await? != json!(name),
        "{who} is called {name}"
    );
    Ok(())
}

#[then(expr = "{agent} is capable of {type}")]
async fn is_capable(studio: &mut Studio, who: Agent, task_type: TaskType) -> Result<()> {
    let capabilities = field(studio, &who, "capabilities").await?;
    ensure!(
        texts(&capabilities, "").contains(&task_type.to_string()),
        "{who} is capable of {capabilities}"
    );
    Ok(())
}

async fn field(studio: &mut Studio, who: &Agent, field: &str) -> Result<Value> {
    let agent = studio
        .agent(who)
        .await?
        .with_context(|| format!("there is no {who}"))?;
    Ok(agent[field].clone())
}

#[then(expr = "{agent} sees the palette {string} of {agent}")]
async fn sees_palette(studio: &mut Studio, by: Agent, palette: String, who: Agent) -> Result<()> {
    let seen = seen_by(studio, &by, &who).await?;
    expect_equal(
        "the palette",
        seen["config"]["palette"].clone(),
        json!(palette),
    )?;
    ensure!(
        seen["permissions"].is_array(),
        "{by} does not see the permissions"
    );
    Ok(())
}

#[then(expr = "{agent} sees neither config nor permissions of {agent}")]
async fn sees_neither(studio: &mut Studio, by: Agent, who: Agent) -> Result<()> {
    let seen = seen_by(studio, &by, &who).await?;
    expect_equal("the config", seen["config"].clone(), Value::Null)?;
    expect_equal("the permissions", seen["permissions"].clone(), Value::Null)?;
    expect_equal(
        "the id, which everybody sees,",
        seen["id"].clone(),
        json!(who.id()),
    )
}

async fn seen_by(studio: &mut Studio, by: &Agent, who: &Agent) -> Result<Value> {
    let call = Call::query("agent")
        .with("id", "ID!", who.id())
        .selecting(AGENT);
    let answer = studio.send(by, &call).await?;
    ensure!(
        answer.fault().is_none(),
        "{by} may not look at {who}: {:?}",
        answer.fault()
    );
    Ok(answer.at("/agent").clone())
}
