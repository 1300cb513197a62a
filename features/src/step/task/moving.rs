//! How tasks move from one status to the next.

use anyhow::{Context as _, Result, ensure};
use cucumber::{gherkin::Step, given, when};
use gates::client::Call;
use serde_json::Value;

use super::terms::Terms;
use crate::{
    step::phrase::{Output, Reason},
    word::{Agent, Task},
    world::{Studio, TASK},
};

/// A call that moves a task, to which its own arguments are added.
pub(super) fn move_task(studio: &Studio, verb: &'static str, task: &Task) -> Result<Call> {
    Ok(Call::mutation(verb)
        .with("taskId", "ID!", studio.task_id(task)?)
        .selecting(TASK))
}

/// A hand-in names the attempt that the task is at, as a leased one must.
pub(super) async fn hand_in(
    studio: &mut Studio,
    verb: &'static str,
    task: &Task,
    output: &Output,
) -> Result<Call> {
    let attempt = studio.task(task).await?["attempt"].clone();
    let graphql_type = if verb == "requestReview" {
        "JSON!"
    } else {
        "JSON"
    };
    let call = move_task(studio, verb, task)?.with("attempt", "Int", attempt);
    Ok(call.with_some("output", graphql_type, output.0.clone()))
}

#[given(expr = "{agent} assigns {task}{terms}")]
#[when(expr = "{agent} assigns {task}{terms}")]
async fn assigns(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task: Task,
    terms: Terms,
) -> Result<()> {
    let to = terms.to.as_ref().context("assigned to whom?")?;
    let call = move_task(studio, "assignTask", &task)?
        .with("agentId", "ID!", to.id())
        .with_some("deadline", "DateTime", terms.deadline(studio)?);
    studio.act(step, &by, &call).await
}

#[given(expr = "{agent} starts {task}")]
#[when(expr = "{agent} starts {task}")]
async fn starts(studio: &mut Studio, step: &Step, by: Agent, task: Task) -> Result<()> {
    let call = move_task(studio, "startTask", &task)?;
    studio.act(step, &by, &call).await
}

#[given(expr = "{agent} asks for a review of {task}{output}")]
#[when(expr = "{agent} asks for a review of {task}{output}")]
async fn asks_for_review(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task: Task,
    output: Output,
) -> Result<()> {
    let call = hand_in(studio, "requestReview", &task, &output).await?;
    studio.act(step, &by, &call).await
}

#[given(expr = "{agent} completes {task}{output}")]
#[when(expr = "{agent} completes {task}{output}")]
async fn completes(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task: Task,
    output: Output,
) -> Result<()> {
    let call = hand_in(studio, "completeTask", &task, &output).await?;
    studio.act(step, &by, &call).await
}

#[given(expr = "{agent} fails {task}{reason}")]
#[when(expr = "{agent} fails {task}{reason}")]
async fn fails(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task: Task,
    reason: Reason,
) -> Result<()> {
    let attempt = studio.task(&task).await?["attempt"].clone();
    let call = move_task(studio, "failTask", &task)?
        .with("attempt", "Int", attempt)
        .with("error", "String!", reason.or_some());
    studio.act(step, &by, &call).await
}

#[given(expr = "{agent} approves {task}")]
#[when(expr = "{agent} approves {task}")]
async fn approves(studio: &mut Studio, step: &Step, by: Agent, task: Task) -> Result<()> {
    let call = move_task(studio, "approveTask", &task)?;
    studio.act(step, &by, &call).await
}

#[given(expr = "{agent} rejects {task}{reason}")]
#[when(expr = "{agent} rejects {task}{reason}")]
async fn rejects(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task: Task,
    reason: Reason,
) -> Result<()> {
    let call = reject(studio, &task, reason.or_some())?;
    studio.act(step, &by, &call).await
}

/// The call that rejects a task with feedback.
pub(super) fn reject(studio: &Studio, task: &Task, feedback: &str) -> Result<Call> {
    Ok(move_task(studio, "rejectTask", task)?.with("feedback", "String!", feedback))
}

#[when(expr = "{agent} rejects {task} for good{reason}")]
async fn rejects_for_good(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task: Task,
    reason: Reason,
) -> Result<()> {
    let call = reject(studio, &task, reason.or_some())?.with("reassign", "Boolean", false);
    studio.act(step, &by, &call).await
}

#[given(expr = "{agent} retries {task}{terms}")]
#[when(expr = "{agent} retries {task}{terms}")]
async fn retries(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task: Task,
    terms: Terms,
) -> Result<()> {
    let call = move_task(studio, "retryTask", &task)?
        .with_some("agentId", "ID", terms.to.as_ref().map(Agent::id))
        .with_some("deadline", "DateTime", terms.deadline(studio)?);
    studio.act(step, &by, &call).await
}

#[given(expr = "{agent} cancels {task}{reason}")]
#[when(expr = "{agent} cancels {task}{reason}")]
async fn cancels(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task: Task,
    reason: Reason,
) -> Result<()> {
    let call = move_task(studio, "cancelTask", &task)?.with_some("reason", "String", reason.said());
    studio.act(step, &by, &call).await
}

const SEEN: &str = "the output that was seen";

#[given(expr = "{agent} has looked at the output of {task}")]
async fn has_looked(studio: &mut Studio, by: Agent, task: Task) -> Result<()> {
    let call = Call::query("task")
        .with("id", "ID!", studio.task_id(&task)?)
        .selecting("outputSha256");
    let answer = studio.send(&by, &call).await?;
    let hash = answer.at("/task/outputSha256").clone();
    ensure!(hash.is_string(), "{task} has no output to look at");
    studio.kept.insert(SEEN, hash);
    Ok(())
}

#[when(expr = "{agent} approves the output of {task} that it saw")]
async fn approves_seen(studio: &mut Studio, step: &Step, by: Agent, task: Task) -> Result<()> {
    let call = move_task(studio, "approveTask", &task)?;
    judge_seen(studio, step, &by, call).await
}

#[when(expr = "{agent} rejects the output of {task} that it saw")]
async fn rejects_seen(studio: &mut Studio, step: &Step, by: Agent, task: Task) -> Result<()> {
    let call = reject(studio, &task, "not this one")?;
    judge_seen(studio, step, &by, call).await
}

async fn judge_seen(studio: &mut Studio, step: &Step, by: &Agent, call: Call) -> Result<()> {
    let hash: Value = studio
        .kept
        .get(SEEN)
        .cloned()
        .context("nobody has looked at it")?;
    studio
        .act(step, by, &call.with("outputSha256", "String", hash))
        .await
}
