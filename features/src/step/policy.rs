//! Sentences about who may do what, and how a refusal reads.

use std::str::FromStr;

use anyhow::{Context as _, Error, Result, bail, ensure};
use cucumber::{Parameter, gherkin::Step, then, when};
use gates::client::Call;
use serde_json::{Value, json};

use crate::{
    word::{Agent, Code, Count, Numbers, Status, Task},
    world::{SESSION, Studio, definition, expect_equal, input_schema, registration},
};

/// Something that one caller may do and another may not.
#[derive(Clone, Debug, Parameter)]
#[param(name = "attempt", regex = "[a-z][a-z' ]+")]
struct Attempt(Call);

impl FromStr for Attempt {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let of = |call: Call| call.with("agentId", "ID!", "L3-MUSIC-DRUM-001");
        let task = |call: Call| {
            let input = json!({ "type": "DRAW_SKETCH", "input": { "prompt": "a fox in armour" } });
            call.with("input", "CreateTaskInput!", input)
                .selecting("id")
        };
        Ok(Self(match text {
            "ask who it is" => Call::query("me").selecting("id"),
            "list agents" => Call::query("agents").selecting("nodes { id }"),
            "list tasks" => Call::query("tasks").selecting("nodes { id }"),
            "list task types" => Call::query("taskTypes").selecting("name"),
            "look up a node" => Call::query("node")
                .with("id", "ID!", "L1-ART-001")
                .selecting("id"),
            "read the audit log" => Call::query("auditLog").selecting("nodes { id }"),
            "read the fleet's figures" => {
                Call::query("fleet").selecting("agentsByTier { tier count }")
            }
            "read the review queue" => Call::query("reviewQueue").selecting("nodes { id }"),
            "create a task" => task(Call::mutation("createTask")),
            "execute a task" => task(Call::mutation("executeTask")),
            "define a task type" => definition("CARVE_STATUE", false, input_schema()),
            "register an agent" => Call::mutation("registerAgent")
                .with(
                    "input",
                    "RegisterAgentInput!",
                    registration("L2-PROP-001", "Props", Some("L1-ART-001")),
                )
                .selecting("secret"),
            "deactivate an agent" => of(Call::mutation("deactivateAgent"))
                .with("reason", "String!", "repairs")
                .selecting("id"),
            "configure an agent" => of(Call::mutation("updateAgentConfig"))
                .with("config", "JSON!", json!({}))
                .selecting("id"),
            "change permissions" => of(Call::mutation("setAgentPermissions"))
                .with(
                    "permissions",
                    "[AgentPermission!]!",
                    json!(["EXECUTE_TASK"]),
                )
                .selecting("id"),
            "issue a session" => of(Call::mutation("issueSession")).selecting(SESSION),
            "revoke sessions" => of(Call::mutation("revokeAgentSessions")),
            other => bail!("nobody knows how to {other}"),
        }))
    }
}

#[when(expr = "{agent} tries to {attempt}")]
async fn tries(studio: &mut Studio, step: &Step, who: Agent, attempt: Attempt) -> Result<()> {
    studio.act(step, &who, &attempt.0).await
}

#[when(expr = "{agent} tries {count} times to {attempt}")]
async fn tries_often(
    studio: &mut Studio,
    step: &Step,
    who: Agent,
    count: Count,
    attempt: Attempt,
) -> Result<()> {
    for _ in 0..count.0 {
        studio.act(step, &who, &attempt.0).await?;
    }
    Ok(())
}

#[then("the request succeeds")]
async fn succeeds(studio: &mut Studio) -> Result<()> {
    let last = studio.last()?;
    let fault = last.answer.fault();
    ensure!(
        fault.is_none(),
        "{} by {} was refused: {fault:?}",
        last.field,
        last.by
    );
    Ok(())
}

#[then("it is refused")]
async fn is_refused(studio: &mut Studio) -> Result<()> {
    let fault = studio.refusal()?;
    ensure!(
        !fault.code().is_empty() && fault.code() != "INTERNAL",
        "the refusal is {fault:?}"
    );
    Ok(())
}

#[then(expr = "it is refused with {code}")]
async fn is_refused_with(studio: &mut Studio, code: Code) -> Result<()> {
    let fault = studio.refusal()?;
    ensure!(fault.code() == code.as_str(), "it is refused with {fault}");
    Ok(())
}

#[then("the refusal says that trying again is of no use")]
async fn is_not_retryable(studio: &mut Studio) -> Result<()> {
    expect_equal("retryable", studio.refusal()?.retryable(), Some(false))
}

#[then("the refusal names the request")]
async fn names_request(studio: &mut Studio) -> Result<()> {
    let id = studio
        .refusal()?
        .request_id()
        .context("there is no requestId")?;
    ensure!(!id.is_empty(), "the requestId is empty");
    Ok(())
}

#[then(expr = "the refusal mentions {string}")]
async fn mentions(studio: &mut Studio, words: String) -> Result<()> {
    let said = said(studio)?;
    ensure!(said.contains(&words), "the refusal says {said}");
    Ok(())
}

#[then(expr = "the refusal names {task}")]
async fn names_task(studio: &mut Studio, task: Task) -> Result<()> {
    let id = studio.task_id(&task)?;
    mentions(studio, id).await
}

#[then("the refusal names the limit")]
async fn names_limit(studio: &mut Studio) -> Result<()> {
    mentions(studio, "limit".to_owned()).await
}

#[then(expr = "the refusal names {status}, {status} and what is allowed from there")]
async fn names_transition(studio: &mut Studio, from: Status, to: Status) -> Result<()> {
    let extensions = Value::Object(studio.refusal()?.extensions.clone());
    expect_equal("from", &extensions["from"], &json!(from.as_str()))?;
    expect_equal("to", &extensions["to"], &json!(to.as_str()))?;
    let allowed = extensions["allowed"]
        .as_array()
        .context("what is allowed")?;
    ensure!(
        allowed.contains(&json!("IN_PROGRESS")),
        "allowed is {allowed:?}"
    );
    Ok(())
}

#[then(expr = "the faults name the line(s) {numbers}")]
async fn faults_name_lines(studio: &mut Studio, wanted: Numbers) -> Result<()> {
    let faults = studio
        .refusal()?
        .extensions
        .get("faults")
        .cloned()
        .unwrap_or_default();
    let named: Vec<u64> = faults
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|fault| fault["line"].as_u64())
        .collect();
    expect_equal("the lines named", named, wanted.0)
}

#[then(expr = "the refusal points to {string} and the rule {string}")]
async fn points_to(studio: &mut Studio, pointer: String, rule: String) -> Result<()> {
    let faults = studio
        .refusal()?
        .extensions
        .get("faults")
        .cloned()
        .unwrap_or_default();
    let named = faults.as_array().into_iter().flatten().any(|found| {
        found["rule"] == json!(rule)
            && found["pointer"]
                .as_str()
                .is_some_and(|found| found.ends_with(&pointer))
    });
    ensure!(named, "the refusal says {}", said(studio)?);
    Ok(())
}

/// Everything that the refusal says, to people and to programs.
fn said(studio: &Studio) -> Result<String> {
    let fault = studio.refusal()?;
    Ok(format!(
        "{} {}",
        fault.message,
        Value::Object(fault.extensions.clone())
    ))
}
