//! One scenario's world: a server with a database of its own, the people who call it, and what they remember.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use cucumber::World;
use gates::client::{Answer, ClientError, Journal};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::{database::Databases, suite::evidence::Evidence, word::Agent};

mod expect;
mod feed;
mod gallery;
mod guest;
mod house;
mod login;
mod look;
mod person;
mod studio;

pub use expect::{expect_equal, expect_success, texts};
pub use login::authenticate;

pub use feed::{Feed, Heard};
pub use gallery::{Gallery, Paint};
pub use guest::{Host, NEEDS_ITS_OWN};
pub use house::House;
pub use person::Person;
pub use studio::{definition, input_schema, registration};

/// What is asked back about a task.
pub const TASK: &str = "id type { name version } status allowedTransitions priority creator { id } assignee { id } \
    reviewer { id } parent { id } children { nodes { id } } metadata input output outputSha256 error reviewFeedback \
    rejectionCount attempt failureCount waitingFor createdAt assignedAt startedAt completedAt deadline overdue durationMs";

/// What is asked back about an agent.
pub const AGENT: &str = "id name tier status statusReason permissions capabilities supervisor { id } config lastActiveAt";

/// What is asked back about a session that was opened.
pub const SESSION: &str = "token session { id createdAt expiresAt issuedBy { id } }";

/// An answer and who got it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Who asked.
    pub by: Agent,
    /// The root field that was asked.
    pub field: &'static str,
    /// What came back.
    pub answer: Answer,
}

impl Outcome {
    /// What the root field gave; null when refused.
    #[must_use]
    pub fn value(&self) -> &Value {
        self.answer.data.get(self.field).unwrap_or(&Value::Null)
    }
}

/// The world of one scenario.
#[derive(Debug, Default, World)]
pub struct Studio {
    /// Where databases come from; set before the first step.
    pub databases: Option<Arc<Databases>>,
    house: Option<House>,
    people: BTreeMap<String, Person>,
    tasks: BTreeMap<String, String>,
    passed: Duration,
    /// Who waits for a task, with the answer to come.
    pub waiting: BTreeMap<String, JoinHandle<Result<Answer, ClientError>>>,
    /// The ids of sprints by what the scenario calls them.
    pub sprints: BTreeMap<String, String>,
    /// The ids of assets by what the scenario calls them.
    pub pictures: BTreeMap<String, String>,
    /// Where pictures of somebody else's lie.
    pub gallery: Option<Gallery>,
    /// The answers so far, the last one last.
    pub outcomes: Vec<Outcome>,
    /// The last calls of all people, for whoever has to explain a failure.
    pub journal: Journal,
    /// When the scenario began, by the server's clock.
    pub begun: Option<DateTime<Utc>>,
    /// What was seen when the scenario had failed.
    pub evidence: Option<Evidence>,
    /// What a step keeps for a later one of the same concept.
    pub kept: BTreeMap<&'static str, Value>,
}

impl Studio {
    /// The server that the scenario started.
    ///
    /// # Errors
    /// When it has not started one.
    pub fn house(&self) -> Result<&House> {
        self.house
            .as_ref()
            .context("no server was started: begin with `Given the studio`")
    }

    /// The scenario's house, built with the first call.
    pub(crate) async fn build(&mut self) -> Result<&mut House> {
        if self.house.is_none() {
            let databases = self.databases.clone().context("the run has no databases")?;
            self.house = Some(House::build(databases).await?);
        }
        self.house.as_mut().context("it was just built")
    }

    /// A studio of its own beside this one, with nothing in common but where databases come from.
    #[must_use]
    pub fn another(&self) -> Self {
        Self {
            databases: self.databases.clone(),
            ..Self::default()
        }
    }

    /// The house, to be left as it is; the scenario has none afterwards.
    pub fn leave(&mut self) -> Option<House> {
        self.house.take()
    }

    /// Stops the server and drops the database.
    ///
    /// # Errors
    /// When the database cannot be dropped.
    pub async fn tear_down(&mut self) -> Result<()> {
        for person in self.people.values_mut() {
            person.feed = None;
            person.worker = None;
        }
        for waiting in std::mem::take(&mut self.waiting).into_values() {
            waiting.abort();
        }
        match self.house.take() {
            Some(house) => house.tear_down().await,
            None => Ok(()),
        }
    }

    /// Every live connection.
    pub fn feeds(&mut self) -> impl Iterator<Item = &mut Feed> {
        self.people
            .values_mut()
            .filter_map(|person| person.feed.as_mut())
    }

    /// What the scenario knows of somebody.
    pub fn person(&mut self, who: &Agent) -> &mut Person {
        self.people.entry(who.id().to_owned()).or_default()
    }

    /// What time it is by the server's clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the suite asks the time"
    )]
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.passed
    }

    /// Lets time pass on the server's clock. The operator, through whose eyes the scenario looks, logs in anew afterwards.
    ///
    /// # Errors
    /// When the server is another process, whose clock nobody can move.
    pub fn let_pass(&mut self, time: Duration) -> Result<()> {
        self.house()?.advance(time)?;
        self.passed += time;
        self.person(&Agent::operator()).token = None;
        Ok(())
    }
}
