//! How sessions end, are listed and swept (spec R2.04).

use std::time::Duration;

use entities::agent::AgentTier as T;
use entities::audit::AuditAction as A;
use entities::id::AgentId;
use entities::session as row;
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};
use ziggie::error::Code;
use ziggie::service::page::PageRequest;
use ziggie::service::session;

use crate::agent::code;
use crate::world::{World, id, log_in, on_each_database, on_postgres, plain};

async fn issue(world: &World, ttl: i32) -> row::Model {
    let issued = session::issue(&world.service, &world.operator, "L1-ART-001", ttl).await;
    issued.unwrap().session
}

#[tokio::test]
async fn one_ends_ones_own_session_and_with_manage_agents_anyones() {
    on_each_database(async |world| {
        let service = &world.service;
        let director = world.agent("L1-ART-001", T::L1, None).await;
        let other = world.agent("L1-ENG-001", T::L1, None).await;
        let theirs = other.session_id().unwrap().to_string();

        // Another's is hidden: not found, and the log knows.
        let refused = session::revoke(service, &director, &theirs).await;
        assert_eq!(code(&refused), Some(Code::NotFound));
        assert_eq!(
            session::find(service, &director, &theirs).await.unwrap(),
            None
        );
        let denied = world.entries(A::AccessDenied).await.pop().unwrap();
        assert_eq!(denied.metadata.value()["rule"], "R2.04 sessions");
        for nothing in [
            "sess_00000000000000000000000000",
            "no id",
            theirs.to_uppercase().as_str(),
        ] {
            let refused = session::revoke(service, &director, nothing).await;
            assert_eq!(code(&refused), Some(Code::NotFound));
        }

        let ended = session::revoke(service, &world.operator, &theirs)
            .await
            .unwrap();
        assert!(ended.revoked_at.is_some());
        let again = session::revoke(service, &world.operator, &theirs)
            .await
            .unwrap();
        assert_eq!(again, ended);
        let own = director.session_id().unwrap().to_string();
        assert!(
            session::find(service, &director, &own)
                .await
                .unwrap()
                .is_some()
        );
        session::revoke(service, &director, &own).await.unwrap();
        assert_eq!(world.entries(A::SessionRevoked).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn all_of_an_agents_sessions_end_at_once() {
    on_each_database(async |world| {
        let secret = world.register(plain("L1-ART-001", T::L1, None)).await;
        let service = &world.service;
        let one = log_in(service, "L1-ART-001", &secret).await;
        let other = log_in(service, "L1-ART-001", &secret).await;
        let revoke = async || session::revoke_all(service, &world.operator, "L1-ART-001").await;
        assert_eq!(revoke().await.unwrap(), 2);
        assert_eq!(revoke().await.unwrap(), 0);
        for caller in [&one, &other] {
            assert!(!session::still_live(service, caller).await.unwrap());
        }
        let refused = session::revoke_all(service, &world.operator, "L1-NOBODY-001").await;
        assert_eq!(code(&refused), Some(Code::NotFound));
        log_in(service, "L1-ART-001", &secret).await;
    })
    .await;
}

#[tokio::test]
async fn sessions_are_listed_newest_first_to_whom_they_concern() {
    on_each_database(async |world| {
        let director = world.agent("L1-ART-001", T::L1, None).await;
        let other = world.agent("L1-ENG-001", T::L1, None).await;
        let service = &world.service;
        let mut expected = vec![director.session_id().unwrap()];
        for _ in 0..4 {
            expected.insert(0, issue(&world, 60).await.id);
        }
        let agent: AgentId = id("L1-ART-001");
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let request = PageRequest {
                first: 2,
                after: after.clone(),
                total: true,
            };
            let page = session::list(service, &director, &agent, &request)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(page.total, Some(5));
            after = page.items.last().map(|(cursor, _)| cursor.clone());
            seen.extend(page.items.into_iter().map(|(_, session)| session.id));
            if !page.has_next {
                break;
            }
        }
        assert_eq!(seen, expected);
        let request = PageRequest {
            first: 2,
            after: None,
            total: false,
        };
        assert!(
            session::list(service, &other, &agent, &request)
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            session::list(service, &world.operator, &agent, &request)
                .await
                .unwrap()
                .is_some()
        );
    })
    .await;
}

#[tokio::test]
async fn the_sweep_removes_what_expired_and_nothing_else() {
    on_each_database(async |world| {
        world.register(plain("L1-ART-001", T::L1, None)).await;
        let service = &world.service;
        let short = issue(&world, 10).await;
        let long = issue(&world, 1_000).await;
        let revoked = issue(&world, 10).await;
        session::revoke(service, &world.operator, &revoked.id.to_string())
            .await
            .unwrap();
        assert_eq!(session::sweep(service).await.unwrap(), 0);
        service.db.clock().advance(Duration::from_secs(10));
        assert_eq!(session::sweep(service).await.unwrap(), 2);
        assert_eq!(session::sweep(service).await.unwrap(), 0);
        let left = row::Entity::find_by_id(long.id)
            .one(&service.db)
            .await
            .unwrap();
        assert_eq!(left, Some(long));
        let expired = world.entries(A::SessionExpired).await;
        let subjects: std::collections::HashSet<_> = expired
            .iter()
            .map(|entry| entry.entity_id.clone())
            .collect();
        assert_eq!(
            subjects,
            [short.id.to_string(), revoked.id.to_string()].into()
        );
        assert!(
            expired
                .iter()
                .all(|entry| entry.actor_id == Some(AgentId::control_center()))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_sweep_at_once_share_the_work_and_record_each_session_once() {
    on_postgres(async |world| {
        let outside = world.back_door().await;
        outside
            .execute_unprepared(
                "INSERT INTO sessions (id, agent_id, created_at, expires_at)
                 SELECT gen_random_uuid(), 'SYSTEM-001', now() - interval '2 hours', now() - interval '1 hour'
                 FROM generate_series(1, 1200)",
            )
            .await
            .unwrap();
        outside.close().await.unwrap();
        let other = world.replica().await;
        let (one, two) = futures::join!(session::sweep(&world.service), session::sweep(&other));
        let last = session::sweep(&world.service).await.unwrap();
        assert_eq!(one.unwrap() + two.unwrap() + last, 1_200);
        assert_eq!(world.entries(A::SessionExpired).await.len(), 1_200);
        let left = row::Entity::find().count(&world.service.db).await.unwrap();
        assert_eq!(left, 1);
    })
    .await;
}

#[tokio::test]
async fn a_session_that_outlives_two_sweeps_or_its_agent_is_orphaned() {
    on_each_database(async |world| {
        world.register(plain("L1-ART-001", T::L1, None)).await;
        let service = &world.service;
        let orphaned = async || session::orphaned(service).await.unwrap();
        issue(&world, 10).await;
        let kept = issue(&world, 3_000).await;
        assert_eq!(orphaned().await, 0);
        // Expired, but its sweep is not overdue.
        service
            .db
            .clock()
            .advance(Duration::from_secs(10) + service.settings.session_sweep);
        assert_eq!(orphaned().await, 0);
        service
            .db
            .clock()
            .advance(service.settings.session_sweep * 2);
        assert_eq!(orphaned().await, 1);
        session::sweep(service).await.unwrap();
        assert_eq!(orphaned().await, 0);

        let outside = world.back_door().await;
        let sql = async |sql: &str| {
            outside.execute_unprepared(sql).await.unwrap();
        };
        sql("UPDATE agents SET state = 'ERROR' WHERE id = 'L1-ART-001'").await;
        assert_eq!(orphaned().await, 1);
        session::revoke(service, &world.operator, &kept.id.to_string())
            .await
            .unwrap();
        assert_eq!(orphaned().await, 0);
        sql("UPDATE agents SET state = 'OPERATIONAL' WHERE id = 'L1-ART-001'").await;
        issue(&world, 3_000).await;
        sql("DELETE FROM agents WHERE id = 'L1-ART-001'").await;
        assert_eq!(orphaned().await, 1);
        outside.close().await.unwrap();
    })
    .await;
}
