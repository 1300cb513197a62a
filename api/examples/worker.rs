//! A worker on one page: looks at the pictures of VALIDATE_RESOLUTION tasks and says whether they have the size that was handed in.
//!
//! `ZIGGIE_URL`, `ZIGGIE_AGENT` and `ZIGGIE_SECRET` say where the server is and who we are; one process an agent. It goes on when the
//! server is restarted and when a lease is lost. SIGTERM and SIGINT end it: what it is at work on fails and is tried again by whoever
//! claims it. Only `check` and what stands beneath it know of pictures: the rest suits any worker.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Error, Result, anyhow};
use clap::Parser;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

const TYPES: [&str; 1] = ["VALIDATE_RESOLUTION"];
/// Seconds that a claim waits; what is handed to us by name meanwhile is seen after that.
const WAIT: u64 = 5;

const AUTHENTICATE: &str = "mutation($agent: ID!, $secret: String!) {
    authenticate(agentId: $agent, secret: $secret) { token } }";
const MINE: &str = "query($types: [String!]) { me {
    tasks(first: 1, filter: {status: [ASSIGNED, IN_PROGRESS], type: $types}) {
        nodes { id status attempt input type { leaseSeconds } } } } }";
const START: &str = "mutation($id: ID!) {
    startTask(taskId: $id) { id attempt input type { leaseSeconds } } }";
const CLAIM: &str = "mutation($types: [String!], $wait: Int) {
    claimTask(types: $types, waitSeconds: $wait) { id attempt input type { leaseSeconds } } }";
const BEAT: &str = "mutation($id: ID!, $attempt: Int, $progress: Int) {
    heartbeatTask(taskId: $id, attempt: $attempt, progress: $progress) { id } }";
const COMPLETE: &str = "mutation($id: ID!, $attempt: Int, $output: JSON) {
    completeTask(taskId: $id, attempt: $attempt, output: $output) { status } }";
const FAIL: &str = "mutation($id: ID!, $attempt: Int, $error: String!) {
    failTask(taskId: $id, attempt: $attempt, error: $error) { status } }";

/// The server refused a call. `why` has the code and what else a program needs to react.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Refused {
    message: String,
    why: Value,
}

/// The API as our agent sees it.
#[derive(Parser)]
struct Ziggie {
    #[arg(long, env = "ZIGGIE_URL", default_value = "http://127.0.0.1:7400")]
    url: String,
    #[arg(long, env = "ZIGGIE_AGENT")]
    agent: String,
    #[arg(long, env = "ZIGGIE_SECRET", hide_env_values = true)]
    secret: String,
    #[arg(skip)]
    token: Mutex<Option<String>>,
    #[arg(skip)]
    http: reqwest::Client,
}

impl Ziggie {
    /// Sends a call until it is answered. An answer may be sent again: the same one for the same attempt gets the same reply.
    async fn ask(&self, document: &str, variables: Value) -> Result<Value, Refused> {
        let (mut logged_in, mut longest) = (document == AUTHENTICATE, 0.2);
        loop {
            let trouble = match self.send(document, &variables).await {
                Ok(Ok(data)) => return Ok(data),
                Ok(Err(refused)) if refused.why["code"] == "UNAUTHENTICATED" && !logged_in => {
                    Box::pin(self.log_in()).await?;
                    logged_in = true;
                    continue;
                }
                Ok(Err(refused)) if refused.why["retryable"] != true => return Err(refused),
                Ok(Err(refused)) => refused.to_string(),
                Err(error) => format!("no answer: {error}"),
            };
            let pause = longest * rand::random::<f64>();
            println!("{trouble}; again in {pause:.1} s");
            sleep(Duration::from_secs_f64(pause)).await;
            longest = f64::min(2.0 * longest, 5.0);
        }
    }

    async fn send(
        &self,
        document: &str,
        variables: &Value,
    ) -> reqwest::Result<Result<Value, Refused>> {
        let request = self.with_token(self.http.post(format!("{}/graphql", self.url)));
        let request = request.json(&json!({"query": document, "variables": variables}));
        let request = request.timeout(Duration::from_secs(WAIT + 5));
        let mut answer: Value = request.send().await?.json().await?;
        let Some(error) = answer["errors"].get_mut(0) else {
            return Ok(Ok(answer["data"].take()));
        };
        let message = error["message"].as_str().unwrap_or_default().to_owned();
        let why = error["extensions"].take();
        Ok(Err(Refused { message, why }))
    }

    fn with_token(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &*self.token.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn log_in(&self) -> Result<(), Refused> {
        let keep = |token| *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
        keep(None);
        let proof = json!({"agent": self.agent, "secret": self.secret});
        let answer = self.ask(AUTHENTICATE, proof).await?;
        keep(answer["authenticate"]["token"].as_str().map(str::to_owned));
        println!("logged in as {}", self.agent);
        Ok(())
    }

    /// What we hold already (we died, or a claim's answer was lost), else what was handed to us by name, else what anybody may claim.
    async fn next_task(&self) -> Result<Value, Refused> {
        println!("waiting for work");
        let mut mine = self.ask(MINE, json!({"types": TYPES})).await?;
        if let Some(task) = mine["me"]["tasks"]["nodes"].get_mut(0) {
            if task["status"] == "IN_PROGRESS" {
                return Ok(task.take());
            }
            // Refused where it was handed to another since, or may not begin yet.
            if let Ok(mut started) = self.ask(START, json!({"id": task["id"]})).await {
                return Ok(started["startTask"].take());
            }
        }
        let claim = json!({"types": TYPES, "wait": WAIT});
        Ok(self.ask(CLAIM, claim).await?["claimTask"].take())
    }

    /// Says at every third of the lease that we are at work. Ends only by hearing that the task is not ours any more.
    async fn keep_alive(&self, task: &Value) -> Result<Value> {
        let lease = task["type"]["leaseSeconds"].as_f64();
        let lease = lease.filter(|lease| *lease > 0.0).unwrap_or(60.0);
        loop {
            sleep(Duration::from_secs_f64(lease / 3.0)).await;
            let beat = json!({"id": task["id"], "attempt": task["attempt"], "progress": 50});
            self.ask(BEAT, beat).await?;
        }
    }

    /// Does a task and answers for it.
    async fn work_on(&self, task: &Value) {
        println!("at work on attempt {} of {}", task["attempt"], task["id"]);
        let done = tokio::select! {
            output = check(self, task) => output,
            lost = self.keep_alive(task) => lost,
        };
        let answered = match done {
            Ok(output) => {
                let id_and =
                    json!({"id": task["id"], "attempt": task["attempt"], "output": output});
                self.ask(COMPLETE, id_and).await.map_err(Error::from)
            }
            Err(error) => Err(error),
        };
        match answered {
            Ok(answer) => println!("{} is {}", task["id"], answer["completeTask"]["status"]),
            Err(error) => self.fail(task, &error).await,
        }
    }

    /// Lets somebody try again, unless the task is not ours any more: then what was done for it is dropped.
    async fn fail(&self, task: &Value, error: &Error) {
        let lost = |error: &&Refused| {
            let code = error.why["code"].as_str();
            code.is_some_and(|code| ["CONFLICT", "INVALID_TRANSITION", "NOT_FOUND"].contains(&code))
        };
        if let Some(refused) = error.downcast_ref::<Refused>().filter(lost) {
            let lost = refused.why["leaseLost"] == true;
            println!("dropped {} (lease lost: {lost}): {refused}", task["id"]);
            return;
        }
        let reason: String = format!("{error:#}").chars().take(500).collect();
        println!("{} fails: {reason}", task["id"]);
        let answer = json!({"id": task["id"], "attempt": task["attempt"], "error": reason});
        if let Err(refused) = self.ask(FAIL, answer).await {
            println!("dropped {}: {refused}", task["id"]);
        }
    }

    /// The bytes of an asset. The server's own come by a path and want our token; those elsewhere must not have it.
    async fn fetch(&self, asset: &Value) -> Result<Vec<u8>> {
        let uri = asset["uri"].as_str().context("an asset without a place")?;
        let request = if uri.starts_with('/') {
            self.with_token(self.http.get(format!("{}{uri}", self.url)))
        } else {
            self.http.get(uri)
        };
        let bytes = request.send().await?.error_for_status()?.bytes().await?;
        Ok(bytes.into())
    }
}

/// The work: the output of a task.
async fn check(ziggie: &Ziggie, task: &Value) -> Result<Value> {
    let mut findings = Vec::new();
    let assets = task["input"]["assets"].as_array().into_iter().flatten();
    for (index, asset) in assets.enumerate() {
        let found = match size(&ziggie.fetch(asset).await?) {
            Some([width, height]) => format!("{width} × {height}"),
            None => "no PNG".to_owned(),
        };
        let wanted = format!("{} × {}", asset["width"], asset["height"]);
        if found != wanted {
            findings.push(json!({
                "message": format!("it is {found}, not {wanted}"),
                "rule": "size",
                "severity": "ERROR",
                "pointer": format!("/assets/{index}"),
                "assetId": asset["id"],
            }));
        }
    }
    Ok(json!({"valid": findings.is_empty(), "findings": findings}))
}

/// Width and height, which a PNG says right at its beginning.
fn size(png: &[u8]) -> Option<[u32; 2]> {
    let rest = png.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")?;
    let number = |at: usize| Some(u32::from_be_bytes(rest.get(at..at + 4)?.try_into().ok()?));
    Some([number(0)?, number(4)?])
}

#[tokio::main]
async fn main() -> Result<()> {
    let ziggie = Ziggie::parse();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = async {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    };
    tokio::pin!(stop);
    loop {
        let task = tokio::select! {
            task = ziggie.next_task() => task?,
            () = &mut stop => break,
        };
        if task.is_null() {
            continue;
        }
        tokio::select! {
            () = ziggie.work_on(&task) => {}
            () = &mut stop => {
                let stopped = anyhow!("its worker was stopped");
                // Where the server does not hear it, the lease will tell.
                let _ = timeout(Duration::from_secs(5), ziggie.fail(&task, &stopped)).await;
                break;
            }
        }
    }
    println!("stopped");
    Ok(())
}
