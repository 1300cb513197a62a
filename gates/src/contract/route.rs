//! Whether every HTTP response is one that the OpenAPI description declares, and which of its operations were answered: what gate 3 says of
//! routes (spec R8.01).
//!
//! A path that nothing describes is answered well with 404, a method that its path does not name with 405.

use std::collections::BTreeSet;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Value, json};

mod description;
mod path;

pub use description::{Description, Malformed};

use description::{Content, Declared, Found};

/// One exchange over HTTP.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// `GET`.
    pub method: &'a str,
    /// The path without its query.
    pub path: &'a str,
    /// The status of the response.
    pub status: u16,
    /// The headers of the response.
    pub headers: &'a HeaderMap,
    /// The whole body; none where it has no end that one could wait for, as a stream of events.
    pub body: Option<&'a [u8]>,
}

/// Which declared responses were seen so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// `GET /livez 200`.
    seen: BTreeSet<String>,
}

impl Answered {
    /// Takes one exchange and returns what is wrong with its response, one line each; empty when it is a declared one.
    pub fn take(&mut self, description: &Description, exchange: &Exchange<'_>) -> Vec<String> {
        let Exchange {
            method,
            path,
            status,
            ..
        } = *exchange;
        let (operation, declared) = match description.find(method, path) {
            Found::NoPath if status == 404 => return Vec::new(),
            Found::NoPath => {
                return vec![format!("{method} {path}: {status} of an undescribed path")];
            }
            Found::NoMethod if status == 405 => return Vec::new(),
            Found::NoMethod => {
                return vec![format!(
                    "{method} {path}: {status} of an undescribed method"
                )];
            }
            Found::Operation(operation) => (operation, operation.responses.get(&status)),
        };
        let name = &operation.name;
        let Some(declared) = declared else {
            return vec![format!("{name}: the status {status} is not declared")];
        };
        let faults = faults(declared, exchange);
        if faults.is_empty() {
            self.seen.insert(format!("{name} {status}"));
        }
        let place = format!("{name} {status}");
        faults
            .into_iter()
            .map(|fault| format!("{place}: {fault}"))
            .collect()
    }

    /// The operations that were never answered with a declared success, sorted: `GET /livez`.
    #[must_use]
    pub fn missing(&self, description: &Description) -> Vec<String> {
        let operations = description.operations();
        let missing = operations.filter(|operation| {
            let mut good = operation
                .responses
                .keys()
                .filter(|status| (200..300).contains(*status));
            !good.any(|status| self.seen.contains(&format!("{} {status}", operation.name)))
        });
        let mut missing: Vec<String> = missing.map(|operation| operation.name.clone()).collect();
        missing.sort_unstable();
        missing
    }

    /// All of it as JSON: what [`Answered::read`] reads.
    #[must_use]
    pub fn json(&self) -> Value {
        json!(self.seen)
    }

    /// Reads what [`Answered::json`] wrote; `None` when it is anything else.
    #[must_use]
    pub fn read(json: &Value) -> Option<Self> {
        let seen = json.as_array()?.iter();
        let seen = seen.map(|one| Some(one.as_str()?.to_owned()));
        Some(Self {
            seen: seen.collect::<Option<_>>()?,
        })
    }
}

fn faults(declared: &Declared, exchange: &Exchange<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    for header in &declared.headers {
        let value = exchange.headers.get(&header.name);
        let value = value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        match value {
            None if header.required => {
                faults.push(format!("the header {} is missing", header.name))
            }
            Some(value) if !header.fits(&json!(value)) => {
                faults.push(format!("the header {} is `{value}`", header.name));
            }
            _ => {}
        }
    }
    let media = exchange.headers.get(CONTENT_TYPE);
    let media = media
        .and_then(|media| media.to_str().ok())
        .unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    let bytes = exchange.body.unwrap_or_default();
    match declared.content(media) {
        Some(content) => {
            if exchange.method != "HEAD" && exchange.body.is_some() {
                faults.extend(body_faults(content, media, bytes));
            }
        }
        None if media.is_empty() && declared.content.is_empty() => {}
        None => faults.push(format!("the media type `{media}` is not declared")),
    }
    if (exchange.method == "HEAD" || declared.content.is_empty()) && !bytes.is_empty() {
        faults.push(format!("{} bytes where there is no body", bytes.len()));
    }
    faults
}

/// What is wrong with a body of JSON; any other media type is taken as it is.
fn body_faults(content: &Content, media: &str, bytes: &[u8]) -> Vec<String> {
    if media != "application/json" && !media.ends_with("+json") {
        return Vec::new();
    }
    let body: Value = match serde_json::from_slice(bytes) {
        Ok(body) => body,
        Err(error) => return vec![format!("the body is no JSON: {error}")],
    };
    content.faults(&body)
}

#[cfg(test)]
mod tests;
