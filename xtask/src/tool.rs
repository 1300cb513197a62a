//! The programs that the workbench starts: cargo, and the workspace's own binaries. Under the roof.

use std::{
    env,
    ffi::{OsStr, OsString},
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

/// The repository.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Cargo in the repository; the same one that started this process.
pub fn cargo(arguments: &[&str]) -> Command {
    let program = variable("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    self::program(program, arguments)
}

/// Builds what [`built`] finds. Always the whole workspace with all targets, as lints and tests do: another selection
/// has other features, and half the graph would be built again.
pub fn build() -> Result<()> {
    run(build_command())
}

pub fn build_command() -> Command {
    cargo(&["build", "--workspace", "--all-targets"])
}

/// One test of the server's, optimised: for long runs of what CI runs shortly. Arguments that follow are the test binary's.
pub fn optimised_test(name: &str) -> Command {
    let test = ["test", "--release", "--package", "ziggie", "--test", "it"];
    let mut command = cargo(&test);
    command.args(["--", "--exact", name]);
    command
}

/// Any program, in the repository.
pub fn program(name: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(root());
    command
}

/// What lies beside this binary, wherever cargo's target directory is.
pub fn beside(name: &str) -> Result<PathBuf> {
    let here = env::current_exe().context("finding the workbench's own binary")?;
    Ok(here.with_file_name(name))
}

/// A binary of the workspace.
pub fn built(name: &str) -> Result<Command> {
    at(beside(&file(name))?)
}

/// The same of an optimised build.
pub fn released(name: &str) -> Result<Command> {
    at(beside("..")?.join("release").join(file(name)))
}

fn file(name: &str) -> String {
    format!("{name}{}", env::consts::EXE_SUFFIX)
}

fn at(path: PathBuf) -> Result<Command> {
    if !path.is_file() {
        bail!("the workspace built no {}", path.display());
    }
    Ok(program(path, &[]))
}

/// Runs a command in the foreground; an error unless it exits with 0.
pub fn run(mut command: Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("starting {}", describe(&command)))?;
    if !status.success() {
        bail!("{} ended with {status}", describe(&command));
    }
    Ok(())
}

/// Runs a command in the foreground, shows what it says and lets `hear` hear each line; an error unless it exits with 0.
pub fn run_heard(mut command: Command, mut hear: impl FnMut(&str)) -> Result<()> {
    /// Something that the command left behind may hold its output open for good.
    const LEFT_BEHIND: Duration = Duration::from_secs(5);
    let described = describe(&command);
    let (reader, writer) = io::pipe().context("a pipe")?;
    command.stdout(writer.try_clone().context("a pipe")?);
    command.stderr(writer);
    let mut child = command
        .spawn()
        .with_context(|| format!("starting {described}"))?;
    // It holds the writing end, which must be closed for the reading end to end.
    drop(command);
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            println!("{line}");
            _ = tell.send(line);
        }
    });
    let status = child
        .wait()
        .with_context(|| format!("waiting for {described}"))?;
    while let Ok(line) = told.recv_timeout(LEFT_BEHIND) {
        hear(&line);
    }
    if !status.success() {
        bail!("{described} ended with {status}");
    }
    Ok(())
}

/// As a person would type it.
pub fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_stem()
        .unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A variable of the environment; an empty one counts as not set.
#[expect(
    clippy::disallowed_methods,
    reason = "the workbench has no configuration but these variables"
)]
pub fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}
