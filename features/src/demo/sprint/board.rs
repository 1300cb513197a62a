//! The board: what of a sprint has changed since the last look, line by line.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::{End, director::tasks_of};

/// How wide a bar is.
const BAR: usize = 20;

/// What was shown last.
#[derive(Debug, Default)]
pub(super) struct Board {
    shown: bool,
    colored: bool,
    stages: BTreeMap<String, String>,
    tasks: BTreeMap<String, String>,
}

/// How each task ended, by phase, wave, type and assignee.
pub(super) fn tasks(sprint: &Value) -> BTreeMap<String, String> {
    let mut ended: BTreeMap<String, String> = BTreeMap::new();
    for phase in sprint["phases"].as_array().into_iter().flatten() {
        for wave in phase["waves"].as_array().into_iter().flatten() {
            let nodes = wave["tasks"]["nodes"].as_array().into_iter().flatten();
            for (number, task) in nodes.enumerate() {
                let name = text(&task["type"]["name"]);
                let place = format!("{}.{}.{number:02} {name}", phase["index"], wave["index"]);
                ended.insert(place, text(&task["status"]).to_owned());
            }
        }
    }
    ended
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

impl Board {
    pub(super) fn new(shown: bool, colored: bool) -> Self {
        Self {
            shown,
            colored,
            ..Self::default()
        }
    }

    /// Prints what has changed.
    pub(super) fn show(&mut self, sprint: &Value) {
        let progress = sprint["progress"].as_f64().unwrap_or_default();
        for phase in sprint["phases"].as_array().into_iter().flatten() {
            let of_phase = phase["progress"].as_f64().unwrap_or_default();
            let bar = bar(of_phase);
            let title = format!(
                "phase {} {:<14} {bar}",
                phase["index"],
                text(&phase["kind"])
            );
            self.stage(
                progress,
                &format!("{}", phase["index"]),
                &title,
                text(&phase["status"]),
            );
            for wave in phase["waves"].as_array().into_iter().flatten() {
                let key = format!("{}.{}", phase["index"], wave["index"]);
                let title = format!("  wave {key} of {} tasks", wave["taskCount"]);
                self.stage(progress, &key, &title, text(&wave["status"]));
            }
            for task in tasks_of(phase) {
                self.task(progress, task);
            }
        }
        let status = text(&sprint["status"]).to_owned();
        self.stage(progress, "", "the sprint", &status);
    }

    fn stage(&mut self, progress: f64, key: &str, title: &str, status: &str) {
        let before = self.stages.insert(key.to_owned(), status.to_owned());
        let waits = before.is_none() && status == "WAITING";
        if before.as_deref() != Some(status) && !waits {
            let color = match status {
                "COMPLETED" => "32",
                "FAILED" | "CANCELLED" => "31",
                _ => "1",
            };
            self.line(progress, color, status, title);
        }
    }

    fn task(&mut self, progress: f64, task: &Value) {
        let status = text(&task["status"]).to_owned();
        let before = self
            .tasks
            .insert(text(&task["id"]).to_owned(), status.clone());
        if before.as_ref() == Some(&status) || matches!(status.as_str(), "PENDING" | "ASSIGNED") {
            return;
        }
        let who = text(&task["assignee"]["id"]);
        let name = text(&task["type"]["name"]);
        let error = match task["error"].as_str() {
            Some(error) => format!(": {error}"),
            None => String::new(),
        };
        let color = if status == "FAILED" { "31" } else { "36" };
        self.line(
            progress,
            color,
            &status,
            &format!("    {who:<23} {name}{error}"),
        );
    }

    /// The end of it.
    pub(super) fn close(&self, end: &End, took: Duration) {
        if self.shown {
            println!(
                "\n{} tasks done in {:.1} s; the log has {} steps of the sprint: {}",
                end.tasks.len(),
                took.as_secs_f64(),
                end.steps.len(),
                end.steps.join(", ")
            );
        }
    }

    fn line(&self, progress: f64, color: &str, status: &str, words: &str) {
        if !self.shown {
            return;
        }
        let status = format!("{status:<12}");
        let status = match self.colored {
            true => format!("\u{1b}[{color}m{status}\u{1b}[0m"),
            false => status,
        };
        println!("{progress:5.1} %  {status} {words}");
    }
}

/// `[#####-----]`, for a share in percent.
fn bar(share: f64) -> String {
    let cells = BAR as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let full = (share.clamp(0.0, 100.0) / 100.0 * cells) as usize;
    format!("[{}{}]", "#".repeat(full), "-".repeat(BAR - full))
}
