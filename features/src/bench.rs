//! What is measured (`cargo xtask bench`). Never a test with a clock: figures are read by people, and compared within one run. A short
//! sample runs with the tests, so that the measuring itself does not rot; the full runs are started by hand, on a release build, and
//! what they found is committed under `features/results`.

use std::time::Duration;

use serde_json::{Value, json};

pub mod audit_cost;
pub mod fan_out;
pub mod whole_log;

mod usage;

/// Durations, of which the ones at the marks are told.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Vec<Duration>);

impl Latencies {
    /// Takes one in.
    pub fn add(&mut self, one: Duration) {
        self.0.push(one);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The one below which so many of a thousand lie (nearest rank); zero where there are none.
    #[must_use]
    pub fn at_most(&mut self, of_a_thousand: usize) -> Duration {
        self.0.sort_unstable();
        let rank = (self.0.len() * of_a_thousand).div_ceil(1_000).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default()
    }

    /// As a JSON object, in ms.
    #[must_use]
    pub fn json(&mut self) -> Value {
        json!({
            "count": self.count(),
            "medianMs": milliseconds(self.at_most(500)),
            "p99Ms": milliseconds(self.at_most(990)),
            "highestMs": milliseconds(self.at_most(1_000)),
        })
    }
}

/// In ms, to the microsecond.
#[must_use]
pub fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// In seconds, to the hundredth.
fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e2).round() / 1e2
}

/// In MiB, to the tenth.
#[expect(clippy::cast_precision_loss, reason = "rounded anyway")]
fn mebibytes(bytes: u64) -> f64 {
    (bytes as f64 / 1_048_576.0 * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_by_nearest_rank() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.at_most(500), Duration::ZERO);
        for ms in (1..=200).rev() {
            latencies.add(Duration::from_millis(ms));
        }
        assert_eq!(latencies.at_most(500), Duration::from_millis(100));
        assert_eq!(latencies.at_most(990), Duration::from_millis(198));
        assert_eq!(latencies.at_most(1_000), Duration::from_millis(200));
        assert_eq!(latencies.json()["count"], 200);
    }
}
