//! A server of the same build that the runner starts for itself, with the founding fleet (spec R8.02): what writes or breaks things runs there.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    client::{Call, Client},
    process::Process,
    target::{Target, ask},
};

/// The first operator, whose secret lies in the data directory.
const OPERATOR: &str = "SYSTEM-001";

/// A running twin. It is killed when dropped, and its data go with it.
#[derive(Debug)]
pub struct Twin {
    /// The twin as its operator meets it.
    pub target: Target,
    process: Process,
    _directory: TempDir,
}

impl Twin {
    /// Starts one, on an embedded database or on an empty one at a URL.
    ///
    /// # Errors
    /// When the binary was not built, does not start, or does not let its operator in.
    pub async fn start(database_url: Option<&str>) -> Result<Self> {
        let directory = tempfile::tempdir().context("a data directory")?;
        let process = Process::start("dev", directory.path(), database_url).await?;
        let token = log_in(&process.address, directory.path()).await?;
        let target = Target::reach(&process.address, Some(&process.admin_address), &token).await;
        Ok(Self {
            target: target.context("the twin")?,
            process,
            _directory: directory,
        })
    }

    /// Everything that it has said.
    #[must_use]
    pub fn said(&self) -> String {
        self.process.said()
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// When it does not end in order.
    pub async fn stop(self) -> Result<()> {
        let status = self.process.terminate().await?;
        anyhow::ensure!(status.success(), "the twin ended with {status}");
        Ok(())
    }
}

async fn log_in(address: &str, directory: &Path) -> Result<String> {
    let secret =
        fs::read_to_string(directory.join("operator.secret")).context("the operator's secret")?;
    let call = Call::mutation("authenticate")
        .with("agentId", "ID!", OPERATOR)
        .with("secret", "String!", secret.trim())
        .selecting("token");
    let session: Value = ask(&Client::new(address), &call).await?;
    let token = session["token"].as_str().context("a session has a token")?;
    Ok(token.to_owned())
}
