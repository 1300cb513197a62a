//! What has become of every task: by its row, by the log, and by the words of those who worked on it.

use std::collections::HashMap;

use anyhow::{Context as _, Result, bail, ensure};
use gates::client::Call;
use serde_json::{Value, json};

use super::{super::Counts, doors::Doors};
use crate::tell::Tell as _;

/// How many tasks or entries are asked for at once.
const PAGE: usize = 100;

/// Who acts where the system itself does.
const CONTROL_CENTER: &str = "SYSTEM-000";

/// Every task as the log has it.
pub(super) struct Book {
    tasks: HashMap<String, Story>,
    /// By task and attempt, who said to be at work on it.
    at_work: HashMap<(String, u64), String>,
    counts: Counts,
}

/// A task's life, entry by entry.
#[derive(Debug, Default)]
struct Story {
    state: State,
    attempt: u64,
    failures: u64,
    /// Why it failed last.
    error: String,
    /// A worker heard that it is done.
    heard: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    /// No entry of it was read.
    #[default]
    Unknown,
    Free,
    Held(String),
    Failed,
    Done(String),
}

impl Book {
    /// Reads the whole log. These tasks and no others were made.
    pub(super) async fn open(operator: &Doors, ids: &[String]) -> Result<Self> {
        let mut book = Self {
            tasks: ids
                .iter()
                .map(|id| (id.clone(), Story::default()))
                .collect(),
            at_work: HashMap::new(),
            counts: Counts::default(),
        };
        ensure!(
            book.tasks.len() == ids.len(),
            "two tasks were made under one id"
        );
        book.counts.add("tasks", u64::try_from(ids.len())?);
        let mut entries = all(
            operator,
            "auditLog",
            None,
            "action entityType entityId actor { id } metadata",
        )
        .await?;
        // Newest first.
        entries.reverse();
        book.counts.add("entries", u64::try_from(entries.len())?);
        for entry in &entries {
            match entry["entityType"].as_str() {
                Some("TASK") => book.take(entry)?,
                Some("AGENT") if entry["action"] == "AGENT_ERRORED" => {
                    book.counts.add("agents set in ERROR", 1);
                }
                _ => {}
            }
        }
        Ok(book)
    }

    fn take(&mut self, entry: &Value) -> Result<()> {
        let text = |value: &'_ Value| value.as_str().unwrap_or_default().to_owned();
        let (id, action) = (text(&entry["entityId"]), text(&entry["action"]));
        let story = self.tasks.get_mut(&id);
        let story = story.with_context(|| format!("nobody made the task {id}"))?;
        let counted = story
            .take(&action, &text(&entry["actor"]["id"]), &entry["metadata"])
            .tell(|| format!("{action} of {id}, which is {story:?}: {entry}"))?;
        self.counts.add(counted, 1);
        Ok(())
    }

    /// Compares what the processes of a worker said with the log.
    pub(super) fn hear(&mut self, agent: &str, said: &[String]) -> Result<()> {
        // Its answers come in the order of its attempts.
        let mut attempts: HashMap<&str, u64> = HashMap::new();
        for line in said {
            if let Some((attempt, id)) = at_work(line) {
                attempts.insert(id, attempt);
                let holder = self.at_work.entry((id.to_owned(), attempt));
                let holder = holder.or_insert_with(|| agent.to_owned());
                ensure!(
                    holder == agent,
                    "{holder} and {agent} both held {id} in attempt {attempt}"
                );
            } else if let Some(id) = completed(line) {
                let story = self.tasks.get_mut(id).context(line.clone())?;
                ensure!(
                    story.state == State::Done(agent.to_owned()),
                    "{agent} heard that it completed {id}, which is {story:?}"
                );
                ensure!(
                    attempts.get(id) == Some(&story.attempt),
                    "{agent} completed {id} in attempt {:?}; it is {story:?}",
                    attempts.get(id)
                );
                ensure!(!story.heard, "{agent} completed {id} twice");
                story.heard = true;
            } else if line.starts_with("dropped ") && line.contains("(lease lost: true)") {
                self.counts.add("answers dropped, the lease was lost", 1);
            }
        }
        Ok(())
    }

    /// Compares every row with the log. Gives what there was.
    pub(super) async fn close(mut self, operator: &Doors, max_attempts: u64) -> Result<Counts> {
        let fields = "id status attempt failureCount error assignee { id }";
        let rows = all(operator, "tasks", None, fields).await?;
        ensure!(
            rows.len() == self.tasks.len(),
            "there are {} tasks, made were {}",
            rows.len(),
            self.tasks.len()
        );
        for row in &rows {
            let id = row["id"].as_str().unwrap_or_default();
            let story = self.tasks.get(id);
            let story = story.with_context(|| format!("nobody made the task {id}"))?;
            let outcome = story
                .end(row, max_attempts)
                .tell(|| format!("{row}, by the log {story:?}"))?;
            self.counts.add(outcome, 1);
            if matches!(story.state, State::Done(_)) && !story.heard {
                self.counts
                    .add("completed, the worker died before it heard", 1);
            }
        }
        Ok(self.counts)
    }
}

impl Story {
    /// Goes on by one entry; gives under what it is counted.
    fn take(&mut self, action: &str, actor: &str, metadata: &Value) -> Result<&'static str> {
        let held = matches!(&self.state, State::Held(holder) if holder == actor);
        Ok(match action {
            "TASK_CREATED" => {
                ensure!(self.state == State::Unknown, "it was made twice");
                self.state = State::Free;
                "tasks made"
            }
            "TASK_CLAIMED" => {
                ensure!(
                    matches!(self.state, State::Free | State::Failed),
                    "it is not to be had"
                );
                let attempt = metadata["set"]["attempt"].as_u64();
                ensure!(
                    attempt == Some(self.attempt + 1),
                    "attempt {attempt:?} follows {}",
                    self.attempt
                );
                self.attempt += 1;
                self.state = State::Held(actor.to_owned());
                "attempts"
            }
            "TASK_PROGRESS_REPORTED" => {
                ensure!(held, "somebody else holds it");
                "reports of progress"
            }
            "TASK_COMPLETED" => {
                ensure!(held, "somebody else holds it");
                self.state = State::Done(actor.to_owned());
                "attempts completed"
            }
            "TASK_FAILED" => {
                let by_system = actor == CONTROL_CENTER && matches!(self.state, State::Held(_));
                ensure!(held || by_system, "somebody else holds it");
                ensure!(
                    metadata["attempt"] == self.attempt,
                    "another attempt has failed"
                );
                let error = metadata["error"].as_str().filter(|error| !error.is_empty());
                error
                    .context("it failed for no reason")?
                    .clone_into(&mut self.error);
                self.failures += 1;
                self.state = State::Failed;
                match self.error.as_str() {
                    "LEASE_EXPIRED" => "leases lost",
                    _ if by_system => "attempts ended with their agent",
                    _ => "attempts failed by their worker",
                }
            }
            "TASK_ANSWER_REFUSED" => "answers refused, the lease was lost",
            _ => bail!("that is none of what was done here"),
        })
    }

    /// Compares its end with its row; gives under what it is counted.
    fn end(&self, row: &Value, max_attempts: u64) -> Result<&'static str> {
        ensure!(
            row["attempt"] == self.attempt && row["failureCount"] == self.failures,
            "attempts or failures differ"
        );
        match &self.state {
            State::Done(agent) => {
                ensure!(
                    row["status"] == "COMPLETED" && row["assignee"]["id"] == agent.as_str(),
                    "its row says otherwise"
                );
                ensure!(self.attempt == self.failures + 1, "an attempt has no end");
                Ok("tasks done once")
            }
            State::Failed => {
                ensure!(
                    row["status"] == "FAILED" && row["error"] == self.error.as_str(),
                    "its row says otherwise"
                );
                ensure!(
                    self.attempt == self.failures && self.failures == max_attempts,
                    "it was not tried often enough"
                );
                Ok(match self.error.as_str() {
                    "LEASE_EXPIRED" => "tasks failed for good, the last lease ran out",
                    error if error.contains("404") => "tasks failed for good, no picture",
                    _ => "tasks failed for good, for another reason of the last attempt",
                })
            }
            State::Unknown | State::Free | State::Held(_) => bail!("it has not ended"),
        }
    }
}

/// Whether no task that has failed is to be tried again.
pub(super) async fn is_final(operator: &Doors) -> Result<bool> {
    let filter = json!({ "status": ["FAILED"] });
    let failed = all(
        operator,
        "tasks",
        Some(("TaskFilter", filter)),
        "claimableFrom",
    )
    .await?;
    Ok(failed.iter().all(|task| task["claimableFrom"].is_null()))
}

/// All nodes of a list.
async fn all(
    operator: &Doors,
    list: &'static str,
    filter: Option<(&'static str, Value)>,
    fields: &str,
) -> Result<Vec<Value>> {
    let mut nodes = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut call = Call::query(list)
            .with("first", "Int", PAGE)
            .with_some("after", "Cursor", after);
        if let Some((kind, filter)) = &filter {
            call = call.with("filter", kind, filter.clone());
        }
        let call = call.selecting(format!(
            "nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }}"
        ));
        let page = operator.insist(&call).await?;
        nodes.extend(page["nodes"].as_array().cloned().unwrap_or_default());
        if page["pageInfo"]["hasNextPage"] != true {
            return Ok(nodes);
        }
        after = page["pageInfo"]["endCursor"].as_str().map(str::to_owned);
    }
}

/// The attempt and the task that a worker says to be at work on.
fn at_work(line: &str) -> Option<(u64, &str)> {
    let (attempt, id) = line
        .strip_prefix("at work on attempt ")?
        .split_once(" of ")?;
    Some((attempt.parse().ok()?, id.trim_matches('"')))
}

/// The task that a worker says to have completed.
fn completed(line: &str) -> Option<&str> {
    let id = line.strip_suffix(" is \"COMPLETED\"")?;
    Some(id.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A task that was made, and what follows: who does what in which attempt.
    fn story(entries: &[(&str, &str, u64)]) -> Result<Story> {
        let mut story = Story::default();
        story.take("TASK_CREATED", "L1-SOAK-001", &Value::Null)?;
        for (action, actor, attempt) in entries {
            let error = if *actor == CONTROL_CENTER {
                "LEASE_EXPIRED"
            } else {
                "no picture"
            };
            let metadata = match *action {
                "TASK_CLAIMED" => json!({ "set": { "attempt": attempt } }),
                _ => json!({ "attempt": attempt, "error": error }),
            };
            story.take(action, actor, &metadata)?;
        }
        Ok(story)
    }

    #[test]
    fn a_lost_lease_and_another_s_completion_are_a_life() {
        let story = story(&[
            ("TASK_CLAIMED", "L3-A", 1),
            ("TASK_FAILED", CONTROL_CENTER, 1),
            ("TASK_CLAIMED", "L3-B", 2),
            ("TASK_ANSWER_REFUSED", "L3-A", 1),
            ("TASK_COMPLETED", "L3-B", 2),
        ])
        .unwrap();
        let row = json!({ "status": "COMPLETED", "attempt": 2, "failureCount": 1, "error": null, "assignee": { "id": "L3-B" } });
        assert_eq!(story.end(&row, 4).unwrap(), "tasks done once");
    }

    #[test]
    fn two_holders_a_second_completion_and_a_number_used_twice_are_faults() {
        let faults: [&[(&str, &str, u64)]; 5] = [
            &[("TASK_CLAIMED", "L3-A", 1), ("TASK_CLAIMED", "L3-B", 2)],
            &[("TASK_CLAIMED", "L3-A", 1), ("TASK_COMPLETED", "L3-B", 1)],
            &[
                ("TASK_CLAIMED", "L3-A", 1),
                ("TASK_COMPLETED", "L3-A", 1),
                ("TASK_COMPLETED", "L3-A", 1),
            ],
            &[
                ("TASK_CLAIMED", "L3-A", 1),
                ("TASK_FAILED", "L3-A", 1),
                ("TASK_CLAIMED", "L3-B", 1),
            ],
            &[("TASK_CLAIMED", "L3-A", 1), ("TASK_FAILED", "L3-B", 1)],
        ];
        for fault in faults {
            story(fault).unwrap_err();
        }
    }

    #[test]
    fn what_is_tried_again_has_not_ended() {
        let story = story(&[("TASK_CLAIMED", "L3-A", 1), ("TASK_FAILED", "L3-A", 1)]).unwrap();
        let row =
            json!({ "status": "FAILED", "attempt": 1, "failureCount": 1, "error": "no picture" });
        story.end(&row, 4).unwrap_err();
        assert!(story.end(&row, 1).is_ok());
    }

    #[test]
    fn a_worker_s_words_are_understood() {
        assert_eq!(
            at_work("at work on attempt 2 of \"0198-a\""),
            Some((2, "0198-a"))
        );
        assert_eq!(completed("\"0198-a\" is \"COMPLETED\""), Some("0198-a"));
        assert_eq!(completed("waiting for work"), None);
    }
}
