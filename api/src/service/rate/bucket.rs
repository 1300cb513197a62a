//! A token bucket in whole numbers, so that what it promises holds to the millisecond. Floor 3.

use std::time::Duration;

/// What one token measures: a bucket that is filled with `n` tokens a minute gains `n` of these in a microsecond.
const TOKEN: u64 = 60_000_000;

/// How many tokens a bucket holds and gains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    /// Gained in a minute; none for a bucket that refuses nobody.
    pub(super) per_minute: u32,
    /// Held when full. A bucket holds one at least.
    pub(super) burst: u32,
}

impl Terms {
    /// Whether there is a limit at all.
    pub(super) const fn limit(self) -> bool {
        self.per_minute > 0
    }

    fn gain(self, passed: Duration) -> u64 {
        let passed = u64::try_from(passed.as_micros()).unwrap_or(u64::MAX);
        passed.saturating_mul(u64::from(self.per_minute))
    }

    /// What a request takes. None asks for more than a full bucket holds, else it would be refused for ever.
    fn price(self, cost: u64) -> u64 {
        cost.clamp(1, u64::from(self.burst.max(1))) * TOKEN
    }

    fn capacity(self) -> u64 {
        u64::from(self.burst.max(1)) * TOKEN
    }
}

/// What a bucket has given and not regained. A new one is full.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bucket {
    missing: u64,
    at: Duration,
}

impl Bucket {
    /// Takes tokens: all of them or, with the milliseconds after which they are there unless others are taken meanwhile, none.
    pub(super) fn take(&mut self, terms: Terms, cost: u64, now: Duration) -> Result<(), u64> {
        self.missing = self.missing_at(terms, now);
        self.at = self.at.max(now);
        let after = self.missing + terms.price(cost);
        match after.saturating_sub(terms.capacity()) {
            0 => {
                self.missing = after;
                Ok(())
            }
            lacking => Err(lacking.div_ceil(terms.gain(Duration::from_millis(1)))),
        }
    }

    /// Whether it is as good as a new one.
    pub(super) fn is_full(&self, terms: Terms, now: Duration) -> bool {
        self.missing_at(terms, now) == 0
    }

    fn missing_at(&self, terms: Terms, now: Duration) -> u64 {
        let gained = terms.gain(now.saturating_sub(self.at));
        self.missing.saturating_sub(gained)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn terms() -> impl Strategy<Value = Terms> {
        (1u32..200_000, 1u32..50_000).prop_map(|(per_minute, burst)| Terms { per_minute, burst })
    }

    /// Requests: how many microseconds after the one before, and at what cost.
    fn requests() -> impl Strategy<Value = Vec<(u64, u64)>> {
        prop::collection::vec((0u64..200_000, 0u64..600), 1..200)
    }

    proptest! {
        #[test]
        fn no_window_gives_more_than_a_full_bucket_and_what_is_gained_in_it(
            terms in terms(),
            requests in requests(),
        ) {
            let (mut bucket, mut now) = (Bucket::default(), Duration::ZERO);
            let mut taken = Vec::new();
            for (pause, cost) in requests {
                now += Duration::from_micros(pause);
                if bucket.take(terms, cost, now).is_ok() {
                    taken.push((now, terms.price(cost)));
                }
            }
            for (first, (begin, _)) in taken.iter().enumerate() {
                let mut sum = 0;
                for (end, price) in &taken[first..] {
                    sum += price;
                    let granted = terms.capacity() + terms.gain(*end - *begin);
                    prop_assert!(sum <= granted, "{sum} of {granted} from {begin:?} to {end:?}");
                }
            }
        }

        #[test]
        fn the_wait_that_is_told_is_enough_and_not_a_millisecond_too_long(
            terms in terms(),
            requests in requests(),
        ) {
            let (mut bucket, mut now) = (Bucket::default(), Duration::ZERO);
            for (pause, cost) in requests {
                now += Duration::from_micros(pause);
                let Err(wait) = bucket.take(terms, cost, now) else { continue };
                prop_assert!(wait > 0);
                let after = |ms: u64| now + Duration::from_millis(ms);
                let (mut early, mut in_time) = (bucket, bucket);
                prop_assert!(early.take(terms, cost, after(wait - 1)).is_err());
                prop_assert!(in_time.take(terms, cost, after(wait)).is_ok());
            }
        }

        #[test]
        fn who_keeps_to_the_rate_is_never_refused(terms in terms(), count in 1usize..500) {
            let mut bucket = Bucket::default();
            let between = Duration::from_micros(TOKEN.div_ceil(u64::from(terms.per_minute)));
            for number in 0..count {
                let now = between * u32::try_from(number).unwrap();
                prop_assert_eq!(bucket.take(terms, 1, now), Ok(()));
            }
        }
    }

    #[test]
    fn a_burst_is_answered_and_then_one_at_a_time() {
        let terms = Terms {
            per_minute: 60,
            burst: 3,
        };
        let mut bucket = Bucket::default();
        let now = Duration::from_secs(7);
        assert!(bucket.is_full(terms, now));
        for _ in 0..3 {
            assert_eq!(bucket.take(terms, 1, now), Ok(()));
        }
        assert_eq!(bucket.take(terms, 1, now), Err(1_000));
        assert_eq!(bucket.take(terms, 2, now), Err(2_000));
        assert_eq!(
            bucket.take(terms, 1, now + Duration::from_millis(1_000)),
            Ok(())
        );
        assert!(!bucket.is_full(terms, now + Duration::from_millis(3_999)));
        assert!(bucket.is_full(terms, now + Duration::from_millis(4_000)));
    }

    #[test]
    fn what_costs_more_than_a_bucket_holds_takes_all_of_it() {
        let terms = Terms {
            per_minute: 60,
            burst: 10,
        };
        let mut bucket = Bucket::default();
        assert_eq!(bucket.take(terms, 500, Duration::ZERO), Ok(()));
        assert_eq!(bucket.take(terms, 500, Duration::ZERO), Err(10_000));
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_twice() {
        let terms = Terms {
            per_minute: 60,
            burst: 1,
        };
        let mut bucket = Bucket::default();
        let now = Duration::from_secs(100);
        assert_eq!(bucket.take(terms, 1, now), Ok(()));
        assert_eq!(bucket.take(terms, 1, now / 2), Err(1_000));
        assert_eq!(bucket.take(terms, 1, now), Err(1_000));
    }
}
