//! The feed: one reader per process follows the ledger and fans out to bounded queues (design "Feed"). Floor 2.
//!
//! The sequenced audit log is the event stream (spec R6.01); there is no other. The feed also keeps the line of reports in memory, so
//! that deciding an event for a subscriber costs no query.

use std::sync::{Arc, Mutex, PoisonError, RwLockReadGuard};
use std::time::Duration;

use entities::agent;
use entities::audit::entry;
use entities::notification;
use entities::sprint;
use entities::task;
use futures::Stream;
use futures::stream::try_unfold;
use sea_orm::EntityTrait;
use tokio::sync::mpsc;

use super::archive;
use super::db::Db;
use super::hydrate;
use crate::auth::fleet::Fleet;
use crate::auth::sight::TaskSight;
use crate::error::Result;

/// One sequenced entry and the object that it is about, as it was when the feed read it.
#[derive(Debug)]
pub struct Event {
    /// Its place in the log: the cursor of every stream.
    pub sequence: i64,
    /// What happened.
    pub entry: entry::Model,
    /// To what.
    pub subject: Subject,
    /// The sprint that it concerns: of which it tells, of whose task, or of whose gate run.
    pub sprint: Option<Arc<sprint::Model>>,
    /// What it told, and whom (spec R6.04), of each agent in the order of the kinds.
    pub notifications: Vec<Arc<notification::Model>>,
}

/// What an event is about.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A task, with what deciding about its visibility takes.
    Task {
        /// The row.
        task: Arc<task::Model>,
        /// Who may see it.
        sight: Arc<TaskSight>,
    },
    /// An agent.
    Agent(Arc<agent::Model>),
    /// Anything that no stream carries.
    Nothing,
}

/// Why a stream of events ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FeedEnd {
    /// The reader was too slow: resume by cursor.
    #[error("the subscriber reads too slowly: resume after its last cursor")]
    Lagging,
    /// The server drains: resume elsewhere.
    #[error("the server is going down: resume after the last cursor")]
    Draining,
    /// The database did not answer during replay.
    #[error("the log cannot be read at the moment: resume after the last cursor")]
    Unavailable,
}

/// How many events are read at once.
const PAGE: u64 = 500;
/// How many events may wait for one subscriber.
const QUEUE: usize = 1_024;
const PAUSE_AFTER_FAULT: Duration = Duration::from_millis(250);

struct State {
    /// The next sequence number to fan out.
    next: i64,
    subscribers: Vec<mpsc::Sender<Arc<Event>>>,
    draining: bool,
}

struct Shared {
    db: Db,
    state: Mutex<State>,
}

/// A handle of the feed; clones share it.
#[derive(Clone)]
pub struct Feed {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}

impl Feed {
    /// Reads the fleet and follows the ledger from its present end.
    pub async fn start(db: Db) -> Result<Self, sea_orm::DbErr> {
        let mut head = db.inner.head.clone();
        let next = *head.borrow_and_update();
        db.learn(&agent::Entity::find().all(&db).await?);
        let feed = Self {
            shared: Arc::new(Shared {
                db,
                state: Mutex::new(State {
                    next,
                    subscribers: Vec::new(),
                    draining: false,
                }),
            }),
        };
        tokio::spawn(follow_ledger(Arc::downgrade(&feed.shared), head));
        Ok(feed)
    }

    /// The line of reports.
    pub fn fleet(&self) -> RwLockReadGuard<'_, Fleet> {
        self.shared.db.fleet()
    }

    /// The next sequence number that it will fan out.
    pub fn head(&self) -> i64 {
        self.shared.state().next
    }

    /// Where a stream begins that shows what is committed from now on.
    pub async fn settled(&self) -> Result<i64, sea_orm::DbErr> {
        self.shared.db.settled().await
    }

    /// How many subscribers there are.
    pub fn subscriber_count(&self) -> usize {
        self.shared
            .state()
            .subscribers
            .iter()
            .filter(|one| !one.is_closed())
            .count()
    }

    /// Ends every stream with [`FeedEnd::Draining`], and every stream to come.
    pub fn drain(&self) {
        let mut state = self.shared.state();
        state.draining = true;
        state.subscribers.clear();
    }

    /// Every event after a sequence number, without gap or duplicate: first what was missed, then live. Without one: from where
    /// the feed stands, which may be a moment behind what is committed.
    pub fn follow(
        &self,
        after: Option<i64>,
    ) -> impl Stream<Item = Result<Arc<Event>, FeedEnd>> + Send + 'static + use<> {
        let (queue, live_from) = self.subscribe();
        let reader = Reader {
            shared: self.shared.clone(),
            missed: Vec::new().into_iter(),
            // A cursor may name any number: clients can make them up.
            next: after.map_or(live_from, |after| after.saturating_add(1)),
            live_from,
            queue,
        };
        try_unfold(reader, |mut reader| async move {
            let event = reader.next().await?;
            Ok(Some((event, reader)))
        })
    }

    fn subscribe(&self) -> (mpsc::Receiver<Arc<Event>>, i64) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let mut state = self.shared.state();
        if !state.draining {
            state.subscribers.push(sender);
        }
        (receiver, state.next)
    }
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fan_out(&self, events: Vec<Event>) {
        self.db
            .learn(events.iter().filter_map(|event| match &event.subject {
                Subject::Agent(agent) => Some(&**agent),
                Subject::Task { .. } | Subject::Nothing => None,
            }));
        let mut state = self.state();
        for event in events {
            state.next = event.sequence + 1;
            let event = Arc::new(event);
            // A full queue closes its subscriber and nobody else: a slow reader never holds up a fast one (spec R6.02).
            state
                .subscribers
                .retain(|queue| queue.try_send(event.clone()).is_ok());
        }
    }
}

async fn follow_ledger(
    shared: std::sync::Weak<Shared>,
    mut head: tokio::sync::watch::Receiver<i64>,
) {
    loop {
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let next = shared.state().next;
        if *head.borrow_and_update() > next {
            match hydrate::events(&shared.db, next, PAGE).await {
                Ok(events) => shared.fan_out(events),
                // Nobody has the feed any more: the database was closed.
                Err(_) if Arc::strong_count(&shared) == 1 => return,
                Err(error) => {
                    tracing::warn!(%error, "the feed cannot read the ledger and tries again");
                    tokio::time::sleep(PAUSE_AFTER_FAULT).await;
                }
            }
            continue;
        }
        drop(shared);
        if head.changed().await.is_err() {
            return;
        }
    }
}

/// One subscriber's way through the log.
struct Reader {
    shared: Arc<Shared>,
    /// A page of the past, read from the database.
    missed: std::vec::IntoIter<Event>,
    next: i64,
    /// From here on the queue has everything.
    live_from: i64,
    queue: mpsc::Receiver<Arc<Event>>,
}

impl Reader {
    async fn next(&mut self) -> Result<Arc<Event>, FeedEnd> {
        loop {
            if let Some(event) = self.missed.next() {
                self.next = event.sequence + 1;
                return Ok(Arc::new(event));
            }
            if self.next < self.live_from {
                let missing =
                    u64::try_from(self.live_from.saturating_sub(self.next)).unwrap_or(PAGE);
                let page = hydrate::events(&self.shared.db, self.next, missing.min(PAGE))
                    .await
                    .map_err(|_| FeedEnd::Unavailable)?;
                // A month may have been archived since this reader began: where it resumes, it is told.
                let first = page.first().map_or(self.live_from, |event| event.sequence);
                if first > self.next {
                    let kept = archive::first_kept(&self.shared.db).await;
                    if self.next < kept.map_err(|_| FeedEnd::Unavailable)? {
                        return Err(FeedEnd::Unavailable);
                    }
                }
                if page.is_empty() {
                    self.next = self.live_from;
                }
                self.missed = page.into_iter();
                continue;
            }
            let Some(event) = self.queue.recv().await else {
                let draining = self.shared.state().draining;
                return Err(if draining {
                    FeedEnd::Draining
                } else {
                    FeedEnd::Lagging
                });
            };
            if event.sequence >= self.next {
                self.next = event.sequence + 1;
                return Ok(event);
            }
        }
    }
}
