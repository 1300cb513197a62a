//! Ground floor (0): ids, closed words with their rules, the state table of tasks, stored rows, migrations.
//!
//! Nothing here does I/O but the migrations, and nothing here knows who may do what: that is the policy's.

pub mod agent;
pub mod asset;
pub mod audit;
pub mod gate_run;
pub mod id;
pub mod idempotency_key;
pub mod installation;
pub mod json;
pub mod log_key;
pub mod migration;
pub mod notification;
pub mod session;
pub mod signing_key;
pub mod sprint;
pub mod task;
pub mod task_type;
pub mod word;
