//! What a process costs, as the system counts it (proc(5)).

use std::{
    fs,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{WaitId, WaitIdOptions, waitid};
use serde_json::{Value, json};
use tokio::{process::Command, time::sleep};

use super::{mebibytes, seconds};
use crate::process::pid;

/// Between two looks at a process's memory.
const GLANCE: Duration = Duration::from_millis(20);

/// What a command cost that was run to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    pub(super) wall: Duration,
    /// Of all its threads, in user and system mode.
    pub(super) cpu: Duration,
    /// The most memory that it held at once, in bytes.
    pub(super) peak: u64,
}

impl Usage {
    pub(super) fn json(&self) -> Value {
        json!({
            "wallSeconds": seconds(self.wall),
            "cpuSeconds": seconds(self.cpu),
            "peakMiB": mebibytes(self.peak),
        })
    }
}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { wall, cpu, peak } = *self;
        write!(
            f,
            "{:.1} s, {:.1} s of CPU, {} MiB",
            seconds(wall),
            seconds(cpu),
            mebibytes(peak)
        )
    }
}

/// Runs a command to its end, its output in a file.
///
/// # Errors
/// When it fails.
pub(super) async fn of(mut command: Command, output: &Path) -> Result<Usage> {
    let begun = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(fs::File::create(output)?)
        .kill_on_drop(true)
        .spawn()?;
    let (id, number) = (pid(&child)?, child.id().context("it runs")?);
    let mut peak = 0;
    // It is looked at before it is waited for: the system forgets what it cost with it.
    let ended = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    while waitid(WaitId::Pid(id), ended)?.is_none() {
        // None once it is ending.
        peak = status(number, "VmHWM:").unwrap_or(0).max(peak);
        sleep(GLANCE).await;
    }
    let (wall, cpu) = (begun.elapsed(), cpu(number)?);
    let ended = child.wait().await?;
    ensure!(ended.success(), "{:?} ended with {ended}", command.as_std());
    Ok(Usage { wall, cpu, peak })
}

/// How much CPU time a process has used.
///
/// # Errors
/// When it is not there.
pub(super) fn cpu(process: u32) -> Result<Duration> {
    let path = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&path).context(path)?;
    // The name in parentheses may hold anything; behind it, utime and stime are the 12th and 13th.
    let (_, fields) = text.rsplit_once(") ").context("the name of a process")?;
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u64>);
    let ticks: u64 = ticks.sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(
        ticks * 1_000 / rustix::param::clock_ticks_per_second(),
    ))
}

/// How much memory a process holds, in bytes.
///
/// # Errors
/// When it is not there.
pub(super) fn memory(process: u32) -> Result<u64> {
    status(process, "VmRSS:")
}

fn status(process: u32, name: &str) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    let text = fs::read_to_string(&path).context(path)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
    let kibibytes: u64 = kibibytes.with_context(|| name.to_owned())?.parse()?;
    Ok(kibibytes * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_command_costs_is_seen() {
        let output = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; echo done",
        ]);
        let usage = of(command, output.path()).await.unwrap();
        assert_eq!(fs::read_to_string(output.path()).unwrap(), "done\n");
        assert!(usage.cpu > Duration::ZERO && usage.cpu <= usage.wall * 2);
        assert!(usage.peak > 100_000);
        assert!(memory(std::process::id()).unwrap() > 100_000);
        assert!(of(Command::new("false"), output.path()).await.is_err());
    }
}
