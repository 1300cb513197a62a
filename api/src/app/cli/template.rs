//! Checking the files that sprints are made from (spec R7.04). Floor 6.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Subcommand;

use super::say;
use crate::service::sprint::check_template;

/// What can be done with templates.
#[derive(Debug, Subcommand)]
pub(super) enum TemplateCommand {
    /// Names every fault of a template by its line; needs no database
    Check {
        /// The file, in the form of api/founding/sprint_template.schema.json
        file: PathBuf,
    },
}

/// Names every fault of a template; fails where there is one.
pub(super) fn run(command: TemplateCommand) -> Result<ExitCode> {
    let TemplateCommand::Check { file } = command;
    let place = file.display();
    let text = std::fs::read_to_string(&file).with_context(|| place.to_string())?;
    let faults = check_template(&text);
    for fault in &faults {
        eprintln!("{place}: {fault}");
    }
    if !faults.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    say(&format!("{place}: keeps to the form of a template\n"))?;
    Ok(ExitCode::SUCCESS)
}
