//! The gates' own tests, in one binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod contract;
mod gates;
mod routes;
mod socket;
