//! A server in this process: the one file of the suite that knows the house from inside.
//!
//! Production, tests and demo are built by the same function; what differs here is a clock that a scenario can move.

use std::{net::SocketAddr, path::Path, time::Duration};

use anyhow::{Context as _, Result};
use serde_json::Value;
use ziggie::app::{self, Config, Running};

/// What the server was built from: a hash over its sources.
pub const BUILD: &str = ziggie::BUILD_HASH;

/// A running server, reached over real HTTP and WebSocket like any other.
pub struct Server {
    running: Running,
}

impl Server {
    /// Starts a server on free ports of 127.0.0.1; `settings` are those of a configuration file, as an object.
    ///
    /// # Errors
    /// When the server does not start, or there are no such settings.
    pub async fn start(
        data_dir: &Path,
        database_url: Option<&str>,
        founding: bool,
        settings: Value,
    ) -> Result<Self> {
        let settings: Config = serde_json::from_value(settings).context("settings")?;
        let config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            admin_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data_dir: data_dir.to_owned(),
            database_url: database_url.map(str::to_owned),
            // Each costs a PostgreSQL server a process, and a scenario has a handful of people.
            database_connections: 2,
            asset_folder_shared: true,
            founding,
            ..settings
        };
        Ok(Self {
            running: app::start(config).await?,
        })
    }

    /// Where it answers GraphQL.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// Where it answers operators.
    #[must_use]
    pub fn admin_address(&self) -> SocketAddr {
        self.running.admin_address
    }

    /// Lets time pass for this server alone.
    pub fn advance(&self, by: Duration) {
        self.running.clock.advance(by);
    }

    /// Drains and stops.
    ///
    /// # Errors
    /// When a part of the server failed while it ended.
    pub async fn stop(self) -> Result<()> {
        self.running.shutdown().await
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.running.address)
            .finish_non_exhaustive()
    }
}

/// Brings an empty database to the newest schema, without agents or anything else in it: the one at a URL, else the embedded one of a data
/// directory, which gets the key that its contents will be sealed under.
///
/// # Errors
/// When the database cannot be reached or a migration fails.
pub async fn migrate(data_dir: &Path, database_url: Option<&str>) -> Result<()> {
    let config = Config {
        data_dir: data_dir.to_owned(),
        database_url: database_url.map(str::to_owned),
        database_connections: 1,
        ..Config::default()
    };
    app::migrate(&config).await?;
    Ok(())
}
