//! The use cases that faults befall. Each works once on the stage, in this order, and fails before that as often as it is made to.

use entities::agent::{AgentPermission, AgentTier};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;
use ziggie::auth::policy::Operation;
use ziggie::error::Result;
use ziggie::service::page::PageRequest;
use ziggie::service::task::Create;
use ziggie::service::{agent, founding, key, notification, session, task, task_type};

use super::stage::Stage;
use crate::notification::{forgetful, told};
use crate::task::drawing;
use crate::world::{anything_goes, plain};

/// A use case.
pub(super) struct Case {
    pub(super) name: &'static str,
    /// Whether it changes anything when it is done.
    pub(super) changes: bool,
    pub(super) work: for<'a> fn(&'a Stage) -> BoxFuture<'a, Result<()>>,
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
mod sprint;

pub(super) use asset::{ASSETS, picture_of};
pub(super) use sprint::SPRINTS;

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
    case!("claim", |stage, service| async {
        let claimed = task::claim(
            service,
            &stage.studio.other_specialist,
            task::Claim::default(),
        )
        .await?;
        assert!(claimed.is_some(), "there is something to claim");
        Ok(())
    }),
    case!("heartbeat with progress", |stage, service| {
        let heartbeat = task::Heartbeat {
            progress: Some(40),
            ..task::Heartbeat::default()
        };
        task::heartbeat(service, &stage.studio.specialist, &stage.begun, heartbeat)
    }),
    case!("hand in to be checked", |stage, service| task::complete(
        service,
        &stage.studio.specialist,
        &stage.checked,
        None,
        Some(json!({}))
    )),
    case!("start a check", |stage, service| async {
        let check = stage.check().await?;
        task::start(service, &stage.studio.micro, &check).await
    }),
    case!("end the last check", |stage, service| async {
        let said = json!({"valid": false, "findings": ["more fox"]});
        let check = stage.check().await?;
        task::complete(service, &stage.studio.micro, &check, None, Some(said)).await
    }),
    case!("lose a lease", |stage, service| async {
        let expired = task::expire_leases(service).await?;
        assert_eq!(expired, 1, "{} is leased", stage.leased);
        Ok(())
    }),
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
    case!("acknowledge", |stage, service| async {
        let ids = told(service, &stage.studio.specialist).await?;
        notification::acknowledge(service, &stage.studio.specialist, &ids).await
    }),
    case!("sweep notifications", |stage, service| async {
        notification::sweep(&forgetful(service)).await
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
