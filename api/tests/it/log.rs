//! The log proves itself: by our own arithmetic, and by an implementation that is not ours (spec R5.05).

mod archive;
mod export;
mod measure;
mod tamper;

use std::time::Duration;

use entities::agent::AgentTier;
use entities::audit::{AuditAction, checkpoint, leaf, tree};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QueryOrder};
use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::{Hash, check_record, check_tree, record_hash};
use ziggie::auth::actor::Caller;
use ziggie::auth::note::{Verifier, open_checkpoint};
use ziggie::error::{Code, Error};
use ziggie::service::log::{self, Place, verify};
use ziggie::service::{Service, Settings};
use ziggie::store::tree as stored;
use ziggie::store::{Entry, Tx};

use crate::world::{World, on_each_database, on_postgres};

/// Writes so many entries, and nothing else, in one unit.
async fn write(service: &Service, count: usize) {
    let itself = Caller::control_center(service.db.request_id());
    let unit = async |tx: &mut Tx| {
        for number in 0..count {
            let entry = Entry::new(AuditAction::SystemError);
            tx.record(entry.with("duty", "test").about(format!("entry {number}")))?;
        }
        Ok(())
    };
    service.db.write(&itself, unit).await.unwrap();
}

async fn verifiers(world: &World) -> Vec<Verifier> {
    let service = &world.service;
    service.log_keys.verifiers(&service.db).await.unwrap()
}

/// What an auditor who looks at the database of a world finds.
pub(crate) async fn flaws(world: &World) -> Vec<String> {
    let trusted = verifiers(world).await;
    let db = &world.service.db;
    let origin = log::origin(db).await.unwrap();
    let verdict = verify::database(db, &world.service.shelf, &origin, &trusted, &[]);
    let flaws = verdict.await.unwrap().flaws;
    flaws.iter().map(ToString::to_string).collect()
}

/// Opens a checkpoint by the other implementation, which has nothing of ours but the text of the key.
fn opened_elsewhere(note: &str, key: &Verifier) -> (u64, Hash) {
    let note = Note::from_bytes(note.as_bytes()).unwrap();
    let known = StandardVerifier::new(&key.to_string()).unwrap();
    let (good, _) = note
        .verify(&VerifierList::new(vec![Box::new(known)]))
        .unwrap();
    assert_eq!(good.len(), 1);
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
    (checkpoint.size(), *checkpoint.hash())
}

#[tokio::test]
async fn every_entry_is_proved_to_whoever_has_the_key_alone() {
    on_each_database(async |world| {
        write(&world.service, 300).await;
        let signed = world.checkpoint().await;
        let keys = verifiers(&world).await;
        let (size, root) = opened_elsewhere(&signed.note, &keys[0]);
        assert_eq!(size, signed.size.unsigned_abs());
        let leaves = stored::leaves(&world.service.db, 0, size).await.unwrap();
        for index in [0, 1, 2, 127, 255, 256, 257, leaves.len() - 1] {
            let id = leaves[index].place.entry_id.to_string();
            let proof = log::inclusion(&world.service, &id).await.unwrap();
            assert_eq!(proof.index, index as u64);
            let opened = open_checkpoint(&proof.checkpoint.row.note, &keys).unwrap();
            assert!(tree::includes(
                &proof.leaf_hash,
                proof.index,
                opened.size,
                &proof.hashes,
                &opened.root
            ));
            let bytes = leaf::canonical_bytes(leaves[index].entry.as_ref().unwrap());
            let path = proof.hashes.iter().map(|hash| Hash(*hash)).collect();
            check_record(
                &path,
                size,
                root,
                proof.index,
                record_hash(bytes.as_bytes()),
            )
            .unwrap();
            let text = proof.text();
            assert!(
                text.starts_with(&format!("c2sp.org/tlog-proof@v1\nindex {index}\n")),
                "{text}"
            );
            assert!(text.ends_with(&format!("=\n\n{}", signed.note)), "{text}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_checkpoint_is_the_beginning_of_every_later_one() {
    on_each_database(async |world| {
        let mut kept = Vec::new();
        for count in [1, 3, 250, 7, 300, 256] {
            write(&world.service, count).await;
            kept.push(world.checkpoint().await);
        }
        let keys = verifiers(&world).await;
        let (new, new_root) = opened_elsewhere(&kept[5].note, &keys[0]);
        for old in &kept {
            let proof = log::consistency(&world.service, &old.size.to_string())
                .await
                .unwrap();
            let (old, old_root) = opened_elsewhere(&old.note, &keys[0]);
            assert_eq!(Hash(proof.from_root), old_root);
            let hashes: Vec<Hash> = proof.hashes.iter().map(|hash| Hash(*hash)).collect();
            assert!(tree::is_consistent(
                (old, &old_root.0),
                (new, &new_root.0),
                &proof.hashes
            ));
            if old < new {
                check_tree(&hashes, new, new_root, old, old_root).unwrap();
            }
        }
        for wrong in ["0", "-1", "many", &(new + 1).to_string()] {
            let refused = log::consistency(&world.service, wrong).await.unwrap_err();
            assert_eq!(refused.code(), Code::BadUserInput, "{wrong}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_entry_that_is_not_signed_yet_is_a_conflict_that_passes() {
    on_each_database(async |world| {
        world.checkpoint().await;
        write(&world.service, 1).await;
        let settled = world.service.db.settled().await.unwrap();
        let last = stored::leaves(&world.service.db, settled - 1, 1)
            .await
            .unwrap();
        let id = last[0].place.entry_id.to_string();
        let refused = log::inclusion(&world.service, &id).await.unwrap_err();
        assert_eq!(
            (refused.code(), refused.retryable()),
            (Code::Conflict, true)
        );
        world.checkpoint().await;
        log::inclusion(&world.service, &id).await.unwrap();
        for nobody in ["audit_00000000000000000000000000", "L1-ART-001", ""] {
            let refused = log::inclusion(&world.service, nobody).await.unwrap_err();
            assert_eq!(refused.code(), Code::NotFound);
        }
    })
    .await;
}

#[tokio::test]
async fn tiles_are_those_of_the_tree_and_end_where_the_signed_log_ends() {
    on_each_database(async |world| {
        write(&world.service, 520).await;
        let size = world.checkpoint().await.size.unsigned_abs();
        write(&world.service, 5).await;
        let service = &world.service;
        let full = |index| Place { index, width: 256 };
        let leaves: Vec<[u8; 32]> = stored::leaves(&service.db, 0, size)
            .await
            .unwrap()
            .iter()
            .map(|leaf| leaf.place.leaf_hash.clone().try_into().unwrap())
            .collect();
        assert_eq!(
            log::tile(service, 0, full(1)).await.unwrap(),
            leaves[256..512].concat()
        );
        let mut grown = tree::Growing::default();
        let above: Vec<_> = leaves[..512]
            .iter()
            .flat_map(|leaf| grown.push(*leaf))
            .collect();
        let inner = log::tile(service, 1, Place { index: 0, width: 2 })
            .await
            .unwrap();
        assert_eq!(inner, [above[0].2, above[1].2].concat());
        let rest = size - 512;
        let last = Place {
            index: 2,
            width: rest,
        };
        assert_eq!(
            log::tile(service, 0, last).await.unwrap(),
            leaves[512..].concat()
        );
        let mut bundle = log::bundle(service, last).await.unwrap().into_iter();
        for leaf in &leaves[512..] {
            let length = u16::from_be_bytes([bundle.next().unwrap(), bundle.next().unwrap()]);
            let entry: Vec<u8> = bundle.by_ref().take(length.into()).collect();
            assert_eq!(record_hash(&entry).0, *leaf);
        }
        assert_eq!(bundle.next(), None);
        for (level, place) in [
            (
                0,
                Place {
                    index: 2,
                    width: rest + 1,
                },
            ),
            (0, full(2)),
            (1, Place { index: 0, width: 3 }),
            (2, Place { index: 0, width: 1 }),
            (63, full(u64::MAX)),
        ] {
            let refused = log::tile(service, level, place).await.unwrap_err();
            assert_eq!(refused.code(), Code::NotFound, "{level} {place:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn while_keys_overlap_both_sign_and_old_checkpoints_still_open() {
    let world = World::on_sqlite(Settings::default()).await;
    let director = world.agent("L1-ART-001", AgentTier::L1, None).await;
    let refused = log::rotate(&world.service, &director).await.unwrap_err();
    assert_eq!(refused.code(), Code::Forbidden);
    let before = world.checkpoint().await;
    let old = verifiers(&world).await.remove(0);
    let new = log::rotate(&world.service, &world.operator).await.unwrap();
    let during = world.checkpoint().await;
    for key in [&old, &new] {
        opened_elsewhere(&during.note, key);
    }
    world
        .service
        .db
        .clock()
        .advance(Duration::from_secs(31 * 86_400));
    world
        .service
        .log_keys
        .reload(&world.service.db)
        .await
        .unwrap();
    write(&world.service, 1).await;
    let after = world.checkpoint().await;
    assert!(open_checkpoint(&after.note, std::slice::from_ref(&new)).is_ok());
    assert!(open_checkpoint(&after.note, std::slice::from_ref(&old)).is_err());
    let all = verifiers(&world).await;
    assert_eq!(all, [new, old]);
    assert!(open_checkpoint(&before.note, &all).is_ok());
}

/// Replicas sign at once, and while the log grows: of each size there is one checkpoint, and all belong to one log.
#[tokio::test]
async fn replicas_never_contradict_each_other() {
    on_postgres(async |world| {
        let replicas = [
            world.replica().await,
            world.replica().await,
            world.replica().await,
        ];
        for round in 0..12 {
            write(&world.service, 100 + round).await;
            world.service.db.clock().advance(Duration::from_secs(1));
            let signing = replicas.iter().map(log::make);
            for made in futures::future::join_all(signing).await {
                made.unwrap();
            }
        }
        world.checkpoint().await;
        let all = checkpoint::Entity::find().order_by_asc(checkpoint::Column::Size);
        let all = all.all(&world.service.db).await.unwrap();
        assert!(all.len() > 3, "{}", all.len());
        for one in &all {
            let proof = log::consistency(&world.service, &one.size.to_string())
                .await
                .unwrap();
            assert_eq!(proof.from_root.as_slice(), one.root_hash);
        }
    })
    .await;
}

/// A log that is not the one that was signed is not signed on.
#[tokio::test]
async fn nothing_is_signed_once_the_log_was_changed() {
    on_each_database(async |world| {
        write(&world.service, 20).await;
        let signed = world.checkpoint().await;
        let outside = world.back_door().await;
        let disarm = match outside.get_database_backend() {
            DbBackend::Postgres => "ALTER TABLE ledger DISABLE TRIGGER ALL",
            _ => "DROP TRIGGER ledger_no_update",
        };
        outside.execute_unprepared(disarm).await.unwrap();
        let change = match outside.get_database_backend() {
            DbBackend::Postgres => "UPDATE ledger SET leaf_hash = sha256('other') WHERE sequence = 3",
            _ => "UPDATE ledger SET leaf_hash = zeroblob(32) WHERE sequence = 3",
        };
        outside.execute_unprepared(change).await.unwrap();
        write(&world.service, 20).await;
        let settled = world.service.db.settled().await.unwrap();
        let mut head = world.service.db.sequenced();
        head.wait_for(|length| *length >= settled).await.unwrap();
        world.service.db.clock().advance(Duration::from_secs(1));
        let refused = log::make(&world.service).await.unwrap_err();
        assert!(matches!(&refused, Error::Internal(cause) if cause.0.to_string().contains("not the one that was signed")), "{refused:?}");
        assert_eq!(log::latest(&world.service).await.unwrap().row, signed);
    })
    .await;
}

/// Of the tree's tables nothing is changed or removed (spec R5.09).
#[tokio::test]
async fn the_database_itself_keeps_checkpoints_and_hashes() {
    on_each_database(async |world| {
        write(&world.service, 300).await;
        world.checkpoint().await;
        let outside = world.back_door().await;
        for statement in [
            "UPDATE checkpoints SET note = ''",
            "DELETE FROM checkpoints",
            "UPDATE tree_hashes SET position = position + 1",
            "DELETE FROM tree_hashes",
        ] {
            let refused = outside.execute_unprepared(statement).await.unwrap_err();
            assert!(
                refused.to_string().contains("insert-only"),
                "{statement}: {refused}"
            );
        }
    })
    .await;
}
