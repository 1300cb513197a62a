//! Rust: types that graphql_client generates from the schema and `client.graphql`; reqwest for what is asked once, graphql-ws-client for
//! subscriptions.
//!
//! ZIGGIE_URL and ZIGGIE_TOKEN say where and who; what it did goes to stdout, a JSON object a line. With ZIGGIE_AFTER it only subscribes.

use std::time::Duration;

use anyhow::{Context as _, Error, Result};
use futures::StreamExt as _;
use graphql_client::{GraphQLQuery, Response};
use graphql_ws_client::{Client, Error as SocketError, graphql::StreamingOperation};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{client::IntoClientRequest as _, http::HeaderValue};

type Cursor = String;
type DateTime = String;
#[expect(clippy::upper_case_acronyms, reason = "the schema's spelling")]
type JSON = Value;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "../api/schema.graphql",
    query_path = "clients/rust/client.graphql",
    response_derives = "Debug"
)]
struct Me;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "../api/schema.graphql",
    query_path = "clients/rust/client.graphql",
    response_derives = "Debug"
)]
struct Make;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "../api/schema.graphql",
    query_path = "clients/rust/client.graphql",
    response_derives = "Debug"
)]
struct Task;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "../api/schema.graphql",
    query_path = "clients/rust/client.graphql",
    response_derives = "Debug"
)]
struct Events;

/// The name of the header, and of the token in the socket's greeting.
const TOKEN: &str = "X-Agent-Token";

/// Where the server is, and who we are there.
struct Ziggie {
    url: String,
    token: String,
    http: reqwest::Client,
}

impl Ziggie {
    async fn ask<Q: GraphQLQuery>(
        &self,
        variables: Q::Variables,
    ) -> Result<Response<Q::ResponseData>> {
        let request = self.http.post(format!("{}/graphql", self.url));
        let request = request.header(TOKEN, &self.token);
        let answer = request.json(&Q::build_query(variables)).send().await?;
        Ok(answer.json().await?)
    }

    /// Opens a socket and follows what happens to tasks until it breaks: gives each event to `next`.
    async fn listen(
        &self,
        after: Option<Cursor>,
        mut next: impl FnMut(Response<events::ResponseData>) -> Result<()>,
    ) -> Result<()> {
        let url = format!("{}/graphql", self.url.replacen("http", "ws", 1));
        let mut request = url.into_client_request()?;
        let protocol = HeaderValue::from_static("graphql-transport-ws");
        request
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", protocol);
        let (connection, _) = tokio_tungstenite::connect_async(request).await?;
        let client = Client::build(connection).payload(json!({ TOKEN: self.token }))?;
        let operation = StreamingOperation::<Events>::new(events::Variables { after });
        let mut stream = client.subscribe(operation).await?;
        say(&json!({ "did": "connect" }));
        while let Some(response) = stream.next().await {
            let response = response?;
            // Errors are the last that a stream says, after which this client's would wait for ever.
            let last = response.errors.is_some();
            next(response)?;
            if last {
                break;
            }
        }
        Ok(())
    }

    /// Gives each event once, over as many connections as it takes, until the server will not have us any more: says by which code it closed.
    async fn follow(&self, mut after: Option<Cursor>) -> Result<u16> {
        loop {
            let ended = self.listen(after.clone(), |response| {
                let event = response.data.context("an event")?.task_updates;
                let (cursor, action, task) = (&event.cursor, &event.action, &event.task.id);
                say(&json!({ "did": "event", "cursor": cursor, "action": action, "task": task }));
                after = Some(event.cursor);
                Ok(())
            });
            // A socket that is closed while events come ends the stream without its code: the next one hears why.
            if let Err(error) = ended.await
                && let Some(SocketError::Close(code @ (4401 | 4403), _)) = error.downcast_ref()
            {
                return Ok(*code);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

fn say(line: &Value) {
    println!("{line}");
}

/// Says how an error looks that the server answered with.
fn refused<T>(what: &str, response: &Response<T>) -> Result<()> {
    let errors = response.errors.as_deref().unwrap_or_default();
    let first = errors.first().context("the server did not refuse it")?;
    say(
        &json!({ "did": "refuse", "what": what, "error": "graphql_client::Error", "extensions": first.extensions }),
    );
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this program has no other configuration"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

async fn ask_once(ziggie: &Ziggie) -> Result<()> {
    let me = ziggie.ask::<Me>(me::Variables {}).await?;
    let me = me.data.context("who we are")?.me;
    say(&json!({ "did": "query", "agent": me.id, "tier": me.tier }));

    let input = make::CreateTaskInput {
        type_: "CLIENT".to_owned(),
        input: json!({ "by": "rust" }),
        metadata: None,
        priority: None,
        parent_id: None,
        deadline: None,
        idempotency_key: None,
    };
    let made = ziggie.ask::<Make>(make::Variables { input }).await?;
    let task = made.data.context("a task")?.create_task;
    say(&json!({ "did": "mutate", "task": task.id, "status": task.status }));

    let id = "task_00000000000000000000000000".to_owned();
    refused("query", &ziggie.ask::<Task>(task::Variables { id }).await?)?;
    let nowhere = Some("nowhere".to_owned());
    ziggie
        .listen(nowhere, |response| refused("subscription", &response))
        .await
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let ziggie = Ziggie {
        url: variable("ZIGGIE_URL").context("ZIGGIE_URL is not set")?,
        token: variable("ZIGGIE_TOKEN").context("ZIGGIE_TOKEN is not set")?,
        http: reqwest::Client::new(),
    };
    let after = variable("ZIGGIE_AFTER");
    if after.is_none() {
        ask_once(&ziggie).await?;
    }
    let code = ziggie.follow(after).await?;
    say(&json!({ "did": "end", "code": code }));
    Ok(())
}
