//! No mutation on SQLite is answered before it is on disk (design "Acknowledged means durable"), proved by the system's own record.
//!
//! Clients send mutations, one after the other each, while strace writes down what the server asks of the system. For each answer that
//! goes into a socket there must be an `fdatasync` of the write-ahead log that began after the request came out of that socket and had
//! ended before the answer went in. How many mutations share one is the measure of the grouping.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::{installation::Installation, staff};
use crate::{
    database::{Choice, Databases},
    process::pid,
};

mod trace;

/// What was measured with so many clients.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// How many clients sent mutations at once.
    pub clients: usize,
    /// How many were answered in a second, nobody looking.
    pub per_second: f64,
    /// How many answers were followed through the trace.
    pub proved: usize,
    /// How many times the log was synced meanwhile.
    pub syncs: usize,
}

impl Measure {
    /// Syncs for each mutation.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a ratio of small counts")]
    pub fn syncs_each(&self) -> f64 {
        self.syncs as f64 / self.proved as f64
    }

    /// As a JSON object.
    #[must_use]
    pub fn json(&self) -> Value {
        let rounded = |number: f64| (number * 1_000.0).round() / 1_000.0;
        json!({
            "clients": self.clients,
            "mutationsPerSecond": self.per_second.round(),
            "answersProved": self.proved,
            "syncs": self.syncs,
            "syncsPerMutation": rounded(self.syncs_each()),
        })
    }
}

/// Whether strace is there and may look at another process: some systems let it look at its own children only.
pub async fn can_trace() -> bool {
    try_tracing().await.is_ok()
}

async fn try_tracing() -> Result<()> {
    let mut other = Command::new("sleep")
        .arg("60")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let record = tempfile::NamedTempFile::new()?;
    let id = other.id().context("it sleeps")?;
    detach(attach(id, record.path()).await?).await?;
    Ok(other.kill().await?)
}

/// Measures and proves with so many clients, each of whom sends so many mutations twice: unobserved, and traced.
///
/// # Errors
/// When an answer went out before its change was on disk, and when the server or strace does not work.
pub async fn run(clients: usize, each: usize) -> Result<Measure> {
    let databases = Databases::prepare(Choice::Sqlite).await?;
    let installation = Installation::found(&databases, 1, &[]).await?;
    let pairs = staff::hire(&installation.operator(0)?, clients, 0).await?;
    let door = installation.client(0)?;
    // Connections are opened and caches warm.
    staff::create_tasks(&door, &pairs, Some("warm"), each.div_ceil(10)).await?;
    let begun = Instant::now();
    staff::create_tasks(&door, &pairs, Some("free"), each).await?;
    let took = begun.elapsed();

    let record = tempfile::NamedTempFile::new().context("a place for the record")?;
    let tracer = attach(installation.process_id(0)?, record.path()).await?;
    staff::create_tasks(&door, &pairs, Some("traced"), each).await?;
    detach(tracer).await?;
    installation.clear().await?;
    databases.finish().await?;

    let text = tokio::fs::read_to_string(record.path())
        .await
        .context("the record")?;
    let found = trace::check(&text)?;
    let sent = clients * each;
    ensure!(
        found.answers == sent,
        "{} of {sent} answers are in the record",
        found.answers
    );
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let per_second = sent as f64 / took.as_secs_f64();
    Ok(Measure {
        clients,
        per_second,
        proved: found.answers,
        syncs: found.syncs,
    })
}

/// How long strace may take to attach to every thread, and to let go.
const PATIENCE: Duration = Duration::from_secs(30);

async fn attach(process: u32, record: &Path) -> Result<Child> {
    let mut tracer = Command::new("strace")
        .args(["-f", "-ttt", "-T", "-y", "-s", "16", "-e", "signal=none"])
        .args([
            "-e",
            "trace=fdatasync,fsync,recvfrom,read,sendto,sendmsg,write,writev",
        ])
        .arg("-o")
        .arg(record)
        .args(["-p", &process.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("strace")?;
    // It says so for each thread; after the last one it is silent, and the server's next system call is in the record.
    let stderr = tracer.stderr.take().context("what strace says")?;
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(stderr));
    let attached = tokio::time::timeout(PATIENCE, lines.next_line())
        .await
        .context("strace attaches")??;
    let attached = attached.context("strace said nothing")?;
    ensure!(
        attached.contains("attached"),
        "strace cannot look: {attached}"
    );
    // Whatever else it says must not fill the pipe.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok(tracer)
}

async fn detach(mut tracer: Child) -> Result<()> {
    let id = pid(&tracer).context("strace")?;
    rustix::process::kill_process(id, rustix::process::Signal::INT).context("ending strace")?;
    tokio::time::timeout(PATIENCE, tracer.wait())
        .await
        .context("strace lets go")??;
    Ok(())
}
