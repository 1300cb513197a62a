//! `postgres -- COMMAND ARGUMENTS…`: runs a command with a PostgreSQL server for its tests. A guest's tool, started by
//! `cargo xtask`; where the server comes from says `features::postgres`.

use std::{
    ffi::OsString,
    process::{ExitCode, ExitStatus},
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Parser;
use features::postgres::{Missing, Postgres, URL_VARIABLE};
use rustix::process::{Pid, kill_process};
use tokio::{
    process::{Child, Command},
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};

/// Runs a command with ZIGGIE_TEST_POSTGRES_URL naming a PostgreSQL server, and ends as the command does.
///
/// The server is the one that the variable names already, else a container that is removed when the command has ended.
/// Exit status 69 means that there is neither; the command was not run then.
#[derive(Parser)]
#[command(name = "postgres")]
struct Arguments {
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// `EX_UNAVAILABLE` of sysexits.h: there is no PostgreSQL to be had.
const UNAVAILABLE: u8 = 69;

/// How long a command that was told to stop may take before it is killed.
const GRACE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(status) => status,
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.is::<Missing>() {
                ExitCode::from(UNAVAILABLE)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode> {
    let mut stop = Stop::listen()?;
    let obtaining = Postgres::obtain();
    tokio::pin!(obtaining);
    // Dropped half-way, the start would leave its container behind: a signal waits for it, a second one does not.
    let (server, stopped) = tokio::select! {
        server = &mut obtaining => (server?, None),
        signal = stop.asked() => tokio::select! {
            server = &mut obtaining => (server?, Some(signal)),
            _ = stop.asked() => return Ok(ended_by(signal)),
        },
    };
    let outcome = match stopped {
        Some(signal) => Ok(ended_by(signal)),
        None => with_server(&arguments.command, server.url(), &mut stop).await,
    };
    server.remove().await?;
    outcome
}

async fn with_server(command: &[OsString], url: &str, stop: &mut Stop) -> Result<ExitCode> {
    let (program, arguments) = command.split_first().context("no command given")?;
    let mut child = Command::new(program)
        .args(arguments)
        .env(URL_VARIABLE, url)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("starting {}", program.display()))?;
    tokio::select! {
        status = child.wait() => Ok(exit_code(status?)),
        signal = stop.asked() => {
            end(&mut child).await?;
            Ok(ended_by(signal))
        }
    }
}

/// Ends the command before its server goes. From a terminal it heard the signal too; told twice does no harm.
async fn end(child: &mut Child) -> Result<()> {
    if let Some(id) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
        kill_process(id, rustix::process::Signal::TERM).context("stopping the command")?;
    }
    if timeout(GRACE, child.wait()).await.is_err() {
        child.kill().await.context("killing the command")?;
    }
    Ok(())
}

/// The signals that ask this process to stop.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Stop {
    fn listen() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn asked(&mut self) -> SignalKind {
        tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.hangup.recv() => SignalKind::hangup(),
        }
    }
}

/// As a shell tells it: 128 and the signal's number.
fn ended_by(signal: SignalKind) -> ExitCode {
    shell_code(128 + signal.as_raw_value())
}

fn exit_code(status: ExitStatus) -> ExitCode {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => shell_code(code),
        (None, Some(signal)) => shell_code(128 + signal),
        (None, None) => ExitCode::FAILURE,
    }
}

fn shell_code(code: i32) -> ExitCode {
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}
