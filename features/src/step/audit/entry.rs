//! Single entries: that they are there, and what they say.

use anyhow::{Context as _, Result, ensure};
use cucumber::then;
use gates::client::Call;
use serde_json::{Value, json};

use crate::{
    word::{Action, Agent, Count, Picture, Task},
    world::{Studio, expect_equal, texts},
};

/// What is asked back about an entry.
pub(super) const ENTRY: &str = "id sequence action actor { id } entityType entityId metadata sessionId ipAddress \
    durationMs requestId causeId createdAt";

const ENTRY_FOUND: &str = "the entry that was found";

/// The sequenced entries that a filter lets through, newest first.
pub(in crate::step) async fn entries(studio: &mut Studio, filter: Value) -> Result<Vec<Value>> {
    let call = Call::query("auditLog")
        .with("filter", "AuditFilter", filter)
        .with("first", "Int", 100)
        .selecting(format!("nodes {{ {ENTRY} }}"));
    let log = studio.look(&call).await?;
    Ok(log["nodes"].as_array().cloned().unwrap_or_default())
}

/// Looks until there are at least `count` entries.
pub(in crate::step) async fn await_entries(
    studio: &mut Studio,
    filter: Value,
    count: usize,
) -> Result<Vec<Value>> {
    studio
        .eventually(&format!("{count} entries by {filter}"), async |studio| {
            let found = entries(studio, filter.clone()).await?;
            Ok((found.len() >= count).then_some(found))
        })
        .await
}

async fn find(studio: &mut Studio, filter: Value) -> Result<()> {
    let found = await_entries(studio, filter, 1).await?;
    studio.kept.insert(ENTRY_FOUND, found[0].clone());
    Ok(())
}

fn found(studio: &Studio) -> Result<&Value> {
    studio
        .kept
        .get(ENTRY_FOUND)
        .context("no entry was looked for")
}

#[then(expr = "the audit log has an entry {action} by {agent}")]
async fn has_entry_by(studio: &mut Studio, action: Action, who: Agent) -> Result<()> {
    find(
        studio,
        json!({ "action": [action.as_str()], "actorId": who.id() }),
    )
    .await
}

#[then(expr = "the audit log has {count} entries {action} by {agent}")]
async fn has_entries_by(
    studio: &mut Studio,
    count: Count,
    action: Action,
    who: Agent,
) -> Result<()> {
    let filter = json!({ "action": [action.as_str()], "actorId": who.id() });
    let found = await_entries(studio, filter, count.0).await?;
    expect_equal("their number", found.len(), count.0)
}

#[then(expr = "the audit log has an entry {action} by {agent} about {agent}")]
async fn has_entry_about_agent(
    studio: &mut Studio,
    action: Action,
    who: Agent,
    about: Agent,
) -> Result<()> {
    find(
        studio,
        json!({ "action": [action.as_str()], "actorId": who.id(), "entityId": about.id() }),
    )
    .await
}

#[then(expr = "the audit log has an entry {action} by {agent} about {task}")]
async fn has_entry_about_task(
    studio: &mut Studio,
    action: Action,
    who: Agent,
    about: Task,
) -> Result<()> {
    let id = studio.task_id(&about)?;
    find(
        studio,
        json!({ "action": [action.as_str()], "actorId": who.id(), "entityId": id }),
    )
    .await
}

#[then(expr = "the audit log has an entry {action} by {agent} about {picture}")]
async fn has_entry_about_picture(
    studio: &mut Studio,
    action: Action,
    who: Agent,
    about: Picture,
) -> Result<()> {
    let id = studio.picture_id(&about)?;
    let filter = json!({ "action": [action.as_str()], "actorId": who.id(), "entityId": id });
    find(studio, filter).await
}

#[then(expr = "the audit log has an entry {action} about {task}")]
async fn has_entry_about(studio: &mut Studio, action: Action, about: Task) -> Result<()> {
    let id = studio.task_id(&about)?;
    find(
        studio,
        json!({ "action": [action.as_str()], "entityId": id }),
    )
    .await
}

#[then("the audit log says that authentication failed")]
async fn says_authentication_failed(studio: &mut Studio) -> Result<()> {
    find(studio, json!({ "action": ["AUTHENTICATION_FAILED"] })).await
}

#[then("the entry says what was needed and what the caller had")]
async fn says_what_was_needed(studio: &mut Studio) -> Result<()> {
    let metadata = &found(studio)?["metadata"];
    for field in ["rule", "needed", "had"] {
        ensure!(
            !metadata[field].is_null(),
            "the entry does not say what was {field}: {metadata}"
        );
    }
    Ok(())
}

#[then(expr = "the entry names {action} as its cause")]
async fn names_cause(studio: &mut Studio, action: Action) -> Result<()> {
    let cause = found(studio)?["causeId"]
        .as_str()
        .context("it names no cause")?
        .to_owned();
    let call = Call::query("node")
        .with("id", "ID!", cause)
        .selecting("... on AuditEntry { action }");
    expect_equal(
        "the cause",
        studio.look(&call).await?["action"].clone(),
        json!(action.as_str()),
    )
}

#[then(expr = "the entry names the session of {agent}, a time, an address and a request")]
async fn names_all(studio: &mut Studio, who: Agent) -> Result<()> {
    let session = studio.person(&who).session.clone();
    let entry = found(studio)?;
    expect_equal(
        "its session",
        entry["sessionId"].as_str(),
        session.as_deref(),
    )?;
    expect_equal(
        "its address",
        entry["ipAddress"].as_str(),
        Some("127.0.0.1"),
    )?;
    for field in ["createdAt", "requestId", "sequence"] {
        ensure!(entry[field].is_string(), "it names no {field}: {entry}");
    }
    ensure!(
        !entry["durationMs"].is_null(),
        "it does not say how long it took: {entry}"
    );
    Ok(())
}

#[then(expr = "the log holds {count} entry/entries by {agent} about tasks")]
async fn holds_so_many(studio: &mut Studio, count: Count, who: Agent) -> Result<()> {
    let found = await_entries(
        studio,
        json!({ "actorId": who.id(), "entityType": "TASK" }),
        count.0,
    )
    .await?;
    expect_equal("their number", found.len(), count.0)
}

#[then(expr = "the entries {action} share one request")]
async fn share_one_request(studio: &mut Studio, action: Action) -> Result<()> {
    share(studio, &action, 3).await
}

#[then(expr = "the last two entries {action} share one request")]
async fn last_two_share_one_request(studio: &mut Studio, action: Action) -> Result<()> {
    share(studio, &action, 2).await
}

async fn share(studio: &mut Studio, action: &Action, count: usize) -> Result<()> {
    let entries = await_entries(studio, json!({ "action": [action.as_str()] }), count).await?;
    let requests = texts(&json!(entries[..count]), "/requestId");
    expect_equal("the number of requests named", requests.len(), count)?;
    ensure!(
        requests.windows(2).all(|pair| pair[0] == pair[1]),
        "they name the requests {requests:?}"
    );
    Ok(())
}
