//! Integration tests of the API, all in one binary: linking one is faster than linking many.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agent;
mod edge;
mod graphql;
mod session;
mod task;
mod tidy;
mod world;
