//! The long runs: `soak crash --database postgres --replicas 2 --seeds 500 --results FILE`.

use std::{fs, path::PathBuf, process::ExitCode, time::Instant};

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};
use features::{
    database::Choice,
    soak::{self, crash},
};
use serde_json::json;

/// What is tried until it breaks.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Kills processes at random moments and looks for what was acknowledged
    Crash(Crash),
}

#[derive(Debug, Args)]
struct Crash {
    /// The database: sqlite or postgres
    #[arg(long, default_value = "sqlite")]
    database: Choice,
    /// How many processes serve it; more than one on PostgreSQL only
    #[arg(long, default_value_t = 1)]
    replicas: usize,
    /// How many rounds
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many pairs of agents work at once
    #[arg(long, default_value_t = 8)]
    pairs: usize,
    /// How many rounds run at once
    #[arg(long, default_value_t = 3)]
    jobs: usize,
    /// Where to write what was found, as JSON
    #[arg(long)]
    results: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let What::Crash(wanted) = Arguments::parse().what;
    let plan = crash::Plan {
        database: wanted.database,
        replicas: wanted.replicas,
        seeds: wanted.from..wanted.from + wanted.seeds,
        pairs: wanted.pairs,
        jobs: wanted.jobs,
    };
    let begun = Instant::now();
    let counts = crash::run(&plan).await?;
    let seconds = begun.elapsed().as_secs();
    println!(
        "crash on {} with {} process(es): {} seeds in {seconds} s, nothing lost, nothing twice: {counts}",
        plan.database, plan.replicas, wanted.seeds
    );
    if let Some(path) = wanted.results {
        let found = json!({
            "run": "crash",
            "database": plan.database.to_string(),
            "replicas": plan.replicas,
            "seeds": { "from": plan.seeds.start, "to": plan.seeds.end - 1 },
            "pairs": plan.pairs,
            "counts": counts.json(),
            "faults": 0,
            "seconds": seconds,
            "machine": soak::machine(),
        });
        fs::write(&path, format!("{found:#}\n")).with_context(|| path.display().to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}
