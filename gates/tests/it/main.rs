//! The gates' own tests, in one binary. What turns each gate red is in `red`, a file a gate.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod contract;
mod gates;
mod red;
mod routes;
mod socket;
