//! Sentences about live connections: what is heard, and how they end.

mod stream;

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use cucumber::{gherkin::Step, given, then, when};
use gates::client::{Client, SocketError};
use serde_json::{Value, json};

use super::{
    phrase::Filter,
    session::{Forgery, credential},
};
use crate::{
    word::{Action, Agent, Code, Task},
    world::{Feed, Heard, Studio, expect_equal},
};

/// How long an end may take that the server brings about on its own time.
const A_MOMENT: Duration = Duration::from_secs(20);

const CLOSED: &str = "how the connection was closed";

/// The live connection of somebody, opened with the first stream.
async fn feed<'a>(studio: &'a mut Studio, who: &Agent) -> Result<&'a mut Feed> {
    if studio.person(who).feed.is_none() {
        let client = studio.client(who).await?;
        let feed = Feed::connect(&client).await?;
        studio.person(who).feed = Some(feed);
    }
    studio
        .person(who)
        .feed
        .as_mut()
        .context("it was just opened")
}

fn open_feed<'a>(studio: &'a mut Studio, who: &Agent) -> Result<&'a mut Feed> {
    studio
        .person(who)
        .feed
        .as_mut()
        .with_context(|| format!("{who} follows nothing"))
}

#[given(expr = "{agent} follows the tasks{filter}")]
#[when(expr = "{agent} follows the tasks{filter}")]
async fn follows_tasks(studio: &mut Studio, who: Agent, filter: Filter) -> Result<()> {
    feed(studio, &who)
        .await?
        .follow_tasks(None, filter.0, None)
        .await
}

#[given(expr = "{agent} follows {task}")]
#[when(expr = "{agent} follows {task}")]
async fn follows_task(studio: &mut Studio, who: Agent, task: Task) -> Result<()> {
    let id = studio.task_id(&task)?;
    feed(studio, &who)
        .await?
        .follow_tasks(Some(&id), None, None)
        .await
}

#[given(expr = "{agent} follows the agents")]
async fn follows_agents(studio: &mut Studio, who: Agent) -> Result<()> {
    feed(studio, &who).await?.follow_agents(None).await
}

#[given(expr = "{agent} follows {agent}")]
async fn follows_agent(studio: &mut Studio, who: Agent, agent: Agent) -> Result<()> {
    feed(studio, &who)
        .await?
        .follow_agents(Some(agent.id()))
        .await
}

#[given(expr = "{agent} follows the tasks and the agents")]
async fn follows_both(studio: &mut Studio, who: Agent) -> Result<()> {
    let feed = feed(studio, &who).await?;
    feed.follow_tasks(None, None, None).await?;
    feed.follow_agents(None).await
}

#[given(expr = "{agent} follows its notifications")]
async fn follows_notifications(studio: &mut Studio, who: Agent) -> Result<()> {
    feed(studio, &who).await?.follow_notifications(None).await
}

#[given(expr = "{agent} hangs up")]
async fn hangs_up(studio: &mut Studio, who: Agent) -> Result<()> {
    let feed = studio
        .person(&who)
        .feed
        .take()
        .with_context(|| format!("{who} follows nothing"))?;
    feed.hang_up().await;
    Ok(())
}

/// Where somebody was when it hung up.
fn place(studio: &mut Studio, who: &Agent) -> Result<String> {
    let cursor = studio.person(who).cursor.clone();
    cursor.with_context(|| format!("{who} has heard nothing yet"))
}

#[when(expr = "{agent} follows the tasks from where it hung up")]
async fn follows_on(studio: &mut Studio, who: Agent) -> Result<()> {
    let cursor = place(studio, &who)?;
    follows_from(studio, who, cursor).await
}

#[when(expr = "{agent} follows its notifications from where it hung up")]
async fn follows_notifications_on(studio: &mut Studio, who: Agent) -> Result<()> {
    let cursor = place(studio, &who)?;
    let feed = feed(studio, &who).await?;
    feed.follow_notifications(Some(&cursor)).await
}

#[when(expr = "{agent} follows the tasks from the cursor {string}")]
async fn follows_from(studio: &mut Studio, who: Agent, cursor: String) -> Result<()> {
    feed(studio, &who)
        .await?
        .follow_tasks(None, None, Some(&cursor))
        .await
}

/// The next event that somebody hears.
async fn hear(studio: &mut Studio, who: &Agent) -> Result<Heard> {
    let heard = open_feed(studio, who)?
        .next()
        .await
        .with_context(|| format!("{who} listens"))?;
    studio.person(who).cursor = Some(heard.cursor.clone());
    Ok(heard)
}

/// Listens until something is heard.
async fn hear_until(
    studio: &mut Studio,
    who: &Agent,
    action: &Action,
    about: &str,
) -> Result<Heard> {
    let heard = open_feed(studio, who)?
        .hear_of(action.as_str(), about)
        .await?;
    studio.person(who).cursor = Some(heard.cursor.clone());
    Ok(heard)
}

#[given(expr = "{agent} hears {action} of {task}")]
#[then(expr = "{agent} hears {action} of {task}")]
async fn hears_of_task(studio: &mut Studio, who: Agent, action: Action, task: Task) -> Result<()> {
    let id = studio.task_id(&task)?;
    hear_until(studio, &who, &action, &id).await?;
    Ok(())
}

#[given(expr = "{agent} hears {action} of {agent}")]
#[then(expr = "{agent} hears {action} of {agent}")]
async fn hears_of_agent(
    studio: &mut Studio,
    who: Agent,
    action: Action,
    agent: Agent,
) -> Result<()> {
    hear_until(studio, &who, &action, agent.id()).await?;
    Ok(())
}

#[then(expr = "{agent} hears {action} of {agent}, which was {word}")]
async fn hears_of_agent_that_was(
    studio: &mut Studio,
    who: Agent,
    action: Action,
    agent: Agent,
    before: String,
) -> Result<()> {
    let heard = hear_until(studio, &who, &action, agent.id()).await?;
    expect_equal("its status before", heard.from, Some(before))
}

#[then(expr = "the next thing that {agent} hears is {action} of {task}")]
async fn hears_next_of_task(
    studio: &mut Studio,
    who: Agent,
    action: Action,
    task: Task,
) -> Result<()> {
    let id = studio.task_id(&task)?;
    hears_next(studio, &who, &action, &id).await
}

#[then(expr = "the next thing that {agent} hears is {action} of {agent}")]
async fn hears_next_of_agent(
    studio: &mut Studio,
    who: Agent,
    action: Action,
    agent: Agent,
) -> Result<()> {
    hears_next(studio, &who, &action, agent.id()).await
}

async fn hears_next(studio: &mut Studio, who: &Agent, action: &Action, about: &str) -> Result<()> {
    let heard = hear(studio, who).await?;
    expect_equal(
        "what it hears",
        (heard.action.as_str(), heard.about.as_str()),
        (action.as_str(), about),
    )
}

#[then(expr = "{agent} hears in order:")]
async fn hears_in_order(studio: &mut Studio, step: &Step, who: Agent) -> Result<()> {
    for row in step
        .table
        .as_ref()
        .context("a table of events")?
        .rows
        .iter()
        .skip(1)
    {
        let [task, action, to, by] = &row[..] else {
            bail!("an event has four columns: {row:?}")
        };
        let id = studio.task_id(&format!("the {task} task").parse()?)?;
        let heard = hear(studio, &who)
            .await
            .with_context(|| format!("before {row:?}"))?;
        let found = [
            heard.about.as_str(),
            &heard.action,
            heard.to.as_deref().unwrap_or_default(),
            &heard.actor,
        ];
        expect_equal("what it hears", found, [id.as_str(), action, to, by])?;
    }
    Ok(())
}

#[then(expr = "the stream is refused with {code}")]
async fn stream_is_refused(studio: &mut Studio, code: Code) -> Result<()> {
    let mut refusals = Vec::new();
    for feed in studio.feeds() {
        refusals.extend(feed.refused().await?);
    }
    let codes: Vec<_> = refusals.iter().map(|fault| fault.code()).collect();
    expect_equal("the refusal", codes, vec![code.as_str()])
}

#[when(expr = "{agent} connects, showing its token as {word}")]
async fn connects_showing(studio: &mut Studio, who: Agent, name: String) -> Result<()> {
    let client = studio
        .door()?
        .with_credential(credential(studio, &who, &name)?);
    connect(studio, &client).await
}

#[when(expr = "somebody connects with {forgery} of {agent}")]
async fn connects_with_forgery(studio: &mut Studio, forgery: Forgery, who: Agent) -> Result<()> {
    let token = studio
        .person(&who)
        .token
        .clone()
        .with_context(|| format!("{who} has not logged in"))?;
    let client = studio.door()?.with_token(forgery.of(&token)?);
    connect(studio, &client).await
}

async fn connect(studio: &mut Studio, client: &Client) -> Result<()> {
    let close = match Feed::connect(client).await {
        Ok(feed) => {
            feed.hang_up().await;
            Value::Null
        }
        Err(SocketError::Closed(close)) => json!(close.code),
        Err(error) => return Err(error.into()),
    };
    studio.kept.insert(CLOSED, close);
    Ok(())
}

#[then("the connection is open")]
async fn is_open(studio: &mut Studio) -> Result<()> {
    expect_equal(
        "how it was closed",
        studio.kept.get(CLOSED),
        Some(&Value::Null),
    )
}

#[then(expr = "the connection is closed with {int}")]
async fn is_closed(studio: &mut Studio, code: u16) -> Result<()> {
    expect_equal(
        "how it was closed",
        studio.kept.get(CLOSED),
        Some(&json!(code)),
    )
}

#[then(expr = "in a moment the connection of {agent} is closed with {int}")]
async fn is_closed_in_a_moment(studio: &mut Studio, who: Agent, code: u16) -> Result<()> {
    let close = open_feed(studio, &who)?.closed_within(A_MOMENT).await?;
    ensure!(close.code == code, "it was closed with {close}");
    Ok(())
}
