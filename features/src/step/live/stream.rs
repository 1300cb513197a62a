//! Sentences about streams as Server-Sent Events, about the audit log as it grows, and about where quiet streams stand.

use std::time::Duration;

use anyhow::{Context as _, Result};
use cucumber::{given, then, when};
use serde_json::json;

use super::{feed, open_feed, place};
use crate::{
    word::{Action, Agent, Code},
    world::{Feed, Studio, expect_equal},
};

/// A ping of a server with its usual settings, and then some.
const TWO_PINGS: Duration = Duration::from_secs(50);

/// Prepares the only stream of somebody.
async fn events<'a>(
    studio: &'a mut Studio,
    who: &Agent,
    last_id: Option<String>,
) -> Result<&'a mut Feed> {
    let client = studio.client(who).await?;
    let person = studio.person(who);
    Ok(person.feed.insert(Feed::of_events(client, last_id)))
}

#[given(expr = "{agent} follows the tasks by server-sent events")]
#[when(expr = "{agent} follows the tasks by server-sent events")]
async fn follows_tasks(studio: &mut Studio, who: Agent) -> Result<()> {
    let feed = events(studio, &who, None).await?;
    feed.follow_tasks(None, None, None).await
}

#[when(expr = "{agent} follows the tasks by server-sent events from its last id")]
async fn follows_tasks_on(studio: &mut Studio, who: Agent) -> Result<()> {
    let last_id = place(studio, &who)?;
    let feed = events(studio, &who, Some(last_id)).await?;
    feed.follow_tasks(None, None, None).await
}

#[when(expr = "{agent} follows the tasks by server-sent events from the id {string}")]
async fn follows_tasks_from(studio: &mut Studio, who: Agent, id: String) -> Result<()> {
    let feed = events(studio, &who, Some(id)).await?;
    feed.follow_tasks(None, None, None).await
}

#[when(
    expr = "{agent} follows the tasks by server-sent events from its last id, but after {string}"
)]
async fn follows_tasks_from_two(studio: &mut Studio, who: Agent, after: String) -> Result<()> {
    let last_id = place(studio, &who)?;
    let feed = events(studio, &who, Some(last_id)).await?;
    feed.follow_tasks(None, None, Some(&after)).await
}

#[given(expr = "{agent} follows the audit log")]
#[when(expr = "{agent} follows the audit log")]
async fn follows_audit(studio: &mut Studio, who: Agent) -> Result<()> {
    feed(studio, &who).await?.follow_audit(None, None).await
}

#[when(expr = "{agent} follows the audit log from where it hung up")]
async fn follows_audit_on(studio: &mut Studio, who: Agent) -> Result<()> {
    let cursor = place(studio, &who)?;
    let feed = feed(studio, &who).await?;
    feed.follow_audit(None, Some(&cursor)).await
}

#[given(expr = "{agent} follows the audit log by server-sent events")]
#[when(expr = "{agent} follows the audit log by server-sent events")]
async fn follows_audit_events(studio: &mut Studio, who: Agent) -> Result<()> {
    let feed = events(studio, &who, None).await?;
    feed.follow_audit(None, None).await
}

#[when(expr = "{agent} follows the audit log by server-sent events from its last id")]
async fn follows_audit_events_on(studio: &mut Studio, who: Agent) -> Result<()> {
    let last_id = place(studio, &who)?;
    let feed = events(studio, &who, Some(last_id)).await?;
    feed.follow_audit(None, None).await
}

#[given(expr = "{agent} follows the audit log of {action}")]
async fn follows_audit_of_action(studio: &mut Studio, who: Agent, action: Action) -> Result<()> {
    let filter = json!({ "action": [action.as_str()] });
    let feed = feed(studio, &who).await?;
    feed.follow_audit(Some(filter), None).await
}

#[given(expr = "{agent} follows the audit log of {agent}")]
async fn follows_audit_of_agent(studio: &mut Studio, who: Agent, actor: Agent) -> Result<()> {
    let filter = json!({ "actorId": actor.id() });
    let feed = feed(studio, &who).await?;
    feed.follow_audit(Some(filter), None).await
}

#[given(expr = "a ping tells {agent} where its stream stands")]
#[given(expr = "an id without data tells {agent} where its stream stands")]
#[when(expr = "a ping tells {agent} where its stream stands")]
#[when(expr = "an id without data tells {agent} where its stream stands")]
async fn is_told_its_place(studio: &mut Studio, who: Agent) -> Result<()> {
    let told = open_feed(studio, &who)?.place(TWO_PINGS).await?;
    studio.person(&who).cursor = Some(told);
    Ok(())
}

#[then(expr = "in a moment the stream of {agent} ends with {code}")]
async fn ends_with(studio: &mut Studio, who: Agent, code: Code) -> Result<()> {
    let faults = open_feed(studio, &who)?.ended().await?;
    let first = faults.first().context("a stream ends with a reason")?;
    expect_equal("the reason", first.code(), code.as_str())
}

#[then(expr = "in a moment the stream of {agent} is refused with {code}")]
async fn is_refused_meanwhile(studio: &mut Studio, who: Agent, code: Code) -> Result<()> {
    let faults = open_feed(studio, &who)?.refused().await?;
    let first = faults.first().context("a refusal has a reason")?;
    expect_equal("the reason", first.code(), code.as_str())
}
