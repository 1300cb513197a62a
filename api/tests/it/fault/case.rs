//! The use cases that faults befall. Each works once on the stage, in this order, and fails before that as often as it is made to.

use std::time::Duration;

use chrono::TimeDelta;
use entities::agent::{AgentPermission, AgentTier};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;
use ziggie::auth::actor::Caller;
use ziggie::auth::policy::Operation;
use ziggie::error::Result;
use ziggie::service::page::PageRequest;
use ziggie::service::task::{Create, Rejection};
use ziggie::service::{agent, founding, key, session, task, task_type};

use crate::task::{Studio, drawing};
use crate::world::{World, anything_goes, plain};

/// A use case.
pub(super) struct Case {
    pub(super) name: &'static str,
    /// Whether it changes anything when it is done.
    pub(super) changes: bool,
    pub(super) work: for<'a> fn(&'a Stage) -> BoxFuture<'a, Result<()>>,
}

/// A studio with a task wherever a task can stand.
pub(super) struct Stage {
    pub(super) studio: Studio,
    secret: String,
    /// Somebody whose session comes and goes.
    visitor: Caller,
    session: String,
    pending: String,
    assigned: String,
    begun: String,
    failing: String,
    judged: String,
    sent_back: String,
    thrown_out: String,
    family: String,
    due: String,
    /// A task that was begun, and an asset of it.
    pictured: String,
    asset: String,
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
        let pictured = begun().await;
        let asset = asset::picture_of(service, &studio.specialist, &pictured).await;
        let stage = Self {
            pictured,
            asset,
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

    fn rejection(reassign: bool) -> Rejection {
        Rejection {
            output_sha256: None,
            feedback: "more fox".to_owned(),
            reassign,
            deadline: None,
        }
    }
}

/// A case of a stage's service, by one of its people.
macro_rules! case {
    ($name:literal, |$stage:ident, $service:ident| $work:expr) => {
        case!($name, true, |$stage, $service| $work)
    };
    ($name:literal, $changes:literal, |$stage:ident, $service:ident| $work:expr) => {
        Case {
            name: $name,
            changes: $changes,
            work: |$stage| {
                async move {
                    let $service = $stage.studio.service();
                    $work.await.map(drop)
                }
                .boxed()
            },
        }
    };
}

mod asset;

pub(super) use asset::ASSETS;

/// In this order: what stops agents comes last.
pub(super) const CASES: &[Case] = &[
    case!("register one", |stage, service| agent::register(
        service,
        &stage.studio.world.operator,
        vec![plain("L2-ONE-001", AgentTier::L2, Some("L1-ART-001"))],
        Operation::RegisterAgent
    )),
    case!("register many", |stage, service| agent::register(
        service,
        &stage.studio.world.operator,
        (0..5)
            .map(|number| plain(
                &format!("L3-MANY-{number:03}"),
                AgentTier::L3,
                Some("L2-CHAR-001")
            ))
            .collect(),
        Operation::RegisterAgents
    )),
    case!("import a fleet", |stage, service| founding::import_fleet(
        service,
        &stage.studio.world.operator,
        r#"{"version": 1, "agents": [{"id": "L1-FLEET-001", "name": "New", "tier": "L1", "capabilities": []}]}"#
    )),
    case!("rename two", |stage, service| agent::update(
        service,
        &stage.studio.world.operator,
        ["L2-CHAR-001", "L2-NET-001"]
            .into_iter()
            .map(|id| agent::Update {
                id: id.to_owned(),
                name: Some("another".to_owned()),
                supervisor_id: None,
                capabilities: None,
                config: None,
                permissions: None,
                active: None,
                reason: None,
            })
            .collect()
    )),
    case!("configure", |stage, service| agent::update_config(
        service,
        &stage.studio.world.operator,
        "L2-CHAR-001",
        json!({"palette": "ember"})
    )),
    case!("set permissions", |stage, service| agent::set_permissions(
        service,
        &stage.studio.world.operator,
        "L3-NEW-001",
        vec![AgentPermission::ExecuteTask]
    )),
    case!("authenticate", |stage, service| async {
        let stranger = stage.studio.world.stranger();
        session::authenticate(service, &stranger, "L3-NEW-001", &stage.secret).await
    }),
    case!("rotate a secret", |stage, service| agent::rotate_secret(
        service,
        &stage.studio.world.operator,
        "L3-NEW-001"
    )),
    case!("issue a session", |stage, service| session::issue(
        service,
        &stage.studio.world.operator,
        "L3-NEW-001",
        600
    )),
    case!("rotate a session", |stage, service| session::rotate(
        service,
        &stage.visitor
    )),
    case!("revoke a session", |stage, service| session::revoke(
        service,
        &stage.studio.world.operator,
        &stage.session
    )),
    case!("revoke all sessions", |stage, service| session::revoke_all(
        service,
        &stage.studio.world.operator,
        "L3-NEW-001"
    )),
    case!("rotate the signing key", |stage, service| key::rotate(
        service,
        &stage.studio.world.operator
    )),
    case!("define a type", |stage, service| task_type::define(
        service,
        &stage.studio.world.operator,
        anything_goes("PAINT")
    )),
    case!("create", |stage, service| task::create(
        service,
        &stage.studio.director,
        drawing()
    )),
    case!("create under a key", |stage, service| task::create(
        service,
        &stage.studio.director,
        Create {
            idempotency_key: Some("once".to_owned()),
            ..drawing()
        }
    )),
    case!("create a child", |stage, service| task::create(
        service,
        &stage.studio.specialist,
        Create {
            parent_id: Some(stage.family.clone()),
            ..drawing()
        }
    )),
    case!("delegate", |stage, service| task::delegate(
        service,
        &stage.studio.director,
        "L2-CHAR-001",
        drawing()
    )),
    case!("execute", |stage, service| task::execute(
        service,
        &stage.studio.micro,
        drawing()
    )),
    case!("list", false, |stage, service| task::list(
        service,
        &stage.studio.specialist,
        task::Filter::default(),
        &PageRequest::default()
    )),
    case!("assign", |stage, service| task::assign(
        service,
        &stage.studio.director,
        &stage.pending,
        "L2-CHAR-001",
        None
    )),
    case!("assign to another", |stage, service| task::assign(
        service,
        &stage.studio.director,
        &stage.pending,
        "L2-NET-001",
        None
    )),
    case!("start", |stage, service| task::start(
        service,
        &stage.studio.specialist,
        &stage.assigned
    )),
    case!("ask for a review", |stage, service| task::request_review(
        service,
        &stage.studio.specialist,
        &stage.assigned,
        None,
        json!({"of": "a fox"})
    )),
    case!("approve", |stage, service| task::approve(
        service,
        &stage.studio.director,
        &stage.judged,
        None,
        None
    )),
    case!("complete what was approved", |stage, service| {
        task::complete(service, &stage.studio.specialist, &stage.judged, None, None)
    }),
    case!("reject and hand back", |stage, service| task::reject(
        service,
        &stage.studio.director,
        &stage.sent_back,
        Stage::rejection(true)
    )),
    case!("reject", |stage, service| task::reject(
        service,
        &stage.studio.director,
        &stage.thrown_out,
        Stage::rejection(false)
    )),
    case!("complete", |stage, service| task::complete(
        service,
        &stage.studio.specialist,
        &stage.begun,
        None,
        Some(json!({}))
    )),
    case!("fail", |stage, service| task::fail(
        service,
        &stage.studio.specialist,
        &stage.failing,
        None,
        "the brush broke".to_owned(),
        true
    )),
    case!("retry", |stage, service| task::retry(
        service,
        &stage.studio.director,
        &stage.failing,
        None,
        None
    )),
    case!("cancel a subtree", |stage, service| task::cancel(
        service,
        &stage.studio.director,
        &stage.family,
        None
    )),
    case!("cancel what is overdue", |stage, service| async {
        let cancelled = task::cancel_overdue(service).await?;
        assert_eq!(cancelled, 1, "{} is overdue", stage.due);
        Ok(())
    }),
    case!("report one's own error", |stage, service| {
        agent::report_error(service, &stage.studio.micro, "no ochre")
    }),
    case!("activate", |stage, service| agent::activate(
        service,
        &stage.studio.world.operator,
        "L3-CHAR-POSE-001"
    )),
    case!("set in error", |stage, service| agent::set_error(
        service,
        &stage.studio.world.operator,
        "L2-NET-001",
        "repairs",
        false
    )),
    case!("deactivate a line", |stage, service| agent::deactivate(
        service,
        &stage.studio.world.operator,
        "L1-ART-001",
        "runaway line",
        true
    )),
];
