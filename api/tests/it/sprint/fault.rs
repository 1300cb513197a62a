//! At every call of the database that a step makes, the call fails or its answer is lost: no step is taken by half, and the next try takes it.

use entities::sprint::{PhaseKind, SprintStatus, StageStatus};
use entities::task::TaskStatus;
use ziggie::service::sprint;
use ziggie::store::fault::{Fault, Kind as FaultKind};

use super::{PlannedTask, drawing, phases, studio};
use crate::task::Studio;
use crate::world::on_each_database;

/// A sprint whose second wave has a task for somebody, one for anybody, and one whose deadline runs.
async fn sprint_of_all_kinds(studio: &Studio) -> String {
    let mut planned = phases(&[(PhaseKind::Planning, &[1, 1])]);
    let tasks = &mut planned[0].waves[1].tasks;
    tasks.push(PlannedTask {
        assignee_id: Some("L3-CHAR-POSE-001".to_owned()),
        ..drawing()
    });
    tasks.push(PlannedTask {
        type_name: "HURRY".to_owned(),
        ..drawing()
    });
    let id = studio.drafted(planned).await;
    sprint::start(studio.service(), &studio.director, &id)
        .await
        .unwrap();
    id
}

/// How far it is: what stands of the second wave.
async fn wave_has_begun(studio: &Studio, id: &str) -> bool {
    let wave = studio.stands(id).await.phases.0[0].waves[1].clone();
    let tasks = studio.tasks_of(id).await;
    let [anybody, named, hurried] = &tasks[1..] else {
        panic!("{tasks:?}");
    };
    let begun = wave.status == StageStatus::Running;
    assert_eq!(anybody.claimable_at.is_some(), begun);
    assert_eq!(named.status == TaskStatus::Assigned, begun);
    assert_eq!(hurried.deadline.is_some(), begun);
    assert_eq!(hurried.claimable_at.is_some(), begun);
    begun
}

#[tokio::test]
async fn at_no_call_of_the_database_is_a_step_taken_by_half() {
    on_each_database(async |world| {
        let studio = studio(world).await;
        let hurry = ziggie::service::task_type::Define {
            deadline_seconds: Some(3_600),
            ..crate::world::anything_goes("HURRY")
        };
        studio.world.define(hurry).await;
        for kind in [FaultKind::NotMade, FaultKind::AnswerLost] {
            for at in 0.. {
                let id = sprint_of_all_kinds(&studio).await;
                studio.completed_next(&studio.specialist).await;
                let fault = Fault::new(kind, at);
                let tried = sprint::advance(studio.service(), id.parse().unwrap());
                let tried = fault.befall(tried).await;
                let begun = wave_has_begun(&studio, &id).await;
                // Whoever comes next takes the step if it was not.
                let steps = studio.advance(&id).await;
                assert_eq!(steps, usize::from(!begun), "{kind:?} at {at}");
                assert!(wave_has_begun(&studio, &id).await);
                let reason = "next".to_owned();
                let cancelled =
                    sprint::cancel(studio.service(), &studio.director, &id, reason).await;
                assert_eq!(cancelled.unwrap().status, SprintStatus::Cancelled);
                if !fault.has_struck() {
                    assert!(tried.is_ok() && at > 5, "{at} calls");
                    break;
                }
            }
        }
        studio.folds().await;
    })
    .await;
}
