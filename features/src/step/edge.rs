//! Sentences about the edge: what stands between strangers and the service.

use std::net::IpAddr;

use anyhow::{Context as _, Result};
use cucumber::given;
use gates::client::{Answer, Call, Fault};
use reqwest::{
    Method,
    header::{HeaderMap, HeaderName},
};
use serde_json::{Map, Value, json};

use crate::{
    word::Agent,
    world::{House, Studio},
};

mod boundary;
mod rate;

/// What came back.
const HEARD: &str = "what came back";

/// The smallest question that needs a session.
const WHO_AM_I: &str = "{ me { id } }";
/// The smallest question that needs none.
const ANYTHING: &str = "{ __typename }";

#[given(expr = "the setting {string} is {string}")]
async fn setting_is(studio: &mut Studio, key: String, value: String) -> Result<()> {
    let house: &mut House = studio.build().await?;
    house.set(&key, serde_json::from_str(&value).unwrap_or(json!(value)));
    Ok(())
}

/// A request as it goes over the wire: from an address of one's own choice, with any header.
struct Knock {
    from: Option<IpAddr>,
    method: Method,
    headers: HeaderMap,
    body: Value,
}

/// What came back of it.
struct Heard {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Knock {
    /// A question from the address that everybody has here.
    fn asking(query: &str) -> Self {
        Self {
            from: None,
            method: Method::POST,
            headers: HeaderMap::new(),
            body: json!({ "query": query }),
        }
    }

    /// A call, likewise.
    fn calling(call: &Call) -> Self {
        Self {
            body: json!({ "query": call.document(), "variables": call.variables() }),
            ..Self::asking("")
        }
    }

    /// From another address of this machine.
    fn from(self, address: &str) -> Result<Self> {
        let from = Some(address.parse().context("an address")?);
        Ok(Self { from, ..self })
    }

    /// By another method than POST: without a body.
    fn by_method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// With a header.
    fn with(mut self, name: &str, value: &str) -> Result<Self> {
        let name: HeaderName = name.parse()?;
        self.headers.insert(name, value.parse()?);
        Ok(self)
    }

    /// With the token of somebody, who has logged in.
    fn by(self, studio: &mut Studio, who: &Agent) -> Result<Self> {
        let token = studio.person(who).token.clone();
        let token = token.with_context(|| format!("{who} has not logged in"))?;
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// Asks, on a connection of its own.
    async fn send(self, studio: &Studio) -> Result<Heard> {
        let url = format!("http://{}/graphql", studio.house()?.address()?);
        let client = reqwest::Client::builder()
            .local_address(self.from)
            .build()?;
        let request = client
            .request(self.method.clone(), url)
            .headers(self.headers);
        let request = match self.method {
            Method::POST => request.json(&self.body),
            _ => request,
        };
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        // What follows an upgrade is no text.
        let text = match status {
            101 => String::new(),
            _ => response.text().await?,
        };
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Heard {
            status,
            headers,
            body,
        })
    }
}

impl Heard {
    /// The answer that it carries.
    fn answer(&self) -> Answer {
        let errors = self.body["errors"].as_array();
        let faults = errors.into_iter().flatten().map(|error| Fault {
            message: error["message"].as_str().unwrap_or_default().to_owned(),
            extensions: error["extensions"].as_object().cloned().unwrap_or_default(),
        });
        Answer {
            status: self.status,
            data: self.body["data"].clone(),
            faults: faults.collect(),
        }
    }

    /// What a later step is told of it.
    fn kept(&self) -> Value {
        let headers = self.headers.iter().filter_map(|(name, value)| {
            Some((name.to_string(), Value::from(value.to_str().ok()?)))
        });
        let headers: Map<String, Value> = headers.collect();
        json!({ "status": self.status, "headers": headers, "body": self.body })
    }
}
