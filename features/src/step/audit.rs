//! Sentences about the audit log: what was written, and how it is read.
//!
//! Lists show what is sequenced, and denials are written off the answer's path: an entry is looked for until it is there.

mod entry;
mod erasure;
mod export;
mod history;
mod proof;
mod reading;
mod retention;
mod size;
mod verify;

pub(super) use entry::{await_entries, entries};
