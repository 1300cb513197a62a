//! Ziggie's server: the control plane for fleets of AI agents. ARCHITECTURE.md draws the house; imports point down only:
//! `app` → `http` → `graphql` → `service` → `store` → `auth` → `entities`.

pub mod app;
pub mod auth;
pub mod error;
#[cfg(test)]
mod fuzz;
pub mod graphql;
pub mod http;
pub mod service;
pub mod store;

/// The version of this server.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// SHA-256 over the sources that this server was built from, by which a report says what it is about.
pub const BUILD_HASH: &str = env!("BUILD_HASH");
