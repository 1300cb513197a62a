//! What somebody hears over a live connection, in the order in which it came.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, bail, ensure};
use gates::client::{Call, Client, Close, Fault, Message, Socket, SocketError};
use serde_json::Value;

use crate::tell::Tell as _;

/// How long an event may be on its way.
const PATIENCE: Duration = Duration::from_secs(20);

const TASK_EVENT: &str = "cursor action actor { id } fromStatus toStatus task { id status }";
const AGENT_EVENT: &str = "cursor action actor { id } fromStatus toStatus agent { id status }";
const NOTIFICATION_EVENT: &str = "cursor notification { kind message task { id } }";

/// One event as it was heard.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Where to go on from after a reconnect.
    pub cursor: String,
    /// What was done, or the kind of what was told.
    pub action: String,
    /// Who did it.
    pub actor: String,
    /// The status that it led to, if any.
    pub to: Option<String>,
    /// The id of the task or agent.
    pub about: String,
}

impl Heard {
    fn of(event: &Value) -> Self {
        let text = |pointer: &str| {
            event
                .pointer(pointer)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        Self {
            cursor: text("/cursor").unwrap_or_default(),
            action: text("/action")
                .or_else(|| text("/notification/kind"))
                .unwrap_or_default(),
            actor: text("/actor/id").unwrap_or_default(),
            to: text("/toStatus"),
            about: text("/task/id")
                .or_else(|| text("/agent/id"))
                .or_else(|| text("/notification/task/id"))
                .unwrap_or_default(),
        }
    }
}

/// A live connection with its streams.
#[derive(Debug)]
pub struct Feed {
    socket: Socket,
    streams: BTreeMap<String, &'static str>,
    /// What came before something that was listened for.
    passed_over: Vec<Heard>,
}

impl Feed {
    /// Connects as `client`.
    ///
    /// # Errors
    /// When the server turns the caller away, with its close code.
    pub async fn connect(client: &Client) -> Result<Self, SocketError> {
        Ok(Self {
            socket: client.connect().await?,
            streams: BTreeMap::new(),
            passed_over: Vec::new(),
        })
    }

    /// Follows tasks: one, or those that a filter lets through, from a cursor on.
    ///
    /// # Errors
    /// When the connection failed.
    pub async fn follow_tasks(
        &mut self,
        id: Option<&str>,
        filter: Option<Value>,
        after: Option<&str>,
    ) -> Result<()> {
        let call = Call::subscription("taskUpdates")
            .with_some("taskId", "ID", id)
            .with_some("filter", "TaskFilter", filter)
            .with_some("after", "Cursor", after)
            .selecting(TASK_EVENT);
        self.follow(&call).await
    }

    /// Follows agents: one or all.
    ///
    /// # Errors
    /// When the connection failed.
    pub async fn follow_agents(&mut self, id: Option<&str>) -> Result<()> {
        let call = Call::subscription("agentUpdates")
            .with_some("agentId", "ID", id)
            .selecting(AGENT_EVENT);
        self.follow(&call).await
    }

    /// Follows what the caller is told, from a cursor on.
    ///
    /// # Errors
    /// When the connection failed.
    pub async fn follow_notifications(&mut self, after: Option<&str>) -> Result<()> {
        let call = Call::subscription("notificationReceived")
            .with_some("after", "Cursor", after)
            .selecting(NOTIFICATION_EVENT);
        self.follow(&call).await
    }

    async fn follow(&mut self, call: &Call) -> Result<()> {
        let id = self.socket.subscribe(call).await?;
        self.streams.insert(id, call.field());
        // From here on nothing that happens is missed.
        Ok(self.socket.settle().await?)
    }

    /// The next event of any stream.
    ///
    /// # Errors
    /// When none comes in time, or the stream ends instead.
    pub async fn next(&mut self) -> Result<Heard> {
        next(&mut self.socket, &self.streams).await
    }

    /// Listens until something is heard; it may have come before something else that was listened for.
    ///
    /// # Errors
    /// When it does not come in time; the error says what came instead.
    pub async fn hear_of(&mut self, action: &str, about: &str) -> Result<Heard> {
        let wanted = |heard: &Heard| heard.action == action && heard.about == about;
        if let Some(place) = self.passed_over.iter().position(wanted) {
            return Ok(self.passed_over.remove(place));
        }
        loop {
            let passed_over = &self.passed_over;
            let told = || format!("{action} of {about} was not heard, but {passed_over:?}");
            let heard = next(&mut self.socket, &self.streams).await.tell(told)?;
            if wanted(&heard) {
                return Ok(heard);
            }
            self.passed_over.push(heard);
        }
    }

    /// How the server ends the connection; events that come before are passed over.
    ///
    /// # Errors
    /// When it does not end it in time.
    pub async fn closed_within(&mut self, patience: Duration) -> Result<Close> {
        let until = tokio::time::Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            if let Message::Closed(close) = self.socket.next_within(left).await? {
                return Ok(close);
            }
        }
    }

    /// Why the server refuses a stream.
    ///
    /// # Errors
    /// When it does not refuse it, or closes the connection instead.
    pub async fn refused(&mut self) -> Result<Vec<Fault>> {
        match self.socket.next_within(PATIENCE).await? {
            Message::Refused { faults, .. } => Ok(faults),
            Message::Next { faults, .. } if !faults.is_empty() => Ok(faults),
            other => bail!("instead of a refusal came {other:?}"),
        }
    }

    /// Hangs up.
    pub async fn hang_up(self) {
        self.socket.close().await;
    }
}

async fn next(socket: &mut Socket, streams: &BTreeMap<String, &'static str>) -> Result<Heard> {
    match socket.next_within(PATIENCE).await? {
        Message::Next { id, data, faults } => {
            ensure!(faults.is_empty(), "the event came with faults: {faults:?}");
            let field = streams.get(&id).copied().unwrap_or_default();
            Ok(Heard::of(&data[field]))
        }
        other => bail!("instead of an event came {other:?}"),
    }
}
