//! Sprints on the long run: what a wave costs beside the same tasks outside of any sprint, and a server that is killed after each step of
//! the demo's sprint.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures::future::{join_all, try_join_all};
use gates::client::{Call, Client};
use serde_json::{Value, json};

use super::installation::Installation;
use crate::{
    database::{Choice, Databases},
    demo::sprint::{Plan, play},
    world::{SESSION, expect_success, registration},
};

/// The type of the tasks that are measured.
const TYPE: &str = "BENCH";
const LEAD: &str = "L2-BENCH-001";
const DIRECTOR: &str = "L1-BENCH-001";
/// How many tasks are made at once outside of a sprint.
const MAKERS: usize = 16;

/// What tasks in one wave cost, and the same outside of any sprint.
#[derive(Debug, Clone)]
pub struct Cost {
    /// How many tasks, in each round of each kind.
    pub tasks: usize,
    /// How many workers.
    pub workers: usize,
    /// Milliseconds a task outside of any sprint, by rounds.
    pub outside: Vec<f64>,
    /// Milliseconds a task in one wave, by rounds.
    pub inside: Vec<f64>,
    /// Milliseconds that starting the sprint took, by rounds.
    pub starting: Vec<f64>,
}

impl Cost {
    /// How many times as long a task takes in a wave: the medians of the rounds, within one run.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        median(&self.inside) / median(&self.outside)
    }

    /// For a report.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "tasks": self.tasks,
            "workers": self.workers,
            "millisecondsATaskOutside": self.outside,
            "millisecondsATaskInOneWave": self.inside,
            "millisecondsOfStarting": self.starting,
            "ratio": self.ratio(),
            "limit": LIMIT,
        })
    }
}

/// The most that a task may take in a wave, in times of what it takes outside.
pub const LIMIT: f64 = 1.5;

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Measures it, round by round, one kind after the other.
///
/// # Errors
/// When the server refuses, or a task is not done.
pub async fn cost(database: Choice, tasks: usize, workers: usize, rounds: usize) -> Result<Cost> {
    let databases = Databases::prepare(database).await?;
    let installation = Installation::found(&databases, 1, &[]).await?;
    let measured = measure(&installation, tasks, workers, rounds).await;
    let said = installation.said();
    installation.clear().await?;
    databases.finish().await?;
    measured.with_context(|| said)
}

async fn measure(
    installation: &Installation<'_>,
    tasks: usize,
    workers: usize,
    rounds: usize,
) -> Result<Cost> {
    let (operator, door) = (installation.operator(0)?, installation.client(0)?);
    let crew = staff(&operator, &door, workers).await?;
    let director = issue(&operator, &door, DIRECTOR).await?;
    let mut cost = Cost {
        tasks,
        workers,
        outside: Vec::new(),
        inside: Vec::new(),
        starting: Vec::new(),
    };
    // One that does not count: connections are opened, plans are made.
    create(&director, workers).await?;
    work(&crew, workers).await?;
    for _ in 0..rounds {
        create(&director, tasks).await?;
        cost.outside.push(each(work(&crew, tasks).await?, tasks));
        let (id, starting) = start(&director, tasks).await?;
        cost.starting.push(starting.as_secs_f64() * 1_000.0);
        cost.inside.push(each(work(&crew, tasks).await?, tasks));
        completed(&director, &id).await?;
    }
    Ok(cost)
}

fn each(took: Duration, tasks: usize) -> f64 {
    took.as_secs_f64() * 1_000.0 / tasks as f64
}

/// Registers who works, who leads and who directs; gives the workers.
async fn staff(operator: &Client, door: &Client, workers: usize) -> Result<Vec<Client>> {
    let names: Vec<String> = (0..workers)
        .map(|number| format!("L3-BENCH-{number:03}"))
        .collect();
    let mut lines = vec![
        registration(DIRECTOR, "Director", None),
        registration(LEAD, "Lead", Some(DIRECTOR)),
    ];
    lines.extend(names.iter().map(|name| {
        let mut line = registration(name, "Worker", Some(LEAD));
        line["capabilities"] = json!([TYPE]);
        line
    }));
    let definition =
        json!({ "name": TYPE, "inputSchema": {}, "outputSchema": {}, "leaseSeconds": 60 });
    let define = Call::mutation("defineTaskType")
        .with("input", "DefineTaskTypeInput!", definition)
        .selecting("version");
    ask(operator, &define).await?;
    let register = Call::mutation("registerAgents")
        .with("input", "[RegisterAgentInput!]!", lines)
        .selecting("agent { id }");
    ask(operator, &register).await?;
    try_join_all(names.iter().map(|name| issue(operator, door, name))).await
}

/// So many tasks outside of any sprint.
async fn create(director: &Client, tasks: usize) -> Result<()> {
    let input = json!({ "type": TYPE, "input": {} });
    let call = Call::mutation("createTask")
        .with("input", "CreateTaskInput!", input)
        .selecting("id");
    let maker = async |number: usize| {
        for _ in (number..tasks).step_by(MAKERS) {
            ask(director, &call).await?;
        }
        Ok::<_, anyhow::Error>(())
    };
    try_join_all((0..MAKERS).map(maker)).await.map(drop)
}

/// A sprint of so many tasks in one wave, started; and how long starting it took.
async fn start(director: &Client, tasks: usize) -> Result<(String, Duration)> {
    let task = json!({ "type": TYPE, "input": {} });
    let phase = json!({ "kind": "IMPLEMENTATION", "weight": 100, "waves": [{ "tasks": vec![task; tasks] }] });
    let input = json!({ "name": "bench", "leadId": LEAD, "phases": [phase] });
    let create = Call::mutation("createWorkflow")
        .with("input", "CreateWorkflowInput!", input)
        .selecting("id");
    let made = ask(director, &create).await?;
    let id = made["id"]
        .as_str()
        .context("a sprint has an id")?
        .to_owned();
    let begun = Instant::now();
    let start = Call::mutation("startSprint")
        .with("sprintId", "ID!", id.as_str())
        .selecting("status");
    ask(director, &start).await?;
    Ok((id, begun.elapsed()))
}

/// Lets the crew do everything there is; gives how long that took.
async fn work(crew: &[Client], tasks: usize) -> Result<Duration> {
    let claim = Call::mutation("claimTask").selecting("id attempt");
    let worker = async |client: &Client| {
        let mut done = 0;
        loop {
            let task = ask(client, &claim).await?;
            if task.is_null() {
                return Ok::<usize, anyhow::Error>(done);
            }
            let complete = Call::mutation("completeTask")
                .with("taskId", "ID!", task["id"].clone())
                .with("attempt", "Int", task["attempt"].clone())
                .with("output", "JSON", json!({}))
                .selecting("status");
            ask(client, &complete).await?;
            done += 1;
        }
    };
    let begun = Instant::now();
    let done = join_all(crew.iter().map(worker)).await;
    let took = begun.elapsed();
    let mut all = 0;
    for done in done {
        all += done?;
    }
    ensure!(all == tasks, "{all} of {tasks} tasks were done");
    Ok(took)
}

/// Waits until the sprint has ended by itself.
async fn completed(director: &Client, id: &str) -> Result<()> {
    let look = Call::query("sprint")
        .with("id", "ID!", id)
        .selecting("status");
    let until = Instant::now() + Duration::from_secs(20);
    while ask(director, &look).await?["status"] != "COMPLETED" {
        ensure!(Instant::now() < until, "the sprint does not end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn issue(operator: &Client, door: &Client, agent: &str) -> Result<Client> {
    let call = Call::mutation("issueSession")
        .with("agentId", "ID!", agent)
        .selecting(SESSION);
    let issued = ask(operator, &call).await?;
    let token = issued["token"].as_str().context("a session has a token")?;
    Ok(door.with_token(token))
}

async fn ask(client: &Client, call: &Call) -> Result<Value> {
    let answer = client.send(call).await?;
    Ok(expect_success(&answer)?[call.field()].clone())
}

/// Plays the demo's sprint with the server killed after one step and started again, for each step once, or for some of them: each ends as the
/// one that nobody disturbed. Gives how many steps there are, and after how many of them it was killed.
///
/// # Errors
/// When one ends otherwise, or not at all.
pub async fn kills(database: Choice, some: Option<&[usize]>) -> Result<(usize, usize)> {
    let plan = Plan {
        database,
        shown: false,
        kill_after: None,
    };
    let undisturbed = play(plan).await.context("undisturbed")?;
    // That it was made is heard by nobody who follows it.
    let steps = undisturbed.steps.len() - 1;
    let all: Vec<usize> = (1..=steps).collect();
    let killed = some.unwrap_or(&all);
    for step in killed {
        let plan = Plan {
            kill_after: Some(*step),
            ..plan
        };
        let end = play(plan)
            .await
            .with_context(|| format!("killed after step {step}"))?;
        ensure!(
            end == undisturbed,
            "killed after step {step} it ends otherwise: {end:#?}, not {undisturbed:#?}"
        );
    }
    Ok((steps, killed.len()))
}
