//! One watcher per process that knows when the session behind an open socket ends (spec R2.03: within one second, on every replica).
//! Floor 5.
//!
//! Events of the feed are hints: whether a session is still good is asked of its row. Expiry makes no event: the clock is looked at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use entities::audit::AuditAction;
use entities::id::AgentId;
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::oneshot;

use super::drain::Draining;
use crate::auth::actor::Caller;
use crate::error::{Denial, Error, Result};
use crate::service::{Service, session};
use crate::store::feed::{Event, FeedEnd};

/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(250);

/// Why a session is of no more use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionEnd {
    /// It was revoked, rotated away, or its agent was stopped.
    Revoked,
    /// Its time is over.
    Expired,
}

/// For who has no close code to read it from.
impl From<SessionEnd> for Error {
    fn from(end: SessionEnd) -> Self {
        match end {
            SessionEnd::Revoked => Self::Forbidden(Denial {
                rule: "session",
                needed: "a live session of an operational agent".to_owned(),
                had: "one that was revoked, or whose agent was stopped".to_owned(),
            }),
            SessionEnd::Expired => Self::Unauthenticated,
        }
    }
}

/// Hands out watches; one task serves them all.
#[derive(Debug)]
pub(super) struct SessionWatch {
    watched: Arc<Watched>,
}

/// The watched sessions by agent.
#[derive(Debug, Default)]
struct Watched {
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    next: u64,
    by_agent: HashMap<AgentId, Vec<Slot>>,
}

#[derive(Debug)]
struct Slot {
    number: u64,
    caller: Caller,
    expires_at: DateTime<Utc>,
    end: oneshot::Sender<SessionEnd>,
}

/// One watched session; the watch ends when this is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    watched: Arc<Watched>,
    agent_id: AgentId,
    number: u64,
    end: oneshot::Receiver<SessionEnd>,
}

impl SessionWatch {
    /// Starts the watcher. It ends when the server drains.
    pub(super) fn start(service: Service, draining: Draining) -> Self {
        let watched = Arc::new(Watched::default());
        // Followed from here on, so that nothing is missed before the task runs.
        let events = follow(&service);
        tokio::spawn(watch(service, events, watched.clone(), draining));
        Self { watched }
    }

    /// Watches the session of a caller who was just found good. `None` for strangers, who have none.
    ///
    /// # Errors
    /// UNAUTHENTICATED where the session ended in between, and what reading it says.
    pub(super) async fn watch(&self, service: &Service, caller: &Caller) -> Result<Option<Watch>> {
        let Some(actor) = caller.actor() else {
            return Ok(None);
        };
        let expires_at = match session::find(service, caller, &actor.session_id.to_string()).await?
        {
            Some(session) => session.expires_at,
            None => return Err(Error::Unauthenticated),
        };
        let watch = self
            .watched
            .put(actor.agent.id.clone(), caller.clone(), expires_at);
        // Only now: an end that came before the watch began is seen in the row, one that comes after is seen by the watch.
        if session::still_live(service, caller).await? {
            Ok(Some(watch))
        } else {
            Err(Error::Unauthenticated)
        }
    }
}

/// The end of a session, which strangers do not have.
pub(super) async fn ended(session: &mut Option<Watch>) -> SessionEnd {
    match session {
        Some(watch) => watch.ended().await,
        None => std::future::pending().await,
    }
}

impl Watch {
    /// Waits for the end of the session.
    async fn ended(&mut self) -> SessionEnd {
        match (&mut self.end).await {
            Ok(end) => end,
            // The watcher is gone, since the server drains: sockets hear of that by themselves.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.watched.remove(&self.agent_id, self.number);
    }
}

impl Watched {
    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(
        self: &Arc<Self>,
        agent_id: AgentId,
        caller: Caller,
        expires_at: DateTime<Utc>,
    ) -> Watch {
        let (sender, end) = oneshot::channel();
        let mut slots = self.slots();
        let number = slots.next;
        slots.next += 1;
        let slot = Slot {
            number,
            caller,
            expires_at,
            end: sender,
        };
        slots
            .by_agent
            .entry(agent_id.clone())
            .or_default()
            .push(slot);
        Watch {
            watched: self.clone(),
            agent_id,
            number,
            end,
        }
    }

    fn remove(&self, agent_id: &AgentId, number: u64) -> Option<Slot> {
        let mut slots = self.slots();
        let of_agent = slots.by_agent.get_mut(agent_id)?;
        let place = of_agent.iter().position(|slot| slot.number == number)?;
        let slot = of_agent.swap_remove(place);
        if of_agent.is_empty() {
            slots.by_agent.remove(agent_id);
        }
        Some(slot)
    }

    fn end(&self, agent_id: &AgentId, number: u64, end: SessionEnd) {
        if let Some(slot) = self.remove(agent_id, number) {
            // Its socket may be closing at this moment and hear nothing.
            let _ = slot.end.send(end);
        }
    }

    fn of_agent(&self, agent_id: &AgentId) -> Vec<(u64, Caller)> {
        let slots = self.slots();
        let of_agent = slots.by_agent.get(agent_id).into_iter().flatten();
        of_agent
            .map(|slot| (slot.number, slot.caller.clone()))
            .collect()
    }

    fn agents(&self) -> Vec<AgentId> {
        self.slots().by_agent.keys().cloned().collect()
    }

    fn end_expired(&self, now: DateTime<Utc>) {
        let over: Vec<(AgentId, u64)> = {
            let slots = self.slots();
            let all = slots
                .by_agent
                .iter()
                .flat_map(|(agent, slots)| slots.iter().map(move |slot| (agent, slot)));
            all.filter(|(_, slot)| slot.expires_at <= now)
                .map(|(agent, slot)| (agent.clone(), slot.number))
                .collect()
        };
        for (agent_id, number) in over {
            self.end(&agent_id, number, SessionEnd::Expired);
        }
    }
}

type Events = BoxStream<'static, Result<Arc<Event>, FeedEnd>>;

fn follow(service: &Service) -> Events {
    service.feed.follow(None).boxed()
}

async fn watch(
    service: Service,
    mut events: Events,
    watched: Arc<Watched>,
    mut draining: Draining,
) {
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            () = draining.begun() => return,
            _ = tick.tick() => watched.end_expired(service.db.clock().now()),
            event = events.next() => match event {
                Some(Ok(event)) => {
                    if let Some(agent_id) = concerned(&event) {
                        check(&service, &watched, &agent_id).await;
                    }
                }
                Some(Err(FeedEnd::Draining)) => return,
                // What was missed is made good by asking about everybody.
                Some(Err(FeedEnd::Lagging | FeedEnd::Unavailable)) | None => {
                    events = follow(&service);
                    for agent_id in watched.agents() {
                        check(&service, &watched, &agent_id).await;
                    }
                    tick.tick().await;
                }
            },
        }
    }
}

/// The agent whose sessions an event may have ended.
fn concerned(event: &Event) -> Option<AgentId> {
    match event.entry.action {
        AuditAction::SessionRevoked | AuditAction::SessionRotated => event
            .entry
            .metadata
            .value()
            .get("agentId")?
            .as_str()?
            .parse()
            .ok(),
        AuditAction::AgentDeactivated | AuditAction::AgentErrored => {
            event.entry.entity_id.parse().ok()
        }
        _ => None,
    }
}

/// Asks the rows about every watched session of an agent.
async fn check(service: &Service, watched: &Watched, agent_id: &AgentId) {
    watched.end_expired(service.db.clock().now());
    for (number, caller) in watched.of_agent(agent_id) {
        match session::still_live(service, &caller).await {
            Ok(true) => {}
            Ok(false) => watched.end(agent_id, number, SessionEnd::Revoked),
            Err(error) => {
                // In doubt the socket is closed: its client may come back and be judged anew.
                tracing::warn!(%error, %agent_id, "a session cannot be checked");
                watched.end(agent_id, number, SessionEnd::Revoked);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::auth::actor::{Origin, Principal};
    use entities::id::RequestId;

    fn put(watched: &Arc<Watched>, agent_id: &str, expires_in_s: i64) -> Watch {
        let origin = Origin::internal(RequestId::new(uuid::Uuid::nil()));
        let caller = Caller {
            principal: Principal::Anonymous,
            origin,
        };
        let expires_at = DateTime::from_timestamp(expires_in_s, 0).unwrap();
        watched.put(agent_id.parse().unwrap(), caller, expires_at)
    }

    #[tokio::test]
    async fn a_session_expires_at_its_very_moment_and_no_other_with_it() {
        let watched = Arc::new(Watched::default());
        let mut soon = put(&watched, "L2-CHAR-001", 100);
        let mut later = put(&watched, "L2-CHAR-001", 101);
        watched.end_expired(DateTime::from_timestamp(99, 999_999_999).unwrap());
        assert!(soon.end.try_recv().is_err());
        watched.end_expired(DateTime::from_timestamp(100, 0).unwrap());
        assert_eq!(soon.ended().await, SessionEnd::Expired);
        assert!(later.end.try_recv().is_err());
    }

    #[test]
    fn nothing_is_kept_of_a_socket_that_is_gone() {
        let watched = Arc::new(Watched::default());
        let first = put(&watched, "L2-CHAR-001", 100);
        let second = put(&watched, "L2-CHAR-001", 100);
        drop(first);
        assert_eq!(watched.of_agent(&"L2-CHAR-001".parse().unwrap()).len(), 1);
        drop(second);
        assert!(watched.agents().is_empty());
    }
}
