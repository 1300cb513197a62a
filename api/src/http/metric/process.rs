//! What this process uses, under the names that every Prometheus client library gives it. Floor 5.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// `process_resident_memory_bytes` and `process_cpu_seconds_total`, as the system said when they were last looked at. Where it does not say (only Linux does),
/// they are not told.
#[derive(Debug)]
pub(super) struct Process {
    registry: Registry,
    memory: Gauge<u64, AtomicU64>,
    cpu: Counter<f64, AtomicU64>,
}

impl Process {
    pub(super) fn new() -> Self {
        let (memory, cpu) = (Gauge::default(), Counter::default());
        let mut registry = Registry::default();
        if usage().is_some() {
            let help = "Memory that the process holds";
            registry.register_with_unit(
                "process_resident_memory",
                help,
                Unit::Bytes,
                memory.clone(),
            );
            let help = "CPU time that the process has used, in user and in system mode";
            registry.register_with_unit("process_cpu", help, Unit::Seconds, cpu.clone());
        }
        Self {
            registry,
            memory,
            cpu,
        }
    }

    /// The two, as they are now.
    pub(super) fn look(&self) -> &Registry {
        if let Some((memory, cpu)) = usage() {
            self.memory.set(memory);
            self.cpu.inc_by((cpu - self.cpu.get()).max(0.0));
        }
        &self.registry
    }
}

/// Bytes of memory and seconds of CPU, from `/proc/self/stat`.
fn usage() -> Option<(u64, f64)> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let page = u64::try_from(rustix::param::page_size()).ok()?;
    read(&text, page, rustix::param::clock_ticks_per_second())
}

/// Reads the line (proc_pid_stat(5)): utime and stime are the 14th and 15th field, rss in pages the 24th.
fn read(text: &str, page: u64, ticks_per_second: u64) -> Option<(u64, f64)> {
    // The name in parentheses may hold anything; what follows it is counted from the third field on.
    let (_, rest) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let ticks = number(14)? + number(15)?;
    Some((number(24)? * page, ticks as f64 / ticks_per_second as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_read_past_a_name_that_looks_like_fields() {
        let line = "7 (a) S 1) S 1 7 7 0 -1 4194304 90 0 0 0 250 50 0 0 20 0 9 0 100 1000000 256 18446744073709551615\n";
        assert_eq!(read(line, 4_096, 100), Some((1 << 20, 3.0)));
        assert_eq!(read("7 (a) S 1", 4_096, 100), None);
    }

    #[test]
    fn the_counter_only_grows() {
        let process = Process::new();
        process.look();
        let before = process.cpu.get();
        process.look();
        assert!(process.cpu.get() >= before && process.memory.get() > 0);
    }
}
