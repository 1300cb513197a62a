//! The parts of a server below the edge: what `serve` and the commands of an owner stand on alike. Floor 6.

use std::time::Duration;

use anyhow::{Context, Result};

use super::config::Config;
use super::data_dir::{DataDir, FoundKey, write_private};
use super::shelf;
use crate::auth::key::MasterKey;
use crate::auth::secret::Secret;
use crate::error::Error;
use crate::service::Service;
use crate::service::first_start;
use crate::service::sprint::Templates;
use crate::store::Database;
use crate::store::clock::Clock;

/// How long the last refusals may take to be recorded.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long connections that are at work may take to be given back.
const CLOSING: Duration = Duration::from_secs(5);

/// The use cases over an open database.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) service: Service,
}

/// Where a configuration keeps its data.
pub(super) fn database(config: &Config, data_dir: &DataDir) -> Database {
    match &config.database_url {
        Some(url) => Database::Postgres {
            url: url.clone(),
            max_connections: config.database_connections,
        },
        None => Database::Sqlite(data_dir.database()),
    }
}

impl Parts {
    /// Migrates and opens the database, makes sure of the first start's rows and keys, and starts what runs beneath the use cases.
    pub(super) async fn open(config: &Config, data_dir: &DataDir, clock: Clock) -> Result<Self> {
        let FoundKey { key, made } = data_dir.find_master_key(config)?;
        let opened = open(config, data_dir, clock, &key).await;
        if let (Err(_), Some(path), Some(_)) = (&opened, made, &config.database_url) {
            // A shared database may be sealed under another key: one that was made for nothing must not lie about as if it opened it.
            std::fs::remove_file(path)?;
        }
        Ok(Self { service: opened? })
    }

    /// Ends it, after what waits to be recorded was recorded, and closes the database.
    pub(super) async fn close(self) {
        if tokio::time::timeout(LAST_WORDS, self.service.denials.flush())
            .await
            .is_err()
        {
            tracing::warn!("the last refusals could not be recorded in time");
        }
        let db = self.service.db.clone();
        // Whoever still reads ends first: a closed database would only surprise it.
        drop(self.service);
        match tokio::time::timeout(CLOSING, db.close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the database could not be closed"),
            Err(_) => tracing::warn!("the database could not be closed in time"),
        }
    }
}

async fn open(
    config: &Config,
    data_dir: &DataDir,
    clock: Clock,
    key: &MasterKey,
) -> Result<Service> {
    let database = database(config, data_dir);
    if matches!(database, Database::Sqlite(_)) {
        data_dir.make_database()?;
    }
    database.migrate().await.context("migrating the database")?;
    let db = database.open(clock).await?;
    let hand_over = |secret: &Secret| {
        write_private(&data_dir.operator_secret(), &secret.expose())
            .map_err(|error| Error::internal(format!("{error:#}")))
    };
    first_start::prepare(&db, key, hand_over)
        .await
        .map_err(explained)
        .context("the first start")?;
    let shelf = shelf::open(config, data_dir)?;
    let mut settings = config.limits.of_use();
    if let Some(folder) = &config.templates {
        let templates = Templates::of_folder(folder);
        settings.templates = templates.map_err(|faults| anyhow::anyhow!("templates:\n{faults}"))?;
    }
    let service = Service::open(db, shelf, key, settings).await;
    service.context("opening the keys of this installation")
}

/// A domain error with its inner half: for whoever owns the data directory, not for clients.
pub(super) fn explained(error: Error) -> anyhow::Error {
    match error {
        Error::Internal(cause) => anyhow::anyhow!("{}", cause.0),
        other => anyhow::anyhow!("{other}"),
    }
}
