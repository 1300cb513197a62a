//! The rule of sight in memory and its twin in SQL say the same (spec R1.09).

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use entities::id::TaskId;
use entities::task::TaskStatus;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use ziggie::auth::actor::Caller;
use ziggie::auth::sight::sees_task;
use ziggie::service::Service;
use ziggie::service::page::PageRequest;
use ziggie::service::task;
use ziggie::store::task_sights;

use super::{Studio, drawing};
use crate::world::on_each_database;

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_exactly_what_the_rule_lets_each_agent_see() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let service = studio.service();
        let capable = ziggie::service::agent::Update {
            id: "L3-CHAR-POSE-001".into(),
            capabilities: Some(vec!["DRAW".into()]),
            ..Default::default()
        };
        ziggie::service::agent::update(service, &studio.world.operator, vec![capable])
            .await
            .unwrap();
        let callers = [
            &studio.director,
            &studio.other_director,
            &studio.specialist,
            &studio.other_specialist,
            &studio.micro,
        ];
        let mut runner = TestRunner::deterministic();
        let moves = proptest::collection::vec((0usize..5, 0usize..5, 0usize..4), 60);
        let mut tasks = Vec::new();
        for (by, to, what) in moves.new_tree(&mut runner).unwrap().current() {
            let caller = callers[by];
            let to = callers[to].agent_id().unwrap().to_string();
            let parent = tasks
                .last()
                .map(|task: &entities::task::Model| task.id.to_string());
            let made = match what {
                0 => task::create(service, caller, drawing()).await,
                1 => task::delegate(service, caller, &to, drawing()).await,
                2 => task::execute(service, caller, drawing()).await,
                _ => {
                    let child = task::Create {
                        parent_id: parent,
                        ..drawing()
                    };
                    task::create(service, caller, child).await
                }
            };
            tasks.extend(made);
        }
        assert!(tasks.len() > 20, "the run makes enough tasks to tell");
        let sights = task_sights(&service.db, &tasks).await.unwrap();
        let mut hidden = 0;
        for caller in callers.into_iter().chain([&studio.world.operator]) {
            let (id, tier) = (caller.agent_id().unwrap(), caller.tier().unwrap());
            let expected: HashSet<_> = tasks
                .iter()
                .zip(&sights)
                .filter(|(_, sight)| {
                    sees_task(
                        &service.feed.fleet(),
                        service.settings.reach,
                        &id,
                        tier,
                        sight,
                    )
                })
                .map(|(task, _)| task.id)
                .collect();
            for (name, filter) in filters(&tasks) {
                let mut wanted: Vec<_> = tasks
                    .iter()
                    .filter(|task| expected.contains(&task.id) && is_in(&filter, task))
                    .map(|task| (task.created_at, task.id))
                    .collect();
                wanted.sort_unstable();
                wanted.reverse();
                let (listed, total) = pages(service, caller, &filter).await;
                assert_eq!(listed, wanted, "{id}, {name}");
                assert_eq!(total, Some(wanted.len() as u64), "{id}, {name}");
            }
            hidden += tasks.len() - expected.len();
        }
        assert!(
            hidden > 0,
            "somebody must not see something, or the test shows nothing"
        );
    })
    .await;
}

/// One of each kind: lists read what is seen newest first, or look at what the filter leaves.
fn filters(tasks: &[entities::task::Model]) -> Vec<(&'static str, task::Filter)> {
    let parent = tasks.iter().find_map(|task| task.parent_id);
    vec![
        ("all", task::Filter::default()),
        (
            "by status",
            task::Filter {
                status: Some(vec![TaskStatus::Assigned, TaskStatus::InProgress]),
                ..Default::default()
            },
        ),
        (
            "by time",
            task::Filter {
                created_after: tasks.get(10).map(|task| task.created_at),
                created_before: tasks.get(20).map(|task| task.created_at),
                ..Default::default()
            },
        ),
        (
            "by holder",
            task::Filter {
                assignee_id: Some("L2-CHAR-001".to_owned()),
                ..Default::default()
            },
        ),
        (
            "by maker",
            task::Filter {
                creator_id: Some("L1-ENG-001".to_owned()),
                ..Default::default()
            },
        ),
        (
            "by parent",
            task::Filter {
                parent_id: parent.map(|id| id.to_string()),
                ..Default::default()
            },
        ),
    ]
}

fn is_in(filter: &task::Filter, task: &entities::task::Model) -> bool {
    let is = |wanted: &Option<String>, had: Option<String>| wanted.is_none() || *wanted == had;
    let status = filter.status.as_ref();
    status.is_none_or(|all| all.contains(&task.status))
        && filter.created_after.is_none_or(|at| task.created_at >= at)
        && filter.created_before.is_none_or(|at| task.created_at < at)
        && is(
            &filter.assignee_id,
            task.assignee_id.as_ref().map(ToString::to_string),
        )
        && is(&filter.creator_id, Some(task.creator_id.to_string()))
        && is(&filter.parent_id, task.parent_id.map(|id| id.to_string()))
}

/// A whole list, a few at a time, and the total that its first page tells.
async fn pages(
    service: &Service,
    caller: &Caller,
    filter: &task::Filter,
) -> (Vec<(DateTime<Utc>, TaskId)>, Option<u64>) {
    let mut request = PageRequest {
        first: 7,
        after: None,
        total: true,
    };
    let (mut listed, mut total) = (Vec::new(), None);
    loop {
        let page = task::list(service, caller, filter.clone(), &request)
            .await
            .unwrap();
        total = total.or(page.total);
        listed.extend(
            page.items
                .iter()
                .map(|(_, task)| (task.created_at, task.id)),
        );
        if !page.has_next {
            return (listed, total);
        }
        request.after = page.items.last().map(|(cursor, _)| cursor.clone());
    }
}
