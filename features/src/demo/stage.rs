//! The stage of the demo: the server, who plays on it, and who watches.

use std::{
    collections::BTreeMap,
    io::{IsTerminal as _, stdout},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use gates::client::{Call, Client};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::DIRECTOR;
use crate::{
    database::{Choice, Databases, Own},
    process::Process,
    tell::Tell as _,
    word::Agent,
    world::{Feed, SESSION, authenticate, expect_equal, expect_success, texts},
};

/// The server itself, in the log.
const CONTROL_CENTER: &str = "SYSTEM-000";

/// How long the log may take to show what was just sequenced.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server with its players and its watcher.
pub(super) struct Stage {
    server: Process,
    // Removed with all that is in it when the demo is over.
    _data_dir: TempDir,
    databases: Databases,
    own: Own,
    operator: Client,
    players: BTreeMap<String, Client>,
    watcher: Feed,
    /// What was done to each task, in order.
    played: BTreeMap<String, Vec<String>>,
    slowest: Duration,
    colored: bool,
}

impl Stage {
    /// Starts the server and lets ARTEMIS watch.
    pub(super) async fn set(database: Choice) -> Result<Self> {
        let databases = Databases::prepare(database).await?;
        let own = databases.own().await?;
        let data_dir = tempfile::tempdir().context("a data directory")?;
        let begun = Instant::now();
        let server = Process::start("dev", data_dir.path(), own.url.as_deref()).await?;
        let colored = stdout().is_terminal();
        println!(
            "ziggie dev on {database}, ready after {} ms: http://{}/graphql",
            begun.elapsed().as_millis(),
            server.address
        );
        let door = Client::new(server.address.clone());
        let secret = std::fs::read_to_string(data_dir.path().join("operator.secret"))
            .context("the operator's secret")?;
        let operator = log_in(&door, &authenticate(&Agent::operator(), secret.trim())).await?;
        let director = issue(&operator, &door, DIRECTOR).await?;
        let mut watcher = Feed::connect(&director).await?;
        watcher.follow_tasks(None, None, None).await?;
        Ok(Self {
            server,
            _data_dir: data_dir,
            databases,
            own,
            operator,
            players: BTreeMap::from([(DIRECTOR.to_owned(), director)]),
            watcher,
            played: BTreeMap::new(),
            slowest: Duration::ZERO,
            colored,
        })
    }

    /// Announces what comes next.
    pub(super) fn scene(&self, words: &str) {
        println!("\n{}", self.paint("1", words));
    }

    /// Makes one move, and sees it come by live and stand in the history.
    pub(super) async fn play(
        &mut self,
        agent: &str,
        words: &str,
        call: &Call,
        wanted: (&str, &str),
    ) -> Result<Value> {
        let (action, status) = wanted;
        let client = self.player(agent).await?;
        let begun = Instant::now();
        let answer = client.send(call).await?;
        let task =
            expect_success(&answer).tell(|| format!("{agent} {words}"))?[call.field()].clone();
        let id = task["id"]
            .as_str()
            .context("a moved task has an id")?
            .to_owned();
        let heard = self
            .watcher
            .next()
            .await
            .tell(|| format!("ARTEMIS watches how {agent} {words}"))?;
        let took = begun.elapsed();
        let seen = [
            heard.action.as_str(),
            // What does not move the task says no status.
            heard.to.as_deref().unwrap_or(status),
            &heard.actor,
            &heard.about,
        ];
        expect_equal("what ARTEMIS sees", seen, [action, status, agent, &id])?;
        expect_equal("the status in the answer", &task["status"], &json!(status))?;
        let played = self.played.entry(id.clone()).or_default();
        played.push(action.to_owned());
        expect_equal(
            "the history",
            &self.history(&id).await?,
            self.played.get(&id).unwrap_or(&Vec::new()),
        )?;
        self.slowest = self.slowest.max(took);
        let mark = self.paint("32", "✓");
        let status = self.paint("36", &format!("{status:<16}"));
        println!("  {mark} {status} {agent:<22} {words}");
        Ok(task)
    }

    /// Sees something come by that the server does by itself; returns the task that it happened to.
    pub(super) async fn witness(
        &mut self,
        words: &str,
        task: Option<&str>,
        wanted: (&str, &str),
    ) -> Result<String> {
        let (action, status) = wanted;
        let heard = self
            .watcher
            .next()
            .await
            .tell(|| format!("ARTEMIS watches how the server {words}"))?;
        let seen = [
            heard.action.as_str(),
            heard.to.as_deref().unwrap_or(status),
            &heard.actor,
            task.unwrap_or(&heard.about),
        ];
        let wanted = [action, status, CONTROL_CENTER, &heard.about];
        expect_equal("what ARTEMIS sees", seen, wanted)?;
        let played = self.played.entry(heard.about.clone()).or_default();
        played.push(action.to_owned());
        let mark = self.paint("32", "✓");
        let status = self.paint("36", &format!("{status:<16}"));
        println!("  {mark} {status} {CONTROL_CENTER:<22} {words}");
        Ok(heard.about)
    }

    /// Who holds a task.
    pub(super) async fn assignee(&self, task: &str) -> Result<String> {
        let call = Call::query("task")
            .with("id", "ID!", task)
            .selecting("assignee { id }");
        let answer = self.operator.send(&call).await?;
        let assignee = &expect_success(&answer)?["task"]["assignee"]["id"];
        Ok(assignee.as_str().context("nobody holds it")?.to_owned())
    }

    async fn history(&self, task: &str) -> Result<Vec<String>> {
        let call = Call::query("task")
            .with("id", "ID!", task)
            .selecting("history { nodes { action } }");
        let director = self.players.get(DIRECTOR).context("ARTEMIS has come")?;
        let answer = director.send(&call).await?;
        Ok(texts(
            &expect_success(&answer)?["task"]["history"]["nodes"],
            "/action",
        ))
    }

    /// The attempt that a task is at, as its assignee sees it.
    pub(super) async fn attempt(&mut self, agent: &str, task: &str) -> Result<Value> {
        let call = Call::query("task")
            .with("id", "ID!", task)
            .selecting("attempt");
        let answer = self.player(agent).await?.send(&call).await?;
        Ok(expect_success(&answer)?["task"]["attempt"].clone())
    }

    /// The reports of an agent, each with the check that it is capable of.
    pub(super) async fn reports(&self, agent: &str) -> Result<Vec<(String, String)>> {
        let call = Call::query("agent")
            .with("id", "ID!", agent)
            .selecting("reports(first: 50) { nodes { id capabilities } }");
        let answer = self.operator.send(&call).await?;
        let reports = expect_success(&answer)?["agent"]["reports"]["nodes"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        reports
            .iter()
            .map(|report| {
                let id = report["id"].as_str().context("a report has an id")?;
                // Some validate any asset as well; the check of its own is meant.
                let check = texts(&report["capabilities"], "")
                    .into_iter()
                    .find(|name| name.starts_with("VALIDATE_") && name != "VALIDATE_ASSET");
                Ok((
                    id.to_owned(),
                    check.with_context(|| format!("{id} is capable of no check"))?,
                ))
            })
            .collect()
    }

    /// Registers a picture of a task and uploads it; returns its id. What stands for its bytes is what it shows.
    pub(super) async fn picture(&mut self, agent: &str, task: &str, shows: &str) -> Result<Value> {
        let client = self.player(agent).await?;
        let input = json!({
            "kind": "IMAGE", "mediaType": "image/png", "width": 1024, "height": 1024, "taskId": task,
        });
        let call = Call::mutation("registerAsset")
            .with("input", "RegisterAssetInput!", input)
            .selecting("id uri");
        let answer = client.send(&call).await?;
        let made = expect_success(&answer)?["registerAsset"].clone();
        let uri = made["uri"].as_str().context("a picture has an address")?;
        let taken = client.put(uri, shows.as_bytes().to_vec()).await?;
        ensure!(
            taken.status == 200,
            "the upload was answered {}",
            taken.status
        );
        Ok(made["id"].clone())
    }

    /// Reads the audit log as an operator and compares it with what was played.
    pub(super) async fn compare_with_log(&mut self) -> Result<()> {
        let mut count = 0;
        for (task, played) in &self.played {
            let until = Instant::now() + PATIENCE;
            loop {
                let mut found = self.log_of(task).await?;
                found.reverse();
                if found == *played {
                    break;
                }
                ensure!(
                    Instant::now() < until,
                    "the log of {task} says {found:?}, played was {played:?}"
                );
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            count += played.len();
        }
        println!(
            "  {} {count} moves of {} tasks stand in it, each once and in order; the slowest was seen live after {} ms",
            self.paint("32", "✓"),
            self.played.len(),
            self.slowest.as_millis()
        );
        Ok(())
    }

    /// What the log says about a task, newest first.
    async fn log_of(&self, task: &str) -> Result<Vec<String>> {
        let call = Call::query("auditLog")
            .with("filter", "AuditFilter", json!({ "entityId": task }))
            .with("first", "Int", 100)
            .selecting("nodes { action sequence }");
        let answer = self.operator.send(&call).await?;
        let nodes = &expect_success(&answer)?["auditLog"]["nodes"];
        ensure!(
            texts(nodes, "/sequence").len() == texts(nodes, "/action").len(),
            "an entry has no number"
        );
        Ok(texts(nodes, "/action"))
    }

    /// Stops the server, whatever became of the play.
    pub(super) async fn clear(self, played: Result<()>) -> Result<()> {
        self.watcher.hang_up().await;
        let said = self.server.said();
        let ended = self.server.terminate().await;
        self.databases.release(&self.own).await?;
        self.databases.finish().await?;
        played.with_context(|| format!("the demo went wrong; the server said:\n{said}"))?;
        let status = ended?;
        if !status.success() {
            bail!("the server ended with {status}");
        }
        println!("\nThe server drained and ended with status 0.");
        Ok(())
    }

    async fn player(&mut self, agent: &str) -> Result<Client> {
        if let Some(client) = self.players.get(agent) {
            return Ok(client.clone());
        }
        let client = issue(
            &self.operator,
            &Client::new(self.server.address.clone()),
            agent,
        )
        .await?;
        self.players.insert(agent.to_owned(), client.clone());
        Ok(client)
    }

    fn paint(&self, color: &str, words: &str) -> String {
        if self.colored {
            format!("\u{1b}[{color}m{words}\u{1b}[0m")
        } else {
            words.to_owned()
        }
    }
}

/// A session that the operator issues for an agent.
async fn issue(operator: &Client, door: &Client, agent: &str) -> Result<Client> {
    let call = Call::mutation("issueSession")
        .with("agentId", "ID!", agent)
        .selecting(SESSION);
    let answer = operator.send(&call).await?;
    Ok(door.with_token(token(&expect_success(&answer)?["issueSession"])?))
}

async fn log_in(door: &Client, call: &Call) -> Result<Client> {
    let answer = door.send(call).await?;
    Ok(door.with_token(token(&expect_success(&answer)?[call.field()])?))
}

fn token(opened: &Value) -> Result<String> {
    Ok(opened["token"]
        .as_str()
        .context("a session has a token")?
        .to_owned())
}
