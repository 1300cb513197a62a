//! One operation over Server-Sent Events ("distinct connections mode"), with every wait bounded and every id shown.

use std::{collections::VecDeque, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use thiserror::Error;

use super::{Answer, Call, Client, Fault, Page, witness};

/// What came over a stream of events.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A result.
    Next {
        /// The id that came with it: where to go on from.
        id: Option<String>,
        /// Its data; null when there are none.
        data: Value,
        /// Faults that came with it.
        faults: Vec<Fault>,
    },
    /// A place without an event.
    Place {
        /// Where to go on from.
        id: String,
    },
    /// A comment: the server lives.
    Alive,
    /// The operation is over.
    Complete,
    /// The connection is over.
    Gone,
}

/// Why a stream of events is of no more use.
#[derive(Debug, Error)]
pub enum StreamError {
    /// What came in its place is a plain answer.
    #[error("the server answered with {}: {:?}", .0.status, .0.faults)]
    Refused(Answer),
    /// What came in its place is no GraphQL at all.
    #[error("no stream of events: {0}")]
    Malformed(String),
    /// Nothing came in time.
    #[error("waited {0:?} in vain for an event")]
    Silent(Duration),
    /// The transport failed before a stream began.
    #[error("the server gave no answer")]
    Unreachable(#[source] reqwest::Error),
}

/// An open stream of events.
#[derive(Debug)]
pub struct EventStream {
    asked: Asked,
    response: reqwest::Response,
    /// What came and is no whole line yet.
    rest: Vec<u8>,
    block: Block,
    unheard: VecDeque<Heard>,
    patience: Duration,
}

/// What is answered by a stream, and where it was asked.
#[derive(Debug)]
struct Asked {
    address: String,
    document: String,
    variables: Value,
}

/// The lines between two empty ones.
#[derive(Debug, Default)]
struct Block {
    event: String,
    id: Option<String>,
    data: Option<String>,
    comment: bool,
}

impl Client {
    /// Starts an operation as a stream of events, after the event of an id where one is given.
    ///
    /// # Errors
    /// [`StreamError::Refused`] when the server answers otherwise, else what went wrong.
    pub async fn stream(
        &self,
        call: &Call,
        last_event_id: Option<&str>,
    ) -> Result<EventStream, StreamError> {
        let mut request = self
            .http
            .post(format!("http://{}/graphql", self.address))
            .header("accept", "text/event-stream")
            .json(&json!({ "query": call.document(), "variables": call.variables() }));
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let ticket = self.note(&request);
        if let Some((name, value)) = self.credential.entry() {
            request = request.header(name, value);
        }
        let sent = tokio::time::timeout(self.patience, request.send()).await;
        let response = sent
            .map_err(|_| StreamError::Silent(self.patience))?
            .map_err(StreamError::Unreachable)?;
        let media = response.headers().get("content-type");
        if media.is_some_and(|media| media == "text/event-stream") {
            let status = response.status().as_u16();
            witness::note_head(&Method::POST, "/graphql", status, response.headers());
            return Ok(EventStream {
                asked: Asked {
                    address: self.address.clone(),
                    document: call.document(),
                    variables: call.variables(),
                },
                response,
                rest: Vec::new(),
                block: Block::default(),
                unheard: VecDeque::new(),
                patience: self.patience,
            });
        }
        let looked_at = witness::look(&Method::POST, response).await;
        let response = looked_at.map_err(StreamError::Unreachable)?;
        let status = response.status().as_u16();
        let body = response.text().await.map_err(StreamError::Unreachable)?;
        if let Ok(body) = serde_json::from_str(&body) {
            witness::note(&self.address, &call.document(), &call.variables(), &body);
        }
        self.note_answer(ticket, status, body.as_bytes());
        let page = Page { status, body };
        Err(match Answer::of(&page) {
            Some(answer) => StreamError::Refused(answer),
            None => StreamError::Malformed(format!("{status}: {}", page.body)),
        })
    }
}

impl EventStream {
    /// The next event or the end; places and comments are passed over.
    ///
    /// # Errors
    /// [`StreamError::Silent`] when nothing came in the client's patience.
    pub async fn next(&mut self) -> Result<Heard, StreamError> {
        self.next_within(self.patience).await
    }

    /// As [`EventStream::next`], with a patience of its own.
    ///
    /// # Errors
    /// [`StreamError::Silent`] when nothing came within `patience`.
    pub async fn next_within(&mut self, patience: Duration) -> Result<Heard, StreamError> {
        let heard = async {
            loop {
                match self.hear().await {
                    Heard::Place { .. } | Heard::Alive => {}
                    heard => return heard,
                }
            }
        };
        let heard = tokio::time::timeout(patience, heard).await;
        heard.map_err(|_| StreamError::Silent(patience))
    }

    /// Whatever comes next.
    pub async fn hear(&mut self) -> Heard {
        loop {
            if let Some(heard) = self.unheard.pop_front() {
                return heard;
            }
            match self.response.chunk().await {
                Ok(Some(bytes)) => self.read(&bytes),
                // Whether it was cut or has ended: there is no more.
                Ok(None) | Err(_) => return Heard::Gone,
            }
        }
    }

    fn read(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                self.block.witness(&self.asked);
                self.unheard.extend(std::mem::take(&mut self.block).heard());
            } else {
                self.block.take(line);
            }
        }
    }
}

impl Block {
    fn take(&mut self, line: &str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => self.comment = true,
            "event" => value.clone_into(&mut self.event),
            "id" => self.id = Some(value.to_owned()),
            "data" => {
                let data = self.data.get_or_insert_default();
                if !data.is_empty() {
                    data.push('\n');
                }
                data.push_str(value);
            }
            _ => {}
        }
    }

    /// Shows a response to whoever looks at all of them.
    fn witness(&self, asked: &Asked) {
        let response = self.data.as_ref().filter(|_| self.event == "next");
        if let Some(response) = response.and_then(|data| serde_json::from_str(data).ok()) {
            witness::note(&asked.address, &asked.document, &asked.variables, &response);
        }
    }

    fn heard(self) -> Option<Heard> {
        match (self.event.as_str(), self.data, self.id) {
            ("complete", Some(_), _) => Some(Heard::Complete),
            ("next", Some(data), id) => {
                let result: Value = serde_json::from_str(&data).unwrap_or_default();
                Some(Heard::Next {
                    id,
                    faults: Fault::list(&result["errors"]),
                    data: result["data"].clone(),
                })
            }
            (_, None, Some(id)) => Some(Heard::Place { id }),
            _ if self.comment => Some(Heard::Alive),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(lines: &[&str]) -> Option<Heard> {
        let mut block = Block::default();
        for line in lines {
            block.take(line);
        }
        block.heard()
    }

    #[test]
    fn blocks_are_read_by_their_fields() {
        let next = heard(&["event: next", "id: WzFd", r#"data: {"data":{"me":1}}"#]);
        let wanted = Heard::Next {
            id: Some("WzFd".to_owned()),
            data: json!({ "me": 1 }),
            faults: Vec::new(),
        };
        assert_eq!(next, Some(wanted));
        assert_eq!(heard(&["event: complete", "data:"]), Some(Heard::Complete));
        let place = Heard::Place {
            id: "WzFd".to_owned(),
        };
        assert_eq!(heard(&["id: WzFd"]), Some(place));
        assert_eq!(heard(&[":"]), Some(Heard::Alive));
        assert_eq!(heard(&["event: complete"]), None);
    }
}
