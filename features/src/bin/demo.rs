//! Shows the main job on a server of its own: `demo` on SQLite, `demo --postgres` on PostgreSQL.
//!
//! The exit status is 0 only when every step was seen live by the subscriber and found in the audit log.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use features::{database::Choice, demo};

/// A character concept on its way from a director's wish to an approved picture.
#[derive(Debug, Parser)]
struct Arguments {
    /// On PostgreSQL instead of the embedded file.
    #[arg(long)]
    postgres: bool,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    demo::run(if arguments.postgres {
        Choice::Postgres
    } else {
        Choice::Sqlite
    })
    .await?;
    Ok(ExitCode::SUCCESS)
}
