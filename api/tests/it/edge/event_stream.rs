//! GraphQL over Server-Sent Events, block by block.

use std::time::Duration;

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::raw::{Events, Socket};
use super::{Edge, code, header};

pub(super) const ME: &str = "{ me { id } }";
pub(super) const UPDATES: &str = "subscription { agentUpdates { cursor agent { id } } }";
const PATIENCE: Duration = Duration::from_secs(20);

impl Edge {
    pub(super) fn stream_of(&self, token: &str, query: &str) -> RequestBuilder {
        self.post(Some(token))
            .header("accept", "text/event-stream")
            .json(&json!({"query": query}))
    }

    /// Follows as the operator; what happens from now on is heard.
    pub(super) async fn events(&self, query: &str) -> Events {
        Events::of(self.stream_of(&self.operator, query)).await
    }

    pub(super) async fn join(&self, id: &str) {
        let call = format!(
            "mutation {{ registerAgent(input: {{id: \"{id}\", name: \"T\", tier: L1}}) {{ agent {{ id }} }} }}"
        );
        let answer = self.ask(&call).await;
        assert!(answer.get("errors").is_none(), "{answer}");
    }

    async fn token_of(&self, agent: &str) -> String {
        let call = format!("mutation {{ issueSession(agentId: \"{agent}\") {{ token }} }}");
        let issued = self.ask(&call).await;
        issued["data"]["issueSession"]["token"]
            .as_str()
            .unwrap_or_else(|| panic!("{issued}"))
            .to_owned()
    }
}

pub(super) fn agent(block: &Value) -> &Value {
    &block["data"]["data"]["agentUpdates"]["agent"]["id"]
}

pub(super) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let patience = tokio::time::Instant::now() + PATIENCE;
    while !holds().await {
        assert!(
            tokio::time::Instant::now() < patience,
            "it does not come true"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_subscription_brings_events_with_their_cursors_as_ids_until_its_client_leaves() {
    let edge = Edge::start().await;
    let request = edge.stream_of(&edge.operator, UPDATES);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "content-type"), "text/event-stream");
    assert_eq!(header(&answer, "cache-control"), "no-store");
    let mut events = Events::from(answer);
    edge.join("L1-TEST-001").await;
    edge.join("L1-TEST-002").await;
    for id in ["L1-TEST-001", "L1-TEST-002"] {
        let next = events.event().await;
        assert_eq!((&next["event"], agent(&next)), (&json!("next"), &json!(id)));
        assert_eq!(next["id"], next["data"]["data"]["agentUpdates"]["cursor"]);
    }
    assert_eq!(edge.metric("ziggie_event_streams").await, "1");
    assert_eq!(edge.metric("ziggie_subscriptions").await, "1");
    drop(events);
    until(async || edge.metric("ziggie_event_streams").await == "0").await;
    assert_eq!(edge.metric("ziggie_subscriptions").await, "0");
}

#[tokio::test]
async fn an_event_has_its_id_also_where_the_cursor_is_not_asked_for() {
    let edge = Edge::start().await;
    let bare = "subscription { agentUpdates { action } }";
    let (mut bare, mut whole) = (edge.events(bare).await, edge.events(UPDATES).await);
    edge.join("L1-TEST-001").await;
    let (bare, whole) = (bare.event().await, whole.event().await);
    assert!(bare["id"].is_string(), "{bare}");
    assert_eq!(bare["id"], whole["id"]);
}

#[tokio::test]
async fn the_last_id_resumes_without_gap_or_duplicate() {
    let edge = Edge::start().await;
    let mut events = edge.events(UPDATES).await;
    for number in 1..=3 {
        edge.join(&format!("L1-TEST-00{number}")).await;
    }
    let first = events.event().await;
    let id = first["id"].as_str().unwrap().to_owned();
    drop(events);
    let with_after =
        format!("subscription {{ agentUpdates(after: \"{id}\") {{ agent {{ id }} }} }}");
    let mut missed = vec!["L1-TEST-002", "L1-TEST-003"];
    for (query, next) in [(UPDATES, "L1-MORE-001"), (&with_after, "L1-MORE-002")] {
        let request = edge.stream_of(&edge.operator, query);
        let mut events = Events::of(request.header("last-event-id", &id)).await;
        edge.join(next).await;
        missed.push(next);
        for wanted in &missed {
            assert_eq!(agent(&events.event().await), wanted);
        }
    }
}

#[tokio::test]
async fn a_last_id_that_is_none_or_differs_from_after_is_refused() {
    let edge = Edge::start().await;
    let other = "subscription { agentUpdates(after: \"WzEsImxvZyIsMF0\") { action } }";
    for (query, id) in [(UPDATES, "nonsense"), (other, "WzEsImxvZyIsMV0")] {
        let request = edge.stream_of(&edge.operator, query);
        let mut events = Events::of(request.header("last-event-id", id)).await;
        let refused = events.event().await;
        assert_eq!(code(&refused["data"]), "BAD_USER_INPUT", "{refused}");
        assert_eq!(
            refused["id"],
            Value::Null,
            "its reader stands where it stood"
        );
        assert_eq!(events.event().await["event"], "complete");
        assert_eq!(events.event().await["event"], "gone");
    }
}

#[tokio::test]
async fn queries_and_mutations_bring_one_result() {
    let edge = Edge::start().await;
    let get = edge
        .http
        .get(edge.url())
        .query(&[("query", ME)])
        .bearer_auth(&edge.operator)
        .header("accept", "text/event-stream");
    let mutation = "mutation { registerAgent(input: {id: \"L1-TEST-001\", name: \"T\", tier: L1}) { agent { id } } }";
    for (request, pointer, wanted) in [
        (
            edge.stream_of(&edge.operator, ME),
            "/data/me/id",
            "SYSTEM-001",
        ),
        (get, "/data/me/id", "SYSTEM-001"),
        (
            edge.stream_of(&edge.operator, mutation),
            "/data/registerAgent/agent/id",
            "L1-TEST-001",
        ),
    ] {
        let mut events = Events::of(request).await;
        let next = events.event().await;
        assert_eq!(
            next["data"].pointer(pointer),
            Some(&json!(wanted)),
            "{next}"
        );
        assert_eq!(events.event().await["event"], "complete");
        assert_eq!(events.event().await["event"], "gone");
    }
    let get = edge
        .http
        .get(edge.url())
        .query(&[("query", UPDATES)])
        .bearer_auth(&edge.operator)
        .header("accept", "text/event-stream");
    let mut events = Events::of(get).await;
    edge.join("L1-TEST-002").await;
    assert_eq!(agent(&events.event().await), "L1-TEST-002");
}

#[tokio::test]
async fn what_is_refused_before_or_by_a_resolver_comes_as_a_result_with_errors() {
    let edge = Edge::start().await;
    edge.join("L1-TEST-001").await;
    let director = edge.token_of("L1-TEST-001").await;
    for (query, wanted) in [
        ("{ me", "BAD_USER_INPUT"),
        ("{ shoe }", "BAD_USER_INPUT"),
        ("subscription { shoe }", "BAD_USER_INPUT"),
        ("{ auditLog { totalCount } }", "FORBIDDEN"),
        ("subscription { auditStream { cursor } }", "FORBIDDEN"),
    ] {
        let mut events = Events::of(edge.stream_of(&director, query)).await;
        let next = events.event().await;
        assert_eq!(next["event"], "next", "{query}: {next}");
        assert_eq!(code(&next["data"]), wanted, "{query}: {next}");
        assert_eq!(events.event().await["event"], "complete", "{query}");
    }
}

#[tokio::test]
async fn what_is_no_proper_request_or_has_no_good_token_is_told_by_the_status() {
    let edge = Edge::start().await;
    let to = || edge.post(None).header("accept", "text/event-stream");
    let get = edge
        .http
        .get(edge.url())
        .query(&[("query", "mutation { rotateSession { token } }")])
        .bearer_auth(&edge.operator)
        .header("accept", "text/event-stream");
    for (request, status) in [
        (edge.stream_of("a.b.c", UPDATES), 401),
        (get, 405),
        (to().body("{}").header("content-type", "text/plain"), 415),
        (
            to().body("{").header("content-type", "application/json"),
            400,
        ),
        (to().json(&json!([])), 400),
        (to().json(&json!({"query": 7})), 422),
        (
            to().header("accept", "text/html")
                .json(&json!({"query": ME})),
            200,
        ),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status);
        if status != 200 {
            let media = header(&answer, "content-type");
            assert!(
                media.starts_with("application/graphql-response+json"),
                "{media}"
            );
        }
    }
    let both = "application/json, text/event-stream";
    let plain = edge.post(Some(&edge.operator)).header("accept", both);
    let plain = plain.json(&json!({"query": ME})).send().await.unwrap();
    assert!(header(&plain, "content-type").starts_with("application/json"));
    let events = edge.post(Some(&edge.operator)).header("accept", both);
    let events = events
        .json(&json!({"query": UPDATES}))
        .send()
        .await
        .unwrap();
    assert_eq!(header(&events, "content-type"), "text/event-stream");
}

#[tokio::test]
async fn a_stream_ends_with_its_session_and_says_why() {
    for (change, wanted) in [
        (
            "mutation { revokeAgentSessions(agentId: \"L1-TEST-001\") }",
            "FORBIDDEN",
        ),
        (
            "mutation { deactivateAgent(agentId: \"L1-TEST-001\", reason: \"test\") { id } }",
            "FORBIDDEN",
        ),
        ("", "UNAUTHENTICATED"),
    ] {
        let edge = Edge::start().await;
        edge.join("L1-TEST-001").await;
        let token = edge.token_of("L1-TEST-001").await;
        let mut events = Events::of(edge.stream_of(&token, UPDATES)).await;
        let mut operators = edge.events("subscription { taskUpdates { action } }").await;
        if change.is_empty() {
            edge.running.clock.advance(Duration::from_secs(3_700));
        } else {
            let answer = edge.ask(change).await;
            assert!(answer.get("errors").is_none(), "{answer}");
        }
        // What happened to the agent itself may come first: its session was good then.
        let mut last = events.event().await;
        while last["data"]["errors"].is_null() {
            last = events.event().await;
        }
        assert_eq!(code(&last["data"]), wanted, "{change}");
        assert_eq!(events.event().await["event"], "complete");
        assert_eq!(events.event().await["event"], "gone");
        if !change.is_empty() {
            let quiet = tokio::time::timeout(Duration::from_millis(200), operators.event()).await;
            assert!(quiet.is_err(), "nobody else is ended: {quiet:?}");
        }
    }
}

#[tokio::test]
async fn going_down_ends_streams_with_a_reason_that_is_worth_a_retry() {
    let edge = Edge::start().await;
    let mut events = edge.events(UPDATES).await;
    let down = tokio::spawn(edge.running.shutdown());
    let last = events.event().await;
    assert_eq!(code(&last["data"]), "UNAVAILABLE");
    assert_eq!(last["data"]["errors"][0]["extensions"]["retryable"], true);
    assert_eq!(events.event().await["event"], "complete");
    assert_eq!(events.event().await["event"], "gone");
    down.await.unwrap().unwrap();
}

#[tokio::test]
async fn streams_count_among_the_sockets() {
    let edge = Edge::start_with(|config| config.limits.max_sockets = 2).await;
    let (_socket, events) = (edge.socket().await, edge.events(UPDATES).await);
    let refused = edge
        .stream_of(&edge.operator, UPDATES)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 503);
    let refused: Value = refused.json().await.unwrap();
    assert_eq!(code(&refused), "LIMIT_EXCEEDED");
    let protocol = Some("graphql-transport-ws");
    assert!(
        Socket::open(edge.running.address, protocol, &[])
            .await
            .is_err()
    );
    drop(events);
    until(async || edge.metric("ziggie_event_streams").await == "0").await;
    edge.events(UPDATES).await;
}
