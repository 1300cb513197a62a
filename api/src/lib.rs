//! Ziggie's server: the control plane for fleets of AI agents. ARCHITECTURE.md draws the house; imports point down only:
//! `app` → `http` → `graphql` → `service` → `store` → `auth` → `entities`.

pub mod auth;
pub mod error;
pub mod service;
pub mod store;
