//! What was run, what was left out and why: the last thing that `cargo xtask test` prints. Under the roof.

use std::{fmt, process::Command, time::Duration, time::Instant};

use anyhow::{Result, bail};

use crate::tool;

/// Runs steps one after the other and remembers how each ended.
#[derive(Default)]
pub struct Report {
    steps: Vec<Step>,
}

struct Step {
    name: &'static str,
    outcome: Outcome,
}

enum Outcome {
    Passed(Duration),
    Failed(String),
    LeftOut(String),
}

impl Report {
    /// Runs a step in the foreground and says whether it passed.
    pub fn run(&mut self, name: &'static str, command: Command) -> bool {
        println!("\n== {name}: {}", tool::describe(&command));
        let start = Instant::now();
        let outcome = match tool::run(command) {
            Ok(()) => Outcome::Passed(start.elapsed()),
            Err(error) => Outcome::Failed(format!("{error:#}")),
        };
        let passed = matches!(outcome, Outcome::Passed(_));
        self.steps.push(Step { name, outcome });
        passed
    }

    /// Runs a step whose program had to be found first.
    pub fn run_found(&mut self, name: &'static str, command: Result<Command>) {
        match command {
            Ok(command) => _ = self.run(name, command),
            Err(error) => self.fail(name, format!("{error:#}")),
        }
    }

    /// Records a step that could not even be begun.
    pub fn fail(&mut self, name: &'static str, why: impl Into<String>) {
        self.steps.push(Step {
            name,
            outcome: Outcome::Failed(why.into()),
        });
    }

    /// Records a step that was not run although nothing is wrong with it.
    pub fn leave_out(&mut self, name: &'static str, why: impl Into<String>) {
        self.steps.push(Step {
            name,
            outcome: Outcome::LeftOut(why.into()),
        });
    }

    /// Prints all steps; an error if one failed.
    pub fn finish(self) -> Result<()> {
        println!("\n{self}");
        let failed = self
            .steps
            .iter()
            .filter(|step| matches!(step.outcome, Outcome::Failed(_)));
        match failed.map(|step| step.name).collect::<Vec<_>>() {
            failed if failed.is_empty() => Ok(()),
            failed => bail!("failed: {}", failed.join(", ")),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "== what was run, and what was left out")?;
        for Step { name, outcome } in &self.steps {
            match outcome {
                Outcome::Passed(time) => {
                    writeln!(f, "passed    {name} ({:.1} s)", time.as_secs_f64())?
                }
                Outcome::Failed(why) => writeln!(f, "FAILED    {name}: {why}")?,
                Outcome::LeftOut(why) => writeln!(f, "left out  {name}: {why}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_fails_the_whole_and_is_named() {
        let mut report = Report::default();
        assert!(report.run("sound", tool::cargo(&["--version"])));
        assert!(!report.run("broken", tool::cargo(&["no-such-subcommand"])));
        report.leave_out("on PostgreSQL", "there is none");
        let text = report.to_string();
        assert!(text.contains("passed    sound ("), "{text}");
        assert!(
            text.contains("FAILED    broken: cargo no-such-subcommand ended with"),
            "{text}"
        );
        assert!(
            text.contains("left out  on PostgreSQL: there is none"),
            "{text}"
        );
        assert_eq!(report.finish().unwrap_err().to_string(), "failed: broken");
    }

    #[test]
    fn what_was_left_out_does_not_fail_the_whole() {
        let mut report = Report::default();
        report.leave_out("on PostgreSQL", "there is none");
        assert!(report.finish().is_ok());
    }
}
