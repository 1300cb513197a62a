//! Gate 4, red: a slow operation, work that takes too long as a whole, answers that are none, too much memory, and metrics that are not there.

use std::time::Duration;

use gates::{
    gate::{Finding, Gate},
    run::Plan,
    target::Target,
};

use super::{assert_green, assert_red, plan, proxy, said, scratch::Scratch};

const HELD: Duration = Duration::from_secs(4);

async fn looked(target: &Target, change: impl FnOnce(&mut Plan)) -> Finding {
    let mut plan = plan(Gate::Performance, target);
    change(&mut plan);
    said(&plan).await
}

/// The server, met through what holds back the answers of one field.
async fn holding_back(server: &Scratch, field: &'static str) -> Target {
    let slow = proxy::before(&server.target.address, move |reply| {
        if reply.asked.contains(field) {
            reply.held = HELD;
        }
    });
    server.behind(&slow.await).await
}

#[tokio::test]
async fn an_operation_whose_95th_percentile_is_over_its_limit() {
    let server = Scratch::start().await;
    assert_green(&looked(&server.target, |_| {}).await);
    // The load founds what it works with once.
    let server = Scratch::start().await;
    let target = holding_back(&server, "pageInfo { hasNextPage }").await;
    let finding = looked(&target, |plan| plan.terms.p95 = HELD).await;
    assert_red(&finding, &["p95 of page of tasks is"]);
}

#[tokio::test]
async fn a_task_that_takes_too_long_from_delegation_to_completion() {
    let server = Scratch::start().await;
    let target = holding_back(&server, "completeTask").await;
    let finding = looked(&target, |plan| plan.terms.completion_p95 = HELD).await;
    assert_red(&finding, &["p95 of task completion is"]);
}

#[tokio::test]
async fn answers_that_are_none() {
    let server = Scratch::start().await;
    let broken = proxy::before(&server.target.address, |reply| {
        if reply.asked.contains("agentsByStatus") {
            reply.status = 500;
            reply.body = b"it fell over".to_vec();
        }
        if reply.asked.contains("startTask") {
            let refusal =
                r#"{"data":null,"errors":[{"message":"no","extensions":{"code":"INTERNAL"}}]}"#;
            reply.body = refusal.into();
        }
    });
    let target = server.behind(&broken.await).await;
    let mut plan = plan(Gate::Performance, &target);
    // On a deployment the load only reads; the overview of the fleet is one of it.
    plan.place = gates::gate::Place::Deployment;
    let words = [
        "deployment: 2 of 2 fleet were not answered well",
        "there is no twin to work on",
    ];
    assert_red(&said(&plan).await, &words);
    plan.place = gates::gate::Place::Twin;
    let words = [
        "startTask were not answered well",
        "task completion were not answered well",
    ];
    assert_red(&said(&plan).await, &words);
}

#[tokio::test]
async fn a_server_that_holds_too_much_or_does_not_say_what_it_holds() {
    let server = Scratch::start().await;
    let much = looked(&server.target, |plan| plan.terms.memory_mib = 1).await;
    assert_red(&much, &["MiB, more than 1"]);

    let server = Scratch::start().await;
    let mut target = server.target.clone();
    target.admin = None;
    let unknown = looked(&target, |_| {}).await;
    assert_red(&unknown, &["the server's metrics were not reached"]);
}

#[tokio::test]
async fn a_deployment_of_another_build_than_the_twin_that_would_work_for_it() {
    let server = Scratch::start().await;
    let mut plan = plan(Gate::Performance, &server.target);
    plan.place = gates::gate::Place::Deployment;
    let mut twin = server.target.clone();
    twin.build_hash = "0ddba11".to_owned();
    plan.twin = Some(twin);
    assert_red(&said(&plan).await, &["the twin is of build 0ddba11"]);
}
