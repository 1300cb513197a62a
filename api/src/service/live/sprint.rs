//! The stream of a sprint: what happens to it, and to its tasks, which is what its progress is made of. Floor 3.

use std::sync::Arc;

use entities::audit::{AuditEntity, entry};
use entities::id::SprintId;
use entities::sprint::{self, SprintStatus};
use futures::{Stream, StreamExt};

use super::super::Service;
use super::super::page::Cursor;
use super::{STREAM, Since, noting};
use crate::auth::actor::Caller;
use crate::error::Result;
use crate::store::feed::Event;

/// Something that happened to a sprint, or to a task of it.
#[derive(Debug, Clone)]
pub struct SprintUpdate {
    /// Where to resume.
    pub cursor: Cursor,
    /// What the log says.
    pub entry: entry::Model,
    /// Where the sprint stood before, where the event says so.
    pub from: Option<SprintStatus>,
    /// Where it stood after, likewise.
    pub to: Option<SprintStatus>,
    /// The sprint as it is now.
    pub sprint: Arc<sprint::Model>,
}

/// Follows one sprint. NOT_FOUND where the caller may not see it.
pub async fn sprint_updates(
    service: &Service,
    caller: &Caller,
    id: &str,
    since: &Since,
) -> Result<impl Stream<Item = Result<SprintUpdate>> + Send + 'static + use<>> {
    let after = since.after(service).await?;
    let only = super::super::sprint::get(service, caller, id).await?.id;
    let events = service.feed.follow(Some(after));
    let (service, caller) = (service.clone(), caller.clone());
    let (progress, passed) = (since.progress.clone(), since.progress.clone());
    let updates = events.filter_map(move |event| {
        let (service, caller, passed) = (service.clone(), caller.clone(), passed.clone());
        async move {
            let event = match event {
                Ok(event) => event,
                Err(end) => return Some(Err(end.into())),
            };
            let update = match update_of(&event, only) {
                None => None,
                // By what is so when it is sent: for its lead and directors that costs no query.
                Some(update) => {
                    let sprint = &update.sprint;
                    match super::super::sprint::is_visible(&service, &caller, sprint).await {
                        Ok(true) => Some(Ok(update)),
                        Ok(false) => None,
                        Err(error) => Some(Err(error)),
                    }
                }
            };
            if update.is_none() {
                passed.passed(event.sequence);
            }
            update
        }
    });
    Ok(noting(
        Box::pin(updates),
        progress,
        |update: &SprintUpdate| &update.cursor,
    ))
}

/// What an event says of this sprint. Of its tasks those that move: what a worker says in between is for who follows the task.
fn update_of(event: &Event, only: SprintId) -> Option<SprintUpdate> {
    let sprint = event.sprint.as_ref().filter(|sprint| sprint.id == only)?;
    let metadata = event.entry.metadata.value();
    if event.entry.entity_type == AuditEntity::Task && metadata.get("path").is_none() {
        return None;
    }
    let of_sprint = event.entry.entity_type == AuditEntity::Workflow;
    let status = |pointer: &str| {
        let word = metadata.pointer(pointer).filter(|_| of_sprint)?;
        word.as_str()?.parse().ok()
    };
    Some(SprintUpdate {
        cursor: Cursor::of(STREAM, &event.sequence),
        from: status("/from"),
        to: status("/set/status"),
        entry: event.entry.clone(),
        sprint: sprint.clone(),
    })
}
