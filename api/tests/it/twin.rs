//! One behaviour on two databases: the same 2,000 random commands, given to an installation on SQLite and to one on PostgreSQL, get the
//! same answers, leave the same things to be seen and the same entries in the log; ids and times apart.

use entities::agent::AgentTier;
use serde_json::{Value, json};
use ziggie::auth::actor::Caller;
use ziggie::graphql::{self, Schema};
use ziggie::service::Settings;

use crate::graphql::request;
use crate::task::ancestry::Kept;
use crate::world::{World, on_postgres};

mod plain;
mod script;

use plain::Plain;
use script::{AGENTS, Command, Script};

const SEED: u64 = 20_261_122;
const COMMANDS: usize = 2_000;

/// An installation that the script is played to.
struct Stage {
    world: World,
    schema: Schema,
    callers: Vec<Caller>,
    /// Tasks in the order in which they were made.
    tasks: Vec<String>,
    /// Assets in the order in which they were registered.
    assets: Vec<String>,
    plain: Plain,
}

impl Stage {
    async fn set(world: World) -> Self {
        let mut callers = vec![world.operator.clone()];
        for (id, tier, supervisor) in AGENTS {
            let tier: AgentTier = tier.parse().unwrap();
            callers.push(world.agent(id, tier, *supervisor).await);
        }
        world.define_drawing().await;
        for (id, _, _) in AGENTS {
            world.make_capable(id, &["DRAW"]).await;
        }
        Self {
            schema: graphql::build(world.service.clone()),
            world,
            callers,
            tasks: Vec::new(),
            assets: Vec::new(),
            plain: Plain::default(),
        }
    }

    async fn ask(&self, caller: &Caller, text: &str, variables: Value) -> Value {
        let response = self.schema.execute(caller, request(text, variables)).await;
        serde_json::to_value(response).unwrap()
    }

    /// Gives a command and returns the answer as it reads on every database.
    async fn play(&mut self, command: &Command) -> Value {
        let variables = self.filled_in(&command.variables);
        let answer = self
            .ask(&self.callers[command.who], command.text, variables)
            .await;
        if let Some(id) = answer.pointer("/data/made/id").and_then(Value::as_str)
            && !self.tasks.iter().any(|known| known == id)
        {
            self.tasks.push(id.to_owned());
        }
        if let Some(id) = answer.pointer("/data/shown/id").and_then(Value::as_str) {
            self.assets.push(id.to_owned());
        }
        self.plain.of(&answer)
    }

    /// Writes the ids of tasks and assets in the place of their numbers.
    fn filled_in(&self, value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let of = |name: &str, ids: &[String], none: &str| {
                    let number = usize::try_from(map.get(name)?.as_u64()?).unwrap();
                    let id = ids.get(number % ids.len().max(1));
                    Some(json!(id.map_or(none, String::as_str)))
                };
                of("task#", &self.tasks, "task_00000000000000000000000000")
                    .or_else(|| of("asset#", &self.assets, "asset_00000000000000000000000000"))
                    .unwrap_or_else(|| {
                        let filled = map.iter();
                        filled
                            .map(|(key, value)| (key.clone(), self.filled_in(value)))
                            .collect()
                    })
            }
            Value::Array(list) => list.iter().map(|value| self.filled_in(value)).collect(),
            other => other.clone(),
        }
    }

    /// Every node of a list, page by page.
    async fn list(&mut self, caller: usize, field: &str, selection: &str) -> Vec<Value> {
        let text = format!(
            "query($after: Cursor) {{ {field}(first: 100, after: $after) {{ nodes {{ {selection} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        );
        let mut after = Value::Null;
        let mut nodes = Vec::new();
        loop {
            let answer = self
                .ask(&self.callers[caller], &text, json!({"after": after}))
                .await;
            let page = &answer["data"][field];
            let found = page["nodes"].as_array();
            let found = found.unwrap_or_else(|| panic!("{answer}")).iter();
            nodes.extend(found.filter(|node| !is_told_aside(node)).cloned());
            if page["pageInfo"]["hasNextPage"] != true {
                return nodes.iter().map(|node| self.plain.of(node)).collect();
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
    }

    /// Everything that there is to be seen, and by whom.
    async fn seen(&mut self) -> Vec<(String, Vec<Value>)> {
        const AGENT: &str =
            "id name tier status statusReason permissions capabilities supervisor { id } config";
        const TASK: &str = "id type { name version } status allowedTransitions priority creator { id } assignee { id } reviewer { id }
            parent { id } metadata input output outputSha256 error reviewFeedback rejectionCount attempt failureCount maxAttempts
            progress waitingFor overdue history(first: 50) { nodes { action metadata } }";
        const TOLD: &str = "kind message task { id status }";
        const ASSET: &str = "id kind mediaType status uri byteSize sha256 metadata task { id } creator { id } reviewer { id } reviewFeedback";
        const ENTRY: &str = "action entityType entityId actor { id } metadata causeId sessionId";
        self.world.service.denials.flush().await;
        self.world.service.feed.settled().await.unwrap();
        let mut seen = vec![
            ("agents".to_owned(), self.list(0, "agents", AGENT).await),
            ("tasks".to_owned(), self.list(0, "tasks", TASK).await),
            ("assets".to_owned(), self.list(0, "assets", ASSET).await),
        ];
        for caller in 1..self.callers.len() {
            let (id, _, _) = AGENTS[caller - 1];
            if self.is_let_in(caller).await {
                seen.push((
                    format!("tasks of {id}"),
                    self.list(caller, "tasks", "id status").await,
                ));
                // Those of one unit are of one moment: their order is that of ids that differ.
                let mut told = self.list(caller, "notifications", TOLD).await;
                told.sort_unstable_by_key(Value::to_string);
                seen.push((format!("notifications of {id}"), told));
                seen.push((
                    format!("assets of {id}"),
                    self.list(caller, "assets", "id status").await,
                ));
            }
        }
        seen.push(("auditLog".to_owned(), self.list(0, "auditLog", ENTRY).await));
        seen
    }

    async fn is_let_in(&self, caller: usize) -> bool {
        let answer = self
            .ask(&self.callers[caller], "{ me { id } }", json!({}))
            .await;
        answer["data"]["me"].is_object()
    }
}

/// Refusals are told off the answer's path and counted by the minute: how many entries there are and where is a matter of time. Keys are
/// random.
fn is_told_aside(node: &Value) -> bool {
    let aside = [
        "ACCESS_DENIED",
        "AUTHENTICATION_FAILED",
        "SYSTEM_ERROR",
        "SIGNING_KEY_ROTATED",
    ];
    aside.iter().any(|action| node["action"] == *action)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_commands_come_to_the_same_on_both_databases() {
    on_postgres(async |world| {
        let mut there = Stage::set(world).await;
        let mut here = Stage::set(World::on_sqlite(Settings::default()).await).await;
        let mut outcomes = std::collections::BTreeMap::<String, usize>::new();
        for (number, command) in Script::new(SEED).take(COMMANDS).enumerate() {
            let (one, other) = (here.play(&command).await, there.play(&command).await);
            assert_eq!(one, other, "command {number}: {command:?}");
            let code = one["errors"][0]["extensions"]["code"].as_str();
            *outcomes.entry(code.unwrap_or("OK").to_owned()).or_default() += 1;
        }
        for (code, least) in [
            ("OK", 500),
            ("INVALID_TRANSITION", 50),
            ("CONFLICT", 10),
            ("FORBIDDEN", 20),
            ("BAD_USER_INPUT", 10),
        ] {
            let times = outcomes.get(code).copied().unwrap_or_default();
            assert!(times >= least, "{code} came {times} times: {outcomes:?}");
        }
        for stage in [&here, &there] {
            let kept = Kept::of(&stage.world).await;
            assert_eq!((kept.missing, kept.surplus), (0, 0), "who is above tasks");
            assert!(kept.rows > 0, "the run hangs tasks below others");
        }
        let (one, other) = (here.seen().await, there.seen().await);
        for ((name, one), (_, other)) in one.iter().zip(&other) {
            assert_eq!(one.len(), other.len(), "{name}");
            for (one, other) in one.iter().zip(other) {
                assert_eq!(one, other, "{name}");
            }
        }
    })
    .await;
}
