//! What was run, what was left out and why: the last thing that `cargo xtask test` prints. Under the roof.

use std::{collections::VecDeque, fmt, process::Command, time::Duration, time::Instant};

use anyhow::{Result, bail};

use crate::tool;

/// Runs steps one after the other and remembers how each ended.
#[derive(Default)]
pub struct Report {
    steps: Vec<Step>,
}

/// What a failed step said that tells why: CI shows the end of a run, and the step may lie far above it.
#[derive(Default)]
struct Words {
    /// Lines in which a test or its panic is named, and what follows a panic.
    telling: Vec<String>,
    last: VecDeque<String>,
}

impl Words {
    const TELLING: usize = 30;
    const LAST: usize = 16;

    fn hear(&mut self, line: &str) {
        let begun = self
            .last
            .back()
            .is_some_and(|before| before.contains("panicked at"));
        let tells = begun || line.contains("panicked at") || line.ends_with("... FAILED");
        if tells && self.telling.len() < Self::TELLING {
            self.telling.push(line.to_owned());
        }
        self.last.push_back(line.to_owned());
        if self.last.len() > Self::LAST {
            self.last.pop_front();
        }
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.telling.iter().chain(&self.last) {
            writeln!(f, "    {line}")?;
        }
        Ok(())
    }
}

struct Step {
    name: &'static str,
    outcome: Outcome,
}

enum Outcome {
    Passed(Duration),
    Failed(String, Words),
    LeftOut(String),
}

impl Report {
    /// Runs a step in the foreground and says whether it passed.
    pub fn run(&mut self, name: &'static str, command: Command) -> bool {
        println!("\n== {name}: {}", tool::describe(&command));
        let start = Instant::now();
        let mut words = Words::default();
        let outcome = match tool::run_heard(command, |line| words.hear(line)) {
            Ok(()) => Outcome::Passed(start.elapsed()),
            Err(error) => Outcome::Failed(format!("{error:#}"), words),
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

    /// Makes something ready that later steps use if they can, and says whether it is; where it must be there, lacking it is a failure.
    pub fn prepare(
        &mut self,
        name: &'static str,
        required: bool,
        make: impl FnOnce() -> Result<()>,
    ) -> bool {
        println!("\n== {name}");
        let start = Instant::now();
        let outcome = match make() {
            Ok(()) => Outcome::Passed(start.elapsed()),
            Err(error) if required => Outcome::Failed(format!("{error:#}"), Words::default()),
            Err(error) => Outcome::LeftOut(format!("{error:#}")),
        };
        let ready = matches!(outcome, Outcome::Passed(_));
        self.steps.push(Step { name, outcome });
        ready
    }

    /// Records a step that could not even be begun.
    pub fn fail(&mut self, name: &'static str, why: impl Into<String>) {
        self.steps.push(Step {
            name,
            outcome: Outcome::Failed(why.into(), Words::default()),
        });
    }

    /// Records a step that was not run although nothing is wrong with it.
    pub fn leave_out(&mut self, name: &'static str, why: impl Into<String>) {
        self.steps.push(Step {
            name,
            outcome: Outcome::LeftOut(why.into()),
        });
    }

    /// Prints all steps, and once more the last words of those that failed; an error if one failed.
    pub fn finish(self) -> Result<()> {
        println!("\n{self}");
        for Step { name, outcome } in &self.steps {
            if let Outcome::Failed(_, words) = outcome {
                println!("== {name}, the end of what it said:\n{words}");
            }
        }
        let failed = self
            .steps
            .iter()
            .filter(|step| matches!(step.outcome, Outcome::Failed(..)));
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
                Outcome::Failed(why, _) => writeln!(f, "FAILED    {name}: {why}")?,
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
    fn a_failed_step_says_once_more_which_test_it_was() {
        let mut words = Words::default();
        words.hear("test store::it_holds ... FAILED");
        words.hear("thread 'store::it_holds' panicked at api/src/store.rs:7:9:");
        words.hear("it did not hold");
        for line in 0..100 {
            words.hear(&format!("line {line}"));
        }
        let text = words.to_string();
        for said in [
            "it_holds ... FAILED",
            "store.rs:7:9",
            "it did not hold",
            "line 99",
        ] {
            assert!(text.contains(said), "{text}");
        }
        assert!(!text.contains("line 50"), "{text}");
    }

    #[test]
    fn what_was_left_out_does_not_fail_the_whole() {
        let mut report = Report::default();
        report.leave_out("on PostgreSQL", "there is none");
        assert!(report.finish().is_ok());
    }
}
