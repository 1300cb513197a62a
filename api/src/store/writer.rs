//! The one writer of an embedded database: units of work share a transaction, and so one fsync (design "Group commit on SQLite"). Floor 2.
//!
//! Each unit runs in a savepoint of the open transaction, so that one which fails or is dropped half-way takes only itself back. The
//! committer stands in the same queue as the units: whoever waited before it is in the group, and nobody is answered before COMMIT.
//!
//! A disk that is full or broken makes SQLite end the transaction by itself (<https://sqlite.org/lang_transaction.html>), unseen by the
//! driver, which would then refuse every later BEGIN. So after a COMMIT or a ROLLBACK TO that failed, the group is lost and its connection
//! with it: everybody in it is told, and the next unit opens another.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, watch};
use tokio::task::JoinSet;

use super::connect::BUSY_TIMEOUT;
use super::connection::Connection;
use super::fault::{self, Fault};
use super::ledger;
use crate::error::{Error, Result, disk_fault};

/// How long a connection that is given up may take to close.
const CLOSING: Duration = Duration::from_secs(5);

/// How a group ended; `None` while it has not.
type Outcome = Option<Result<(), Lost>>;

/// Why a group was taken back.
#[derive(Debug, Clone, Copy)]
enum Lost {
    /// The disk takes no more: said in words that a caller may read.
    Disk(&'static str),
    /// Something else, which is in the log.
    Fault,
}

/// The open transaction and who waits for it.
struct Group {
    transaction: Arc<Connection>,
    outcome: watch::Sender<Outcome>,
    /// A unit is at work in its savepoint; still set when the next one comes, it was dropped half-way.
    unit_open: bool,
    /// What a test lets happen to its COMMIT.
    fault: Option<Arc<Fault>>,
}

/// What the holder of the writer works on.
pub(super) struct Slot {
    options: ConnectOptions,
    /// None until it is needed, and after it was given up.
    connection: Option<DatabaseConnection>,
    /// Whether it is over: no connection is opened any more.
    closed: bool,
    group: Option<Group>,
    /// The next sequence number; ahead of the head while a group is open.
    next_sequence: i64,
    /// The first sequence number that is not committed yet.
    head: watch::Sender<i64>,
}

/// The writer.
pub(super) struct Writer {
    slot: Arc<Mutex<Slot>>,
    commit_wanted: Arc<Notify>,
    head: watch::Receiver<i64>,
    /// Ends with the writer, and with it the last sender of the head.
    _committer: JoinSet<()>,
}

/// A unit's turn: the slot is held, a savepoint is open.
pub(super) struct Turn {
    slot: OwnedMutexGuard<Slot>,
}

impl Writer {
    /// Starts the writer; `options` make a pool of one connection, `next_sequence` is the length of the ledger.
    pub(super) fn start(options: ConnectOptions, next_sequence: i64) -> Self {
        let (committed, head) = watch::channel(next_sequence);
        let slot = Arc::new(Mutex::new(Slot {
            options,
            connection: None,
            closed: false,
            group: None,
            next_sequence,
            head: committed,
        }));
        let commit_wanted = Arc::new(Notify::new());
        let mut committer = JoinSet::new();
        committer.spawn(commit_groups(slot.clone(), commit_wanted.clone()));
        Self {
            slot,
            commit_wanted,
            head,
            _committer: committer,
        }
    }

    /// Commits what waits and closes the connection: later turns fail.
    pub(super) async fn close(&self) -> Result<(), DbErr> {
        let mut slot = self.slot.lock().await;
        slot.commit().await;
        slot.closed = true;
        match slot.connection.take() {
            Some(connection) => connection.close().await,
            None => Ok(()),
        }
    }

    /// Moves what is committed into the database's own file and cuts the write-ahead log to nothing: what was erased stands in neither then.
    /// False where a reader is in the way, which keeps the log as it is.
    pub(super) async fn empty_log(&self) -> Result<bool> {
        let mut slot = self.slot.lock().await;
        slot.commit().await;
        let connection = slot.connection().await?;
        // Waiting for readers would keep every unit waiting.
        connection
            .execute_unprepared("PRAGMA busy_timeout = 0")
            .await?;
        let pragma = Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(TRUNCATE)");
        let checkpoint = connection.query_one_raw(pragma).await;
        connection
            .execute_unprepared(&format!(
                "PRAGMA busy_timeout = {}",
                BUSY_TIMEOUT.as_millis()
            ))
            .await?;
        let busy = match checkpoint? {
            Some(row) => row.try_get::<i64>("", "busy")?,
            None => 1,
        };
        Ok(busy == 0)
    }

    /// Tells of each commit.
    pub(super) fn head(&self) -> watch::Receiver<i64> {
        self.head.clone()
    }

    /// Waits for the writer and opens a savepoint.
    pub(super) async fn turn(&self) -> Result<Turn> {
        let mut slot = self.slot.clone().lock_owned().await;
        slot.take_back_dropped_unit().await;
        if slot.group.is_none() {
            let options = TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            };
            let begun = slot.connection().await?.begin_with_options(options);
            let transaction = Connection::new(fault::call(begun).await?);
            slot.group = Some(Group {
                transaction: Arc::new(transaction),
                outcome: watch::channel(None).0,
                unit_open: false,
                fault: fault::current(),
            });
            // Asked for at once: even if this unit is dropped, the transaction will not stay open.
            self.commit_wanted.notify_one();
        }
        let group = slot.group()?;
        group.unit_open = true;
        group
            .transaction
            .execute_unprepared("SAVEPOINT unit")
            .await?;
        Ok(Turn { slot })
    }
}

impl Slot {
    fn group(&mut self) -> Result<&mut Group> {
        self.group
            .as_mut()
            .ok_or_else(|| Error::internal("the writer has no open transaction"))
    }

    async fn connection(&mut self) -> Result<&DatabaseConnection> {
        if self.closed {
            return Err(Error::Unavailable("the server is going down"));
        }
        if self.connection.is_none() {
            let connection = Database::connect(self.options.clone()).await?;
            // What was lost may yet have reached the disk: the database says where the log ends.
            let length = ledger::length(&connection).await?;
            self.next_sequence = length;
            ledger::advance(&self.head, length);
            self.connection = Some(connection);
        }
        self.connection
            .as_ref()
            .ok_or_else(|| Error::internal("the writer has no connection"))
    }

    async fn take_back_dropped_unit(&mut self) {
        let Some(group) = self.group.as_mut().filter(|group| group.unit_open) else {
            return;
        };
        // SQLite ran the dropped unit's last statement to its end: its connection works off one after the other. So it does with this one,
        // even if whoever waits for it is dropped in turn: the unit counts as taken back from here on. A savepoint that is left open then
        // ends with the transaction.
        group.unit_open = false;
        let taken_back = group
            .transaction
            .execute_unprepared("ROLLBACK TO unit; RELEASE unit");
        if let Err(error) = taken_back.await {
            self.lose_group(&error).await;
        }
    }

    /// Commits the open group, if there is one, and answers who waits for it.
    async fn commit(&mut self) {
        self.take_back_dropped_unit().await;
        let Some(group) = self.group.take() else {
            return;
        };
        let committed = match Arc::into_inner(group.transaction) {
            Some(transaction) => fault::call_for(group.fault, transaction.commit()).await,
            None => Err(DbErr::Custom("a unit kept the transaction".to_owned())),
        };
        match committed {
            Ok(()) => {
                self.head.send_replace(self.next_sequence);
                group.outcome.send_replace(Some(Ok(())));
            }
            Err(error) => {
                group.outcome.send_replace(Some(Err(lost(&error))));
                self.lose_group(&error).await;
            }
        }
    }

    /// Gives up the open group and its connection.
    async fn lose_group(&mut self, error: &DbErr) {
        tracing::error!(%error, "a group of units is lost: all of them are taken back");
        if let Some(group) = self.group.take() {
            group.outcome.send_replace(Some(Err(lost(error))));
        }
        // Its transaction has given it back by now; SQLite takes back what was open.
        if let Some(connection) = self.connection.take() {
            match tokio::time::timeout(CLOSING, connection.close()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the writer's connection could not be closed");
                }
                Err(_) => tracing::warn!("the writer's connection is still at work"),
            }
        }
    }
}

fn lost(error: &DbErr) -> Lost {
    disk_fault(error).map_or(Lost::Fault, Lost::Disk)
}

impl Turn {
    /// The open transaction.
    pub(super) fn transaction(&mut self) -> Result<Arc<Connection>> {
        self.slot.group().map(|group| group.transaction.clone())
    }

    /// The sequence number of the next entry.
    pub(super) fn next_sequence(&self) -> i64 {
        self.slot.next_sequence
    }

    /// Ends the unit well: keeps its changes in the group, leaves the writer to the next, and waits for COMMIT.
    pub(super) async fn keep(mut self, entries: i64) -> Result<()> {
        // Before RELEASE is waited for, which is done whether anybody waits or not: a caller who goes now leaves a unit that is kept.
        self.slot.next_sequence += entries;
        let group = self.slot.group()?;
        group.unit_open = false;
        let mut outcome = group.outcome.subscribe();
        let released = group.transaction.execute_unprepared("RELEASE unit");
        if let Err(error) = released.await {
            self.slot.lose_group(&error).await;
            return Err(error.into());
        }
        drop(self);
        match outcome.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(Ok(()))) => Ok(()),
            Ok(Some(Err(Lost::Disk(fault)))) => Err(Error::Unavailable(fault)),
            Ok(Some(Err(Lost::Fault)) | None) | Err(_) => {
                Err(Error::internal("the group's COMMIT failed"))
            }
        }
    }

    /// Ends the unit badly: takes its changes back.
    pub(super) async fn undo(mut self) {
        self.slot.take_back_dropped_unit().await;
    }
}

async fn commit_groups(slot: Arc<Mutex<Slot>>, commit_wanted: Arc<Notify>) {
    loop {
        commit_wanted.notified().await;
        slot.lock().await.commit().await;
    }
}
