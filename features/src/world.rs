//! One scenario's world: a server with a database of its own, the people who call it, and what they remember.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use chrono::{DateTime, Utc};
use cucumber::{
    World,
    gherkin::{Step, StepType},
};
use gates::client::{Answer, Call, Client, Fault};
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    database::Databases,
    tell::Tell as _,
    word::{Agent, Task},
};

mod feed;
mod house;
mod person;
mod studio;

pub use feed::{Feed, Heard};
pub use house::House;
pub use person::Person;
pub use studio::{definition, input_schema, registration};

/// How long something may take that the server does by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked for meanwhile.
const PULSE: Duration = Duration::from_millis(20);

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
    /// The answers so far, the last one last.
    pub outcomes: Vec<Outcome>,
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

    /// Stops the server and drops the database.
    ///
    /// # Errors
    /// When the database cannot be dropped.
    pub async fn tear_down(&mut self) -> Result<()> {
        for person in self.people.values_mut() {
            person.feed = None;
        }
        match self.house.take() {
            Some(house) => house.tear_down().await,
            None => Ok(()),
        }
    }

    /// What the scenario knows of somebody.
    pub fn person(&mut self, who: &Agent) -> &mut Person {
        self.people.entry(who.id().to_owned()).or_default()
    }

    /// A client without a token.
    ///
    /// # Errors
    /// When no server was started.
    pub fn door(&self) -> Result<Client> {
        Ok(self.house()?.client())
    }

    /// A client that shows the token of `who`, who logs in first if need be; a stranger shows none.
    ///
    /// # Errors
    /// When there is no server or the login is refused.
    pub async fn client(&mut self, who: &Agent) -> Result<Client> {
        let door = self.door()?;
        if who.is_stranger() {
            return Ok(door);
        }
        if self.person(who).token.is_none() {
            self.log_in(who).await?;
        }
        let token = self.person(who).token.clone().context("just logged in")?;
        Ok(door.with_token(token))
    }

    /// Opens a session for `who`: with its secret where the scenario knows it, else issued by the operator.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn log_in(&mut self, who: &Agent) -> Result<()> {
        let answer = match self.secret(who)? {
            Some(secret) => self.door()?.send(&authenticate(who, &secret)).await?,
            None => {
                let call = Call::mutation("issueSession")
                    .with("agentId", "ID!", who.id())
                    .selecting(SESSION);
                Box::pin(self.send(&Agent::operator(), &call)).await?
            }
        };
        let opened = expect_success(&answer).tell(|| format!("{who} logs in"))?;
        let opened = opened
            .as_object()
            .and_then(|data| data.values().next())
            .cloned()
            .unwrap_or_default();
        self.person(who).open(&opened)
    }

    /// The secret of `who` as far as the scenario knows it; the operator's lies in the data directory.
    ///
    /// # Errors
    /// When the operator's cannot be read.
    pub fn secret(&mut self, who: &Agent) -> Result<Option<String>> {
        if who.id() == Agent::operator().id() && self.person(who).secret.is_none() {
            self.person(who).secret = Some(self.house()?.operator_secret()?);
        }
        Ok(self.person(who).secret.clone())
    }

    /// Sends a call as `who` and leaves no trace in the scenario's memory.
    ///
    /// # Errors
    /// When there is no answer; a refusal is one.
    pub async fn send(&mut self, who: &Agent, call: &Call) -> Result<Answer> {
        let client = self.client(who).await?;
        client
            .send(call)
            .await
            .tell(|| format!("{who} calls {}", call.field()))
    }

    /// Sends a call as `who` and remembers the answer. What is given must succeed, what is done may be refused.
    ///
    /// # Errors
    /// When there is no answer, or something given is refused.
    pub async fn act(&mut self, step: &Step, who: &Agent, call: &Call) -> Result<()> {
        let answer = self.send(who, call).await?;
        self.remember(step, who, call.field(), answer)
    }

    /// Remembers an answer as [`Studio::act`] does.
    ///
    /// # Errors
    /// When something given was refused.
    pub fn remember(
        &mut self,
        step: &Step,
        who: &Agent,
        field: &'static str,
        answer: Answer,
    ) -> Result<()> {
        if step.ty == StepType::Given {
            expect_success(&answer)?;
        }
        self.outcomes.push(Outcome {
            by: who.clone(),
            field,
            answer,
        });
        Ok(())
    }

    /// Asks as the operator, who sees everything, and returns what the root field gave.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn look(&mut self, call: &Call) -> Result<Value> {
        let answer = self.send(&Agent::operator(), call).await?;
        Ok(expect_success(&answer)?
            .get(call.field())
            .cloned()
            .unwrap_or_default())
    }

    /// Looks until `find` finds something.
    ///
    /// # Errors
    /// When it does not find it in time, or fails.
    pub async fn eventually<T>(
        &mut self,
        what: &str,
        mut find: impl AsyncFnMut(&mut Self) -> Result<Option<T>>,
    ) -> Result<T> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = find(self).await? {
                return Ok(found);
            }
            ensure!(Instant::now() < until, "{what}: not so within {PATIENCE:?}");
            tokio::time::sleep(PULSE).await;
        }
    }

    /// The last answer.
    ///
    /// # Errors
    /// When nobody has asked anything yet.
    pub fn last(&self) -> Result<&Outcome> {
        self.outcomes
            .last()
            .context("nobody has asked anything yet")
    }

    /// The fault of the last answer.
    ///
    /// # Errors
    /// When it was not refused.
    pub fn refusal(&self) -> Result<&Fault> {
        let last = self.last()?;
        let by = &last.by;
        last.answer.fault().with_context(|| {
            format!(
                "{} by {by} was not refused: {}",
                last.field, last.answer.data
            )
        })
    }

    /// Remembers which task a scenario's name stands for, when the last answer gave one.
    pub fn name_task(&mut self, name: &Task) {
        let id = self
            .outcomes
            .last()
            .and_then(|last| last.value().get("id")?.as_str().map(str::to_owned));
        if let Some(id) = id {
            self.tasks.insert(name.to_string(), id);
        }
    }

    /// The id of a task by the scenario's name for it.
    ///
    /// # Errors
    /// When no task was made under that name.
    pub fn task_id(&self, name: &Task) -> Result<String> {
        self.tasks
            .get(name.as_str())
            .cloned()
            .with_context(|| format!("{name} was never made"))
    }

    /// The scenario's name of a task.
    #[must_use]
    pub fn task_name(&self, id: &str) -> Option<&str> {
        self.tasks
            .iter()
            .find(|(_, known)| *known == id)
            .map(|(name, _)| name.as_str())
    }

    /// A task as it is now.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn task(&mut self, name: &Task) -> Result<Value> {
        let call = Call::query("task")
            .with("id", "ID!", self.task_id(name)?)
            .selecting(TASK);
        let task = self.look(&call).await?;
        ensure!(!task.is_null(), "{name} is not there");
        Ok(task)
    }

    /// An agent as it is now, if there is one.
    ///
    /// # Errors
    /// When looking fails.
    pub async fn agent(&mut self, who: &Agent) -> Result<Option<Value>> {
        let found = self
            .look(
                &Call::query("agent")
                    .with("id", "ID!", who.id())
                    .selecting(AGENT),
            )
            .await?;
        Ok(Some(found).filter(|found| !found.is_null()))
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

/// The call by which `who` trades a secret for a session.
#[must_use]
pub fn authenticate(who: &Agent, secret: &str) -> Call {
    Call::mutation("authenticate")
        .with("agentId", "ID!", who.id())
        .with("secret", "String!", secret)
        .selecting(SESSION)
}

/// The data of an answer that must have succeeded.
///
/// # Errors
/// When it was refused, with the first fault.
pub fn expect_success(answer: &Answer) -> Result<&Value> {
    match answer.fault() {
        None => Ok(&answer.data),
        Some(fault) => bail!("{fault}"),
    }
}

/// Ends in an error that shows both when they differ.
///
/// # Errors
/// When they do.
pub fn expect_equal<T: PartialEq + std::fmt::Debug>(what: &str, found: T, wanted: T) -> Result<()> {
    ensure!(found == wanted, "{what} is {found:?}, not {wanted:?}");
    Ok(())
}

/// The texts of a JSON list, each found at `pointer`.
#[must_use]
pub fn texts(list: &Value, pointer: &str) -> Vec<String> {
    let text = |item: &Value| item.pointer(pointer)?.as_str().map(str::to_owned);
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(text)
        .collect()
}
