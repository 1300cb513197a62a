//! The limits by which the gates judge: by flag, else by file, else those of spec R8.01.

use std::{fs, ops::RangeInclusive, path::Path, time::Duration};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde::Deserialize;

use crate::gate::{performance::Terms, suite};

/// Limits of which any may be left out. A file of them (TOML) has the flags' names as its keys.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Thresholds {
    /// How many scenarios must pass, in percent; 65 unless set
    #[arg(long)]
    pub threshold: Option<f64>,
    /// Requests a second; 200 unless set
    #[arg(long)]
    pub rate: Option<u32>,
    /// How long the load is, in seconds; 60 unless set
    #[arg(long)]
    pub seconds: Option<u64>,
    /// The limit of the 95th percentile of every sort of request, in milliseconds; 200 unless set
    #[arg(long)]
    pub p95_ms: Option<u64>,
    /// The limit of the 95th percentile from delegating a task to its completion, in milliseconds; 1000 unless set
    #[arg(long)]
    pub completion_p95_ms: Option<u64>,
    /// The limit of the server's memory, in MiB; 512 unless set
    #[arg(long)]
    pub memory_mib: Option<u64>,
}

impl Thresholds {
    /// Reads a file of them.
    ///
    /// # Errors
    /// When it cannot be read, is no TOML, or has a key that is none of these.
    pub fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        toml::from_str(&text).with_context(|| file.display().to_string())
    }

    /// These, and where one was left out the other's.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            threshold: self.threshold.or(other.threshold),
            rate: self.rate.or(other.rate),
            seconds: self.seconds.or(other.seconds),
            p95_ms: self.p95_ms.or(other.p95_ms),
            completion_p95_ms: self.completion_p95_ms.or(other.completion_p95_ms),
            memory_mib: self.memory_mib.or(other.memory_mib),
        }
    }

    /// That each that was set is one that can be judged by.
    ///
    /// # Errors
    /// With the name of the first that is not, and its range.
    pub fn check(&self) -> Result<()> {
        let percent = self
            .threshold
            .is_none_or(|set| (0.0..=100.0).contains(&set));
        ensure!(percent, "threshold lies between 0 and 100");
        let rate = self.rate.map(u64::from);
        for (name, set, range) in [
            ("rate", rate, 1..=100_000),
            ("seconds", self.seconds, 1..=86_400),
            ("p95-ms", self.p95_ms, LIMIT),
            ("completion-p95-ms", self.completion_p95_ms, LIMIT),
            ("memory-mib", self.memory_mib, LIMIT),
        ] {
            let (least, most) = range.clone().into_inner();
            let fits = set.is_none_or(|set| range.contains(&set));
            ensure!(fits, "{name} lies between {least} and {most}");
        }
        Ok(())
    }

    /// How many scenarios must pass, in percent.
    #[must_use]
    pub fn percent(&self) -> f64 {
        self.threshold.unwrap_or(suite::THRESHOLD)
    }

    /// The load, and how much it may cost.
    #[must_use]
    pub fn terms(&self) -> Terms {
        let usual = Terms::default();
        let milliseconds =
            |set: Option<u64>, usual: Duration| set.map_or(usual, Duration::from_millis);
        Terms {
            rate: self.rate.unwrap_or(usual.rate),
            duration: self.seconds.map_or(usual.duration, Duration::from_secs),
            p95: milliseconds(self.p95_ms, usual.p95),
            completion_p95: milliseconds(self.completion_p95_ms, usual.completion_p95),
            memory_mib: self.memory_mib.unwrap_or(usual.memory_mib),
        }
    }

    /// The flags that say the same.
    #[must_use]
    pub fn flags(&self) -> Vec<String> {
        let number = |name: &str, set: Option<u64>| Some(format!("--{name} {}", set?));
        let threshold = self.threshold.map(|set| format!("--threshold {set}"));
        let flags = [
            threshold,
            number("rate", self.rate.map(u64::from)),
            number("seconds", self.seconds),
            number("p95-ms", self.p95_ms),
            number("completion-p95-ms", self.completion_p95_ms),
            number("memory-mib", self.memory_mib),
        ];
        flags.into_iter().flatten().collect()
    }
}

/// What a limit of time or memory may be.
const LIMIT: RangeInclusive<u64> = 1..=86_400_000;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn of(text: &str) -> Result<Thresholds> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        Thresholds::read(file.path())
    }

    #[test]
    fn flags_win_over_the_file_and_what_neither_says_is_as_the_spec_has_it() {
        let file = of("threshold = 99.5\nrate = 500\np95-ms = 50\n").unwrap();
        let flags = Thresholds {
            rate: Some(20),
            ..Thresholds::default()
        };
        let both = flags.or(file);
        assert_eq!(
            both.flags().join(" "),
            "--threshold 99.5 --rate 20 --p95-ms 50"
        );
        let terms = both.terms();
        assert_eq!((terms.rate, terms.p95), (20, Duration::from_millis(50)));
        assert_eq!(terms.duration, Duration::from_secs(60));
        let none = Thresholds::default();
        assert_eq!((none.percent(), none.terms()), (65.0, Terms::default()));
    }

    #[test]
    fn a_key_that_is_none_and_a_number_that_cannot_be_are_errors() {
        let unknown = format!("{:#}", of("p96-ms = 50").unwrap_err());
        assert!(unknown.contains("unknown field `p96-ms`"), "{unknown}");
        assert!(of("rate = \"many\"").is_err());
        for text in [
            "rate = 0",
            "threshold = 101.0",
            "seconds = 90000",
            "memory-mib = 0",
        ] {
            assert!(of(text).unwrap().check().is_err(), "{text}");
        }
        assert!(Thresholds::default().check().is_ok());
    }
}
