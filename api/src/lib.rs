//! x

pub mod auth;
