//! Real clients, installed from their registries, against a server that is killed beneath them (`cargo xtask clients`).
//!
//! Each is a program of `features/clients` that queries, mutates, shows the server something wrong, and subscribes; on its standard output it
//! says what it did, a JSON object a line. Whether that is so is judged here, by what the server's own log has: every event that it was to hear,
//! once and in order, over all the servers that it lived through. Then its session is revoked, and it has to stop.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use gates::client::{Call, Client, ClientError};
use serde_json::{Map, Value, json};
use tokio::time::{sleep, timeout};

use self::program::{Program, Running};
use crate::{
    database::{Choice, Databases},
    soak::installation::Installation,
    world::{expect_success, registration, texts},
};

pub mod program;

#[cfg(test)]
mod tests;

/// Who the client is, and its like who makes the tasks that it hears of.
const AGENT: &str = "L1-CLIENT-001";
/// The type of every task.
const TASK_TYPE: &str = "CLIENT";

/// How often the server is killed.
const KILLS: usize = 3;
/// How many tasks are made beneath each of its servers.
const TASKS: usize = 20;
/// How many of them the client hears of before its server is killed.
const BEFORE: usize = 5;

/// How long a call that may be repeated is repeated, and what was refused may take to be recorded.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// What a client is tried at, in this order.
pub const STEPS: [&str; 6] = [
    "query",
    "mutate",
    "errors",
    "subscribe",
    "reconnect",
    "revoked",
];

/// How a client stood the trial.
#[derive(Debug)]
pub struct Trial {
    /// Which one.
    pub program: Program,
    /// Of its packages and of what runs it.
    pub versions: Map<String, Value>,
    /// Those of [`STEPS`] that it passed.
    pub passed: Vec<&'static str>,
    /// What it showed of the errors that it was answered with.
    refusals: Vec<Value>,
    /// How many events it heard, and over how many connections.
    events: usize,
    connections: usize,
    /// What it was told when its session was revoked, and when it came again.
    ends: Vec<Value>,
    /// How long it took.
    pub took: Duration,
    /// Why it failed.
    pub failure: Option<anyhow::Error>,
}

impl Trial {
    /// As a JSON object.
    #[must_use]
    pub fn json(&self) -> Value {
        let step = |step: &&'static str| ((*step).to_owned(), json!(self.passed.contains(step)));
        json!({
            "client": self.program.name(),
            "versions": self.versions,
            "passed": STEPS.iter().map(step).collect::<Map<_, _>>(),
            "refusals": self.refusals,
            "events": self.events,
            "connections": self.connections,
            "endedBy": self.ends,
            "seconds": self.took.as_secs(),
        })
    }
}

/// Tries a client, with a server and a data directory of its own.
///
/// # Errors
/// Where there can be no server. What is wrong with the client is in the trial.
pub async fn run(program: Program) -> Result<Trial> {
    let begun = Instant::now();
    let databases = Databases::prepare(Choice::Sqlite).await?;
    let mut installation = Installation::found_lasting(&databases, 1).await?;
    let mut versions = program.locked()?;
    if let Some((name, version)) = program.interpreter().await? {
        versions.insert(name.to_owned(), json!(version));
    }
    let mut trial = Trial {
        program,
        versions,
        passed: Vec::new(),
        refusals: Vec::new(),
        events: 0,
        connections: 0,
        ends: Vec::new(),
        took: Duration::ZERO,
        failure: None,
    };
    trial.failure = stand(&mut trial, &mut installation).await.err();
    trial.took = begun.elapsed();
    installation.clear().await?;
    databases.finish().await?;
    Ok(trial)
}

async fn stand(trial: &mut Trial, installation: &mut Installation<'_>) -> Result<()> {
    let operator = installation.operator(0)?;
    hire(&operator).await?;
    let (session, token) = issue(&operator).await?;
    let (_, makers) = issue(&operator).await?;
    let maker = installation.client(0)?.with_token(makers);
    let address = installation.address(0)?.to_owned();
    let program = trial.program;

    let mut client = program.start(&address, &token, None)?;
    let me = client.until("query", 1).await?;
    ensure!(
        me[0]["agent"] == AGENT && me[0]["tier"] == "L1",
        "it says that it is {}",
        me[0]
    );
    trial.passed.push("query");
    let made = client.until("mutate", 1).await?;
    let task = made[0]["task"].as_str().context("the id of a task")?;
    ensure!(
        created(&operator).await? == [task] && made[0]["status"] == "PENDING",
        "it says that it made {}, which the log has not",
        made[0]
    );
    trial.passed.push("mutate");
    trial.refusals = client.until("refuse", program.refusals().len()).await?;
    refused(program, &mut trial.refusals)?;
    trial.passed.push("errors");

    // From when it hears, only it knows.
    let begun = Instant::now();
    while client.did("event").is_empty() {
        ensure!(begun.elapsed() < PATIENCE, "it hears of no task");
        make(&maker, 1).await?;
        sleep(PAUSE).await;
    }
    make(&maker, TASKS).await?;
    heard_all(&mut client, &operator).await?;
    trial.passed.push("subscribe");

    for kill in 0..KILLS {
        let heard = client.did("event").len();
        let making = make(&maker, TASKS);
        let killing = async {
            client.until("event", heard + BEFORE).await?;
            // The last time it sleeps through the whole of it, so that all of the rest is missed.
            let sleeps = kill + 1 == KILLS;
            if sleeps {
                client.freeze()?;
            }
            installation.kill(0).await?;
            installation.start(0).await?;
            Ok::<_, anyhow::Error>(sleeps)
        };
        let (made, sleeps) = tokio::join!(making, killing);
        made?;
        if sleeps? {
            client.thaw()?;
        }
        heard_all(&mut client, &operator).await?;
    }
    trial.events = client.did("event").len();
    trial.connections = client.did("connect").len();
    ensure!(
        trial.connections > KILLS,
        "it says that it connected only {} times",
        trial.connections
    );
    trial.passed.push("reconnect");

    let revoke = Call::mutation("revokeSession")
        .with("sessionId", "ID!", session)
        .selecting("id");
    expect_success(&operator.send(&revoke).await?)?;
    trial.ends.push(stopped(&mut client).await?);
    // Whoever comes back with what is good no longer is told so once.
    let place = client.did("event").pop().context("an event")?;
    let place = place["cursor"].as_str().context("a cursor")?;
    let mut again = program.start(&address, &token, Some(place))?;
    trial.ends.push(stopped(&mut again).await?);
    knocked(&operator).await?;
    trial.passed.push("revoked");
    Ok(())
}

/// Registers the agent and defines the type of its tasks.
async fn hire(operator: &Client) -> Result<()> {
    let anything = json!({ "type": "object" });
    let task_type = json!({ "name": TASK_TYPE, "inputSchema": anything, "outputSchema": anything });
    let define = Call::mutation("defineTaskType")
        .with("input", "DefineTaskTypeInput!", task_type)
        .selecting("name");
    expect_success(&operator.send(&define).await?)?;
    let register = Call::mutation("registerAgent")
        .with(
            "input",
            "RegisterAgentInput!",
            registration(AGENT, AGENT, None),
        )
        .selecting("agent { id }");
    expect_success(&operator.send(&register).await?)?;
    Ok(())
}

/// A session of the agent's, and its token.
async fn issue(operator: &Client) -> Result<(String, String)> {
    let issue = Call::mutation("issueSession")
        .with("agentId", "ID!", AGENT)
        .selecting("token session { id }");
    let answer = operator.send(&issue).await?;
    let issued = &expect_success(&answer)?["issueSession"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let session = text(&issued["session"]["id"]).context("a session has an id")?;
    let token = text(&issued["token"]).context("a session has a token")?;
    Ok((session, token))
}

/// Makes tasks one after the other, each once, whatever becomes of the server meanwhile.
async fn make(maker: &Client, count: usize) -> Result<()> {
    for _ in 0..count {
        let key = format!("{:032x}", rand::random::<u128>());
        let input = json!({ "type": TASK_TYPE, "input": {}, "idempotencyKey": key });
        let call = Call::mutation("createTask")
            .with("input", "CreateTaskInput!", input)
            .selecting("id");
        let insist = async {
            loop {
                match maker.send(&call).await {
                    Ok(answer) => return expect_success(&answer).map(|_| ()),
                    Err(ClientError::Unreachable { .. }) => sleep(PAUSE).await,
                    Err(error) => return Err(error.into()),
                }
            }
        };
        timeout(PATIENCE, insist)
            .await
            .context("no task was made")??;
    }
    Ok(())
}

/// The tasks that the log says the agent made, in order.
async fn created(operator: &Client) -> Result<Vec<String>> {
    let filter = json!({ "action": ["TASK_CREATED"], "actorId": AGENT });
    let call = Call::query("auditLog")
        .with("first", "Int", 200)
        .with("filter", "AuditFilter", filter)
        .selecting("totalCount nodes { entityId }");
    let answer = operator.send(&call).await?;
    let log = &expect_success(&answer)?["auditLog"];
    let mut ids = texts(&log["nodes"], "/entityId");
    ensure!(
        log["totalCount"] == ids.len(),
        "the log has more tasks than a page of it"
    );
    ids.reverse();
    Ok(ids)
}

/// Waits until the client has heard of the last task, and holds all that it heard against the log.
async fn heard_all(client: &mut Running, operator: &Client) -> Result<()> {
    let created = created(operator).await?;
    let first = client.until("event", 1).await?;
    let wanted = rest(&created, &first)?.len();
    let heard = client.until("event", wanted).await?;
    compare(&created, &heard)
}

/// What there is to hear, from the first event that was heard.
fn rest<'a>(created: &'a [String], heard: &[Value]) -> Result<&'a [String]> {
    let first = heard.first().context("it heard nothing")?;
    let begun = created.iter().position(|id| first["task"] == id.as_str());
    let begun = begun.with_context(|| format!("it heard {first}, which the log has not"))?;
    Ok(&created[begun..])
}

/// From the first of them on, each task was heard of once and in order.
fn compare(created: &[String], heard: &[Value]) -> Result<()> {
    let wanted = rest(created, heard)?;
    let agree = |(wanted, heard): (&String, &Value)| {
        heard["task"] == wanted.as_str() && heard["action"] == "TASK_CREATED"
    };
    let same = wanted
        .iter()
        .zip(heard)
        .take_while(|pair| agree(*pair))
        .count();
    ensure!(
        same == wanted.len() && same == heard.len(),
        "it heard {} events of {}, of which the first {same} are right; the next one is {:?}",
        heard.len(),
        wanted.len(),
        heard.get(same),
    );
    Ok(())
}

/// Each thing that was wrong came back as an error of the client's own, with the server's code and request id; what is kept of them is that.
fn refused(program: Program, refusals: &mut [Value]) -> Result<()> {
    for (what, code) in program.refusals() {
        let found = refusals.iter().find(|refusal| refusal["what"] == *what);
        let found = found.with_context(|| format!("nothing was said of a wrong {what}"))?;
        let extensions = &found["extensions"];
        ensure!(
            extensions["code"] == *code
                && extensions["requestId"].is_string()
                && extensions["retryable"] == false,
            "of a wrong {what} it says {found}, not {code}"
        );
    }
    for refusal in refusals {
        *refusal = json!({ "what": refusal["what"], "error": refusal["error"], "code": refusal["extensions"]["code"] });
    }
    Ok(())
}

/// Waits until a client whose session was revoked has ended by itself, and gives the close code that it was told.
async fn stopped(client: &mut Running) -> Result<Value> {
    let end = client.until("end", 1).await?;
    let code = end[0]["code"].clone();
    ensure!(
        code == 4401 || code == 4403,
        "it says that it ended by {}",
        end[0]
    );
    let status = client.ended().await?;
    ensure!(status.success(), "it ended with {status}");
    Ok(code)
}

/// With a token that is good no longer, a client knocks once when it was sent away, and once when it comes again; not again and again.
async fn knocked(operator: &Client) -> Result<()> {
    let filter = json!({ "action": ["AUTHENTICATION_FAILED"] });
    let call = Call::query("auditLog")
        .with("filter", "AuditFilter", filter)
        .selecting("totalCount");
    // Refusals are recorded off the answer's path.
    let begun = Instant::now();
    loop {
        let answer = operator.send(&call).await?;
        let count = expect_success(&answer)?["auditLog"]["totalCount"].as_u64();
        match count.context("a count")? {
            0 if begun.elapsed() < PATIENCE => sleep(PAUSE).await,
            1 | 2 => return Ok(()),
            count => {
                return Err(anyhow!(
                    "it came {count} times with a token that is not good"
                ));
            }
        }
    }
}
