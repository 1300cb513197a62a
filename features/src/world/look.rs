//! How people ask and what is remembered of the answers; how a scenario looks at what has become of things.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use cucumber::gherkin::{Step, StepType};
use gates::client::{Answer, Call, Fault};
use serde_json::Value;
use tokio::time::Instant;

use super::{AGENT, Outcome, Studio, TASK, expect_success};
use crate::{
    tell::Tell as _,
    word::{Agent, Task},
};

/// How long something may take that the server does by itself.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often it is looked for meanwhile.
const PULSE: Duration = Duration::from_millis(20);

impl Studio {
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
            ensure!(
                Instant::now() < until,
                "{what}: not so within {PATIENCE:?}{}",
                self.workers_said()
            );
            tokio::time::sleep(PULSE).await;
        }
    }

    /// What the programs have said that work for somebody: where what they do is waited for in vain, it tells why.
    fn workers_said(&self) -> String {
        let people = self.people.iter();
        let said = people.filter_map(|(who, person)| {
            let worker = person.worker.as_ref()?;
            Some(format!("\nthe worker of {who} said:\n{}", worker.said()))
        });
        said.collect()
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
            self.call_task(name, &id);
        }
    }

    /// Lets a scenario's name stand for a task of this id.
    pub fn call_task(&mut self, name: &Task, id: &str) {
        self.tasks.insert(name.to_string(), id.to_owned());
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

    /// Waits until whatever happened to the scenario's tasks has its number in the log.
    ///
    /// # Errors
    /// When looking fails, or it takes too long.
    pub async fn await_sequence(&mut self) -> Result<()> {
        let ids: Vec<String> = self.tasks.values().cloned().collect();
        for id in ids {
            let call = Call::query("task")
                .with("id", "ID!", id.as_str())
                .selecting("history { nodes { sequence } }");
            self.eventually("everything is sequenced", async |studio| {
                let task = studio.look(&call).await?;
                let entries = task["history"]["nodes"].as_array();
                let waiting =
                    entries.is_some_and(|all| all.iter().any(|one| one["sequence"].is_null()));
                Ok((!waiting).then_some(()))
            })
            .await?;
        }
        Ok(())
    }

    /// An agent as it is now, if there is one.
    ///
    /// # Errors
    /// When looking fails.
    pub async fn agent(&mut self, who: &Agent) -> Result<Option<Value>> {
        let call = Call::query("agent")
            .with("id", "ID!", who.id())
            .selecting(AGENT);
        let answer = self.send(&Agent::operator(), &call).await?;
        if answer
            .fault()
            .is_some_and(|fault| fault.code() == "NOT_FOUND")
        {
            return Ok(None);
        }
        let found = expect_success(&answer)?["agent"].clone();
        Ok(Some(found).filter(|found| !found.is_null()))
    }
}
