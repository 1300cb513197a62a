//! Readers who follow a server that is killed again and again (spec R6.02): each hears everything that it should, once and in order.
//!
//! A round, made from its seed: pairs of agents work, eight readers follow, half of them over WebSocket, half by Server-Sent Events; the
//! process is killed at random moments and started again, and everybody goes on where it was cut off. Then what was acknowledged is
//! looked for, and what each reader heard is compared with the log.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};
use futures::{StreamExt as _, stream};
use gates::client::{Call, Client};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    Counts, check,
    installation::Installation,
    pair::{Pair, Remembered, TASK_TYPE},
    reader::{News, Reader, Subject, Told, Way},
    staff,
};
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
    /// A round for each.
    pub seeds: Range<u64>,
    /// How many pairs of agents work at once.
    pub pairs: usize,
    /// How many rounds run at once.
    pub jobs: usize,
}

/// Who follows what, and how.
const READERS: [(Subject, Way); 8] = [
    (Subject::Tasks, Way::Socket),
    (Subject::Tasks, Way::Events),
    (Subject::Tasks, Way::Socket),
    (Subject::Tasks, Way::Events),
    (Subject::Log, Way::Socket),
    (Subject::Log, Way::Events),
    (Subject::Narrow, Way::Socket),
    (Subject::Narrow, Way::Events),
];

/// Pings come often, so that places are told also to who is cut off soon.
const SETTINGS: &[(&str, &str)] = &[("ZIGGIE_LIMITS_SOCKET_PING", "100ms")];

/// How long readers may take to hear of the last entry.
const PATIENCE: Duration = Duration::from_secs(60);

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
    let mut installation = Installation::found_with(SETTINGS, databases, 1, &[]).await?;
    match play(&mut installation, plan, seed).await {
        Ok(counts) => {
            installation.clear().await?;
            Ok(counts)
        }
        Err(error) => {
            let said = installation.said();
            Err(anyhow!("{error:#}\nits process said:\n{said}"))
        }
    }
}

async fn play(installation: &mut Installation<'_>, plan: &Plan, seed: u64) -> Result<Counts> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut pairs = staff::hire(&installation.operator(0)?, plan.pairs, seed).await?;
    let (door, doors) = watch::channel(Some(installation.operator(0)?));
    let (last, lasts) = watch::channel(None);
    let mut readers = follow(doors, lasts).await?;
    // They began after all of it: by then it was numbered.
    let begun = check::entries(&installation.operator(0)?).await?.len();
    let mut counts = Counts::default();
    for _ in 0..random.random_range(2..=4) {
        let mut at_work = JoinSet::new();
        let client = installation.client(0)?;
        for mut pair in pairs.drain(..) {
            let client = client.clone();
            at_work.spawn(async move { (pair.work_until_cut_off(&client).await, pair) });
        }
        sleep(Duration::from_millis(random.random_range(50..800))).await;
        door.send_replace(None);
        installation.kill(0).await?;
        counts.add("kills", 1);
        if random.random_bool(0.3) {
            let lives = Duration::from_millis(random.random_range(0..300));
            installation.start_in_vain(0, lives).await?;
            counts.add("kills while starting again", 1);
        }
        installation.start(0).await?;
        door.send_replace(Some(installation.operator(0)?));
        let client = installation.client(0)?;
        pairs = joined(at_work, "worked").await?;
        pairs = go_on(pairs, &client).await?;
    }
    let operator = installation.operator(0)?;
    let marker = mark(&operator).await?;
    last.send_replace(Some(marker.id.clone()));
    let finish = async {
        while let Some(joined) = readers.join_next().await {
            let reader: Reader = joined??;
            counts.merge(&reader.counts);
            let heard = u64::try_from(reader.heard.len())?;
            counts.add("events heard", heard);
            compare(&operator, &reader, begun, &marker.id).await?;
        }
        Ok::<_, anyhow::Error>(())
    };
    timeout(PATIENCE, finish)
        .await
        .context("a reader did not hear of the last entry")??;
    let mut remembered = vec![marker];
    for pair in pairs {
        counts.merge(&pair.counts);
        remembered.extend(pair.tasks);
    }
    let entries = check::all(&operator, &remembered).await?;
    counts.add("tasks", u64::try_from(remembered.len())?);
    counts.add("entries", entries);
    Ok(counts)
}

/// Starts the readers and waits until each knows where it stands.
async fn follow(
    door: watch::Receiver<Option<Client>>,
    last: watch::Receiver<Option<String>>,
) -> Result<JoinSet<Result<Reader>>> {
    let (ready, mut readiness) = mpsc::channel(READERS.len());
    let news = News { door, last, ready };
    let mut readers = JoinSet::new();
    for (subject, way) in READERS {
        let (mut reader, news) = (Reader::new(subject, way), news.clone());
        readers.spawn(async move {
            let followed = reader.follow(news).await;
            followed.tell(|| format!("a reader of {subject:?} by {way:?}"))?;
            Ok(reader)
        });
    }
    drop(news);
    let begun = Instant::now();
    for _ in READERS {
        let left = PATIENCE.saturating_sub(begun.elapsed());
        let ready = timeout(left, readiness.recv()).await;
        ready
            .context("a reader was not told where it stands")?
            .context("a reader ended before it began")?;
    }
    Ok(readers)
}

async fn joined(mut at_work: JoinSet<(Result<()>, Pair)>, what: &str) -> Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    while let Some(joined) = at_work.join_next().await {
        let (done, pair) = joined?;
        done.tell(|| format!("{} and {} {what}", pair.director, pair.specialist))?;
        pairs.push(pair);
    }
    Ok(pairs)
}

async fn go_on(pairs: Vec<Pair>, client: &Client) -> Result<Vec<Pair>> {
    let mut going_on = JoinSet::new();
    for mut pair in pairs {
        let client = client.clone();
        going_on.spawn(async move { (pair.go_on(&client, 2).await, pair) });
    }
    joined(going_on, "went on").await
}

/// Makes the task after which nothing comes.
async fn mark(operator: &Client) -> Result<Remembered> {
    let input = json!({ "type": TASK_TYPE, "input": {} });
    let create = Call::mutation("createTask")
        .with("input", "CreateTaskInput!", input)
        .selecting("id");
    let answer = operator.send(&create).await?;
    let id = &expect_success(&answer)?["createTask"]["id"];
    Ok(Remembered {
        id: id.as_str().context("a task has an id")?.to_owned(),
        status: "PENDING",
        actions: vec!["TASK_CREATED"],
    })
}

/// A reader has heard what the log has for it from where it began: everything, once, in order.
async fn compare(operator: &Client, reader: &Reader, begun: usize, last: &str) -> Result<()> {
    let entries = check::entries(operator).await?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let wanted = entries.iter().rev().skip(begun);
    let mut wanted: Vec<Told> = wanted
        .filter(|entry| reader.subject.wants(entry))
        .map(|entry| (text(&entry["action"]), text(&entry["entityId"])))
        .collect();
    let end = wanted.iter().position(|(_, about)| about == last);
    wanted.truncate(end.context("the log has the last task")? + 1);
    let differs = wanted
        .iter()
        .zip(&reader.heard)
        .position(|(wanted, heard)| wanted != heard);
    ensure!(
        differs.is_none() && wanted.len() == reader.heard.len(),
        "a reader of {:?} by {:?} heard {} of {} events, and at {:?}: {:?} instead of {:?}",
        reader.subject,
        reader.way,
        reader.heard.len(),
        wanted.len(),
        differs,
        differs.and_then(|place| reader.heard.get(place)),
        differs.and_then(|place| wanted.get(place)),
    );
    Ok(())
}
