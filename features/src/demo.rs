//! The demo: ARTEMIS wants a character, its specialist hands out twelve checks, the picture is judged twice and approved.
//!
//! It is played against the real binary, `ziggie dev`, with the founding fleet. Each move is made by the agent whose move it
//! is, over HTTP; ARTEMIS follows over WebSocket and must see it next; then it must stand in the task's history, and in the
//! end in the audit log.

use anyhow::{Context as _, Result, ensure};
use gates::client::Call;
use serde_json::{Value, json};

use crate::{database::Choice, demo::stage::Stage};

pub mod sprint;
mod stage;

const DIRECTOR: &str = "L1-ART-001";
const SPECIALIST: &str = "L2-CHAR-001";
const CONCEPT: &str = "GENERATE_CHARACTER_CONCEPT";

/// What is asked back about a task that was moved.
const MOVED: &str = "id status attempt outputSha256";

/// Plays the demo from beginning to end.
///
/// # Errors
/// At the first move that is refused, not seen live, or not found in the log.
pub async fn run(database: Choice) -> Result<()> {
    let mut stage = Stage::set(database).await?;
    let played = play(&mut stage).await;
    stage.clear(played).await
}

async fn play(stage: &mut Stage) -> Result<()> {
    let brief = json!({ "prompt": "a veteran scout in winter gear", "style": "painterly", "faction": "Northwatch" });
    let concept = Delegation {
        from: DIRECTOR,
        to: SPECIALIST,
        task_type: CONCEPT,
        input: brief.clone(),
        parent: None,
    };
    let concept = concept.make(stage, "wants a character concept of").await?;
    start(stage, SPECIALIST, &concept).await?;

    stage.scene("The specialist asks its twelve agents for a check each");
    let mut checks = Vec::new();
    for (agent, task_type) in stage.reports(SPECIALIST).await? {
        let input = json!({ "taskId": concept, "type": CONCEPT, "input": brief });
        let check = Delegation {
            from: SPECIALIST,
            to: &agent,
            task_type: &task_type,
            input,
            parent: Some(&concept),
        };
        checks.push((check.make(stage, "asks for a check by").await?, agent));
    }
    ensure!(
        checks.len() == 12,
        "{SPECIALIST} has {} reports, not twelve",
        checks.len()
    );

    stage.scene("Each of them starts and reports back");
    for (check, agent) in &checks {
        start(stage, agent, check).await?;
        check_off(stage, agent, check).await?;
    }

    stage.scene("The picture is handed in, sent back and handed in again");
    let first = ask_for_review(stage, &concept, "a first hand, still without snow").await?;
    let reject =
        Call::mutation("rejectTask").with("feedback", "String!", "a scout in winter needs snow");
    judge(
        stage,
        "sends it back: a scout in winter needs snow",
        reject,
        &concept,
        &first,
        ("TASK_REJECTED", "ASSIGNED"),
    )
    .await?;
    start(stage, SPECIALIST, &concept).await?;
    let second = ask_for_review(stage, &concept, "knee-deep in snow").await?;
    ensure!(first != second, "two different pictures have one hash");
    let approve = Call::mutation("approveTask");
    judge(
        stage,
        "approves it",
        approve,
        &concept,
        &second,
        ("TASK_APPROVED", "APPROVED"),
    )
    .await?;
    let complete = Call::mutation("completeTask");
    hand_in(
        stage,
        SPECIALIST,
        "puts it on the shelf",
        complete,
        &concept,
        ("TASK_COMPLETED", "COMPLETED"),
    )
    .await?;

    stage.scene("What the audit log says");
    stage.compare_with_log().await
}

/// Work that is handed down.
struct Delegation<'a> {
    from: &'a str,
    to: &'a str,
    task_type: &'a str,
    input: Value,
    parent: Option<&'a str>,
}

impl Delegation<'_> {
    /// Hands it down and returns the task's id.
    async fn make(self, stage: &mut Stage, words: &str) -> Result<String> {
        let input = json!({
            "toAgentId": self.to,
            "type": self.task_type,
            "input": self.input,
            "parentId": self.parent,
        });
        let call = Call::mutation("delegateTask")
            .with("input", "DelegateTaskInput!", input)
            .selecting(MOVED);
        let words = format!("{words} {} ({})", self.to, self.task_type);
        let task = stage
            .play(self.from, &words, &call, ("TASK_DELEGATED", "ASSIGNED"))
            .await?;
        Ok(task["id"].as_str().context("a task has an id")?.to_owned())
    }
}

async fn start(stage: &mut Stage, agent: &str, task: &str) -> Result<Value> {
    let call = Call::mutation("startTask")
        .with("taskId", "ID!", task)
        .selecting(MOVED);
    stage
        .play(agent, "starts", &call, ("TASK_STARTED", "IN_PROGRESS"))
        .await
}

/// Hands in under the attempt that the task is at.
async fn hand_in(
    stage: &mut Stage,
    agent: &str,
    words: &str,
    call: Call,
    task: &str,
    wanted: (&str, &str),
) -> Result<Value> {
    let attempt = stage.attempt(agent, task).await?;
    let call = call
        .with("taskId", "ID!", task)
        .with("attempt", "Int", attempt)
        .selecting(MOVED);
    stage.play(agent, words, &call, wanted).await
}

/// Asks for a review of a picture and returns the hash of what is to be judged.
async fn ask_for_review(stage: &mut Stage, task: &str, summary: &str) -> Result<Value> {
    let picture = json!({
        "id": stage.picture(SPECIALIST, task, summary).await?,
        "kind": "IMAGE",
        "mediaType": "image/png",
        "width": 1024,
        "height": 1024,
    });
    let call = Call::mutation("requestReview").with(
        "output",
        "JSON!",
        json!({ "asset": picture, "summary": summary }),
    );
    let words = format!("asks for a review: {summary}");
    let held = ("TASK_VALIDATION_STARTED", "IN_PROGRESS");
    let handed = hand_in(stage, SPECIALIST, &words, call, task, held).await?;
    let hash = handed["outputSha256"].clone();
    ensure!(hash.is_string(), "what was handed in has no hash");
    // The type names a validator: an agent that had no part in it is asked before anybody is bothered.
    let check = stage
        .witness(
            "gives it to a checker",
            None,
            ("TASK_DELEGATED", "ASSIGNED"),
        )
        .await?;
    let checker = stage.assignee(&check).await?;
    start(stage, &checker, &check).await?;
    check_off(stage, &checker, &check).await?;
    let done = ("TASK_VALIDATION_FINISHED", "IN_PROGRESS");
    stage.witness("lets it through", Some(task), done).await?;
    let asked = ("TASK_REVIEW_REQUESTED", "REVIEW_REQUESTED");
    stage
        .witness("asks for the review", Some(task), asked)
        .await?;
    Ok(hash)
}

/// Says of what was checked that it may stand.
async fn check_off(stage: &mut Stage, agent: &str, check: &str) -> Result<Value> {
    let verdict = json!({ "valid": true, "findings": [] });
    let complete = Call::mutation("completeTask").with("output", "JSON", verdict);
    let done = ("TASK_COMPLETED", "COMPLETED");
    hand_in(stage, agent, "finds nothing wrong", complete, check, done).await
}

/// Judges what has this hash.
async fn judge(
    stage: &mut Stage,
    words: &str,
    call: Call,
    task: &str,
    hash: &Value,
    wanted: (&str, &str),
) -> Result<Value> {
    let call = call
        .with("taskId", "ID!", task)
        .with("outputSha256", "String", hash.clone())
        .selecting(MOVED);
    stage.play(DIRECTOR, words, &call, wanted).await
}
