//! A network client of a Ziggie server: queries over HTTP, subscriptions over graphql-transport-ws and Server-Sent Events, plain pages.
//!
//! Every wait is bounded: a call that hears nothing within the client's patience ends in an error that says what it
//! waited for. A refusal by the server is an [`Answer`] with faults, never an `Err`: who calls decides whether a refusal
//! was wanted.

use std::time::Duration;

use journal::Ticket;
use serde_json::{Value, json};
use thiserror::Error;

mod answer;
mod call;
mod content;
mod event_stream;
mod journal;
mod socket;
mod witness;

pub use answer::{Answer, Fault, Page};
pub use call::{Call, Kind};
pub use content::Content;
pub use event_stream::{EventStream, Heard, StreamError};
pub use journal::{Exchange, Journal};
pub use socket::{Close, Message, Socket, SocketError};
pub use witness::{NoMeasure, look_at_responses, seen};

/// How long a call may take before it is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a caller shows at the door (spec R2.02).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Nothing at all.
    Anonymous,
    /// `Authorization: Bearer …`, over WebSocket `authorization` in the payload of `connection_init`.
    Bearer(String),
    /// `X-Agent-Token: …`, under the same name in `connection_init`.
    AgentToken(String),
}

impl Credential {
    /// The header's or payload's name and value; none for the anonymous.
    fn entry(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Anonymous => None,
            Self::Bearer(token) => Some(("Authorization", format!("Bearer {token}"))),
            Self::AgentToken(token) => Some(("X-Agent-Token", token.clone())),
        }
    }

    fn payload(&self) -> Value {
        self.entry()
            .map_or_else(|| json!({}), |(name, value)| json!({ name: value }))
    }
}

/// Why a call brought no answer.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The server could not be reached, or did not answer in time.
    #[error("{url} gave no answer")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// What the transport says.
        #[source]
        source: reqwest::Error,
    },
    /// What came back is not GraphQL over HTTP.
    #[error("the answer of {url} (status {status}) is not GraphQL: {body}")]
    NotGraphql {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of the body.
        body: String,
    },
}

/// One caller of one server. Cheap to clone; clones share the connection pool.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    address: String,
    credential: Credential,
    patience: Duration,
    journal: Option<Journal>,
}

impl Client {
    /// An anonymous client of the server at `address` (`127.0.0.1:7400`).
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            http: reqwest::Client::new(),
            address: address.into(),
            credential: Credential::Anonymous,
            patience: PATIENCE,
            journal: None,
        }
    }

    /// The address of the server.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The same client showing `token` as `Authorization: Bearer`.
    #[must_use]
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        self.with_credential(Credential::Bearer(token.into()))
    }

    /// The same client showing `credential`.
    #[must_use]
    pub fn with_credential(&self, credential: Credential) -> Self {
        Self {
            credential,
            ..self.clone()
        }
    }

    /// The same client giving up after `patience`.
    #[must_use]
    pub fn with_patience(&self, patience: Duration) -> Self {
        Self {
            patience,
            ..self.clone()
        }
    }

    /// The same client writing down in `journal` what it asks and what comes back.
    #[must_use]
    pub fn with_journal(&self, journal: Journal) -> Self {
        Self {
            journal: Some(journal),
            ..self.clone()
        }
    }

    /// The same client with connections that it shares with nobody.
    #[must_use]
    pub fn with_own_connections(&self) -> Self {
        Self {
            http: reqwest::Client::new(),
            ..self.clone()
        }
    }

    /// Sends one call and returns what the server made of it.
    ///
    /// # Errors
    /// When no answer came in time, or one that is not GraphQL. A refusal is not an error here: see [`Answer::fault`].
    pub async fn send(&self, call: &Call) -> Result<Answer, ClientError> {
        self.execute(&call.document(), &call.variables()).await
    }

    /// Sends a document as written, with its variables.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn execute(&self, document: &str, variables: &Value) -> Result<Answer, ClientError> {
        let url = format!("http://{}/graphql", self.address);
        let request = self
            .http
            .post(&url)
            .json(&json!({ "query": document, "variables": variables }));
        let page = self.fetch(url.clone(), request).await?;
        if let Ok(body) = serde_json::from_str(&page.body) {
            witness::note(&self.address, document, variables, &body);
        }
        Answer::of(&page).ok_or_else(|| ClientError::NotGraphql {
            url,
            status: page.status,
            body: page.body.chars().take(300).collect(),
        })
    }

    /// Gets a plain page (`/.well-known/jwks.json`, `/livez`) as the caller.
    ///
    /// # Errors
    /// When the server could not be reached or did not answer in time.
    pub async fn get(&self, path: &str) -> Result<Page, ClientError> {
        let url = format!("http://{}{path}", self.address);
        let request = self.http.get(&url);
        self.fetch(url, request).await
    }

    /// Opens a WebSocket as the caller; it is acknowledged when this returns.
    ///
    /// # Errors
    /// [`SocketError::Closed`] with the server's code when it turned the caller away, else what went wrong.
    pub async fn connect(&self) -> Result<Socket, SocketError> {
        let payload = self.credential.payload();
        let socket = Socket::open(&self.address, payload, self.patience).await?;
        Ok(socket.with_journal(self.journal.clone()))
    }

    async fn fetch(
        &self,
        url: String,
        request: reqwest::RequestBuilder,
    ) -> Result<Page, ClientError> {
        let ticket = self.note(&request);
        let response = self.answer_to(&url, request).await?;
        let status = response.status().as_u16();
        match response.text().await {
            Ok(body) => {
                self.note_answer(ticket, status, body.as_bytes());
                Ok(Page { status, body })
            }
            Err(source) => Err(ClientError::Unreachable { url, source }),
        }
    }

    /// Writes a request down where somebody wants it, before the caller's credential comes to it.
    fn note(&self, request: &reqwest::RequestBuilder) -> Option<Ticket> {
        let journal = self.journal.as_ref()?;
        let request = request.try_clone()?.build().ok()?;
        let url = request.url();
        let asked = match url.query() {
            Some(query) => format!("{} {}?{query}", request.method(), url.path()),
            None => format!("{} {}", request.method(), url.path()),
        };
        let body = request.body().and_then(reqwest::Body::as_bytes);
        Some(journal.asked(asked, body.unwrap_or_default()))
    }

    fn note_answer(&self, ticket: Option<Ticket>, status: u16, body: &[u8]) {
        if let (Some(journal), Some(ticket)) = (&self.journal, ticket) {
            journal.answered(ticket, Some(status), body);
        }
    }

    /// Sends a request with what the caller shows.
    async fn answer_to(
        &self,
        url: &str,
        request: reqwest::RequestBuilder,
    ) -> Result<reqwest::Response, ClientError> {
        let request = match self.credential.entry() {
            Some((name, value)) => request.header(name, value),
            None => request,
        };
        let unreachable = |source| ClientError::Unreachable {
            url: url.to_owned(),
            source,
        };
        let request = request.timeout(self.patience).build();
        let request = request.map_err(unreachable)?;
        let method = request.method().clone();
        let response = self.http.execute(request).await.map_err(unreachable)?;
        witness::look(&method, response).await.map_err(unreachable)
    }
}
