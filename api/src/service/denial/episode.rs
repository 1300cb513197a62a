//! Episodes: a principal that is refused again and again is recorded when that begins and when it is over (spec R10.05). Floor 3.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::auth::actor::Caller;

/// An episode is over when nothing was refused for so long.
const QUIET: Duration = Duration::from_secs(60);
/// So many are told apart; who begins one beyond is counted with the others like it.
const MAX_EPISODES: usize = 10_000;

/// What is being refused at the moment; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Episodes(Arc<Mutex<Map>>);

type Map = HashMap<(String, &'static str), Episode>;

#[derive(Debug)]
struct Episode {
    caller: Caller,
    refused: u64,
    last: Duration,
}

/// An episode that is over.
#[derive(Debug)]
pub(super) struct Over {
    /// Who was refused last.
    pub(super) caller: Caller,
    /// The limit that it came up against.
    pub(super) limit: &'static str,
    /// How often.
    pub(super) refused: u64,
}

impl Episodes {
    /// Notes a refusal; whether it begins an episode.
    pub(super) fn note(
        &self,
        principal: String,
        limit: &'static str,
        caller: &Caller,
        now: Duration,
    ) -> bool {
        let mut map = self.lock();
        let mut key = (principal, limit);
        if map.len() >= MAX_EPISODES && !map.contains_key(&key) {
            key.0 = "others".to_owned();
        }
        let mut begins = false;
        let episode = map.entry(key).or_insert_with(|| {
            begins = true;
            Episode {
                caller: caller.clone(),
                refused: 0,
                last: now,
            }
        });
        episode.refused += 1;
        episode.last = now;
        begins
    }

    /// Takes those that are over by now; all of them without a time.
    pub(super) fn over(&self, now: Option<Duration>) -> Vec<Over> {
        self.lock()
            .extract_if(|_, one| now.is_none_or(|now| now.saturating_sub(one.last) >= QUIET))
            .map(|((_, limit), one)| Over {
                caller: one.caller,
                limit,
                refused: one.refused,
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Map> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::actor::{Origin, Principal};
    use entities::id::RequestId;

    fn stranger() -> Caller {
        Caller {
            principal: Principal::Anonymous,
            origin: Origin::internal(RequestId::new(uuid::Uuid::nil())),
        }
    }

    #[test]
    fn an_episode_begins_once_and_ends_with_its_count_when_it_was_quiet() {
        let (episodes, caller) = (Episodes::default(), stranger());
        let at = Duration::from_secs;
        let note =
            |principal: &str, now| episodes.note(principal.to_owned(), "address", &caller, at(now));
        assert!(note("a", 0) && !note("a", 30) && note("b", 40) && !note("a", 80));
        assert!(episodes.over(Some(at(99))).is_empty());
        let over = episodes.over(Some(at(100)));
        assert_eq!(over.iter().map(|one| one.refused).collect::<Vec<_>>(), [1]);
        assert_eq!(
            episodes
                .over(None)
                .iter()
                .map(|one| one.refused)
                .sum::<u64>(),
            3
        );
        assert!(note("a", 101));
    }

    #[test]
    fn a_crowd_is_one_episode_more() {
        let (episodes, caller) = (Episodes::default(), stranger());
        let note = |principal: String| episodes.note(principal, "address", &caller, Duration::ZERO);
        for number in 0..MAX_EPISODES {
            assert!(note(number.to_string()));
        }
        assert!(note("one more".to_owned()));
        assert!(!note("and one".to_owned()));
        assert!(!note("7".to_owned()));
        assert_eq!(episodes.over(None).len(), MAX_EPISODES + 1);
    }
}
