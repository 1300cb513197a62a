//! The long runs: what is tried until it breaks (`cargo xtask soak`). A short seeded sample of each runs with the tests; the full
//! runs are started by hand, and what they found is committed under `features/results`.

use std::{collections::BTreeMap, fs};

use serde_json::{Value, json};

pub mod crash;
pub mod fsync;

mod check;
mod installation;
mod pair;
mod staff;

/// What a run was done on, for whoever compares its figures with another's.
#[must_use]
pub fn machine() -> Value {
    let first = |path: &str, key: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines()
            .find_map(|line| {
                Some(
                    line.strip_prefix(key)?
                        .trim_matches([' ', '\t', ':'])
                        .to_owned(),
                )
            })
            .unwrap_or_else(|| "unknown".to_owned())
    };
    json!({
        "cpu": first("/proc/cpuinfo", "model name"),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "memory": first("/proc/meminfo", "MemTotal"),
        "kernel": first("/proc/sys/kernel/osrelease", ""),
    })
}

/// Counts by name; sums of several add up.
#[derive(Clone, Debug, Default)]
pub struct Counts(BTreeMap<&'static str, u64>);

impl Counts {
    /// Adds to one of them.
    pub fn add(&mut self, name: &'static str, more: u64) {
        *self.0.entry(name).or_default() += more;
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: &Self) {
        for (name, more) in &other.0 {
            self.add(name, *more);
        }
    }

    /// As a JSON object.
    #[must_use]
    pub fn json(&self) -> Value {
        json!(self.0)
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let each: Vec<_> = self
            .0
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        f.write_str(&each.join(", "))
    }
}
