//! Gate 1, red: an agent in ERROR, a stuck one, an orphaned session, and a server that does not say.

use gates::{
    client::Call,
    gate::{Finding, Gate},
    target::Target,
};

use super::{
    assert_green, assert_red, plan, proxy, said,
    scratch::{Scratch, asked},
};

const DIRECTOR: &str = "L1-ART-001";
const SPECIALIST: &str = "L2-CHAR-001";

async fn looked(target: &Target) -> Finding {
    said(&plan(Gate::AgentState, target)).await
}

#[tokio::test]
async fn an_agent_in_error() {
    let server = Scratch::start().await;
    assert_green(&looked(&server.target).await);
    let error = Call::mutation("setAgentError")
        .with("agentId", "ID!", SPECIALIST)
        .with("reason", "String!", "its tools are broken")
        .selecting("status");
    asked(&server.target.operator, &error).await;
    let finding = looked(&server.target).await;
    assert_red(&finding, &["1 agents are in ERROR: L2-CHAR-001"]);
}

#[tokio::test]
async fn an_agent_that_holds_work_and_was_not_heard_of_for_over_an_hour() {
    let server = Scratch::start().await;
    server.begun_by(DIRECTOR, SPECIALIST).await;
    let finding = looked(&server.target).await;
    assert_green(&finding);
    assert_eq!(finding.figures["agentsByStatus"]["PROCESSING"], 1);
    let silent =
        "UPDATE agents SET last_active_at = '2026-01-01T00:00:00+00:00' WHERE id = 'L2-CHAR-001'";
    let server = server.changed(silent).await;
    let finding = looked(&server.target).await;
    assert_red(&finding, &["1 agents are stuck"]);
}

#[tokio::test]
async fn a_session_that_has_outlived_its_agent() {
    let server = Scratch::start().await;
    server.of(SPECIALIST).await;
    assert_green(&looked(&server.target).await);
    let gone =
        "UPDATE agents SET state = 'INACTIVE', status_reason = 'gone' WHERE id = 'L2-CHAR-001'";
    let server = server.changed(gone).await;
    let finding = looked(&server.target).await;
    assert_red(&finding, &["1 sessions have outlived"]);
}

#[tokio::test]
async fn a_server_that_does_not_say_or_does_not_answer() {
    let server = Scratch::start().await;
    let mute = proxy::before(&server.target.address, |reply| {
        reply.replace("orphanedSessions", "somethingElse");
    });
    let finding = looked(&server.behind(&mute.await).await).await;
    assert_red(&finding, &["does not say how many sessions are orphaned"]);

    let refusing = proxy::before(&server.target.address, |reply| {
        if reply.asked.contains("stuckAgents") {
            reply.status = 503;
            reply.body.clear();
        }
    });
    let finding = looked(&server.behind(&refusing.await).await).await;
    assert_red(&finding, &["it could not measure"]);
}
