//! Streams of the served schema.

use std::time::Duration;

use async_graphql::Response;
use futures::{Stream, StreamExt};
use serde_json::{Value, json};
use ziggie::service::{agent, task};

use super::{Front, codes, drawing, request};

async fn next(stream: &mut (impl Stream<Item = Response> + Unpin)) -> Value {
    let answer = tokio::time::timeout(Duration::from_secs(10), stream.next()).await;
    serde_json::to_value(answer.unwrap().unwrap()).unwrap()
}

const TASKS: &str = "subscription($after: Cursor) {
    taskUpdates(after: $after) { cursor action fromStatus toStatus actor { id } task { id status assignee { id } } }
}";

#[tokio::test]
async fn events_say_what_happened_and_show_the_task_as_it_is() {
    let front = Front::open().await;
    let caller = front.specialist.clone();
    let mut live = front
        .schema
        .stream(caller.clone(), request(TASKS, json!({})));
    // The stream begins when it is first asked.
    let first = tokio::spawn(async move {
        let answer = next(&mut live).await;
        (answer, live)
    });
    while front.world.service.feed.subscriber_count() == 0 {
        tokio::task::yield_now().await;
    }
    let unseen = task::create(&front.world.service, &front.world.operator, drawing()).await;
    let seen = front.delegated().await;
    task::start(&front.world.service, &caller, &seen.id.to_string())
        .await
        .unwrap();
    let (answer, mut live) = first.await.unwrap();
    let event = &answer["data"]["taskUpdates"];
    assert_eq!(event["action"], "TASK_DELEGATED");
    assert_eq!(event["actor"]["id"], "L1-ART-001");
    assert_eq!(
        (&event["fromStatus"], &event["toStatus"]),
        (&json!(null), &json!("ASSIGNED"))
    );
    assert_eq!(event["task"]["id"], json!(seen.id));
    assert_ne!(event["task"]["id"], json!(unseen.unwrap().id));
    let started = next(&mut live).await["data"]["taskUpdates"].clone();
    assert_eq!(started["action"], "TASK_STARTED");
    assert_eq!(started["task"]["status"], "IN_PROGRESS");

    let after = json!({"after": event["cursor"]});
    let mut resumed = front.schema.stream(caller, request(TASKS, after));
    let again = next(&mut resumed).await["data"]["taskUpdates"].clone();
    assert_eq!(again, started);
}

#[tokio::test]
async fn a_stream_that_is_refused_answers_once_with_the_code() {
    let front = Front::open().await;
    for (caller, text, code) in [
        (front.world.stranger(), TASKS, "UNAUTHENTICATED"),
        (
            front.micro.clone(),
            "subscription { taskUpdates(taskId: \"task_00000000000000000000000000\") { cursor } }",
            "NOT_FOUND",
        ),
        (
            front.micro.clone(),
            "subscription { agentUpdates(after: \"forged\") { cursor } }",
            "BAD_USER_INPUT",
        ),
        (
            front.micro.clone(),
            "subscription { nothing }",
            "BAD_USER_INPUT",
        ),
    ] {
        let request_id = json!(caller.origin.request_id);
        let answers: Vec<_> = front
            .schema
            .stream(caller, request(text, json!({})))
            .collect()
            .await;
        assert_eq!(answers.len(), 1, "{text}");
        let answer = serde_json::to_value(&answers[0]).unwrap();
        assert_eq!(codes(&answer), [code], "{text}");
        assert_eq!(answer["data"], Value::Null);
        assert_eq!(answer["errors"][0]["extensions"]["requestId"], request_id);
    }
}

#[tokio::test]
async fn an_agents_end_is_an_event_for_everybody() {
    let front = Front::open().await;
    let text = "subscription { agentUpdates { action fromStatus toStatus agent { id status statusReason } } }";
    let mut live = front
        .schema
        .stream(front.director.clone(), request(text, json!({})));
    let first = tokio::spawn(async move { next(&mut live).await });
    while front.world.service.feed.subscriber_count() == 0 {
        tokio::task::yield_now().await;
    }
    let (service, operator) = (&front.world.service, &front.world.operator);
    agent::deactivate(service, operator, "L3-CHAR-POSE-001", "too slow", false)
        .await
        .unwrap();
    let event = first.await.unwrap()["data"]["agentUpdates"].clone();
    assert_eq!(event["action"], "AGENT_DEACTIVATED");
    assert_eq!(event["toStatus"], "INACTIVE");
    assert_eq!(
        event["agent"],
        json!({"id": "L3-CHAR-POSE-001", "status": "INACTIVE", "statusReason": "too slow"})
    );
}
