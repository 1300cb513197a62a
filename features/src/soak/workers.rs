//! Workers that die, sleep and come late (spec R3.06 to R3.08, R10.01): each a process of its own, `api/examples/worker.rs` as it stands there,
//! killed, paused and stopped at random while the servers beneath them are killed too.
//!
//! Directors make tasks, of which some take longer than a lease and some cannot be done. Whatever happens to whom, each is done once or fails for
//! a reason that is recorded; in the log nobody holds what another holds; and what the workers said of their answers is what the log has.

use std::{ops::Range, time::Duration};

use anyhow::{Context as _, Result, anyhow, ensure};
use futures::future::try_join_all;
use gates::client::Call;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

use self::{book::Book, doors::Doors, slot::Slot};
use super::{Counts, installation::Installation};
use crate::{
    database::{Choice, Databases},
    process,
    world::registration,
};

mod book;
mod doors;
mod pictures;
mod slot;

/// What a run is about.
#[derive(Clone, Debug)]
pub struct Plan {
    /// On which database.
    pub database: Choice,
    /// How many servers there are; one at a time is killed and started again.
    pub replicas: usize,
    /// How many workers there are.
    pub workers: usize,
    /// How many tasks there are.
    pub tasks: usize,
    /// What every choice is made from.
    pub seed: u64,
    /// How long a worker is left in peace, in milliseconds.
    pub peace: Range<u64>,
    /// How long the servers are left in peace, in milliseconds.
    pub servers_peace: Range<u64>,
}

/// What the example worker does.
const TASK_TYPE: &str = "VALIDATE_RESOLUTION";
const DIRECTOR: &str = "L1-SOAK-001";
const LEAD: &str = "L2-SOAK-001";

/// How long a task is leased.
const LEASE: Duration = Duration::from_secs(2);
/// How often a task may fail before it has failed for good.
const MAX_ATTEMPTS: u64 = 4;
/// How many tasks are made at once.
const MAKERS: usize = 16;
/// How long nothing at all may end before the run is stuck.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a server that was killed stays away, in milliseconds: mostly longer than a lease.
const AWAY: Range<u64> = 500..6_000;

/// Runs it.
///
/// # Errors
/// Where there is no database, and when anything was done twice, not at all, or out of order.
pub async fn run(plan: &Plan) -> Result<Counts> {
    let databases = Databases::prepare(plan.database).await?;
    let mut installation = Installation::found_lasting(&databases, plan.replicas).await?;
    let counts = match play(&mut installation, plan).await {
        Ok(counts) => counts,
        Err(error) => {
            let said = installation.said();
            return Err(anyhow!("{error:#}\nits processes said:\n{said}"));
        }
    };
    installation.clear().await?;
    databases.finish().await?;
    Ok(counts)
}

async fn play(installation: &mut Installation<'_>, plan: &Plan) -> Result<Counts> {
    let pictures = pictures::serve(2 * LEASE).await?;
    let clients = (0..plan.replicas).map(|number| installation.operator(number));
    let operator = Doors::new(clients.collect::<Result<_>>()?);
    let secrets = hire(&operator, plan.workers).await?;
    let director = operator.issue(DIRECTOR).await?;
    // Whoever holds the other end knows that it is over when this one is gone.
    let (running, over) = watch::channel(());
    let mut slots = JoinSet::new();
    for (number, (agent, secret)) in (0_u64..).zip(secrets) {
        let place = usize::try_from(number)? % plan.replicas;
        let slot = Slot {
            agent,
            secret,
            server: installation.address(place)?.to_owned(),
            operator: operator.clone(),
            peace: plan.peace.clone(),
            random: StdRng::seed_from_u64(plan.seed * 1_000 + number),
            counts: Counts::default(),
            said: Vec::new(),
        };
        slots.spawn(slot.live(over.clone()));
    }
    let tasks = plan.tasks;
    let watcher = operator.clone();
    let work = tokio::spawn(async move {
        let ids = make(&director, &pictures, tasks).await;
        let ids = match ids {
            Ok(ids) => ended(&watcher, tasks).await.map(|()| ids),
            Err(error) => Err(error),
        };
        drop(running);
        ids
    });
    let mut counts = disturb(installation, plan, over).await?;
    let ids = work.await??;
    let mut book = Book::open(&operator, &ids).await?;
    while let Some(slot) = slots.join_next().await {
        let slot = slot??;
        book.hear(&slot.agent, &slot.said)?;
        counts.merge(&slot.counts);
    }
    counts.merge(&book.close(&operator, MAX_ATTEMPTS).await?);
    ensure!(
        counts.get("workers turned away") <= counts.get("agents set in ERROR"),
        "workers were turned away whose agents had lost no leases: {counts}"
    );
    verify(installation).await?;
    Ok(counts)
}

/// Registers everybody and defines what they do; gives the workers' secrets.
async fn hire(operator: &Doors, workers: usize) -> Result<Vec<(String, String)>> {
    let definition = json!({
        "name": TASK_TYPE,
        "inputSchema": {},
        "outputSchema": {},
        "leaseSeconds": LEASE.as_secs(),
        "maxAttempts": MAX_ATTEMPTS,
        "backoffSeconds": 1,
    });
    let define = Call::mutation("defineTaskType")
        .with("input", "DefineTaskTypeInput!", definition)
        .selecting("version");
    operator.insist(&define).await?;
    let mut lines = vec![
        registration(DIRECTOR, "Director", None),
        registration(LEAD, "Lead", Some(DIRECTOR)),
    ];
    lines.extend((0..workers).map(|number| {
        let name = format!("L3-SOAK-{number:03}");
        let mut line = registration(&name, "Worker", Some(LEAD));
        line["capabilities"] = json!([TASK_TYPE]);
        line
    }));
    let register = Call::mutation("registerAgents")
        .with("input", "[RegisterAgentInput!]!", lines)
        .selecting("agent { id } secret");
    let hired = operator.insist(&register).await?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let all = hired.as_array().context("a list of agents")?.iter();
    all.skip(2)
        .map(|one| text(&one["agent"]["id"]).zip(text(&one["secret"])))
        .collect::<Option<_>>()
        .context("each has an id and a secret")
}

/// Makes the tasks, several at once, each with a key of its own: one that was not answered is sent again. Gives their ids.
async fn make(director: &Doors, pictures: &str, tasks: usize) -> Result<Vec<String>> {
    let maker = async |first: usize| {
        let mut ids = Vec::new();
        for number in (first..tasks).step_by(MAKERS) {
            let assets = match number % 20 {
                7 => json!([{ "uri": format!("{pictures}/absent"), "width": 1, "height": 1 }]),
                13 => json!([{ "uri": format!("{pictures}/slow"), "width": 1, "height": 1 }]),
                _ => json!([]),
            };
            let input = json!({
                "type": TASK_TYPE,
                "input": { "assets": assets },
                "idempotencyKey": format!("task-{number}"),
            });
            let create = Call::mutation("createTask")
                .with("input", "CreateTaskInput!", input)
                .selecting("id");
            let made = director.insist(&create).await?;
            ids.push(made["id"].as_str().context("a task has an id")?.to_owned());
        }
        anyhow::Ok(ids)
    };
    Ok(try_join_all((0..MAKERS.min(tasks)).map(maker))
        .await?
        .concat())
}

/// Waits until every task has come to its end: none is open, and none that failed is to be tried again.
async fn ended(operator: &Doors, tasks: usize) -> Result<()> {
    let mut last = (0, Instant::now());
    loop {
        let completed = count(operator, &["COMPLETED"]).await?;
        let failed = count(operator, &["FAILED"]).await?;
        if completed + failed == tasks && book::is_final(operator).await? {
            return Ok(());
        }
        if completed + failed != last.0 {
            last = (completed + failed, Instant::now());
        }
        ensure!(
            last.1.elapsed() < PATIENCE,
            "of {tasks} tasks {completed} were completed, {failed} have failed, and nothing moves"
        );
        sleep(Duration::from_secs(1)).await;
    }
}

async fn count(operator: &Doors, status: &[&str]) -> Result<usize> {
    let call = Call::query("tasks")
        .with("first", "Int", 1)
        .with("filter", "TaskFilter", json!({ "status": status }))
        .selecting("totalCount");
    let found = operator.insist(&call).await?;
    let count = found["totalCount"].as_u64().context("a count")?;
    Ok(usize::try_from(count)?)
}

/// Kills a server now and then, and starts it again a while later, until it is over.
async fn disturb(
    installation: &mut Installation<'_>,
    plan: &Plan,
    mut over: watch::Receiver<()>,
) -> Result<Counts> {
    let mut random = StdRng::seed_from_u64(plan.seed);
    let mut counts = Counts::default();
    loop {
        let peace = Duration::from_millis(random.random_range(plan.servers_peace.clone()));
        tokio::select! {
            () = sleep(peace) => {}
            _ = over.changed() => return Ok(counts),
        }
        let victim = random.random_range(0..plan.replicas);
        installation.kill(victim).await?;
        counts.add("servers killed", 1);
        sleep(Duration::from_millis(random.random_range(AWAY))).await;
        installation.start(victim).await?;
    }
}

/// Asks the verifier whether the log holds, and whether every row is what folding its entries gives.
async fn verify(installation: &Installation<'_>) -> Result<()> {
    let directory = installation.data_dir(0)?.to_string_lossy().into_owned();
    let mut arguments = vec!["audit", "verify", "--data-dir", &directory];
    if let Some(url) = installation.url() {
        arguments.extend(["--database-url", url]);
    }
    let verified = process::run(&arguments).await?;
    ensure!(
        verified.status.success(),
        "the log does not hold:\n{}",
        verified.said
    );
    Ok(())
}
