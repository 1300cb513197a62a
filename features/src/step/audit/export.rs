//! Exports: asked for, fetched, refused.

use anyhow::{Context as _, Result, ensure};
use cucumber::{Parameter, gherkin::Step, then, when};
use gates::client::Call;
use serde_json::{Value, json};
use std::{convert::Infallible, str::FromStr};

use crate::{
    word::{Agent, Code, Task},
    world::{Studio, expect_equal},
};

const EXPORT: &str = "the export that was asked for";

/// How an export is written.
#[derive(Clone, Debug, Parameter)]
#[param(name = "exportFormat", regex = "CSV|NDJSON")]
struct Format(String);

impl FromStr for Format {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

#[when(expr = "{agent} exports the log as {exportFormat}")]
async fn exports(studio: &mut Studio, step: &Step, by: Agent, format: Format) -> Result<()> {
    let call = Call::mutation("exportAuditLog")
        .with("format", "AuditExportFormat!", format.0)
        .selecting("url manifestUrl expiresAt");
    studio.act(step, &by, &call).await?;
    let export = studio.last()?.value().clone();
    studio.kept.insert(EXPORT, export);
    Ok(())
}

fn path(studio: &Studio, which: &str) -> Result<String> {
    let path = studio
        .kept
        .get(EXPORT)
        .and_then(|export| export[which].as_str());
    Ok(path.context("no export was asked for")?.to_owned())
}

#[then(expr = "the export shows {task} and not {task}")]
async fn shows(studio: &mut Studio, shown: Task, hidden: Task) -> Result<()> {
    let body = studio.door()?.get(&path(studio, "url")?).await?;
    expect_equal("the status", body.status, 200)?;
    ensure!(
        body.body.contains(&studio.task_id(&shown)?),
        "{shown} is not in it"
    );
    ensure!(
        !body.body.contains(&studio.task_id(&hidden)?),
        "{hidden} is in it"
    );
    studio.kept.insert("body", json!(body.body));
    Ok(())
}

#[then("the manifest of the export says what was sent")]
async fn manifest_says(studio: &mut Studio) -> Result<()> {
    let page = studio.door()?.get(&path(studio, "manifestUrl")?).await?;
    let manifest: Value = serde_json::from_str(&page.body).context("the manifest")?;
    let body = studio
        .kept
        .get("body")
        .and_then(Value::as_str)
        .context("no body")?;
    expect_equal("its bytes", &manifest["bytes"], &json!(body.len()))?;
    ensure!(
        manifest["checkpoint"]
            .as_str()
            .is_some_and(|note| note.contains("\u{2014} ")),
        "{manifest}"
    );
    Ok(())
}

#[then(expr = "the link of the export is refused with {code}")]
async fn link_is_refused(studio: &mut Studio, code: Code) -> Result<()> {
    let page = studio.door()?.get(&path(studio, "url")?).await?;
    let answer: Value = serde_json::from_str(&page.body).context("a refusal")?;
    expect_equal(
        "the code",
        &answer["errors"][0]["extensions"]["code"],
        &json!(code.as_str()),
    )
}
