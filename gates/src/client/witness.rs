//! Looks at every response that the clients of this process get: whether it fits the types that the server declares and the routes that it
//! describes, and what of both it shows. The Gherkin suite asks for it (`e2e --contract`), gate 3 reads what it has seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use reqwest::{Method, Response, header::HeaderMap};
use serde_json::{Value, json};
use thiserror::Error;

use super::Client;
use crate::contract::{
    response::{Exercised, Given, Schema, documents},
    route::{Answered, Description, Exchange, Malformed},
};

/// How many faults are kept: who has so many looks at the first.
const KEPT: usize = 200;

static WITNESS: OnceLock<Mutex<Witness>> = OnceLock::new();

/// Why responses cannot be looked at.
#[derive(Debug, Error)]
pub enum NoMeasure {
    /// The schema is no SDL.
    #[error("the schema is no SDL")]
    Schema(#[from] async_graphql_parser::Error),
    /// The description of the routes is not in order.
    #[error("the description of the routes")]
    Routes(#[from] Malformed),
}

struct Witness {
    schema: Schema,
    exercised: Exercised,
    responses: u64,
    faults: BTreeSet<String>,
    routes: Description,
    answered: Answered,
    pages: u64,
    /// By the address of a server, the types that it has shown something of.
    shown: BTreeMap<String, BTreeSet<String>>,
}

/// From now on every response is looked at, with the schema that is to be served (SDL) and the description of the routes (OpenAPI, JSON).
///
/// # Errors
/// When one of them is not what it should be.
pub fn look_at_responses(sdl: &str, routes: &str) -> Result<(), NoMeasure> {
    let witness = Witness {
        schema: Schema::read(sdl)?,
        exercised: Exercised::default(),
        responses: 0,
        faults: BTreeSet::new(),
        routes: Description::read(routes)?,
        answered: Answered::default(),
        pages: 0,
        shown: BTreeMap::new(),
    };
    // Who asks twice gets what it asked for.
    let _ = WITNESS.set(Mutex::new(witness));
    Ok(())
}

fn witness() -> Option<MutexGuard<'static, Witness>> {
    let witness = WITNESS.get()?;
    Some(witness.lock().unwrap_or_else(PoisonError::into_inner))
}

/// What was seen so far; none where nobody asked for it. `responses` and `pages` count those of GraphQL and of HTTP, `faults` says what does not fit,
/// `exercised` is for [`Exercised::read`], `answered` for [`Answered::read`].
#[must_use]
pub fn seen() -> Option<Value> {
    let witness = witness()?;
    Some(json!({
        "responses": witness.responses,
        "pages": witness.pages,
        "faults": witness.faults,
        "exercised": witness.exercised.json(),
        "answered": witness.answered.json(),
    }))
}

impl Client {
    /// Queries for what nobody has asked for yet, or has seen no value of, and what this client's server may have some of, by what its clients have
    /// got from it since this was last asked; none where nobody looks.
    #[must_use]
    pub fn unasked(&self) -> Vec<String> {
        let Some(mut witness) = witness() else {
            return Vec::new();
        };
        let shown = witness.shown.remove(&self.address).unwrap_or_default();
        let missing = witness.exercised.missing(&witness.schema);
        let documents = documents(
            &witness.schema,
            &Given::new(),
            missing.fields.iter().chain(&missing.always_null),
        );
        let may_bring = documents
            .into_iter()
            .filter(|document| !document.concerns.is_disjoint(&shown));
        may_bring.map(|document| document.text).collect()
    }
}

/// Takes one response of the server at an address to a document: a whole body, or the payload of an event.
pub(super) fn note(address: &str, document: &str, variables: &Value, body: &Value) {
    let Some(mut witness) = witness() else {
        return;
    };
    let witness = &mut *witness;
    witness.responses += 1;
    let mut exercised = Exercised::default();
    let faults = exercised.take(&witness.schema, document, variables, body);
    let shown = witness.shown.entry(address.to_owned()).or_default();
    shown.extend(exercised.types());
    witness.exercised.merge(&exercised);
    let named: String = document.split_whitespace().collect::<Vec<_>>().join(" ");
    let named: String = named.chars().take(120).collect();
    let faults = faults.into_iter();
    witness.keep(faults.map(|fault| format!("{fault} (in {named})")));
}

/// Takes one response over HTTP of which there is no body to look at: a socket, a stream of events.
pub(super) fn note_head(method: &Method, path: &str, status: u16, headers: &HeaderMap) {
    note_page(&Exchange {
        method: method.as_str(),
        path,
        status,
        headers,
        body: None,
    });
}

/// Takes one response over HTTP, and gives it back as it was.
///
/// # Errors
/// When its body does not come, where somebody looks at it.
pub(super) async fn look(method: &Method, response: Response) -> Result<Response, reqwest::Error> {
    if WITNESS.get().is_none() {
        return Ok(response);
    }
    let path = response.url().path().to_owned();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await?;
    note_page(&Exchange {
        method: method.as_str(),
        path: &path,
        status: status.as_u16(),
        headers: &headers,
        body: Some(&body),
    });
    let mut again = http::Response::new(body);
    *again.status_mut() = status;
    *again.headers_mut() = headers;
    Ok(again.into())
}

fn note_page(exchange: &Exchange<'_>) {
    let Some(mut witness) = witness() else {
        return;
    };
    let witness = &mut *witness;
    witness.pages += 1;
    let faults = witness.answered.take(&witness.routes, exchange);
    witness.keep(faults.into_iter());
}

impl Witness {
    fn keep(&mut self, faults: impl Iterator<Item = String>) {
        let room = KEPT.saturating_sub(self.faults.len());
        self.faults.extend(faults.take(room));
    }
}
