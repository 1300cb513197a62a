//! A database as it is at one moment, to be read at leisure beside whoever serves it. Floor 2.

use entities::migration::Migrator;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, IsolationLevel,
    TransactionTrait,
};
use sea_orm_migration::MigratorTrait;

use super::connect::{Database, OpenError};
use super::read_only::read_only_connection;

/// One moment of a database; everything that is read through it belongs together.
pub struct Snapshot(DatabaseTransaction);

read_only_connection!(Snapshot, self => self.0);

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snapshot({:?})", self.get_database_backend())
    }
}

impl Database {
    /// Opens the database at this moment, for reading alone.
    ///
    /// # Errors
    /// When it cannot be opened, or its schema is not the one that this version knows.
    pub async fn snapshot(&self) -> Result<Snapshot, OpenError> {
        let connection = sea_orm::Database::connect(self.reading_options()).await?;
        let known: Vec<_> = Migrator::migrations()
            .iter()
            .map(|one| one.name().to_owned())
            .collect();
        let applied = Migrator::get_migration_models(&connection).await?;
        let applied: Vec<_> = applied.into_iter().map(|one| one.version).collect();
        if applied != known {
            return Err(OpenError::OtherSchema);
        }
        let snapshot = match connection.get_database_backend() {
            DbBackend::Postgres => {
                let (level, mode) = (IsolationLevel::RepeatableRead, AccessMode::ReadOnly);
                connection
                    .begin_with_config(Some(level), Some(mode))
                    .await?
            }
            // A transaction that reads is a snapshot, and the connection takes no writes.
            _ => connection.begin().await?,
        };
        Ok(Snapshot(snapshot))
    }
}

impl Snapshot {
    /// Lets it go.
    ///
    /// # Errors
    /// Of the database.
    pub async fn close(self) -> Result<(), DbErr> {
        self.0.rollback().await
    }
}
