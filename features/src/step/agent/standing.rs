//! How agents stand: operational or not, and why.

use anyhow::{Context as _, Result, ensure};
use cucumber::{gherkin::Step, given, then, when};
use gates::client::Call;
use serde_json::{Value, json};

use crate::{
    step::phrase::{Line, Reason},
    word::{Agent, AgentStatus, Agents, Count},
    world::{AGENT, Studio, expect_equal},
};

const OPERATIONAL: [&str; 3] = ["ACTIVE", "IDLE", "PROCESSING"];

#[given(expr = "{agent} deactivates {agent}{line}{reason}")]
#[when(expr = "{agent} deactivates {agent}{line}{reason}")]
async fn deactivates(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    who: Agent,
    line: Line,
    reason: Reason,
) -> Result<()> {
    take_out(
        studio,
        step,
        &by,
        Call::mutation("deactivateAgent"),
        &who,
        line,
        &reason,
    )
    .await
}

#[given(expr = "{agent} breaks {agent}{line}{reason}")]
#[when(expr = "{agent} breaks {agent}{line}{reason}")]
#[when(expr = "{agent} sets {agent} in error{line}{reason}")]
async fn breaks(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    who: Agent,
    line: Line,
    reason: Reason,
) -> Result<()> {
    take_out(
        studio,
        step,
        &by,
        Call::mutation("setAgentError"),
        &who,
        line,
        &reason,
    )
    .await
}

async fn take_out(
    studio: &mut Studio,
    step: &Step,
    by: &Agent,
    call: Call,
    who: &Agent,
    line: Line,
    reason: &Reason,
) -> Result<()> {
    let call = call
        .with("agentId", "ID!", who.id())
        .with("reason", "String!", reason.or_some())
        .with("includeReports", "Boolean", line.0)
        .selecting(AGENT);
    studio.act(step, by, &call).await
}

#[given(expr = "{agent} activates {agent}")]
#[when(expr = "{agent} activates {agent}")]
async fn activates(studio: &mut Studio, step: &Step, by: Agent, who: Agent) -> Result<()> {
    let call = Call::mutation("activateAgent")
        .with("agentId", "ID!", who.id())
        .selecting(AGENT);
    studio.act(step, &by, &call).await
}

#[when(expr = "{agent} reports its own error {string}")]
async fn reports_error(studio: &mut Studio, step: &Step, by: Agent, reason: String) -> Result<()> {
    let call = Call::mutation("reportAgentError")
        .with("reason", "String!", reason)
        .selecting("id status");
    studio.act(step, &by, &call).await
}

#[given(expr = "{agent} is {agentStatus}")]
#[then(expr = "{agent} is {agentStatus}")]
async fn is(studio: &mut Studio, who: Agent, status: AgentStatus) -> Result<()> {
    expect_equal(
        "its status",
        standing(studio, &who).await?["status"].clone(),
        json!(status.as_str()),
    )
}

#[then(expr = "in a moment {agent} is {agentStatus}")]
async fn is_in_a_moment(studio: &mut Studio, who: Agent, status: AgentStatus) -> Result<()> {
    studio
        .eventually(&format!("{who} is {}", status.as_str()), async |studio| {
            let found = standing(studio, &who).await?["status"].clone();
            Ok((found == json!(status.as_str())).then_some(()))
        })
        .await
}

#[then(expr = "{agent} is {agentStatus} because {string}")]
async fn is_because(
    studio: &mut Studio,
    who: Agent,
    status: AgentStatus,
    reason: String,
) -> Result<()> {
    let standing = standing(studio, &who).await?;
    expect_equal(
        "its status",
        standing["status"].clone(),
        json!(status.as_str()),
    )?;
    expect_equal(
        "the reason",
        standing["statusReason"].clone(),
        json!(reason),
    )
}

#[then(expr = "{agent} is operational")]
async fn is_operational(studio: &mut Studio, who: Agent) -> Result<()> {
    let standing = standing(studio, &who).await?;
    let status = standing["status"].as_str().unwrap_or_default();
    ensure!(OPERATIONAL.contains(&status), "{who} is {status}");
    Ok(())
}

#[then("one operator is left")]
async fn one_operator_is_left(studio: &mut Studio) -> Result<()> {
    // Whoever of them is left asks: the other one's session is over.
    let winner = studio
        .outcomes
        .iter()
        .find(|outcome| outcome.answer.fault().is_none());
    let winner = winner.context("nobody won")?.by.clone();
    let loser = studio
        .outcomes
        .iter()
        .find(|outcome| outcome.answer.fault().is_some());
    let loser = loser.context("nobody lost")?.by.clone();
    let mut left = Vec::new();
    for who in [winner, loser] {
        let Ok(client) = studio.client(&who).await else {
            continue;
        };
        let me = client
            .send(&Call::query("me").selecting("id status"))
            .await?;
        if me.fault().is_none() {
            left.push(who.to_string());
        }
    }
    expect_equal("the number of operators who are answered", left.len(), 1)
}

#[then(expr = "these agents are {agentStatus}: {agents}")]
async fn all_are(studio: &mut Studio, status: AgentStatus, agents: Agents) -> Result<()> {
    for who in agents.0 {
        is(studio, who, status.clone()).await?;
    }
    Ok(())
}

#[then(expr = "these agents are operational: {agents}")]
async fn all_are_operational(studio: &mut Studio, agents: Agents) -> Result<()> {
    for who in agents.0 {
        is_operational(studio, who).await?;
    }
    Ok(())
}

#[then(expr = "{count} agents are {agentStatus}")]
async fn so_many_are(studio: &mut Studio, count: Count, status: AgentStatus) -> Result<()> {
    let call = Call::query("agents")
        .with(
            "filter",
            "AgentFilter",
            json!({ "status": [status.as_str()] }),
        )
        .selecting("totalCount");
    expect_equal(
        "their number",
        studio.look(&call).await?["totalCount"].clone(),
        json!(count.0),
    )
}

#[then(expr = "{agent} was last active now")]
async fn was_active_now(studio: &mut Studio, who: Agent) -> Result<()> {
    let standing = standing(studio, &who).await?;
    let active = standing["lastActiveAt"]
        .as_str()
        .context("it was never active")?;
    let active = chrono::DateTime::parse_from_rfc3339(active).context("a time")?;
    let ago = studio
        .now()
        .signed_duration_since(active)
        .num_seconds()
        .abs();
    ensure!(ago < 30, "{who} was last active {ago} s ago");
    Ok(())
}

async fn standing(studio: &mut Studio, who: &Agent) -> Result<Value> {
    studio
        .agent(who)
        .await?
        .with_context(|| format!("there is no {who}"))
}
