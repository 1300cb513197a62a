//! Live updates: the sequenced log, by what each subscriber may see when an event is sent (spec R6.01-R6.03). Floor 3.

use std::sync::Arc;

use entities::agent::{self, AgentStatus};
use entities::audit::{AuditAction, entry};
use entities::id::AgentId;
use entities::task::{self, TaskStatus};
use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;

mod audit;
mod notification;
mod progress;
mod sprint;

pub use audit::{AuditUpdate, audit};
pub use notification::{NotificationUpdate, notifications};
pub use progress::Progress;
pub use sprint::{SprintUpdate, sprint_updates};

use super::Service;
use super::page::Cursor;
use super::task::Filter;
use crate::auth::actor::Caller;
use crate::auth::sight::sees_task;
use crate::error::{Error, Result};
use crate::store::archive;
use crate::store::feed::{Event, FeedEnd, Subject};

/// The name that cursors of streams carry: one place in the log serves every stream.
const STREAM: &str = "log";

/// Where a stream begins.
#[derive(Debug, Clone, Default)]
pub struct Since {
    /// After this event: first what was missed.
    pub after: Option<Cursor>,
    /// Without a cursor, here: where the log had settled when the request arrived. Without either, where it settles now.
    pub arrived_at: Option<i64>,
    /// Where the stream says how far it has come.
    pub progress: Progress,
}

/// A place in the log: what a cursor of a stream says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Place {
    /// After this entry.
    After(i64),
    /// After so many of the things that this entry tells one agent.
    Within(i64, usize),
}

impl Since {
    /// BAD_USER_INPUT for a cursor of what is no longer kept, or of what has not happened: either would be a gap that nobody is told of.
    async fn place(&self, service: &Service) -> Result<Place> {
        if let Some(cursor) = &self.after {
            let place: Place = cursor.key(STREAM)?;
            place.check(service).await?;
            return Ok(place);
        }
        let settled = match self.arrived_at {
            Some(settled) => settled,
            None => service.feed.settled().await?,
        };
        // A reader to whom nothing comes can resume here.
        self.progress.passed(settled - 1);
        Ok(Place::After(settled - 1))
    }

    /// After which entry: to every stream but that of notifications an entry is one thing.
    async fn after(&self, service: &Service) -> Result<i64> {
        let (Place::After(sequence) | Place::Within(sequence, _)) = self.place(service).await?;
        Ok(sequence)
    }
}

impl Place {
    async fn check(self, service: &Service) -> Result<()> {
        let refused = |rule: &str, why: &str| Err(Error::bad_input("after", rule, why));
        let (sequence, first_needed) = match self {
            Self::After(sequence) => (sequence, sequence.saturating_add(1)),
            Self::Within(sequence, _) => (sequence, sequence),
        };
        if first_needed < archive::first_kept(&service.db).await? {
            return refused(
                "kept",
                "is older than what is kept of the log: read what there is, then follow without a cursor",
            );
        }
        // Another replica may have given it, a moment before this one's feed has read so far: the database knows.
        if sequence >= service.feed.head() && sequence >= service.feed.settled().await? {
            return refused("head", "is of no entry that there is yet");
        }
        Ok(())
    }
}

/// Writes down each event's place as it leaves.
fn noting<T>(
    updates: impl Stream<Item = Result<T>>,
    progress: Progress,
    cursor: impl Fn(&T) -> &Cursor,
) -> impl Stream<Item = Result<T>> {
    updates.inspect(move |update| {
        if let Ok(update) = update {
            progress.gave(cursor(update));
        }
    })
}

/// An error is the last that a stream gives.
fn up_to_the_first_error<T>(
    updates: impl Stream<Item = Result<T>>,
) -> impl Stream<Item = Result<T>> {
    updates.scan(false, |over, update| {
        let next = (!*over).then(|| {
            *over = update.is_err();
            update
        });
        std::future::ready(next)
    })
}

/// Something that happened to a task.
#[derive(Debug, Clone)]
pub struct TaskUpdate {
    /// Where to resume.
    pub cursor: Cursor,
    /// What happened.
    pub entry: entry::Model,
    /// Where the task stood before.
    pub from: Option<TaskStatus>,
    /// Where it stood after.
    pub to: Option<TaskStatus>,
    /// The task as it is now.
    pub task: Arc<task::Model>,
}

/// Something that happened to an agent.
#[derive(Debug, Clone)]
pub struct AgentUpdate {
    /// Where to resume.
    pub cursor: Cursor,
    /// What happened.
    pub entry: entry::Model,
    /// Its status before, where the event changed it: stored statuses only, derived ones make no event.
    pub from: Option<AgentStatus>,
    /// Its status after, likewise.
    pub to: Option<AgentStatus>,
    /// The agent as it is now.
    pub agent: Arc<agent::Model>,
}

impl From<FeedEnd> for Error {
    fn from(end: FeedEnd) -> Self {
        Self::Unavailable(match end {
            FeedEnd::Lagging => "the subscriber reads too slowly: resume after its last cursor",
            FeedEnd::Draining => "the server is going down: resume elsewhere after the last cursor",
            FeedEnd::Unavailable => "the log cannot be read: resume after the last cursor",
        })
    }
}

/// Follows tasks: one, or all of a filter, as far as the caller may see them. NOT_FOUND for one that it may not see.
pub async fn task_updates(
    service: &Service,
    caller: &Caller,
    task_id: Option<String>,
    filter: Filter,
    since: &Since,
) -> Result<impl Stream<Item = Result<TaskUpdate>> + Send + 'static + use<>> {
    let viewer = caller.actor().ok_or(Error::Unauthenticated)?.agent.clone();
    let after = since.after(service).await?;
    let only = match task_id {
        Some(id) => Some(super::task::get(service, caller, &id).await?.id),
        None => None,
    };
    let events = service.feed.follow(Some(after));
    let service = service.clone();
    let (progress, passed) = (since.progress.clone(), since.progress.clone());
    let updates = events.filter_map(move |event| {
        let sequence = event.as_ref().ok().map(|event| event.sequence);
        let update = match event {
            Err(end) => Some(Err(end.into())),
            Ok(event) => match &event.subject {
                Subject::Task { task, sight } => {
                    let wanted = only.is_none_or(|only| only == task.id)
                        && super::task::matches(&filter, task, service.db.clock().now());
                    let seen = wanted
                        && sees_task(
                            &service.feed.fleet(),
                            service.settings.reach,
                            &viewer.id,
                            viewer.tier,
                            sight,
                        );
                    seen.then(|| Ok(task_update(&event, task)))
                }
                _ => None,
            },
        };
        if let (None, Some(sequence)) = (&update, sequence) {
            passed.passed(sequence);
        }
        std::future::ready(update)
    });
    Ok(noting(updates, progress, |update: &TaskUpdate| {
        &update.cursor
    }))
}

fn task_update(event: &Event, task: &Arc<task::Model>) -> TaskUpdate {
    let path = event.entry.metadata.value();
    let statuses: Vec<TaskStatus> = path
        .get("path")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|word| word.as_str()?.parse().ok())
        .collect();
    // A task that has just been made comes from nowhere.
    let born = matches!(
        event.entry.action,
        AuditAction::TaskCreated | AuditAction::TaskDelegated
    ) || statuses.first() == Some(&TaskStatus::Pending) && is_birth(event);
    TaskUpdate {
        cursor: Cursor::of(STREAM, &event.sequence),
        from: statuses.first().copied().filter(|_| !born),
        to: statuses.last().copied(),
        entry: event.entry.clone(),
        task: task.clone(),
    }
}

/// executeTask begins a task as startTask begins an attempt: only the former records the type.
fn is_birth(event: &Event) -> bool {
    event
        .entry
        .metadata
        .value()
        .pointer("/set/typeName")
        .is_some()
}

/// Follows agents: one, or all. Every agent sees every agent (spec R1.09).
pub async fn agent_updates(
    service: &Service,
    agent_id: Option<String>,
    since: &Since,
) -> Result<impl Stream<Item = Result<AgentUpdate>> + Send + 'static + use<>> {
    let after = since.after(service).await?;
    let only: Option<AgentId> = match agent_id {
        Some(id) => Some(super::agent::get(service, &id).await?.id),
        None => None,
    };
    let events = service.feed.follow(Some(after));
    let (progress, passed) = (since.progress.clone(), since.progress.clone());
    let updates = events.filter_map(move |event| {
        let sequence = event.as_ref().ok().map(|event| event.sequence);
        let update = match event {
            Err(end) => Some(Err(end.into())),
            Ok(event) => match &event.subject {
                Subject::Agent(agent) if only.as_ref().is_none_or(|only| *only == agent.id) => {
                    Some(Ok(agent_update(&event, agent)))
                }
                _ => None,
            },
        };
        if let (None, Some(sequence)) = (&update, sequence) {
            passed.passed(sequence);
        }
        std::future::ready(update)
    });
    Ok(noting(updates, progress, |update: &AgentUpdate| {
        &update.cursor
    }))
}

fn agent_update(event: &Event, agent: &Arc<agent::Model>) -> AgentUpdate {
    let metadata = event.entry.metadata.value();
    let status = |pointer: &str| {
        let word = metadata.pointer(pointer)?.as_str()?;
        // OPERATIONAL is derived from here on: such an agent is reported as ACTIVE, IDLE or PROCESSING when it is read.
        word.parse::<AgentStatus>().ok()
    };
    AgentUpdate {
        cursor: Cursor::of(STREAM, &event.sequence),
        from: status("/from"),
        to: status("/set/state"),
        entry: event.entry.clone(),
        agent: agent.clone(),
    }
}
