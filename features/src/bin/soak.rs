//! The long runs: `soak --crash` kills processes, `soak --fsync` follows answers to the disk, `soak --streams` kills processes that
//! readers follow, `soak --sprint` measures waves and kills after each step of a sprint, `soak --workers` kills workers and the servers
//! beneath them; without any of them all are run.
//!
//! With `--sample` few seeds and nothing written, as the tests do. The full runs leave what they found in `features/results`.

use std::{ops::Range, path::PathBuf, time::Instant};

use anyhow::Result;
use clap::{Parser, ValueEnum};
use features::{
    database::Choice,
    soak::{self, crash, fsync, sprint, streams, workers},
};
use serde_json::{Value, json};

/// What is tried until it breaks.
#[derive(Debug, Parser)]
struct Arguments {
    /// Kill processes at random moments and look for what was acknowledged
    #[arg(long)]
    crash: bool,
    /// Follow each answer to the disk by what the system says (SQLite; needs strace)
    #[arg(long)]
    fsync: bool,
    /// Kill processes at random moments while readers stream, and look for what each of them heard
    #[arg(long)]
    streams: bool,
    /// Measure a wave of a sprint beside the same tasks outside of one, and kill the server after each step of the demo's sprint
    #[arg(long)]
    sprint: bool,
    /// Kill, pause and stop workers, each a process of its own, and the servers beneath them, and look what has become of every task
    #[arg(long)]
    workers: bool,
    /// A short run that writes no results
    #[arg(long)]
    sample: bool,
    /// What to kill; all when left out
    #[arg(long, value_enum)]
    on: Vec<Stage>,
    /// How many rounds [default: of the crash run 500, of a sample 20; of the streams 200, of a sample 10]
    #[arg(long)]
    seeds: Option<u64>,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many pairs of agents work at once
    #[arg(long, default_value_t = 8)]
    pairs: usize,
    /// How many rounds run at once
    #[arg(long, default_value_t = 3)]
    jobs: usize,
    /// Where results go
    #[arg(long, default_value = "features/results")]
    results: PathBuf,
}

/// What the crash run kills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// The one process on an embedded file
    Sqlite,
    /// The one process on PostgreSQL
    Postgres,
    /// One of two processes on PostgreSQL, while the other serves
    Replicas,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let all = !arguments.crash
        && !arguments.fsync
        && !arguments.streams
        && !arguments.sprint
        && !arguments.workers;
    if arguments.crash || all {
        crash(&arguments).await?;
    }
    if arguments.fsync || all {
        fsync(&arguments).await?;
    }
    if arguments.streams || all {
        streams(&arguments).await?;
    }
    if arguments.sprint || all {
        sprints(&arguments).await?;
    }
    if arguments.workers || all {
        workers(&arguments).await?;
    }
    Ok(())
}

async fn workers(arguments: &Arguments) -> Result<()> {
    for (stage, name, database, replicas) in [
        (Stage::Sqlite, "workers-sqlite", Choice::Sqlite, 1),
        (Stage::Replicas, "workers-replicas", Choice::Postgres, 2),
    ] {
        if !arguments.on.is_empty() && !arguments.on.contains(&stage) {
            continue;
        }
        let plan = match arguments.sample {
            true => workers::Plan {
                database,
                replicas,
                workers: 8,
                tasks: 100,
                seed: arguments.from,
                peace: 500..4_000,
                servers_peace: 1_000..3_000,
            },
            false => workers::Plan {
                database,
                replicas,
                workers: 64,
                tasks: 50_000,
                seed: arguments.from,
                peace: 2_000..30_000,
                servers_peace: 10_000..40_000,
            },
        };
        let begun = Instant::now();
        let counts = workers::run(&plan).await?;
        let seconds = begun.elapsed().as_secs();
        println!(
            "{name}: {} tasks by {} workers in {seconds} s, each done once or failed for a reason: {counts}",
            plan.tasks, plan.workers
        );
        let found = json!({
            "replicas": replicas,
            "workers": plan.workers,
            "seed": plan.seed,
            "counts": counts.json(),
            "faults": 0,
            "seconds": seconds,
        });
        keep(arguments, name, found)?;
    }
    Ok(())
}

async fn sprints(arguments: &Arguments) -> Result<()> {
    let (tasks, workers, rounds) = match arguments.sample {
        true => (64, 8, 1),
        false => (1_728, 64, 3),
    };
    // A wave that ends, a phase that ends, and the end.
    let some: Option<&[usize]> = arguments.sample.then_some(&[2, 9]);
    for (stage, name, database) in [
        (Stage::Sqlite, "sprint-sqlite", Choice::Sqlite),
        (Stage::Postgres, "sprint-postgres", Choice::Postgres),
    ] {
        if !arguments.on.is_empty() && !arguments.on.contains(&stage) {
            continue;
        }
        let cost = sprint::cost(database, tasks, workers, rounds).await?;
        println!(
            "{name}: {tasks} tasks in one wave by {workers} workers take {:.2} times as long as outside of any sprint",
            cost.ratio()
        );
        // Of a sample the figures mean nothing: it shows that the run works.
        anyhow::ensure!(
            arguments.sample || cost.ratio() <= sprint::LIMIT,
            "a wave costs too much: {cost:?}"
        );
        let begun = Instant::now();
        let (steps, kills) = sprint::kills(database, some).await?;
        let seconds = begun.elapsed().as_secs();
        println!(
            "{name}: killed after {kills} of {steps} steps, it ended the same each time, in {seconds} s"
        );
        let found = json!({
            "wave": cost.json(),
            "kills": { "steps": steps, "kills": kills, "faults": 0, "seconds": seconds },
        });
        keep(arguments, name, found)?;
    }
    Ok(())
}

async fn crash(arguments: &Arguments) -> Result<()> {
    let seeds = arguments
        .seeds
        .unwrap_or(if arguments.sample { 20 } else { 500 });
    for stage in Stage::value_variants() {
        if !arguments.on.is_empty() && !arguments.on.contains(stage) {
            continue;
        }
        let (name, database, replicas) = match stage {
            Stage::Sqlite => ("crash-sqlite", Choice::Sqlite, 1),
            Stage::Postgres => ("crash-postgres", Choice::Postgres, 1),
            Stage::Replicas => ("crash-replicas", Choice::Postgres, 2),
        };
        let plan = crash::Plan {
            database,
            replicas,
            seeds: arguments.from..arguments.from + seeds,
            pairs: arguments.pairs,
            jobs: arguments.jobs,
        };
        let begun = Instant::now();
        let counts = crash::run(&plan).await?;
        let seconds = begun.elapsed().as_secs();
        println!(
            "{name}: {seeds} seeds in {seconds} s, nothing lost and nothing done twice: {counts}"
        );
        let Range { start, end } = plan.seeds;
        let found = json!({
            "replicas": replicas,
            "seeds": { "from": start, "to": end - 1 },
            "pairs": plan.pairs,
            "counts": counts.json(),
            "faults": 0,
            "seconds": seconds,
        });
        keep(arguments, name, found)?;
    }
    Ok(())
}

async fn streams(arguments: &Arguments) -> Result<()> {
    let seeds = arguments
        .seeds
        .unwrap_or(if arguments.sample { 10 } else { 200 });
    for (stage, name, database) in [
        (Stage::Sqlite, "streams-sqlite", Choice::Sqlite),
        (Stage::Postgres, "streams-postgres", Choice::Postgres),
    ] {
        if !arguments.on.is_empty() && !arguments.on.contains(&stage) {
            continue;
        }
        let plan = streams::Plan {
            database,
            seeds: arguments.from..arguments.from + seeds,
            pairs: arguments.pairs,
            jobs: arguments.jobs,
        };
        let begun = Instant::now();
        let counts = streams::run(&plan).await?;
        let seconds = begun.elapsed().as_secs();
        println!(
            "{name}: {seeds} seeds in {seconds} s, every reader heard everything, once and in order: {counts}"
        );
        let Range { start, end } = plan.seeds;
        let found = json!({
            "seeds": { "from": start, "to": end - 1 },
            "pairs": plan.pairs,
            "counts": counts.json(),
            "faults": 0,
            "seconds": seconds,
        });
        keep(arguments, name, found)?;
    }
    Ok(())
}

/// How many clients at once, and how many mutations each of them sends in the full run.
const CROWDS: [(usize, usize); 3] = [(1, 400), (8, 200), (64, 50)];

async fn fsync(arguments: &Arguments) -> Result<()> {
    if !fsync::can_trace().await {
        anyhow::ensure!(
            arguments.sample,
            "strace is not there, or may not look at other processes"
        );
        println!("fsync: left out, strace is not there or may not look");
        return Ok(());
    }
    let mut measures = Vec::new();
    for (clients, each) in CROWDS {
        let each = if arguments.sample {
            each.div_ceil(10)
        } else {
            each
        };
        let measure = fsync::run(clients, each).await?;
        println!(
            "fsync: {clients} clients: {:.0} mutations/s; of {} answers each came after its sync, {} syncs, {:.3} for each",
            measure.per_second,
            measure.proved,
            measure.syncs,
            measure.syncs_each()
        );
        measures.push(measure.json());
    }
    keep(arguments, "fsync-sqlite", json!({ "crowds": measures }))
}

fn keep(arguments: &Arguments, name: &str, found: Value) -> Result<()> {
    if arguments.sample {
        return Ok(());
    }
    soak::keep(&arguments.results, name, found)
}
