//! The clock and the ids that it dates. The only home of `Utc::now` and of UUIDv7 (design "Clock and ids"). Floor 2.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngCore;
use uuid::Uuid;

/// The system's clock plus an offset, which is zero in production; scenarios move it to say "given three days pass".
///
/// On PostgreSQL a transaction's time is the database's plus this offset, so that replicas judge leases and deadlines by one clock.
#[derive(Debug, Clone)]
pub struct Clock {
    offset_us: Arc<AtomicI64>,
    started: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            offset_us: Arc::default(),
            started: Instant::now(),
        }
    }
}

impl Clock {
    /// Now, in whole microseconds: what both databases keep.
    #[allow(clippy::disallowed_methods, reason = "the clock's one home")]
    pub fn now(&self) -> DateTime<Utc> {
        self.shift(Utc::now())
    }

    /// How long it has been running, in whole microseconds; it never goes back, whatever happens to the system's time.
    pub fn elapsed(&self) -> Duration {
        let moved = u64::try_from(self.offset_us.load(Ordering::Relaxed)).unwrap_or_default();
        let passed = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(passed.saturating_add(moved))
    }

    /// A moment of another clock, moved by this one's offset and cut to whole microseconds.
    pub fn shift(&self, moment: DateTime<Utc>) -> DateTime<Utc> {
        let micros = moment.timestamp_micros() + self.offset_us.load(Ordering::Relaxed);
        DateTime::from_timestamp_micros(micros).unwrap_or(moment)
    }

    /// Moves the clock forward. For tests: nothing in production calls it.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX / 4);
        self.offset_us.fetch_add(micros, Ordering::Relaxed);
    }

    /// The offset.
    pub fn offset(&self) -> TimeDelta {
        TimeDelta::microseconds(self.offset_us.load(Ordering::Relaxed))
    }
}

/// The least UUIDv7 of a moment: what was made before has a lesser one.
pub fn first_uuid_at(moment: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(moment.timestamp_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

/// A UUIDv7 (RFC 9562) of a moment.
pub fn uuid_at(moment: DateTime<Utc>) -> Uuid {
    let mut random = [0u8; 10];
    rand::rng().fill_bytes(&mut random);
    let millis = u64::try_from(moment.timestamp_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
