//! When agents and sessions were last used (spec R1.05, R5.01).

use std::time::Duration;

use entities::agent::AgentTier as T;
use entities::{agent as agent_row, audit, session as row};
use sea_orm::{EntityTrait, PaginatorTrait};
use ziggie::service::{agent, session};

use crate::world::{call_by, id, on_each_database, plain};

#[tokio::test]
async fn a_use_is_seen_at_once_and_flushed_without_an_entry() {
    on_each_database(async |world| {
        world.register(plain("L1-ART-001", T::L1, None)).await;
        let service = &world.service;
        let issued = session::issue(service, &world.operator, "L1-ART-001", 60)
            .await
            .unwrap();
        let stored = async || {
            let agent = agent_row::Entity::find_by_id(id("L1-ART-001"))
                .one(&service.db)
                .await;
            let session = row::Entity::find_by_id(issued.session.id)
                .one(&service.db)
                .await;
            (
                agent.unwrap().unwrap().last_active_at,
                session.unwrap().unwrap().last_used_at,
            )
        };
        // Issued by somebody else: nobody has heard of the agent itself.
        assert_eq!(
            agent::get(service, "L1-ART-001")
                .await
                .unwrap()
                .last_active_at,
            None
        );

        let caller = call_by(service, &issued.token).await;
        let at = caller.actor().unwrap().agent.last_active_at;
        assert!(at.is_some());
        assert_eq!(
            agent::get(service, "L1-ART-001")
                .await
                .unwrap()
                .last_active_at,
            at
        );
        assert_eq!(stored().await, (None, None));
        let entries = async || {
            audit::entry::Entity::find()
                .count(&service.db)
                .await
                .unwrap()
        };
        let before = entries().await;
        session::flush_last_uses(service).await.unwrap();
        assert_eq!(stored().await, (at, at));

        service.db.clock().advance(Duration::from_secs(7));
        let later = call_by(service, &issued.token)
            .await
            .actor()
            .unwrap()
            .agent
            .last_active_at;
        assert!(later > at);
        session::flush_last_uses(service).await.unwrap();
        assert_eq!(stored().await, (later, later));
        assert_eq!(entries().await, before);
    })
    .await;
}
