//! The stream of somebody's notifications. Floor 3.

use std::sync::Arc;

use entities::notification;
use futures::{Stream, StreamExt, stream};

use super::super::Service;
use super::super::page::Cursor;
use super::{Place, STREAM, Since, noting};
use crate::auth::actor::Caller;
use crate::error::{Error, Result};

/// Something that somebody is told.
#[derive(Debug, Clone)]
pub struct NotificationUpdate {
    /// Where to resume.
    pub cursor: Cursor,
    /// What.
    pub notification: Arc<notification::Model>,
}

/// Follows one's own notifications. Where one entry tells several things, each comes, with a cursor of its own.
pub async fn notifications(
    service: &Service,
    caller: &Caller,
    since: &Since,
) -> Result<impl Stream<Item = Result<NotificationUpdate>> + Send + 'static + use<>> {
    let viewer = caller
        .actor()
        .ok_or(Error::Unauthenticated)?
        .agent
        .id
        .clone();
    let place = since.place(service).await?;
    let after = match place {
        Place::After(sequence) => sequence,
        // Its entry is read once more, for what is left of it.
        Place::Within(sequence, _) => sequence.saturating_sub(1),
    };
    let events = service.feed.follow(Some(after));
    let (progress, passed) = (since.progress.clone(), since.progress.clone());
    let updates = events.flat_map(move |event| {
        let updates = match event {
            Err(end) => vec![Err(end.into())],
            Ok(event) => {
                let own: Vec<_> = event
                    .notifications
                    .iter()
                    .filter(|row| row.agent_id == viewer)
                    .cloned()
                    .collect();
                let seen = match place {
                    Place::Within(sequence, seen) if sequence == event.sequence => seen,
                    _ => 0,
                };
                if own.len() <= seen {
                    passed.passed(event.sequence);
                }
                let last = own.len().saturating_sub(1);
                let update = |(index, notification)| {
                    let place = if index == last {
                        Place::After(event.sequence)
                    } else {
                        Place::Within(event.sequence, index + 1)
                    };
                    Ok(NotificationUpdate {
                        cursor: Cursor::of(STREAM, &place),
                        notification,
                    })
                };
                own.into_iter().enumerate().skip(seen).map(update).collect()
            }
        };
        stream::iter(updates)
    });
    Ok(noting(updates, progress, |update: &NotificationUpdate| {
        &update.cursor
    }))
}
