//! The rules of sprints that a scenario would show too slowly, or that lie beneath what one sees.

use entities::audit::AuditAction;
use entities::sprint::{PhaseKind, SprintStatus};
use entities::task::TaskStatus;
use serde_json::json;
use ziggie::error::{Code, Error};
use ziggie::service::{sprint, task as tasks};

use super::{phases, studio, wave};
use crate::world::on_each_database;

fn code<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Code {
    outcome.unwrap_err().code()
}

#[tokio::test]
async fn many_tasks_are_made_and_given_up_in_one_unit_each() {
    on_each_database(async |world| {
        let studio = studio(world).await;
        let id = studio.sprint(&[(PhaseKind::Planning, &[1_728, 40])]).await;
        assert_eq!(studio.tasks_of(&id).await.len(), 1_768);
        let reason = "no more dragons".to_owned();
        sprint::cancel(studio.service(), &studio.director, &id, reason)
            .await
            .unwrap();
        let open = studio.tasks_of(&id).await;
        assert!(open.iter().all(|task| task.status == TaskStatus::Cancelled));
        let entries = studio.world.entries(AuditAction::TaskCancelled).await;
        assert_eq!(entries.len(), 1_768);
        studio.folds().await;
    })
    .await;
}

#[tokio::test]
async fn a_task_that_is_cancelled_as_its_wave_begins_cannot_be_claimed() {
    on_each_database(async |world| {
        let studio = studio(world).await;
        for _ in 0..10 {
            let id = studio.sprint(&[(PhaseKind::Planning, &[1, 1])]).await;
            studio.completed_next(&studio.specialist).await;
            let waiting = studio.tasks_of(&id).await[1].id.to_string();
            let cancel = tasks::cancel(studio.service(), &studio.director, &waiting, None);
            let (cancelled, _) = futures::join!(cancel, studio.advance(&id));
            cancelled.unwrap();
            let task = studio.tasks_of(&id).await.remove(1);
            assert_eq!(
                (task.status, task.claimable_at),
                (TaskStatus::Cancelled, None)
            );
            studio.advance(&id).await;
            assert_eq!(studio.stands(&id).await.status, SprintStatus::Failed);
        }
    })
    .await;
}

#[tokio::test]
async fn a_draft_is_changed_and_started_as_it_was_changed() {
    on_each_database(async |world| {
        let studio = studio(world).await;
        let id = studio
            .drafted(phases(&[
                (PhaseKind::Planning, &[1]),
                (PhaseKind::Integration, &[2]),
            ]))
            .await;
        let service = studio.service();
        let change = async |phase, at, waves| {
            sprint::change(service, &studio.director, &id, phase, at, waves).await
        };
        change(0, None, vec![wave(2), wave(3)]).await.unwrap();
        change(1, Some(0), vec![wave(4)]).await.unwrap();
        assert_eq!(code(change(2, None, vec![]).await), Code::BadUserInput);
        assert_eq!(
            code(change(1, Some(1), vec![wave(1)]).await),
            Code::BadUserInput
        );
        assert_eq!(code(change(0, Some(0), vec![]).await), Code::BadUserInput);
        sprint::start(service, &studio.director, &id).await.unwrap();
        let places: Vec<_> = studio.tasks_of(&id).await;
        let places: Vec<_> = places.iter().map(|task| (task.phase, task.wave)).collect();
        let of = |phase, wave, count| vec![(Some(phase), Some(wave)); count];
        let wanted = [of(0, 0, 2), of(0, 1, 3), of(1, 0, 6)].concat();
        assert_eq!(places, wanted);
        assert_eq!(code(change(0, None, vec![wave(1)]).await), Code::Conflict);
        assert_eq!(
            code(change(0, Some(0), vec![wave(1)]).await),
            Code::Conflict
        );
        // A running one: what waits becomes more, and what has not started is replaced.
        change(0, Some(1), vec![wave(1)]).await.unwrap();
        change(1, None, vec![wave(1)]).await.unwrap();
        let tasks = studio.tasks_of(&id).await;
        let gone = tasks.iter().filter(|task| task.phase.is_none());
        assert_eq!(
            gone.filter(|task| task.status == TaskStatus::Cancelled)
                .count(),
            6
        );
        // In the name of who started it, whoever changed it.
        let other = sprint::change(
            service,
            &studio.other_director,
            &id,
            1,
            Some(0),
            vec![wave(1)],
        );
        other.await.unwrap();
        let tasks = studio.tasks_of(&id).await;
        assert!(
            tasks
                .iter()
                .all(|task| task.creator_id.as_str() == "L1-ART-001")
        );
        studio.advance(&id).await;
        assert_eq!(studio.stands(&id).await.status, SprintStatus::Running);
        studio.folds().await;
    })
    .await;
}

#[tokio::test]
async fn what_was_accepted_is_neither_accepted_again_nor_retried() {
    on_each_database(async |world| {
        let studio = studio(world).await;
        let (service, director) = (studio.service(), &studio.director);
        let id = studio.sprint(&[(PhaseKind::Planning, &[2])]).await;
        let task = studio.tasks_of(&id).await[0].id.to_string();
        let accept =
            async || sprint::accept(service, director, &task, "good enough".to_owned()).await;
        assert_eq!(code(accept().await), Code::Conflict);
        let claimed = tasks::claim(service, &studio.specialist, tasks::Claim::default()).await;
        assert_eq!(claimed.unwrap().unwrap().id.to_string(), task);
        tasks::fail(
            service,
            &studio.specialist,
            &task,
            None,
            "no ink".to_owned(),
            false,
        )
        .await
        .unwrap();
        studio.advance(&id).await;
        assert_eq!(studio.stands(&id).await.status, SprintStatus::Failed);
        assert!(accept().await.unwrap().accepted);
        assert_eq!(studio.stands(&id).await.status, SprintStatus::Running);
        assert_eq!(code(accept().await), Code::Conflict);
        let retried = tasks::retry(service, director, &task, None, None).await;
        assert_eq!(code(retried), Code::Conflict);
        studio.completed_next(&studio.specialist).await;
        studio.advance(&id).await;
        assert_eq!(studio.stands(&id).await.status, SprintStatus::Completed);
        studio.folds().await;
    })
    .await;
}

#[tokio::test]
async fn a_plan_that_was_changed_behind_the_servers_back_is_not_carried_out() {
    on_each_database(async |world| {
        use sea_orm::ConnectionTrait;
        let studio = studio(world).await;
        let id = studio.drafted(phases(&[(PhaseKind::Planning, &[1])])).await;
        let outside = studio.world.back_door().await;
        let forge = "UPDATE sprint_plans SET plan = replace(plan, 'dragon', 'fox')";
        outside.execute_unprepared(forge).await.unwrap();
        let started = sprint::start(studio.service(), &studio.director, &id).await;
        assert_eq!(code(started), Code::Internal);
        outside.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn inputs_are_checked_when_a_sprint_is_made_and_every_fault_has_its_place() {
    on_each_database(async |world| {
        let studio = studio(world).await;
        let mut planned = phases(&[(PhaseKind::Planning, &[1, 2])]);
        planned[0].weight = 99;
        let create = async |phases| {
            let create = sprint::CreateWorkflow {
                name: "foxes".to_owned(),
                lead_id: "L2-CHAR-001".to_owned(),
                phases,
            };
            sprint::create_workflow(studio.service(), &studio.director, create).await
        };
        planned[0].waves[1].tasks[1].type_name = "NO_SUCH".to_owned();
        planned[0].waves[1].tasks[0].assignee_id = Some("L3-NOBODY-001".to_owned());
        planned[0].waves[0].tasks[0].input = json!(7);
        let Err(Error::BadUserInput(faults)) = create(planned).await else {
            panic!("it was taken");
        };
        let places: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(
            places,
            [
                "/phases",
                "/phases/0/waves/0/tasks/0/input",
                "/phases/0/waves/1/tasks/0/assigneeId",
                "/phases/0/waves/1/tasks/1/type",
            ]
        );
        assert_eq!(
            code(create(phases(&[(PhaseKind::Planning, &[5_001])])).await),
            Code::LimitExceeded
        );
    })
    .await;
}

#[tokio::test]
async fn the_tasks_of_a_sprint_are_seen_by_its_lead_and_every_director() {
    on_each_database(async |world| {
        let studio = studio(world).await;
        let service = studio.service();
        let id = studio.sprint(&[(PhaseKind::Planning, &[1, 2])]).await;
        let waiting = studio.tasks_of(&id).await[1].id.to_string();
        // Who could claim the first one sees that one.
        for (caller, sees, lists) in [
            (&studio.specialist, true, 3),
            (&studio.director, true, 3),
            (&studio.other_director, true, 3),
            (&studio.world.operator, true, 3),
            (&studio.micro, false, 1),
            (&studio.other_specialist, false, 0),
        ] {
            let who = caller.agent_id().unwrap();
            let got = tasks::get(service, caller, &waiting).await;
            assert_eq!(got.is_ok(), sees, "{who}");
            let filter = tasks::Filter {
                sprint_id: Some(id.clone()),
                ..tasks::Filter::default()
            };
            let page = ziggie::service::page::PageRequest {
                first: 10,
                ..Default::default()
            };
            let listed = tasks::list(service, caller, filter, &page).await.unwrap();
            assert_eq!(listed.items.len(), lists, "{who}");
        }
    })
    .await;
}
