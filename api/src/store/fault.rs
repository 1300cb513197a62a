//! Faults that a test lets happen beneath the store: at the n-th call of the database something goes wrong. Floor 2.
//!
//! They belong to one task (a tokio task-local), so that nothing else in the process is touched; where no test has set any, a call costs a
//! look at an empty place.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::{DbErr, Statement};
use tokio::sync::Notify;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The call is not made, and fails.
    NotMade,
    /// The call is made, and its answer is lost.
    AnswerLost,
    /// The call is never answered: whoever waits gives up some time.
    Silence,
    /// The call is not made, and whoever makes it panics. One that another task makes on its behalf fails instead.
    Panic,
}

/// One fault, to come with the n-th call from here on, counted from 0.
#[derive(Debug)]
pub struct Fault {
    kind: Kind,
    at: usize,
    calls: AtomicUsize,
    statements: Mutex<Vec<Statement>>,
    struck: AtomicBool,
    silent: Notify,
}

tokio::task_local! {
    static FAULT: Arc<Fault>;
}

impl Fault {
    /// A fault that waits for its call.
    pub fn new(kind: Kind, at: usize) -> Arc<Self> {
        Arc::new(Self {
            kind,
            at,
            calls: AtomicUsize::new(0),
            statements: Mutex::default(),
            struck: AtomicBool::new(false),
            silent: Notify::new(),
        })
    }

    /// How many calls were made so far.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// The statements of those calls, in their order; to begin and to commit are none.
    pub fn statements(&self) -> Vec<Statement> {
        self.statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether its call has come.
    pub fn has_struck(&self) -> bool {
        self.struck.load(Ordering::Relaxed)
    }

    /// Waits until its call has come and is not answered.
    pub async fn silence(&self) {
        self.silent.notified().await;
    }

    /// Runs what the fault is to befall.
    pub async fn befall<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> T {
        FAULT.scope(self.clone(), work).await
    }
}

/// The fault that is to befall this task; for what others do on its behalf.
pub(super) fn current() -> Option<Arc<Fault>> {
    FAULT.try_with(Arc::clone).ok()
}

/// Work that a task gives to another: the fault that is to befall the one befalls the other.
pub fn on_behalf<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let fault = current();
    async move {
        match fault {
            Some(fault) => fault.befall(work).await,
            None => work.await,
        }
    }
}

/// Tells which statement the next call is about.
pub(super) fn note(statement: &Statement) {
    if let Some(fault) = current() {
        fault
            .statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(statement.clone());
    }
}

/// Makes a call of the database, unless it is the one that goes wrong.
pub(super) async fn call<T>(made: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    match current().filter(|fault| fault.is_due()) {
        None => made.await,
        Some(fault) if fault.kind == Kind::Silence => {
            fault.silent.notify_one();
            std::future::pending().await
        }
        Some(fault) if fault.kind == Kind::Panic => fault.panic(),
        Some(fault) => fault.strike(made).await,
    }
}

/// [`call`] on behalf of another task, who does not end with whoever waits: silence is theirs alone, the call is made.
pub(super) async fn call_for<T>(
    other: Option<Arc<Fault>>,
    made: impl Future<Output = Result<T, DbErr>>,
) -> Result<T, DbErr> {
    match other.filter(|fault| fault.is_due()) {
        None => made.await,
        Some(fault) if fault.kind == Kind::Silence => {
            fault.silent.notify_one();
            made.await
        }
        Some(fault) => fault.strike(made).await,
    }
}

impl Fault {
    fn is_due(&self) -> bool {
        let due = self.calls.fetch_add(1, Ordering::Relaxed) == self.at;
        self.struck.fetch_or(due, Ordering::Relaxed);
        due
    }

    #[allow(clippy::panic, reason = "the fault that a test asked for")]
    fn panic(&self) -> ! {
        panic!("a fault of a test at call {}", self.at)
    }

    async fn strike<T>(&self, made: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        if self.kind == Kind::AnswerLost {
            made.await?;
        }
        Err(DbErr::Custom("a fault of a test".to_owned()))
    }
}
