//! The life of one socket: greeting, operations, end. One task owns socket and operations; a write that blocks holds up nobody else.
//! Floor 5.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::ws::{Message, WebSocket};
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

use super::super::Gateway;
use super::super::credential::Credential;
use super::super::drain::Draining;
use super::super::intake::{Kind, Operation, Parameters};
use super::super::session_watch::{Watch, ended};
use super::super::share::Share;
use super::operation::{self, Outgoing, Outlet, Running};
use super::protocol::{self, Close, Said};
use crate::auth::actor::Origin;
use crate::error::Error;

/// How many messages of operations may wait to be written.
const QUEUE: usize = 16;
/// A client that was silent for so many pings is gone.
const SILENT_PINGS: u32 = 3;

/// Why a socket ends: `None` when the client left.
type End = Option<Close>;

/// What one socket is doing.
pub(super) struct Connection {
    gateway: Arc<Gateway>,
    /// Where the socket came from; every operation has a request id of its own.
    origin: Origin,
    credential: Credential,
    session: Option<Watch>,
    /// Its place among the sockets of its agent; none before the greeting.
    share: Option<Share>,
    operations: HashMap<Arc<str>, Running>,
    next_number: u64,
    queue: mpsc::Sender<Outgoing>,
    outgoing: mpsc::Receiver<Outgoing>,
    draining: Draining,
    /// Whether it only finishes what has begun.
    leaving: bool,
    ping: Interval,
    heard: Instant,
    /// When an operation was begun or ended last.
    used: Instant,
}

impl Connection {
    /// Of a socket whose upgrade request showed this credential; `connection_init` may show another.
    pub(super) fn new(gateway: Arc<Gateway>, origin: Origin, credential: Credential) -> Self {
        let (queue, outgoing) = mpsc::channel(QUEUE);
        let every = gateway.limits.socket_ping;
        let mut ping = interval_at(Instant::now() + every, every);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            draining: gateway.draining.clone(),
            leaving: false,
            gateway,
            origin,
            credential,
            session: None,
            share: None,
            operations: HashMap::new(),
            next_number: 0,
            queue,
            outgoing,
            ping,
            heard: Instant::now(),
            used: Instant::now(),
        }
    }

    /// Runs it to its end; says how to close, unless the client left by itself.
    pub(super) async fn run(mut self, socket: &mut WebSocket) -> End {
        match self.greet(socket).await {
            Ok(()) => self.serve(socket).await.err().flatten(),
            Err(end) => end,
        }
    }

    /// Until the connection is acknowledged.
    async fn greet(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        let deadline = Instant::now() + self.gateway.limits.socket_init_timeout;
        loop {
            let frame = tokio::select! {
                frame = socket.recv() => frame,
                () = sleep_until(deadline) => return Err(Some(Close::INIT_TIMEOUT)),
                () = self.draining.begun() => return Err(Some(Close::DRAINING)),
            };
            match self.read(frame)? {
                Some(Said::Init(payload)) => {
                    self.authenticate(&payload).await?;
                    return self.write(socket, protocol::ack().into()).await;
                }
                Some(Said::Ping(payload)) => {
                    self.write(socket, protocol::pong(payload).into()).await?
                }
                Some(Said::Subscribe { .. }) => return Err(Some(Close::UNAUTHORIZED)),
                Some(Said::Pong | Said::Complete { .. }) | None => {}
            }
        }
    }

    /// The token of the payload counts, else that of the upgrade request; two that differ are refused.
    async fn authenticate(&mut self, payload: &Map<String, Value>) -> Result<(), End> {
        self.credential = match (
            Credential::of_payload(payload),
            std::mem::replace(&mut self.credential, Credential::None),
        ) {
            (Credential::None, of_headers) => of_headers,
            (of_payload, Credential::None) => of_payload,
            (of_payload, of_headers) if of_payload == of_headers => of_payload,
            _ => Credential::Unusable,
        };
        let service = &self.gateway.service;
        let caller = self.credential.caller(service, self.origin.clone()).await;
        if let Ok(caller) = &caller {
            let share = self.gateway.agent_sockets.take(caller);
            self.share = Some(share.map_err(|error| Some(Close::too_many(&error)))?);
        }
        let watch = match &caller {
            Ok(caller) => self.gateway.sessions.watch(service, caller).await,
            Err(_) => Ok(None),
        };
        match caller.and(watch) {
            Ok(watch) => {
                self.session = watch;
                Ok(())
            }
            Err(Error::Unauthenticated) => Err(Some(Close::UNAUTHORIZED)),
            Err(error) => {
                tracing::warn!(%error, request_id = %self.origin.request_id, "a socket cannot be opened");
                Err(Some(Close::TRY_AGAIN))
            }
        }
    }

    /// Until it ends, which is the error.
    async fn serve(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        loop {
            tokio::select! {
                end = ended(&mut self.session) => return Err(Some(end.into())),
                () = self.draining.begun(), if !self.leaving => self.leave(),
                () = sleep_until(self.used + self.gateway.limits.socket_idle_timeout), if self.operations.is_empty() => {
                    return Err(Some(Close::IDLE));
                }
                Some(message) = self.outgoing.recv() => self.pass_on(socket, message).await?,
                frame = socket.recv() => {
                    if let Some(said) = self.read(frame)? {
                        self.hear(socket, said).await?;
                    }
                }
                _ = self.ping.tick() => {
                    if self.heard.elapsed() >= self.gateway.limits.socket_ping * SILENT_PINGS {
                        return Err(Some(Close::SILENT));
                    }
                    self.write(socket, Message::Ping(Vec::new().into())).await?;
                    self.tell_places(socket).await?;
                }
            }
            if self.leaving && self.operations.is_empty() {
                return Err(Some(Close::DRAINING));
            }
        }
    }

    /// What a frame says; nothing where it is none of the protocol's.
    fn read(&mut self, frame: Option<Result<Message, axum::Error>>) -> Result<Option<Said>, End> {
        self.heard = Instant::now();
        match frame {
            Some(Ok(Message::Text(text))) => Said::read(&text).map(Some).map_err(Some),
            Some(Ok(Message::Binary(_))) => Err(Some(Close::invalid("messages are text"))),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
            Some(Ok(Message::Close(_))) | None => Err(None),
            // No frame at all, or one beyond the limit; where the line is cut, nobody hears the close.
            Some(Err(error)) => Err(Some(Close::invalid(error))),
        }
    }

    async fn hear(&mut self, socket: &mut WebSocket, said: Said) -> Result<(), End> {
        match said {
            Said::Init(_) => Err(Some(Close::SECOND_INIT)),
            Said::Ping(payload) => self.write(socket, protocol::pong(payload).into()).await,
            Said::Pong => Ok(()),
            Said::Complete { id } => {
                if self.operations.remove(id.as_str()).is_some() {
                    self.used = Instant::now();
                }
                Ok(())
            }
            Said::Subscribe { id, .. } if self.operations.contains_key(id.as_str()) => {
                Err(Some(Close::duplicate(&id)))
            }
            Said::Subscribe { id, parameters } => self.subscribe(socket, id, parameters).await,
        }
    }

    async fn subscribe(
        &mut self,
        socket: &mut WebSocket,
        id: String,
        parameters: Parameters,
    ) -> Result<(), End> {
        let origin = Origin {
            request_id: self.gateway.service.db.request_id(),
            started: std::time::Instant::now(),
            ..self.origin.clone()
        };
        let limit = self.gateway.limits.max_socket_operations;
        let refusal = if self.leaving {
            Some(Error::Unavailable(
                "the server is going down: resume elsewhere",
            ))
        } else if self.operations.len() >= limit {
            Some(operation::too_many(limit))
        } else {
            // Each message counts as a request that comes, before its document is looked at.
            self.gateway.service.rates.arrive(&origin).err()
        };
        let operation = match refusal {
            Some(error) => Err(error),
            None => Operation::parse(parameters, self.gateway.registered.as_ref()),
        };
        let operation = match operation {
            Ok(operation) => operation,
            Err(error) => {
                let refused = operation::refuse(self.gateway.clone(), origin, &id, &error);
                return self.write(socket, refused.into()).await;
            }
        };
        let id: Arc<str> = id.into();
        let outlet = Outlet {
            id: id.clone(),
            number: self.next_number,
            queue: self.queue.clone(),
            sent: Arc::default(),
        };
        self.next_number += 1;
        let running = operation::start(
            self.gateway.clone(),
            self.credential.clone(),
            origin,
            operation,
            outlet,
        )
        .await;
        self.operations.insert(id, running);
        self.used = Instant::now();
        Ok(())
    }

    /// The server goes down: streams end, to be resumed elsewhere; what has a single result is finished.
    fn leave(&mut self) {
        self.leaving = true;
        self.operations
            .retain(|_, running| running.kind != Some(Kind::Subscription));
    }

    /// Writes what an operation sends, unless its client has completed it in the meantime.
    async fn pass_on(&mut self, socket: &mut WebSocket, message: Outgoing) -> Result<(), End> {
        // The feed ends streams too when the server goes down; clients hear of that by the close alone.
        if self.draining.has_begun() && !self.leaving {
            self.leave();
        }
        let current = self
            .operations
            .get(&message.id)
            .is_some_and(|running| running.number == message.number);
        if !current {
            return Ok(());
        }
        // First, so that the id is free when the client hears that the operation is over.
        if message.last {
            self.operations.remove(&message.id);
            self.used = Instant::now();
        }
        self.write(socket, message.text.into()).await?;
        if let Some(running) = self.operations.get_mut(&message.id) {
            running.wrote();
        }
        Ok(())
    }

    /// Tells how far quiet streams have come, so that who resumes does not begin where they last said something (spec R6.02).
    async fn tell_places(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        let places = self.operations.iter_mut().filter_map(|(id, running)| {
            let cursor = running.silence()?;
            Some((id.to_string(), Value::from(cursor)))
        });
        let places: Map<String, Value> = places.collect();
        if places.is_empty() {
            return Ok(());
        }
        self.write(socket, protocol::cursors(places).into()).await
    }

    /// Writes one message; a client that does not take it in time, or whose session ends meanwhile, is closed.
    async fn write(&mut self, socket: &mut WebSocket, message: Message) -> Result<(), End> {
        tokio::select! {
            biased;
            end = ended(&mut self.session) => Err(Some(end.into())),
            written = tokio::time::timeout(self.gateway.limits.socket_write_timeout, socket.send(message)) => match written {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) => Err(None),
                Err(_) => Err(Some(Close::SLOW)),
            },
        }
    }
}
