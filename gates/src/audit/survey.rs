//! The way of one look: the log, then all rows, then again those that differ.

use std::collections::HashMap;

use serde_json::Value;

use super::fold::Place;
use super::log::{Halt, Log};
use super::matching::Matching;
use super::shown::{Shown, marks_personal};
use super::{BETWEEN, Kind, ROUNDS, reading, text_of};
use crate::client::Client;

pub(super) struct Survey<'a> {
    client: &'a Client,
    pub(super) log: Log<'a>,
    pub(super) matching: Matching,
    /// Whether a version of a task type marks values as personal, by `NAME@VERSION`.
    personal: HashMap<String, bool>,
}

impl<'a> Survey<'a> {
    pub(super) fn new(client: &'a Client, log: Log<'a>) -> Self {
        Self {
            client,
            log,
            matching: Matching::default(),
            personal: HashMap::new(),
        }
    }

    pub(super) async fn run(&mut self) -> Result<(), Halt> {
        self.log.advance(&mut self.matching).await?;
        self.log.hold_tiles().await?;
        self.read_all().await?;
        self.matching.leftover(&self.log.folded);
        for _ in 0..ROUNDS {
            let differing = self.matching.waiting();
            if differing.is_empty() {
                return Ok(());
            }
            // First the log is read on to what was shown; what still differs is shown anew, for the next time.
            tokio::time::sleep(BETWEEN).await;
            self.log.advance(&mut self.matching).await?;
            for place in self.matching.waiting() {
                self.read_again(place).await?;
            }
        }
        tokio::time::sleep(BETWEEN).await;
        self.log.advance(&mut self.matching).await?;
        let differences = self.matching.differences(&self.log.folded);
        differences
            .into_iter()
            .for_each(|what| self.log.faults.push(what));
        Ok(())
    }

    async fn read_all(&mut self) -> Result<(), Halt> {
        for row in reading::task_types(self.client).await? {
            self.take_type(&row);
        }
        for kind in [Kind::Agent, Kind::Task, Kind::Asset, Kind::Sprint] {
            let mut after = None;
            loop {
                let page = reading::page(self.client, kind, after).await?;
                for row in &page.rows {
                    self.take_row(kind, row).await?;
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn take_row(&mut self, kind: Kind, row: &Value) -> Result<(), Halt> {
        let personal = match kind {
            Kind::Task => self.marks_personal(row).await?,
            _ => false,
        };
        self.take(kind, text_of(row, "id"), row, personal);
        if kind == Kind::Agent {
            for session in reading::sessions(self.client, row).await? {
                self.take(Kind::Session, text_of(&session, "id"), &session, false);
            }
        }
        Ok(())
    }

    /// Whether the version of its type that a task was made under marks values as personal. A version that is met for
    /// the first time is a row of its own: of types, lists show the latest versions alone.
    async fn marks_personal(&mut self, task: &Value) -> Result<bool, Halt> {
        let name = version_of(&task["type"]);
        if let Some(known) = self.personal.get(&name) {
            return Ok(*known);
        }
        let row = reading::type_of(self.client, task).await?;
        Ok(self.take_type(&row))
    }

    fn take_type(&mut self, row: &Value) -> bool {
        let marks = marks_personal(&row["inputSchema"]) || marks_personal(&row["outputSchema"]);
        let version = version_of(row);
        self.personal.insert(version.clone(), marks);
        self.take(Kind::TaskType, version, row, false);
        marks
    }

    fn take(&mut self, kind: Kind, id: String, row: &Value, personal: bool) {
        let shown = Shown::read(kind, row, personal);
        self.matching
            .take((kind, id), Some(shown), &self.log.folded);
    }

    async fn read_again(&mut self, place: Place) -> Result<(), Halt> {
        let row = reading::again(self.client, &place).await?;
        match row {
            Some(row) if place.0 == Kind::TaskType => {
                // An earlier version is not shown by itself; what was shown of it stays, for versions never change.
                if version_of(&row) == place.1 {
                    self.take_type(&row);
                }
            }
            Some(row) => {
                let personal = match place.0 {
                    Kind::Task => self.marks_personal(&row).await?,
                    _ => false,
                };
                self.take(place.0, place.1, &row, personal);
            }
            None => self.matching.take(place, None, &self.log.folded),
        }
        Ok(())
    }
}

/// `NAME@VERSION`.
fn version_of(task_type: &Value) -> String {
    format!("{}@{}", text_of(task_type, "name"), task_type["version"])
}
