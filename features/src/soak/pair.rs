//! A director and its specialist, who move tasks of their own through their lives and remember what was acknowledged.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use gates::client::{Answer, Call, Client, ClientError, Fault};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::Counts;

/// The type of every task here.
pub(crate) const TASK_TYPE: &str = "SOAK";

/// How long a call that may be repeated is repeated.
const PATIENCE: Duration = Duration::from_secs(30);

const PAUSE: Duration = Duration::from_millis(20);

/// What moves a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Create,
    Delegate,
    Execute,
    Assign,
    Start,
    RequestReview,
    Approve,
    Reject,
    Complete,
    Fail,
    Retry,
    Cancel,
}

impl Verb {
    /// The audit action, and the status after it.
    fn outcome(self) -> (&'static str, &'static str) {
        match self {
            Self::Create => ("TASK_CREATED", "PENDING"),
            Self::Delegate => ("TASK_DELEGATED", "ASSIGNED"),
            Self::Execute | Self::Start => ("TASK_STARTED", "IN_PROGRESS"),
            Self::Assign => ("TASK_ASSIGNED", "ASSIGNED"),
            Self::RequestReview => ("TASK_REVIEW_REQUESTED", "REVIEW_REQUESTED"),
            Self::Approve => ("TASK_APPROVED", "APPROVED"),
            Self::Reject => ("TASK_REJECTED", "ASSIGNED"),
            Self::Complete => ("TASK_COMPLETED", "COMPLETED"),
            Self::Fail => ("TASK_FAILED", "FAILED"),
            Self::Retry => ("TASK_RETRIED", "ASSIGNED"),
            Self::Cancel => ("TASK_CANCELLED", "CANCELLED"),
        }
    }

    /// Verbs that begin a task carry an idempotency key.
    fn begins(self) -> bool {
        matches!(self, Self::Create | Self::Delegate | Self::Execute)
    }

    /// What can be done to a task of a status.
    fn after(status: &str) -> &'static [Self] {
        match status {
            "PENDING" => &[Self::Assign, Self::Assign, Self::Cancel],
            "ASSIGNED" => &[Self::Start, Self::Start, Self::Start, Self::Cancel],
            "IN_PROGRESS" => &[
                Self::Complete,
                Self::Complete,
                Self::RequestReview,
                Self::RequestReview,
                Self::Fail,
                Self::Cancel,
            ],
            "REVIEW_REQUESTED" => &[Self::Approve, Self::Reject],
            "APPROVED" => &[Self::Complete],
            "FAILED" => &[Self::Retry],
            _ => &[Self::Create, Self::Delegate, Self::Delegate, Self::Execute],
        }
    }

    fn by_the_director(self) -> bool {
        !matches!(
            self,
            Self::Execute | Self::Start | Self::RequestReview | Self::Complete | Self::Fail
        )
    }
}

/// One call: sent until it was answered, each time the same.
#[derive(Clone, Debug)]
struct Deed {
    verb: Verb,
    call: Call,
}

/// A task as its pair remembers it.
#[derive(Clone, Debug)]
pub(super) struct Remembered {
    pub(super) id: String,
    pub(super) status: &'static str,
    /// The actions that its history must have, in order.
    pub(super) actions: Vec<&'static str>,
}

/// The two who work together.
pub(crate) struct Pair {
    pub(super) director: String,
    pub(super) specialist: String,
    tokens: [String; 2],
    random: StdRng,
    keys: u64,
    /// Every task that was begun; the last one is being moved.
    pub(super) tasks: Vec<Remembered>,
    pending: Option<Deed>,
    pub(super) counts: Counts,
}

/// How a call ended.
enum Reply {
    Done(Value),
    /// It may have been done or not.
    Unknown,
    Refused(Fault),
}

impl Pair {
    /// The director's and the specialist's name plates of a pair.
    pub(super) fn names(number: usize) -> [String; 2] {
        [
            format!("L1-SOAK-{number:03}"),
            format!("L2-SOAK-{number:03}"),
        ]
    }

    pub(super) fn new(number: usize, tokens: [String; 2], seed: u64) -> Self {
        let [director, specialist] = Self::names(number);
        Self {
            director,
            specialist,
            tokens,
            random: StdRng::seed_from_u64(seed),
            keys: 0,
            tasks: Vec::new(),
            pending: None,
            counts: Counts::default(),
        }
    }

    pub(crate) fn director_token(&self) -> &str {
        let [director, _] = &self.tokens;
        director
    }

    /// Works until an answer fails to come.
    ///
    /// # Errors
    /// When something is refused that must not be.
    pub(super) async fn work_until_cut_off(&mut self, door: &Client) -> Result<()> {
        loop {
            let deed = self.choose()?;
            self.pending = Some(deed.clone());
            match self.send(door, &deed).await? {
                Reply::Done(value) => self.acknowledge(deed.verb, &value)?,
                Reply::Unknown => return Ok(()),
                Reply::Refused(fault) => bail!("{:?} was refused: {fault}", deed.verb),
            }
        }
    }

    /// Sends the call again whose answer never came, then does a few things more.
    ///
    /// # Errors
    /// When something is refused that must not be, or is not answered in time.
    pub(super) async fn go_on(&mut self, door: &Client, more: usize) -> Result<()> {
        if let Some(deed) = self.pending.clone() {
            self.counts.add("unknown", 1);
            match self.insist(door, &deed).await? {
                Reply::Done(value) => self.acknowledge(deed.verb, &value)?,
                // It was done before the end. If it was not, the look at the rows and the log will tell.
                Reply::Refused(fault)
                    if !deed.verb.begins()
                        && ["INVALID_TRANSITION", "CONFLICT"].contains(&fault.code()) =>
                {
                    self.counts.add("unknown that were done", 1);
                    self.acknowledge(deed.verb, &Value::Null)?;
                }
                reply => bail!("{:?}, sent again, {}", deed.verb, told(&reply)),
            }
        }
        for _ in 0..more {
            let deed = self.choose()?;
            match self.insist(door, &deed).await? {
                Reply::Done(value) => self.acknowledge(deed.verb, &value)?,
                reply => bail!("{:?}, after the restart, {}", deed.verb, told(&reply)),
            }
        }
        Ok(())
    }

    /// Sends a call until it is answered for good.
    async fn insist(&self, door: &Client, deed: &Deed) -> Result<Reply> {
        let give_up = Instant::now() + PATIENCE;
        loop {
            match self.send(door, deed).await? {
                Reply::Unknown if Instant::now() < give_up => sleep(PAUSE).await,
                reply => return Ok(reply),
            }
        }
    }

    async fn send(&self, door: &Client, deed: &Deed) -> Result<Reply> {
        let [director, specialist] = &self.tokens;
        let token = if deed.verb.by_the_director() {
            director
        } else {
            specialist
        };
        match door.with_token(token).send(&deed.call).await {
            Ok(answer) => Ok(reply(&answer, deed.call.field())),
            Err(ClientError::Unreachable { .. }) => Ok(Reply::Unknown),
            Err(error @ ClientError::NotGraphql { .. }) => Err(error.into()),
        }
    }

    fn acknowledge(&mut self, verb: Verb, value: &Value) -> Result<()> {
        self.pending = None;
        self.counts.add("acknowledged", 1);
        let (action, status) = verb.outcome();
        if verb.begins() {
            let id = value["id"]
                .as_str()
                .with_context(|| format!("{verb:?} answered {value}"))?;
            self.tasks.push(Remembered {
                id: id.to_owned(),
                status,
                actions: vec![action],
            });
            return Ok(());
        }
        let task = self.tasks.last_mut().context("a task is being moved")?;
        task.status = status;
        task.actions.push(action);
        Ok(())
    }

    fn choose(&mut self) -> Result<Deed> {
        let status = self.tasks.last().map_or("", |task| task.status);
        let verbs = Verb::after(status);
        let verb = *verbs
            .get(self.random.random_range(0..verbs.len()))
            .context("something can be done")?;
        let id = self.tasks.last().map_or("", |task| &task.id);
        let moving = |field| Call::mutation(field).with("taskId", "ID!", id);
        let call = match verb {
            Verb::Create => {
                Call::mutation("createTask").with("input", "CreateTaskInput!", self.input(None))
            }
            Verb::Execute => {
                Call::mutation("executeTask").with("input", "CreateTaskInput!", self.input(None))
            }
            Verb::Delegate => Call::mutation("delegateTask").with(
                "input",
                "DelegateTaskInput!",
                self.input(Some(&self.specialist)),
            ),
            Verb::Assign => moving("assignTask").with("agentId", "ID!", self.specialist.clone()),
            Verb::Start => moving("startTask"),
            Verb::RequestReview => {
                moving("requestReview").with("output", "JSON!", json!({ "of": id }))
            }
            Verb::Approve => moving("approveTask"),
            Verb::Reject => moving("rejectTask").with("feedback", "String!", "once more"),
            // What was approved is completed without output.
            Verb::Complete if status == "APPROVED" => moving("completeTask"),
            Verb::Complete => moving("completeTask").with("output", "JSON", json!({ "of": id })),
            Verb::Fail => moving("failTask").with("error", "String!", "the brush broke"),
            Verb::Retry => moving("retryTask").with("agentId", "ID", self.specialist.clone()),
            Verb::Cancel => moving("cancelTask").with("reason", "String", "changed my mind"),
        };
        if verb.begins() {
            self.keys += 1;
        }
        Ok(Deed {
            verb,
            call: call.selecting("id status"),
        })
    }

    fn input(&self, to: Option<&str>) -> Value {
        let mut input = json!({
            "type": TASK_TYPE,
            "input": { "number": self.keys },
            "idempotencyKey": format!("key-{}", self.keys),
        });
        if let Some(to) = to {
            input["toAgentId"] = json!(to);
        }
        input
    }
}

fn reply(answer: &Answer, field: &str) -> Reply {
    match answer.fault() {
        None => Reply::Done(answer.data[field].clone()),
        // The server says itself that it may be sent again.
        Some(fault) if fault.retryable() == Some(true) && fault.code() != "CONFLICT" => {
            Reply::Unknown
        }
        Some(fault) => Reply::Refused(fault.clone()),
    }
}

fn told(reply: &Reply) -> String {
    match reply {
        Reply::Done(_) => "was done".to_owned(),
        Reply::Unknown => "was not answered".to_owned(),
        Reply::Refused(fault) => format!("was refused: {fault}"),
    }
}
