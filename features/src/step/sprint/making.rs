//! How sprints are planned and started, and how the scenario names their tasks.

use anyhow::{Context as _, Result};
use cucumber::{gherkin::Step, given, when};
use gates::client::Call;
use serde_json::{Value, json};

use super::{SPRINT, about, name_sprint};
use crate::{
    word::{Agent, Sprint},
    world::Studio,
};

/// Who leads the scenarios' sprints, and has their tasks unless somebody else is named.
const LEAD: &str = "L2-CHAR-001";

/// The tasks of a wave: `outline, pose to L3-CHAR-POSE-001, sketch for anybody`, each by the scenario's name.
fn wave(text: &str) -> Value {
    let task = |text: &str| {
        let (name, assignee) = match text.split_once(" to ") {
            Some((name, assignee)) => (name, Some(assignee)),
            None => match text.strip_suffix(" for anybody") {
                Some(name) => (name, None),
                None => (text, Some(LEAD)),
            },
        };
        // A prompt of its own tells the tasks of a sprint from one another.
        json!({ "type": "DRAW_SKETCH", "input": { "prompt": name }, "assigneeId": assignee })
    };
    let tasks: Vec<Value> = text.split(", ").map(task).collect();
    json!({ "tasks": tasks })
}

/// Waves, one after the other: `outline, sketch; pose`; none where it says so.
pub(super) fn waves(text: &str) -> Value {
    match text {
        "none" => json!([]),
        text => text.split("; ").map(wave).collect(),
    }
}

fn phases(step: &Step) -> Result<Value> {
    let table = step.table.as_ref().context("phases in a table")?;
    let phase = |row: &Vec<String>| {
        let [kind, weight, text] = row.as_slice() else {
            anyhow::bail!("a phase has a kind, a weight and waves");
        };
        let weight: i64 = weight.parse()?;
        Ok(json!({ "kind": kind, "weight": weight, "waves": waves(text) }))
    };
    table.rows.iter().skip(1).map(phase).collect()
}

#[given(expr = "{agent} plans {sprint}:")]
#[when(expr = "{agent} plans {sprint}:")]
async fn plans(studio: &mut Studio, step: &Step, by: Agent, sprint: Sprint) -> Result<()> {
    plan(studio, step, &by, &sprint, LEAD).await
}

#[when(expr = "{agent} plans {sprint} led by {agent}:")]
async fn plans_led_by(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    sprint: Sprint,
    lead: Agent,
) -> Result<()> {
    plan(studio, step, &by, &sprint, lead.id()).await
}

async fn plan(
    studio: &mut Studio,
    step: &Step,
    by: &Agent,
    sprint: &Sprint,
    lead: &str,
) -> Result<()> {
    let input = json!({ "name": sprint.as_str(), "leadId": lead, "phases": phases(step)? });
    let call = Call::mutation("createWorkflow")
        .with("input", "CreateWorkflowInput!", input)
        .selecting(SPRINT);
    studio.act(step, by, &call).await?;
    name_sprint(studio, sprint);
    Ok(())
}

#[given(expr = "{agent} has started {sprint}:")]
async fn has_started(studio: &mut Studio, step: &Step, by: Agent, sprint: Sprint) -> Result<()> {
    plan(studio, step, &by, &sprint, LEAD).await?;
    start(studio, step, &by, &sprint).await
}

#[given(expr = "{agent} starts {sprint}")]
#[when(expr = "{agent} starts {sprint}")]
async fn starts(studio: &mut Studio, step: &Step, by: Agent, sprint: Sprint) -> Result<()> {
    start(studio, step, &by, &sprint).await
}

async fn start(studio: &mut Studio, step: &Step, by: &Agent, sprint: &Sprint) -> Result<()> {
    let call = about(studio, "startSprint", sprint)?;
    studio.act(step, by, &call).await?;
    if studio.last()?.answer.fault().is_none() {
        name_tasks(studio, sprint).await?;
    }
    Ok(())
}

/// Lets the names of the plan stand for the tasks that were made of it.
pub(super) async fn name_tasks(studio: &mut Studio, sprint: &Sprint) -> Result<()> {
    let id = super::sprint_id(studio, sprint)?;
    let call = Call::query("tasks")
        .with("filter", "TaskFilter", json!({ "sprintId": id }))
        .with("first", "Int", 100)
        .selecting("nodes { id input status phase { index } }");
    let found = studio.look(&call).await?;
    for task in found["nodes"].as_array().into_iter().flatten() {
        let (id, name) = (task["id"].as_str(), task["input"]["prompt"].as_str());
        if let (Some(id), Some(name), true) = (id, name, task["phase"].is_object()) {
            studio.call_task(&format!("the {name} task").parse()?, id);
        }
    }
    Ok(())
}

#[given(expr = "{agent} makes {sprint} for {agent} from the template {string}")]
#[when(expr = "{agent} makes {sprint} for {agent} from the template {string}")]
async fn makes(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    sprint: Sprint,
    lead: Agent,
    template: String,
) -> Result<()> {
    make(studio, step, &by, &sprint, &lead, Some(template)).await
}

#[when(expr = "{agent} makes {sprint} for {agent} without a template")]
async fn makes_bare(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    sprint: Sprint,
    lead: Agent,
) -> Result<()> {
    make(studio, step, &by, &sprint, &lead, None).await
}

async fn make(
    studio: &mut Studio,
    step: &Step,
    by: &Agent,
    sprint: &Sprint,
    lead: &Agent,
    template: Option<String>,
) -> Result<()> {
    let input = json!({ "name": sprint.as_str(), "leadId": lead.id(), "template": template });
    let call = Call::mutation("createSprint")
        .with("input", "CreateSprintInput!", input)
        .selecting(SPRINT);
    studio.act(step, by, &call).await?;
    name_sprint(studio, sprint);
    Ok(())
}
