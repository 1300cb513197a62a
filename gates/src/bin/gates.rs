//! `gates`: is this deployment fit? (spec R8). Without `--url` a server of this build is started and filled for it.
//!
//! Exit status: 0 only at 5/5, 1 where a gate did not pass, 2 for wrong usage, 3 where the target was not reached.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use clap::{CommandFactory as _, Parser, error::ErrorKind};
use gates::{
    audit::Key,
    client::Call,
    gate::{Finding, Gate, Place, contract_kept::Promise, performance},
    report::{Report, junit, page::page, terminal},
    run::Plan,
    target::Target,
    threshold::Thresholds,
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
    /// On which database the suite runs: sqlite, or postgres as `cargo xtask e2e` finds it
    #[arg(long, default_value = "sqlite", value_parser = ["sqlite", "postgres"])]
    on: String,
    /// An empty database of PostgreSQL for the twin; an embedded one without it
    #[arg(long)]
    twin_database_url: Option<String>,
    /// The report that the suite has left, by this build and within the hour; without it the suite is run
    #[arg(long)]
    suite_report: Option<PathBuf>,
    /// A folder with the archives of the log (….ndjson), where months of it have left the database
    #[arg(long)]
    archives: Option<PathBuf>,
    /// A file with the public keys of the log (`/audit/tlog/key`), kept from before; without it those that the target shows are believed
    #[arg(long)]
    key: Option<PathBuf>,
    /// A file of limits (TOML): its keys are the names of the flags that follow, which win over it
    #[arg(long)]
    thresholds: Option<PathBuf>,
    #[command(flatten)]
    limits: Thresholds,
    /// Where the reports go: gates.json, gates.xml, gates.html
    #[arg(long, default_value = REPORTS)]
    reports: PathBuf,
    /// Store the run in the deployment (`gateRuns`)
    #[arg(long, requires = "url")]
    record: bool,
}

impl Arguments {
    fn runs(&self, gate: Gate) -> bool {
        self.only.is_empty() || self.only.contains(&gate.number())
    }

    /// The keys that were brought along.
    fn keys(&self) -> Result<Option<Vec<Key>>> {
        let Some(file) = &self.key else {
            return Ok(None);
        };
        let said = || file.display().to_string();
        let text = fs::read_to_string(file).with_context(said)?;
        Key::read(&text).map(Some).with_context(said)
    }

    /// Takes from the file of limits what no flag has set.
    fn take_limits(&mut self) -> Result<()> {
        if let Some(file) = &self.thresholds {
            self.limits = self.limits.or(Thresholds::read(file)?);
        }
        self.limits.check()
    }
}

/// Where the reports go unless somewhere else is named.
const REPORTS: &str = "target/gates";

/// The target was not reached.
const NOT_REACHED: u8 = 3;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let mut arguments = Arguments::parse();
    if let Err(error) = arguments
        .take_limits()
        .and_then(|()| arguments.keys().map(drop))
    {
        let told = format!("{error:#}\n");
        Arguments::command()
            .error(ErrorKind::ValueValidation, told)
            .exit();
    }
    let twin = match &arguments.url {
        None => Some(Twin::start(arguments.twin_database_url.as_deref()).await?),
        Some(_) => None,
    };
    let target = match (&twin, &arguments.url, &arguments.token_file) {
        (Some(twin), _, _) => twin.target.clone(),
        (None, Some(url), Some(file)) => {
            let token = match fs::read_to_string(file) {
                Ok(token) => token,
                Err(error) => Arguments::command()
                    .error(
                        ErrorKind::ValueValidation,
                        format!("{}: {error}\n", file.display()),
                    )
                    .exit(),
            };
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
    // A twin that nobody has worked with has little to show.
    if let Some(twin) = &twin {
        performance::work(&twin.target).await?;
    }
    // What writes or breaks things never runs on a deployment, but on a server of the same build (spec R8.02).
    let beside = match &arguments.url {
        Some(_) if !arguments.allow_writes && arguments.runs(Gate::Performance) => {
            Some(Twin::start(arguments.twin_database_url.as_deref()).await?)
        }
        _ => None,
    };
    let report = judge(&arguments, target.clone(), beside.as_ref()).await?;
    println!("{}", terminal::table(&report));
    write(&arguments.reports, &report)?;
    // After the reports, which are there whatever the deployment says to it.
    let recorded = match arguments.record {
        true => record(&target, &report).await,
        false => Ok(()),
    };
    if let Err(error) = &recorded {
        eprintln!("error: {error:#}");
    }
    for twin in twin.into_iter().chain(beside) {
        twin.stop().await?;
    }
    Ok(if recorded.is_ok() && report.passed() == Gate::ALL.len() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The arguments require each other, so that this does not come.
fn unreachable_usage() -> Result<Target> {
    anyhow::bail!("--url needs --token-file")
}

async fn judge(arguments: &Arguments, target: Target, beside: Option<&Twin>) -> Result<Report> {
    let place = match &arguments.url {
        Some(_) if arguments.allow_writes => Place::Scratch,
        Some(_) => Place::Deployment,
        None => Place::Twin,
    };
    let name = arguments
        .url
        .clone()
        .unwrap_or_else(|| match arguments.twin_database_url {
            Some(_) => "a twin on postgres".to_owned(),
            None => "a twin on sqlite".to_owned(),
        });
    let keys = arguments.keys()?;
    let mut report = Report::begin(name, &target, again(arguments));
    let suite_reports = arguments.reports.join("suite");
    let plan = Plan {
        gates: Gate::ALL
            .into_iter()
            .filter(|gate| arguments.runs(*gate))
            .collect(),
        twin: beside.map(|twin| twin.target.clone()),
        archives: arguments.archives.clone(),
        keys,
        place,
        threshold: arguments.limits.percent(),
        suite_report: arguments
            .suite_report
            .clone()
            .unwrap_or_else(|| suite_reports.join(format!("{}.summary.json", arguments.on))),
        contract: Promise::committed()?,
        terms: arguments.limits.terms(),
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
    report.twin_build_hash = plan.twin.as_ref().map(|twin| twin.build_hash.clone());
    if arguments.runs(Gate::Suite) || arguments.runs(Gate::Contract) {
        report.suite_build_hash = plan.suite_build();
    }
    report.end();
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

/// The command to which a gate's number is added: all that was given but `--only`, and what the file of limits says as flags.
fn again(arguments: &Arguments) -> String {
    let mut words = vec!["cargo xtask gates".to_owned()];
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    for (name, value) in [
        ("--url", arguments.url.clone()),
        ("--token-file", path(&arguments.token_file)),
        ("--admin-url", arguments.admin_url.clone()),
        ("--suite-report", path(&arguments.suite_report)),
        ("--archives", path(&arguments.archives)),
        ("--key", path(&arguments.key)),
    ] {
        words.extend(value.map(|value| format!("{name} {}", quoted(&value))));
    }
    // It may have a password, and reports are shown around.
    if arguments.twin_database_url.is_some() {
        words.push("--twin-database-url \"$DATABASE_URL\"".to_owned());
    }
    if arguments.on != "sqlite" {
        words.push(format!("--on {}", arguments.on));
    }
    words.extend(arguments.limits.flags());
    if arguments.reports != Path::new(REPORTS) {
        let reports = arguments.reports.display().to_string();
        words.push(format!("--reports {}", quoted(&reports)));
    }
    for (name, given) in [
        ("--allow-writes", arguments.allow_writes),
        ("--record", arguments.record),
    ] {
        words.extend(given.then(|| name.to_owned()));
    }
    words.push("--only".to_owned());
    words.join(" ")
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:@=+,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
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
    let answer = target.operator.send(&call).await;
    let answer = answer.context("the run was not recorded")?;
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
