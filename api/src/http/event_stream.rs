//! `/graphql` as Server-Sent Events, an operation for each connection: the "distinct connections mode" of GraphQL over SSE. Floor 5.
//!
//! The body is made as its reader takes it: hyper asks for more when there is room. Who reads slowly has events wait in the feed's queue,
//! and is ended there with a reason; who reads nothing is cut by [`super::patience`]. Nobody else waits for either.

mod frame;

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::{CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::answer::{Answer, Refusal};
use super::drain::Draining;
use super::intake::Operation;
use super::media::{self, Media};
use super::record::Record;
use super::session_watch::{Watch, ended};
use super::share::Share;
use super::{Gateway, execution, graphql};
use crate::auth::actor::Caller;
use crate::error::{Error, Result};
use crate::graphql::{ArrivedAt, LastSeen};
use crate::service::live::Progress;
use crate::service::page::Cursor;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Asks the proxy most in use not to hold events back until it has a page of them.
const NO_BUFFERING: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-accel-buffering"),
    HeaderValue::from_static("no"),
);

/// Where a client stood that comes back. An empty header says the same as none.
pub(super) fn last_seen(headers: &HeaderMap) -> Option<LastSeen> {
    let value = headers.get(LAST_EVENT_ID)?.as_bytes();
    let seen = String::from_utf8_lossy(value).into_owned();
    (!seen.is_empty()).then_some(LastSeen(Cursor(seen)))
}

/// What has a single result, as a stream of one: the protocol wants it so even of what does not fit the schema.
pub(super) fn of_answer(answer: &Answer) -> Response {
    dress(Body::from(
        frame::next(None, answer.json()) + frame::COMPLETE,
    ))
}

/// Follows a subscription to its end. What no stream begins with is answered as plain HTTP.
pub(super) async fn follow(
    gateway: Arc<Gateway>,
    media: Media,
    caller: Caller,
    mut operation: Operation,
    last_seen: Option<LastSeen>,
    mut record: Record,
) -> Response {
    let request_id = caller.origin.request_id;
    if let Some(error) = gateway.refuses_streams() {
        record.refused(&error);
        return Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error).into_http(media, request_id);
    }
    let open = match Open::new(gateway.clone(), &caller) {
        Ok(open) => open,
        Err(error) => {
            record.refused(&error);
            return Answer::of_error(&error, request_id).into_http(media);
        }
    };
    let session = match gateway.sessions.watch(&gateway.service, &caller).await {
        Ok(session) => session,
        Err(error) => {
            record.refused(&error);
            return Answer::of_error(&error, request_id).into_http(media);
        }
    };
    // Before the answer begins: what its client does from then on is shown.
    if let Ok(settled) = gateway.service.feed.settled().await {
        operation.request = operation.request.data(ArrivedAt(settled));
    }
    let progress = Progress::default();
    if operation.has_one_root {
        operation.request = operation.request.data(progress.clone());
    }
    if let Some(last_seen) = last_seen {
        operation.request = operation.request.data(last_seen);
    }
    let responses = gateway.schema.stream(caller.clone(), operation.request);
    let every = gateway.limits.socket_ping;
    let mut silence = interval_at(Instant::now() + every, every);
    silence.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stream = EventStream {
        responses: execution::stream(responses).boxed(),
        draining: gateway.draining.clone(),
        caller,
        session,
        progress,
        told: None,
        silence,
        record,
        over: false,
        open,
    };
    // So that the head of the answer leaves at once, whatever stands between.
    let begin = stream::iter([frame::NOTHING.to_owned()]);
    let rest = stream::unfold(stream, async |mut stream| {
        let text = stream.next().await?;
        Some((text, stream))
    });
    let body = begin
        .chain(rest)
        .map(|text| Ok::<_, Infallible>(Bytes::from(text)));
    let mut answer = dress(Body::from_stream(body));
    // Its end is the end of the connection.
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

fn dress(body: Body) -> Response {
    let media = (CONTENT_TYPE, HeaderValue::from_static(media::EVENTS));
    (StatusCode::OK, [media, NO_BUFFERING], body).into_response()
}

/// One subscription on its way to its reader.
struct EventStream {
    responses: BoxStream<'static, Result<async_graphql::Response>>,
    draining: Draining,
    caller: Caller,
    session: Option<Watch>,
    progress: Progress,
    /// The last place that was told without an event.
    told: Option<Cursor>,
    silence: Interval,
    record: Record,
    over: bool,
    open: Open,
}

impl EventStream {
    /// What is to be sent next; none when it is over.
    async fn next(&mut self) -> Option<String> {
        if self.over {
            return None;
        }
        let text = tokio::select! {
            biased;
            end = ended(&mut self.session) => self.end(&end.into()),
            () = self.draining.begun() => {
                let why = "the server is going down: resume elsewhere after the last id";
                self.end(&Error::Unavailable(why))
            }
            response = self.responses.next() => match response {
                Some(Ok(response)) => self.pass_on(&Answer::of_response(
                    response,
                    true,
                    self.caller.origin.request_id,
                )),
                Some(Err(error)) => {
                    graphql::report(&self.open.gateway, &self.caller, &error);
                    self.end(&error)
                }
                None => {
                    self.over = true;
                    frame::COMPLETE.to_owned()
                }
            },
            _ = self.silence.tick() => self.break_silence(),
        };
        Some(text)
    }

    fn pass_on(&mut self, answer: &Answer) -> String {
        self.record.answered(answer);
        if answer.has_no_data() {
            return self.close(answer);
        }
        self.silence.reset();
        frame::next(self.progress.of_event().as_ref(), answer.json())
    }

    fn end(&mut self, error: &Error) -> String {
        let answer = Answer::of_error(error, self.caller.origin.request_id);
        self.record.answered(&answer);
        self.close(&answer)
    }

    /// The last that is said. It carries no id: its reader stands where it stood.
    fn close(&mut self, answer: &Answer) -> String {
        self.over = true;
        frame::next(None, answer.json()) + frame::COMPLETE
    }

    /// Shows that the connection lives, and how far the stream has come where that is news.
    fn break_silence(&mut self) -> String {
        match self.progress.of_silence() {
            Some(cursor) if self.told.as_ref() != Some(&cursor) => {
                let text = frame::id(&cursor);
                self.told = Some(cursor);
                text
            }
            _ => frame::NOTHING.to_owned(),
        }
    }
}

/// Counts an open stream; draining waits for it as for a socket.
struct Open {
    gateway: Arc<Gateway>,
    _share: Share,
}

impl Open {
    fn new(gateway: Arc<Gateway>, caller: &Caller) -> Result<Self> {
        let share = gateway.agent_subscriptions.take(caller)?;
        gateway.sockets.send_modify(|open| *open += 1);
        gateway.metrics.event_streams.inc();
        gateway.metrics.subscriptions.inc();
        Ok(Self {
            gateway,
            _share: share,
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.gateway.sockets.send_modify(|open| *open -= 1);
        self.gateway.metrics.event_streams.dec();
        self.gateway.metrics.subscriptions.dec();
    }
}
