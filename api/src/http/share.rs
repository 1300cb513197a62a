//! How much of a thing one agent may hold at once, and strangers from one network (spec R10.05). Floor 5.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entities::id::AgentId;

use crate::auth::actor::Caller;
use crate::error::Error;
use crate::service::rate::Network;

/// Who holds something.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Holder {
    Agent(AgentId),
    /// Whoever has shown nothing, by where it is.
    Stranger(Option<Network>),
}

impl Holder {
    fn of(caller: &Caller) -> Self {
        match caller.agent_id() {
            Some(agent) => Self::Agent(agent.clone()),
            None => Self::Stranger(caller.origin.ip_address.map(Network::of)),
        }
    }
}

/// Counts a thing by who holds it; clones share the count.
#[derive(Debug, Clone)]
pub(super) struct Shares(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// What is limited, as a refusal names it.
    name: &'static str,
    limit: usize,
    /// No entry for who holds none.
    held: Mutex<HashMap<Holder, usize>>,
}

impl Shares {
    pub(super) fn new(name: &'static str, limit: usize) -> Self {
        Self(Arc::new(Inner {
            name,
            limit,
            held: Mutex::default(),
        }))
    }

    /// One more for a caller, until it is dropped.
    ///
    /// # Errors
    /// LIMIT_EXCEEDED where it holds as many as it may.
    pub(super) fn take(&self, caller: &Caller) -> Result<Share, Error> {
        let holder = Holder::of(caller);
        let mut held = self.0.held();
        let count = held.get(&holder).copied().unwrap_or_default();
        if count >= self.0.limit {
            return Err(Error::LimitExceeded {
                limit: self.0.name,
                value: self.0.limit as u64,
                requested: count as u64 + 1,
            });
        }
        held.insert(holder.clone(), count + 1);
        Ok(Share {
            shares: self.clone(),
            holder,
        })
    }
}

impl Inner {
    fn held(&self) -> MutexGuard<'_, HashMap<Holder, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that is held.
#[derive(Debug)]
pub(super) struct Share {
    shares: Shares,
    holder: Holder,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.shares.0.held();
        match held.get_mut(&self.holder) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                held.remove(&self.holder);
            }
        }
    }
}
