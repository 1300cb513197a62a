//! What is measured: `bench --log` reads a whole log, `bench --fan-out` lets subscribers listen, `bench --audit` weighs what the log adds to a
//! mutation; without any of them all are run, on both databases.
//!
//! With `--sample` little of it and nothing written, as the tests do. The full runs leave what they found in `features/results`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use features::{
    bench::{audit_cost, fan_out, whole_log},
    database::Choice,
    soak,
};
use serde_json::{Value, json};

/// What is measured.
#[derive(Debug, Parser)]
struct Arguments {
    /// Verify and export a log of a million entries
    #[arg(long)]
    log: bool,
    /// How long an event takes to 1, 100 and 5,000 subscribers, and what memory each of them holds
    #[arg(long)]
    fan_out: bool,
    /// What the log adds to a mutation
    #[arg(long)]
    audit: bool,
    /// A short run that writes no results
    #[arg(long)]
    sample: bool,
    /// On which database; on both when left out
    #[arg(long, value_name = "sqlite|postgres")]
    on: Vec<Choice>,
    /// How many entries the log has
    #[arg(long, default_value_t = 1_000_000)]
    entries: usize,
    /// Where results go
    #[arg(long, default_value = "features/results")]
    results: PathBuf,
}

/// How many subscribers, and how many events each of them hears of.
const CROWDS: [(usize, usize); 3] = [(1, 500), (100, 200), (5_000, 40)];

/// The same of a sample.
const SAMPLE: [(usize, usize); 2] = [(1, 5), (20, 5)];

/// How many tasks are created to weigh the log.
const MUTATIONS: usize = 4_000;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let all = !arguments.log && !arguments.fan_out && !arguments.audit;
    let databases = match arguments.on.as_slice() {
        [] => [Choice::Sqlite, Choice::Postgres].as_slice(),
        some => some,
    };
    for database in databases {
        if arguments.audit || all {
            audit(&arguments, *database).await?;
        }
        if arguments.fan_out || all {
            fan_out(&arguments, *database).await?;
        }
        if arguments.log || all {
            log(&arguments, *database).await?;
        }
    }
    Ok(())
}

async fn log(arguments: &Arguments, database: Choice) -> Result<()> {
    let entries = if arguments.sample {
        2_000
    } else {
        arguments.entries
    };
    let measure = whole_log::run(database, entries).await?;
    println!("{database}: {measure}");
    keep(arguments, "log", database, measure.json())
}

async fn fan_out(arguments: &Arguments, database: Choice) -> Result<()> {
    let mut measures = Vec::new();
    let crowds = match arguments.sample {
        true => SAMPLE.as_slice(),
        false => CROWDS.as_slice(),
    };
    for &(subscribers, events) in crowds {
        let mut measure = fan_out::run(database, subscribers, events).await?;
        println!("{database}: {measure}");
        measures.push(measure.json());
    }
    keep(
        arguments,
        "fan-out",
        database,
        json!({ "crowds": measures }),
    )
}

async fn audit(arguments: &Arguments, database: Choice) -> Result<()> {
    let mutations = if arguments.sample { 100 } else { MUTATIONS };
    let measure = audit_cost::run(database, mutations).await?;
    println!("{database}: {measure}");
    keep(arguments, "audit", database, measure.json())
}

fn keep(arguments: &Arguments, what: &str, database: Choice, found: Value) -> Result<()> {
    if arguments.sample {
        return Ok(());
    }
    soak::keep(
        &arguments.results,
        &format!("bench-{what}-{database}"),
        found,
    )
}
