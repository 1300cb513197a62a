//! What a failed scenario leaves behind for who looks into it: the last calls, and what the audit log says since it began.

use std::time::Duration;

use cucumber::World;
use gates::client::{Call, Exchange};
use serde_json::{Value, json};

use crate::{
    tell::Tell as _,
    word::Agent,
    world::{Studio, authenticate, expect_success},
};

/// How many entries of the log are told.
const ENTRIES: usize = 30;

/// How long the server may take to show its log to nobody but this.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was seen of a failed scenario.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The last calls, the latest one last.
    pub exchanges: Vec<Exchange>,
    /// The last entries of the audit log since the scenario began, a line each, the oldest first; or why they could not be read.
    pub audit: Vec<String>,
    /// How to get at its server, where that was left up.
    pub kept: Option<String>,
}

/// A world that can say what was seen when a scenario failed.
pub trait Evident: World {
    /// What was seen; none where nothing failed.
    fn evidence(&self) -> Option<&Evidence>;
}

impl Evident for Studio {
    fn evidence(&self) -> Option<&Evidence> {
        self.evidence.as_ref()
    }
}

/// Looks at what a failed scenario's server says, before it is torn down.
pub(super) async fn gather(studio: &mut Studio) -> Evidence {
    let exchanges = studio.journal.last();
    let audit = match entries(studio).await {
        Ok(entries) => entries,
        Err(error) => vec![format!("the log could not be read: {error:#}")],
    };
    Evidence {
        exchanges,
        audit,
        kept: None,
    }
}

/// The operator reads the log. It logs in for that: the session that it had may have ended, which is no reason to see nothing.
async fn entries(studio: &mut Studio) -> anyhow::Result<Vec<String>> {
    let operator = Agent::operator();
    let door = studio.house()?.client().with_patience(PATIENCE);
    let secret = studio.secret(&operator)?.unwrap_or_default();
    let opened = door.send(&authenticate(&operator, &secret)).await;
    let opened = opened.tell(|| "the operator logs in".to_owned())?;
    let opened = expect_success(&opened).tell(|| "the operator logs in".to_owned())?;
    let token = opened["authenticate"]["token"].as_str().unwrap_or_default();
    let call = Call::query("auditLog")
        .with("filter", "AuditFilter", json!({ "from": studio.begun }))
        .with("first", "Int", ENTRIES)
        .selecting(
            "totalCount nodes { sequence action actor { id } entityType entityId metadata }",
        );
    let answer = door.with_token(token).send(&call).await;
    let answer = answer.tell(|| "reading the log".to_owned())?;
    let log = &expect_success(&answer).tell(|| "reading the log".to_owned())?["auditLog"];
    let nodes = log["nodes"].as_array().map_or(&[][..], Vec::as_slice);
    let earlier = log["totalCount"].as_u64().unwrap_or_default() as usize;
    let earlier = earlier.saturating_sub(nodes.len());
    let earlier = (earlier > 0).then(|| format!("{earlier} earlier entries, and then:"));
    let told = nodes.iter().rev().map(|entry| told(studio, entry));
    Ok(earlier.into_iter().chain(told).collect())
}

fn told(studio: &Studio, entry: &Value) -> String {
    let text = |pointer: &str| {
        let found = entry.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    let actor = match text("/actor/id") {
        none if none.is_empty() => "a stranger".to_owned(),
        actor => actor,
    };
    let id = text("/entityId");
    let name = studio.task_name(&id);
    let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
    format!(
        "{} {} by {actor} about {} {id}{name} {}",
        text("/sequence"),
        text("/action"),
        text("/entityType"),
        entry["metadata"]
    )
}
