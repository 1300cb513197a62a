//! Statuses as reported, and the fleet in figures (spec R1.05, R8.01 gate 1).

use std::time::Duration;

use entities::agent::{AgentStatus as S, AgentTier as T};
use entities::task::TaskStatus;
use ziggie::error::Code;
use ziggie::service::agent::{self, Filter};
use ziggie::service::page::PageRequest;
use ziggie::service::session;

use super::code;
use super::list::{ids, studio};
use crate::world::{World, id, on_each_database};

async fn status_of(world: &World, agent_id: &str) -> S {
    let service = &world.service;
    let row = agent::get(service, agent_id).await.unwrap();
    let holders = agent::processing(service, std::slice::from_ref(&row.id))
        .await
        .unwrap();
    agent::status(&row, holders.contains(&row.id), service.db.clock().now())
}

#[tokio::test]
async fn the_status_as_reported_the_lists_and_the_figures_agree() {
    on_each_database(async |world| {
        studio(&world).await;
        let service = &world.service;
        let operator = &world.operator;
        let busy = world.agent("L2-BUSY-001", T::L2, Some("L1-ART-001")).await;
        world.define_drawing().await;
        let held = world.begun(&busy).await;
        world.agent("L2-AWAKE-001", T::L2, Some("L1-ART-001")).await;
        agent::set_error(service, operator, "L3-CHAR-001", "broken", false)
            .await
            .unwrap();
        agent::deactivate(service, operator, "L2-PROP-001", "gone", false)
            .await
            .unwrap();
        session::flush_last_uses(service).await.unwrap();

        let of = async |status| {
            let filter = Filter {
                status: Some(vec![status]),
                ..Filter::default()
            };
            ids(&world, filter).await
        };
        assert_eq!(of(S::Processing).await, ["L2-BUSY-001"]);
        assert_eq!(of(S::Active).await, ["L2-AWAKE-001", "SYSTEM-001"]);
        assert_eq!(of(S::Error).await, ["L3-CHAR-001"]);
        assert_eq!(of(S::Inactive).await, ["L2-PROP-001"]);
        assert_eq!(
            of(S::Idle).await,
            ["L1-ART-001", "L1-ENG-001", "L2-CHAR-001", "SYSTEM-000"]
        );
        for status in S::ALL {
            for one in of(*status).await {
                assert_eq!(status_of(&world, &one).await, *status, "{one}");
            }
        }
        let several = Filter {
            status: Some(vec![S::Error, S::Inactive]),
            ..Filter::default()
        };
        assert_eq!(ids(&world, several).await, ["L2-PROP-001", "L3-CHAR-001"]);
        let none = Filter {
            status: Some(vec![]),
            ..Filter::default()
        };
        assert!(ids(&world, none).await.is_empty());

        let overview = agent::overview(service, operator).await.unwrap();
        assert_eq!(
            overview.agents_by_tier,
            [(T::L3, 1), (T::L2, 4), (T::L1, 2), (T::System, 2)]
        );
        assert_eq!(
            overview.agents_by_status,
            [
                (S::Active, 2),
                (S::Idle, 4),
                (S::Processing, 1),
                (S::Error, 1),
                (S::Inactive, 1)
            ]
        );
        let tasks: u64 = overview
            .tasks_by_status
            .iter()
            .map(|(_, count)| count)
            .sum();
        assert_eq!(tasks, 1);
        assert!(
            overview
                .tasks_by_status
                .contains(&(TaskStatus::InProgress, 1))
        );
        assert_eq!(overview.orphaned_sessions, 0);

        // After five silent minutes who was active is idle; who works is processing, and stuck after an hour.
        service.db.clock().advance(Duration::from_secs(300));
        assert_eq!(of(S::Active).await, Vec::<String>::new());
        assert_eq!(status_of(&world, "L2-AWAKE-001").await, S::Idle);
        assert_eq!(of(S::Processing).await, ["L2-BUSY-001"]);
        let stuck = async || {
            let request = PageRequest {
                first: 5,
                after: None,
                total: true,
            };
            agent::stuck(service, &request).await.unwrap().total
        };
        assert_eq!(stuck().await, Some(0));
        service.db.clock().advance(Duration::from_secs(3_600));
        assert_eq!(stuck().await, Some(1));
        assert_eq!(held.assignee_id, Some(id("L2-BUSY-001")));
    })
    .await;
}

#[tokio::test]
async fn below_l1_nobody_sees_the_figures() {
    on_each_database(async |world| {
        studio(&world).await;
        let specialist = world.agent("L2-SEES-001", T::L2, Some("L1-ART-001")).await;
        let director = world.agent("L1-SEES-001", T::L1, None).await;
        assert_eq!(
            code(&agent::overview(&world.service, &specialist).await),
            Some(Code::Forbidden)
        );
        agent::overview(&world.service, &director).await.unwrap();
    })
    .await;
}
