//! Notifications: written with the change that they tell of, to those whom it concerns, kept until acknowledged (spec R6.04).

use std::sync::Arc;
use std::time::Duration;

use entities::agent::AgentPermission;
use entities::audit::AuditAction;
use entities::id::TaskId;
use entities::notification::{Model, NotificationKind as Kind};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::json;
use ziggie::auth::actor::Caller;
use ziggie::error::Result;
use ziggie::service::page::PageRequest;
use ziggie::service::task::{Create, Rejection};
use ziggie::service::{Service, Settings, agent, notification, task};

use crate::task::{Studio, drawing};
use crate::world::on_each_database;

mod keeping;
mod stream;
mod writing;

/// What somebody was told and has not acknowledged, the newest first.
async fn waiting(service: &Service, caller: &Caller) -> Result<Vec<Model>> {
    let request = PageRequest {
        first: 200,
        ..PageRequest::default()
    };
    let page = notification::list(service, caller, true, &request).await?;
    Ok(page.items.into_iter().map(|(_, row)| row).collect())
}

async fn open(service: &Service, caller: &Caller) -> Vec<Model> {
    waiting(service, caller).await.unwrap()
}

/// The ids of what somebody was told and has not acknowledged.
pub(crate) async fn told(service: &Service, caller: &Caller) -> Result<Vec<String>> {
    let waiting = waiting(service, caller).await?;
    Ok(waiting.iter().map(|row| row.id.to_string()).collect())
}

/// The same service, but what was acknowledged is not kept.
pub(crate) fn forgetful(service: &Service) -> Service {
    with(service, |settings| {
        settings.notification_ttl = Duration::ZERO
    })
}

fn with(service: &Service, change: impl FnOnce(&mut Settings)) -> Service {
    let mut settings = (*service.settings).clone();
    change(&mut settings);
    Service {
        settings: Arc::new(settings),
        ..service.clone()
    }
}

/// Of what somebody was told about a task, in the order of the kinds.
async fn kinds(service: &Service, caller: &Caller, task: TaskId) -> Vec<Kind> {
    let open = open(service, caller).await.into_iter();
    let mut kinds: Vec<Kind> = open
        .filter(|row| row.task_id == Some(task))
        .map(|row| row.kind)
        .collect();
    kinds.sort_unstable();
    kinds
}

impl Studio {
    /// A task of an agent's own that it asks a review of.
    async fn asked(&self, maker: &Caller) -> TaskId {
        let task = self.world.begun(maker).await.id;
        let asked =
            task::request_review(self.service(), maker, &task.to_string(), None, json!({})).await;
        asked.unwrap().id
    }

    async fn count(&self) -> u64 {
        let all = entities::notification::Entity::find();
        all.count(&self.service().db).await.unwrap()
    }
}

#[tokio::test]
async fn who_is_concerned_is_told_and_nobody_else() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let (service, director, specialist, micro) = (
            studio.service(),
            &studio.director,
            &studio.specialist,
            &studio.micro,
        );
        let of = async |caller, task| kinds(service, caller, task).await;
        studio.created().await;
        assert_eq!(studio.count().await, 0, "what nobody holds tells nobody");

        let task = studio.delegated().await.id;
        let name = task.to_string();
        assert_eq!(of(specialist, task).await, [Kind::TaskAssigned]);
        let first = open(service, specialist).await.remove(0);
        assert_eq!(
            first.message,
            format!("L1-ART-001 handed you the DRAW task {name}.")
        );
        let entry = studio
            .world
            .entries(AuditAction::TaskDelegated)
            .await
            .remove(0);
        assert_eq!(
            (first.entry_id, first.created_at),
            (entry.id, entry.created_at)
        );

        task::start(service, specialist, &name).await.unwrap();
        let part = Create {
            parent_id: Some(name.clone()),
            ..drawing()
        };
        let part = task::delegate(service, specialist, "L3-CHAR-POSE-001", part).await;
        let part = part.unwrap().id;
        task::start(service, micro, &part.to_string())
            .await
            .unwrap();
        let output = Some(json!({}));
        task::complete(service, micro, &part.to_string(), None, output)
            .await
            .unwrap();
        assert_eq!(of(micro, part).await, [Kind::TaskAssigned]);
        assert_eq!(
            of(specialist, part).await,
            [Kind::TaskCompleted],
            "once, as maker and holder above"
        );

        task::request_review(service, specialist, &name, None, json!({}))
            .await
            .unwrap();
        let rejection = Rejection {
            output_sha256: None,
            feedback: "more fox".to_owned(),
            reassign: true,
            deadline: None,
        };
        task::reject(service, &studio.other_director, &name, rejection)
            .await
            .unwrap();
        task::start(service, specialist, &name).await.unwrap();
        task::request_review(service, specialist, &name, None, json!({}))
            .await
            .unwrap();
        task::approve(service, &studio.other_director, &name, None, None)
            .await
            .unwrap();
        task::complete(service, specialist, &name, None, None)
            .await
            .unwrap();
        assert_eq!(
            of(director, task).await,
            [
                Kind::ReviewRequested,
                Kind::ReviewRequested,
                Kind::TaskApproved,
                Kind::TaskRejected,
                Kind::TaskCompleted
            ]
        );
        assert_eq!(
            of(specialist, task).await,
            [Kind::TaskAssigned, Kind::TaskApproved, Kind::TaskRejected]
        );
        assert_eq!(of(&studio.other_director, task).await, []);
        assert_eq!(of(&studio.world.operator, task).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_failure_tells_when_it_is_for_good_and_the_kill_switch_tells_too() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let (service, director, specialist) =
            (studio.service(), &studio.director, &studio.specialist);
        let task = studio.delegated().await.id;
        let name = task.to_string();
        let fail = async |retryable: bool| {
            task::start(service, specialist, &name).await.unwrap();
            let error = "the brush broke".to_owned();
            task::fail(service, specialist, &name, None, error, retryable)
                .await
                .unwrap();
        };
        fail(true).await;
        assert_eq!(kinds(service, director, task).await, []);
        task::retry(service, director, &name, None, None)
            .await
            .unwrap();
        fail(false).await;
        assert_eq!(kinds(service, director, task).await, [Kind::TaskFailed]);
        assert_eq!(
            kinds(service, specialist, task).await,
            [Kind::TaskAssigned; 2]
        );

        // Cancelled while its assignee is out of order: it finds it when it is back.
        let waiting = studio.delegated().await.id;
        let operator = &studio.world.operator;
        agent::set_error(service, operator, "L2-CHAR-001", "repairs", false)
            .await
            .unwrap();
        task::cancel(
            service,
            director,
            &waiting.to_string(),
            Some("no more foxes".to_owned()),
        )
        .await
        .unwrap();
        agent::activate(service, operator, "L2-CHAR-001")
            .await
            .unwrap();
        assert_eq!(
            kinds(service, specialist, waiting).await,
            [Kind::TaskAssigned, Kind::TaskCancelled]
        );
        let message = open(service, specialist).await.remove(0).message;
        assert_eq!(
            message,
            format!("L1-ART-001 cancelled the DRAW task {waiting}: no more foxes")
        );
    })
    .await;
}

#[tokio::test]
async fn the_director_of_the_line_is_asked_to_review_if_it_may_else_all_that_may() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let (service, operator) = (studio.service(), &studio.world.operator);
        let (director, other) = (&studio.director, &studio.other_director);
        let asked = async |task: TaskId| {
            let is_asked =
                async |caller| kinds(service, caller, task).await == [Kind::ReviewRequested];
            (is_asked(director).await, is_asked(other).await)
        };
        let task = studio.asked(&studio.specialist).await;
        assert_eq!(asked(task).await, (true, false), "the director of its line");
        let task = studio.asked(director).await;
        assert_eq!(asked(task).await, (false, true), "not the one that made it");
        let task = studio.asked(operator).await;
        assert_eq!(asked(task).await, (true, true), "an operator has no line");

        let strip = vec![AgentPermission::ExecuteTask];
        agent::set_permissions(service, operator, "L1-ART-001", strip)
            .await
            .unwrap();
        let task = studio.asked(&studio.specialist).await;
        assert_eq!(
            asked(task).await,
            (false, true),
            "not one that may not review"
        );
        let restored = vec![AgentPermission::ApproveAsset];
        agent::set_permissions(service, operator, "L1-ART-001", restored)
            .await
            .unwrap();
        agent::set_error(service, operator, "L1-ART-001", "repairs", false)
            .await
            .unwrap();
        let task = studio.asked(&studio.specialist).await;
        assert_eq!(
            asked(task).await,
            (false, true),
            "not one that is out of order"
        );
    })
    .await;
}
