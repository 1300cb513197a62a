//! Sentences about who asks too much: what it hears, how long it waits, and what is written down.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use cucumber::{gherkin::Step, then, when};
use gates::client::{Answer, Call};
use serde_json::{Value, json};

use super::{ANYTHING, HEARD, Knock, WHO_AM_I};
use crate::{
    step::audit::{await_entries, entries},
    word::{Agent, Code, Count},
    world::{Studio, authenticate, expect_equal},
};

/// How many answers the last sentence brought.
const BATCH: &str = "how many were asked in a row";
/// The last wait that somebody was told.
const TOLD: &str = "how long somebody was told to wait, in ms";

/// Remembers answers that came one after the other.
pub(super) fn remember_all(
    studio: &mut Studio,
    step: &Step,
    who: &Agent,
    field: &'static str,
    answers: Vec<Answer>,
) -> Result<()> {
    studio.kept.insert(BATCH, json!(answers.len()));
    for answer in answers {
        studio.remember(step, who, field, answer)?;
    }
    Ok(())
}

#[when(expr = "{agent} asks {count} times who it is")]
async fn asks_often(studio: &mut Studio, step: &Step, who: Agent, count: Count) -> Result<()> {
    call_often(studio, step, who, count, &Call::query("me").selecting("id")).await
}

#[when(expr = "{agent} asks {count} times for a page of 200 agents")]
async fn pages_often(studio: &mut Studio, step: &Step, who: Agent, count: Count) -> Result<()> {
    let call = Call::query("agents")
        .with("first", "Int", 200)
        .selecting("nodes { id name status }");
    call_often(studio, step, who, count, &call).await
}

async fn call_often(
    studio: &mut Studio,
    step: &Step,
    who: Agent,
    count: Count,
    call: &Call,
) -> Result<()> {
    let mut answers = Vec::new();
    for _ in 0..count.0 {
        answers.push(studio.send(&who, call).await?);
    }
    remember_all(studio, step, &who, call.field(), answers)
}

#[when(expr = "a stranger at {word} asks {count} times for anything")]
async fn stranger_asks_often(
    studio: &mut Studio,
    step: &Step,
    address: String,
    count: Count,
) -> Result<()> {
    let mut answers = Vec::new();
    for _ in 0..count.0 {
        let knock = Knock::asking(ANYTHING).from(&address)?;
        answers.push(knock.send(studio).await?.answer());
    }
    let stranger: Agent = "a stranger".parse()?;
    remember_all(studio, step, &stranger, "__typename", answers)
}

#[when(expr = "{agent} at {word} asks who it is")]
async fn asks_from(studio: &mut Studio, step: &Step, who: Agent, address: String) -> Result<()> {
    let knock = Knock::asking(WHO_AM_I).from(&address)?.by(studio, &who)?;
    let answer = knock.send(studio).await?.answer();
    studio.remember(step, &who, "me", answer)
}

#[when(expr = "somebody at {word} shows the token {string}")]
async fn shows(studio: &mut Studio, step: &Step, address: String, token: String) -> Result<()> {
    let knock = Knock::asking(WHO_AM_I).from(&address)?;
    let knock = knock.with("authorization", &format!("Bearer {token}"))?;
    let answer = knock.send(studio).await?.answer();
    let stranger: Agent = "a stranger".parse()?;
    studio.remember(step, &stranger, "me", answer)
}

#[then(expr = "the first {count} are answered and the rest refused with {code}")]
async fn first_are_answered(studio: &mut Studio, count: Count, code: Code) -> Result<()> {
    let batch = studio.kept.get(BATCH).and_then(Value::as_u64);
    let batch = usize::try_from(batch.context("nobody asked several times")?)?;
    let outcomes = &studio.outcomes[studio.outcomes.len().saturating_sub(batch)..];
    let codes: Vec<_> = outcomes
        .iter()
        .map(|outcome| outcome.answer.fault().map_or("", |fault| fault.code()))
        .collect();
    let mut wanted = vec![""; count.0];
    wanted.resize(batch, code.as_str());
    expect_equal("how they were answered", codes, wanted)
}

#[then("the refusal says how long to wait, and that trying again is of use")]
async fn says_how_long(studio: &mut Studio) -> Result<()> {
    expect_equal("retryable", studio.refusal()?.retryable(), Some(true))?;
    let wait = told(studio)?;
    ensure!(wait > 0, "it is told to wait {wait} ms");
    Ok(())
}

/// How long the last refusal says to wait, in ms.
fn told(studio: &Studio) -> Result<u64> {
    let wait = studio.refusal()?.extensions.get("retryAfterMs");
    wait.and_then(Value::as_u64)
        .context("the refusal says a retryAfterMs")
}

#[when("as much time passes as it was told to wait")]
async fn waits(studio: &mut Studio) -> Result<()> {
    let wait = told(studio)?;
    studio.kept.insert(TOLD, json!(wait));
    studio.let_pass(Duration::from_millis(wait))
}

#[then("it is told to wait twice as long as before")]
async fn waits_twice(studio: &mut Studio) -> Result<()> {
    let before = studio.kept.get(TOLD).and_then(Value::as_u64);
    let (before, now) = (before.context("nobody waited")?, told(studio)?);
    // Both are what was left of a delay a little after it began.
    ensure!(
        now > before && now <= 2 * before + 60_000,
        "it is told to wait {now} ms after {before} ms"
    );
    Ok(())
}

#[when(expr = "{agent} asks who it is, accepting {string}")]
async fn asks_accepting(studio: &mut Studio, step: &Step, who: Agent, media: String) -> Result<()> {
    let knock = Knock::asking(WHO_AM_I).by(studio, &who)?;
    let heard = knock.with("accept", &media)?.send(studio).await?;
    studio.kept.insert(HEARD, heard.kept());
    studio.remember(step, &who, "me", heard.answer())
}

#[then(expr = "the status is {int} and the header Retry-After says as much in seconds")]
async fn status_and_header(studio: &mut Studio, status: u16) -> Result<()> {
    let heard = studio.kept.get(HEARD).context("nothing came back")?;
    expect_equal("the status", &heard["status"], &json!(status))?;
    let seconds = told(studio)?.div_ceil(1_000).to_string();
    expect_equal(
        "the header",
        heard["headers"]["retry-after"].as_str(),
        Some(seconds.as_str()),
    )?;
    expect_equal("its data", heard["body"].get("data"), None)
}

#[when(expr = "{agent} authenticates {count} times with the secret {string}")]
async fn guesses_often(
    studio: &mut Studio,
    step: &Step,
    who: Agent,
    count: Count,
    secret: String,
) -> Result<()> {
    let call = authenticate(&who, &secret);
    let mut answers = Vec::new();
    for _ in 0..count.0 {
        answers.push(studio.door()?.send(&call).await?);
    }
    remember_all(studio, step, &who, "authenticate", answers)
}

#[when(expr = "{agent} at {word} authenticates with its secret")]
async fn authenticates_from(
    studio: &mut Studio,
    step: &Step,
    who: Agent,
    address: String,
) -> Result<()> {
    let secret = studio.secret(&who)?.context("its secret was shown")?;
    let knock = Knock::calling(&authenticate(&who, &secret)).from(&address)?;
    let answer = knock.send(studio).await?.answer();
    studio.remember(step, &who, "authenticate", answer)
}

#[then(
    expr = "the audit log has one entry RATE_LIMIT_EXCEEDED, about {string}, of an episode that began"
)]
async fn one_entry(studio: &mut Studio, about: String) -> Result<()> {
    let filter = json!({ "action": ["RATE_LIMIT_EXCEEDED"] });
    let found = await_entries(studio, filter, 1).await?;
    expect_equal("their number", found.len(), 1)?;
    expect_equal("what it is about", &found[0]["entityId"], &json!(about))?;
    expect_equal("its limit", &found[0]["metadata"]["limit"], &json!(about))?;
    expect_equal(
        "its episode",
        &found[0]["metadata"]["episode"],
        &json!("BEGAN"),
    )
}

#[then(expr = "in a moment a second entry says that it ended after {count} refusals")]
async fn second_entry(studio: &mut Studio, count: Count) -> Result<()> {
    let filter = json!({ "action": ["RATE_LIMIT_EXCEEDED"] });
    let found = await_entries(studio, filter, 2).await?;
    expect_equal("their number", found.len(), 2)?;
    let said = &found[0]["metadata"];
    expect_equal("its episode", &said["episode"], &json!("ENDED"))?;
    expect_equal("its count", &said["count"], &json!(count.0))
}

#[then("there is no third entry")]
async fn no_third(studio: &mut Studio) -> Result<()> {
    let filter = json!({ "action": ["RATE_LIMIT_EXCEEDED"] });
    expect_equal("their number", entries(studio, filter).await?.len(), 2)
}

#[then(expr = "the metrics count {count} refusals by the limit {string}")]
async fn metrics_count(studio: &mut Studio, count: Count, limit: String) -> Result<()> {
    let page = studio.house()?.admin()?.get("/metrics").await?;
    let name = format!("ziggie_rate_limited_total{{limit=\"{limit}\"}} ");
    let found = page.body.lines().find_map(|line| line.strip_prefix(&name));
    expect_equal("the metric", found, Some(count.0.to_string().as_str()))
}
