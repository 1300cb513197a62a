//! The workbench: every command of development in one place. The roof of the house: it starts the other crates as
//! processes and imports none of them, so that it compiles in seconds.

mod clients;
mod fuzz;
mod model;
mod packages;
mod report;
mod scale;
mod schema;
mod server;
mod test;
mod tool;
mod workers;

use std::{env, process::ExitCode};

use anyhow::{Context as _, Result, bail};

const HELP: &str = "\
cargo xtask COMMAND [ARGUMENTS]

  test [--require-all]       all that must hold: format, lints, tests, the Gherkin suite on SQLite and PostgreSQL
  e2e [ARGUMENTS]            the Gherkin suite: --database sqlite|postgres, --tags, --name, ... go to it as they are; --keep leaves a failed
                             scenario's server up, --features FOLDER runs drafts; --list-steps lists the sentences that there are,
                             --rules and --editors write what is kept in step with them (features/README.md)
  gates [ARGUMENTS]          the five quality gates of a server of this build, or of a deployment with --url and --token-file;
                             --only N, --rate, --seconds, --threshold, --reports, --record, ...
  schema [--check]           prints the served schema to api/schema.graphql, or fails where that file differs
  tidy                       the house rules alone: floors, names, forbidden marks, lengths
  demo [ARGUMENTS]           a delegation from L1 to L3 and back, shown live; on PostgreSQL with --postgres; with --sprint the
                             character pipeline, run by simulated agents
  soak [ARGUMENTS]           the long runs: --crash, --fsync, --streams, --sprint, --workers, --sample, ... go to it as they are; all, in
                             full, without any; --model [--histories N] [--from SEED] holds the task engine to its model;
                             --fuzz [--seconds N] [--target NAME] tries what reads requests with whatever may come, 600 s each
  bench [ARGUMENTS]          measures an optimised build: --log, --fan-out, --audit, --on sqlite|postgres, ... go to it as they are; all
                             of it on both databases without any; with --sample a little, of the build that tests use;
                             --scale [--ended N] has the task engine look among a million tasks
  workers                    makes the example workers in Python and TypeScript ready, so that e2e runs them too
  clients [NAME ...]         installs real clients (graphql-ws, apollo, urql, relay, codegen, python, rust) from their registries and tries them
                             against a server that is killed beneath them; all without a name, which writes features/results/clients.json
  ci                         what CI does: test --require-all
  help                       this page

PostgreSQL is the server that ZIGGIE_TEST_POSTGRES_URL names (a superuser's URL of its database postgres), else a
container, where a Docker engine answers, of the image that ZIGGIE_TEST_POSTGRES_IMAGE names, else of
ziggie-postgres:local (built by .ci/postgres-image), else of postgres:17. The example
workers and the clients need python3 (with venv) and npm, and packages of theirs. Without one of these, test says what it left out;
with --require-all or ZIGGIE_REQUIRE_ALL=1 it fails.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let (command, arguments) = match arguments {
        [] => ("help", arguments),
        [command, arguments @ ..] => (command.as_str(), arguments),
    };
    // `cargo xtask e2e -- --tags @task` means the same as without the dashes.
    let passed_on = match arguments {
        [dashes, rest @ ..] if dashes == "--" => rest,
        all => all,
    };
    match command {
        "test" => test::run(option(command, arguments, "--require-all")?),
        "ci" => {
            nothing_more(command, arguments)?;
            test::run(true)
        }
        "e2e" => run_built("e2e", passed_on),
        "demo" => run_built("demo", passed_on),
        "gates" => gates(passed_on),
        "soak" if passed_on.iter().any(|argument| argument == "--model") => model::run(passed_on),
        "soak" if passed_on.iter().any(|argument| argument == "--fuzz") => fuzz::run(passed_on),
        "soak" => run_built("soak", passed_on),
        "bench" if passed_on.iter().any(|argument| argument == "--scale") => scale::run(passed_on),
        "bench" if passed_on.iter().any(|argument| argument == "--sample") => {
            run_built("bench", passed_on)
        }
        "bench" => bench(passed_on),
        "workers" => {
            nothing_more(command, arguments)?;
            workers::Worker::ALL
                .iter()
                .try_for_each(|worker| worker.prepare())
        }
        "clients" => clients::run(passed_on),
        "schema" => schema::run(option(command, arguments, "--check")?),
        "tidy" => {
            nothing_more(command, arguments)?;
            let tidy = ["test", "--workspace", "--test", "it", "--", "tidy::"];
            tool::run(tool::cargo(&tidy))
        }
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        unknown => bail!("{unknown} is no command of the workbench, see cargo xtask help"),
    }
}

fn run_built(name: &str, arguments: &[String]) -> Result<()> {
    tool::build()?;
    let mut command = tool::built(name)?;
    command.args(arguments);
    tool::run(command)
}

/// The gates end with a status of their own, which whoever runs them in CI wants to have (spec R8.03): 1 a gate did not pass, 2 wrong usage, 3
/// the target was not reached.
fn gates(arguments: &[String]) -> Result<()> {
    tool::build()?;
    let mut command = tool::built("gates")?;
    command.args(arguments);
    let status = command.status().context("starting the gates")?;
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => std::process::exit(code),
        None => bail!("the gates ended with {status}"),
    }
}

/// What is measured is what users run: a release build, of the server and of what drives it.
fn bench(arguments: &[String]) -> Result<()> {
    tool::run(tool::cargo(&[
        "build",
        "--release",
        "--workspace",
        "--bins",
    ]))?;
    let mut command = tool::released("bench")?;
    command.args(arguments);
    tool::run(command)
}

/// Whether the one option that a command knows was given; anything else is refused.
fn option(command: &str, arguments: &[String], name: &str) -> Result<bool> {
    match arguments {
        [] => Ok(false),
        [given] if given == name => Ok(true),
        _ => bail!("{command} takes {name} or nothing"),
    }
}

fn nothing_more(command: &str, arguments: &[String]) -> Result<()> {
    if !arguments.is_empty() {
        bail!("{command} takes no arguments");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(arguments: &[&str]) -> String {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        dispatch(&arguments).unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_understood_is_refused_before_anything_runs() {
        assert!(refusal(&["tets"]).contains("tets is no command"));
        assert_eq!(
            refusal(&["test", "--require-postgers"]),
            "test takes --require-all or nothing"
        );
        assert_eq!(refusal(&["ci", "--fast"]), "ci takes no arguments");
        assert!(refusal(&["clients", "graphql"]).contains("graphql is no client"));
        assert_eq!(
            refusal(&["soak", "--model", "--fast"]),
            "soak --model takes --histories and --from, not --fast"
        );
        assert_eq!(
            refusal(&["soak", "--fuzz", "--fast"]),
            "soak --fuzz takes --seconds and --target, not --fast"
        );
        assert_eq!(
            refusal(&["bench", "--scale", "--fast"]),
            "bench --scale takes --ended, not --fast"
        );
    }
}
