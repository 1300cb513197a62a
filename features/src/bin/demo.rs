//! Shows the main job on a server of its own: `demo` on SQLite, `demo --postgres` on PostgreSQL.
//!
//! The exit status is 0 only when every step was seen live by the subscriber and found in the audit log.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use features::{
    database::Choice,
    demo::{self, sprint},
};

/// A character concept on its way from a director's wish to an approved picture.
#[derive(Debug, Parser)]
struct Arguments {
    /// On PostgreSQL instead of the embedded file.
    #[arg(long)]
    postgres: bool,
    /// The character pipeline instead, run by simulated agents
    #[arg(long)]
    sprint: bool,
    /// Kill the server when so many steps of the sprint were heard, and start it again
    #[arg(long, requires = "sprint")]
    kill_after: Option<usize>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let database = if arguments.postgres {
        Choice::Postgres
    } else {
        Choice::Sqlite
    };
    if arguments.sprint {
        let plan = sprint::Plan {
            database,
            shown: true,
            kill_after: arguments.kill_after,
        };
        sprint::play(plan).await?;
    } else {
        demo::run(database).await?;
    }
    Ok(ExitCode::SUCCESS)
}
