//! Sixteen clients race for the same transition: one wins, the others hear of it, and there is one entry.

use std::collections::HashSet;

use entities::audit::{AuditAction, entry};
use entities::task::Model;
use futures::future::join_all;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use ziggie::error::{Code, Result};
use ziggie::service::task::{self, Rejection};

use super::{Studio, drawing};
use crate::world::on_each_database;

const CLIENTS: usize = 16;

async fn entries(studio: &Studio, task: &Model, action: AuditAction) -> u64 {
    entry::Entity::find()
        .filter(entry::Column::EntityId.eq(task.id.to_string()))
        .filter(entry::Column::Action.eq(action))
        .count(&studio.service().db)
        .await
        .unwrap()
}

async fn race(
    studio: &Studio,
    task: &Model,
    actions: &[AuditAction],
    call: impl AsyncFn(usize) -> Result<Model>,
) {
    let results = join_all((0..CLIENTS).map(|client| call(client))).await;
    let won = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(won, 1, "{actions:?}");
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        assert!(
            matches!(error.code(), Code::Conflict | Code::InvalidTransition),
            "{actions:?}: {error}"
        );
    }
    let mut written = 0;
    for action in actions {
        written += entries(studio, task, *action).await;
    }
    assert_eq!(written, 1, "{actions:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_clients_one_wins_each_transition() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let (service, director, specialist) =
            (studio.service(), &studio.director, &studio.specialist);
        let task = studio.delegated().await;
        let id = task.id.to_string();

        race(&studio, &task, &[AuditAction::TaskStarted], async |_| {
            task::start(service, specialist, &id).await
        })
        .await;
        race(
            &studio,
            &task,
            &[AuditAction::TaskReviewRequested],
            async |client| {
                task::request_review(service, specialist, &id, None, json!({"by": client})).await
            },
        )
        .await;
        let verdicts = [AuditAction::TaskApproved, AuditAction::TaskRejected];
        race(&studio, &task, &verdicts, async |client| {
            if client % 2 == 0 {
                task::approve(service, director, &id, None, None).await
            } else {
                let rejection = Rejection {
                    output_sha256: None,
                    feedback: "again".into(),
                    reassign: false,
                    deadline: None,
                };
                task::reject(service, director, &id, rejection).await
            }
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn completing_and_cancelling_at_once_leaves_one_end() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let (service, director, specialist) =
            (studio.service(), &studio.director, &studio.specialist);
        let task = studio.delegated().await;
        let id = task.id.to_string();
        task::start(service, specialist, &id).await.unwrap();
        let ends = [
            AuditAction::TaskCompleted,
            AuditAction::TaskCancelled,
            AuditAction::TaskFailed,
        ];
        race(&studio, &task, &ends, async |client| match client % 3 {
            // Each with another answer: the same one again would be the same reply.
            0 => {
                let output = Some(json!({"by": client}));
                task::complete(service, specialist, &id, None, output).await
            }
            1 => task::cancel(service, director, &id, None).await,
            _ => {
                let error = format!("out of ink {client}");
                task::fail(service, specialist, &id, None, error, true).await
            }
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_idempotency_key_at_once_makes_one_task_for_all() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let create = || task::Create {
            idempotency_key: Some("the dragon".into()),
            ..drawing()
        };
        let results = join_all(
            (0..CLIENTS).map(|_| task::create(studio.service(), &studio.director, create())),
        )
        .await;
        let ids: HashSet<_> = results
            .iter()
            .map(|result| result.as_ref().unwrap().id)
            .collect();
        assert_eq!(ids.len(), 1);
        let task = results.into_iter().next().unwrap().unwrap();
        assert_eq!(entries(&studio, &task, AuditAction::TaskCreated).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_child_is_never_born_under_a_parent_that_is_being_cancelled() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let (service, director, specialist) =
            (studio.service(), &studio.director, &studio.specialist);
        let parent = studio.delegated().await;
        let id = parent.id.to_string();
        task::start(service, specialist, &id).await.unwrap();
        let children = join_all((0..CLIENTS).map(async |client| {
            if client == CLIENTS / 2 {
                return task::cancel(service, director, &id, None).await.ok();
            }
            let child = task::Create {
                parent_id: Some(id.clone()),
                ..drawing()
            };
            task::create(service, specialist, child).await.ok()
        }))
        .await;
        for child in children.into_iter().flatten() {
            let now = task::get(service, director, &child.id.to_string())
                .await
                .unwrap();
            assert_eq!(now.status, entities::task::TaskStatus::Cancelled);
        }
    })
    .await;
}
