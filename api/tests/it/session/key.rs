//! Signing keys: rotated without logging anyone out, known to every replica, sealed under the master key (spec R2.05, R2.06).

use std::time::Duration;

use entities::agent::AgentTier as T;
use entities::audit::AuditAction as A;
use entities::signing_key;
use futures::future::join_all;
use sea_orm::EntityTrait;
use ziggie::auth::actor::Caller;
use ziggie::auth::key::MasterKey;
use ziggie::error::Code;
use ziggie::service::key::{self, Keys, OpenError};
use ziggie::service::session;

use crate::agent::code;
use crate::world::{call_by, on_each_database, on_postgres, plain};

#[tokio::test]
async fn a_rotation_logs_nobody_out_and_the_old_key_verifies_as_long_as_its_sessions_can_live() {
    on_each_database(async |world| {
        world.register(plain("L1-ART-001", T::L1, None)).await;
        let service = &world.service;
        let longest = i32::try_from(service.settings.max_session_ttl.as_secs()).unwrap();
        let issue = async |ttl| {
            let issued = session::issue(service, &world.operator, "L1-ART-001", ttl).await;
            issued.unwrap().token
        };
        let old = issue(longest).await;
        let first = service.keys.ring().signing_kid().to_owned();
        let second = key::rotate(service, &world.operator).await.unwrap();
        assert_ne!(first, second);
        assert_eq!(service.keys.ring().signing_kid(), second);
        let new = issue(longest).await;
        call_by(service, &old).await;
        call_by(service, &new).await;
        let now = || service.db.clock().now();
        assert_eq!(service.keys.jwks(now()).keys.len(), 2);

        // Then nothing signed by it can be good any more, and it is dropped.
        service
            .db
            .clock()
            .advance(service.settings.max_session_ttl + Duration::from_secs(60));
        assert_eq!(service.keys.jwks(now()).keys.len(), 1);
        assert!(service.keys.reload(&service.db).await.unwrap());
        assert!(!service.keys.reload(&service.db).await.unwrap());

        let mut entries = world.entries(A::SigningKeyRotated).await;
        entries.retain(|entry| entry.metadata.value()["purpose"] == "sessions");
        let kids: Vec<_> = entries
            .iter()
            .map(|entry| entry.entity_id.as_str())
            .collect();
        assert_eq!(kids, [first.as_str(), second.as_str(), first.as_str()]);
        assert_eq!(entries[2].metadata.value()["replacedBy"], second);
    })
    .await;
}

#[tokio::test]
async fn a_session_that_began_when_they_could_live_longer_outlives_a_rotation() {
    on_each_database(async |mut world| {
        world.register(plain("L1-ART-001", T::L1, None)).await;
        let issued = session::issue(&world.service, &world.operator, "L1-ART-001", 7_200).await;
        let token = issued.unwrap().token;
        let mut settings = (*world.service.settings).clone();
        settings.max_session_ttl = Duration::from_secs(600);
        world.service.settings = settings.into();
        key::rotate(&world.service, &world.operator).await.unwrap();
        world.service.db.clock().advance(Duration::from_secs(7_000));
        world.service.keys.reload(&world.service.db).await.unwrap();
        call_by(&world.service, &token).await;
    })
    .await;
}

#[tokio::test]
async fn only_the_control_center_and_operators_rotate_keys() {
    on_each_database(async |world| {
        let director = world.agent("L1-ART-001", T::L1, None).await;
        let service = &world.service;
        for caller in [&director, &world.stranger()] {
            assert_eq!(
                code(&key::rotate(service, caller).await),
                Some(Code::Forbidden)
            );
        }
        assert_eq!(world.entries(A::AccessDenied).await.len(), 2);
        let itself = Caller::control_center(service.db.request_id());
        key::rotate(service, &itself).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_keys_that_are_rotated_at_once_one_is_left_that_signs() {
    on_each_database(async |world| {
        let service = &world.service;
        let rotations = (0..4).map(|_| key::rotate(service, &world.operator));
        for rotated in join_all(rotations).await {
            rotated.unwrap();
        }
        let keys = signing_key::Entity::find().all(&service.db).await.unwrap();
        assert_eq!(keys.len(), 5);
        let signing: Vec<_> = keys.iter().filter(|key| key.retired_at.is_none()).collect();
        assert_eq!(signing.len(), 1);
        service.keys.reload(&service.db).await.unwrap();
        assert_eq!(service.keys.ring().signing_kid(), signing[0].kid);
    })
    .await;
}

#[tokio::test]
async fn a_replica_that_does_not_know_a_key_yet_looks_for_it() {
    on_postgres(async |world| {
        world.register(plain("L1-ART-001", T::L1, None)).await;
        let other = world.replica().await;
        key::rotate(&world.service, &world.operator).await.unwrap();
        let issued = session::issue(&world.service, &world.operator, "L1-ART-001", 60).await;
        let token = issued.unwrap().token;
        call_by(&other, &token).await;
        assert_eq!(
            other.keys.ring().signing_kid(),
            world.service.keys.ring().signing_kid()
        );
    })
    .await;
}

#[tokio::test]
async fn under_another_master_key_nothing_opens() {
    on_each_database(async |world| {
        let other = MasterKey::generate().unwrap();
        let refused = Keys::open(&world.service.db, &other).await;
        let error = refused.map(|_| ()).unwrap_err();
        assert!(matches!(error, OpenError::Key(_)), "{error}");
        assert!(error.to_string().contains("does not open"));
    })
    .await;
}
