//! The use cases of sprints that faults befall.

use entities::sprint::PhaseKind;
use futures::FutureExt;
use ziggie::error::Result;
use ziggie::service::page::PageRequest;
use ziggie::service::sprint::{self, CreateWorkflow};
use ziggie::service::task;

use super::{Case, Stage};
use crate::sprint::{phases, wave};

/// The sprint that was made last.
async fn newest(stage: &Stage) -> Result<String> {
    let page = PageRequest {
        first: 1,
        ..PageRequest::default()
    };
    let (service, director) = (stage.studio.service(), &stage.studio.director);
    let list = sprint::list(service, director, &page).await?;
    Ok(list.items[0].1.id.to_string())
}

/// The first task of that sprint.
async fn first_task(stage: &Stage) -> Result<String> {
    let filter = task::Filter {
        sprint_id: Some(newest(stage).await?),
        ..task::Filter::default()
    };
    let page = PageRequest {
        first: 10,
        ..PageRequest::default()
    };
    let (service, director) = (stage.studio.service(), &stage.studio.director);
    let tasks = task::list(service, director, filter, &page).await?;
    let mut ids: Vec<_> = tasks.items.iter().map(|(_, task)| task.id).collect();
    ids.sort_unstable();
    Ok(ids[0].to_string())
}

/// In this order.
pub(in crate::fault) const SPRINTS: &[Case] = &[
    case!("plan a sprint", |stage, service| sprint::create_workflow(
        service,
        &stage.studio.director,
        CreateWorkflow {
            name: "foxes".to_owned(),
            lead_id: "L2-CHAR-001".to_owned(),
            phases: phases(&[
                (PhaseKind::Planning, &[1, 1]),
                (PhaseKind::Documentation, &[])
            ]),
        }
    )),
    case!("start it", |stage, service| async {
        let id = newest(stage).await?;
        sprint::start(service, &stage.studio.director, &id).await
    }),
    case!("change it", |stage, service| async {
        let id = newest(stage).await?;
        sprint::change(service, &stage.studio.director, &id, 1, None, vec![wave(2)]).await
    }),
    case!("attach evidence", |stage, service| async {
        let id = newest(stage).await?;
        let link = vec!["https://studio.example/fox".to_owned()];
        sprint::attach(service, &stage.studio.specialist, &id, 1, link).await
    }),
    case!("cancel a task of it", |stage, service| async {
        let id = first_task(stage).await?;
        task::cancel(service, &stage.studio.director, &id, None).await
    }),
    case!("let it fail", |stage, service| async {
        let id = newest(stage).await?;
        sprint::advance(service, id.parse().unwrap()).await
    }),
    case!("accept the task", |stage, service| async {
        let id = first_task(stage).await?;
        sprint::accept(service, &stage.studio.director, &id, "no need".to_owned()).await
    }),
    case!("give it up", |stage, service| async {
        let id = newest(stage).await?;
        sprint::cancel(service, &stage.studio.director, &id, "no fox".to_owned()).await
    }),
];
