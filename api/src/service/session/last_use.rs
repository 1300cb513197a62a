//! When agents and sessions were last used: kept in memory, flushed in batches, unaudited (spec R5.01). Floor 3.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use entities::agent::IDLE_AFTER;
use entities::id::{AgentId, SessionId};
use tokio::sync::Notify;

use crate::auth::actor::Caller;
use crate::error::Result;
use crate::service::Service;
use crate::store::{LastUse, Tx};

/// The uses that are not flushed yet; clones share them.
#[derive(Debug, Clone, Default)]
pub struct LastUses {
    shared: Arc<Shared>,
}

/// By agent, which has few sessions each.
type Uses = HashMap<AgentId, Vec<(SessionId, DateTime<Utc>)>>;

#[derive(Debug, Default)]
struct Shared {
    uses: Mutex<Uses>,
    flush_wanted: Notify,
}

impl LastUses {
    /// Notes a use. `before` is when the agent's row says that it was last heard of: where it counts as IDLE by that, or soon will, the
    /// flush is asked for at once, so that lists and counts find it ACTIVE.
    pub fn note(
        &self,
        agent_id: &AgentId,
        session_id: SessionId,
        at: DateTime<Utc>,
        before: Option<DateTime<Utc>>,
    ) {
        let first_since_flush = {
            let mut uses = self.uses();
            match uses.get_mut(agent_id) {
                Some(sessions) => {
                    match sessions.iter_mut().find(|(known, _)| *known == session_id) {
                        Some((_, last)) => *last = at.max(*last),
                        None => sessions.push((session_id, at)),
                    }
                    false
                }
                None => {
                    uses.insert(agent_id.clone(), vec![(session_id, at)]);
                    true
                }
            }
        };
        if first_since_flush && before.is_none_or(|before| at - before >= IDLE_AFTER / 2) {
            self.shared.flush_wanted.notify_one();
        }
    }

    /// When the agent was last heard of here, if that is not flushed yet.
    pub fn latest(&self, agent_id: &AgentId) -> Option<DateTime<Utc>> {
        let uses = self.uses();
        uses.get(agent_id)?.iter().map(|(_, at)| *at).max()
    }

    /// Waits until a flush should not wait for its interval.
    pub async fn flush_wanted(&self) {
        self.shared.flush_wanted.notified().await;
    }

    /// What waits to be flushed: each agent's latest use first.
    fn pending(&self) -> Vec<LastUse> {
        let uses = self.uses();
        let mut pending: Vec<LastUse> = uses
            .iter()
            .flat_map(|(agent_id, sessions)| {
                sessions.iter().map(|(session_id, at)| LastUse {
                    agent_id: agent_id.clone(),
                    session_id: *session_id,
                    at: *at,
                })
            })
            .collect();
        // In one order, so that two replicas lock the rows alike.
        pending.sort_unstable_by(|a, b| (&a.agent_id, b.at).cmp(&(&b.agent_id, a.at)));
        pending
    }

    /// Forgets what was flushed, unless it was used again meanwhile.
    fn forget(&self, flushed: &[LastUse]) {
        let mut uses = self.uses();
        for one in flushed {
            if let Some(sessions) = uses.get_mut(&one.agent_id) {
                sessions.retain(|known| *known != (one.session_id, one.at));
                if sessions.is_empty() {
                    uses.remove(&one.agent_id);
                }
            }
        }
    }

    fn uses(&self) -> MutexGuard<'_, Uses> {
        self.shared
            .uses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Flushes what waits. For the duty: every so often, and when [`LastUses::flush_wanted`] says so.
pub async fn flush_last_uses(service: &Service) -> Result<()> {
    let pending = service.last_uses.pending();
    if pending.is_empty() {
        return Ok(());
    }
    let itself = Caller::control_center(service.db.request_id());
    service
        .db
        .write(&itself, async |tx: &mut Tx| {
            tx.flush_last_use(&pending).await
        })
        .await?;
    service.last_uses.forget(&pending);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use chrono::TimeDelta;
    use futures::FutureExt as _;
    use uuid::Uuid;

    fn agent(text: &str) -> AgentId {
        text.parse().unwrap()
    }

    fn session(number: u128) -> SessionId {
        SessionId::new(Uuid::from_u128(number))
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn the_latest_use_of_each_session_is_kept_and_the_agents_latest_comes_first() {
        let uses = LastUses::default();
        let one = agent("L1-ART-001");
        uses.note(&one, session(1), at(1), None);
        uses.note(&one, session(2), at(5), None);
        uses.note(&one, session(1), at(3), None);
        assert_eq!(uses.latest(&one), Some(at(5)));
        let pending: Vec<_> = uses
            .pending()
            .into_iter()
            .map(|one| (one.session_id, one.at))
            .collect();
        assert_eq!(pending, [(session(2), at(5)), (session(1), at(3))]);
    }

    #[test]
    fn what_is_used_again_during_a_flush_is_flushed_again() {
        let uses = LastUses::default();
        let one = agent("L1-ART-001");
        uses.note(&one, session(1), at(1), None);
        let flushed = uses.pending();
        uses.note(&one, session(1), at(2), None);
        uses.forget(&flushed);
        assert_eq!(uses.latest(&one), Some(at(2)));
        uses.forget(&uses.pending());
        assert_eq!(uses.latest(&one), None);
    }

    #[test]
    fn an_agent_that_counts_as_idle_is_flushed_at_once() {
        let uses = LastUses::default();
        uses.note(&agent("L1-ART-001"), session(1), at(600), Some(at(590)));
        assert_eq!(uses.flush_wanted().now_or_never(), None);
        uses.note(&agent("L1-NET-001"), session(2), at(600), Some(at(100)));
        assert_eq!(uses.flush_wanted().now_or_never(), Some(()));
        uses.note(&agent("L1-QA-001"), session(3), at(600), None);
        assert_eq!(uses.flush_wanted().now_or_never(), Some(()));
    }
}
