//! How assets come about, are judged and go.

use std::str::FromStr;

use anyhow::{Context as _, Error, Result, bail};
use cucumber::{Parameter, gherkin::Step, given, when};
use gates::client::Call;
use serde_json::{Value, json};

use super::{ASSET, content::upload};
use crate::{
    step::phrase::{Reason, unquote},
    word::{Agent, Picture, Task},
    world::Studio,
};

/// What is said of an asset when it is registered: ` of the portrait task`, ` of the type "text/html"`, ` of 5 bytes`, ` with the hash "…"`,
/// ` of 640 by 480 pixels`, ` at "https://…"`, ` without a media type`, or nothing.
#[derive(Clone, Debug, Default, Parameter)]
#[param(name = "nature", regex = r#"(?: (?:of|with|at|without) .+)?"#)]
pub(in crate::step) struct Nature {
    task: Option<Task>,
    said: Vec<(&'static str, Value)>,
}

impl From<Task> for Nature {
    fn from(task: Task) -> Self {
        Self {
            task: Some(task),
            said: Vec::new(),
        }
    }
}

impl FromStr for Nature {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let said = |name: &'static str, value: Value| {
            Ok(Self {
                task: None,
                said: vec![(name, value)],
            })
        };
        if text.is_empty() {
            return Ok(Self::default());
        }
        if let Some(media) = text.strip_prefix(" of the type ") {
            return said("mediaType", json!(unquote(media)));
        }
        if let Some(uri) = text.strip_prefix(" at ") {
            return said("uri", json!(unquote(uri)));
        }
        if let Some(hash) = text.strip_prefix(" with the hash ") {
            return said("sha256", json!(unquote(hash)));
        }
        if let Some(count) = text
            .strip_prefix(" of ")
            .and_then(|rest| rest.strip_suffix(" bytes"))
        {
            return said("byteSize", json!(count.parse::<u64>()?));
        }
        if let Some(size) = text.strip_suffix(" pixels") {
            let sides = size
                .strip_prefix(" of ")
                .and_then(|size| size.split_once(" by "));
            let (width, height) = sides.with_context(|| format!("no size:{text}"))?;
            let side = |text: &str| anyhow::Ok(json!(text.parse::<u32>()?));
            return Ok(Self {
                task: None,
                said: vec![("width", side(width)?), ("height", side(height)?)],
            });
        }
        match text.strip_prefix(" of ") {
            Some(task) if task.ends_with(" task") => Ok(task.parse::<Task>()?.into()),
            _ => bail!("nothing is registered so:{text}"),
        }
    }
}

fn registration(studio: &Studio, nature: &Nature) -> Result<Call> {
    let task = match &nature.task {
        Some(task) => Some(studio.task_id(task)?),
        None => None,
    };
    let mut input = json!({ "kind": "IMAGE", "mediaType": "image/png", "taskId": task });
    for (name, value) in &nature.said {
        input[*name] = value.clone();
    }
    Ok(Call::mutation("registerAsset")
        .with("input", "RegisterAssetInput!", input)
        .selecting(ASSET))
}

#[given(expr = "{agent} registers {picture}{nature}")]
#[when(expr = "{agent} registers {picture}{nature}")]
async fn registers(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    picture: Picture,
    nature: Nature,
) -> Result<()> {
    register(studio, step, &by, &picture, &nature).await
}

/// Registers a picture and remembers it by its name, unless it is refused.
pub(in crate::step) async fn register(
    studio: &mut Studio,
    step: &Step,
    by: &Agent,
    picture: &Picture,
    nature: &Nature,
) -> Result<()> {
    let call = registration(studio, nature)?;
    studio.act(step, by, &call).await?;
    if let Some(id) = studio.last()?.value()["id"].as_str() {
        let id = id.to_owned();
        studio.pictures.insert(picture.to_string(), id);
    }
    Ok(())
}

#[given(expr = "{agent} has made {picture}{nature}")]
async fn has_made(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    picture: Picture,
    nature: Nature,
) -> Result<()> {
    registers(studio, step, by.clone(), picture.clone(), nature).await?;
    upload(studio, step, &by, &picture, b"a fox".to_vec()).await
}

fn judge(studio: &Studio, picture: &Picture, approved: bool) -> Result<Call> {
    Ok(Call::mutation("reviewAsset")
        .with("assetId", "ID!", studio.picture_id(picture)?)
        .with("approved", "Boolean!", approved)
        .selecting(ASSET))
}

#[given(expr = "{agent} approves {picture}")]
#[when(expr = "{agent} approves {picture}")]
async fn approves(studio: &mut Studio, step: &Step, by: Agent, picture: Picture) -> Result<()> {
    let call = judge(studio, &picture, true)?;
    studio.act(step, &by, &call).await
}

#[given(expr = "{agent} rejects {picture}{reason}")]
#[when(expr = "{agent} rejects {picture}{reason}")]
async fn rejects(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    picture: Picture,
    reason: Reason,
) -> Result<()> {
    let call = judge(studio, &picture, false)?.with_some("feedback", "String", reason.said());
    studio.act(step, &by, &call).await
}

#[when(expr = "{agent} approves {picture} as that of {picture}")]
async fn approves_as(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    picture: Picture,
    judged: Picture,
) -> Result<()> {
    let judged = studio.picture(&judged).await?["sha256"].clone();
    let call = judge(studio, &picture, true)?.with("sha256", "String", judged);
    studio.act(step, &by, &call).await
}

#[given(expr = "{agent} deletes {picture}{reason}")]
#[when(expr = "{agent} deletes {picture}{reason}")]
async fn deletes(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    picture: Picture,
    reason: Reason,
) -> Result<()> {
    let call = Call::mutation("deleteAsset")
        .with("assetId", "ID!", studio.picture_id(&picture)?)
        .with("reason", "String!", reason.or_some())
        .selecting(ASSET);
    studio.act(step, &by, &call).await
}

#[when(expr = "{agent} completes {task} with {picture} in its output")]
async fn completes_with(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task: Task,
    picture: Picture,
) -> Result<()> {
    let attempt = studio.task(&task).await?["attempt"].clone();
    let output = json!({ "sketch": "a fox in armour", "picture": studio.picture_id(&picture)? });
    let call = Call::mutation("completeTask")
        .with("taskId", "ID!", studio.task_id(&task)?)
        .with("attempt", "Int", attempt)
        .with("output", "JSON", output)
        .selecting("id status outputSha256");
    studio.act(step, &by, &call).await.context("handing in")
}
