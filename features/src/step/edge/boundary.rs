//! Sentences about what is outside: proxies and what they say, pages of other origins, and what browsers are told.

use anyhow::{Context as _, Result, ensure};
use cucumber::{gherkin::Step, then, when};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ANYTHING, HEARD, Knock, rate::remember_all};
use crate::{
    word::{Agent, Count},
    world::{Studio, expect_equal},
};

/// The headers of a handshake (RFC 6455, section 1.2).
const HANDSHAKE: [(&str, &str); 5] = [
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("sec-websocket-protocol", "graphql-transport-ws"),
];

/// Sends it and remembers what came back.
async fn send(studio: &mut Studio, step: &Step, knock: Knock) -> Result<()> {
    let heard = knock.send(studio).await?;
    studio.kept.insert(HEARD, heard.kept());
    let stranger: Agent = "a stranger".parse()?;
    studio.remember(step, &stranger, "__typename", heard.answer())
}

fn headers(studio: &Studio) -> Result<&Value> {
    let heard = studio.kept.get(HEARD).context("nothing came back")?;
    Ok(&heard["headers"])
}

#[when(expr = "somebody at {word} asks {count} times, each time forwarded for another address")]
async fn asks_forged(
    studio: &mut Studio,
    step: &Step,
    address: String,
    count: Count,
) -> Result<()> {
    let mut answers = Vec::new();
    for number in 0..count.0 {
        let knock = Knock::asking(ANYTHING).from(&address)?;
        let knock = knock.with("x-forwarded-for", &format!("203.0.113.{number}"))?;
        let knock = knock.with("forwarded", &format!("for=203.0.113.{number}"))?;
        answers.push(knock.send(studio).await?.answer());
    }
    remember_all(studio, step, &"a stranger".parse()?, "__typename", answers)
}

#[when(expr = "somebody at {word} asks {count} times with the header {string} of {string}")]
async fn asks_with_often(
    studio: &mut Studio,
    step: &Step,
    address: String,
    count: Count,
    name: String,
    value: String,
) -> Result<()> {
    let mut answers = Vec::new();
    for _ in 0..count.0 {
        let knock = Knock::asking(ANYTHING).from(&address)?;
        answers.push(knock.with(&name, &value)?.send(studio).await?.answer());
    }
    remember_all(studio, step, &"a stranger".parse()?, "__typename", answers)
}

#[when(expr = "somebody at {word} asks once with the header {string} of {string}")]
async fn asks_with(
    studio: &mut Studio,
    step: &Step,
    address: String,
    name: String,
    value: String,
) -> Result<()> {
    let knock = Knock::asking(ANYTHING).from(&address)?;
    send(studio, step, knock.with(&name, &value)?).await
}

#[when("a program asks for anything")]
async fn program_asks(studio: &mut Studio, step: &Step) -> Result<()> {
    send(studio, step, Knock::asking(ANYTHING)).await
}

#[when(expr = "a page of {string} asks for anything")]
async fn page_asks(studio: &mut Studio, step: &Step, origin: String) -> Result<()> {
    let knock = Knock::asking(ANYTHING).with("origin", &origin)?;
    send(studio, step, knock).await
}

#[when(expr = "a page of {string} asks whether it may")]
async fn page_asks_whether(studio: &mut Studio, step: &Step, origin: String) -> Result<()> {
    let knock = Knock::asking(ANYTHING).by_method(Method::OPTIONS);
    let knock = knock.with("origin", &origin)?;
    let knock = knock.with("access-control-request-method", "POST")?;
    let wanted = "authorization,content-type";
    let knock = knock.with("access-control-request-headers", wanted)?;
    send(studio, step, knock).await
}

fn handshake() -> Result<Knock> {
    let knock = Knock::asking(ANYTHING).by_method(Method::GET);
    HANDSHAKE
        .iter()
        .try_fold(knock, |knock, (name, value)| knock.with(name, value))
}

#[when("a program asks for a socket")]
async fn program_asks_for_socket(studio: &mut Studio, step: &Step) -> Result<()> {
    send(studio, step, handshake()?).await
}

#[when(expr = "a page of {string} asks for a socket")]
async fn page_asks_for_socket(studio: &mut Studio, step: &Step, origin: String) -> Result<()> {
    send(studio, step, handshake()?.with("origin", &origin)?).await
}

#[then(expr = "the status is {int}")]
async fn status_is(studio: &mut Studio, status: u16) -> Result<()> {
    let heard = studio.kept.get(HEARD).context("nothing came back")?;
    expect_equal("the status", &heard["status"], &json!(status))
}

#[then(expr = "the header {string} is {string}")]
async fn header_is(studio: &mut Studio, name: String, value: String) -> Result<()> {
    expect_equal("it", &headers(studio)?[name.as_str()], &json!(value))
}

#[then(expr = "the header {string} is not {string}")]
async fn header_is_not(studio: &mut Studio, name: String, value: String) -> Result<()> {
    let found = headers(studio)?[name.as_str()].as_str();
    ensure!(found.is_some_and(|found| found != value), "it is {found:?}");
    Ok(())
}

#[then(expr = "the header {string} names {string}")]
async fn header_names(studio: &mut Studio, name: String, value: String) -> Result<()> {
    let found = headers(studio)?[name.as_str()].as_str().unwrap_or_default();
    let named = found.split(',').any(|one| one.trim() == value);
    ensure!(named, "it is {found}");
    Ok(())
}

#[then(expr = "there is no header {string}")]
async fn no_header(studio: &mut Studio, name: String) -> Result<()> {
    expect_equal("it", headers(studio)?.get(&name), None)
}

#[then(expr = "in a moment the log names the trace {string} with the request")]
async fn log_names_trace(studio: &mut Studio, trace: String) -> Result<()> {
    let request = headers(studio)?["x-request-id"].as_str();
    let request = request.context("the answer names the request")?.to_owned();
    studio
        .eventually("the log names the trace", async |studio| {
            let said = studio.house()?.process()?.said();
            let line = said.lines().find(|line| line.contains(&request));
            Ok(line.filter(|line| line.contains(&trace)).map(|_| ()))
        })
        .await
}
