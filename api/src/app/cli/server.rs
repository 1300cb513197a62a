//! `serve` and `dev`: a server until somebody ends it. Floor 6.

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{say, welcome};
use crate::app::config::Config;
use crate::app::running::{self, Running};

/// How a process ends that was told twice.
const IMPATIENT: i32 = 130;

/// Serves until it is told to end.
pub(super) async fn serve(config: Config) -> Result<()> {
    let signals = Signals::listen()?;
    let running = running::start(config).await?;
    say(&addresses(&running))?;
    until_told(running, signals).await
}

/// Serves, and says what to try.
pub(super) async fn dev(config: Config) -> Result<()> {
    let signals = Signals::listen()?;
    let data_dir = config.data_dir.clone();
    let running = running::start(config).await?;
    running::write_operator_token(&running)
        .await
        .context("a token for the operator")?;
    say(&addresses(&running))?;
    say(&welcome::text(&running.url, &data_dir))?;
    until_told(running, signals).await
}

/// Programs that start the server read these lines.
fn addresses(running: &Running) -> String {
    format!(
        "listening on {}\nadmin on http://{}\n",
        running.url, running.admin_address
    )
}

/// The first signal drains, the second ends at once.
async fn until_told(running: Running, mut signals: Signals) -> Result<()> {
    signals.next().await;
    tracing::info!("draining; a second signal ends at once");
    tokio::select! {
        ended = running.shutdown() => ended,
        () = signals.next() => std::process::exit(IMPATIENT),
    }
}

/// SIGXFSZ of Linux and macOS.
const FILE_TOO_LARGE: i32 = 25;

/// Ctrl-C and the service manager's request.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// A file that reaches the limit which the system sets to it is a write that fails, not the end of the process: heard so that the
    /// default, which is to die, does not hold.
    _file_too_large: Signal,
}

impl Signals {
    /// Before the server starts, so that none is missed.
    fn listen() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            _file_too_large: signal(SignalKind::from_raw(FILE_TOO_LARGE))?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
