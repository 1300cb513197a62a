//! `gates`: is this deployment fit? (spec R8). Without `--url` a server of this build is started and filled for it.
//!
//! Exit status: 0 only at 5/5, 1 where a gate did not pass, 2 for wrong usage, 3 where the target was not reached.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use gates::{
    client::Call,
    gate::{Finding, Gate, Place, contract_kept::Promise, performance::Terms, suite},
    report::{Report, junit, page::page, terminal},
    run::Plan,
    target::Target,
    twin::Twin,
};
use tokio::sync::mpsc;

/// The five quality gates of a deployment, or of a server that is started for it.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the deployment is (127.0.0.1:7400); without it a twin of this build is started
    #[arg(long, requires = "token_file")]
    url: Option<String>,
    /// A file with the token of an operator of it
    #[arg(long, requires = "url")]
    token_file: Option<PathBuf>,
    /// Its admin address, for memory and CPU
    #[arg(long, requires = "url")]
    admin_url: Option<String>,
    /// It is a scratch target: what writes may run on it
    #[arg(long, requires = "url")]
    allow_writes: bool,
    /// Only this gate, 1 to 5; may come more than once
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=5))]
    only: Vec<u8>,
    /// On which database the suite and the twin run: sqlite, or postgres as `cargo xtask e2e` finds it
    #[arg(long, default_value = "sqlite", value_parser = ["sqlite", "postgres"])]
    on: String,
    /// An empty database of PostgreSQL for the twin; an embedded one without it
    #[arg(long, conflicts_with = "url")]
    twin_database_url: Option<String>,
    /// The report that the suite has left, by this build and within the hour; without it the suite is run
    #[arg(long)]
    suite_report: Option<PathBuf>,
    /// How many scenarios must pass, in percent
    #[arg(long, default_value_t = suite::THRESHOLD, value_parser = percent)]
    threshold: f64,
    /// Requests a second
    #[arg(long, default_value_t = Terms::default().rate, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// How long, in seconds
    #[arg(long, default_value_t = Terms::default().duration.as_secs(), value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// The limit of the 95th percentile of every sort of request, in milliseconds
    #[arg(long, default_value_t = 200)]
    p95_ms: u64,
    /// The limit of the 95th percentile from delegating a task to its completion, in milliseconds
    #[arg(long, default_value_t = 1_000)]
    completion_p95_ms: u64,
    /// The limit of the server's memory, in MiB
    #[arg(long, default_value_t = Terms::default().memory_mib)]
    memory_mib: u64,
    /// Where the reports go: gates.json, gates.xml, gates.html
    #[arg(long, default_value = "target/gates")]
    reports: PathBuf,
    /// Store the run in the deployment (`gateRuns`)
    #[arg(long, requires = "url")]
    record: bool,
}

fn percent(text: &str) -> Result<f64> {
    let percent: f64 = text.parse()?;
    ensure!((0.0..=100.0).contains(&percent), "it is a part of 100");
    Ok(percent)
}

/// The target was not reached.
const NOT_REACHED: u8 = 3;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let twin = match &arguments.url {
        None => Some(Twin::start(arguments.twin_database_url.as_deref()).await?),
        Some(_) => None,
    };
    let target = match (&twin, &arguments.url, &arguments.token_file) {
        (Some(twin), _, _) => twin.target.clone(),
        (None, Some(url), Some(file)) => {
            let token = fs::read_to_string(file).with_context(|| file.display().to_string())?;
            match Target::reach(url, arguments.admin_url.as_deref(), token.trim()).await {
                Ok(target) => target,
                Err(error) => {
                    eprintln!("{url} was not reached: {error}");
                    return Ok(ExitCode::from(NOT_REACHED));
                }
            }
        }
        _ => unreachable_usage()?,
    };
    let report = judge(&arguments, target).await?;
    println!("{}", terminal::table(&report));
    write(&arguments.reports, &report)?;
    if let Some(twin) = twin {
        twin.stop().await?;
    }
    Ok(if report.passed() == Gate::ALL.len() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The arguments require each other, so that this does not come.
fn unreachable_usage() -> Result<Target> {
    anyhow::bail!("--url needs --token-file")
}

async fn judge(arguments: &Arguments, target: Target) -> Result<Report> {
    let place = match &arguments.url {
        Some(_) if !arguments.allow_writes => Place::Deployment,
        _ => Place::Twin,
    };
    let name = arguments
        .url
        .clone()
        .unwrap_or_else(|| format!("a twin on {}", arguments.on));
    let mut report = Report::begin(name, &target, again(arguments));
    let suite_reports = arguments.reports.join("suite");
    let plan = Plan {
        gates: match arguments.only.as_slice() {
            [] => Gate::ALL.to_vec(),
            some => some
                .iter()
                .filter_map(|number| Gate::of_number(*number))
                .collect(),
        },
        place,
        threshold: arguments.threshold,
        suite_report: arguments
            .suite_report
            .clone()
            .unwrap_or_else(|| suite_reports.join(format!("{}.summary.json", arguments.on))),
        contract: Promise::committed()?,
        terms: Terms {
            rate: arguments.rate,
            duration: Duration::from_secs(arguments.seconds),
            p95: Duration::from_millis(arguments.p95_ms),
            completion_p95: Duration::from_millis(arguments.completion_p95_ms),
            memory_mib: arguments.memory_mib,
        },
        target: target.clone(),
    };
    println!(
        "judging {}, {} of its gates",
        report.target,
        plan.gates.len()
    );
    let (ended, mut heard) = mpsc::unbounded_channel::<Finding>();
    let telling = tokio::spawn(async move {
        while let Some(finding) = heard.recv().await {
            println!("{}", terminal::line(&finding));
        }
    });
    let run_suite = async {
        match arguments.suite_report {
            Some(_) => Ok(()),
            None => run_suite(&arguments.on, &suite_reports)
                .await
                .map_err(|error| format!("{error:#}")),
        }
    };
    report.findings = plan.run(run_suite, &ended).await;
    drop(ended);
    telling.await?;
    report.end();
    if arguments.record {
        record(&target, &report).await?;
    }
    Ok(report)
}

/// Runs the suite; whether scenarios failed is in the report that it leaves.
async fn run_suite(on: &str, reports: &Path) -> Result<()> {
    let own = std::env::current_exe().context("where this binary lies")?;
    let suite = own.with_file_name("e2e");
    ensure!(
        suite.exists(),
        "{} is not there: `cargo xtask gates` builds it",
        suite.display()
    );
    // An old report must not be taken for this run's.
    if reports.exists() {
        fs::remove_dir_all(reports).with_context(|| reports.display().to_string())?;
    }
    let mut command = tokio::process::Command::new(suite);
    command
        .args(["--database", on, "--contract", "--reports"])
        .arg(reports);
    let output = command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    fs::create_dir_all(reports)?;
    fs::write(
        reports.join("suite.log"),
        [output.stdout, output.stderr].concat(),
    )?;
    Ok(())
}

/// The command to which a gate's number is added.
fn again(arguments: &Arguments) -> String {
    let mut words = vec!["cargo xtask gates".to_owned()];
    for (name, value) in [
        ("--url", &arguments.url),
        ("--admin-url", &arguments.admin_url),
    ] {
        words.extend(value.iter().map(|value| format!("{name} {value}")));
    }
    words.extend(
        arguments
            .token_file
            .iter()
            .map(|file| format!("--token-file {}", file.display())),
    );
    if arguments.on != "sqlite" {
        words.push(format!("--on {}", arguments.on));
    }
    words.push("--only".to_owned());
    words.join(" ")
}

fn write(reports: &Path, report: &Report) -> Result<()> {
    fs::create_dir_all(reports).with_context(|| reports.display().to_string())?;
    for (name, text) in [
        ("gates.json", format!("{:#}\n", report.json())),
        ("gates.xml", junit::document(report)?),
        ("gates.html", page(report)),
    ] {
        let path = reports.join(name);
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    println!("  reports in {}", reports.display());
    Ok(())
}

async fn record(target: &Target, report: &Report) -> Result<()> {
    let call = Call::mutation("recordGateRun")
        .with("input", "RecordGateRunInput!", report.input())
        .selecting("id rating isOfThisBuild");
    let answer = target.operator.send(&call).await?;
    if let Some(fault) = answer.fault() {
        anyhow::bail!("the run was not recorded: {fault}");
    }
    println!(
        "  recorded as {}",
        answer.data["recordGateRun"]["id"]
            .as_str()
            .unwrap_or_default()
    );
    Ok(())
}
