//! Streams of the served schema.

use std::time::Duration;

use async_graphql::Response;
use futures::{Stream, StreamExt};
use serde_json::{Value, json};
use ziggie::service::page::Cursor;
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

const ENTRIES: &str = "subscription($filter: AuditFilter, $after: Cursor) {
    auditStream(filter: $filter, after: $after) { cursor entry { id sequence action entityId ipAddress } }
}";

/// What a filter lets through, as the list and as the stream show it, oldest first.
async fn listed_and_streamed(front: &Front, filter: Value) -> (Vec<Value>, Vec<Value>) {
    let operator = &front.world.operator;
    let list = "query($filter: AuditFilter) { auditLog(first: 100, filter: $filter) { nodes { id sequence action entityId ipAddress } } }";
    let listed = front
        .schema
        .execute(operator, request(list, json!({"filter": filter})))
        .await;
    let listed = serde_json::to_value(listed).unwrap();
    let mut listed = listed["data"]["auditLog"]["nodes"]
        .as_array()
        .unwrap_or_else(|| panic!("{listed}"))
        .clone();
    listed.reverse();
    let after = json!({"filter": filter, "after": Cursor::of("log", &-1).0});
    let live = front
        .schema
        .stream(operator.clone(), request(ENTRIES, after));
    let quiet = tokio::time::sleep(Duration::from_millis(300));
    let streamed = live
        .take_until(quiet)
        .map(|event| {
            let event = serde_json::to_value(event).unwrap();
            event["data"]["auditStream"]["entry"].clone()
        })
        .collect()
        .await;
    (listed, streamed)
}

#[tokio::test]
async fn the_audit_stream_gives_what_the_list_shows_by_every_filter() {
    let front = Front::open().await;
    let task = front.delegated().await;
    task::start(
        &front.world.service,
        &front.specialist,
        &task.id.to_string(),
    )
    .await
    .unwrap();
    let (all, streamed) = listed_and_streamed(&front, json!({})).await;
    assert!(all.len() > 5);
    assert_eq!(streamed, all);
    let about = |entry: &Value| entry["entityId"] == json!(task.id);
    let started = all.iter().rfind(|entry| about(entry)).unwrap();
    assert_eq!(started["action"], "TASK_STARTED");
    let details = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on AuditEntry { requestId sessionId createdAt actor { id } } } }";
    let details = front
        .schema
        .execute(
            &front.world.operator,
            request(details, json!({"ids": [started["id"]]})),
        )
        .await;
    let details = serde_json::to_value(details).unwrap()["data"]["nodes"][0].clone();
    for filter in [
        json!({"action": ["TASK_STARTED", "AGENT_REGISTERED"]}),
        json!({"action": []}),
        json!({"actorId": details["actor"]["id"]}),
        json!({"actorId": "L1-NOBODY-001"}),
        json!({"actorId": "no id"}),
        json!({"entityType": "TASK"}),
        json!({"entityType": "TASK", "action": ["TASK_DELEGATED"]}),
        json!({"entityId": task.id}),
        json!({"from": details["createdAt"]}),
        json!({"to": details["createdAt"]}),
        json!({"requestId": details["requestId"]}),
        json!({"sessionId": details["sessionId"]}),
    ] {
        let (listed, streamed) = listed_and_streamed(&front, filter.clone()).await;
        assert_eq!(streamed, listed, "{filter}");
    }
}

#[tokio::test]
async fn the_audit_stream_ends_for_who_loses_the_permission() {
    let front = Front::open().await;
    let (service, operator) = (&front.world.service, &front.world.operator);
    let filter = json!({"filter": {"entityId": "nothing"}, "after": null});
    let mut live = front
        .schema
        .stream(operator.clone(), request(ENTRIES, filter));
    let first = tokio::spawn(async move {
        let answer = next(&mut live).await;
        (answer, live.next().await.is_none())
    });
    while service.feed.subscriber_count() == 0 {
        tokio::task::yield_now().await;
    }
    // The last operator keeps what it needs; reading the log is not among it.
    let without = "mutation($id: ID!) { setAgentPermissions(agentId: $id, permissions: [EXECUTE_TASK, MANAGE_AGENTS, MODIFY_PERMISSIONS]) { id } }";
    let id = &operator.actor().unwrap().agent.id;
    let set = front
        .schema
        .execute(operator, request(without, json!({"id": id})))
        .await;
    assert!(set.errors.is_empty(), "{set:?}");
    let (answer, over) = first.await.unwrap();
    assert_eq!(codes(&answer), ["FORBIDDEN"], "{answer}");
    assert_eq!(answer["data"], Value::Null);
    assert!(over, "an error is the last thing");
}

#[tokio::test]
async fn what_is_no_longer_kept_and_what_has_not_happened_is_no_place_to_begin() {
    let front = Front::open().await;
    front.delegated().await;
    let feed = &front.world.service.feed;
    let head = feed.settled().await.unwrap();
    let outside = front.world.back_door().await;
    let archived = "INSERT INTO audit_archives VALUES (0, 3, 'body', 'manifest', 1, '', 3, '', '2026-01-01T00:00:00+00:00')";
    sea_orm::ConnectionTrait::execute_unprepared(&outside, archived)
        .await
        .unwrap();
    for (place, refused) in [
        (json!(-1), true),
        (json!(1), true),
        (json!(2), false),
        (json!([2, 1]), true),
        (json!([3, 1]), false),
        (json!(head - 1), false),
        (json!(head), true),
        (json!(i64::MAX), true),
        (json!(i64::MIN), true),
    ] {
        let text = "subscription($after: Cursor) { agentUpdates(after: $after) { cursor } }";
        let after = json!({"after": Cursor::of("log", &place).0});
        let mut live = front
            .schema
            .stream(front.specialist.clone(), request(text, after));
        let first = tokio::time::timeout(Duration::from_millis(300), live.next()).await;
        let first = first.ok().flatten();
        let codes = first.map_or(Vec::new(), |answer| {
            codes(&serde_json::to_value(answer).unwrap())
                .into_iter()
                .map(ToString::to_string)
                .collect()
        });
        let wanted: &[&str] = if refused { &["BAD_USER_INPUT"] } else { &[] };
        assert_eq!(codes, wanted, "{place} of {head}");
    }
}
