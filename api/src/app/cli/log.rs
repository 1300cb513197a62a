//! The log of a process: standard error, structured (spec R10.04). Floor 6.

use std::io::IsTerminal;

use anyhow::{Context, Result, anyhow};
use tracing_subscriber::EnvFilter;

use crate::app::config::{Log, LogFormat};

/// Starts it, once for the process.
pub(super) fn start(log: &Log) -> Result<()> {
    let filter =
        EnvFilter::try_new(&log.level).with_context(|| format!("log.level `{}`", log.level))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match log.format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow!("the log cannot be started: {error}"))
}
