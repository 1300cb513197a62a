//! The engine: each step once, on whatever replica, and found again after a crash.

use std::time::Duration;

use entities::audit::AuditAction;
use entities::sprint::{PhaseKind, SprintStatus};
use futures::future::join_all;
use serde_json::json;
use tokio::sync::watch;
use ziggie::service::{duty, sprint, task as tasks};

use super::studio;
use crate::world::{on_each_database, on_postgres};

/// The steps of the log, as they moved the sprint.
const STEPS: [AuditAction; 6] = [
    AuditAction::WorkflowStarted,
    AuditAction::WorkflowPhaseAdvanced,
    AuditAction::WorkflowCompleted,
    AuditAction::WorkflowFailed,
    AuditAction::WorkflowResumed,
    AuditAction::WorkflowCancelled,
];

#[tokio::test]
async fn of_many_that_advance_at_once_each_step_is_taken_once() {
    on_each_database(async |world| {
        let studio = studio(world).await;
        let id = studio
            .sprint(&[
                (PhaseKind::Planning, &[2, 1]),
                (PhaseKind::Integration, &[1]),
            ])
            .await;
        for _ in 0..4 {
            studio.completed_next(&studio.specialist).await;
            let all = join_all((0..8).map(|_| studio.advance(&id))).await;
            assert!(all.iter().sum::<usize>() <= 3, "{all:?}");
        }
        assert_eq!(studio.stands(&id).await.status, SprintStatus::Completed);
        let mut steps = 0;
        for action in STEPS {
            steps += studio.world.entries(action).await.len();
        }
        // Started, two waves ended and a phase, a wave ended and the last phase with the sprint.
        assert_eq!(steps, 6);
        studio.folds().await;
    })
    .await;
}

#[tokio::test]
async fn replicas_that_run_the_same_sprint_take_each_step_once() {
    on_postgres(async |world| {
        let studio = studio(world).await;
        let (end, ended) = watch::channel(false);
        let other = studio.world.replica().await;
        let mut duties = [
            duty::start(studio.service(), ended.clone()),
            duty::start(&other, ended),
        ];
        let id = studio
            .sprint(&[
                (PhaseKind::Planning, &[3, 3, 3]),
                (PhaseKind::Integration, &[2]),
            ])
            .await;
        // By what its row says now: it has learnt to draw since it was registered.
        let micro = studio.world.agent_anew("L3-CHAR-POSE-001").await;
        let begun = tokio::time::Instant::now();
        for _ in 0..11 {
            let wait = tasks::Claim {
                types: None,
                wait: Duration::from_secs(20),
                ..tasks::Claim::default()
            };
            // A wave that begins calls who waits for it, whichever replica began it.
            let claimed = tasks::claim(&other, &micro, wait).await.unwrap();
            let task = claimed.unwrap().id.to_string();
            tasks::complete(studio.service(), &micro, &task, None, Some(json!({})))
                .await
                .unwrap();
        }
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "nobody was called"
        );
        let until = tokio::time::Instant::now() + Duration::from_secs(20);
        while studio.stands(&id).await.status != SprintStatus::Completed {
            assert!(tokio::time::Instant::now() < until, "it never ends");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let advanced = studio
            .world
            .entries(AuditAction::WorkflowPhaseAdvanced)
            .await;
        // Three waves end and a phase, one wave ends; the last phase ends with the sprint.
        assert_eq!(advanced.len(), 5);
        end.send_replace(true);
        for duties in &mut duties {
            while duties.join_next().await.is_some() {}
        }
        other.db.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_a_crash_left_undone_is_done_when_a_server_starts() {
    on_each_database(async |world| {
        let studio = studio(world).await;
        let id = studio.sprint(&[(PhaseKind::Planning, &[1, 1])]).await;
        // Nothing runs beneath this world: the task ends, and nobody takes the step.
        studio.completed_next(&studio.specialist).await;
        let stands = studio.stands(&id).await;
        assert!(stands.phases.0[0].waves[1].begun_at.is_none());
        let (end, ended) = watch::channel(false);
        let mut duties = duty::start(studio.service(), ended);
        let wait = tasks::Claim {
            types: None,
            wait: Duration::from_secs(20),
            ..tasks::Claim::default()
        };
        let specialist = studio.world.agent_anew("L2-CHAR-001").await;
        let claimed = tasks::claim(studio.service(), &specialist, wait).await;
        assert_eq!(claimed.unwrap().unwrap().wave, Some(1));
        end.send_replace(true);
        while duties.join_next().await.is_some() {}
    })
    .await;
}

#[tokio::test]
async fn a_sprint_is_started_once() {
    on_each_database(async |world| {
        let studio = studio(world).await;
        let id = studio
            .drafted(super::phases(&[(PhaseKind::Planning, &[3])]))
            .await;
        let starts = (0..6).map(|_| sprint::start(studio.service(), &studio.director, &id));
        let started = join_all(starts).await;
        assert_eq!(started.iter().filter(|one| one.is_ok()).count(), 1);
        assert_eq!(studio.tasks_of(&id).await.len(), 3);
    })
    .await;
}
