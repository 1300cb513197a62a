//! Where faults befall: a studio with a task wherever a task can stand.

use std::time::Duration;

use chrono::TimeDelta;
use entities::agent::AgentTier;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use ziggie::auth::actor::Caller;
use ziggie::error::Result;
use ziggie::service::task::{Create, Rejection};
use ziggie::service::task_type::Define;
use ziggie::service::{session, task};

use super::case::picture_of;
use crate::task::{Studio, drawing};
use crate::world::{World, anything_goes, plain, validator};

/// A studio with a task wherever a task can stand.
pub(super) struct Stage {
    pub(super) studio: Studio,
    pub(super) secret: String,
    /// Somebody whose session comes and goes.
    pub(super) visitor: Caller,
    pub(super) session: String,
    pub(super) pending: String,
    pub(super) assigned: String,
    pub(super) begun: String,
    pub(super) failing: String,
    pub(super) judged: String,
    pub(super) sent_back: String,
    pub(super) thrown_out: String,
    pub(super) family: String,
    pub(super) due: String,
    pub(super) checked: String,
    pub(super) leased: String,
    /// A task that was begun, and an asset of it.
    pub(super) pictured: String,
    pub(super) asset: String,
}

impl Stage {
    pub(super) async fn set(world: World) -> Self {
        let studio = Studio::open(world).await;
        let (service, operator) = (studio.service(), &studio.world.operator);
        let visitor = studio
            .world
            .agent("L2-VISIT-001", AgentTier::L2, Some("L1-ART-001"))
            .await;
        let secret = studio
            .world
            .register(plain("L3-NEW-001", AgentTier::L3, Some("L2-CHAR-001")))
            .await;
        let issued = session::issue(service, operator, "L3-NEW-001", 600)
            .await
            .unwrap();
        let begun = async || {
            let id = studio.delegated().await.id.to_string();
            task::start(service, &studio.specialist, &id).await.unwrap();
            id
        };
        let under_review = async || {
            let id = begun().await;
            task::request_review(service, &studio.specialist, &id, None, json!({}))
                .await
                .unwrap();
            id
        };
        let family = begun().await;
        for _ in 0..2 {
            let child = Create {
                parent_id: Some(family.clone()),
                ..drawing()
            };
            task::delegate(service, &studio.specialist, "L3-CHAR-POSE-001", child)
                .await
                .unwrap();
        }
        let due = Create {
            deadline: Some(service.db.clock().now() + TimeDelta::seconds(60)),
            ..drawing()
        };
        let due = task::create(service, &studio.director, due).await.unwrap();
        let leased = Define {
            lease_seconds: 60,
            ..anything_goes("LEASED")
        };
        let checked = Define {
            validators: vec!["CHECK".to_owned()],
            ..anything_goes("CHECKED")
        };
        for define in [validator("CHECK"), checked, leased] {
            studio.world.define(define).await;
        }
        studio
            .world
            .make_capable("L3-CHAR-POSE-001", &["CHECK"])
            .await;
        studio.world.make_capable("L2-NET-001", &["DRAW"]).await;
        let executed = async |name: &str| {
            let create = Create {
                type_name: name.to_owned(),
                ..drawing()
            };
            let task = task::execute(service, &studio.specialist, create).await;
            task.unwrap().id.to_string()
        };
        let pictured = begun().await;
        let asset = picture_of(service, &studio.specialist, &pictured).await;
        let stage = Self {
            pictured,
            asset,
            checked: executed("CHECKED").await,
            leased: executed("LEASED").await,
            secret,
            visitor,
            session: issued.session.id.to_string(),
            pending: studio.created().await.id.to_string(),
            assigned: studio.delegated().await.id.to_string(),
            begun: begun().await,
            failing: begun().await,
            judged: under_review().await,
            sent_back: under_review().await,
            thrown_out: under_review().await,
            family,
            due: due.id.to_string(),
            studio,
        };
        stage
            .studio
            .service()
            .db
            .clock()
            .advance(Duration::from_secs(120));
        stage
    }

    /// The check of what was handed in.
    pub(super) async fn check(&self) -> Result<String> {
        let check = entities::task::Entity::find()
            .filter(entities::task::Column::CheckOfAttempt.is_not_null())
            .one(&self.studio.service().db)
            .await;
        Ok(check?.unwrap().id.to_string())
    }

    pub(super) fn rejection(reassign: bool) -> Rejection {
        Rejection {
            output_sha256: None,
            feedback: "more fox".to_owned(),
            reassign,
            deadline: None,
        }
    }
}
