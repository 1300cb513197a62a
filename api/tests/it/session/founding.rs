//! The first start, and the founding fleet (spec R1.02, R2.06, R3.13).

use entities::agent::{self as row, AgentTier as T};
use entities::audit::AuditAction as A;
use entities::id::AgentId;
use entities::task_type;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use ziggie::auth::actor::Caller;
use ziggie::error::Code;
use ziggie::service::{agent, first_start, founding};

use crate::agent::{at, code, faults};
use crate::world::{World, id, on_each_database, on_postgres};

async fn of_tier(world: &World, tier: T) -> u64 {
    let found = row::Entity::find().filter(row::Column::Tier.eq(tier));
    found.count(&world.service.db).await.unwrap()
}

#[tokio::test]
async fn the_first_start_makes_control_center_operator_and_key_once() {
    on_each_database(async |world| {
        let center = agent::get(&world.service, "SYSTEM-000").await.unwrap();
        assert_eq!(center.secret_sha256, None);
        let registered = world.entries(A::AgentRegistered).await;
        let subjects: Vec<_> = registered
            .iter()
            .map(|entry| entry.entity_id.as_str())
            .collect();
        assert_eq!(subjects, ["SYSTEM-000", "SYSTEM-001"]);
        let center = Some(AgentId::control_center());
        assert!(registered.iter().all(|entry| entry.actor_id == center));
        let again = first_start::prepare(&world.service.db, world.master(), |_| Ok(()))
            .await
            .unwrap();
        assert!(again.operator_secret.is_none());
        let keys = world.entries(A::SigningKeyRotated).await;
        let purposes = keys
            .iter()
            .map(|entry| entry.metadata.value()["purpose"].clone());
        assert_eq!(purposes.collect::<Vec<_>>(), ["sessions", "log"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_replicas_that_start_first_at_once_one_gets_the_secret() {
    on_postgres(async |world| {
        let (master, replicas) = world.empty_replicas(4).await;
        let starts = replicas
            .iter()
            .map(|db| first_start::prepare(db, &master, |_| Ok(())));
        let secrets = futures::future::join_all(starts).await;
        let given = secrets
            .into_iter()
            .filter(|start| start.as_ref().unwrap().operator_secret.is_some());
        assert_eq!(given.count(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_founding_fleet_is_loaded_once_without_secrets_and_audited() {
    on_each_database(async |world| {
        let service = &world.service;
        founding::load(service).await.unwrap();
        for (tier, count) in [(T::L1, 12), (T::L2, 144), (T::L3, 1_728), (T::System, 2)] {
            assert_eq!(of_tier(&world, tier).await, count, "{tier}");
        }
        let artemis = agent::get(service, "L1-ART-001").await.unwrap();
        assert_eq!(
            (artemis.name.as_str(), &artemis.secret_sha256),
            ("ARTEMIS", &None)
        );
        assert_eq!(artemis.permissions, T::L1.ceiling());
        assert_eq!(service.feed.fleet().reports(&id("L2-CHAR-001")).count(), 12);
        let registered = world.entries(A::AgentRegistered).await;
        assert_eq!(registered.len(), 1_884 + 2);
        let center = Some(AgentId::control_center());
        assert!(registered.iter().all(|entry| entry.actor_id == center));
        let types = task_type::Entity::find().count(&service.db).await.unwrap();
        assert_eq!(world.entries(A::TaskTypeDefined).await.len() as u64, types);
        assert!(types >= 4);

        // Again: everything is there.
        founding::load(service).await.unwrap();
        assert_eq!(world.entries(A::AgentRegistered).await.len(), 1_884 + 2);
        assert_eq!(world.entries(A::TaskTypeDefined).await.len() as u64, types);
    })
    .await;
}

#[tokio::test]
async fn what_is_missing_of_the_founding_fleet_is_added_to_what_was_changed() {
    on_each_database(async |world| {
        let (service, operator) = (&world.service, &world.operator);
        let own = crate::world::plain("L1-ART-001", T::L1, None);
        world.register(own).await;
        founding::load(service).await.unwrap();
        assert_eq!(of_tier(&world, T::L1).await, 12);
        // Its own name stays: loading changes nobody.
        let kept = agent::get(service, "L1-ART-001").await.unwrap();
        assert_eq!(kept.name, "agent L1-ART-001");
        agent::rotate_secret(service, operator, "L2-CHAR-001")
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_load_the_founding_fleet_at_once_load_it_once() {
    on_postgres(async |world| {
        let other = world.replica().await;
        let (one, two) = futures::join!(founding::load(&world.service), founding::load(&other));
        one.unwrap();
        two.unwrap();
        assert_eq!(of_tier(&world, T::L3).await, 1_728);
        assert_eq!(world.entries(A::AgentRegistered).await.len(), 1_884 + 2);
    })
    .await;
}

#[tokio::test]
async fn an_exported_fleet_is_imported_as_it_was() {
    on_each_database(async |world| {
        let service = &world.service;
        founding::load(service).await.unwrap();
        let fewer = vec![entities::agent::AgentPermission::ExecuteTask];
        agent::set_permissions(service, &world.operator, "L2-CHAR-001", fewer)
            .await
            .unwrap();
        let exported = founding::export_fleet(service).await.unwrap();
        assert!(!exported.contains(r#""tier":"SYSTEM""#));

        let other = World::on_sqlite(ziggie::service::Settings::default()).await;
        let itself = Caller::control_center(other.service.db.request_id());
        let count = founding::import_fleet(&other.service, &itself, &exported)
            .await
            .unwrap();
        assert_eq!(count, 1_884);
        assert_eq!(
            founding::export_fleet(&other.service).await.unwrap(),
            exported
        );
        // All or none: who is there already is a fault of its line.
        let again = founding::import_fleet(&other.service, &itself, &exported).await;
        assert_eq!(faults(again).len(), 1_884);
    })
    .await;
}

#[tokio::test]
async fn a_file_with_faults_changes_nothing_and_names_every_line() {
    on_each_database(async |world| {
        let (service, operator) = (&world.service, &world.operator);
        let fleet = r#"{"version": 1, "agents": [
            {"id": "L1-NEW-001", "name": "New", "tier": "L1", "capabilities": []},
            {"id": "L2-NEW-001", "name": "New", "tier": "L2", "capabilities": []}
        ]}"#;
        let refused = founding::import_fleet(service, operator, fleet).await;
        assert_eq!(faults(refused), [at(1, "/supervisorId", "required")]);
    })
    .await;
}

#[tokio::test]
async fn below_system_nobody_imports_a_fleet() {
    on_each_database(async |world| {
        let director = world.agent("L1-ART-001", T::L1, None).await;
        let refused = founding::import_fleet(&world.service, &director, "{}").await;
        assert_eq!(code(&refused), Some(Code::Forbidden));
    })
    .await;
}
