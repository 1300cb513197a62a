//! Floor 3, `service`: the use cases, one function per verb, one file per noun; the one door for writes; background duties.

use std::sync::Arc;

use entities::id::AgentId;

pub mod admission;
pub mod agent;
pub mod asset;
pub mod audit;
pub mod denial;
pub mod duty;
pub mod first_start;
pub mod founding;
pub mod gate_run;
pub mod installation;
pub mod key;
pub mod live;
pub mod log;
pub mod notification;
pub mod page;
pub mod personal;
pub mod rate;
pub mod session;
pub mod setting;
pub mod sprint;
pub mod task;
pub mod task_type;
pub mod text;

use crate::auth::actor::Caller;
use crate::auth::key::MasterKey;
use crate::auth::policy::{self, Operation};
use crate::error::{Error, Result};
use crate::store::feed::Feed;
use crate::store::shelf::Shelf;
use crate::store::{Db, Tx};

pub use setting::Settings;

/// Everything that the use cases stand on; clones share it.
#[derive(Clone, Debug)]
pub struct Service {
    /// The database.
    pub db: Db,
    /// The feed of sequenced entries.
    pub feed: Feed,
    /// Limits and times.
    pub settings: Arc<Settings>,
    /// The keys that sign and verify tokens.
    pub keys: key::Keys,
    /// The keys that sign checkpoints of the log.
    pub log_keys: log::LogKeys,
    /// Where refusals are reported.
    pub denials: denial::Denials,
    /// How many operations are worked on at once.
    pub admission: admission::Admission,
    /// What callers ask for in a while.
    pub rates: rate::Rates,
    /// When agents and sessions were last used, not yet flushed.
    pub last_uses: session::LastUses,
    /// Compiled schemas of task types.
    pub schemas: task_type::Schemas,
    /// Versions of task types that were read.
    pub versions: task_type::Versions,
    /// Where claimers wait for work.
    pub claimers: task::WaitingRoom,
    /// Where the bytes of assets lie.
    pub shelf: Shelf,
}

impl Service {
    /// Puts the use cases together over a prepared database (see [`first_start`]): alike in production, in tests and in the demo.
    ///
    /// # Errors
    /// When the database was never started, cannot be read, or its keys do not open under this master key.
    pub async fn open(
        db: Db,
        shelf: Shelf,
        master: &MasterKey,
        settings: Settings,
    ) -> Result<Self, key::OpenError> {
        let denials = denial::Denials::start(db.clone());
        Ok(Self {
            admission: admission::Admission::new(&settings),
            rates: rate::Rates::new(db.clock().clone(), denials.clone(), &settings),
            keys: key::Keys::open(&db, master).await?,
            log_keys: log::LogKeys::open(&db, master).await?,
            feed: Feed::start(db.clone()).await?,
            denials,
            settings: Arc::new(settings),
            last_uses: session::LastUses::default(),
            schemas: task_type::Schemas::default(),
            versions: task_type::Versions::default(),
            claimers: task::WaitingRoom::default(),
            shelf,
            db,
        })
    }

    /// The one door for writes: static policy, one unit of work with the caller's rows read again, and a report of what was refused.
    ///
    /// Every verb of the schema is `perform(caller, operation, async |tx| noun::verb(tx, …).await)`.
    pub async fn perform<T>(
        &self,
        caller: &Caller,
        operation: Operation,
        unit: impl AsyncFnOnce(&mut Tx) -> Result<T>,
    ) -> Result<T> {
        self.perform_alone(caller, operation, &[], unit).await
    }

    /// [`perform`](Self::perform) for verbs that revoke or stop: the unit holds the locks of these agents alone (spec R2.03).
    pub async fn perform_alone<T>(
        &self,
        caller: &Caller,
        operation: Operation,
        alone: &[AgentId],
        unit: impl AsyncFnOnce(&mut Tx) -> Result<T>,
    ) -> Result<T> {
        let outcome = match policy::allow(operation, caller) {
            Ok(()) => {
                self.db
                    .write_alone(caller, alone, async |tx: &mut Tx| {
                        // By the rows of now, not by what the session check saw (spec R1.04).
                        policy::allow(operation, tx.caller())?;
                        unit(tx).await
                    })
                    .await
            }
            Err(error) => Err(error),
        };
        self.report(caller, operation, outcome)
    }

    /// The static half of the policy alone: for reads, and for verbs that check much before their unit begins. A refusal is reported.
    pub fn allow(&self, caller: &Caller, operation: Operation) -> Result<()> {
        self.report(caller, operation, policy::allow(operation, caller))
    }

    /// Passes an outcome on, reporting a refusal to the audit log, off the answer's path (spec R5.04).
    pub fn report<T>(
        &self,
        caller: &Caller,
        operation: Operation,
        outcome: Result<T>,
    ) -> Result<T> {
        if let Err(error) = &outcome {
            match error {
                Error::Internal(cause) if cause.is_news() => {
                    tracing::error!(operation = operation.name(), request_id = %caller.origin.request_id, cause = %cause.0, "internal error");
                    self.denials.report_internal(caller, operation);
                }
                _ => {
                    if let Some(denial) = error.denial() {
                        self.denials.report(caller, denial);
                    }
                }
            }
        }
        outcome
    }
}
