//! Bytes of assets on their way in and out.

use anyhow::{Context as _, Result, ensure};
use cucumber::{gherkin::Step, given, then, when};
use gates::client::Content;
use serde_json::json;

use crate::{
    word::{Agent, Count, Picture},
    world::{Studio, expect_equal},
};

/// What the scenario remembers of a download.
const DOWNLOADED: &str = "what was downloaded";

/// Puts bytes as somebody, and remembers what came of it.
pub(in crate::step) async fn upload(
    studio: &mut Studio,
    step: &Step,
    by: &Agent,
    picture: &Picture,
    bytes: Vec<u8>,
) -> Result<()> {
    let path = studio.picture_path(picture)?;
    let content = studio.client(by).await?.put(&path, bytes).await?;
    let data: serde_json::Value = serde_json::from_slice(&content.bytes).unwrap_or_default();
    let answer = content.into_answer(json!({ "upload": data }));
    studio.remember(step, by, "upload", answer)
}

#[given(expr = "{agent} uploads {string} as {picture}")]
#[when(expr = "{agent} uploads {string} as {picture}")]
async fn uploads(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    text: String,
    picture: Picture,
) -> Result<()> {
    upload(studio, step, &by, &picture, text.into_bytes()).await
}

#[when(expr = "{agent} uploads {count} megabytes as {picture}")]
async fn uploads_much(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    count: Count,
    picture: Picture,
) -> Result<()> {
    let bytes = vec![7; count.0 * 1024 * 1024];
    upload(studio, step, &by, &picture, bytes).await
}

#[when(expr = "{agent} downloads {picture}")]
async fn downloads(studio: &mut Studio, step: &Step, by: Agent, picture: Picture) -> Result<()> {
    let path = studio.picture_path(&picture)?;
    let content = studio.client(&by).await?.download(&path).await?;
    keep(studio, &content);
    let answer = content.into_answer(json!({ "download": {} }));
    studio.remember(step, &by, "download", answer)
}

fn keep(studio: &mut Studio, content: &Content) {
    let headers: serde_json::Map<_, _> = content
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                json!(String::from_utf8_lossy(value.as_bytes())),
            )
        })
        .collect();
    let seen = json!({
        "text": String::from_utf8_lossy(&content.bytes),
        "size": content.bytes.len(),
        "headers": headers,
    });
    studio.kept.insert(DOWNLOADED, seen);
}

fn header(studio: &Studio, name: &str) -> Result<String> {
    let seen = studio
        .kept
        .get(DOWNLOADED)
        .context("nobody has downloaded anything")?;
    Ok(seen["headers"][name]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

#[then(expr = "it gets {string}")]
async fn gets(studio: &mut Studio, text: String) -> Result<()> {
    let seen = studio
        .kept
        .get(DOWNLOADED)
        .context("nobody has downloaded anything")?;
    expect_equal("what it gets", seen["text"].clone(), json!(text))
}

#[then(expr = "it gets {count} megabytes")]
async fn gets_much(studio: &mut Studio, count: Count) -> Result<()> {
    let seen = studio
        .kept
        .get(DOWNLOADED)
        .context("nobody has downloaded anything")?;
    let wanted = json!(count.0 * 1024 * 1024);
    expect_equal("how much it gets", seen["size"].clone(), wanted)
}

#[then(expr = "it is served as {string}")]
async fn is_served_as(studio: &mut Studio, media: String) -> Result<()> {
    expect_equal("its type", header(studio, "content-type")?, media)
}

#[then("no browser would run it or guess what it is")]
async fn is_inert(studio: &mut Studio) -> Result<()> {
    let policy = header(studio, "content-security-policy")?;
    ensure!(
        policy.contains("sandbox") && policy.contains("default-src 'none'"),
        "its policy is {policy:?}"
    );
    expect_equal(
        "guessing",
        header(studio, "x-content-type-options")?,
        "nosniff".to_owned(),
    )?;
    let place = header(studio, "content-disposition")?;
    ensure!(place.starts_with("attachment;"), "it is shown {place:?}");
    Ok(())
}

#[then(expr = "the server keeps the bytes of {count} picture(s)")]
async fn keeps(studio: &mut Studio, count: Count) -> Result<()> {
    let folder = studio.house()?.data_dir()?.join("assets");
    let mut files = Vec::new();
    for part in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        for file in std::fs::read_dir(part?.path())? {
            files.push(file?.path());
        }
    }
    ensure!(files.len() == count.0, "it keeps {files:?}");
    Ok(())
}
