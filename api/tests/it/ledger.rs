//! The unit of work and the log beneath every verb: nothing changes without an entry, nothing that was refused leaves one, what was
//! acknowledged stays, and the numbers of the log have no gap (spec R5.01, R5.05, R5.09).

use std::collections::BTreeSet;

use chrono::TimeDelta;
use entities::agent::AgentTier;
use entities::audit::{AuditAction, entry, leaf, ledger};
use entities::id::AgentId;
use entities::{idempotency_key, task as tasks};
use futures::{StreamExt, future};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, QueryOrder, Statement};
use tokio::sync::Notify;
use ziggie::error::{Code, Error, Result};
use ziggie::service::{Settings, task};
use ziggie::store::{Entry, Tx};

use crate::world::{World, drawing, on_each_database};

/// An entry that goes with no row.
fn remark(about: &str) -> Entry {
    Entry::new(AuditAction::SystemError)
        .with("duty", "test")
        .about(about)
}

/// A row that can be written by itself.
fn key(tx: &Tx, name: &str) -> idempotency_key::Model {
    idempotency_key::Model {
        creator_id: AgentId::first_operator(),
        key: name.to_owned(),
        request_sha256: String::new(),
        task_id: tx.task_id(),
        expires_at: tx.now() + TimeDelta::hours(1),
    }
}

/// How a unit of the mixed work ends.
#[derive(Clone, Copy)]
enum End {
    Well,
    Badly,
    /// Its caller gives up while it is at work.
    Dropped,
}

/// A unit that keeps a key, records a remark and ends so; whether it was acknowledged.
async fn unit(world: &World, name: &str, end: End) -> bool {
    let at_work = Notify::new();
    let unit = world
        .service
        .db
        .write(&world.operator, async |tx: &mut Tx| {
            tx.keep_idempotency_key(key(tx, name)).await?;
            tx.record(remark(name))?;
            at_work.notify_one();
            match end {
                End::Well => Ok(()),
                End::Badly => Err(Error::conflict("enough")),
                End::Dropped => future::pending().await,
            }
        });
    tokio::select! {
        outcome = unit => outcome.is_ok(),
        () = given_up(&at_work, end) => false,
    }
}

async fn given_up(at_work: &Notify, end: End) {
    at_work.notified().await;
    if !matches!(end, End::Dropped) {
        future::pending().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_numbers_of_the_log_have_no_gap_whatever_was_refused_or_given_up() {
    on_each_database(async |world| {
        let names: Vec<String> = (0..60).map(|number| format!("unit {number}")).collect();
        let ends = [End::Well, End::Badly, End::Dropped, End::Well];
        let units = names.iter().zip(ends.into_iter().cycle());
        let units = units.map(async |(name, end)| (name, unit(&world, name, end).await));
        let mut acknowledged: BTreeSet<String> = future::join_all(units)
            .await
            .into_iter()
            .filter(|(_, acknowledged)| *acknowledged)
            .map(|(name, _)| name.clone())
            .collect();
        assert_eq!(acknowledged.len(), 30);
        // One after the other: each comes after all that was acknowledged before it began.
        let then: Vec<String> = (0..5).map(|number| format!("then {number}")).collect();
        for name in &then {
            assert!(unit(&world, name, End::Well).await);
            acknowledged.insert(name.clone());
        }
        let recorded = world.subjects(AuditAction::SystemError).await;
        assert_eq!(recorded, acknowledged, "what was acknowledged, and no more");
        let db = &world.service.db;
        let kept = idempotency_key::Entity::find().all(db).await.unwrap();
        let kept: BTreeSet<String> = kept.into_iter().map(|row| row.key).collect();
        assert_eq!(kept, acknowledged);

        let count = entry::Entity::find().count(db).await.unwrap();
        let events = world.service.feed.follow(Some(-1));
        let events: Vec<_> = events.take(count as usize).collect().await;
        let places = ledger::Entity::find()
            .order_by_asc(ledger::Column::Sequence)
            .all(db)
            .await
            .unwrap();
        assert_eq!(
            (events.len(), places.len()),
            (count as usize, count as usize)
        );
        let mut about = Vec::new();
        for ((number, place), event) in (0i64..).zip(&places).zip(events) {
            let event = event.unwrap();
            assert_eq!((place.sequence, event.sequence), (number, number));
            assert_eq!(place.entry_id, event.entry.id);
            let bytes = leaf::canonical_bytes(&event.entry);
            assert_eq!(place.leaf_hash, leaf::leaf_hash(&bytes), "entry {number}");
            about.push(event.entry.entity_id.clone());
        }
        assert_eq!(about[about.len() - then.len()..], then);
    })
    .await;
}

#[tokio::test]
async fn a_unit_that_changed_something_and_recorded_nothing_cannot_commit() {
    on_each_database(async |world| {
        let db = &world.service.db;
        let refused: Result<()> = db
            .write(&world.operator, async |tx: &mut Tx| {
                tx.keep_idempotency_key(key(tx, "unseen")).await
            })
            .await;
        assert_eq!(refused.unwrap_err().code(), Code::Internal);
        assert_eq!(idempotency_key::Entity::find().count(db).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn what_is_read_through_cannot_be_written_through() {
    on_each_database(async |world| {
        let db = &world.service.db;
        let wipe = "DELETE FROM sessions";
        assert!(db.execute_unprepared(wipe).await.is_err());
        let deleted = entities::session::Entity::delete_many().exec(db).await;
        assert!(deleted.is_err());
        let in_a_unit: Result<bool> = db
            .write(&world.operator, async |tx: &mut Tx| {
                Ok(tx.execute_unprepared(wipe).await.is_err())
            })
            .await;
        assert!(in_a_unit.unwrap());
        let left = entities::session::Entity::find().count(db).await.unwrap();
        assert_eq!(left, 1, "the operator's own");
    })
    .await;
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_or_remove_what_was_recorded() {
    on_each_database(async |world| {
        let outside = world.back_door().await;
        let before = entry::Entity::find().all(&outside).await.unwrap();
        for statement in [
            "UPDATE audit_entries SET actor_id = 'L1-ART-001'",
            "DELETE FROM audit_entries",
            "UPDATE ledger SET sequence = sequence + 1000",
            "DELETE FROM ledger",
        ] {
            let refused = outside.execute_unprepared(statement).await.unwrap_err();
            assert!(
                refused.to_string().contains("insert-only"),
                "{statement}: {refused}"
            );
        }
        assert_eq!(entry::Entity::find().all(&outside).await.unwrap(), before);
        assert!(!before.is_empty());
        outside.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_was_acknowledged_is_there_for_everybody_else() {
    on_each_database(async |world| {
        world.define_drawing().await;
        let director = world.agent("L1-ART-001", AgentTier::L1, None).await;
        let begun = world.begun(&director).await;
        let outside = world.back_door().await;
        let found = tasks::Entity::find_by_id(begun.id).one(&outside).await;
        assert_eq!(found.unwrap(), Some(begun));
        outside.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_writer_of_an_embedded_database_waits_for_the_disk() {
    let world = World::on_sqlite(Settings::default()).await;
    let sql = "SELECT journal_mode, synchronous FROM pragma_journal_mode, pragma_synchronous";
    let settings: Result<(String, i64)> = world
        .service
        .db
        .write(&world.operator, async |tx: &mut Tx| {
            let statement = Statement::from_string(tx.get_database_backend(), sql);
            let row = tx.query_one_raw(statement).await?.unwrap();
            Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
        })
        .await;
    let full = 2;
    assert_eq!(settings.unwrap(), ("wal".to_owned(), full));
}

#[tokio::test]
async fn a_verb_that_is_refused_after_it_wrote_leaves_no_trace() {
    on_each_database(async |world| {
        world.define_drawing().await;
        let director = world.agent("L1-ART-001", AgentTier::L1, None).await;
        let parent = world.begun(&director).await;
        let child = task::Create {
            parent_id: Some(parent.id.to_string()),
            ..drawing()
        };
        let service = &world.service;
        task::create(service, &director, child).await.unwrap();
        let entries = entry::Entity::find().count(&service.db).await.unwrap();
        // The row is moved first, so that no child can be born any more, and then asked for open children.
        let id = parent.id.to_string();
        let output = Some(serde_json::json!({}));
        let refused = task::complete(service, &director, &id, None, output).await;
        assert_eq!(refused.unwrap_err().code(), Code::Conflict);
        // Once this is acknowledged, whatever the unit before it left would be there.
        assert!(unit(&world, "after it", End::Well).await);
        let now = task::get(service, &director, &id).await;
        assert_eq!(now.unwrap(), parent);
        service.denials.flush().await;
        let after = entry::Entity::find().count(&service.db).await.unwrap();
        assert_eq!(after, entries + 1, "its own and no other");
    })
    .await;
}

#[tokio::test]
async fn where_the_log_has_settled_is_after_all_that_was_acknowledged() {
    on_each_database(async |world| {
        for round in 0..20 {
            let (before, after) = (format!("before {round}"), format!("after {round}"));
            assert!(unit(&world, &before, End::Well).await);
            let settled = world.service.feed.settled().await.unwrap();
            assert!(unit(&world, &after, End::Well).await);
            let first = Box::pin(world.service.feed.follow(Some(settled - 1)))
                .next()
                .await;
            assert_eq!(first.unwrap().unwrap().entry.entity_id, after);
        }
    })
    .await;
}
