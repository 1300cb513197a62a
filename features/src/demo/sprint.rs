//! The sprint of the demo: the character pipeline, run by simulated agents that call the server as any agent does, each by a session of its
//! own: they begin what they are given, claim what others failed at, send heartbeats, and sometimes fail. ARTEMIS follows it live.
//!
//! The same play shows that a crash changes nothing: the server is killed when a step was heard, started again, and it ends the same.

use std::{
    collections::BTreeMap,
    io::{IsTerminal as _, stdout},
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use gates::client::{Call, Client};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    database::{Choice, Databases, Own},
    process::{Process, lasting_address},
    tell::Tell as _,
    word::Agent,
    world::{Feed, SESSION, authenticate, expect_success, texts},
};

mod board;
mod crew;
mod director;

use board::Board;
use crew::Worker;
use director::Director;

const DIRECTOR: &str = "L1-ART-001";
const LEAD: &str = "L2-CHAR-001";
const TEMPLATE: &str = "character-pipeline";
/// How long a sprint may take before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(180);
/// Between two looks at the sprint while nothing is heard.
const LOOK: Duration = Duration::from_millis(300);

/// How a sprint is played.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// On which database.
    pub database: Choice,
    /// Whether agents take their time and sometimes fail, and the terminal shows it.
    pub shown: bool,
    /// After which step, counted from 1, the server is killed and started again.
    pub kill_after: Option<usize>,
}

/// What a sprint came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// What the log says of the sprint, in order.
    pub steps: Vec<String>,
    /// How each task ended, by phase, wave, type and assignee.
    pub tasks: BTreeMap<String, String>,
}

/// Plays the character pipeline from beginning to end.
///
/// # Errors
/// When it does not come to its end, or the log does not hold.
pub async fn play(plan: Plan) -> Result<End> {
    let databases = Databases::prepare(plan.database).await?;
    let own = databases.own().await?;
    let played = Play::open(plan, &own).await;
    let outcome = match played {
        Ok(mut play) => {
            let outcome = play.run().await;
            let said = play.close().await?;
            outcome.with_context(|| format!("the server said:\n{said}"))
        }
        Err(error) => Err(error),
    };
    databases.release(&own).await?;
    databases.finish().await?;
    outcome
}

struct Play<'a> {
    plan: Plan,
    own: &'a Own,
    data_dir: TempDir,
    address: String,
    server: Option<Process>,
    operator: Client,
    director: Director,
    over: Arc<AtomicBool>,
    crew: Vec<tokio::task::JoinHandle<()>>,
    colored: bool,
}

impl<'a> Play<'a> {
    async fn open(plan: Plan, own: &'a Own) -> Result<Self> {
        let data_dir = tempfile::tempdir().context("a data directory")?;
        let address = lasting_address()?;
        let server =
            Process::start_at(&address, "dev", data_dir.path(), own.url.as_deref()).await?;
        let door = Client::new(server.address.clone());
        let secret = std::fs::read_to_string(data_dir.path().join("operator.secret"))
            .context("the operator's secret")?;
        let answer = door
            .send(&authenticate(&Agent::operator(), secret.trim()))
            .await?;
        let operator = door.with_token(token(&expect_success(&answer)?["authenticate"])?);
        let director = Director {
            client: issue(&operator, &door, DIRECTOR).await?,
            lead: issue(&operator, &door, LEAD).await?,
            operator: operator.clone(),
        };
        let over = Arc::new(AtomicBool::new(false));
        let mut crew = Vec::new();
        for (seed, agent) in agents(&operator).await?.into_iter().enumerate() {
            let client = issue(&operator, &door, &agent).await?;
            let worker = Worker::new(client, agent, seed as u64, plan.shown, over.clone());
            crew.push(tokio::spawn(worker.work()));
        }
        Ok(Self {
            plan,
            own,
            data_dir,
            address,
            server: Some(server),
            operator,
            director,
            over,
            crew,
            colored: stdout().is_terminal(),
        })
    }

    async fn run(&mut self) -> Result<End> {
        let id = self.director.make().await?;
        let begun = Instant::now();
        let mut board = Board::new(self.plan.shown, self.colored);
        let mut feed = Feed::connect(&self.director.client).await?;
        feed.follow_sprint(&id, None).await?;
        self.director.start(&id).await?;
        let mut steps = 0;
        loop {
            ensure!(begun.elapsed() < PATIENCE, "the sprint is stuck: {board:?}");
            if let Ok(heard) = tokio::time::timeout(LOOK, feed.next()).await {
                let heard = heard?;
                steps += usize::from(heard.action.starts_with("WORKFLOW_"));
                if self.plan.kill_after == Some(steps) {
                    self.plan.kill_after = None;
                    self.kill_and_start().await?;
                    feed = Feed::connect(&self.director.client).await?;
                    feed.follow_sprint(&id, Some(&heard.cursor)).await?;
                }
            }
            let sprint = self.director.look(&id).await?;
            board.show(&sprint);
            if sprint["status"] == "COMPLETED" {
                break;
            }
            self.director.decide(&sprint).await?;
        }
        self.over.store(true, Ordering::Relaxed);
        let sprint = self.director.look(&id).await?;
        let end = End {
            steps: self.steps(&id).await?,
            tasks: board::tasks(&sprint),
        };
        board.close(&end, begun.elapsed());
        Ok(end)
    }

    /// As a machine does that loses its power.
    async fn kill_and_start(&mut self) -> Result<()> {
        if let Some(server) = self.server.take() {
            server.kill().await?;
        }
        let (directory, url) = (self.data_dir.path(), self.own.url.as_deref());
        let server = Process::start_at(&self.address, "dev", directory, url).await?;
        self.server = Some(server);
        Ok(())
    }

    /// What the log says of the sprint, oldest first, once everything is numbered.
    async fn steps(&self, id: &str) -> Result<Vec<String>> {
        let call = Call::query("auditLog")
            .with(
                "filter",
                "AuditFilter",
                serde_json::json!({ "entityId": id }),
            )
            .with("first", "Int", 200)
            .selecting("nodes { action }");
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = self.operator.send(&call).await?;
            let mut steps = texts(&expect_success(&answer)?["auditLog"]["nodes"], "/action");
            steps.reverse();
            if steps.last().map(String::as_str) == Some("WORKFLOW_COMPLETED") {
                return Ok(steps);
            }
            ensure!(
                Instant::now() < until,
                "the log does not tell of the end: {steps:?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Sends everybody home and stops the server; gives what it said.
    async fn close(mut self) -> Result<String> {
        self.over.store(true, Ordering::Relaxed);
        for worker in std::mem::take(&mut self.crew) {
            worker.abort();
        }
        let Some(server) = self.server.take() else {
            return Ok(String::new());
        };
        let said = server.said();
        server.kill().await?;
        Ok(said)
    }
}

/// The lead and its reports.
async fn agents(operator: &Client) -> Result<Vec<String>> {
    let call = Call::query("agent")
        .with("id", "ID!", LEAD)
        .selecting("reports(first: 50) { nodes { id } }");
    let answer = operator.send(&call).await?;
    let mut agents = texts(
        &expect_success(&answer)?["agent"]["reports"]["nodes"],
        "/id",
    );
    ensure!(
        agents.len() == 12,
        "{LEAD} has {} reports, not twelve",
        agents.len()
    );
    agents.push(LEAD.to_owned());
    Ok(agents)
}

/// A session that the operator issues for an agent.
async fn issue(operator: &Client, door: &Client, agent: &str) -> Result<Client> {
    let call = Call::mutation("issueSession")
        .with("agentId", "ID!", agent)
        .selecting(SESSION);
    let answer = operator.send(&call).await?;
    let issued = expect_success(&answer).tell(|| format!("a session for {agent}"))?;
    Ok(door.with_token(token(&issued["issueSession"])?))
}

fn token(opened: &Value) -> Result<String> {
    let token = opened["token"].as_str();
    Ok(token.context("a session has a token")?.to_owned())
}
