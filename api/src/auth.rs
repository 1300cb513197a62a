//! Floor 1, `auth`: who calls, what they may do, what they may see, and the proofs that they bring. Pure: no I/O, no clock of its own.

pub mod actor;
pub mod fleet;
pub mod key;
pub mod note;
pub mod policy;
pub mod secret;
pub mod sight;
pub mod token;
