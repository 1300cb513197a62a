//! One operation over a socket, in a task of its own: it ends with the socket, or when its client completes it. Floor 5.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::super::answer::Answer;
use super::super::credential::Credential;
use super::super::intake::{Kind, Operation};
use super::super::record::Record;
use super::super::share::Share;
use super::super::{Gateway, execution, graphql};
use super::protocol;
use crate::auth::actor::{Caller, Origin};
use crate::error::Error;
use crate::graphql::ArrivedAt;
use crate::service::live::Progress;
use crate::service::page::Cursor;

/// A message on its way to the client.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// Of which operation; its number tells it from an earlier one of the same id.
    pub(super) id: Arc<str>,
    pub(super) number: u64,
    pub(super) text: String,
    /// Whether the operation is over with it.
    pub(super) last: bool,
}

/// A running operation. Dropping it ends it: what it had not committed is taken back.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) number: u64,
    pub(super) kind: Option<Kind>,
    task: JoinHandle<()>,
    progress: Progress,
    /// How many messages it has put on their way, and how many of them were written.
    sent: Arc<AtomicU64>,
    written: u64,
    /// The last place that was told without an event.
    told: Option<Cursor>,
}

impl Running {
    /// One of its messages was written.
    pub(super) fn wrote(&mut self) {
        self.written += 1;
    }

    /// How far its stream has come without an event, where that is news. Only when nothing is on its way: what lies before that place has
    /// been delivered then.
    pub(super) fn silence(&mut self) -> Option<String> {
        // In this order: whatever had been given before this place was passed is counted as sent by now.
        let place = self.progress.of_silence()?;
        let news =
            self.sent.load(Ordering::SeqCst) == self.written && self.told.as_ref() != Some(&place);
        news.then(|| {
            let text = place.0.clone();
            self.told = Some(place);
            text
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Where the messages of one operation go.
pub(super) struct Outlet {
    pub(super) id: Arc<str>,
    pub(super) number: u64,
    pub(super) queue: mpsc::Sender<Outgoing>,
    /// How many messages were put on their way.
    pub(super) sent: Arc<AtomicU64>,
}

impl Outlet {
    /// Waits while the client reads too slowly; `false` when the socket is gone.
    async fn send(&self, text: String, last: bool) -> bool {
        let message = Outgoing {
            id: self.id.clone(),
            number: self.number,
            text,
            last,
        };
        self.sent.fetch_add(1, Ordering::SeqCst);
        self.queue.send(message).await.is_ok()
    }

    async fn next(&self, answer: &Answer) -> bool {
        self.send(protocol::next(&self.id, answer.json()), false)
            .await
    }

    async fn complete(&self) {
        self.send(protocol::complete(&self.id), true).await;
    }

    async fn error(&self, answer: &Answer) {
        self.send(protocol::error(&self.id, &answer.errors_json()), true)
            .await;
    }
}

/// Starts an operation.
pub(super) async fn start(
    gateway: Arc<Gateway>,
    credential: Credential,
    origin: Origin,
    mut operation: Operation,
    outlet: Outlet,
) -> Running {
    let (number, kind, sent) = (outlet.number, operation.kind, outlet.sent.clone());
    let progress = Progress::default();
    if kind == Some(Kind::Subscription) {
        // Here and not in the task: messages are handled in their order, so a later ping is answered after this. Where the database cannot
        // say, neither can it say who asks, and that is told.
        if let Ok(settled) = gateway.service.feed.settled().await {
            operation.request = operation.request.data(ArrivedAt(settled));
        }
        if operation.has_one_root {
            operation.request = operation.request.data(progress.clone());
        }
    }
    let task = tokio::spawn(run(gateway, credential, origin, operation, outlet));
    Running {
        number,
        kind,
        task,
        progress,
        sent,
        written: 0,
        told: None,
    }
}

async fn run(
    gateway: Arc<Gateway>,
    credential: Credential,
    origin: Origin,
    mut operation: Operation,
    outlet: Outlet,
) {
    let mut record = Record::begin(gateway.clone(), "WS", origin.clone());
    record.of(&operation);
    let request_id = origin.request_id;
    if let Err(error) = graphql::admit(&gateway, &credential, &mut operation).await {
        let answer = Answer::of_error(&error, request_id);
        record.answered(&answer);
        return outlet.error(&answer).await;
    }
    // What an agent may do is what its row says now, not what it said when the socket was opened (spec R1.04).
    let caller = match credential.caller(&gateway.service, origin).await {
        Ok(caller) => caller,
        Err(error) => {
            let answer = Answer::of_error(&error, request_id);
            record.answered(&answer);
            return outlet.error(&answer).await;
        }
    };
    record.by(&caller);
    if let Err(error) = graphql::spend(&gateway, &caller, &mut operation) {
        let answer = Answer::of_error(&error, request_id);
        record.answered(&answer);
        return outlet.error(&answer).await;
    }
    if operation.kind == Some(Kind::Subscription) {
        return subscribe(&gateway, operation, caller, outlet, record).await;
    }
    let answer = graphql::once(&gateway, operation, caller).await;
    record.answered(&answer);
    drop(record);
    if answer.is_executed() {
        outlet.next(&answer).await;
        outlet.complete().await;
    } else {
        outlet.error(&answer).await;
    }
}

/// Passes events on until the stream ends or one brings no data: then the errors end the operation.
async fn subscribe(
    gateway: &Gateway,
    operation: Operation,
    caller: Caller,
    outlet: Outlet,
    mut record: Record,
) {
    let request_id = caller.origin.request_id;
    let _counted = match Counted::new(gateway, &caller) {
        Ok(counted) => counted,
        Err(error) => {
            let answer = Answer::of_error(&error, request_id);
            record.answered(&answer);
            return outlet.error(&answer).await;
        }
    };
    let responses = gateway.schema.stream(caller.clone(), operation.request);
    let mut responses = std::pin::pin!(execution::stream(responses));
    while let Some(response) = responses.next().await {
        let answer = match response {
            Ok(response) => Answer::of_response(response, true, request_id),
            Err(error) => {
                graphql::report(gateway, &caller, &error);
                Answer::of_error(&error, request_id)
            }
        };
        record.answered(&answer);
        if answer.has_no_data() {
            return outlet.error(&answer).await;
        }
        if !outlet.next(&answer).await {
            return;
        }
    }
    outlet.complete().await;
}

/// What is said of an operation that is not even begun.
pub(super) fn refuse(gateway: Arc<Gateway>, origin: Origin, id: &str, error: &Error) -> String {
    let answer = Answer::of_error(error, origin.request_id);
    Record::begin(gateway, "WS", origin).refused(error);
    protocol::error(id, &answer.errors_json())
}

/// Why an operation is refused when too many run.
pub(super) fn too_many(limit: usize) -> Error {
    Error::LimitExceeded {
        limit: "operations over one socket",
        value: limit as u64,
        requested: limit as u64 + 1,
    }
}

/// Counts a running subscription.
struct Counted<'a> {
    gateway: &'a Gateway,
    _share: Share,
}

impl<'a> Counted<'a> {
    fn new(gateway: &'a Gateway, caller: &Caller) -> Result<Self, Error> {
        let share = gateway.agent_subscriptions.take(caller)?;
        gateway.metrics.subscriptions.inc();
        Ok(Self {
            gateway,
            _share: share,
        })
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.gateway.metrics.subscriptions.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_is_told_when_nothing_is_on_its_way_and_once() {
        let mut running = Running {
            number: 0,
            kind: None,
            task: tokio::spawn(async {}),
            progress: Progress::default(),
            sent: Arc::default(),
            written: 0,
            told: None,
        };
        assert_eq!(running.silence(), None, "it has not begun");
        running.progress.passed(7);
        running.sent.store(1, Ordering::SeqCst);
        assert_eq!(running.silence(), None, "an event before it is on its way");
        running.wrote();
        let told = running.silence();
        assert!(told.is_some() && running.silence().is_none());
        running.progress.passed(8);
        assert!(running.silence().is_some_and(|next| Some(next) != told));
        running.progress.gave(&Cursor("a".to_owned()));
        assert_eq!(running.silence(), None, "the event says where it is");
    }
}
