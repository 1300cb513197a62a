//! The rule of sight in memory and its twin in SQL say the same (spec R1.09).

use std::collections::HashSet;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use ziggie::auth::sight::sees_task;
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
            let request = PageRequest {
                first: 200,
                after: None,
                total: true,
            };
            let page = task::list(service, caller, task::Filter::default(), &request)
                .await
                .unwrap();
            let listed: HashSet<_> = page.items.iter().map(|(_, task)| task.id).collect();
            assert_eq!(listed, expected, "{id}");
            assert_eq!(page.total, Some(expected.len() as u64), "{id}");
            hidden += tasks.len() - expected.len();
        }
        assert!(
            hidden > 0,
            "somebody must not see something, or the test shows nothing"
        );
    })
    .await;
}
