//! The programs that the workbench starts: cargo, and the workspace's own binaries. Under the roof.

use std::{env, ffi::OsString, path::Path, path::PathBuf, process::Command};

use anyhow::{Context, Result, bail};

/// The repository.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Cargo in the repository; the same one that started this process.
pub fn cargo(arguments: &[&str]) -> Command {
    let program = variable("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Builds what [`built`] finds. Always the whole workspace with all targets, as lints and tests do: another selection
/// has other features, and half the graph would be built again.
pub fn build() -> Result<()> {
    run(build_command())
}

pub fn build_command() -> Command {
    cargo(&["build", "--workspace", "--all-targets"])
}

/// A binary of the workspace, which stands beside this one wherever cargo's target directory is.
pub fn built(name: &str) -> Result<Command> {
    let here = env::current_exe().context("finding the workbench's own binary")?;
    let path: PathBuf = here.with_file_name(format!("{name}{}", env::consts::EXE_SUFFIX));
    if !path.is_file() {
        bail!("the workspace built no {}", path.display());
    }
    let mut command = Command::new(path);
    command.current_dir(root());
    Ok(command)
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
