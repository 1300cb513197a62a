//! Sentences about sprints.

mod ending;
mod hearing;
mod making;
mod moving;
mod showing;

use anyhow::{Context as _, Result};
use gates::client::Call;
use serde_json::Value;

use crate::{word::Sprint, world::Studio};

/// What is asked back about a sprint.
const SPRINT: &str = "id name template status progress lead { id } phases { index kind weight status progress evidence wavesEndedAt \
    gateRun { rating status } waves { index status taskCount begunAt tasks(first: 100) { totalCount nodes { id type { name } status assignee { id } } } } }";

/// The id of a sprint by the scenario's name for it.
fn sprint_id(studio: &Studio, name: &Sprint) -> Result<String> {
    let id = studio.sprints.get(name.as_str()).cloned();
    id.with_context(|| format!("{name} was never made"))
}

/// A call about a sprint.
fn about(studio: &Studio, verb: &'static str, sprint: &Sprint) -> Result<Call> {
    Ok(Call::mutation(verb)
        .with("sprintId", "ID!", sprint_id(studio, sprint)?)
        .selecting(SPRINT))
}

/// A sprint as it is now.
async fn stands(studio: &mut Studio, sprint: &Sprint) -> Result<Value> {
    let call = Call::query("sprint")
        .with("id", "ID!", sprint_id(studio, sprint)?)
        .selecting(SPRINT);
    studio.look(&call).await
}

/// Lets the scenario's name stand for the sprint that the last answer gave, if it gave one.
fn name_sprint(studio: &mut Studio, name: &Sprint) {
    let last = studio.outcomes.last();
    let id = last.and_then(|last| last.value()["id"].as_str().map(str::to_owned));
    if let Some(id) = id {
        studio.sprints.insert(name.to_string(), id);
    }
}
