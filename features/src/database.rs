//! A database of its own for each scenario, copied from one migrated template: a SQLite file in its data directory, or a PostgreSQL database.

use std::{
    fmt, fs,
    path::Path,
    str::FromStr,
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::{Context as _, Result, bail};
use sea_orm::{ConnectOptions, ConnectionTrait as _, DatabaseConnection};
use tempfile::TempDir;

use crate::{postgres::Postgres as Server, server, world::Host};

/// Which of the two a run is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The embedded file.
    Sqlite,
    /// A PostgreSQL server, started for the run unless one is named.
    Postgres,
}

impl Choice {
    /// The tag of the scenarios that are for this database alone.
    #[must_use]
    pub fn only(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite-only",
            Self::Postgres => "postgres-only",
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Sqlite => Self::Postgres,
            Self::Postgres => Self::Sqlite,
        }
    }
}

impl FromStr for Choice {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "sqlite" => Ok(Self::Sqlite),
            "postgres" => Ok(Self::Postgres),
            other => bail!("{other} is neither sqlite nor postgres"),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        })
    }
}

/// The embedded database in its data directory.
const EMBEDDED: &str = "ziggie.db";
/// What it is sealed under.
const KEY: &str = "master.key";

/// Where the scenarios of one run get their databases.
pub struct Databases {
    /// A data directory in which nothing was ever served: an embedded database of the newest schema, and its key.
    embedded: TempDir,
    postgres: Option<Postgres>,
    /// The server of somebody else's on which scenarios are guests.
    host: Option<Host>,
}

struct Postgres {
    // Ends the server when the run is over.
    server: Server,
    admin: DatabaseConnection,
    /// The beginning of every name, which keeps two runs on one server apart.
    prefix: String,
    made: AtomicUsize,
}

/// A scenario's own PostgreSQL database; on SQLite there is nothing to hold, the file lies in the data directory.
#[derive(Clone, Debug, Default)]
pub struct Own {
    name: Option<String>,
    /// Where it is; `None` for the embedded file.
    pub url: Option<String>,
}

impl Databases {
    /// Gets everything ready, the migrated template included.
    ///
    /// # Errors
    /// When there is no PostgreSQL to be had or the template cannot be made.
    pub async fn prepare(choice: Choice) -> Result<Self> {
        let embedded = tempfile::tempdir().context("the template's data directory")?;
        let postgres = match choice {
            Choice::Sqlite => {
                let migrated = server::migrate(embedded.path(), None).await;
                migrated.context("the template's migration")?;
                None
            }
            Choice::Postgres => Some(Postgres::prepare(embedded.path()).await?),
        };
        Ok(Self {
            embedded,
            postgres,
            host: None,
        })
    }

    /// None at all: every scenario is the guest of one server.
    ///
    /// # Errors
    /// When there is no place for files of theirs.
    pub fn of_host(host: Host) -> Result<Self> {
        Ok(Self {
            embedded: tempfile::tempdir().context("a place for files")?,
            postgres: None,
            host: Some(host),
        })
    }

    /// The server on which scenarios are guests.
    #[must_use]
    pub fn host(&self) -> Option<&Host> {
        self.host.as_ref()
    }

    /// Puts the migrated template of an embedded database into a data directory that has none yet.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn furnish(&self, data_dir: &Path) -> Result<()> {
        if self.postgres.is_some() || data_dir.join(EMBEDDED).exists() {
            return Ok(());
        }
        for file in [KEY, EMBEDDED] {
            let (from, to) = (self.embedded.path().join(file), data_dir.join(file));
            fs::copy(&from, &to).with_context(|| from.display().to_string())?;
        }
        Ok(())
    }

    /// Makes one scenario its own database.
    ///
    /// # Errors
    /// When the template cannot be copied.
    pub async fn own(&self) -> Result<Own> {
        match &self.postgres {
            None => Ok(Own::default()),
            Some(postgres) => postgres.own().await,
        }
    }

    /// Drops what [`Databases::own`] made.
    ///
    /// # Errors
    /// When the database cannot be dropped.
    pub async fn release(&self, own: &Own) -> Result<()> {
        match (&self.postgres, &own.name) {
            (Some(postgres), Some(name)) => {
                postgres
                    .execute(&format!("DROP DATABASE {name} WITH (FORCE)"))
                    .await
            }
            _ => Ok(()),
        }
    }
}

impl Databases {
    /// Ends every connection to a scenario's own database and lets nobody in, as when its server goes down.
    ///
    /// # Errors
    /// Where it is a file.
    pub async fn cut_off(&self, own: &Own) -> Result<()> {
        let (postgres, name) = self.server_of(own)?;
        postgres
            .execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
            .await?;
        postgres
            .execute(&format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            ))
            .await
    }

    /// Lets everybody in again.
    ///
    /// # Errors
    /// Where it is a file.
    pub async fn bring_back(&self, own: &Own) -> Result<()> {
        let (postgres, name) = self.server_of(own)?;
        postgres
            .execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
            .await
    }

    fn server_of<'a>(&'a self, own: &'a Own) -> Result<(&'a Postgres, &'a str)> {
        self.postgres
            .as_ref()
            .zip(own.name.as_deref())
            .context("the database is a file, which is never away")
    }

    /// Drops the template when the run is over.
    ///
    /// # Errors
    /// When it cannot be dropped.
    pub async fn finish(&self) -> Result<()> {
        match &self.postgres {
            None => Ok(()),
            Some(postgres) => {
                postgres
                    .execute(&format!(
                        "DROP DATABASE {} WITH (FORCE)",
                        postgres.template()
                    ))
                    .await
            }
        }
    }
}

impl fmt::Debug for Databases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Databases")
            .field("postgres", &self.postgres.is_some())
            .finish()
    }
}

impl Postgres {
    async fn prepare(data_dir: &Path) -> Result<Self> {
        let server = Server::obtain()
            .await
            .context("no PostgreSQL to run the scenarios on")?;
        let mut options = ConnectOptions::new(server.url());
        // As many as scenarios run at once, and patient: on a busy machine a database takes seconds to come and go.
        options
            .max_connections(8)
            .acquire_timeout(std::time::Duration::from_secs(300))
            .sqlx_logging(false);
        let admin = sea_orm::Database::connect(options)
            .await
            .context("the server's own database")?;
        let prefix = format!("ziggie_{}", std::process::id());
        let postgres = Self {
            server,
            admin,
            prefix,
            made: AtomicUsize::new(0),
        };
        let template = postgres.template();
        postgres
            .execute(&format!("DROP DATABASE IF EXISTS {template} WITH (FORCE)"))
            .await?;
        postgres
            .execute(&format!("CREATE DATABASE {template}"))
            .await?;
        server::migrate(data_dir, Some(&postgres.url(&template)))
            .await
            .context("the template's migration")?;
        Ok(postgres)
    }

    /// The database that every scenario's own is copied from.
    fn template(&self) -> String {
        format!("{}_template", self.prefix)
    }

    async fn own(&self) -> Result<Own> {
        let name = format!(
            "{}_{}",
            self.prefix,
            self.made.fetch_add(1, Ordering::Relaxed)
        );
        // As files: going through the log, which is the default, costs the server three times as much.
        self.execute(&format!(
            "CREATE DATABASE {name} TEMPLATE {} STRATEGY file_copy",
            self.template()
        ))
        .await?;
        Ok(Own {
            url: Some(self.url(&name)),
            name: Some(name),
        })
    }

    async fn execute(&self, sql: &str) -> Result<()> {
        self.admin
            .execute_unprepared(sql)
            .await
            .with_context(|| sql.to_owned())?;
        Ok(())
    }

    /// The server's URL with another database's name at its end.
    fn url(&self, database: &str) -> String {
        let (server, _) = self
            .server
            .url()
            .rsplit_once('/')
            .unwrap_or((self.server.url(), ""));
        format!("{server}/{database}")
    }
}
