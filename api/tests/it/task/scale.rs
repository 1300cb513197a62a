//! What the engine asks the database of is found by an index, however many tasks there are (spec R3.06 to R3.08): the plans of everything that
//! claiming, heartbeats and the sweeps ask, on every database at hand.
//!
//! `cargo xtask bench --scale` does it with a million ended tasks and a hundred thousand to be had, measures what a claim takes among them and
//! among a hundredth as many, and keeps the plans.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use entities::agent::AgentTier;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::{Value, json};
use tokio::sync::watch;
use ziggie::auth::actor::Caller;
use ziggie::service::task::{self, Claim, Heartbeat};
use ziggie::service::{Service, Settings, task_type};
use ziggie::store::Database;
use ziggie::store::fault::{Fault, Kind};

use self::plan::Plan;
use crate::world::{World, anything_goes, on_empty_postgres};

mod plan;

/// How many ended tasks there are: `cargo xtask bench --scale` asks for more.
const ENDED: &str = "ZIGGIE_TEST_SCALE_ENDED";
/// Where the full run writes what it found.
const RESULTS: &str = "ZIGGIE_TEST_SCALE_RESULTS";

const TYPE: &str = "SCALE";

/// For each ended task so many are to be had.
const PENDING_EACH: f64 = 0.1;

/// How many claims are measured in each block, and how many blocks of each size.
const BLOCK: usize = 50;
const BLOCKS: usize = 10;

/// How many times as long a claim may take among a hundred times as many tasks (issue 4, "shown by"; spec R3.06).
const LIMIT: f64 = 1.3;

/// An installation full of tasks.
struct Crowd {
    world: World,
    back_door: DatabaseConnection,
    worker: Caller,
}

impl Crowd {
    async fn gather(world: World, ended: u32) -> Self {
        let leased = task_type::Define {
            lease_seconds: 3_600,
            ..anything_goes(TYPE)
        };
        world.define(leased).await;
        let director = world.agent("L1-SCALE-001", AgentTier::L1, None).await;
        let lead = Some("L1-SCALE-001");
        world.agent("L2-SCALE-001", AgentTier::L2, lead).await;
        let lead = Some("L2-SCALE-001");
        world.agent("L3-SCALE-001", AgentTier::L3, lead).await;
        world.make_capable("L3-SCALE-001", &[TYPE]).await;
        let worker = world.agent_anew("L3-SCALE-001").await;
        let crowd = Self {
            back_door: world.back_door().await,
            world,
            worker,
        };
        crowd.create(&director).await;
        let begun = crowd.claim().await;
        // Some are being done, so that there is something to sweep over.
        crowd.multiply(&begun, ended / 10_000 + 10).await;
        crowd.complete(&begun).await;
        crowd.multiply(&begun, ended).await;
        let pending = crowd.create(&director).await;
        let count = (f64::from(ended) * PENDING_EACH) as u32;
        crowd.multiply(&pending, count).await;
        let analyze = "ANALYZE";
        crowd.back_door.execute_unprepared(analyze).await.unwrap();
        crowd
    }

    fn service(&self) -> &Service {
        &self.world.service
    }

    async fn create(&self, director: &Caller) -> entities::task::Model {
        let create = task::Create {
            type_name: TYPE.to_owned(),
            ..super::drawing()
        };
        task::create(self.service(), director, create)
            .await
            .unwrap()
    }

    async fn claim(&self) -> entities::task::Model {
        let claim = Claim {
            types: None,
            wait: Duration::ZERO,
            ..Claim::default()
        };
        let claimed = task::claim(self.service(), &self.worker, claim).await;
        claimed.unwrap().expect("there is something to be had")
    }

    async fn complete(&self, task: &entities::task::Model) {
        let id = task.id.to_string();
        let output = Some(json!({}));
        task::complete(
            self.service(),
            &self.worker,
            &id,
            Some(task.attempt),
            output,
        )
        .await
        .unwrap();
    }

    async fn beat(&self, task: &entities::task::Model, progress: Option<i32>) {
        let heartbeat = Heartbeat {
            attempt: Some(task.attempt),
            progress,
            message: None,
        };
        task::heartbeat(
            self.service(),
            &self.worker,
            &task.id.to_string(),
            heartbeat,
        )
        .await
        .unwrap();
    }

    /// So many tasks more that are like this one but for their ids, past every door.
    async fn multiply(&self, task: &entities::task::Model, count: u32) {
        let backend = self.back_door.get_database_backend();
        let uuid = task.id.uuid();
        let (columns, numbers, new, this) = match backend {
            DbBackend::Sqlite => (
                "SELECT name FROM pragma_table_info('tasks')".to_owned(),
                format!("WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"),
                "randomblob(16)",
                format!("X'{}'", uuid.simple()),
            ),
            _ => (
                "SELECT column_name::text AS name FROM information_schema.columns WHERE table_name = 'tasks'".to_owned(),
                format!("WITH numbers AS (SELECT generate_series(1, {count}) AS n)"),
                "gen_random_uuid()",
                format!("'{uuid}'"),
            ),
        };
        let columns = self
            .back_door
            .query_all_raw(Statement::from_string(backend, columns))
            .await
            .unwrap();
        let columns: Vec<String> = columns
            .iter()
            .map(|row| row.try_get("", "name").unwrap())
            .collect();
        let values: Vec<&str> = columns
            .iter()
            .map(|column| if column == "id" { new } else { column })
            .collect();
        let sql = format!(
            "{numbers} INSERT INTO tasks ({}) SELECT {} FROM tasks, numbers WHERE tasks.id = {this}",
            columns.join(", "),
            values.join(", ")
        );
        // SQLite takes WITH before SELECT only.
        let sql = match backend {
            DbBackend::Sqlite => {
                let (_, insert) = sql.split_once(" INSERT").unwrap();
                let (into, select) = insert.split_once(" SELECT ").unwrap();
                format!("INSERT{into} {numbers} SELECT {select}")
            }
            _ => sql,
        };
        self.back_door.execute_unprepared(&sql).await.unwrap();
    }

    /// Everything that is asked of the database, by what asks it, with the plan of each.
    async fn plans(&self) -> BTreeMap<&'static str, Vec<Plan>> {
        let mut plans = BTreeMap::new();
        let task = self.claim().await;
        plans.insert("claim", self.plans_of(self.claim()).await);
        plans.insert("heartbeat", self.plans_of(self.beat(&task, None)).await);
        let progress = self.beat(&task, Some(50));
        plans.insert("heartbeat with progress", self.plans_of(progress).await);
        plans.insert("complete", self.plans_of(self.complete(&task)).await);
        let service = self.service();
        plans.insert("sweep of leases", self.plans_of_leases().await);
        let deadlines = async {
            task::cancel_overdue(service).await.unwrap();
            task::complete_abandoned(service).await.unwrap();
        };
        plans.insert("sweep of deadlines", self.plans_of(deadlines).await);
        plans.insert("look for those who wait", self.plans_of_looking().await);
        plans
    }

    async fn plans_of_leases(&self) -> Vec<Plan> {
        let sweep = async {
            task::expire_leases(self.service()).await.unwrap();
            task::stop_losers(self.service()).await.unwrap();
        };
        self.plans_of(sweep).await
    }

    async fn plans_of<T>(&self, work: impl Future<Output = T>) -> Vec<Plan> {
        let witness = Fault::new(Kind::NotMade, usize::MAX);
        witness.befall(work).await;
        self.explain(&witness).await
    }

    /// What is asked twice a second while somebody waits for a task of a kind of which there is none.
    async fn plans_of_looking(&self) -> Vec<Plan> {
        let witness = Fault::new(Kind::NotMade, usize::MAX);
        let (shut, down) = watch::channel(false);
        let looked = |statement: &Statement| statement.sql.contains("claimable_at");
        let looks = async {
            self.world.define(anything_goes("RARE")).await;
            self.world
                .make_capable("L3-SCALE-001", &[TYPE, "RARE"])
                .await;
            let waiter = self.world.agent_anew("L3-SCALE-001").await;
            let claim = Claim {
                types: Some(vec!["RARE".to_owned()]),
                wait: Duration::from_secs(20),
                ..Claim::default()
            };
            tokio::select! {
                _ = task::claim(self.service(), &waiter, claim) => panic!("nothing came"),
                () = async {
                    while !witness.statements().iter().any(looked) {
                        tokio::task::yield_now().await;
                    }
                } => shut.send_replace(true),
            }
        };
        let served = witness.befall(task::serve_claimers(self.service().clone(), down));
        tokio::join!(served, looks);
        self.explain(&witness).await
    }

    async fn explain(&self, witness: &Fault) -> Vec<Plan> {
        let mut plans = Vec::new();
        for statement in witness.statements() {
            let about_tasks = statement.sql.contains("tasks");
            let is_plain = ["SELECT", "UPDATE"]
                .iter()
                .any(|verb| statement.sql.starts_with(verb));
            if about_tasks && is_plain {
                plans.push(Plan::of(&self.back_door, statement).await);
            }
        }
        assert!(!plans.is_empty(), "nothing was asked");
        plans
    }
}

/// What a claim takes, in microseconds: the median of each size, blocks of both by turns.
async fn medians(crowds: [&Crowd; 2]) -> [f64; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..BLOCKS {
        for (crowd, times) in crowds.iter().zip(&mut times) {
            for _ in 0..BLOCK {
                let begun = Instant::now();
                let task = crowd.claim().await;
                times.push(begun.elapsed());
                crowd.complete(&task).await;
            }
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e6
    })
}

#[allow(clippy::disallowed_methods, reason = "how large the run is to be")]
fn asked(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Two installations, of which the second has a hundred times as many tasks where the full run is made.
async fn judge(database: &str, worlds: [World; 2], found: &mut BTreeMap<String, Value>) {
    let full: Option<u32> = asked(ENDED).map(|count| count.parse().unwrap());
    let ended = full.unwrap_or(20_000);
    let [small, large] = worlds;
    let large = Box::pin(Crowd::gather(large, ended)).await;
    let plans = Box::pin(large.plans()).await;
    for (asks, plans) in &plans {
        for plan in plans {
            assert!(
                !plan.reads_all(),
                "{database}: {asks} reads all tasks: {}\n{}",
                plan.sql,
                plan.steps.join("\n")
            );
        }
    }
    if full.is_none() {
        // That it would be noticed: without its index the sweep reads them all.
        let drop_it = "DROP INDEX tasks_leased";
        large.back_door.execute_unprepared(drop_it).await.unwrap();
        assert!(large.plans_of_leases().await.iter().any(Plan::reads_all));
        return;
    }
    let small = Box::pin(Crowd::gather(small, ended / 100)).await;
    let [of_small, of_large] = medians([&small, &large]).await;
    let ratio = of_large / of_small;
    let plans: BTreeMap<_, Value> = plans
        .iter()
        .map(|(asks, plans)| {
            let each = plans.iter();
            let told = each.map(|plan| json!({ "sql": plan.sql, "plan": plan.steps }));
            (*asks, told.collect())
        })
        .collect();
    let told = json!({
        "ended": ended,
        "pending": f64::from(ended) * PENDING_EACH,
        "claimMedianMicroseconds": { "amongAHundredth": of_small, "amongAll": of_large, "ratio": ratio, "limit": LIMIT },
        "plans": plans,
    });
    println!(
        "{database}: among {ended} ended tasks a claim takes {of_large:.0} us, among a hundredth {of_small:.0} us: {ratio:.2}"
    );
    found.insert(database.to_owned(), told);
    assert!(
        ratio <= LIMIT,
        "{database}: a claim takes {ratio} times as long"
    );
}

/// What this runs on.
fn processor() -> Option<String> {
    let all = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = all.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(": ")?.1.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_engine_asks_is_found_by_an_index() {
    let mut found = BTreeMap::new();
    let worlds = [
        World::on_sqlite(Settings::default()).await,
        World::on_sqlite(Settings::default()).await,
    ];
    // Such futures are large, and the stack of a test is small.
    Box::pin(judge("sqlite", worlds, &mut found)).await;
    let found = tokio::sync::Mutex::new(found);
    on_empty_postgres(async |one| {
        on_empty_postgres(async |other| {
            let open = async |url: &str| {
                let database = Database::Postgres {
                    url: url.to_owned(),
                    max_connections: 10,
                };
                World::open(database, Settings::default(), None).await
            };
            let worlds = [open(one).await, open(other).await];
            let mut found = found.lock().await;
            Box::pin(judge("postgres", worlds, &mut found)).await;
        })
        .await;
    })
    .await;
    if let Some(path) = asked(RESULTS) {
        let told = json!({
            "run": "scale",
            "found": *found.lock().await,
            "machine": { "cores": std::thread::available_parallelism().unwrap(), "cpu": processor() },
        });
        let text = serde_json::to_string_pretty(&told).unwrap();
        std::fs::write(path, text + "\n").unwrap();
    }
}
