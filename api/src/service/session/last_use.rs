//! When agents and sessions were last used: kept in memory, flushed in batches, unaudited (spec R5.01). Floor 3.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use entities::agent::IDLE_AFTER;
use entities::id::{AgentId, SessionId};
use tokio::sync::Notify;

use crate::auth::actor::Caller;
use crate::error::Result;
use crate::service::Service;
use crate::store::{LastUse, Tx};

/// The uses of late, flushed or not; clones share them.
#[derive(Debug, Clone, Default)]
pub struct LastUses {
    shared: Arc<Shared>,
}

/// How long a use is remembered that was flushed. Who has read an agent's row before the flush and asks here after it must still find the use:
/// no operation takes so long.
const REMEMBERED: TimeDelta = TimeDelta::minutes(1);

/// By agent, which has few sessions each.
type Uses = HashMap<AgentId, Vec<Use>>;

/// The last use of a session.
#[derive(Debug)]
struct Use {
    session_id: SessionId,
    at: DateTime<Utc>,
    is_flushed: bool,
}

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
            let sessions = uses.entry(agent_id.clone()).or_default();
            let first = sessions.iter().all(|one| one.is_flushed);
            match sessions.iter_mut().find(|one| one.session_id == session_id) {
                Some(one) => {
                    one.at = at.max(one.at);
                    one.is_flushed = false;
                }
                None => sessions.push(Use {
                    session_id,
                    at,
                    is_flushed: false,
                }),
            }
            first
        };
        if first_since_flush && before.is_none_or(|before| at - before >= IDLE_AFTER / 2) {
            self.shared.flush_wanted.notify_one();
        }
    }

    /// When the agent was last heard of here, where that is not long ago or not flushed yet: to be held against its row, which may have been read
    /// before.
    pub fn latest(&self, agent_id: &AgentId) -> Option<DateTime<Utc>> {
        let uses = self.uses();
        uses.get(agent_id)?.iter().map(|one| one.at).max()
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
                let waiting = sessions.iter().filter(|one| !one.is_flushed);
                waiting.map(|one| LastUse {
                    agent_id: agent_id.clone(),
                    session_id: one.session_id,
                    at: one.at,
                })
            })
            .collect();
        // In one order, so that two replicas lock the rows alike.
        pending.sort_unstable_by(|a, b| (&a.agent_id, b.at).cmp(&(&b.agent_id, a.at)));
        pending
    }

    /// Notes what was flushed, unless it was used again meanwhile, and forgets what was so long ago.
    fn flushed(&self, flushed: &[LastUse], now: DateTime<Utc>) {
        let mut uses = self.uses();
        for one in flushed {
            let sessions = uses.get_mut(&one.agent_id).into_iter().flatten();
            for known in sessions.filter(|known| known.session_id == one.session_id) {
                known.is_flushed = known.at == one.at;
            }
        }
        uses.retain(|_, sessions| {
            sessions.retain(|one| !one.is_flushed || now - one.at < REMEMBERED);
            !sessions.is_empty()
        });
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
    let now = service.db.clock().now();
    service.last_uses.flushed(&pending, now);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
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
        uses.flushed(&flushed, at(2));
        let waiting = uses.pending();
        assert_eq!(waiting.iter().map(|one| one.at).max(), Some(at(2)));
        uses.flushed(&waiting, at(2));
        assert!(uses.pending().is_empty());
    }

    #[test]
    fn who_read_a_row_before_the_flush_finds_the_use_after_it() {
        let uses = LastUses::default();
        let one = agent("L1-ART-001");
        uses.note(&one, session(1), at(1), None);
        uses.flushed(&uses.pending(), at(3));
        assert_eq!(uses.latest(&one), Some(at(1)));
        uses.flushed(&[], at(61));
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
