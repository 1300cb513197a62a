//! The sequencer: on PostgreSQL one process at a time numbers what is committed (design "Ledger"). Floor 2.
//!
//! Elected for each batch by an advisory lock of its transaction; that every sequence number is a primary key fences whoever believes to
//! be it still. Woken in process by each commit, by NOTIFY from the others' batches, and by a slow poll as the truth beneath.

use std::convert::Infallible;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement, TransactionTrait};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::{connect::APPLICATION, ledger};

const SEQUENCER_LOCK: i64 = 0x5a49_4747_4945_0002;
const CHANNEL: &str = "ziggie_ledger";
const BATCH: u64 = 1_000;
/// How long a lost wake-up can go unnoticed.
const POLL: Duration = Duration::from_millis(250);
const PAUSE_AFTER_FAULT: Duration = Duration::from_millis(500);

/// Starts numbering and listening; both end with the set. A batch that is under way then is rolled back, and numbered by whoever is next.
pub(super) fn start(
    pool: DatabaseConnection,
    url: String,
    entries_written: Arc<Notify>,
    head: watch::Sender<i64>,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(listen(url, head.clone()));
    tasks.spawn(number(pool, entries_written, head));
    tasks
}

async fn number(pool: DatabaseConnection, entries_written: Arc<Notify>, head: watch::Sender<i64>) {
    loop {
        match number_all(&pool).await {
            Ok(Some(length)) => ledger::advance(&head, length),
            Ok(None) => match ledger::length(&pool).await {
                Ok(length) => ledger::advance(&head, length),
                Err(error) => tracing::warn!(%error, "the ledger's length cannot be read"),
            },
            Err(error) => {
                tracing::warn!(%error, "sequencing failed and is tried again");
                tokio::time::sleep(PAUSE_AFTER_FAULT).await;
            }
        }
        tokio::select! {
            () = entries_written.notified() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// Numbers everything that waits; `None` where another process is at it.
async fn number_all(pool: &DatabaseConnection) -> Result<Option<i64>, DbErr> {
    loop {
        let transaction = pool.begin().await?;
        let lock = format!("SELECT pg_try_advisory_xact_lock({SEQUENCER_LOCK}) AS elected");
        let row = transaction
            .query_one_raw(Statement::from_string(DbBackend::Postgres, lock))
            .await?;
        let elected: bool = match row {
            Some(row) => row.try_get("", "elected")?,
            None => false,
        };
        if !elected {
            transaction.rollback().await?;
            return Ok(None);
        }
        let count = ledger::sequence_batch(&transaction, BATCH).await?;
        let length = ledger::length(&transaction).await?;
        if count > 0 {
            let notify = format!("NOTIFY {CHANNEL}, '{length}'");
            transaction.execute_unprepared(&notify).await?;
        }
        transaction.commit().await?;
        if count < BATCH as usize {
            return Ok(Some(length));
        }
    }
}

async fn listen(url: String, head: watch::Sender<i64>) {
    loop {
        let Err(error) = listen_until_fault(&url, &head).await;
        tracing::debug!(%error, "listening for the ledger failed: the poll goes on, listening is tried again");
        tokio::time::sleep(PAUSE_AFTER_FAULT).await;
    }
}

async fn listen_until_fault(
    url: &str,
    head: &watch::Sender<i64>,
) -> Result<Infallible, sea_orm::sqlx::Error> {
    // A connection beside the pool, which requests may empty.
    let options = PgConnectOptions::from_str(url)?.application_name(APPLICATION);
    let own = PgPoolOptions::new()
        .max_connections(1)
        .connect_lazy_with(options);
    let mut listener = PgListener::connect_with(&own).await?;
    listener.listen(CHANNEL).await?;
    loop {
        if let Ok(length) = listener.recv().await?.payload().parse() {
            ledger::advance(head, length);
        }
    }
}
