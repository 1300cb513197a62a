//! Runs the Gherkin suite: `e2e --database sqlite`, `e2e --database postgres --tags @tasks`.
//!
//! The exit status is 0 only when there was something to run and every scenario passed. An undefined or skipped step fails
//! its scenario.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context as _, Result, anyhow};
use clap::Parser;
use cucumber::gherkin::tagexpr::TagOperation;
use features::{
    database::Choice,
    rule,
    suite::{self, Options},
    worker::Language,
};

/// The Gherkin suite.
#[derive(Debug, Parser)]
struct Arguments {
    /// The database to run on: sqlite or postgres.
    #[arg(long, default_value = "sqlite")]
    database: Choice,
    /// Only scenarios with these tags: `@tasks and not @races`.
    #[arg(long, value_parser = tags)]
    tags: Option<TagOperation>,
    /// Only scenarios whose name contains this.
    #[arg(long)]
    name: Option<String>,
    /// How many scenarios at the same time.
    #[arg(long, default_value_t = 8)]
    concurrency: usize,
    /// Where the reports go (JUnit and Cucumber JSON).
    #[arg(long, default_value = "target/e2e")]
    reports: PathBuf,
    /// Hold every response to the types of api/schema.graphql, and keep what of it was seen; for the third gate
    #[arg(long)]
    contract: bool,
    /// Run nothing; write into rules.md which scenarios each rule has.
    #[arg(long)]
    rules: bool,
}

fn tags(text: &str) -> Result<TagOperation> {
    text.parse().map_err(|error| anyhow!("{error}"))
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if arguments.rules {
        rule::rewrite(&suite::features()).context("rules.md")?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.contract {
        let read = |name: &'static str| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name(name);
            std::fs::read_to_string(&path).context(name)
        };
        let (sdl, routes) = (read("api/schema.graphql")?, read("api/openapi.json")?);
        gates::client::look_at_responses(&sdl, &routes)?;
    }
    let without: Vec<Language> = Language::ALL
        .into_iter()
        .filter(|language| !language.is_ready())
        .collect();
    let (database, begun) = (arguments.database, Instant::now());
    let tally = suite::run(Options {
        database,
        tags: arguments.tags,
        name: arguments.name,
        concurrency: arguments.concurrency,
        reports: arguments.reports,
        without: without.clone(),
    })
    .await?;
    for failure in &tally.failures {
        println!("{failure}\n");
    }
    println!(
        "{database}: {} of {} scenarios passed ({} runs with every example), {:.1} s",
        tally.passed(),
        tally.total(),
        tally.examples,
        begun.elapsed().as_secs_f64()
    );
    for language in without {
        println!(
            "{database}: left out what is about the worker in {}: `cargo xtask workers` prepares it",
            language.name()
        );
    }
    Ok(if tally.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
