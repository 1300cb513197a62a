//! The delay that grows with wrong secrets (spec R10.05). Floor 3.
//!
//! What is counted is never whether an agent exists: an id that nobody has is treated like one that somebody has.
//!
//! - Of each agent id *and* address: wrong secrets in a row. A right one ends it.
//! - Of each address: how many different agent ids it gave wrong secrets for. One worker with an old secret counts once, however often it
//!   comes back, and is taken off again when it has the right one.
//! - Of each agent id: from how many different addresses wrong secrets came. It delays only those who gave one themselves: whoever guesses
//!   from elsewhere cannot lock the agent out. A right secret ends it.
//!
//! An address from which an agent has come in within a day, and gave no wrong secret since, is not delayed by what others do there.

use std::time::Duration;

use super::Network;
use super::bounded::Bounded;

/// How many pairs, agent ids and addresses are remembered, each.
const MAX_KNOWN: usize = 50_000;
/// Longer ids are none: more of what a caller claims to be is not kept.
const MAX_CLAIM: usize = 64;
/// Wrong secrets are forgotten after so long without another, and not before their delay is over.
const FORGOTTEN: Duration = Duration::from_secs(3_600);
/// For how long an address is one that an agent is known to come from.
const FAMILIAR: Duration = Duration::from_secs(24 * 3_600);

/// How delays grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    /// So many wrong secrets in a row begin the delays.
    pub(super) failures: u32,
    /// The first; each further one is twice as long. Nothing where nobody is delayed.
    pub(super) first: Duration,
    /// None is longer.
    pub(super) longest: Duration,
}

impl Terms {
    fn delay(self, failures: u32) -> Duration {
        let Some(doubled) = failures.checked_sub(self.failures.max(1)) else {
            return Duration::ZERO;
        };
        let factor = 1u32.checked_shl(doubled).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }

    fn forgotten(self) -> Duration {
        FORGOTTEN.max(self.longest * 2)
    }
}

#[derive(Debug, Default)]
struct Tally {
    failures: u32,
    /// Nobody is heard before.
    until: Duration,
    last: Duration,
}

impl Tally {
    fn wait(&self, now: Duration) -> Duration {
        self.until.saturating_sub(now)
    }

    /// Somebody is heard: who comes at the same time waits.
    fn claim(&mut self, terms: Terms, now: Duration) {
        self.until = now + terms.delay(self.failures);
    }

    fn fail(&mut self, terms: Terms, now: Duration) {
        self.failures = self.failures.saturating_add(1);
        self.last = now;
        self.claim(terms, now);
    }
}

/// Whom a caller claims to be, and where it is.
type Pair = (Box<str>, Network);

/// A login that may go on.
#[derive(Debug)]
pub(super) struct Attempt {
    pair: Pair,
    /// Whether it counts with what others do at its address.
    is_strange: bool,
}

/// Who gave wrong secrets, and who came in.
#[derive(Debug)]
pub(super) struct Logins {
    terms: Terms,
    pairs: Bounded<Pair, Tally>,
    agents: Bounded<Box<str>, Tally>,
    addresses: Bounded<Network, Tally>,
    /// When an agent last came in from an address.
    familiar: Bounded<Pair, Duration>,
}

impl Logins {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            terms,
            pairs: Bounded::new(MAX_KNOWN),
            agents: Bounded::new(MAX_KNOWN),
            addresses: Bounded::new(MAX_KNOWN),
            familiar: Bounded::new(MAX_KNOWN),
        }
    }

    /// Lets somebody try, or says how many milliseconds it has to wait.
    pub(super) fn begin(
        &mut self,
        claimed: &str,
        network: Network,
        now: Duration,
    ) -> Result<Attempt, u64> {
        let terms = self.terms;
        let agent: Box<str> = claimed.chars().take(MAX_CLAIM).collect();
        let pair = (agent.clone(), network);
        let came = self.familiar.known(&pair);
        let is_strange = came.is_none_or(|came| now.saturating_sub(*came) >= FAMILIAR);
        let own = tally(&mut self.pairs, pair.clone(), terms, now);
        let of_agent = tally(&mut self.agents, agent, terms, now);
        let of_address = tally(&mut self.addresses, network, terms, now);
        let has_failed = own.failures > 0;
        let mut counting = vec![own];
        if has_failed {
            counting.push(of_agent);
        }
        if is_strange {
            counting.push(of_address);
        }
        let waits = counting.iter().map(|tally| tally.wait(now));
        let wait = waits.max().unwrap_or_default();
        if wait > Duration::ZERO {
            return Err(u64::try_from(wait.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX));
        }
        for tally in counting {
            tally.claim(terms, now);
        }
        Ok(Attempt { pair, is_strange })
    }

    /// The secret was wrong, or there is no such agent, or it may not come in: all the same.
    pub(super) fn failed(&mut self, attempt: &Attempt, now: Duration) {
        let terms = self.terms;
        let (agent, network) = &attempt.pair;
        self.familiar.forget(&attempt.pair);
        let own = tally(&mut self.pairs, attempt.pair.clone(), terms, now);
        let is_first = own.failures == 0;
        own.fail(terms, now);
        if is_first {
            tally(&mut self.agents, agent.clone(), terms, now).fail(terms, now);
            tally(&mut self.addresses, *network, terms, now).fail(terms, now);
        }
    }

    /// The secret was right.
    pub(super) fn succeeded(&mut self, attempt: &Attempt, now: Duration) {
        let terms = self.terms;
        let (agent, network) = &attempt.pair;
        let own = self.pairs.forget(&attempt.pair);
        self.agents.forget(agent);
        let of_address = tally(&mut self.addresses, *network, terms, now);
        if own.is_some_and(|own| own.failures > 0) {
            of_address.failures = of_address.failures.saturating_sub(1);
        }
        if attempt.is_strange {
            // It was let through in the place of another, who need not wait for it.
            of_address.until = now;
        }
        self.familiar
            .keep(attempt.pair.clone(), now, now, |came: &Duration| {
                now.saturating_sub(*came) >= FAMILIAR
            });
    }
}

/// The tally of a key; what is too old counts no more.
fn tally<K: Eq + std::hash::Hash>(
    map: &mut Bounded<K, Tally>,
    key: K,
    terms: Terms,
    now: Duration,
) -> &mut Tally {
    let is_old = |tally: &Tally| now.saturating_sub(tally.last) >= terms.forgotten();
    let is_new = |tally: &Tally| tally.failures == 0 || is_old(tally);
    let tally = map.of(key, now, is_new);
    if tally.failures > 0 && is_old(tally) {
        *tally = Tally::default();
    }
    tally
}

#[cfg(test)]
mod tests;
