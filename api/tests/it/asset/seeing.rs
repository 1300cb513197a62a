//! The rule of sight in memory and its twin in SQL say the same of assets (spec R1.09).

use std::collections::HashSet;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use ziggie::auth::sight::sees_asset;
use ziggie::service::asset::{self, Filter, Review};
use ziggie::service::page::PageRequest;
use ziggie::service::task;
use ziggie::store::asset_sights;

use super::{all, picture, picture_of};
use crate::task::{Studio, drawing};
use crate::world::on_each_database;

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_exactly_what_the_rule_lets_each_agent_see() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let service = studio.service();
        let callers = [
            &studio.director,
            &studio.other_director,
            &studio.specialist,
            &studio.other_specialist,
            &studio.micro,
        ];
        let mut runner = TestRunner::deterministic();
        let moves = proptest::collection::vec((0usize..5, 0usize..5, 0usize..6), 80);
        let mut tasks: Vec<entities::task::Model> = Vec::new();
        let mut made: Vec<entities::asset::Model> = Vec::new();
        for (by, to, what) in moves.new_tree(&mut runner).unwrap().current() {
            let caller = callers[by];
            match what {
                0 => tasks.extend(task::execute(service, caller, drawing()).await),
                1 => {
                    let to = callers[to].agent_id().unwrap().to_string();
                    let parent = tasks
                        .iter()
                        .rev()
                        .find(|task| task.assignee_id == caller.agent_id());
                    let child = task::Create {
                        parent_id: parent.map(|task| task.id.to_string()),
                        ..drawing()
                    };
                    // Below the parent, for the holders of children; those are not in `tasks`, which are all in progress.
                    let _ = task::delegate(service, caller, &to, child).await;
                }
                2 => made.extend(asset::register(service, caller, picture()).await),
                3 | 4 => {
                    let held = tasks
                        .iter()
                        .rev()
                        .find(|task| task.assignee_id == caller.agent_id());
                    if let Some(task) = held {
                        made.extend(asset::register(service, caller, picture_of(task)).await);
                    }
                }
                _ => {
                    if let Some(asset) = made.get(to * 3) {
                        let review = Review {
                            approved: false,
                            sha256: None,
                            feedback: Some("no".to_owned()),
                        };
                        let _ = asset::review(service, caller, &asset.id.to_string(), review).await;
                    }
                }
            }
        }
        let rows = all(service).await;
        assert!(rows.len() > 15, "the run makes enough assets to tell");
        let sights = asset_sights(&service.db, &rows).await.unwrap();
        let (mut hidden, mut by_child) = (0, 0);
        for caller in callers.into_iter().chain([&studio.world.operator]) {
            let (id, tier) = (caller.agent_id().unwrap(), caller.tier().unwrap());
            let sees = |sight: &_| {
                let fleet = service.feed.fleet();
                sees_asset(&fleet, service.settings.reach, &id, tier, sight)
            };
            let expected: HashSet<_> = rows
                .iter()
                .zip(&sights)
                .filter(|(_, sight)| sees(sight))
                .map(|(row, _)| row.id)
                .collect();
            by_child += sights
                .iter()
                .filter(|sight| sight.child_holders.contains(&id))
                .count();
            let request = PageRequest {
                first: 200,
                after: None,
                total: true,
            };
            let page = asset::list(service, caller, Filter::default(), &request)
                .await
                .unwrap();
            let listed: HashSet<_> = page.items.iter().map(|(_, row)| row.id).collect();
            assert_eq!(listed, expected, "{id}");
            assert_eq!(page.total, Some(expected.len() as u64), "{id}");
            for row in &rows {
                let found = asset::find(service, caller, &row.id.to_string())
                    .await
                    .unwrap();
                assert_eq!(found.is_some(), expected.contains(&row.id), "{id}");
            }
            hidden += rows.len() - expected.len();
        }
        assert!(
            hidden > 0 && by_child > 0,
            "the test shows nothing: {hidden}, {by_child}"
        );
    })
    .await;
}
