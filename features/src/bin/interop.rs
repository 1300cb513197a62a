//! Tries the real clients of `features/clients`, one after the other, and prints what each of them can do.
//!
//! They must have been prepared: `cargo xtask clients` does that and then this. The results of a whole run go to `features/results`.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Parser, ValueEnum as _};
use features::{
    clients::{self, STEPS, Trial, program::Program},
    soak,
};
use serde_json::{Value, json};

/// Real clients against a server that is killed beneath them.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which ones; all when left out
    #[arg(value_enum)]
    programs: Vec<Program>,
    /// Where the results of a run of all go
    #[arg(long, default_value = "features/results")]
    results: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let all = arguments.programs.is_empty();
    let programs = match all {
        true => Program::value_variants(),
        false => &arguments.programs,
    };
    let mut trials = Vec::new();
    for program in programs {
        let trial = clients::run(*program).await?;
        match &trial.failure {
            None => println!("{}: {} s", program.name(), trial.took.as_secs()),
            Some(failure) => println!("{}: {failure:#}", program.name()),
        }
        trials.push(trial);
    }
    println!("\n{}", table(&trials));
    let failed = trials.iter().filter(|trial| trial.failure.is_some());
    let failed: Vec<&str> = failed.map(|trial| trial.program.name()).collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    if all {
        let found = json!({ "clients": trials.iter().map(Trial::json).collect::<Vec<_>>() });
        soak::keep(&arguments.results, "clients", found)?;
    }
    Ok(())
}

/// A line for each client, a column for each step.
fn table(trials: &[Trial]) -> String {
    let mut rows = vec![
        [vec!["client"], STEPS.to_vec(), vec!["versions"]]
            .concat()
            .join(" | "),
    ];
    rows.push(vec!["---"; STEPS.len() + 2].join(" | "));
    for trial in trials {
        let step = |step: &&'static str| match trial.passed.contains(step) {
            true => "yes",
            false => "no",
        };
        let versions = trial.versions.iter();
        let versions: Vec<String> = versions
            .map(|(name, version)| format!("{name} {}", Value::as_str(version).unwrap_or_default()))
            .collect();
        let steps: Vec<&str> = STEPS.iter().map(step).collect();
        let versions = versions.join(", ");
        rows.push(
            [vec![trial.program.name()], steps, vec![versions.as_str()]]
                .concat()
                .join(" | "),
        );
    }
    rows.iter().map(|row| format!("| {row} |\n")).collect()
}
