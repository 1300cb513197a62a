//! The sentences of the scenarios, by concept.
//!
//! A step that is *given* must succeed; one that is *done* may be refused, and the outcome is judged by the steps after it.

mod agent;
mod asset;
mod audit;
mod disaster;
mod edge;
mod http;
mod live;
mod notification;
mod palette;
mod phrase;
mod policy;
mod process;
mod route;
mod session;
mod sprint;
mod task;
mod worker;
