//! `kill -9` at random moments under load (spec R10.01: any process may die at any moment and nothing acknowledged is lost).
//!
//! A round, made from its seed: an installation is founded, sometimes after starts that were cut off, pairs of agents work, one process is killed. Alone it is started
//! again, and sometimes killed once more while it starts; beside another the pairs turn to that one. Each pair sends the call
//! again whose answer it never got, and works on. Then rows, histories and log are compared with what was acknowledged.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow, ensure};
use futures::{StreamExt as _, stream};
use gates::client::{Call, Client};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::json;
use tokio::{task::JoinSet, time::sleep};

use super::{Counts, check, installation::Installation, pair::Remembered, staff};
use crate::{
    database::{Choice, Databases},
    tell::Tell as _,
    world::expect_success,
};

/// What a run is about.
#[derive(Clone, Debug)]
pub struct Plan {
    /// On which database.
    pub database: Choice,
    /// How many processes serve it; one of them is killed.
    pub replicas: usize,
    /// A round for each.
    pub seeds: Range<u64>,
    /// How many pairs of agents work at once.
    pub pairs: usize,
    /// How many rounds run at once.
    pub jobs: usize,
}

/// Runs the rounds.
///
/// # Errors
/// Where there is no database, and when a round went wrong: with its seed.
pub async fn run(plan: &Plan) -> Result<Counts> {
    let databases = Databases::prepare(plan.database).await?;
    let mut counts = Counts::default();
    {
        let rounds = stream::iter(plan.seeds.clone()).map(|seed| {
            let databases = &databases;
            async move {
                round(databases, plan, seed)
                    .await
                    .tell(|| format!("seed {seed} on {}", plan.database))
            }
        });
        let mut rounds = rounds.buffer_unordered(plan.jobs);
        while let Some(counted) = rounds.next().await {
            counts.merge(&counted?);
        }
    }
    databases.finish().await?;
    Ok(counts)
}

async fn round(databases: &Databases, plan: &Plan, seed: u64) -> Result<Counts> {
    let mut random = StdRng::seed_from_u64(seed);
    let in_vain = starts_in_vain(&mut random);
    let mut installation = Installation::found(databases, plan.replicas, &in_vain).await?;
    match play(&mut installation, plan, seed, &mut random).await {
        Ok(mut counts) => {
            counts.add("kills while starting first", u64::try_from(in_vain.len())?);
            installation.clear().await?;
            Ok(counts)
        }
        Err(error) => {
            let said = installation.said();
            Err(anyhow!("{error:#}\nits processes said:\n{said}"))
        }
    }
}

/// Of the seeds with replicas, each of so many freezes a process in the place of killing it: its connections stay open, and what it
/// has locked stays locked until the database ends its transactions.
const FREEZE_EVERY: u64 = 10;

/// How long an answer is waited for that may never come.
const GIVES_UP: Duration = Duration::from_secs(3);

/// How long the survivor may take to number what is written.
const PATIENCE: Duration = Duration::from_secs(30);

/// Writes an entry and waits until it has its number: how long that took.
async fn takeover(operator: &Client) -> Result<Duration> {
    let agent = json!({ "id": "L1-TAKEOVER", "name": "takeover", "tier": "L1" });
    let register = Call::mutation("registerAgent")
        .with("input", "RegisterAgentInput!", agent)
        .selecting("agent { id }");
    expect_success(&operator.send(&register).await?)?;
    let begun = Instant::now();
    let look = Call::query("auditLog")
        .with(
            "filter",
            "AuditFilter",
            json!({ "entityId": "L1-TAKEOVER" }),
        )
        .selecting("nodes { sequence }");
    loop {
        let answer = operator.send(&look).await?;
        let nodes = &expect_success(&answer)?["auditLog"]["nodes"];
        if nodes[0]["sequence"].is_string() {
            return Ok(begun.elapsed());
        }
        ensure!(begun.elapsed() < PATIENCE, "nobody numbers what is written");
        sleep(Duration::from_millis(5)).await;
    }
}

/// How long each process lives that is killed before it serves: mostly there is none.
fn starts_in_vain(random: &mut StdRng) -> Vec<Duration> {
    let mut lives = Vec::new();
    while random.random_bool(0.3) {
        lives.push(Duration::from_millis(random.random_range(0..300)));
    }
    lives
}

async fn play(
    installation: &mut Installation<'_>,
    plan: &Plan,
    seed: u64,
    random: &mut StdRng,
) -> Result<Counts> {
    let pairs = staff::hire(&installation.operator(0)?, plan.pairs, seed).await?;
    let victim = random.random_range(0..plan.replicas);
    let mut at_work = JoinSet::new();
    for (number, mut pair) in pairs.into_iter().enumerate() {
        let place = number % plan.replicas;
        let door = installation.client(place)?;
        if place == victim {
            // A process that is frozen keeps its connections: whoever waits there gives up some time.
            let door = door.with_patience(GIVES_UP);
            at_work.spawn(async move { (pair.work_until_cut_off(&door).await, pair) });
        } else {
            // Whom the death does not concern goes on meanwhile.
            at_work.spawn(async move { (pair.go_on(&door, 40).await, pair) });
        }
    }
    sleep(Duration::from_millis(random.random_range(10..500))).await;
    let mut counts = Counts::default();
    let freezes = plan.replicas > 1 && seed.is_multiple_of(FREEZE_EVERY);
    if freezes {
        installation.freeze(victim)?;
        counts.add("freezes", 1);
    } else {
        installation.kill(victim).await?;
        counts.add("kills", 1);
    }
    let survivor = if plan.replicas > 1 {
        let survivor = (victim + 1) % plan.replicas;
        let took = takeover(&installation.operator(survivor)?).await?;
        let kind = if freezes {
            "slowest takeover after a freeze, ms"
        } else {
            "slowest takeover after a kill, ms"
        };
        counts.highest(kind, u64::try_from(took.as_millis())?);
        survivor
    } else {
        for lives in starts_in_vain(random) {
            installation.start_in_vain(victim, lives).await?;
            counts.add("kills while starting again", 1);
        }
        installation.start(victim).await?;
        victim
    };
    let door = installation.client(survivor)?;
    let mut going_on = JoinSet::new();
    while let Some(joined) = at_work.join_next().await {
        let (worked, mut pair) = joined?;
        worked.tell(|| format!("{} and {} worked", pair.director, pair.specialist))?;
        let door = door.clone();
        going_on.spawn(async move { (pair.go_on(&door, 5).await, pair) });
    }
    let mut remembered: Vec<Remembered> = Vec::new();
    while let Some(joined) = going_on.join_next().await {
        let (went_on, pair) = joined?;
        went_on.tell(|| format!("{} and {} went on", pair.director, pair.specialist))?;
        remembered.extend(pair.tasks);
        counts.merge(&pair.counts);
    }
    ensure!(!remembered.is_empty(), "nothing was done before the kill");
    let entries = check::all(&installation.operator(survivor)?, &remembered).await?;
    counts.add("tasks", u64::try_from(remembered.len())?);
    counts.add("entries", entries);
    Ok(counts)
}
