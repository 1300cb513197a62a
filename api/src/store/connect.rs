//! Opening the database: pools, durability settings, migrations. Floor 2.

use std::path::PathBuf;
use std::time::Duration;

use entities::migration::Migrator;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use sea_orm_migration::MigratorTrait;

use super::clock::Clock;
use super::db::Db;

/// Where the data live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// An embedded SQLite file; one process writes it.
    Sqlite(PathBuf),
    /// A PostgreSQL URL; any number of replicas share it.
    Postgres {
        /// `postgres://user:password@host:port/name`.
        url: String,
        /// How many connections this replica may hold.
        max_connections: u32,
    },
}

/// Why a database cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The SQLite library is too old to be trusted with commits in WAL mode.
    #[error("SQLite {found} is older than 3.51.3, whose WAL reset bug can lose commits")]
    OldSqlite {
        /// Its version.
        found: String,
    },
    /// A newer version has migrated it: what it means by its rows is not known here.
    #[error(
        "the database is from the future: it has the migration {migration}, which this version does not know; start the newer version"
    )]
    Future {
        /// The first migration that is not known.
        migration: String,
    },
    /// Its schema is an older one, or none yet: reading alone does not change that.
    #[error(
        "the database has another schema than this version: start the server, or run `ziggie migrate`, first"
    )]
    OtherSchema,
    /// The database refused.
    #[error("the database cannot be opened: {0}")]
    Database(#[from] DbErr),
}

/// The oldest SQLite without the WAL reset bug.
const SQLITE_MINIMUM: (u32, u32, u32) = (3, 51, 3);
const SQLITE_READERS: u32 = 4;
/// How many rows an embedded database reads ahead of who takes them: the pages of who reads the whole log fit in, so that it is read while
/// the last one is worked on.
const ROW_BUFFER: usize = 1_024;
/// How long a connection waits for a lock on an embedded database.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// A unit waits for nothing but the database: one that does, has lost its process.
const IDLE_IN_UNIT: Duration = Duration::from_secs(10);
/// A sequencer that has stopped in the middle of a batch gives way to another within two seconds.
const IDLE_IN_BATCH: Duration = Duration::from_millis(1_500);
/// What PostgreSQL calls our connections in its views and logs.
pub(super) const APPLICATION: &str = "ziggie";
/// One lock for all replicas that start at once: the first migrates.
const MIGRATION_LOCK: i64 = 0x5a49_4747_4945_0001;

impl Database {
    /// Brings the schema up to date; returns how many migrations ran. Several replicas may call it at once.
    pub async fn migrate(&self) -> Result<usize, OpenError> {
        // Its own one-connection pool, closed before the real ones open: see stack.md on pools that lose their pragmas.
        let connection = match self {
            Self::Sqlite(_) => sea_orm::Database::connect(self.sqlite_options(1, false)).await?,
            Self::Postgres { .. } => {
                sea_orm::Database::connect(self.postgres_options(1, IDLE_IN_UNIT)).await?
            }
        };
        check_version(&connection).await?;
        let postgres = connection.get_database_backend() == DbBackend::Postgres;
        if postgres {
            let lock = format!("SELECT pg_advisory_lock({MIGRATION_LOCK})");
            connection.execute_unprepared(&lock).await?;
        }
        let migrated = run_pending(&connection).await;
        // Closing the only connection gives the advisory lock back, whatever the outcome.
        connection.close().await?;
        migrated
    }

    /// Opens a migrated database.
    pub async fn open(&self, clock: Clock) -> Result<Db, OpenError> {
        match self {
            Self::Sqlite(_) => {
                let readers =
                    sea_orm::Database::connect(self.sqlite_options(SQLITE_READERS, true)).await?;
                Ok(Db::sqlite(self.sqlite_options(1, false), readers, clock).await?)
            }
            Self::Postgres {
                max_connections,
                url,
            } => {
                let options = self.postgres_options(*max_connections, IDLE_IN_UNIT);
                let pool = sea_orm::Database::connect(options).await?;
                // Apart from the pool, which requests may empty.
                let options = self.postgres_options(1, IDLE_IN_BATCH);
                let numbering = sea_orm::Database::connect(options).await?;
                Ok(Db::postgres(pool, numbering, url.clone(), clock).await?)
            }
        }
    }

    /// One connection that may take its time.
    pub(super) fn reading_options(&self) -> ConnectOptions {
        match self {
            Self::Sqlite(_) => self.sqlite_options(1, true),
            Self::Postgres { url, .. } => {
                let mut options = ConnectOptions::new(url.as_str());
                options
                    .max_connections(1)
                    .sqlx_logging(false)
                    .map_sqlx_postgres_opts(|postgres| postgres.application_name(APPLICATION));
                options
            }
        }
    }

    fn sqlite_options(&self, connections: u32, read_only: bool) -> ConnectOptions {
        let path = match self {
            Self::Sqlite(path) => path.clone(),
            Self::Postgres { .. } => PathBuf::new(),
        };
        let mut options = ConnectOptions::new("sqlite::memory:");
        options
            .max_connections(connections)
            .min_connections(1)
            .idle_timeout(None::<Duration>)
            .max_lifetime(None::<Duration>)
            .test_before_acquire(false)
            .sqlx_logging(false)
            .map_sqlx_sqlite_opts(move |sqlite| {
                sqlite
                    .filename(&path)
                    .in_memory(false)
                    .shared_cache(false)
                    .create_if_missing(!read_only)
                    .read_only(read_only)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .busy_timeout(BUSY_TIMEOUT)
                    // What is deleted is overwritten in the file (spec R5.08).
                    .pragma("secure_delete", "ON")
                    // A page goes from the database's thread to ours in one piece, not by switching between them.
                    .row_buffer_size(ROW_BUFFER)
                    .statement_cache_capacity(256)
            });
        options
    }

    /// `idle`: how long a transaction may wait for its client before the database ends it.
    fn postgres_options(&self, connections: u32, idle: Duration) -> ConnectOptions {
        let url = match self {
            Self::Postgres { url, .. } => url.as_str(),
            Self::Sqlite(_) => "",
        };
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(connections)
            .min_connections(1)
            .acquire_timeout(Duration::from_secs(5))
            .test_before_acquire_if_idle_for(Duration::from_secs(5))
            .sqlx_logging(false)
            .map_sqlx_postgres_opts(move |postgres| {
                let idle = idle.as_millis().to_string();
                // Transactions are bounded: an old snapshot makes claiming slow for everybody.
                postgres.application_name(APPLICATION).options([
                    ("statement_timeout", "15000"),
                    ("lock_timeout", "5000"),
                    ("idle_in_transaction_session_timeout", idle.as_str()),
                    ("default_transaction_isolation", "read committed"),
                    // Compiling a list's statement takes a hundred times as long as running it.
                    ("jit", "off"),
                ])
            });
        options
    }
}

async fn run_pending(connection: &DatabaseConnection) -> Result<usize, OpenError> {
    let known = Migrator::migrations();
    let applied = Migrator::get_migration_models(connection).await?;
    if let Some(strange) = applied.iter().find(|one| {
        known
            .iter()
            .all(|migration| migration.name() != one.version)
    }) {
        return Err(OpenError::Future {
            migration: strange.version.clone(),
        });
    }
    Migrator::up(connection, None).await?;
    Ok(known.len() - applied.len())
}

async fn check_version(connection: &DatabaseConnection) -> Result<(), OpenError> {
    if connection.get_database_backend() != DbBackend::Sqlite {
        return Ok(());
    }
    let query = Statement::from_string(DbBackend::Sqlite, "SELECT sqlite_version() AS version");
    let row = connection.query_one_raw(query).await?;
    let found: String = match row {
        Some(row) => row.try_get("", "version")?,
        None => String::new(),
    };
    if is_recent_enough(&found) {
        Ok(())
    } else {
        Err(OpenError::OldSqlite { found })
    }
}

fn is_recent_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next()) >= SQLITE_MINIMUM
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlite_with_the_wal_reset_bug_is_refused() {
        for (version, fits) in [
            ("3.51.3", true),
            ("3.52.0", true),
            ("4.0.0", true),
            ("3.51.2", false),
            ("3.9.9", false),
            ("", false),
        ] {
            assert_eq!(is_recent_enough(version), fits, "{version}");
        }
    }
}
