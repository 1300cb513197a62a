//! Floor 6, `app`: the composition root: configuration → parts → routes → run → drain. The same for production, tests and demo, which
//! differ in configuration and clock only (design property 7).

pub mod cli;
pub mod config;
mod data_dir;
mod door;
mod order;
mod parts;
mod registered;
mod running;
mod shelf;

pub use config::Config;
pub use running::{Running, migrate, start};
