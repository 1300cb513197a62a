//! How agents come into the fleet, and what they are then.

use anyhow::{Context as _, Result, ensure};
use cucumber::{gherkin::Step, given, then, when};
use gates::client::Call;
use serde_json::{Value, json};

use crate::{
    step::phrase::{Grant, Place, usual_supervisor},
    word::{Agent, Permission, Permissions, Tier},
    world::{Studio, authenticate, expect_equal, registration, texts},
};

const SHOWN: &str = "agent { id } secret";

#[given("the studio")]
async fn studio(studio: &mut Studio) -> Result<()> {
    studio.open().await
}

#[given("the founding fleet")]
async fn founding_fleet(studio: &mut Studio) -> Result<()> {
    studio.build().await?.open(true).await
}

#[given(expr = "{agent} registers {agent}{place}{grant}")]
#[when(expr = "{agent} registers {agent}{place}{grant}")]
async fn registers(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    new: Agent,
    place: Place,
    grant: Grant,
) -> Result<()> {
    let mut input = registration(new.id(), new.id(), place.supervisor_of(&new));
    if let Some(permissions) = grant.0 {
        input["permissions"] = json!(permissions.texts());
    }
    register(studio, step, &by, input).await
}

#[when(expr = "{agent} registers an agent of tier {tier} with the id {string}")]
async fn registers_id(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    tier: Tier,
    id: String,
) -> Result<()> {
    let mut input = registration(&id, "Newcomer", usual_supervisor(tier.as_str()));
    input["tier"] = json!(tier.as_str());
    register(studio, step, &by, input).await
}

#[when(expr = "{agent} registers an agent of tier {tier} with an id of {int} characters")]
async fn registers_long_id(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    tier: Tier,
    length: usize,
) -> Result<()> {
    let id = format!("{:X<length$}", format!("{tier}-"));
    registers_id(studio, step, by, tier, id).await
}

async fn register(studio: &mut Studio, step: &Step, by: &Agent, input: Value) -> Result<()> {
    let call = Call::mutation("registerAgent")
        .with("input", "RegisterAgentInput!", input)
        .selecting(SHOWN);
    studio.act(step, by, &call).await?;
    let shown = studio.last()?.value().clone();
    studio.take_secrets(&shown);
    Ok(())
}

#[when(expr = "{agent} registers these agents:")]
async fn registers_many(studio: &mut Studio, step: &Step, by: Agent) -> Result<()> {
    let rows = step
        .table
        .as_ref()
        .context("a table of agents")?
        .rows
        .iter()
        .skip(1);
    let input: Vec<_> = rows
        .map(|row| {
            let supervisor = row
                .get(1)
                .map(String::as_str)
                .filter(|supervisor| !supervisor.is_empty());
            registration(&row[0], &row[0], supervisor)
        })
        .collect();
    let call = Call::mutation("registerAgents")
        .with("input", "[RegisterAgentInput!]!", input)
        .selecting(SHOWN);
    studio.act(step, &by, &call).await?;
    let shown = studio.last()?.value().clone();
    studio.take_secrets(&shown);
    Ok(())
}

#[then(expr = "{agent} can log in with the secret that was shown")]
#[then(expr = "{agent} can log in with its secret")]
async fn can_log_in(studio: &mut Studio, who: Agent) -> Result<()> {
    let secret = studio
        .secret(&who)?
        .with_context(|| format!("no secret of {who} was ever shown"))?;
    let answer = studio.door()?.send(&authenticate(&who, &secret)).await?;
    ensure!(
        answer.fault().is_none(),
        "{who} cannot log in: {:?}",
        answer.fault()
    );
    Ok(())
}

#[then(expr = "{agent} cannot log in")]
async fn cannot_log_in(studio: &mut Studio, who: Agent) -> Result<()> {
    let secret = studio
        .secret(&who)?
        .with_context(|| format!("no secret of {who} was ever shown"))?;
    refuses_secret(studio, &who, &secret).await
}

#[then(expr = "{agent} cannot log in with its old secret")]
async fn cannot_log_in_as_before(studio: &mut Studio, who: Agent) -> Result<()> {
    let secret = studio
        .person(&who)
        .old_secret
        .clone()
        .with_context(|| format!("{who} has no old secret"))?;
    refuses_secret(studio, &who, &secret).await
}

async fn refuses_secret(studio: &mut Studio, who: &Agent, secret: &str) -> Result<()> {
    let answer = studio.door()?.send(&authenticate(who, secret)).await?;
    let fault = answer
        .fault()
        .with_context(|| format!("{who} can log in"))?;
    expect_equal("the refusal", fault.code(), "UNAUTHENTICATED")
}

#[then(expr = "there is no agent {agent}")]
async fn is_not_there(studio: &mut Studio, who: Agent) -> Result<()> {
    let found = studio.agent(&who).await?;
    ensure!(found.is_none(), "there is one: {found:?}");
    Ok(())
}

#[then(expr = "{agent} holds exactly {permissions}")]
async fn holds_exactly(studio: &mut Studio, who: Agent, permissions: Permissions) -> Result<()> {
    let mut wanted: Vec<_> = permissions.texts().into_iter().map(str::to_owned).collect();
    let mut held = held_by(studio, &who).await?;
    wanted.sort();
    held.sort();
    expect_equal("what it holds", held, wanted)
}

#[then(expr = "{agent} holds {permission}")]
async fn holds(studio: &mut Studio, who: Agent, permission: Permission) -> Result<()> {
    let held = held_by(studio, &who).await?;
    ensure!(
        held.contains(&permission.to_string()),
        "{who} holds {held:?}"
    );
    Ok(())
}

#[then(expr = "{agent} does not hold {permission}")]
async fn does_not_hold(studio: &mut Studio, who: Agent, permission: Permission) -> Result<()> {
    let held = held_by(studio, &who).await?;
    ensure!(
        !held.contains(&permission.to_string()),
        "{who} holds {held:?}"
    );
    Ok(())
}

/// The permissions of an agent as an operator sees them.
pub(super) async fn held_by(studio: &mut Studio, who: &Agent) -> Result<Vec<String>> {
    let agent = studio
        .agent(who)
        .await?
        .with_context(|| format!("there is no {who}"))?;
    Ok(texts(&agent["permissions"], ""))
}
