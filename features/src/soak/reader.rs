//! Somebody who follows a stream across whatever befalls the server, and remembers everything that it heard.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use gates::client::{Call, Client, Fault, Heard, Message, SocketError, StreamError};
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, watch},
    time::{sleep, timeout},
};

use super::Counts;

/// How long it listens before it looks up.
const GLANCE: Duration = Duration::from_millis(100);

/// Before it calls again where it was cut off.
const PAUSE: Duration = Duration::from_millis(10);

/// The closes after which coming back is of no use.
const FINAL: [u16; 2] = [4401, 4403];

/// What the narrow readers want.
pub(super) const NARROW: [&str; 2] = ["TASK_CREATED", "TASK_CANCELLED"];

/// What is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// Every task.
    Tasks,
    /// The whole log.
    Log,
    /// What of the log is [`NARROW`]: mostly quiet.
    Narrow,
}

impl Subject {
    fn call(self, after: Option<&str>) -> Call {
        let call = match self {
            Self::Tasks => Call::subscription("taskUpdates").selecting("cursor action task { id }"),
            Self::Log => {
                Call::subscription("auditStream").selecting("cursor entry { action entityId }")
            }
            Self::Narrow => Call::subscription("auditStream")
                .with("filter", "AuditFilter", json!({ "action": NARROW }))
                .selecting("cursor entry { action entityId }"),
        };
        call.with_some("after", "Cursor", after)
    }

    /// Whether an entry of the log is for such a reader.
    pub(super) fn wants(self, entry: &Value) -> bool {
        match self {
            Self::Tasks => entry["entityType"] == "TASK",
            Self::Log => true,
            Self::Narrow => NARROW.iter().any(|action| entry["action"] == *action),
        }
    }
}

/// By what it is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Socket,
    Events,
}

/// What was heard of an entry: its action and what it is about.
pub(super) type Told = (String, String);

/// One reader.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) subject: Subject,
    pub(super) way: Way,
    /// Where to go on from.
    cursor: Option<String>,
    /// Whether the cursor is that of a place without an event.
    is_place: bool,
    pub(super) heard: Vec<Told>,
    pub(super) counts: Counts,
}

/// What readers are told of the world.
#[derive(Clone, Debug)]
pub(super) struct News {
    /// Where the server answers at the moment, as the operator.
    pub(super) door: watch::Receiver<Option<Client>>,
    /// The task after which nothing comes.
    pub(super) last: watch::Receiver<Option<String>>,
    /// Says that a reader knows where it stands.
    pub(super) ready: mpsc::Sender<()>,
}

impl Reader {
    pub(super) fn new(subject: Subject, way: Way) -> Self {
        Self {
            subject,
            way,
            cursor: None,
            is_place: false,
            heard: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Follows until the last task was heard of.
    ///
    /// # Errors
    /// When the server refuses what it must not refuse, or says what makes no sense.
    pub(super) async fn follow(&mut self, mut news: News) -> Result<()> {
        while !self.has_heard_all(&news) {
            let door = news.door.wait_for(Option::is_some).await?.clone();
            let door = door.context("there is a door")?;
            if self.cursor.is_some() {
                self.counts.add("resumes", 1);
                self.counts
                    .add("resumes where nothing had come", u64::from(self.is_place));
            }
            match self.way {
                Way::Socket => self.listen_to_socket(&door, &news).await?,
                Way::Events => self.listen_to_events(&door, &news).await?,
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    fn has_heard_all(&self, news: &News) -> bool {
        let last = news.last.borrow();
        let heard = last.as_ref().zip(
            self.heard
                .iter()
                .rev()
                .find(|(_, about)| Some(about) == last.as_ref()),
        );
        heard.is_some()
    }

    /// Until it is cut off or has heard all.
    async fn listen_to_socket(&mut self, door: &Client, news: &News) -> Result<()> {
        let mut socket = match door.connect().await {
            Ok(socket) => socket,
            Err(SocketError::Closed(close)) if FINAL.contains(&close.code) => {
                bail!("it was turned away with {close}")
            }
            Err(_) => return Ok(()),
        };
        let call = self.subject.call(self.cursor.as_deref());
        let Ok(id) = socket.subscribe(&call).await else {
            return Ok(());
        };
        while !self.has_heard_all(news) {
            let message = socket.next_within(GLANCE).await;
            match message {
                Ok(Message::Next { data, faults, .. }) => {
                    // What a ping said before it is older.
                    socket.take_place(&id);
                    if !self.take(call.field(), &data, None, &faults)? {
                        return Ok(());
                    }
                }
                Ok(Message::Refused { faults, .. }) => return may_come_back(&faults),
                Ok(Message::Closed(close)) if FINAL.contains(&close.code) => {
                    bail!("it was closed with {close}")
                }
                Err(SocketError::Silent { .. }) => self.stand(socket.take_place(&id), news).await?,
                Err(error @ SocketError::Malformed(_)) => return Err(error.into()),
                Ok(Message::Complete { .. } | Message::Closed(_)) | Err(_) => {
                    return self.stand(socket.take_place(&id), news).await;
                }
            }
        }
        Ok(())
    }

    async fn listen_to_events(&mut self, door: &Client, news: &News) -> Result<()> {
        let call = self.subject.call(None);
        let mut stream = match door.stream(&call, self.cursor.as_deref()).await {
            Ok(stream) => stream,
            Err(StreamError::Refused(answer)) => return may_come_back(&answer.faults),
            Err(error @ StreamError::Malformed(_)) => return Err(error.into()),
            Err(_) => return Ok(()),
        };
        while !self.has_heard_all(news) {
            match timeout(GLANCE, stream.hear()).await {
                Ok(Heard::Next { id, data, faults }) => {
                    if !self.take(call.field(), &data, id, &faults)? {
                        return Ok(());
                    }
                }
                Ok(Heard::Place { id }) => self.stand(Some(id), news).await?,
                Ok(Heard::Alive) | Err(_) => {}
                Ok(Heard::Complete | Heard::Gone) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Takes a result in; `false` where the stream ends with it.
    fn take(
        &mut self,
        field: &str,
        data: &Value,
        id: Option<String>,
        faults: &[Fault],
    ) -> Result<bool> {
        if !faults.is_empty() {
            may_come_back(faults)?;
            return Ok(false);
        }
        let event = &data[field];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let cursor = text(&event["cursor"]);
        ensure!(!cursor.is_empty(), "{event} has no cursor");
        ensure!(
            id.as_ref().is_none_or(|id| *id == cursor),
            "{event} came with the id {id:?}"
        );
        let of = event.get("entry").unwrap_or(event);
        let about = if self.subject == Subject::Tasks {
            &event["task"]["id"]
        } else {
            &of["entityId"]
        };
        self.heard.push((text(&of["action"]), text(about)));
        (self.cursor, self.is_place) = (Some(cursor), false);
        Ok(true)
    }

    /// Learns where it stands without having heard anything.
    async fn stand(&mut self, place: Option<String>, news: &News) -> Result<()> {
        let Some(place) = place else { return Ok(()) };
        self.counts.add("places told", 1);
        if self.cursor.is_none() {
            news.ready.send(()).await?;
        }
        (self.cursor, self.is_place) = (Some(place), true);
        Ok(())
    }
}

fn may_come_back(faults: &[Fault]) -> Result<()> {
    match faults.first() {
        Some(fault) if fault.retryable() == Some(true) => Ok(()),
        other => bail!("its stream was refused: {other:?}"),
    }
}
