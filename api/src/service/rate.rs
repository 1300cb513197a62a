//! How much each caller may ask for in a while, and how soon after wrong secrets it may try again (spec R10.05). Floor 3.
//!
//! Every process counts for itself: among `n` replicas a caller that is spread over all of them has `n` times as much.

mod bounded;
mod bucket;
mod login;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use entities::id::AgentId;

use self::bounded::Bounded;
use self::bucket::{Bucket, Terms};
use self::login::Logins;
use super::denial::Denials;
use super::setting::Settings;
use crate::auth::actor::{Caller, Origin, Principal};
use crate::error::{Error, Result};
use crate::store::clock::Clock;

/// How many addresses, and how many agents, have a bucket of their own at once.
const MAX_KNOWN: usize = 100_000;

/// What a caller is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// What one address may ask for.
    Address,
    /// What one agent may ask for.
    Agent,
    /// How often secrets may be tried.
    Authenticate,
}

impl Limit {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Address, Self::Agent, Self::Authenticate];

    /// Its name in the audit log and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Agent => "agent",
            Self::Authenticate => "authenticate",
        }
    }
}

/// Where a caller is, as far as it cannot choose freely: an IPv4 address, or the half of an IPv6 address that names a network (RFC 4291).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// The address.
    V4(u32),
    /// The half of the address.
    V6(u64),
}

impl Network {
    /// Of an address.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments().map(u64::from);
                Self::V6(a << 48 | b << 32 | c << 16 | d)
            }
        }
    }
}

/// Keeps count of what callers ask for; clones share the count.
#[derive(Debug, Clone)]
pub struct Rates(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    denials: Denials,
    of_address: Terms,
    of_agent: Terms,
    delays: bool,
    addresses: Mutex<Bounded<Network, Bucket>>,
    agents: Mutex<Bounded<AgentId, Bucket>>,
    logins: Mutex<Logins>,
    refused: [AtomicU64; Limit::ALL.len()],
}

impl Rates {
    /// Begins with full buckets.
    pub(super) fn new(clock: Clock, denials: Denials, settings: &Settings) -> Self {
        let logins = login::Terms {
            failures: settings.login_failures,
            first: settings.login_delay,
            longest: settings.max_login_delay.max(settings.login_delay),
        };
        Self(Arc::new(Inner {
            clock,
            denials,
            of_address: Terms {
                per_minute: settings.address_rate,
                burst: settings.address_burst,
            },
            of_agent: Terms {
                per_minute: settings.agent_rate,
                burst: settings.agent_burst,
            },
            delays: settings.login_delay > Duration::ZERO,
            addresses: Mutex::new(Bounded::new(MAX_KNOWN)),
            agents: Mutex::new(Bounded::new(MAX_KNOWN)),
            logins: Mutex::new(Logins::new(logins)),
            refused: Default::default(),
        }))
    }

    /// Takes one for a request that has come, whoever sent it: before anything else is done for it.
    ///
    /// # Errors
    /// RATE_LIMITED.
    pub fn arrive(&self, origin: &Origin) -> Result<()> {
        self.of_address(origin, 1).map_err(|wait| {
            let stranger = super::session::anonymous(origin.clone());
            self.refuse(&stranger, Limit::Address, wait)
        })
    }

    /// Takes what an operation costs, from the agent whose it is; for a stranger from its address, which has paid one by coming.
    ///
    /// # Errors
    /// RATE_LIMITED.
    pub fn spend(&self, caller: &Caller, cost: u64) -> Result<()> {
        let inner = &self.0;
        match &caller.principal {
            Principal::ControlCenter => Ok(()),
            Principal::Anonymous if cost <= 1 => Ok(()),
            Principal::Anonymous => self
                .of_address(&caller.origin, cost - 1)
                .map_err(|wait| self.refuse(caller, Limit::Address, wait)),
            Principal::Agent(_) if !inner.of_agent.limit() => Ok(()),
            Principal::Agent(actor) => {
                let (terms, now) = (inner.of_agent, inner.clock.elapsed());
                let taken = lock(&inner.agents)
                    .of(actor.agent.id.clone(), now, |one| one.is_full(terms, now))
                    .take(terms, cost, now);
                taken.map_err(|wait| self.refuse(caller, Limit::Agent, wait))
            }
        }
    }

    fn of_address(&self, origin: &Origin, cost: u64) -> Result<(), u64> {
        let inner = &self.0;
        let Some(address) = origin.ip_address.filter(|_| inner.of_address.limit()) else {
            return Ok(());
        };
        let (terms, now) = (inner.of_address, inner.clock.elapsed());
        lock(&inner.addresses)
            .of(Network::of(address), now, |one| one.is_full(terms, now))
            .take(terms, cost, now)
    }

    /// Lets somebody try a secret of the agent that it claims to be. What became of it is told to the attempt.
    ///
    /// # Errors
    /// RATE_LIMITED while the delay lasts that earlier ones have brought about.
    pub(super) fn try_secret(&self, caller: &Caller, claimed: &str) -> Result<Attempt> {
        let inner = &self.0;
        // What comes from no address comes from whoever owns the data directory.
        let Some(address) = caller.origin.ip_address.filter(|_| inner.delays) else {
            return Ok(Attempt(None));
        };
        let now = inner.clock.elapsed();
        let begun = lock(&inner.logins).begin(claimed, Network::of(address), now);
        match begun {
            Ok(attempt) => Ok(Attempt(Some((self.clone(), attempt)))),
            Err(wait) => Err(self.refuse(caller, Limit::Authenticate, wait)),
        }
    }

    fn refuse(&self, caller: &Caller, limit: Limit, retry_after_ms: u64) -> Error {
        self.0.refused[limit as usize].fetch_add(1, Ordering::Relaxed);
        self.0.denials.report_rate(caller, limit.as_str());
        Error::RateLimited { retry_after_ms }
    }

    /// How many were refused by a limit since the process began.
    pub fn refused(&self, limit: Limit) -> u64 {
        self.0.refused[limit as usize].load(Ordering::Relaxed)
    }
}

/// A login under way.
#[derive(Debug)]
pub(super) struct Attempt(Option<(Rates, login::Attempt)>);

impl Attempt {
    /// The secret opened nothing, whatever the reason.
    pub(super) fn failed(&self) {
        if let Self(Some((rates, attempt))) = self {
            lock(&rates.0.logins).failed(attempt, rates.0.clock.elapsed());
        }
    }

    /// The secret was the agent's.
    pub(super) fn succeeded(&self) {
        if let Self(Some((rates, attempt))) = self {
            lock(&rates.0.logins).succeeded(attempt, rates.0.clock.elapsed());
        }
    }
}

/// No count is left half done: nothing in here panics while it holds one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_address_counts_by_what_its_owner_was_given() {
        let of = |text: &str| Network::of(text.parse().unwrap());
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::7"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    }
}
