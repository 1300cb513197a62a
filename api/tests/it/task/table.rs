//! Every verb in each of the nine states by each kind of caller.

use std::fmt::Write;

use entities::task::{Model, TaskStatus};
use futures::future::join_all;
use serde_json::json;
use ziggie::auth::actor::Caller;
use ziggie::error::Result;
use ziggie::service::task::{self, Rejection};

use super::{Studio, outcome};
use crate::world::on_each_database;

const VERBS: [&str; 9] = [
    "assignTask",
    "startTask",
    "requestReview",
    "approveTask",
    "rejectTask",
    "completeTask",
    "failTask",
    "retryTask",
    "cancelTask",
];

async fn call(studio: &Studio, verb: &str, caller: &Caller, task: &Model) -> Result<Model> {
    let service = studio.service();
    let id = task.id.to_string();
    let output = json!({"done": true});
    match verb {
        "assignTask" => task::assign(service, caller, &id, "L2-NET-001", None).await,
        "startTask" => task::start(service, caller, &id).await,
        "requestReview" => task::request_review(service, caller, &id, None, output).await,
        "approveTask" => task::approve(service, caller, &id, None, None).await,
        "rejectTask" => task::reject(service, caller, &id, rejection(true)).await,
        "completeTask" => {
            let output = (task.status != TaskStatus::Approved).then_some(output);
            task::complete(service, caller, &id, None, output).await
        }
        "failTask" => task::fail(service, caller, &id, None, "out of ink".into(), true).await,
        "retryTask" => task::retry(service, caller, &id, None, None).await,
        _ => task::cancel(service, caller, &id, None).await,
    }
}

fn rejection(reassign: bool) -> Rejection {
    Rejection {
        output_sha256: None,
        feedback: "the wings are too small".into(),
        reassign,
        deadline: None,
    }
}

/// A task of the director's, held by the specialist, in the state.
async fn task_in(studio: &Studio, status: TaskStatus) -> Model {
    let (service, id) = (studio.service(), |task: &Model| task.id.to_string());
    let (director, specialist) = (&studio.director, &studio.specialist);
    let output = || json!({"done": true});
    if status == TaskStatus::Pending {
        return studio.created().await;
    }
    let mut task = studio.delegated().await;
    if status == TaskStatus::Assigned {
        return task;
    }
    if status == TaskStatus::Cancelled {
        return task::cancel(service, director, &id(&task), None)
            .await
            .unwrap();
    }
    task = task::start(service, specialist, &id(&task)).await.unwrap();
    match status {
        TaskStatus::InProgress => return task,
        TaskStatus::Failed => {
            return task::fail(service, specialist, &id(&task), None, "x".into(), true)
                .await
                .unwrap();
        }
        _ => {}
    }
    task = task::request_review(service, specialist, &id(&task), None, output())
        .await
        .unwrap();
    match status {
        TaskStatus::ReviewRequested => task,
        TaskStatus::Rejected => task::reject(service, director, &id(&task), rejection(false))
            .await
            .unwrap(),
        _ => {
            task = task::approve(service, director, &id(&task), None, None)
                .await
                .unwrap();
            if status == TaskStatus::Completed {
                task = task::complete(service, specialist, &id(&task), None, None)
                    .await
                    .unwrap();
            }
            task
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_verb_in_each_state_by_each_kind_of_caller_is_as_reviewed() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let stranger = studio.world.stranger();
        let callers = [
            ("stranger", &stranger),
            ("creator (L1)", &studio.director),
            ("another L1", &studio.other_director),
            ("assignee (L2)", &studio.specialist),
            ("another L2", &studio.other_specialist),
            ("assignee's report (L3)", &studio.micro),
            ("SYSTEM", &studio.world.operator),
        ];
        let mut text = String::new();
        for status in TaskStatus::ALL {
            let _ = writeln!(text, "{status}");
            for verb in VERBS {
                let cells = join_all(callers.iter().map(async |(kind, caller)| {
                    let task = task_in(&studio, *status).await;
                    assert_eq!(task.status, *status);
                    let result = call(&studio, verb, caller, &task).await;
                    // What is refused leaves no trace in the row.
                    if result.is_err() {
                        let now = task::get(
                            studio.service(),
                            &studio.world.operator,
                            &task.id.to_string(),
                        )
                        .await
                        .unwrap();
                        assert_eq!(now, task, "{verb} by {kind}");
                    }
                    format!("{kind}: {}", outcome(&result))
                }))
                .await;
                let _ = writeln!(text, "  {verb:<14} {}", cells.join(" | "));
            }
        }
        insta::assert_snapshot!("verbs", text);
    })
    .await;
}
