//! The scenario's server: in this process or as a process of its own, with a data directory and a database that nobody
//! else uses.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use gates::client::Client;
use serde_json::{Map, Value};
use tempfile::TempDir;

use super::guest::{self, Interpreter, Names};
use crate::{
    database::{Databases, Own},
    process::{self, Process},
    server::Server,
};

#[derive(Debug)]
enum Host {
    InProcess(Server),
    Process(Process),
    /// Somebody else's, which others use too.
    Guest(Interpreter),
    Stopped,
}

/// A data directory, a database and at most one server on them.
#[derive(Debug)]
pub struct House {
    databases: Arc<Databases>,
    own: Own,
    data_dir: TempDir,
    host: Host,
    client: Client,
    /// Where the binary is to listen.
    address: String,
    /// What the binary is started as.
    command: &'static str,
    /// What the server in this process is told beside where it is.
    settings: Map<String, Value>,
}

impl House {
    pub(super) async fn build(databases: Arc<Databases>) -> Result<Self> {
        let own = databases.own().await?;
        let data_dir = tempfile::tempdir().context("a data directory")?;
        Ok(Self {
            databases,
            own,
            data_dir,
            host: Host::Stopped,
            client: Client::new(process::FREE),
            address: process::FREE.to_owned(),
            command: "serve",
            settings: Map::new(),
        })
    }

    /// Has the server in this process start with a setting: `limits.agent_rate`.
    pub fn set(&mut self, key: &str, value: Value) {
        match key.split_once('.') {
            None => {
                self.settings.insert(key.to_owned(), value);
            }
            Some((table, key)) => {
                let table = self
                    .settings
                    .entry(table)
                    .or_insert_with(|| Map::new().into());
                table[key] = value;
            }
        }
    }

    /// Starts the server in this process; or goes to the one that the run was given.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn open(&mut self, founding: bool) -> Result<()> {
        if let Some(host) = self.databases.host() {
            guest::refuse(
                founding,
                "it begins with the founding fleet and nothing else",
            )?;
            guest::refuse(!self.settings.is_empty(), "it is told its settings")?;
            let interpreter = Interpreter::open(host.address.clone(), Names::unheard_of()).await?;
            self.client = Client::new(interpreter.address().to_string());
            self.host = Host::Guest(interpreter);
            return Ok(());
        }
        self.databases.furnish(self.data_dir.path())?;
        let (data_dir, url) = (self.data_dir.path(), self.own.url.as_deref());
        let server = Server::start(data_dir, url, founding, self.settings.clone().into()).await?;
        self.client = Client::new(server.address().to_string());
        self.host = Host::InProcess(server);
        Ok(())
    }

    /// Has the binary listen at one address whenever it is started, with the founding fleet or without, for programs that are told once where
    /// it is.
    ///
    /// # Errors
    /// When no address is free.
    pub fn settle(&mut self, founding: bool) -> Result<()> {
        self.is_own("it is started and stopped")?;
        self.address = process::lasting_address()?;
        self.command = if founding { "dev" } else { "serve" };
        Ok(())
    }

    /// Starts the real binary.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn launch(&mut self) -> Result<()> {
        self.is_own("it is started and stopped")?;
        let (data_dir, url) = (self.data_dir.path(), self.own.url.as_deref());
        let process = Process::start_at(&self.address, self.command, data_dir, url).await?;
        self.client = Client::new(process.address.clone());
        self.host = Host::Process(process);
        Ok(())
    }

    /// The process, to be stopped by the caller; the house has none afterwards.
    ///
    /// # Errors
    /// When the server is not a process.
    pub fn take_process(&mut self) -> Result<Process> {
        match std::mem::replace(&mut self.host, Host::Stopped) {
            Host::Process(process) => Ok(process),
            host => {
                self.host = host;
                self.is_own("it is started and stopped")?;
                bail!("the server is not a process of its own")
            }
        }
    }

    /// The process.
    ///
    /// # Errors
    /// When the server is not one.
    pub fn process(&self) -> Result<&Process> {
        match &self.host {
            Host::Process(process) => Ok(process),
            Host::Guest(_) => Err(guest::needs_its_own("it is started and stopped")),
            Host::InProcess(_) | Host::Stopped => bail!("the server is not a process of its own"),
        }
    }

    /// Ends every connection to the database and lets nobody in.
    ///
    /// # Errors
    /// Where the database is a file.
    pub async fn cut_database_off(&self) -> Result<()> {
        self.is_own("its database is cut off")?;
        self.databases.cut_off(&self.own).await
    }

    /// Lets everybody in again.
    ///
    /// # Errors
    /// Where the database is a file.
    pub async fn bring_database_back(&self) -> Result<()> {
        self.is_own("its database is cut off")?;
        self.databases.bring_back(&self.own).await
    }

    /// Stops the server and drops the database.
    ///
    /// # Errors
    /// When the database cannot be dropped.
    pub async fn tear_down(mut self) -> Result<()> {
        let stopped = match std::mem::replace(&mut self.host, Host::Stopped) {
            Host::InProcess(server) => server.stop().await,
            // A process is killed when dropped.
            Host::Process(_) | Host::Guest(_) | Host::Stopped => Ok(()),
        };
        self.databases.release(&self.own).await?;
        stopped
    }

    /// Where the server answers.
    ///
    /// # Errors
    /// When none runs.
    pub fn address(&self) -> Result<String> {
        match &self.host {
            Host::InProcess(server) => Ok(server.address().to_string()),
            Host::Process(process) => Ok(process.address.clone()),
            Host::Guest(interpreter) => Ok(interpreter.address().to_string()),
            Host::Stopped => bail!("no server runs"),
        }
    }

    /// An anonymous client of the server.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// An anonymous client of the admin address.
    ///
    /// # Errors
    /// When no server runs.
    pub fn admin(&self) -> Result<Client> {
        match &self.host {
            Host::InProcess(server) => Ok(Client::new(server.admin_address().to_string())),
            Host::Process(process) => Ok(Client::new(process.admin_address.clone())),
            Host::Guest(_) => {
                let admin = self.databases.host().and_then(|host| host.admin.clone());
                let asked =
                    "it is asked where operators are answered, and nobody said where that is";
                Ok(Client::new(
                    admin.ok_or_else(|| guest::needs_its_own(asked))?,
                ))
            }
            Host::Stopped => bail!("no server runs"),
        }
    }

    /// Where the server answers, where its files lie, and how to have a token of it: for a person who looks into it.
    #[must_use]
    pub fn how_to_get_in(&self) -> String {
        let admin = self.admin();
        let (address, admin) = match (&self.host, &admin) {
            (Host::Guest(_), _) => (self.client.address(), String::new()),
            (Host::Stopped, _) | (_, Err(_)) => ("none: it was stopped", String::new()),
            (_, Ok(admin)) => (
                self.client.address(),
                format!(", admin {}", admin.address()),
            ),
        };
        format!(
            "left up: {address}{admin}, data directory {}\na token: ziggie token SYSTEM-001 {}",
            self.data_dir.path().display(),
            self.own_flags().join(" ")
        )
    }

    /// Where the server keeps its files.
    ///
    /// # Errors
    /// Where the server is somebody else's.
    pub fn data_dir(&self) -> Result<&Path> {
        self.is_own("it is looked into from behind")?;
        Ok(self.data_dir.path())
    }

    /// Its database, where it is not a file.
    ///
    /// # Errors
    /// Where the server is somebody else's.
    pub fn database_url(&self) -> Result<Option<&str>> {
        self.is_own("it is looked into from behind")?;
        Ok(self.own.url.as_deref())
    }

    /// The flags that lead a command to this house's data.
    ///
    /// # Errors
    /// Where the server is somebody else's.
    pub fn flags(&self) -> Result<Vec<String>> {
        self.is_own("its owner gives commands")?;
        Ok(self.own_flags())
    }

    fn own_flags(&self) -> Vec<String> {
        let mut flags = vec![
            "--data-dir".to_owned(),
            self.data_dir.path().to_string_lossy().into_owned(),
        ];
        if let Some(url) = &self.own.url {
            flags.extend(["--database-url".to_owned(), url.clone()]);
        }
        flags
    }

    /// Where the first start left the operator's secret.
    ///
    /// # Errors
    /// Where the server is somebody else's.
    pub fn operator_secret_path(&self) -> Result<PathBuf> {
        Ok(self.data_dir()?.join("operator.secret"))
    }

    pub(super) fn operator_secret(&self) -> Result<String> {
        let path = self.operator_secret_path()?;
        let secret =
            std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        Ok(secret.trim().to_owned())
    }

    /// The operator's token, where the run was given one.
    pub(super) fn operator_token(&self) -> Option<&str> {
        self.databases.host().map(|host| host.token.as_str())
    }

    fn is_own(&self, what: &str) -> Result<()> {
        guest::refuse(self.databases.host().is_some(), what)
    }

    pub(super) fn advance(&self, time: Duration) -> Result<()> {
        match &self.host {
            Host::InProcess(server) => {
                server.advance(time);
                Ok(())
            }
            Host::Guest(_) => Err(guest::needs_its_own("time passes on its clock")),
            Host::Process(_) | Host::Stopped => {
                bail!("only the clock of a server in this process can be moved")
            }
        }
    }
}
