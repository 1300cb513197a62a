//! Archives: months of the log leave the database and still prove themselves; nothing else can leave it (spec R5.08, R5.09).

mod kill;
mod tamper;

use std::io::BufReader;
use std::time::Duration;

use entities::agent::AgentTier;
use entities::audit::{AuditAction, archive, entry, ledger, personal};
use futures::TryStreamExt;
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, QueryOrder};
use ziggie::auth::note::Verifier;
use ziggie::error::Code;
use ziggie::service::audit::Filter;
use ziggie::service::log::archive::{self as log_archive, Done, Month};
use ziggie::service::log::verify::{self, Verdict};
use ziggie::service::log::{self, Place};
use ziggie::service::page::PageRequest;
use ziggie::service::{audit, task};
use ziggie::store::tree as stored;

use super::{verifiers, write};
use crate::world::{World, drawing, on_each_database, on_postgres};

const DAY: Duration = Duration::from_secs(86_400);
/// Seven years, as the setting says when nobody has set it, and the month behind.
const YEARS: u32 = 2_556 + 62;

/// An installation with two months of the log, of which the second ended so many days ago.
async fn two_months(world: &World, days: u32) {
    let director = world.agent("L1-ART-001", AgentTier::L1, None).await;
    world.define_drawing().await;
    let begun = task::execute(&world.service, &director, drawing()).await;
    write(&world.service, 300).await;
    world.checkpoint().await;
    world.service.db.clock().advance(40 * DAY);
    write(&world.service, 20).await;
    let director = world.agent_anew("L1-ART-001").await;
    let (id, output) = (begun.unwrap().id.to_string(), Some(serde_json::json!({})));
    task::complete(&world.service, &director, &id, None, output)
        .await
        .unwrap();
    world.checkpoint().await;
    world.service.db.clock().advance(days * DAY);
}

async fn run(world: &World) -> Done {
    log_archive::run(&world.service, None).await.unwrap()
}

async fn verdict(world: &World) -> Verdict {
    let keys = verifiers(world).await;
    let snapshot = world.database().snapshot().await.unwrap();
    let origin = log::origin(&snapshot).await.unwrap();
    let verdict = verify::database(&snapshot, &world.service.shelf, &origin, &keys, &[]).await;
    snapshot.close().await.unwrap();
    verdict.unwrap()
}

#[track_caller]
fn holds(verdict: &Verdict) {
    assert!(verdict.flaws.is_empty(), "{:?}", verdict.flaws);
}

/// What an archive is made of, from its files.
fn files(world: &World, row: &archive::Model) -> (Vec<u8>, String) {
    let body = std::fs::read(world.shelf().join(&row.object_key)).unwrap();
    let manifest = std::fs::read_to_string(world.shelf().join(&row.manifest_key)).unwrap();
    (body, manifest)
}

fn offline(body: &[u8], manifest: &str, keys: &[Verifier]) -> Verdict {
    verify::archive::file(BufReader::new(body), manifest, keys).unwrap()
}

#[tokio::test]
async fn months_that_are_old_enough_leave_the_database_and_still_prove_themselves() {
    on_each_database(async |world| {
        two_months(&world, YEARS).await;
        let service = &world.service;
        let (before, first) = (
            service.db.settled().await.unwrap(),
            world.first_entry().await,
        );
        let done = run(&world).await;
        let [older, newer] = &done.archives[..] else {
            panic!("{done:?}")
        };
        assert_eq!(
            (older.first_sequence, older.next_sequence),
            (0, newer.first_sequence)
        );
        assert_eq!(
            (newer.next_sequence, done.entries),
            (before, before.unsigned_abs())
        );
        assert_eq!(run(&world).await.entries, 0, "there is nothing more to do");
        // What is left is what was written since; the ledger knows of all.
        service.db.settled().await.unwrap();
        let entries = world.entries(AuditAction::AuditArchived).await;
        assert_eq!(entries.len(), 2);
        let left = entry::Entity::find().count(&service.db).await.unwrap();
        assert_eq!(left, 2);
        assert_eq!(
            personal::Entity::find().count(&service.db).await.unwrap(),
            0
        );
        let size = world.checkpoint().await.size.unsigned_abs();
        assert_eq!(
            ledger::Entity::find().count(&service.db).await.unwrap(),
            size
        );
        // Its proofs go on, its entries are not to be had here any more.
        let proof = log::inclusion(service, &first).await.unwrap();
        assert_eq!(
            (proof.index, proof.checkpoint.row.size.unsigned_abs()),
            (0, size)
        );
        log::consistency(service, "7").await.unwrap();
        let place = Place {
            index: 0,
            width: 256,
        };
        log::tile(service, 0, place).await.unwrap();
        let refused = log::bundle(service, place).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        assert!(refused.to_string().contains("were archived"), "{refused}");
        // Each archive is verified by nothing but its files and the key.
        let keys = verifiers(&world).await;
        for row in [older, newer] {
            let (body, manifest) = files(&world, row);
            let verdict = offline(&body, &manifest, &keys);
            holds(&verdict);
            let rows = (row.next_sequence - row.first_sequence).unsigned_abs();
            assert_eq!(verdict.entries, rows);
            assert!(!String::from_utf8(body).unwrap().contains("\"value\""));
        }
        // The whole log as well, what is folded from both included.
        let whole = verdict(&world).await;
        holds(&whole);
        assert_eq!(whole.entries, size);
        let operator = world.operator_anew().await;
        ziggie::service::agent::deactivate(service, &operator, "L1-ART-001", "rest", false)
            .await
            .unwrap();
        world.checkpoint().await;
        holds(&verdict(&world).await);
    })
    .await;
}

#[tokio::test]
async fn lists_and_exports_begin_where_the_archives_end_and_say_so() {
    on_each_database(async |world| {
        two_months(&world, YEARS).await;
        let done = run(&world).await;
        let kept = done.archives[1].next_sequence;
        world.service.db.settled().await.unwrap();
        world.checkpoint().await;
        let page = PageRequest::new(10, None, true, &world.service.settings).unwrap();
        let listed = audit::list(&world.service, &Filter::default(), &page)
            .await
            .unwrap();
        assert!(
            listed
                .items
                .iter()
                .all(|(_, record)| record.sequence >= Some(kept))
        );
        let operator = world.operator_anew().await;
        world.checkpoint().await;
        let format = entities::audit::export::AuditExportFormat::Ndjson;
        let all = Filter::default();
        let asked = log::export::ask(&world.service, &operator, &all, format).await;
        let row = asked.unwrap().row;
        let pieces = log::export::body(&world.service, world.stranger(), row.clone()).unwrap();
        let body = pieces.try_collect::<Vec<_>>().await.unwrap().concat();
        let sent = entities::audit::export::Entity::find_by_id(row.id).one(&world.service.db);
        let sent = sent.await.unwrap().unwrap();
        let manifest = log::export::manifest(&world.service, &sent).await.unwrap();
        assert_eq!(manifest["from"], kept.to_string());
        assert!(body.starts_with(format!("{{\"index\":\"{kept}\"").as_bytes()));
        world.checkpoint().await;
        holds(&verdict(&world).await);
    })
    .await;
}

#[tokio::test]
async fn the_database_lets_nothing_go_but_what_an_archive_holds() {
    on_each_database(async |world| {
        two_months(&world, YEARS).await;
        write(&world.service, 3).await;
        world.service.db.settled().await.unwrap();
        let outside = world.back_door().await;
        let refused = async |sql: &str| {
            let refused = outside.execute_unprepared(sql).await.unwrap_err();
            assert!(
                refused.to_string().contains("insert-only"),
                "{sql}: {refused}"
            );
        };
        refused("DELETE FROM audit_entries").await;
        let archived = run(&world).await.archives[1].next_sequence;
        refused("DELETE FROM audit_entries").await;
        let first = format!("(SELECT entry_id FROM ledger WHERE sequence = {archived})");
        refused(&format!("DELETE FROM audit_entries WHERE id = {first}")).await;
        refused("UPDATE audit_entries SET metadata = '{}'").await;
        for sql in [
            "UPDATE audit_archives SET sha256 = ''",
            "DELETE FROM audit_archives",
        ] {
            refused(sql).await;
        }
        if outside.get_database_backend() == sea_orm::DbBackend::Postgres {
            refused("TRUNCATE audit_entries").await;
            refused("TRUNCATE audit_archives").await;
        }
        outside.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_last_six_months_are_never_archived() {
    on_each_database(async |world| {
        two_months(&world, 183).await;
        let now = world.service.db.clock().now();
        let (this, early) = (Month::of(now), Month::of(now - 184 * DAY));
        for young in [this, early.next()] {
            let refused = log_archive::run(&world.service, Some(young))
                .await
                .unwrap_err();
            assert_eq!(refused.code(), Code::BadUserInput, "{young}: {refused}");
        }
        assert!(
            run(&world).await.archives.is_empty(),
            "the setting says seven years"
        );
        let done = log_archive::run(&world.service, Some(early)).await.unwrap();
        assert_eq!(
            done.archives.len(),
            1,
            "the month of the second was not over then"
        );
        holds(&verdict(&world).await);
    })
    .await;
}

/// Of replicas that do the same at once one makes each archive, and nothing that another has put is left.
#[tokio::test]
async fn two_replicas_at_once_make_one_archive() {
    on_postgres(async |world| {
        two_months(&world, YEARS).await;
        let replicas = [world.replica().await, world.replica().await];
        let running = replicas.iter().map(|one| log_archive::run(one, None));
        let mut made = 0;
        for done in futures::future::join_all(running).await {
            made += done.unwrap().archives.len();
        }
        made += run(&world).await.archives.len();
        assert_eq!(made, 2);
        let rows = archive::Entity::find().order_by_asc(archive::Column::FirstSequence);
        let rows = rows.all(&world.service.db).await.unwrap();
        assert_eq!(rows.len(), 2);
        let files = std::fs::read_dir(world.shelf().join("audit-archive")).unwrap();
        assert_eq!(files.count(), 4, "what was put in vain is cleared away");
        world.checkpoint().await;
        holds(&verdict(&world).await);
    })
    .await;
}

/// The first number whose entry is in the database.
async fn first_present(world: &World) -> u64 {
    let leaves = stored::leaves(&world.service.db, 0, 10_000).await.unwrap();
    let first = leaves.iter().find(|leaf| leaf.entry.is_some());
    first.map_or(leaves.len() as u64, |leaf| {
        leaf.place.sequence.unsigned_abs()
    })
}
