//! An installation of one or more processes that can be killed and started again.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use anyhow::{Context as _, Result, ensure};
use gates::client::Client;
use tempfile::TempDir;

use crate::{
    database::{Databases, Own},
    process::{FREE, Process, lasting_address},
    word::Agent,
    world::{SESSION, authenticate, expect_success},
};

/// The file of the master key, which replicas share.
const MASTER_KEY: &str = "master.key";

/// Data directories over one database, each with a process or none.
pub(crate) struct Installation<'a> {
    databases: &'a Databases,
    own: Own,
    places: Vec<Place>,
    /// What its processes are set to.
    settings: &'a [(&'a str, &'a str)],
    /// The token of the first operator; it stays good when processes come and go.
    operator: String,
}

struct Place {
    directory: TempDir,
    /// Where its process listens.
    address: String,
    process: Option<Process>,
}

impl<'a> Installation<'a> {
    /// Starts so many processes on an empty database; before the first of them one for each of `in_vain`, killed after that time.
    pub(crate) async fn found(
        databases: &'a Databases,
        replicas: usize,
        in_vain: &[Duration],
    ) -> Result<Self> {
        Self::found_with(&[], databases, replicas, in_vain).await
    }

    /// The same, with settings by their variables.
    pub(crate) async fn found_with(
        settings: &'a [(&'a str, &'a str)],
        databases: &'a Databases,
        replicas: usize,
        in_vain: &[Duration],
    ) -> Result<Self> {
        let anywhere = vec![FREE.to_owned(); replicas];
        Self::found_at(anywhere, settings, databases, in_vain).await
    }

    /// The same without settings, each process at an address that stays its own when it is started again: for programs that are told once
    /// where it is.
    pub(crate) async fn found_lasting(databases: &'a Databases, replicas: usize) -> Result<Self> {
        let addresses: Result<Vec<_>> = (0..replicas).map(|_| lasting_address()).collect();
        Self::found_at(addresses?, &[], databases, &[]).await
    }

    async fn found_at(
        addresses: Vec<String>,
        settings: &'a [(&'a str, &'a str)],
        databases: &'a Databases,
        in_vain: &[Duration],
    ) -> Result<Self> {
        let own = databases.own().await?;
        let mut installation = Self {
            databases,
            own,
            places: Vec::new(),
            settings,
            operator: String::new(),
        };
        for address in addresses {
            let directory = tempfile::tempdir().context("a data directory")?;
            if let Some(first) = installation.places.first() {
                let copy = directory.path().join(MASTER_KEY);
                fs::copy(first.directory.path().join(MASTER_KEY), &copy)
                    .context("sharing the master key")?;
                fs::set_permissions(&copy, fs::Permissions::from_mode(0o600))?;
            }
            let place = Place {
                directory,
                address,
                process: None,
            };
            installation.places.push(place);
            if installation.places.len() == 1 {
                for lives in in_vain {
                    installation.start_in_vain(0, *lives).await?;
                }
            }
            installation.start(installation.places.len() - 1).await?;
        }
        installation.operator = installation.log_in().await?;
        Ok(installation)
    }

    async fn log_in(&self) -> Result<String> {
        let place = self
            .places
            .first()
            .context("an installation has a process")?;
        let secret = fs::read_to_string(place.directory.path().join("operator.secret"))
            .context("the operator's secret")?;
        let call = authenticate(&Agent::operator(), secret.trim()).selecting(SESSION);
        let answer = self.client(0)?.send(&call).await?;
        let token = &expect_success(&answer)?["authenticate"]["token"];
        Ok(token.as_str().context("a session has a token")?.to_owned())
    }

    /// Starts the process of a place that has none, and waits until it serves.
    pub(crate) async fn start(&mut self, number: usize) -> Result<()> {
        let (url, settings) = (self.own.url.clone(), self.settings);
        let place = self.place(number)?;
        let (address, directory) = (&place.address, place.directory.path());
        let process =
            Process::start_with(address, settings, "serve", directory, url.as_deref()).await;
        place.process = Some(process.with_context(|| format!("starting process {number}"))?);
        Ok(())
    }

    /// Starts a process and kills it after a time, wherever it has come to.
    pub(crate) async fn start_in_vain(&mut self, number: usize, lives: Duration) -> Result<()> {
        let url = self.own.url.clone();
        let place = self.place(number)?;
        Process::start_in_vain("serve", place.directory.path(), url.as_deref(), lives).await
    }

    /// Kills a process as `kill -9` does.
    pub(crate) async fn kill(&mut self, number: usize) -> Result<()> {
        match self.place(number)?.process.take() {
            Some(process) => process.kill().await,
            None => Ok(()),
        }
    }

    /// Asks a process to stop, and waits until it has.
    pub(crate) async fn terminate(&mut self, number: usize) -> Result<()> {
        let process = self.place(number)?.process.take();
        let process = process.with_context(|| format!("process {number} does not run"))?;
        let ended = process.terminate().await?;
        ensure!(ended.success(), "process {number} ended with {ended}");
        Ok(())
    }

    /// Where a process has its data.
    pub(crate) fn data_dir(&self, number: usize) -> Result<&Path> {
        let place = self.places.get(number);
        let place = place.with_context(|| format!("there is no process {number}"))?;
        Ok(place.directory.path())
    }

    /// Where a process listens.
    pub(crate) fn address(&self, number: usize) -> Result<&str> {
        Ok(&self.process(number)?.address)
    }

    /// Where the database is; `None` for the embedded file.
    pub(crate) fn url(&self) -> Option<&str> {
        self.own.url.as_deref()
    }

    /// Stops a process without ending it.
    pub(crate) fn freeze(&self, number: usize) -> Result<()> {
        self.process(number)?.freeze()
    }

    /// An anonymous client of a process.
    pub(crate) fn client(&self, number: usize) -> Result<Client> {
        Ok(Client::new(self.process(number)?.address.clone()))
    }

    /// The number by which the system knows a process.
    pub(crate) fn process_id(&self, number: usize) -> Result<u32> {
        self.process(number)?.number()
    }

    /// The operator at a process.
    pub(crate) fn operator(&self, number: usize) -> Result<Client> {
        Ok(self.client(number)?.with_token(&self.operator))
    }

    /// Kills what runs and drops the database.
    pub(crate) async fn clear(mut self) -> Result<()> {
        for number in 0..self.places.len() {
            self.kill(number).await?;
        }
        self.databases.release(&self.own).await
    }

    /// Everything that its processes have said, for a report.
    pub(crate) fn said(&self) -> String {
        let processes = self
            .places
            .iter()
            .filter_map(|place| place.process.as_ref());
        processes
            .map(Process::said)
            .collect::<Vec<_>>()
            .join("\n--\n")
    }

    fn process(&self, number: usize) -> Result<&Process> {
        let place = self.places.get(number);
        let process = place.and_then(|place| place.process.as_ref());
        process.with_context(|| format!("process {number} does not run"))
    }

    fn place(&mut self, number: usize) -> Result<&mut Place> {
        self.places
            .get_mut(number)
            .with_context(|| format!("there is no process {number}"))
    }
}
