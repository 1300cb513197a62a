//! An open socket ends with its session: within a second, whatever ended it (spec R2.03).

use std::time::Duration;

use serde_json::{Value, json};

use super::Edge;
use super::raw::Socket;

const UPDATES: &str = "subscription { agentUpdates { action } }";
/// Far more than the second that the rule grants: how soon it is, is measured elsewhere, on a machine that does nothing else.
const PATIENCE: Duration = Duration::from_secs(20);

async fn of_agent(edge: &Edge) -> Socket {
    edge.ask("mutation { registerAgent(input: {id: \"L1-TEST-001\", name: \"T\", tier: L1}) { agent { id } } }").await;
    let issued = edge
        .ask("mutation { issueSession(agentId: \"L1-TEST-001\") { token } }")
        .await;
    let token = issued["data"]["issueSession"]["token"]
        .as_str()
        .unwrap_or_else(|| panic!("{issued}"));
    let mut socket = Socket::greeted(edge.running.address, &json!({"x-agent-token": token})).await;
    socket.subscribe("1", UPDATES).await;
    socket
}

#[tokio::test]
async fn revoking_stopping_and_failing_close_with_4403() {
    for change in [
        "mutation { revokeAgentSessions(agentId: \"L1-TEST-001\") }",
        "mutation { deactivateAgent(agentId: \"L1-TEST-001\", reason: \"test\") { id } }",
        "mutation { setAgentError(agentId: \"L1-TEST-001\", reason: \"test\") { id } }",
    ] {
        let edge = Edge::start().await;
        let (mut socket, mut operators) = (of_agent(&edge).await, edge.socket().await);
        let answer = edge.ask(change).await;
        assert!(answer.get("errors").is_none(), "{answer}");
        let closed = tokio::time::timeout(PATIENCE, socket.closed()).await;
        assert_eq!(closed, Ok(4403), "{change}");
        operators.subscribe("1", "{ me { id } }").await;
        assert_eq!(
            operators.hear().await["type"],
            "next",
            "nobody else is closed"
        );
    }
}

#[tokio::test]
async fn rotating_closes_the_old_sessions_socket() {
    let edge = Edge::start().await;
    let (mut socket, other) = (edge.socket().await, edge.log_in().await);
    let rotate = json!({"query": "mutation { rotateSession { token } }"});
    let answer: Value = edge
        .post(Some(&edge.operator))
        .json(&rotate)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let token = answer["data"]["rotateSession"]["token"].as_str().unwrap();
    assert_eq!(
        tokio::time::timeout(PATIENCE, socket.closed()).await,
        Ok(4403)
    );
    for live in [token, &other] {
        Socket::greeted(edge.running.address, &json!({"x-agent-token": live})).await;
    }
}

#[tokio::test]
async fn expiry_closes_with_4401() {
    let edge = Edge::start().await;
    let mut socket = edge.socket().await;
    edge.running.clock.advance(Duration::from_secs(3_598));
    socket.subscribe("1", "{ me { id } }").await;
    assert_eq!(
        socket.hear().await["payload"]["data"]["me"]["id"],
        "SYSTEM-001"
    );
    edge.running.clock.advance(Duration::from_secs(10));
    assert_eq!(
        tokio::time::timeout(PATIENCE, socket.closed()).await,
        Ok(4401)
    );
}

#[tokio::test]
async fn a_session_that_is_over_opens_no_socket() {
    let edge = Edge::start().await;
    edge.running.clock.advance(Duration::from_secs(3_601));
    let mut socket = Socket::upgraded(edge.running.address).await;
    socket.init(&json!({"x-agent-token": edge.operator})).await;
    assert_eq!(socket.closed().await, 4401);
}
