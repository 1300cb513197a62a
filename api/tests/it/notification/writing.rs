//! Notifications are written in the transaction of the change that they tell of, and cost no more than they must.

use entities::audit::AuditAction;
use entities::id::AssetId;
use entities::notification::NotificationKind as Kind;
use entities::task::{TaskEvent, TaskStatus};
use sea_orm::EntityTrait;
use serde_json::json;
use ziggie::error::{Code, Error, Result};
use ziggie::service::task::{self, Create};
use ziggie::service::task_type;
use ziggie::store::fault::{Fault, Kind as FaultKind};
use ziggie::store::{Entry, Transition, Tx};

use super::{kinds, open};
use crate::task::{Studio, drawing};
use crate::world::{id, on_each_database};

#[tokio::test]
async fn nobody_is_told_of_what_was_taken_back() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let (service, specialist) = (studio.service(), &studio.specialist);
        let parent = studio.delegated().await.id.to_string();
        task::start(service, specialist, &parent).await.unwrap();
        let part = Create {
            parent_id: Some(parent.clone()),
            ..drawing()
        };
        task::create(service, specialist, part).await.unwrap();
        let before = studio.count().await;
        let terms = task_type::find(service, "DRAW").await.unwrap().unwrap();
        // The row was moved, and its maker would have been told, before the open child was found.
        let refused = task::complete(service, specialist, &parent, None, Some(json!({}))).await;
        assert_eq!(refused.unwrap_err().code(), Code::Conflict);
        let given_up: Result<()> = service
            .db
            .write(&studio.world.operator, async |tx: &mut Tx| {
                tx.insert_task(handed(tx, &studio, &terms).await?).await?;
                Err(Error::conflict("enough"))
            })
            .await;
        assert!(given_up.is_err());
        assert_eq!(studio.count().await, before);
    })
    .await;
}

/// Another task like one of the director's, in the specialist's hands.
async fn handed(
    tx: &Tx,
    studio: &Studio,
    terms: &entities::task_type::Model,
) -> Result<Transition> {
    let made = Transition::of(another(tx, studio).await?, AuditAction::TaskDelegated);
    let made = made.step(TaskEvent::Assign)?.with("taskType", "DRAW");
    let specialist = &studio.specialist.actor().unwrap().agent;
    Ok(made.to(specialist, terms, tx.now()))
}

async fn another(tx: &Tx, studio: &Studio) -> Result<entities::task::Model> {
    let like = entities::task::Entity::find().one(tx).await?.unwrap();
    Ok(entities::task::Model {
        id: tx.task_id(),
        status: TaskStatus::Pending,
        creator_id: studio.director.agent_id().unwrap(),
        assignee_id: None,
        ..like
    })
}

#[tokio::test]
async fn telling_costs_one_statement_for_a_unit_and_none_where_nobody_is_told() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        studio.created().await;
        let terms = task_type::find(studio.service(), "DRAW").await;
        let terms = terms.unwrap().unwrap();
        let calls = async |handed_over: usize| {
            let counter = Fault::new(FaultKind::NotMade, usize::MAX);
            let unit = studio
                .service()
                .db
                .write(&studio.world.operator, async |tx: &mut Tx| {
                    for number in 0..3 {
                        let made = if number < handed_over {
                            handed(tx, &studio, &terms).await?
                        } else {
                            Transition::of(another(tx, &studio).await?, AuditAction::TaskCreated)
                        };
                        tx.insert_task(made).await?;
                    }
                    Ok(())
                });
            counter.befall(unit).await.unwrap();
            counter.calls()
        };
        let silent = calls(0).await;
        assert_eq!(calls(1).await, silent + 1);
        assert_eq!(calls(3).await, silent + 1);
        assert_eq!(studio.count().await, 4);
    })
    .await;
}

#[tokio::test]
async fn the_maker_of_an_asset_is_told_of_its_review() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let (service, specialist) = (studio.service(), &studio.specialist);
        let task = studio.world.begun(specialist).await.id;
        let review = async |action: AuditAction, feedback: Option<&str>| {
            let unit = service.db.write(&studio.director, async |tx: &mut Tx| {
                let asset = AssetId::new(tx.task_id().uuid());
                let entry = Entry::new(action)
                    .with("set", json!({}))
                    .with_some("feedback", feedback)
                    .about(asset);
                let entry = tx.record(entry)?;
                let maker = id("L2-CHAR-001");
                tx.tell_maker(entry, &maker, asset, Some(task), feedback)?;
                Ok(asset)
            });
            unit.await
        };
        let asset = review(AuditAction::AssetApproved, None).await.unwrap();
        let approved = open(service, specialist).await.remove(0);
        assert_eq!(
            (approved.kind, approved.asset_id),
            (Kind::AssetReviewed, Some(asset))
        );
        assert_eq!(
            approved.message,
            format!("L1-ART-001 approved your asset {asset}.")
        );
        let asset = review(AuditAction::AssetRejected, Some("too blue"))
            .await
            .unwrap();
        let rejected = open(service, specialist).await.remove(0);
        assert_eq!(
            rejected.message,
            format!("L1-ART-001 rejected your asset {asset}: too blue")
        );
        let wrong = review(AuditAction::AssetDeleted, None).await.unwrap_err();
        assert_eq!(wrong.code(), Code::Internal, "no review");
        assert_eq!(
            kinds(service, specialist, task).await,
            [Kind::AssetReviewed; 2]
        );
    })
    .await;
}
