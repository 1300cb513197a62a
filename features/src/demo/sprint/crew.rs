//! A simulated agent: begins what it is given, claims what others failed at, says how far it is, sometimes fails.

use std::{
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result};
use gates::client::{Call, Client};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};

use super::director::ask;

const TASK: &str = "id status attempt type { name outputSchema }";

/// One agent and its connection.
pub(super) struct Worker {
    client: Client,
    agent: String,
    random: StdRng,
    /// Whether it takes its time and sometimes fails.
    human: bool,
    over: Arc<AtomicBool>,
}

impl Worker {
    pub(super) fn new(
        client: Client,
        agent: String,
        seed: u64,
        human: bool,
        over: Arc<AtomicBool>,
    ) -> Self {
        Self {
            client,
            agent,
            random: StdRng::seed_from_u64(seed),
            human,
            over,
        }
    }

    /// Works until the sprint is over. A server that is away, or refuses, is asked again.
    pub(super) async fn work(mut self) {
        while !self.over.load(Ordering::Relaxed) {
            let pause = match self.turn().await {
                Ok(true) => continue,
                Ok(false) => 50,
                Err(_) => 100,
            };
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    /// Does one thing; false where there was nothing to do.
    async fn turn(&mut self) -> Result<bool> {
        // What was begun before a crash goes on.
        let filter = json!({ "assigneeId": self.agent, "status": ["ASSIGNED", "IN_PROGRESS"] });
        let own = Call::query("tasks")
            .with("filter", "TaskFilter", filter)
            .with("first", "Int", 1)
            .selecting(format!("nodes {{ {TASK} }}"));
        let own = ask(&self.client, &own).await?;
        if let Some(task) = own["nodes"].get(0) {
            let task = match task["status"].as_str() {
                Some("ASSIGNED") => self.start(task).await?,
                _ => task.clone(),
            };
            return self.finish(&task).await.map(|()| true);
        }
        let claim = Call::mutation("claimTask").selecting(TASK);
        let claimed = ask(&self.client, &claim).await?;
        if claimed.is_null() {
            return Ok(false);
        }
        self.finish(&claimed).await.map(|()| true)
    }

    async fn start(&self, task: &Value) -> Result<Value> {
        let call = Call::mutation("startTask")
            .with("taskId", "ID!", task["id"].clone())
            .selecting(TASK);
        ask(&self.client, &call).await
    }

    async fn finish(&mut self, task: &Value) -> Result<()> {
        if self.human {
            for progress in [30, 60, 90] {
                let pause = self.random.random_range(50..350);
                tokio::time::sleep(Duration::from_millis(pause)).await;
                let call = about("heartbeatTask", task)
                    .with("progress", "Int", progress)
                    .with("message", "String", "at it");
                ask(&self.client, &call).await?;
            }
            // A first attempt fails now and then: mostly so that somebody tries again, seldom for good.
            if task["attempt"] == 1 && self.random.random_range(0..5) == 0 {
                let call = about("failTask", task)
                    .with("error", "String!", "the brush broke")
                    .with("retryable", "Boolean", self.random.random_range(0..3) > 0);
                return ask(&self.client, &call).await.map(drop);
            }
        }
        let output = self.output(task).await?;
        let call = about("completeTask", task).with("output", "JSON", output);
        ask(&self.client, &call).await.map(drop)
    }

    /// What such a task brings forth: the example of its type's schema, with an asset of its own where that names one.
    async fn output(&self, task: &Value) -> Result<Value> {
        let schema = &task["type"]["outputSchema"];
        let example = schema["examples"].get(0).context("a type has an example")?;
        let mut output = example.clone();
        if output.to_string().contains("\"asset_") {
            let name = task["type"]["name"].as_str().unwrap_or_default();
            let input = json!({
                "kind": "TEXT",
                "mediaType": "text/plain",
                "uri": format!("https://studio.example/scout/{name}"),
                "taskId": task["id"],
            });
            let call = Call::mutation("registerAsset")
                .with("input", "RegisterAssetInput!", input)
                .selecting("id");
            let asset = ask(&self.client, &call).await?;
            put_asset(&mut output, &asset["id"]);
        }
        Ok(output)
    }
}

/// Puts an asset in the place of every one that is named.
fn put_asset(value: &mut Value, asset: &Value) {
    match value {
        Value::String(text) if text.starts_with("asset_") => *value = asset.clone(),
        Value::Array(items) => items.iter_mut().for_each(|item| put_asset(item, asset)),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|field| put_asset(field, asset)),
        _ => {}
    }
}

/// A call about an attempt at a task.
fn about(verb: &'static str, task: &Value) -> Call {
    Call::mutation(verb)
        .with("taskId", "ID!", task["id"].clone())
        .with("attempt", "Int", task["attempt"].clone())
        .selecting("id")
}
