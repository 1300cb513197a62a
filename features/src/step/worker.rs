//! Sentences about workers: programs that work for an agent, and what befalls them.

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use cucumber::{gherkin::Step, given, then, when};
use gates::client::Call;
use serde_json::{Value, json};

use super::process::ENDED;
use crate::{
    word::{Agent, Span, Task, TaskType},
    worker::{Language, Worker},
    world::{Gallery, Paint, Studio, TASK, expect_success},
};

/// When the last worker was killed.
const KILLED: &str = "when a worker was killed";

#[given("the studio as a process")]
async fn studio_as_process(studio: &mut Studio) -> Result<()> {
    let house = studio.build().await?;
    house.settle(false)?;
    house.launch().await?;
    studio.move_in().await
}

#[given("the founding fleet as a process")]
async fn fleet_as_process(studio: &mut Studio) -> Result<()> {
    let house = studio.build().await?;
    house.settle(true)?;
    house.launch().await
}

#[given(expr = "the {language} worker works for {agent}")]
#[when(expr = "the {language} worker works for {agent}")]
async fn works_for(studio: &mut Studio, language: Language, who: Agent) -> Result<()> {
    let secret = match studio.secret(&who)? {
        Some(secret) => secret,
        None => new_secret(studio, &who).await?,
    };
    let server = studio.house()?.process()?.address.clone();
    let worker = language.start(&server, who.id(), &secret)?;
    studio.person(&who).worker = Some(worker);
    says(studio, who, "waiting for work".to_owned()).await
}

/// What a founding agent begins with: the operator gives it a secret.
async fn new_secret(studio: &mut Studio, who: &Agent) -> Result<String> {
    let call = Call::mutation("rotateAgentSecret")
        .with("agentId", "ID!", who.id())
        .selecting("agent { id } secret");
    let shown = studio.look(&call).await?;
    studio.take_secrets(&shown);
    studio.secret(who)?.context("the answer has no secret")
}

fn worker<'a>(studio: &'a mut Studio, who: &Agent) -> Result<&'a Worker> {
    let worker = studio.person(who).worker.as_ref();
    worker.with_context(|| format!("no program works for {who}"))
}

fn take_worker(studio: &mut Studio, who: &Agent) -> Result<Worker> {
    let worker = studio.person(who).worker.take();
    worker.with_context(|| format!("no program works for {who}"))
}

#[then(expr = "in a moment the worker of {agent} says {string}")]
async fn says(studio: &mut Studio, who: Agent, words: String) -> Result<()> {
    let said = studio
        .eventually("it says so", async |studio| {
            Ok(worker(studio, &who)?.said().contains(&words).then_some(()))
        })
        .await;
    let all = worker(studio, &who)?.said();
    said.with_context(|| format!("{words:?} from the worker of {who}, which said:\n{all}"))
}

#[when(expr = "the worker of {agent} falls asleep")]
async fn falls_asleep(studio: &mut Studio, who: Agent) -> Result<()> {
    worker(studio, &who)?.freeze()
}

#[when(expr = "the worker of {agent} wakes up")]
async fn wakes_up(studio: &mut Studio, who: Agent) -> Result<()> {
    worker(studio, &who)?.thaw()
}

#[when(expr = "the worker of {agent} is killed")]
async fn is_killed(studio: &mut Studio, who: Agent) -> Result<()> {
    take_worker(studio, &who)?.kill().await?;
    let now = studio.now().to_rfc3339();
    studio.kept.insert(KILLED, json!(now));
    Ok(())
}

#[when(expr = "the worker of {agent} is asked to stop")]
async fn is_asked_to_stop(studio: &mut Studio, who: Agent) -> Result<()> {
    let status = take_worker(studio, &who)?.terminate().await?;
    let ended = json!({ "status": status.code(), "said": "" });
    studio.kept.insert(ENDED, ended);
    Ok(())
}

#[given("the gallery keeps its pictures back")]
async fn keeps_back(studio: &mut Studio) -> Result<()> {
    studio.gallery = Some(Gallery::build(false).await?);
    Ok(())
}

#[when("the gallery shows its pictures")]
async fn shows(studio: &mut Studio) -> Result<()> {
    studio.gallery.as_ref().context("no gallery")?.open();
    Ok(())
}

/// A check as the server makes them when a hand-in is held, made by hand.
#[given(expr = "{agent} wants {task} of type {type} on a picture in the gallery")]
#[when(expr = "{agent} wants {task} of type {type} on a picture in the gallery")]
async fn wants(
    studio: &mut Studio,
    step: &Step,
    by: Agent,
    task: Task,
    task_type: TaskType,
) -> Result<()> {
    if studio.gallery.is_none() {
        studio.gallery = Some(Gallery::build(true).await?);
    }
    let uri = studio.gallery.as_ref().map(Gallery::picture);
    let asset = json!({ "id": "asset_elsewhere", "uri": uri, "mediaType": "image/png", "width": 1, "height": 1 });
    let input = json!({
        "taskId": "task_elsewhere",
        "type": "DRAW_CONCEPT",
        "input": { "palette": [Paint::Slate.color()] },
        "output": null,
        "assets": [asset],
    });
    let order = json!({ "type": task_type.as_str(), "input": input });
    let call = Call::mutation("createTask")
        .with("input", "CreateTaskInput!", order)
        .selecting(TASK);
    studio.act(step, &by, &call).await?;
    expect_success(&studio.last()?.answer)?;
    studio.name_task(&task);
    Ok(())
}

#[then(expr = "{task} was taken over within {span} of the kill")]
async fn was_taken_over(studio: &mut Studio, task: Task, span: Span) -> Result<()> {
    let call = Call::query("task")
        .with("id", "ID!", studio.task_id(&task)?)
        .selecting("history { nodes { action createdAt } }");
    let history = studio.look(&call).await?["history"]["nodes"].clone();
    let mut entries = history.as_array().into_iter().flatten();
    let last = entries.rfind(|entry| entry["action"] == "TASK_CLAIMED");
    let claimed = time(last.map(|entry| &entry["createdAt"]))?;
    let took = claimed - time(studio.kept.get(KILLED))?;
    ensure!(
        TimeDelta::zero() < took && took <= TimeDelta::from_std(span.0)?,
        "it took {took}: {history}"
    );
    Ok(())
}

fn time(value: Option<&Value>) -> Result<DateTime<Utc>> {
    let text = value.and_then(Value::as_str).context("a time")?;
    Ok(DateTime::parse_from_rfc3339(text)?.with_timezone(&Utc))
}
