//! Delays after wrong secrets: how they grow, whom they meet, and that nobody is locked out.
#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, Ipv4Addr};

use super::*;
use proptest::prelude::*;

const TERMS: Terms = Terms {
    failures: 3,
    first: Duration::from_secs(1),
    longest: Duration::from_secs(60),
};

fn from(last: u8) -> Network {
    Network::of(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)))
}

/// A clock and the logins.
struct Door {
    logins: Logins,
    now: Duration,
}

impl Door {
    fn new() -> Self {
        Self {
            logins: Logins::new(TERMS),
            now: Duration::from_secs(1_000),
        }
    }

    fn guess(&mut self, agent: &str, at: Network) -> Result<(), u64> {
        let attempt = self.logins.begin(agent, at, self.now)?;
        self.logins.failed(&attempt, self.now);
        Ok(())
    }

    fn enter(&mut self, agent: &str, at: Network) -> Result<(), u64> {
        let attempt = self.logins.begin(agent, at, self.now)?;
        self.logins.succeeded(&attempt, self.now);
        Ok(())
    }

    fn pass(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
    }

    /// Guesses as often as it is let, until the delay is so long.
    fn annoy(&mut self, agent: &str, at: Network, delay: u64) {
        while let Ok(()) | Err(1..) = self.guess(agent, at) {
            match self.guess(agent, at) {
                Err(wait) if wait >= delay => return,
                Err(wait) => self.pass(wait),
                Ok(()) => {}
            }
        }
    }
}

#[test]
fn the_delay_doubles_up_to_the_longest_and_a_right_secret_ends_it() {
    let mut door = Door::new();
    for _ in 0..3 {
        assert_eq!(door.guess("L1-A-001", from(1)), Ok(()));
    }
    for wait in [
        1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000,
    ] {
        assert_eq!(door.guess("L1-A-001", from(1)), Err(wait));
        door.pass(wait - 1);
        assert_eq!(door.guess("L1-A-001", from(1)), Err(1));
        door.pass(1);
        assert_eq!(door.guess("L1-A-001", from(1)), Ok(()));
    }
    door.pass(60_000);
    assert_eq!(door.enter("L1-A-001", from(1)), Ok(()));
    for _ in 0..3 {
        assert_eq!(door.guess("L1-A-001", from(1)), Ok(()));
    }
    assert_eq!(door.guess("L1-A-001", from(1)), Err(1_000));
}

#[test]
fn who_comes_at_the_same_time_waits_once_delays_have_begun() {
    let mut door = Door::new();
    for _ in 0..3 {
        door.guess("L1-A-001", from(1)).unwrap();
    }
    door.pass(1_000);
    let first = door.logins.begin("L1-A-001", from(1), door.now).unwrap();
    assert_eq!(
        door.logins.begin("L1-A-001", from(1), door.now).err(),
        Some(1_000)
    );
    door.logins.failed(&first, door.now);
    assert_eq!(
        door.logins.begin("L1-A-001", from(1), door.now).err(),
        Some(2_000)
    );
}

#[test]
fn guesses_from_elsewhere_lock_nobody_out() {
    let mut door = Door::new();
    for last in 1..100 {
        door.guess("L1-A-001", from(last)).unwrap();
    }
    // Those who guessed wait for what the others did, too.
    assert_eq!(door.guess("L1-A-001", from(1)), Err(60_000));
    // The agent itself does not, whether it was here before or not.
    assert_eq!(door.enter("L1-A-001", from(200)), Ok(()));
    // And it has ended what was counted of its id alone.
    assert_eq!(door.guess("L1-A-001", from(1)), Ok(()));
}

#[test]
fn an_address_that_tries_many_agents_waits_with_every_one_of_them() {
    let mut door = Door::new();
    for number in 0..3 {
        door.guess(&format!("L1-A-{number:03}"), from(1)).unwrap();
    }
    assert_eq!(door.guess("L1-Z-001", from(1)), Err(1_000));
    assert_eq!(door.guess("L1-Z-001", from(2)), Ok(()));
    door.pass(1_000);
    assert_eq!(door.guess("L1-Z-001", from(1)), Ok(()));
    assert_eq!(door.guess("L1-Z-002", from(1)), Err(2_000));
}

#[test]
fn one_worker_with_an_old_secret_does_not_delay_its_neighbours() {
    let mut door = Door::new();
    door.annoy("L1-A-001", from(1), 60_000);
    for number in 0..20 {
        assert_eq!(door.enter(&format!("L2-B-{number:03}"), from(1)), Ok(()));
    }
}

#[test]
fn an_agent_that_is_known_to_come_from_an_address_is_not_delayed_by_others_there() {
    let mut door = Door::new();
    door.enter("L1-A-001", from(1)).unwrap();
    for number in 0..3 {
        door.guess(&format!("L2-B-{number:03}"), from(1)).unwrap();
    }
    assert_eq!(door.enter("L1-A-002", from(1)), Err(1_000));
    assert_eq!(door.enter("L1-A-001", from(1)), Ok(()));
    // Coming in does not open the door for guesses.
    assert_eq!(door.guess("L2-B-100", from(1)), Err(1_000));
    // With its first wrong secret it is one of them.
    assert_eq!(door.guess("L1-A-001", from(1)), Ok(()));
    assert_eq!(door.enter("L1-A-001", from(1)), Err(2_000));
}

#[test]
fn wrong_secrets_are_forgotten_after_an_hour() {
    let mut door = Door::new();
    for _ in 0..3 {
        door.guess("L1-A-001", from(1)).unwrap();
    }
    door.pass(3_600_000);
    for _ in 0..3 {
        assert_eq!(door.guess("L1-A-001", from(1)), Ok(()));
    }
    assert_eq!(door.guess("L1-A-001", from(1)), Err(1_000));
}

proptest! {
    /// Whatever happens, nobody waits longer than the longest delay, and the wait that is told is the wait that there is.
    #[test]
    fn nobody_waits_longer_than_the_longest_delay(
        steps in prop::collection::vec((0u8..4, 0u8..4, any::<bool>(), 0u64..70_000), 1..200),
    ) {
        let mut door = Door::new();
        for (agent, last, right, pause) in steps {
            door.pass(pause);
            let agent = format!("L1-A-{agent:03}");
            let turn = |door: &mut Door| if right {
                door.enter(&agent, from(last))
            } else {
                door.guess(&agent, from(last))
            };
            if let Err(wait) = turn(&mut door) {
                prop_assert!((1..=60_000).contains(&wait), "{wait}");
                door.pass(wait - 1);
                prop_assert!(turn(&mut door).is_err());
                door.pass(1);
                prop_assert_eq!(turn(&mut door), Ok(()));
            }
        }
    }
}
