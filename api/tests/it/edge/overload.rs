//! More work than there are places for: what is new is turned away at once, what is under way goes on (spec R10.05).

use std::time::Duration;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{Edge, ask_at, header};

const ME: &str = "{ me { id } }";

/// One place for all, one more for work under way, and no queue.
async fn narrow() -> Edge {
    Edge::start_with(|config| {
        config.founding = true;
        config.limits.max_operations = 1;
        config.limits.max_queued_operations = 0;
    })
    .await
}

/// Somebody else's transaction, for which whoever writes has to wait.
async fn held(edge: &Edge) -> DatabaseConnection {
    let file = edge.data_dir.path().join("ziggie.db");
    let url = format!("sqlite://{}?mode=rw", file.display());
    let mut options = sea_orm::ConnectOptions::new(url);
    options.max_connections(1);
    let other = Database::connect(options).await.unwrap();
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    other
}

fn begun(edge: &Edge, document: &'static str) -> JoinHandle<Value> {
    let (address, token) = (edge.running.address, edge.operator.clone());
    tokio::spawn(async move { ask_at(address, Some(&token), document).await })
}

async fn until(edge: &Edge, metric: &str, value: &str) {
    let there = async {
        while edge.metric(metric).await != value {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), there).await;
    let is = edge.metric(metric).await;
    in_time.unwrap_or_else(|_| panic!("{metric} is {is}, not {value}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_is_turned_away_and_work_under_way_and_health_are_not() {
    let edge = narrow().await;
    let mut socket = edge.socket().await;
    let other = held(&edge).await;
    let running = begun(
        &edge,
        "mutation { setAgentError(agentId: \"L2-CHAR-001\", reason: \"seen\") { status } }",
    );
    until(&edge, "ziggie_operations_running", "1").await;

    let refused = edge.post(Some(&edge.operator)).json(&json!({"query": ME}));
    let refused = refused.send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(header(&refused, "retry-after"), "1");
    let refused: Value = refused.json().await.unwrap();
    let extensions = &refused["errors"][0]["extensions"];
    assert_eq!(extensions["code"], "UNAVAILABLE", "{refused}");
    assert_eq!(extensions["retryable"], true);
    assert!(
        extensions["retryAfterMs"].as_u64() >= Some(500),
        "{refused}"
    );
    assert_eq!(refused.get("data"), None);
    socket.subscribe("1", ME).await;
    let refused = socket.hear().await;
    assert_eq!(refused["type"], "error");
    assert_eq!(refused["payload"][0]["extensions"]["code"], "UNAVAILABLE");
    assert_eq!(edge.metric("ziggie_operations_shed_total").await, "2");

    // Of the places for work under way it gets one, although all others are taken.
    let handed_in = edge
        .ask("mutation { completeTask(taskId: \"task_00000000000000000000000000\", output: {}) { id } }")
        .await;
    assert_eq!(super::code(&handed_in), "NOT_FOUND");
    let (status, _) = edge.page(edge.running.admin_address, "/readyz").await;
    assert_eq!(status, 200);
    // A stream takes no place.
    socket
        .subscribe("2", "subscription { agentUpdates { agent { id } } }")
        .await;
    until(&edge, "ziggie_subscriptions", "1").await;

    other.execute_unprepared("ROLLBACK").await.unwrap();
    let done = running.await.unwrap();
    assert_eq!(done["data"]["setAgentError"]["status"], "ERROR", "{done}");
    assert_eq!(edge.metric("ziggie_operations_running").await, "0");
    assert_eq!(edge.ask(ME).await["data"]["me"]["id"], "SYSTEM-001");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_waits_for_a_task_takes_no_place() {
    let edge = narrow().await;
    let issued = edge
        .ask("mutation { issueSession(agentId: \"L2-CHAR-001\") { token } }")
        .await;
    let token = issued["data"]["issueSession"]["token"].as_str().unwrap();
    let (address, token) = (edge.running.address, token.to_owned());
    let claim = "mutation { claimTask(waitSeconds: 20) { id } }";
    let claiming = tokio::spawn(async move { ask_at(address, Some(&token), claim).await });
    until(&edge, "ziggie_waiting_claims", "1").await;
    until(&edge, "ziggie_operations_running", "0").await;
    assert_eq!(edge.ask(ME).await["data"]["me"]["id"], "SYSTEM-001");
    edge.running.shutdown().await.unwrap();
    let answer = claiming.await.unwrap();
    assert_eq!(answer["data"]["claimTask"], Value::Null, "{answer}");
}
