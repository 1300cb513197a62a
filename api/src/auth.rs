//! Floor 1: who calls and what proves it. No I/O, no database and no clock live here: rows and `now` come in as
//! arguments, so that every decision is a pure function and can be tested as one.

pub mod key;
pub mod secret;
pub mod token;
