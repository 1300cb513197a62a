//! How agents and everything else with an id are found.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use cucumber::{gherkin::Step, then, when};
use gates::client::Call;
use serde_json::{Value, json};

use crate::{
    step::phrase::Filter,
    word::{Agent, Agents, Count, Task, Tier},
    world::{Studio, expect_equal, texts},
};

#[when(expr = "{agent} lists the agents{filter}")]
async fn lists(studio: &mut Studio, step: &Step, by: Agent, filter: Filter) -> Result<()> {
    let call = Call::query("agents")
        .with_some("filter", "AgentFilter", filter.0)
        .selecting("nodes { id } totalCount");
    studio.act(step, &by, &call).await
}

#[when(expr = "{agent} lists agents after the cursor {string}")]
async fn lists_after(studio: &mut Studio, step: &Step, by: Agent, cursor: String) -> Result<()> {
    let call = Call::query("agents")
        .with("after", "Cursor", cursor)
        .selecting("nodes { id }");
    studio.act(step, &by, &call).await
}

#[when(expr = "{agent} lists the first {int} agents")]
async fn lists_first(studio: &mut Studio, step: &Step, by: Agent, first: u32) -> Result<()> {
    let call = Call::query("agents")
        .with("first", "Int", first)
        .selecting("nodes { id }");
    studio.act(step, &by, &call).await
}

#[then(expr = "the list is {agents}")]
async fn list_is(studio: &mut Studio, agents: Agents) -> Result<()> {
    let found: BTreeSet<_> = texts(&studio.last()?.value()["nodes"], "/id")
        .into_iter()
        .collect();
    expect_equal("the list", found, ids(&agents))
}

fn ids(agents: &Agents) -> BTreeSet<String> {
    agents.0.iter().map(|agent| agent.id().to_owned()).collect()
}

#[when(expr = "{agent} reads all agents in pages of {int}")]
async fn reads_in_pages(studio: &mut Studio, by: Agent, size: usize) -> Result<()> {
    read_in_pages(studio, &by, "agents", size).await
}

/// Reads a whole list page by page and keeps ids and the first page's total.
pub(in crate::step) async fn read_in_pages(
    studio: &mut Studio,
    by: &Agent,
    field: &'static str,
    size: usize,
) -> Result<()> {
    let mut ids = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let call = Call::query(field)
            .with("first", "Int", size)
            .with_some("after", "Cursor", after.take())
            .selecting(
                "edges { cursor node { id } } pageInfo { hasNextPage endCursor } totalCount",
            );
        let answer = studio.send(by, &call).await?;
        ensure!(
            answer.fault().is_none(),
            "a page was refused: {:?}",
            answer.fault()
        );
        let page = &answer.data[field];
        let found = texts(&page["edges"], "/node/id");
        ensure!(
            found.len() <= size,
            "a page of {size} holds {}",
            found.len()
        );
        studio
            .kept
            .entry("total")
            .or_insert_with(|| page["totalCount"].clone());
        ids.extend(found);
        let info = &page["pageInfo"];
        if info["hasNextPage"] != json!(true) {
            break;
        }
        expect_equal(
            "the end cursor",
            info["endCursor"].clone(),
            last_cursor(page),
        )?;
        after = info["endCursor"].as_str().map(str::to_owned);
    }
    studio.kept.insert("ids", json!(ids));
    Ok(())
}

fn last_cursor(page: &Value) -> Value {
    page["edges"]
        .as_array()
        .and_then(|edges| edges.last())
        .map(|edge| edge["cursor"].clone())
        .unwrap_or_default()
}

#[then(expr = "{count} agents came, each once")]
#[then(expr = "{count} tasks came, each once")]
async fn each_came_once(studio: &mut Studio, count: Count) -> Result<()> {
    let came = texts(&studio.kept["ids"], "");
    let different: BTreeSet<_> = came.iter().collect();
    expect_equal("their number", came.len(), count.0)?;
    expect_equal("the number of different ones", different.len(), count.0)
}

#[then(expr = "the total count was {count}")]
async fn total_was(studio: &mut Studio, count: Count) -> Result<()> {
    expect_equal(
        "the total count",
        studio.kept["total"].clone(),
        json!(count.0),
    )
}

#[then(expr = "{agent} reports to {agent}")]
async fn reports_to(studio: &mut Studio, who: Agent, supervisor: Agent) -> Result<()> {
    expect_equal(
        "its supervisor",
        supervisor_of(studio, &who).await?,
        json!(supervisor.id()),
    )
}

#[then(expr = "{agent} reports to nobody")]
async fn reports_to_nobody(studio: &mut Studio, who: Agent) -> Result<()> {
    expect_equal(
        "its supervisor",
        supervisor_of(studio, &who).await?,
        Value::Null,
    )
}

async fn supervisor_of(studio: &mut Studio, who: &Agent) -> Result<Value> {
    let agent = studio
        .agent(who)
        .await?
        .with_context(|| format!("there is no {who}"))?;
    Ok(agent["supervisor"]["id"].clone())
}

#[then(expr = "{agent} has no report {agent}")]
async fn has_no_report(studio: &mut Studio, who: Agent, report: Agent) -> Result<()> {
    let reports = reports_of(studio, &who).await?;
    ensure!(
        !reports.contains(report.id()),
        "{who} has the reports {reports:?}"
    );
    Ok(())
}

#[then(expr = "the reports of {agent} are {agents}")]
async fn reports_are(studio: &mut Studio, who: Agent, agents: Agents) -> Result<()> {
    expect_equal("the reports", reports_of(studio, &who).await?, ids(&agents))
}

#[then(expr = "these agents report to {agent}:")]
async fn these_report_to(studio: &mut Studio, step: &Step, who: Agent) -> Result<()> {
    let rows = step
        .table
        .as_ref()
        .context("a table of agents")?
        .rows
        .iter();
    let wanted: BTreeSet<_> = rows.flatten().cloned().collect();
    expect_equal("the reports", reports_of(studio, &who).await?, wanted)
}

async fn reports_of(studio: &mut Studio, who: &Agent) -> Result<BTreeSet<String>> {
    let call = Call::query("agent")
        .with("id", "ID!", who.id())
        .selecting("reports(first: 50) { nodes { id } }");
    let agent = studio.look(&call).await?;
    Ok(texts(&agent["reports"]["nodes"], "/id")
        .into_iter()
        .collect())
}

#[then(expr = "there are {count} agents of tier {tier}")]
async fn so_many_of_tier(studio: &mut Studio, count: Count, tier: Tier) -> Result<()> {
    let filter = json!({ "tier": tier.as_str() });
    let call = Call::query("agents")
        .with("filter", "AgentFilter", filter)
        .selecting("totalCount");
    expect_equal(
        "their number",
        studio.look(&call).await?["totalCount"].clone(),
        json!(count.0),
    )
}

#[when(expr = "{agent} looks up the nodes of {agent}, {task} and something unknown")]
async fn looks_up_nodes(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    agent: Agent,
    task: Task,
) -> Result<()> {
    let ids = json!([
        agent.id(),
        studio.task_id(&task)?,
        "task_01h455vb4pex5vsknk084sn02q"
    ]);
    let call = Call::query("nodes")
        .with("ids", "[ID!]!", ids)
        .selecting("__typename id");
    studio.act(step, &by, &call).await
}

#[then("it finds an Agent, a Task and nothing")]
async fn finds_nodes(studio: &mut Studio) -> Result<()> {
    let found = studio.last()?.value();
    let kinds: Vec<_> = found
        .as_array()
        .into_iter()
        .flatten()
        .map(|node| node["__typename"].clone())
        .collect();
    expect_equal(
        "what it finds",
        kinds,
        vec![json!("Agent"), json!("Task"), Value::Null],
    )
}

#[when(expr = "{agent} looks up {task}")]
async fn looks_up_task(studio: &mut Studio, step: &Step, by: Agent, task: Task) -> Result<()> {
    let call = Call::query("task")
        .with("id", "ID!", studio.task_id(&task)?)
        .selecting("id");
    studio.act(step, &by, &call).await
}

#[when(expr = "{agent} looks up the node of {task}")]
async fn looks_up_node(studio: &mut Studio, step: &Step, by: Agent, task: Task) -> Result<()> {
    let call = Call::query("node")
        .with("id", "ID!", studio.task_id(&task)?)
        .selecting("id");
    studio.act(step, &by, &call).await
}

#[then("it finds nothing")]
async fn finds_nothing(studio: &mut Studio) -> Result<()> {
    let last = studio.last()?;
    expect_equal("what it finds", last.value(), &Value::Null)
}

#[then(expr = "{agent} sees {task}")]
async fn sees_task(studio: &mut Studio, who: Agent, task: Task) -> Result<()> {
    ensure!(
        is_seen(studio, &who, &task).await?,
        "{who} does not see {task}"
    );
    Ok(())
}

#[then(expr = "{agent} does not see {task}")]
async fn does_not_see_task(studio: &mut Studio, who: Agent, task: Task) -> Result<()> {
    ensure!(!is_seen(studio, &who, &task).await?, "{who} sees {task}");
    Ok(())
}

async fn is_seen(studio: &mut Studio, who: &Agent, task: &Task) -> Result<bool> {
    let call = Call::query("task")
        .with("id", "ID!", studio.task_id(task)?)
        .selecting("id");
    Ok(!studio.send(who, &call).await?.at("/task").is_null())
}
