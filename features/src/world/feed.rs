//! What somebody hears over a live connection, in the order in which it came.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use gates::client::{
    Call, Client, Close, EventStream, Fault, Heard as Block, Message, Socket, SocketError,
};
use serde_json::Value;

use crate::tell::Tell as _;

/// How long an event may be on its way.
const PATIENCE: Duration = Duration::from_secs(20);

const TASK_EVENT: &str = "cursor action at actor { id } fromStatus toStatus task { id status }";
const AGENT_EVENT: &str = "cursor action at actor { id } fromStatus toStatus agent { id status }";
const AUDIT_EVENT: &str = "cursor entry { action actor { id } entityId }";
const SPRINT_EVENT: &str =
    "cursor action at actor { id } fromStatus toStatus sprint { id status progress }";
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
    /// The status before, if any is told.
    pub from: Option<String>,
    /// The status that it led to, if any.
    pub to: Option<String>,
    /// The id of the task, agent or sprint.
    pub about: String,
    /// How far the sprint is, in percent.
    pub progress: Option<f64>,
}

impl Heard {
    fn of(event: &Value) -> Self {
        let text = |pointer: &str| {
            let event = event
                .get("entry")
                .filter(|_| pointer != "/cursor")
                .unwrap_or(event);
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
            from: text("/fromStatus"),
            to: text("/toStatus"),
            about: text("/task/id")
                .or_else(|| text("/agent/id"))
                .or_else(|| text("/notification/task/id"))
                .or_else(|| text("/sprint/id"))
                .or_else(|| text("/entityId"))
                .unwrap_or_default(),
            progress: event.pointer("/sprint/progress").and_then(Value::as_f64),
        }
    }
}

/// What carries events.
#[derive(Debug)]
enum Line {
    /// A WebSocket, with any number of streams.
    Socket(Box<Socket>),
    /// Server-Sent Events: one stream, which is opened when it is known what is followed, from the last id that is known.
    Events {
        client: Box<Client>,
        last_id: Option<String>,
        stream: Option<Box<EventStream>>,
    },
}

/// A live connection with its streams.
#[derive(Debug)]
pub struct Feed {
    line: Line,
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
        Ok(Self::over(Line::Socket(Box::new(client.connect().await?))))
    }

    /// Will listen as `client` by Server-Sent Events, from the last id on where there is one.
    #[must_use]
    pub fn of_events(client: Client, last_id: Option<String>) -> Self {
        Self::over(Line::Events {
            client: Box::new(client),
            last_id,
            stream: None,
        })
    }

    fn over(line: Line) -> Self {
        Self {
            line,
            streams: BTreeMap::new(),
            passed_over: Vec::new(),
        }
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

    /// Follows a sprint.
    ///
    /// # Errors
    /// When the connection failed.
    pub async fn follow_sprint(&mut self, id: &str, after: Option<&str>) -> Result<()> {
        let call = Call::subscription("sprintUpdates")
            .with("sprintId", "ID!", id)
            .with_some("after", "Cursor", after)
            .selecting(SPRINT_EVENT);
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

    /// Follows the audit log by a filter, from a cursor on.
    ///
    /// # Errors
    /// When the connection failed.
    pub async fn follow_audit(&mut self, filter: Option<Value>, after: Option<&str>) -> Result<()> {
        let call = Call::subscription("auditStream")
            .with_some("filter", "AuditFilter", filter)
            .with_some("after", "Cursor", after)
            .selecting(AUDIT_EVENT);
        self.follow(&call).await
    }

    async fn follow(&mut self, call: &Call) -> Result<()> {
        match &mut self.line {
            Line::Socket(socket) => {
                let id = socket.subscribe(call).await?;
                self.streams.insert(id, call.field());
                // From here on nothing that happens is missed.
                Ok(socket.settle().await?)
            }
            Line::Events {
                client,
                last_id,
                stream,
            } => {
                ensure!(stream.is_none(), "a stream of events carries one operation");
                // Its head has come: the same holds.
                let opened = client.stream(call, last_id.as_deref()).await?;
                *stream = Some(Box::new(opened));
                self.streams.insert(String::new(), call.field());
                Ok(())
            }
        }
    }

    /// Where the only stream stands that brings nothing: as a ping says, or an id without data.
    ///
    /// # Errors
    /// When nothing says so in time.
    pub async fn place(&mut self, patience: Duration) -> Result<String> {
        let (id, _) = self
            .streams
            .first_key_value()
            .context("nothing is followed")?;
        match &mut self.line {
            Line::Socket(socket) => Ok(socket.place_within(id, patience).await?),
            Line::Events { stream, .. } => {
                let stream = stream.as_mut().context("nothing is followed")?;
                let told = async {
                    loop {
                        match stream.hear().await {
                            Block::Alive => {}
                            Block::Place { id } => return Ok(id),
                            other => bail!("instead of a place came {other:?}"),
                        }
                    }
                };
                tokio::time::timeout(patience, told)
                    .await
                    .context("no id came")?
            }
        }
    }

    /// The next event of any stream.
    ///
    /// # Errors
    /// When none comes in time, or the stream ends instead.
    pub async fn next(&mut self) -> Result<Heard> {
        next(&mut self.line, &self.streams).await
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
            let heard = next(&mut self.line, &self.streams).await.tell(told)?;
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
        let Line::Socket(socket) = &mut self.line else {
            bail!("a stream of events has no close code")
        };
        let until = tokio::time::Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            if let Message::Closed(close) = socket.next_within(left).await? {
                return Ok(close);
            }
        }
    }

    /// Why the server ends a stream of events; events that come before are passed over.
    ///
    /// # Errors
    /// When it does not end it in time, or ends it without a reason, or goes on after it.
    pub async fn ended(&mut self) -> Result<Vec<Fault>> {
        let Line::Events { stream, .. } = &mut self.line else {
            bail!("it is no stream of events")
        };
        let stream = stream.as_mut().context("nothing is followed")?;
        let faults = loop {
            match stream.next_within(PATIENCE).await? {
                Block::Next { faults, .. } if faults.is_empty() => {}
                Block::Next { faults, .. } => break faults,
                other => bail!("instead of a reason came {other:?}"),
            }
        };
        for wanted in [Block::Complete, Block::Gone] {
            let heard = stream.next_within(PATIENCE).await?;
            ensure!(heard == wanted, "instead of {wanted:?} came {heard:?}");
        }
        Ok(faults)
    }

    /// Why the server refuses a stream.
    ///
    /// # Errors
    /// When it does not refuse it, or closes the connection instead.
    pub async fn refused(&mut self) -> Result<Vec<Fault>> {
        let Line::Socket(socket) = &mut self.line else {
            return self.ended().await;
        };
        match socket.next_within(PATIENCE).await? {
            Message::Refused { faults, .. } => Ok(faults),
            Message::Next { faults, .. } if !faults.is_empty() => Ok(faults),
            other => bail!("instead of a refusal came {other:?}"),
        }
    }

    /// Hangs up.
    pub async fn hang_up(self) {
        if let Line::Socket(socket) = self.line {
            socket.close().await;
        }
    }
}

async fn next(line: &mut Line, streams: &BTreeMap<String, &'static str>) -> Result<Heard> {
    let (id, data, faults) = match line {
        Line::Socket(socket) => match socket.next_within(PATIENCE).await? {
            Message::Next { id, data, faults } => (id, data, faults),
            other => bail!("instead of an event came {other:?}"),
        },
        Line::Events { stream, .. } => {
            let stream = stream.as_mut().context("nothing is followed")?;
            match stream.next_within(PATIENCE).await? {
                Block::Next { id, data, faults } => {
                    let (_, field) = streams.first_key_value().context("nothing is followed")?;
                    let cursor = data[*field]["cursor"].as_str();
                    ensure!(
                        id.as_deref() == cursor || !faults.is_empty(),
                        "the id {id:?} is not the cursor {cursor:?}"
                    );
                    (String::new(), data, faults)
                }
                other => bail!("instead of an event came {other:?}"),
            }
        }
    };
    ensure!(faults.is_empty(), "the event came with faults: {faults:?}");
    let field = streams.get(&id).copied().unwrap_or_default();
    Ok(Heard::of(&data[field]))
}
