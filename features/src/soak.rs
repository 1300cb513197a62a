//! The long runs: what is tried until it breaks (`cargo xtask soak`). A short seeded sample of each runs with the tests; the full
//! runs are started by hand, and what they found is committed under `features/results`.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::server;

pub mod crash;
pub mod fsync;
pub mod sprint;
pub mod streams;
pub mod workers;

pub(crate) mod installation;
pub(crate) mod pair;
pub(crate) mod staff;

mod check;
mod reader;

/// What a run was done on, for whoever compares its figures with another's.
fn machine() -> Value {
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

/// Writes what a full run found, with what it was found on.
///
/// # Errors
/// When it cannot be written.
pub fn keep(results: &Path, name: &str, mut found: Value) -> Result<()> {
    found["run"] = json!(name);
    found["build"] = json!(server::BUILD);
    found["machine"] = machine();
    let path = results.join(format!("{name}.json"));
    fs::create_dir_all(results)
        .and_then(|()| fs::write(&path, format!("{found:#}\n")))
        .with_context(|| path.display().to_string())
}

/// Counts by name, which add up, and figures of which the highest counts.
#[derive(Clone, Debug, Default)]
pub struct Counts(BTreeMap<&'static str, u64>, BTreeMap<&'static str, u64>);

impl Counts {
    /// Adds to one of them.
    pub fn add(&mut self, name: &'static str, more: u64) {
        *self.0.entry(name).or_default() += more;
    }

    /// Keeps the highest of a figure, in another place than the sums.
    pub fn highest(&mut self, name: &'static str, figure: u64) {
        let known = self.1.entry(name).or_default();
        *known = figure.max(*known);
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: &Self) {
        for (name, more) in &other.0 {
            self.add(name, *more);
        }
        for (name, figure) in &other.1 {
            self.highest(name, *figure);
        }
    }

    /// As a JSON object.
    #[must_use]
    pub fn json(&self) -> Value {
        json!(self.0.iter().chain(&self.1).collect::<BTreeMap<_, _>>())
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let each: Vec<_> = self
            .0
            .iter()
            .chain(&self.1)
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        f.write_str(&each.join(", "))
    }
}
