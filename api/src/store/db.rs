//! The database as the rest of the house knows it: a read-only connection, and units of work. Floor 2.

use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};
use entities::agent::{self, AgentState};
use entities::id::{AgentId, RequestId};
use entities::session;
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, Statement,
};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::clock::{Clock, uuid_at};
use super::connection::Connection;
use super::healing::Healing;
use super::ledger::Place;
use super::lock::lock_agents;
use super::read_only::read_only_connection;
use super::tx::Tx;
use super::writer::Writer;
use super::{fault, ledger, sequencer};
use crate::auth::actor::{Actor, Caller, Principal};
use crate::auth::fleet::Fleet;
use crate::error::{Error, Result};

/// How long a unit may take, from the wait for its turn to its COMMIT: an old transaction holds up everybody.
const UNIT_TIME: Duration = Duration::from_secs(30);
/// Between two looks whether the sequencer has come to an entry.
const SETTLING_PAUSE: Duration = Duration::from_millis(25);

/// A handle of the database; clones share it. Reading through it sees what is committed.
#[derive(Clone)]
pub struct Db {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) backend: Backend,
    pub(super) clock: Clock,
    /// The length of the ledger as far as this process knows; the feed wakes on it.
    pub(super) head: watch::Receiver<i64>,
    fleet: RwLock<Fleet>,
}

pub(super) enum Backend {
    Sqlite {
        writer: Writer,
        readers: DatabaseConnection,
    },
    Postgres {
        pool: DatabaseConnection,
        entries_written: Arc<Notify>,
        sequencer: Mutex<JoinSet<()>>,
    },
}

read_only_connection!(Db, self => Healing(self.reading()));

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Db({:?})", self.get_database_backend())
    }
}

impl Db {
    pub(super) async fn sqlite(
        writer: ConnectOptions,
        readers: DatabaseConnection,
        clock: Clock,
    ) -> Result<Self, DbErr> {
        let length = ledger::length(&readers).await?;
        let writer = Writer::start(writer, length);
        let head = writer.head();
        Ok(Self {
            inner: Arc::new(Inner {
                backend: Backend::Sqlite { writer, readers },
                clock,
                head,
                fleet: RwLock::default(),
            }),
        })
    }

    pub(super) async fn postgres(
        pool: DatabaseConnection,
        numbering: DatabaseConnection,
        url: String,
        clock: Clock,
    ) -> Result<Self, DbErr> {
        let (sender, head) = watch::channel(ledger::length(&pool).await?);
        let entries_written = Arc::new(Notify::new());
        let sequencer = sequencer::start(numbering, url, entries_written.clone(), sender);
        Ok(Self {
            inner: Arc::new(Inner {
                backend: Backend::Postgres {
                    pool,
                    entries_written,
                    sequencer: Mutex::new(sequencer),
                },
                clock,
                head,
                fleet: RwLock::default(),
            }),
        })
    }

    fn reading(&self) -> &DatabaseConnection {
        match &self.inner.backend {
            Backend::Sqlite { readers, .. } => readers,
            Backend::Postgres { pool, .. } => pool,
        }
    }

    /// The line of reports in memory, as far as this process knows.
    pub(super) fn fleet(&self) -> RwLockReadGuard<'_, Fleet> {
        self.inner
            .fleet
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes agents into the line of reports: what the feed read, and what this process has just committed itself, so that who changed
    /// an agent finds the change in what it may see.
    pub(super) fn learn<'a>(&self, agents: impl IntoIterator<Item = &'a agent::Model>) {
        let mut agents = agents.into_iter().peekable();
        if agents.peek().is_none() {
            return;
        }
        let mut fleet = self
            .inner
            .fleet
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        agents.for_each(|agent| fleet.put(agent));
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The name of the database beneath, for logs and metrics: `sqlite` or `postgres`.
    pub fn kind(&self) -> &'static str {
        match &self.inner.backend {
            Backend::Sqlite { .. } => "sqlite",
            Backend::Postgres { .. } => "postgres",
        }
    }

    /// The place in the log after everything that was committed before this call, and before anything that begins after it.
    pub async fn settled(&self) -> Result<i64, DbErr> {
        match &self.inner.backend {
            Backend::Sqlite { .. } => Ok(*self.inner.head.borrow()),
            Backend::Postgres { pool, .. } => {
                let mut head = self.inner.head.clone();
                let Place { waiting, length } = ledger::place_of_all(pool).await?;
                let Some(last) = waiting else {
                    return Ok(length);
                };
                loop {
                    // Whoever numbered it may be another process, whose wake-up may be lost.
                    let news = tokio::time::timeout(SETTLING_PAUSE, head.changed());
                    let _ = news.await;
                    let Place { waiting, length } = ledger::place_up_to(pool, last).await?;
                    if waiting.is_none() {
                        return Ok(length);
                    }
                }
            }
        }
    }

    /// How many entries are numbered and durable, as far as this process knows; it tells of each change.
    pub fn sequenced(&self) -> watch::Receiver<i64> {
        self.inner.head.clone()
    }

    /// A new request id.
    pub fn request_id(&self) -> RequestId {
        RequestId::new(uuid_at(self.clock().now()))
    }

    /// Whether the database answers: for readiness.
    pub async fn ping(&self) -> Result<()> {
        let statement = Statement::from_string(self.get_database_backend(), "SELECT 1 AS one");
        self.query_one_raw(statement).await?;
        Ok(())
    }

    /// Lets what was erased be found nowhere on the disk either (spec R5.08): the embedded database overwrites what it deletes, and here its
    /// write-ahead log is emptied. False where a reader was in the way. PostgreSQL does both by itself, with its autovacuum and its checkpoints.
    pub async fn empty_log(&self) -> Result<bool> {
        match &self.inner.backend {
            Backend::Sqlite { writer, .. } => writer.empty_log().await,
            Backend::Postgres { .. } => Ok(true),
        }
    }

    /// Ends what runs beneath and closes every connection, of all clones: what comes later finds the database unavailable. Dropping the last
    /// clone does the same without waiting for it.
    pub async fn close(&self) -> Result<(), DbErr> {
        match &self.inner.backend {
            Backend::Sqlite { writer, readers } => {
                readers.close_by_ref().await?;
                // Last, for the last connection to go is the one that takes the write-ahead log into the file.
                writer.close().await
            }
            Backend::Postgres {
                pool, sequencer, ..
            } => {
                let mut sequencer =
                    std::mem::take(&mut *sequencer.lock().unwrap_or_else(PoisonError::into_inner));
                sequencer.shutdown().await;
                pool.close_by_ref().await
            }
        }
    }

    /// Runs a unit of work for a caller and makes it durable: when this returns `Ok`, it is on disk (design property 6).
    ///
    /// First the caller's session and agent are read again under the lock that revoking and deactivating take alone (spec R2.03);
    /// UNAUTHENTICATED where they are no longer good. An error of the unit, or dropping the future, takes everything back.
    pub async fn write<T>(
        &self,
        caller: &Caller,
        unit: impl AsyncFnOnce(&mut Tx) -> Result<T>,
    ) -> Result<T> {
        self.write_alone(caller, &[], unit).await
    }

    /// [`write`](Self::write) for a unit that revokes or stops: it holds the locks of these agents alone from its beginning.
    ///
    /// Taking them here and not by [`Tx::lock_agents`] later matters where the caller is one of them: two units that both hold the
    /// shared lock and both want it alone would wait for each other.
    pub async fn write_alone<T>(
        &self,
        caller: &Caller,
        alone: &[AgentId],
        unit: impl AsyncFnOnce(&mut Tx) -> Result<T>,
    ) -> Result<T> {
        // Dropped when its time is over, it is taken back like one whose caller has gone.
        tokio::time::timeout(UNIT_TIME, self.write_in_time(caller, alone, unit))
            .await
            .unwrap_or(Err(Error::Unavailable("the database takes too long")))
    }

    async fn write_in_time<T>(
        &self,
        caller: &Caller,
        alone: &[AgentId],
        unit: impl AsyncFnOnce(&mut Tx) -> Result<T>,
    ) -> Result<T> {
        match &self.inner.backend {
            Backend::Sqlite { writer, .. } => {
                let mut turn = writer.turn().await?;
                let transaction = turn.transaction()?;
                let now = self.clock().now();
                match run(transaction, caller, now, unit).await {
                    Ok((value, mut tx)) => {
                        let agents = std::mem::take(&mut tx.agents);
                        let count = i64::try_from(tx.written.len()).map_err(Error::internal)?;
                        let appended = ledger::append_sequenced(
                            &*tx.connection,
                            tx.written,
                            turn.next_sequence(),
                        )
                        .await;
                        drop(tx.connection);
                        if let Err(error) = appended {
                            turn.undo().await;
                            return Err(error.into());
                        }
                        turn.keep(count).await?;
                        self.learn(&agents);
                        Ok(value)
                    }
                    Err(error) => {
                        turn.undo().await;
                        Err(error)
                    }
                }
            }
            Backend::Postgres {
                pool,
                entries_written,
                ..
            } => {
                let transaction = Arc::new(Connection::new(Healing(pool).begin().await?));
                let shared = caller.actor().map(|actor| &actor.agent.id);
                lock_agents(&transaction, shared, alone).await?;
                // Read after the locks: what waited for them happens after what held them.
                let now = self.clock().shift(database_time(&transaction).await?);
                let ours = Arc::clone(&transaction);
                let (value, mut tx) = match run(transaction, caller, now, unit).await {
                    Ok(done) => {
                        drop(ours);
                        done
                    }
                    Err(error) => {
                        give_up(ours).await;
                        return Err(error);
                    }
                };
                let agents = std::mem::take(&mut tx.agents);
                if !tx.written.is_empty() {
                    ledger::append_queued(&*tx.connection, tx.written).await?;
                }
                let transaction = Arc::into_inner(tx.connection)
                    .ok_or_else(|| Error::internal("a unit kept the transaction"))?;
                fault::call(transaction.commit()).await?;
                entries_written.notify_one();
                self.learn(&agents);
                Ok(value)
            }
        }
    }
}

/// Takes back what a refused unit did before anybody hears of the refusal: whoever comes next finds no lock of it.
async fn give_up(transaction: Arc<Connection>) {
    let taken_back = match Arc::into_inner(transaction) {
        Some(transaction) => transaction.roll_back().await,
        None => Ok(()),
    };
    if let Err(error) = taken_back {
        // The connection is of no use any more: the database takes everything back by itself.
        tracing::warn!(%error, "a refused unit could not be taken back");
    }
}

async fn run<T>(
    transaction: Arc<Connection>,
    caller: &Caller,
    now: DateTime<Utc>,
    unit: impl AsyncFnOnce(&mut Tx) -> Result<T>,
) -> Result<(T, Tx)> {
    let principal = match &caller.principal {
        Principal::Agent(actor) => Principal::Agent(check_again(&transaction, actor, now).await?),
        Principal::Anonymous => Principal::Anonymous,
        Principal::ControlCenter => Principal::ControlCenter,
    };
    let caller = Caller {
        principal,
        origin: caller.origin.clone(),
    };
    let mut tx = Tx::new(transaction, caller, now);
    let value = unit(&mut tx).await?;
    tx.write_notifications().await?;
    tx.check_recorded()?;
    Ok((value, tx))
}

async fn check_again(transaction: &Connection, actor: &Actor, now: DateTime<Utc>) -> Result<Actor> {
    let found = session::Entity::find_by_id(actor.session_id)
        .one(transaction)
        .await?
        .filter(|session| session.is_live(now) && session.agent_id == actor.agent.id);
    let agent = agent::Entity::find_by_id(actor.agent.id.clone())
        .one(transaction)
        .await?;
    match (found, agent) {
        (Some(session), Some(agent)) if agent.state == AgentState::Operational => Ok(Actor {
            agent: Arc::new(agent),
            session_id: session.id,
        }),
        _ => Err(Error::Unauthenticated),
    }
}

async fn database_time(transaction: &Connection) -> Result<DateTime<Utc>, DbErr> {
    let statement = Statement::from_string(DbBackend::Postgres, "SELECT clock_timestamp() AS now");
    match transaction.query_one_raw(statement).await? {
        Some(row) => row.try_get("", "now"),
        None => Err(DbErr::RecordNotFound("the database's time".to_owned())),
    }
}
