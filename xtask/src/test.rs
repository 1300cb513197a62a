//! All that must hold before a change lands, and in CI. Under the roof.

use std::{fs, io::ErrorKind, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use crate::{clients::Client, report::Report, server::Server, tool, workers::Worker};

const TESTS: &str = "unit and integration tests";
const AUDITOR: &str = "the auditor's verifier in Python";
const ON_SQLITE: &str = "Gherkin suite on SQLite";
const CLIENTS: &str = "real clients";
const GATES: &str = "quality gates";
const ON_POSTGRES: &str = "Gherkin suite on PostgreSQL";
const SOAK_ON_SQLITE: &str = "sample of the long runs on SQLite";
const SOAK_ON_POSTGRES: &str = "sample of the long runs on PostgreSQL";
const BENCH_ON_SQLITE: &str = "sample of the benchmark on SQLite";
const BENCH_ON_POSTGRES: &str = "sample of the benchmark on PostgreSQL";

/// Lints and the build stop at the first that fails; after them everything is run, so that one run shows all faults.
///
/// What this machine lacks is left out, and said; where all is required, lacking it is a failure.
pub fn run(require_all: bool) -> Result<()> {
    let variable = tool::variable("ZIGGIE_REQUIRE_ALL");
    let require_all = require_all || variable.is_some_and(|value| value == "1");
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    let mut report = Report::default();
    let sound = report.run("format", tool::cargo(&["fmt", "--all", "--check"]))
        && report.run("lints", tool::cargo(&clippy))
        && report.run("build", tool::build_command());
    if sound {
        suites(&mut report, require_all);
    } else {
        for name in [
            TESTS,
            ON_SQLITE,
            GATES,
            CLIENTS,
            SOAK_ON_SQLITE,
            BENCH_ON_SQLITE,
            ON_POSTGRES,
            SOAK_ON_POSTGRES,
            BENCH_ON_POSTGRES,
        ] {
            report.leave_out(name, "a step before it failed");
        }
    }
    report.finish()
}

/// One server for the whole of it: tests of the other crates use PostgreSQL too, where they find it.
fn suites(report: &mut Report, require_all: bool) {
    let server = Server::obtain();
    let offered = |mut command: Command| {
        if let Ok(Some(server)) = &server {
            server.offer_to(&mut command);
        }
        command
    };
    let tests = ["test", "--workspace", "--all-targets", "--no-fail-fast"];
    report.run(TESTS, offered(tool::cargo(&tests)));
    if tool::variable("ZIGGIE_TEST_S3_URL").is_none() {
        let why = "ZIGGIE_TEST_S3_URL names no server";
        report.leave_out("tests above that need an S3-compatible store", why);
    }
    auditor(report, require_all);
    for worker in Worker::ALL {
        report.prepare(worker.name(), require_all, || worker.prepare());
    }
    report.run_found(ON_SQLITE, suite_on_sqlite().map(offered));
    report.run_found(GATES, gates());
    clients(report, require_all);
    let on_sqlite = [
        "--crash",
        "--fsync",
        "--streams",
        "--sprint",
        "--workers",
        "--sample",
        "--on",
        "sqlite",
    ];
    report.run_found(SOAK_ON_SQLITE, long("soak", &on_sqlite).map(offered));
    let sample = ["--sample", "--on", "sqlite"];
    report.run_found(BENCH_ON_SQLITE, long("bench", &sample).map(offered));
    match &server {
        Ok(Some(_)) => {
            report.run_found(ON_POSTGRES, suite("postgres").map(offered));
            let on_postgres = [
                "--crash",
                "--streams",
                "--sprint",
                "--workers",
                "--sample",
                "--on",
                "postgres",
                "--on",
                "replicas",
            ];
            report.run_found(SOAK_ON_POSTGRES, long("soak", &on_postgres).map(offered));
            let sample = ["--sample", "--on", "postgres"];
            report.run_found(BENCH_ON_POSTGRES, long("bench", &sample).map(offered));
        }
        Ok(None) => {
            let why = "ZIGGIE_TEST_POSTGRES_URL names no server and no Docker engine answers";
            if require_all {
                report.fail(ON_POSTGRES, format!("it is required, but {why}"));
            } else {
                report.leave_out(ON_POSTGRES, why);
                report.leave_out("tests above that need PostgreSQL", why);
            }
        }
        Err(error) => report.fail(ON_POSTGRES, format!("{error:#}")),
    }
}

/// The verifier that auditors have, which is no part of the workspace's build.
fn auditor(report: &mut Report, required: bool) {
    match tool::run(tool::program("python3", &["--version"])) {
        Ok(()) => {
            let tests = [
                "-B",
                "-m",
                "unittest",
                "discover",
                "--start-directory",
                "api/examples/auditor",
            ];
            report.run(AUDITOR, tool::program("python3", &tests));
        }
        Err(error) if required => report.fail(AUDITOR, format!("{error:#}")),
        Err(error) => report.leave_out(AUDITOR, format!("{error:#}")),
    }
}

/// Some of the real clients, those that can be made ready here.
fn clients(report: &mut Report, required: bool) {
    let mut ready = Vec::new();
    for client in Client::IN_TESTS {
        let made = client
            .step()
            .is_none_or(|step| report.prepare(step, required, || client.prepare()));
        if made {
            ready.push(client.name());
        }
    }
    report.run_found(CLIENTS, long("interop", &ready));
}

/// A short sample of what takes long.
fn long(name: &str, arguments: &[&str]) -> Result<Command> {
    let mut command = tool::built(name)?;
    command.args(arguments);
    Ok(command)
}

/// Where the suite leaves its reports.
const SUITE_REPORTS: &str = "target/e2e";

/// What the suite leaves for the gates.
fn suite_report() -> PathBuf {
    tool::root().join(SUITE_REPORTS).join("sqlite.summary.json")
}

/// The suite whose report the gates judge: it looks at responses too. A report of an earlier run must not be taken for this one's.
fn suite_on_sqlite() -> Result<Command> {
    let left = suite_report();
    match fs::remove_file(&left) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| left.display().to_string());
        }
        _ => {}
    }
    let mut command = suite("sqlite")?;
    command.args(["--contract", "--reports", SUITE_REPORTS]);
    Ok(command)
}

/// All five, at the threshold of this project, by the report of the suite that has just run. The load is short and light: what is built here is not optimised.
fn gates() -> Result<Command> {
    let mut command = tool::built("gates")?;
    command.arg("--suite-report").arg(suite_report());
    command.args(["--threshold", "100", "--rate", "50", "--seconds", "15"]);
    Ok(command)
}

fn suite(database: &str) -> Result<Command> {
    let mut command = tool::built("e2e")?;
    command.args(["--database", database]);
    Ok(command)
}
