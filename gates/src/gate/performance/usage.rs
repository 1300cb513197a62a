//! What a process uses: a server's by its metrics, our own by what the system says.

use std::{fs, time::Duration};

use crate::target::Target;

/// What a server uses, by its own metrics.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    /// Bytes that it holds.
    pub(super) memory: u64,
    /// Seconds of CPU that it has used since it was started.
    pub(super) cpu: f64,
}

impl Usage {
    /// None where the metrics are not to be had.
    pub(super) async fn read(target: &Target) -> Option<Self> {
        let page = target.admin.as_ref()?.get("/metrics").await.ok()?;
        Self::of(&page.body)
    }

    fn of(text: &str) -> Option<Self> {
        let value = |name: &str| -> Option<f64> {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
        };
        Some(Self {
            memory: value("process_resident_memory_bytes")? as u64,
            cpu: value("process_cpu_seconds_total")?,
        })
    }
}

/// How much CPU this process has used; none where the system does not say.
pub(super) fn own_cpu() -> Option<Duration> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold anything; behind it, utime and stime are the 12th and 13th.
    let (_, fields) = text.rsplit_once(") ")?;
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u64>);
    let ticks: u64 = ticks.sum::<Result<u64, _>>().ok()?;
    Some(Duration::from_millis(
        ticks * 1_000 / rustix::param::clock_ticks_per_second(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_cpu_stand_in_the_metrics() {
        let text = "# TYPE process_cpu_seconds counter\nprocess_cpu_seconds_total 2.5\nprocess_resident_memory_bytes 1048576\n# EOF\n";
        let usage = Usage::of(text).map(|usage| (usage.memory, usage.cpu));
        assert_eq!(usage, Some((1 << 20, 2.5)));
        assert!(Usage::of("# EOF\n").is_none());
    }
}
