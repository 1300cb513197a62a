//! The use cases of assets that faults befall.

use futures::FutureExt;
use serde_json::json;
use ziggie::auth::actor::Caller;
use ziggie::service::page::PageRequest;
use ziggie::service::{Service, asset, task};

use super::Case;
use crate::asset::{picture, put};

/// An asset of a task, its bytes not put yet.
pub(in crate::fault) async fn picture_of(service: &Service, caller: &Caller, task: &str) -> String {
    let made = asset::Register {
        task_id: Some(task.to_owned()),
        ..picture()
    };
    let made = asset::register(service, caller, made).await;
    made.unwrap().id.to_string()
}

/// In this order.
pub(in crate::fault) const ASSETS: &[Case] = &[
    case!("register an asset", |stage, service| asset::register(
        service,
        &stage.studio.specialist,
        asset::Register {
            task_id: Some(stage.pictured.clone()),
            ..picture()
        }
    )),
    case!("put its bytes", |stage, service| put(
        service,
        &stage.studio.specialist,
        &stage.asset,
        b"a fox"
    )),
    case!("put them again", false, |stage, service| put(
        service,
        &stage.studio.specialist,
        &stage.asset,
        b"a fox"
    )),
    case!("list assets", false, |stage, service| asset::list(
        service,
        &stage.studio.specialist,
        asset::Filter::default(),
        &PageRequest::default()
    )),
    case!("approve an asset", |stage, service| asset::review(
        service,
        &stage.studio.director,
        &stage.asset,
        asset::Review {
            approved: true,
            sha256: None,
            feedback: None
        }
    )),
    case!("hand in what names it", |stage, service| task::complete(
        service,
        &stage.studio.specialist,
        &stage.pictured,
        None,
        Some(json!({"asset": stage.asset}))
    )),
    case!("delete an asset", |stage, service| asset::delete(
        service,
        &stage.studio.director,
        &stage.asset,
        "out of fashion"
    )),
];
