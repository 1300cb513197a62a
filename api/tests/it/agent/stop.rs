//! Deactivation, ERROR and the kill switch (spec R1.05, R1.06).

use entities::agent::{AgentState, AgentTier as T};
use entities::audit::AuditAction as A;
use entities::id::AgentId;
use entities::task::{Model as Task, TaskStatus};
use futures::future::join_all;
use ziggie::auth::actor::Caller;
use ziggie::error::Code;
use ziggie::service::{agent, session, task};

use super::code;
use crate::world::{World, call_by, drawing, id, on_each_database};

/// A line of reports with work in hand.
struct Line {
    world: World,
    director: Caller,
    specialist: Caller,
    micro: Caller,
    outsider: Caller,
}

impl Line {
    async fn open(world: World) -> Self {
        let director = world.agent("L1-ART-001", T::L1, None).await;
        let specialist = world.agent("L2-CHAR-001", T::L2, Some("L1-ART-001")).await;
        let micro = world.agent("L3-CHAR-001", T::L3, Some("L2-CHAR-001")).await;
        let outsider = world.agent("L1-ENG-001", T::L1, None).await;
        world.define_drawing().await;
        Self {
            world,
            director,
            specialist,
            micro,
            outsider,
        }
    }

    async fn now(&self, task: &Task) -> Task {
        let id = task.id.to_string();
        task::get(&self.world.service, &self.world.operator, &id)
            .await
            .unwrap()
    }

    async fn state(&self, id: &str) -> AgentState {
        agent::get(&self.world.service, id).await.unwrap().state
    }
}

#[tokio::test]
async fn the_kill_switch_stops_the_whole_line_and_nobody_else() {
    on_each_database(async |world| {
        let line = Line::open(world).await;
        let service = &line.world.service;
        let held = line.world.begun(&line.micro).await;
        let theirs = line.world.begun(&line.outsider).await;
        let assigned = task::delegate(service, &line.director, "L2-CHAR-001", drawing())
            .await
            .unwrap();

        let operator = &line.world.operator;
        let stopped = agent::deactivate(service, operator, "L1-ART-001", "budget", true)
            .await
            .unwrap();
        assert_eq!(stopped.id, id("L1-ART-001"));
        assert_eq!(stopped.status_reason.as_deref(), Some("budget"));
        for one in ["L1-ART-001", "L2-CHAR-001", "L3-CHAR-001"] {
            assert_eq!(line.state(one).await, AgentState::Inactive);
        }
        assert_eq!(line.state("L1-ENG-001").await, AgentState::Operational);

        let failed = line.now(&held).await;
        assert_eq!(
            (failed.status, failed.error.as_deref()),
            (TaskStatus::Failed, Some("budget"))
        );
        assert_eq!(
            (failed.failure_count, failed.completed_at.is_some()),
            (1, true)
        );
        assert_eq!(line.now(&assigned).await.status, TaskStatus::Assigned);
        assert_eq!(line.now(&theirs).await.status, TaskStatus::InProgress);

        // Nobody of the line goes on, whatever it began before; others do.
        for caller in [&line.director, &line.specialist, &line.micro] {
            let refused = task::execute(service, caller, drawing()).await;
            assert_eq!(code(&refused), Some(Code::Unauthenticated));
            assert!(!session::still_live(service, caller).await.unwrap());
        }
        line.world.begun(&line.outsider).await;
        assert!(session::still_live(service, &line.outsider).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn what_follows_from_stopping_an_agent_names_its_entry_as_the_cause() {
    on_each_database(async |world| {
        let line = Line::open(world).await;
        let held = line.world.begun(&line.micro).await;
        let service = &line.world.service;
        let operator = &line.world.operator;
        agent::set_error(service, operator, "L2-CHAR-001", "lost", true)
            .await
            .unwrap();
        let errored = line.world.entries(A::AgentErrored).await;
        let subjects: Vec<&str> = errored
            .iter()
            .map(|entry| entry.entity_id.as_str())
            .collect();
        assert_eq!(subjects, ["L2-CHAR-001", "L3-CHAR-001"]);
        assert!(
            errored
                .iter()
                .all(|entry| entry.metadata.value()["reason"] == "lost")
        );
        let failed = &line.world.entries(A::TaskFailed).await[0];
        assert_eq!(failed.entity_id, held.id.to_string());
        assert_eq!(failed.cause_id, Some(errored[1].id));
        assert_eq!(failed.actor_id, Some(AgentId::control_center()));
        assert_eq!(failed.request_id, errored[1].request_id);
        let revoked = line.world.entries(A::SessionRevoked).await;
        assert_eq!(revoked.len(), 2);
        for entry in revoked {
            let agent = entry.metadata.value()["agentId"].clone();
            let cause = errored
                .iter()
                .find(|one| agent == one.entity_id.as_str())
                .unwrap();
            assert_eq!(entry.cause_id, Some(cause.id));
        }
    })
    .await;
}

#[tokio::test]
async fn who_is_inactive_already_is_left_alone() {
    on_each_database(async |world| {
        let line = Line::open(world).await;
        let (service, operator) = (&line.world.service, &line.world.operator);
        agent::deactivate(service, operator, "L3-CHAR-001", "first", false)
            .await
            .unwrap();
        let again = agent::deactivate(service, operator, "L3-CHAR-001", "second", false)
            .await
            .unwrap();
        assert_eq!(again.status_reason.as_deref(), Some("first"));
        // ERROR says less than INACTIVE: in a line it passes over them, alone it conflicts.
        let refused = agent::set_error(service, operator, "L3-CHAR-001", "third", false).await;
        assert_eq!(code(&refused), Some(Code::Conflict));
        agent::set_error(service, operator, "L1-ART-001", "fourth", true)
            .await
            .unwrap();
        assert_eq!(line.state("L3-CHAR-001").await, AgentState::Inactive);
        assert_eq!(line.state("L2-CHAR-001").await, AgentState::Error);
        assert_eq!(line.world.subjects(A::AgentDeactivated).await.len(), 1);
        // And from ERROR an agent may be deactivated.
        agent::deactivate(service, operator, "L2-CHAR-001", "fifth", false)
            .await
            .unwrap();
        assert_eq!(line.state("L2-CHAR-001").await, AgentState::Inactive);
    })
    .await;
}

#[tokio::test]
async fn an_activated_agent_is_operational_without_a_reason_and_must_log_in_again() {
    on_each_database(async |world| {
        let line = Line::open(world).await;
        let (service, operator) = (&line.world.service, &line.world.operator);
        for stop in ["deactivate", "error"] {
            if stop == "error" {
                agent::set_error(service, operator, "L3-CHAR-001", "why", false)
                    .await
                    .unwrap();
            } else {
                agent::deactivate(service, operator, "L3-CHAR-001", "why", false)
                    .await
                    .unwrap();
            }
            let active = agent::activate(service, operator, "L3-CHAR-001")
                .await
                .unwrap();
            assert_eq!(
                (active.state, active.status_reason),
                (AgentState::Operational, None)
            );
        }
        assert!(!session::still_live(service, &line.micro).await.unwrap());
        let issued = session::issue(service, operator, "L3-CHAR-001", 60)
            .await
            .unwrap();
        let caller = call_by(service, &issued.token).await;
        line.world.begun(&caller).await;
        agent::activate(service, operator, "L3-CHAR-001")
            .await
            .unwrap();
        assert_eq!(line.world.entries(A::AgentActivated).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn an_agent_reports_its_own_error_and_is_out() {
    on_each_database(async |world| {
        let line = Line::open(world).await;
        let held = line.world.begun(&line.micro).await;
        let service = &line.world.service;
        let refused = agent::report_error(service, &line.micro, " ").await;
        assert_eq!(code(&refused), Some(Code::BadUserInput));
        let reported = agent::report_error(service, &line.micro, "out of memory")
            .await
            .unwrap();
        assert_eq!(reported.state, AgentState::Error);
        assert_eq!(line.now(&held).await.status, TaskStatus::Failed);
        let refused = agent::report_error(service, &line.micro, "again").await;
        assert_eq!(code(&refused), Some(Code::Unauthenticated));
        let refused = agent::report_error(service, &line.world.stranger(), "who").await;
        assert_eq!(code(&refused), Some(Code::Unauthenticated));
    })
    .await;
}

#[tokio::test]
async fn many_are_deactivated_in_one_call_with_what_follows() {
    on_each_database(async |world| {
        let line = Line::open(world).await;
        let held = line.world.begun(&line.micro).await;
        let lines = ["L3-CHAR-001", "L1-ENG-001"].map(|id| agent::Update {
            id: id.to_owned(),
            active: Some(false),
            reason: Some(format!("{id} rests")),
            ..agent::Update::default()
        });
        let operator = &line.world.operator;
        agent::update(&line.world.service, operator, lines.to_vec())
            .await
            .unwrap();
        assert_eq!(
            line.now(&held).await.error.as_deref(),
            Some("L3-CHAR-001 rests")
        );
        assert_eq!(line.world.entries(A::SessionRevoked).await.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_of_a_stopped_agent_commits_after_it_was_stopped() {
    on_each_database(async |world| {
        let line = Line::open(world).await;
        let service = &line.world.service;
        let writes = join_all((0..24).map(|_| task::execute(service, &line.micro, drawing())));
        let operator = &line.world.operator;
        let stop = agent::deactivate(service, operator, "L1-ART-001", "now", true);
        let (results, stopped) = futures::join!(writes, stop);
        stopped.unwrap();
        for result in &results {
            match result {
                // Whatever was first was failed by the stop.
                Ok(task) => assert_eq!(line.now(task).await.status, TaskStatus::Failed),
                Err(error) => assert_eq!(error.code(), Code::Unauthenticated, "{error}"),
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_who_stop_each_other_do_not_wait_for_each_other() {
    on_each_database(async |world| {
        let line = Line::open(world).await;
        let service = &line.world.service;
        let everything = entities::agent::AgentPermission::ALL;
        let second = line.world.operator_with("SYSTEM-002", everything).await;
        let third = line.world.operator_with("SYSTEM-003", everything).await;
        let (one, other) = futures::join!(
            agent::deactivate(service, &second, "SYSTEM-003", "you", false),
            agent::deactivate(service, &third, "SYSTEM-002", "you", false),
        );
        // One was stopped before it could stop the other. A deadlock would have made it UNAVAILABLE.
        assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
        assert_eq!(code(&one).or(code(&other)), Some(Code::Unauthenticated));
    })
    .await;
}
