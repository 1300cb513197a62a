//! Sentences about the routes beside a POST to `/graphql`: heads without bodies, and questions by GET.

use std::str::FromStr;

use anyhow::{Context as _, Error, Result, bail, ensure};
use cucumber::{Parameter, then, when};
use gates::client::{Client, Content};
use serde_json::{Value, json};

use crate::{
    word::{Agent, Picture},
    world::{Studio, expect_equal},
};

/// What was last answered to a GET.
const GOT: &str = "what a GET got";

/// A page that has an address of its own.
#[derive(Clone, Copy, Debug, Parameter)]
#[param(
    name = "served",
    regex = "the public keys|the keys of the log|the checkpoint of the log|a tile of the log|a bundle of the log's entries|the livez page|the readyz page|the metrics"
)]
struct Served(&'static str);

impl FromStr for Served {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(Self(match text {
            "the public keys" => "/.well-known/jwks.json",
            "the keys of the log" => "/audit/tlog/key",
            "the checkpoint of the log" => CHECKPOINT,
            "a tile of the log" => "/audit/tlog/tile/0/000.p/SIZE",
            "a bundle of the log's entries" => "/audit/tlog/tile/entries/000.p/SIZE",
            "the livez page" => "/livez",
            "the readyz page" => "/readyz",
            "the metrics" => "/metrics",
            other => bail!("nothing is served as {other}"),
        }))
    }
}

const CHECKPOINT: &str = "/audit/tlog/checkpoint";

/// How large the log is by its first checkpoint, which is made within a second.
async fn size(studio: &mut Studio) -> Result<String> {
    let note = studio
        .eventually("there is a checkpoint", async |studio| {
            let page = studio.door()?.get(CHECKPOINT).await?;
            Ok((page.status == 200).then_some(page.body))
        })
        .await?;
    let size = note.lines().nth(1).context("a checkpoint has a size")?;
    Ok(size.to_owned())
}

/// Holds a head to the whole that it is of.
async fn expect_same(client: &Client, path: &str) -> Result<()> {
    let (head, whole) = (client.head(path).await?, client.download(path).await?);
    ensure!(
        head.bytes.is_empty(),
        "a head of {} bytes",
        head.bytes.len()
    );
    ensure!(!whole.bytes.is_empty(), "a page without a body");
    let told = |content: &Content| {
        let names = [
            "content-type",
            "cache-control",
            "etag",
            "content-disposition",
        ];
        let headers = names.map(|name| content.header(name).to_owned());
        (content.status, headers)
    };
    expect_equal("what the head says", told(&head), told(&whole))
}

#[then(expr = "{agent} gets the head of {served} without its body")]
async fn gets_head(studio: &mut Studio, who: Agent, page: Served) -> Result<()> {
    let size = size(studio).await?;
    let path = page.0.replace("SIZE", &size);
    let client = match path.as_str() {
        "/livez" | "/readyz" | "/metrics" => studio.house()?.admin()?,
        _ => studio.client(&who).await?,
    };
    expect_same(&client, &path).await
}

#[then(expr = "{agent} gets the head of {picture} without its bytes")]
async fn gets_head_of_picture(studio: &mut Studio, who: Agent, picture: Picture) -> Result<()> {
    let path = studio.picture_path(&picture)?;
    let client = studio.client(&who).await?;
    expect_same(&client, &path).await
}

async fn get(studio: &mut Studio, who: &Agent, document: &str) -> Result<()> {
    let path = format!("/graphql?query={document}");
    let content = studio.client(who).await?.download(&path).await?;
    let body: Value = serde_json::from_slice(&content.bytes)?;
    let got = json!({ "status": content.status, "allow": content.header("allow"), "body": body });
    studio.kept.insert(GOT, got);
    Ok(())
}

fn got(studio: &Studio) -> Result<&Value> {
    studio.kept.get(GOT).context("nothing was asked by GET")
}

#[when(expr = "{agent} asks who it is by GET")]
async fn asks_by_get(studio: &mut Studio, who: Agent) -> Result<()> {
    get(studio, &who, "%7Bme%7Bid%7D%7D").await
}

#[when(expr = "{agent} revokes its sessions by GET")]
async fn revokes_by_get(studio: &mut Studio, who: Agent) -> Result<()> {
    let document = format!(
        "mutation%7BrevokeAgentSessions(agentId:%22{}%22)%7D",
        who.id()
    );
    get(studio, &who, &document).await
}

#[then(expr = "it is told by GET that it is {agent}")]
async fn is_told(studio: &mut Studio, who: Agent) -> Result<()> {
    let got = got(studio)?;
    expect_equal(
        "who it is",
        &got["body"]["data"]["me"]["id"],
        &json!(who.id()),
    )
}

#[then("it is told to use POST")]
async fn is_told_to_post(studio: &mut Studio) -> Result<()> {
    let got = got(studio)?;
    expect_equal("the status", &got["status"], &json!(405))?;
    expect_equal("what is allowed", &got["allow"], &json!("POST"))
}
