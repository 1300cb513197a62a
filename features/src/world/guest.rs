//! A scenario as the guest of a server that somebody else started and that others use too. An interpreter stands between: the agents and task
//! types of the scenario bear a mark of their own outside, and come back without it, so that scenarios know nothing of each other, nor of those
//! who were there before.

mod interpreter;
mod names;

use anyhow::{Result, anyhow};

pub(super) use interpreter::Interpreter;
pub use names::Names;

/// A server that somebody else started.
#[derive(Clone, Debug)]
pub struct Host {
    /// Where it answers GraphQL: `127.0.0.1:7400`.
    pub address: String,
    /// Where it answers those who run it, if that is known.
    pub admin: Option<String>,
    /// A token of its first operator.
    pub token: String,
}

/// What an error begins with that says why a scenario cannot be the guest of a server.
pub const NEEDS_ITS_OWN: &str = "it needs a server of its own: ";

/// The error of a scenario that cannot be a guest.
pub(super) fn needs_its_own(what: &str) -> anyhow::Error {
    anyhow!("{NEEDS_ITS_OWN}{what}")
}

/// Nothing where a server is the scenario's own.
pub(super) fn refuse(is_guest: bool, what: &str) -> Result<()> {
    match is_guest {
        true => Err(needs_its_own(what)),
        false => Ok(()),
    }
}
