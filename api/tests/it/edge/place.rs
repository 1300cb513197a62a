//! How far quiet streams have come, told over either transport (spec R6.02).

use std::time::Duration;

use serde_json::{Value, json};

use super::Edge;
use super::raw::Events;

const UPDATES: &str = "subscription { agentUpdates { action agent { id } } }";

#[tokio::test]
async fn pings_tell_how_far_quiet_streams_have_come_and_a_stream_resumes_there() {
    // Whoever says nothing for some pings is cut off: a machine at its limits must not look like one.
    let edge = Edge::start_with(|config| config.limits.socket_ping = Duration::from_secs(2)).await;
    let mut socket = edge.socket().await;
    socket
        .subscribe("quiet", "subscription { taskUpdates { action } }")
        .await;
    socket.subscribe("lively", UPDATES).await;
    let cursor = |heard: &Value, id: &str| {
        assert_eq!(heard["type"], "ping", "{heard}");
        heard["payload"]["cursors"][id].as_str().map(str::to_owned)
    };
    // Where they began, before anything was heard: once for each.
    let (mut quiet, mut lively) = (None, None);
    while quiet.is_none() || lively.is_none() {
        let heard = socket.hear().await;
        quiet = cursor(&heard, "quiet").or(quiet);
        lively = cursor(&heard, "lively").or(lively);
    }
    edge.join("L1-TEST-001").await;
    let event = socket.hear().await;
    assert_eq!(
        (&event["type"], &event["id"]),
        (&json!("next"), &json!("lively"))
    );
    let heard = socket.hear().await;
    let passed = cursor(&heard, "quiet").unwrap();
    assert_ne!(Some(&passed), quiet.as_ref());
    assert_eq!(cursor(&heard, "lively"), None, "its event says where it is");
    for (after, first, later) in [
        (lively.unwrap(), "L1-TEST-001", "L1-TEST-002"),
        (passed, "L1-TEST-002", "L1-TEST-003"),
    ] {
        let mut socket = edge.socket().await;
        let resumed = format!(
            "subscription {{ agentUpdates(after: \"{after}\") {{ action agent {{ id }} }} }}"
        );
        socket.subscribe("1", &resumed).await;
        edge.join(later).await;
        let heard = loop {
            let heard = socket.hear().await;
            if heard["type"] == "next" {
                break heard;
            }
        };
        let agent = &heard["payload"]["data"]["agentUpdates"]["agent"]["id"];
        assert_eq!(agent, first, "nothing is missed, and nothing comes twice");
    }
}

#[tokio::test]
async fn a_stream_to_which_nothing_comes_shows_that_it_lives() {
    let edge =
        Edge::start_with(|config| config.limits.socket_ping = Duration::from_millis(50)).await;
    // Not one place of its own: two roots have no place in common.
    let mut events = edge
        .events("subscription { agentUpdates { action } taskUpdates { action } }")
        .await;
    for _ in 0..3 {
        assert_eq!(events.block().await, json!({"event": "comment"}));
    }
}

#[tokio::test]
async fn a_quiet_stream_tells_by_an_id_how_far_it_has_come_and_resumes_there() {
    let edge =
        Edge::start_with(|config| config.limits.socket_ping = Duration::from_millis(50)).await;
    let filtered =
        "subscription { auditStream(filter: {entityId: \"L1-TEST-002\"}) { entry { entityId } } }";
    let mut events = edge.events(filtered).await;
    let begun = events.place().await;
    edge.join("L1-TEST-001").await;
    let passed = events.place().await;
    assert_ne!(begun, passed);
    drop(events);
    edge.join("L1-TEST-002").await;
    for id in [begun, passed] {
        let request = edge.stream_of(&edge.operator, filtered);
        let mut events = Events::of(request.header("last-event-id", id)).await;
        let next = events.event().await;
        let about = &next["data"]["data"]["auditStream"]["entry"]["entityId"];
        assert_eq!(about, "L1-TEST-002");
        // The event has said where it is.
        assert_eq!(events.block().await, json!({"event": "comment"}));
    }
}
