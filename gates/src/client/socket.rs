//! One WebSocket that speaks graphql-transport-ws, with every wait bounded and every close code shown.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    time::Duration,
};

use futures::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        self, Message as Frame, client::IntoClientRequest as _, error::ProtocolError,
        http::HeaderValue,
    },
};

use super::{
    Call, Fault,
    journal::{Journal, Ticket},
    witness,
};

/// The sub-protocol that both sides must name.
const PROTOCOL: HeaderValue = HeaderValue::from_static("graphql-transport-ws");

/// How the server ended a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The code: 1000 for a plain goodbye, 1005 when the server named none, 1006 when it just went.
    pub code: u16,
    /// The reason, often empty.
    pub reason: String,
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.reason)
    }
}

/// What the server sent for the operations of a socket.
#[derive(Clone, Debug)]
pub enum Message {
    /// One event of an operation.
    Next {
        /// The operation's id.
        id: String,
        /// The event's data.
        data: Value,
        /// Faults that came with the event.
        faults: Vec<Fault>,
    },
    /// The operation was refused or failed; it is over.
    Refused {
        /// The operation's id.
        id: String,
        /// Why.
        faults: Vec<Fault>,
    },
    /// The operation is over.
    Complete {
        /// The operation's id.
        id: String,
    },
    /// The connection is over.
    Closed(Close),
}

/// Why a socket is of no more use.
#[derive(Debug, Error)]
pub enum SocketError {
    /// The server closed before acknowledging.
    #[error("the server closed the connection: {0}")]
    Closed(Close),
    /// Nothing came in time.
    #[error("waited {waited:?} in vain for {what}")]
    Silent {
        /// What was waited for.
        what: &'static str,
        /// How long.
        waited: Duration,
    },
    /// The server said something that the protocol does not know.
    #[error("not graphql-transport-ws: {0}")]
    Malformed(String),
    /// The transport failed.
    #[error("the connection failed")]
    Transport(#[source] Box<tungstenite::Error>),
}

impl From<tungstenite::Error> for SocketError {
    fn from(error: tungstenite::Error) -> Self {
        Self::Transport(Box::new(error))
    }
}

/// An acknowledged connection that carries any number of operations.
#[derive(Debug)]
pub struct Socket {
    /// Of the server.
    address: String,
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    operations: u32,
    /// What each operation asked for: its document and variables.
    asked: BTreeMap<String, (String, Value)>,
    /// Where what is said is written down, and which line there is an operation's.
    journal: Option<Journal>,
    tickets: BTreeMap<String, Ticket>,
    /// What came while something else was waited for.
    unheard: VecDeque<Heard>,
    /// How far quiet operations have come, by what the server's pings say.
    places: BTreeMap<String, String>,
    patience: Duration,
}

impl Socket {
    /// Connects to `address`, sends `connection_init` with `payload` and waits for the acknowledgement.
    pub(super) async fn open(
        address: &str,
        payload: Value,
        patience: Duration,
    ) -> Result<Self, SocketError> {
        let mut request = format!("ws://{address}/graphql").into_client_request()?;
        request
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", PROTOCOL);
        let connected = tokio::time::timeout(patience, connect_async(request)).await;
        let (stream, upgraded) = connected.map_err(|_| SocketError::Silent {
            what: "the upgrade",
            waited: patience,
        })??;
        let status = upgraded.status().as_u16();
        witness::note_head(&Method::GET, "/graphql", status, upgraded.headers());
        let mut socket = Self {
            address: address.to_owned(),
            stream,
            operations: 0,
            asked: BTreeMap::new(),
            journal: None,
            tickets: BTreeMap::new(),
            unheard: VecDeque::new(),
            places: BTreeMap::new(),
            patience,
        };
        socket
            .say(&json!({ "type": "connection_init", "payload": payload }))
            .await?;
        match socket.hear("connection_ack", patience).await? {
            Heard::Said(text) if text["type"] == "connection_ack" => Ok(socket),
            Heard::Said(text) => Err(SocketError::Malformed(text.to_string())),
            Heard::Closed(close) => Err(SocketError::Closed(close)),
        }
    }

    /// The same socket writing down what it asks for and what came last.
    pub(super) fn with_journal(self, journal: Option<Journal>) -> Self {
        Self { journal, ..self }
    }

    /// Starts an operation and returns its id; what it brings comes from [`Socket::next`].
    ///
    /// # Errors
    /// When the transport failed.
    pub async fn subscribe(&mut self, call: &Call) -> Result<String, SocketError> {
        self.operations += 1;
        let id = self.operations.to_string();
        let payload = json!({ "query": call.document(), "variables": call.variables() });
        if let Some(journal) = &self.journal {
            let request = "SUBSCRIBE over WebSocket".to_owned();
            let ticket = journal.asked(request, payload.to_string().as_bytes());
            self.tickets.insert(id.clone(), ticket);
        }
        self.say(&json!({ "id": id, "type": "subscribe", "payload": payload }))
            .await?;
        self.asked
            .insert(id.clone(), (call.document(), call.variables()));
        Ok(id)
    }

    /// Waits until the server has taken in everything that was said so far: it takes one message after the other, so
    /// that the answer to a ping tells. What it says meanwhile is kept for [`Socket::next`].
    ///
    /// # Errors
    /// When the server does not answer in time, or the transport failed.
    pub async fn settle(&mut self) -> Result<(), SocketError> {
        self.say(&json!({ "type": "ping" })).await?;
        let patience = self.patience;
        let answered = tokio::time::timeout(patience, self.hear_pong()).await;
        answered.map_err(|_| SocketError::Silent {
            what: "a pong",
            waited: patience,
        })?
    }

    async fn hear_pong(&mut self) -> Result<(), SocketError> {
        loop {
            match self.receive().await? {
                Heard::Said(said) if said["type"] == "pong" => return Ok(()),
                closed @ Heard::Closed(_) => {
                    self.unheard.push_back(closed);
                    return Ok(());
                }
                said => self.unheard.push_back(said),
            }
        }
    }

    /// The next message, waiting no longer than the client's patience.
    ///
    /// # Errors
    /// As [`Socket::next_within`].
    pub async fn next(&mut self) -> Result<Message, SocketError> {
        self.next_within(self.patience).await
    }

    /// The next message of an operation, or the close; pings are answered on the way.
    ///
    /// # Errors
    /// [`SocketError::Silent`] when nothing came within `patience`, else what went wrong.
    pub async fn next_within(&mut self, patience: Duration) -> Result<Message, SocketError> {
        match self.hear("a message", patience).await? {
            Heard::Closed(close) => Ok(Message::Closed(close)),
            Heard::Said(text) => {
                Message::read(&text).ok_or_else(|| SocketError::Malformed(text.to_string()))
            }
        }
    }

    /// Where an operation stands to which nothing has come since, if a ping of the server's has told; told once.
    pub fn take_place(&mut self, id: &str) -> Option<String> {
        self.places.remove(id)
    }

    /// Waits until a ping of the server's has told where an operation stands. What it says meanwhile is kept for [`Socket::next`].
    ///
    /// # Errors
    /// [`SocketError::Silent`] when it does not within `patience`, else what went wrong.
    pub async fn place_within(
        &mut self,
        id: &str,
        patience: Duration,
    ) -> Result<String, SocketError> {
        let told = async {
            loop {
                if let Some(place) = self.take_place(id) {
                    return Ok(place);
                }
                let heard = self.receive_or_ping().await?;
                self.unheard.extend(heard);
            }
        };
        let told = tokio::time::timeout(patience, told).await;
        told.map_err(|_| SocketError::Silent {
            what: "a ping with cursors",
            waited: patience,
        })?
    }

    /// Says goodbye and drops the connection.
    pub async fn close(mut self) {
        // The connection is given up either way.
        let _ = tokio::time::timeout(self.patience, self.stream.close(None)).await;
    }

    async fn say(&mut self, message: &Value) -> Result<(), SocketError> {
        Ok(self.stream.send(Frame::text(message.to_string())).await?)
    }

    /// Shows a response to whoever looks at all of them.
    fn witness(&self, said: &Value) {
        let ticket = said["id"].as_str().and_then(|id| self.tickets.get(id));
        if let (Some(journal), Some(ticket)) = (&self.journal, ticket) {
            journal.answered(*ticket, None, said.to_string().as_bytes());
        }
        let asked = said["id"].as_str().and_then(|id| self.asked.get(id));
        let Some((document, variables)) = asked else {
            return;
        };
        match said["type"].as_str() {
            Some("next") => witness::note(&self.address, document, variables, &said["payload"]),
            Some("error") => {
                let refused = json!({ "errors": said["payload"] });
                witness::note(&self.address, document, variables, &refused);
            }
            _ => {}
        }
    }

    async fn hear(&mut self, what: &'static str, patience: Duration) -> Result<Heard, SocketError> {
        tokio::time::timeout(patience, self.hear_patiently())
            .await
            .map_err(|_| SocketError::Silent {
                what,
                waited: patience,
            })?
    }

    async fn hear_patiently(&mut self) -> Result<Heard, SocketError> {
        if let Some(heard) = self.unheard.pop_front() {
            return Ok(heard);
        }
        loop {
            match self.receive().await? {
                Heard::Said(said) if said["type"] == "pong" => {}
                heard => return Ok(heard),
            }
        }
    }

    /// The next thing on the wire; the server's pings are answered and never seen.
    async fn receive(&mut self) -> Result<Heard, SocketError> {
        loop {
            if let Some(heard) = self.receive_or_ping().await? {
                return Ok(heard);
            }
        }
    }

    /// The next thing on the wire, none for a ping, which is answered.
    async fn receive_or_ping(&mut self) -> Result<Option<Heard>, SocketError> {
        loop {
            let gone = |reason: &str| {
                Heard::Closed(Close {
                    code: 1006,
                    reason: reason.to_owned(),
                })
            };
            let frame = match self.stream.next().await {
                None => return Ok(Some(gone("the connection ended without a close frame"))),
                Some(Err(tungstenite::Error::Protocol(
                    ProtocolError::ResetWithoutClosingHandshake,
                ))) => return Ok(Some(gone("the connection was reset"))),
                Some(frame) => frame?,
            };
            match frame {
                Frame::Text(text) => {
                    let said: Value = serde_json::from_str(&text)
                        .map_err(|_| SocketError::Malformed(text.to_string()))?;
                    if said["type"] != "ping" {
                        self.witness(&said);
                        return Ok(Some(Heard::Said(said)));
                    }
                    let cursors = said["payload"]["cursors"].as_object();
                    for (id, cursor) in cursors.into_iter().flatten() {
                        let cursor = cursor.as_str().unwrap_or_default();
                        self.places.insert(id.clone(), cursor.to_owned());
                    }
                    self.say(&json!({ "type": "pong" })).await?;
                    return Ok(None);
                }
                Frame::Close(frame) => {
                    let unnamed = Close {
                        code: 1005,
                        reason: String::new(),
                    };
                    let close = frame.map_or(unnamed, |frame| Close {
                        code: frame.code.into(),
                        reason: frame.reason.to_string(),
                    });
                    return Ok(Some(Heard::Closed(close)));
                }
                // The transport answers its own pings.
                Frame::Binary(_) | Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_) => {}
            }
        }
    }
}

/// One thing heard on the wire.
#[derive(Debug)]
enum Heard {
    Said(Value),
    Closed(Close),
}

impl Message {
    fn read(said: &Value) -> Option<Self> {
        let id = said["id"].as_str()?.to_owned();
        match said["type"].as_str()? {
            "next" => Some(Self::Next {
                id,
                data: said["payload"]["data"].clone(),
                faults: Fault::list(&said["payload"]["errors"]),
            }),
            "error" => Some(Self::Refused {
                id,
                faults: Fault::list(&said["payload"]),
            }),
            "complete" => Some(Self::Complete { id }),
            _ => None,
        }
    }
}
