//! Integration tests of the API, all in one binary: linking one is faster than linking many.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agent;
mod asset;
mod document;
mod edge;
mod fault;
mod graphql;
mod leak;
mod ledger;
mod log;
mod notification;
mod personal;
mod session;
mod sprint;
mod task;
mod tidy;
mod twin;
mod world;
