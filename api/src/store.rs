//! Floor 2, `store`: the database. One door for reads, one for writes ([`Tx`]), the ledger and the feed.
//!
//! Outside this module nothing can write: [`Db`] and [`Tx`] answer reads only, and every change goes through a method of [`Tx`] that takes
//! the audit entry with it (design property 1).

pub mod archive;
pub mod clock;
mod connect;
mod connection;
mod db;
mod entry;
pub mod fault;
pub mod feed;
mod healing;
mod hydrate;
mod ledger;
mod lock;
mod read_only;
pub mod scratch;
mod sequencer;
pub mod shelf;
mod snapshot;
mod transition;
pub mod tree;
mod tx;
mod unaudited;
mod writer;

pub use connect::{Database, OpenError};
pub use db::Db;
pub use entry::Entry;
pub use hydrate::{asset_sights, task_sights};
pub use snapshot::Snapshot;
pub use transition::{Transition, leased_until};
pub use tx::Tx;
pub use unaudited::{LastUse, Reason};
