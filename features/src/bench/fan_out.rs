//! How long an event takes from its entry to those who listen, and what one who listens costs while nothing happens.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use chrono::{DateTime, Utc};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use gates::client::{Call, Client, Message, Socket};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use super::{Latencies, usage};
use crate::{
    database::{Choice, Databases},
    soak::{installation::Installation, staff},
};

/// All who listen are the same agent.
const SETTINGS: [(&str, &str); 3] = [
    ("ZIGGIE_LIMITS_MAX_SOCKETS", "20000"),
    ("ZIGGIE_LIMITS_MAX_AGENT_SOCKETS", "20000"),
    ("ZIGGIE_LIMITS_MAX_AGENT_SUBSCRIPTIONS", "20000"),
];

/// How many connect at once.
const CONNECTING: usize = 32;

/// How long all may take to hear of one event.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was measured with so many subscribers, each with a socket of its own.
#[derive(Clone, Debug)]
pub struct Measure {
    subscribers: usize,
    events: usize,
    /// From the moment that the entry names, which lies before its commit, to each subscriber.
    latencies: Latencies,
    /// The same, to the last of them.
    last: Latencies,
    /// What each holds of the server's memory, in bytes.
    memory_each: u64,
    /// CPU of the server and of this process for each event that was delivered.
    server: Duration,
    driver: Duration,
}

impl Measure {
    /// As a JSON object.
    #[must_use]
    pub fn json(&mut self) -> Value {
        json!({
            "subscribers": self.subscribers,
            "events": self.events,
            "toEach": self.latencies.json(),
            "toTheLast": self.last.json(),
            "kibibytesPerIdleSubscriber": self.memory_each / 1_024,
            "serverCpuMicrosecondsPerDelivery": self.server.as_micros(),
            "driverCpuMicrosecondsPerDelivery": self.driver.as_micros(),
        })
    }
}

impl std::fmt::Display for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut latencies = self.latencies.clone();
        write!(
            f,
            "{} subscribers: median {:?}, p99 {:?}, of {}; {} KiB each; {:?} of CPU for each delivery",
            self.subscribers,
            latencies.at_most(500),
            latencies.at_most(990),
            latencies.count(),
            self.memory_each / 1_024,
            self.server,
        )
    }
}

/// Lets so many listen to the tasks of a director, who creates one after the other: the next when all have heard of the last.
///
/// # Errors
/// When a subscriber misses an event or hears one twice, and when the server does not work.
pub async fn run(database: Choice, subscribers: usize, events: usize) -> Result<Measure> {
    let databases = Databases::prepare(database).await?;
    let installation = Installation::found_with(&SETTINGS, &databases, 1, &[]).await?;
    let pairs = staff::hire(&installation.operator(0)?, 1, 0).await?;
    let director = pairs.first().context("a pair")?;
    let client = installation
        .client(0)?
        .with_token(director.director_token());
    let process = installation.process_id(0)?;
    // Caches are warm, and the first subscriber has made what all share.
    staff::create_task(&client, Some("warm")).await?;
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut listening = JoinSet::new();
    listen(&client, &tell, &mut listening, 1).await?;
    let before = usage::memory(process)?;
    listen(&client, &tell, &mut listening, subscribers - 1).await?;
    let held = usage::memory(process)?.saturating_sub(before);

    let mut measure = Measure {
        subscribers,
        events,
        latencies: Latencies::default(),
        last: Latencies::default(),
        memory_each: held / (subscribers as u64 - 1).max(1),
        server: Duration::ZERO,
        driver: Duration::ZERO,
    };
    let own = std::process::id();
    let (server, driver) = (usage::cpu(process)?, usage::cpu(own)?);
    for number in 0..events {
        let task = staff::create_task(&client, Some(&number.to_string())).await?;
        let heard = async {
            let mut last = Duration::ZERO;
            for _ in 0..subscribers {
                let Heard {
                    subscriber,
                    task: of,
                    after,
                } = told.recv().await.context("nobody listens any more")?;
                ensure!(
                    of == task,
                    "subscriber {subscriber} heard of {of} instead of {task}"
                );
                last = after.max(last);
                measure.latencies.add(after);
            }
            Ok(last)
        };
        let last = tokio::select! {
            last = timeout(PATIENCE, heard) => last.context("not all heard of it")??,
            ended = listening.join_next() => bail!("one does not listen any more: {ended:?}"),
        };
        measure.last.add(last);
    }
    let deliveries = u32::try_from(subscribers * events)?;
    measure.server = (usage::cpu(process)? - server) / deliveries;
    measure.driver = (usage::cpu(own)? - driver) / deliveries;
    ensure!(told.is_empty(), "somebody heard of something twice");
    listening.shutdown().await;
    installation.clear().await?;
    databases.finish().await?;
    Ok(measure)
}

/// What a subscriber heard.
struct Heard {
    subscriber: usize,
    task: String,
    /// How long after the entry.
    after: Duration,
}

/// Subscribes so many more, and waits until the server has taken in each of them.
async fn listen(
    client: &Client,
    tell: &mpsc::UnboundedSender<Heard>,
    listening: &mut JoinSet<Result<()>>,
    more: usize,
) -> Result<()> {
    let sockets: Vec<Socket> = stream::iter(0..more)
        .map(|_| async {
            let mut socket = client.connect().await?;
            let call = Call::subscription("taskUpdates").selecting("at task { id }");
            socket.subscribe(&call).await?;
            socket.settle().await?;
            anyhow::Ok(socket)
        })
        .buffer_unordered(CONNECTING)
        .try_collect()
        .await?;
    for socket in sockets {
        let (subscriber, tell) = (listening.len(), tell.clone());
        listening.spawn(follow(subscriber, socket, tell));
    }
    Ok(())
}

async fn follow(
    subscriber: usize,
    mut socket: Socket,
    tell: mpsc::UnboundedSender<Heard>,
) -> Result<()> {
    loop {
        match socket.next_within(Duration::from_secs(3_600)).await? {
            Message::Next { data, .. } => {
                #[expect(clippy::disallowed_methods, reason = "a subscriber has no other clock")]
                let now = Utc::now();
                let event = &data["taskUpdates"];
                let at = event["at"].as_str().context("when")?;
                let at = DateTime::parse_from_rfc3339(at)?;
                let task = event["task"]["id"]
                    .as_str()
                    .context("of which task")?
                    .into();
                // One clock: all run on this machine.
                let after = (now - at.to_utc()).to_std().unwrap_or_default();
                let heard = Heard {
                    subscriber,
                    task,
                    after,
                };
                if tell.send(heard).is_err() {
                    return Ok(());
                }
            }
            other => bail!("{other:?}"),
        }
    }
}
