//! What an asset shows of itself, and to whom.

use anyhow::{Result, ensure};
use cucumber::gherkin::Step;
use cucumber::{then, when};
use gates::client::Call;
use serde_json::{Value, json};

use crate::{
    word::{Agent, AssetStatus, Picture, Task},
    world::{Studio, expect_equal, texts},
};

#[then(expr = "{picture} is {assetStatus}")]
async fn is(studio: &mut Studio, picture: Picture, status: AssetStatus) -> Result<()> {
    let found = studio.picture(&picture).await?["status"].clone();
    expect_equal("its status", found, json!(status.as_str()))
}

#[then(expr = "{picture} was made by {agent} for {task}")]
async fn was_made(studio: &mut Studio, picture: Picture, by: Agent, task: Task) -> Result<()> {
    let found = studio.picture(&picture).await?;
    let wanted = json!([by.id(), studio.task_id(&task)?]);
    let found = json!([found["creator"]["id"], found["task"]["id"]]);
    expect_equal("maker and task", found, wanted)
}

#[then(expr = "{picture} was reviewed by {agent}, who said {string}")]
async fn was_reviewed(
    studio: &mut Studio,
    picture: Picture,
    by: Agent,
    said: String,
) -> Result<()> {
    let found = studio.picture(&picture).await?;
    let found = json!([found["reviewer"]["id"], found["reviewFeedback"]]);
    expect_equal("its review", found, json!([by.id(), said]))
}

#[then(expr = "{picture} has {int} bytes and the hash {string}")]
async fn has_bytes(studio: &mut Studio, picture: Picture, size: u64, hash: String) -> Result<()> {
    let found = studio.picture(&picture).await?;
    let found = json!([found["byteSize"], found["sha256"]]);
    expect_equal("size and hash", found, json!([size, hash]))
}

#[then(expr = "{picture} is {int} pixels wide and {int} high")]
async fn is_so_large(studio: &mut Studio, picture: Picture, width: u32, height: u32) -> Result<()> {
    let found = studio.picture(&picture).await?;
    let found = json!([found["width"], found["height"]]);
    expect_equal("width and height", found, json!([width, height]))
}

#[then(expr = "{picture} is to be had at {string}")]
async fn is_at(studio: &mut Studio, picture: Picture, uri: String) -> Result<()> {
    let found = studio.picture(&picture).await?["uri"].clone();
    expect_equal("its address", found, json!(uri))
}

#[then(expr = "{picture} is to be had from the server itself")]
async fn is_here(studio: &mut Studio, picture: Picture) -> Result<()> {
    let path = studio.picture_path(&picture)?;
    is_at(studio, picture, path).await
}

#[then(expr = "the pictures of {task} are {picture} and {picture}")]
async fn pictures_are(studio: &mut Studio, task: Task, one: Picture, other: Picture) -> Result<()> {
    let call = Call::query("task")
        .with("id", "ID!", studio.task_id(&task)?)
        .selecting("assets { nodes { id } totalCount }");
    let found = studio.look(&call).await?["assets"].clone();
    let mut found = texts(&found["nodes"], "/id");
    let mut wanted = vec![studio.picture_id(&one)?, studio.picture_id(&other)?];
    found.sort();
    wanted.sort();
    expect_equal("its assets", found, wanted)
}

/// By every way to it: alone, as a node, in the list, its bytes.
async fn ways(studio: &mut Studio, who: &Agent, picture: &Picture) -> Result<Vec<bool>> {
    let id = studio.picture_id(picture)?;
    let mut ways = Vec::new();
    for field in ["asset", "node"] {
        let call = Call::query(field)
            .with("id", "ID!", id.clone())
            .selecting("id");
        let answer = studio.send(who, &call).await?;
        let hidden = answer.fault().map(|fault| fault.code().to_owned());
        ensure!(
            hidden.as_deref().is_none_or(|code| code == "NOT_FOUND"),
            "{field} is refused with {hidden:?}"
        );
        ways.push(hidden.is_none());
    }
    let list = Call::query("assets").selecting("nodes { id }");
    let listed = studio.send(who, &list).await?;
    ways.push(texts(listed.at("/assets/nodes"), "/id").contains(&id));
    let path = studio.picture_path(picture)?;
    let bytes = studio.client(who).await?.download(&path).await?;
    ensure!(
        [200, 404].contains(&bytes.status),
        "the bytes: {}",
        bytes.status
    );
    ways.push(bytes.status == 200);
    Ok(ways)
}

#[then(expr = "{agent} sees {picture}")]
async fn sees(studio: &mut Studio, who: Agent, picture: Picture) -> Result<()> {
    let ways = ways(studio, &who, &picture).await?;
    expect_equal("alone, as a node, listed, its bytes", ways, vec![true; 4])
}

#[then(expr = "{agent} does not see {picture}")]
async fn does_not_see(studio: &mut Studio, who: Agent, picture: Picture) -> Result<()> {
    let ways = ways(studio, &who, &picture).await?;
    expect_equal("alone, as a node, listed, its bytes", ways, vec![false; 4])
}

#[when(expr = "{agent} lists the pictures that are {assetStatus}")]
async fn lists(studio: &mut Studio, step: &Step, by: Agent, status: AssetStatus) -> Result<()> {
    let filter = json!({ "status": [status.as_str()], "kind": ["IMAGE"] });
    let call = Call::query("assets")
        .with("filter", "AssetFilter", filter)
        .selecting("nodes { id } totalCount");
    studio.act(step, &by, &call).await
}

#[then(expr = "the list shows {picture} alone")]
async fn list_shows(studio: &mut Studio, picture: Picture) -> Result<()> {
    let list: Value = studio.last()?.value().clone();
    let wanted = json!([{ "id": studio.picture_id(&picture)? }]);
    expect_equal("the list", list["nodes"].clone(), wanted)
}
