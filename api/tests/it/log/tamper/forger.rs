//! Somebody who can change a log behind the server's back.

use entities::audit::{checkpoint, entry};
use entities::json::hex;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait};
use ziggie::auth::note::Verifier;
use ziggie::service::log;
use ziggie::service::log::verify::{self, Verdict};
use ziggie::store::tree as stored;

use crate::log::{verifiers, write};
use crate::world::{World, on_each_database};

/// A log of a few hundred entries with checkpoints on the way, and somebody who can change it behind the server's back.
pub(in crate::log) struct Forger {
    pub(super) world: World,
    pub(super) outside: DatabaseConnection,
    /// The sizes of its checkpoints.
    pub(super) sizes: Vec<u64>,
}

const TABLES: [&str; 4] = ["audit_entries", "ledger", "tree_hashes", "checkpoints"];

impl Forger {
    pub(in crate::log) async fn at_work(world: World) -> Self {
        let mut sizes = Vec::new();
        for count in [100, 200, 300] {
            write(&world.service, count).await;
            sizes.push(world.checkpoint().await.size.unsigned_abs());
        }
        let outside = world.back_door().await;
        for table in TABLES {
            let disarm = match outside.get_database_backend() {
                DbBackend::Postgres => format!("ALTER TABLE {table} DISABLE TRIGGER ALL"),
                _ => format!("DROP TRIGGER {table}_no_update; DROP TRIGGER {table}_no_delete"),
            };
            outside.execute_unprepared(&disarm).await.unwrap();
        }
        Self {
            world,
            outside,
            sizes,
        }
    }

    pub(in crate::log) async fn run(&self, sql: &str) {
        self.outside.execute_unprepared(sql).await.unwrap();
    }

    /// Bytes as the database writes them.
    pub(super) fn blob(&self, bytes: &[u8]) -> String {
        match self.outside.get_database_backend() {
            DbBackend::Postgres => format!("'\\x{}'::bytea", hex(bytes)),
            _ => format!("x'{}'", hex(bytes)),
        }
    }

    pub(super) async fn leaf_at(&self, place: u64) -> (entry::Model, Vec<u8>) {
        let leaves = stored::leaves(&self.outside, place.cast_signed(), 1)
            .await
            .unwrap();
        let leaf = leaves.into_iter().next().unwrap();
        (leaf.entry.unwrap(), leaf.place.leaf_hash)
    }

    pub(super) async fn change_entry(&self, place: u64) {
        self.run(&format!(
            "UPDATE audit_entries SET metadata = replace(metadata, 'test', 'tesu') WHERE id = (SELECT entry_id FROM ledger WHERE sequence = {place})"
        ))
        .await;
    }

    pub(super) async fn set_leaf(&self, place: u64, hash: &[u8]) {
        let hash = self.blob(hash);
        self.run(&format!(
            "UPDATE ledger SET leaf_hash = {hash} WHERE sequence = {place}"
        ))
        .await;
    }

    pub(in crate::log) async fn verdict(&self, kept: &[String]) -> Verdict {
        let keys = verifiers(&self.world).await;
        self.verdict_by(&keys, kept).await
    }

    pub(super) async fn verdict_by(&self, keys: &[Verifier], kept: &[String]) -> Verdict {
        let snapshot = self.world.database().snapshot().await.unwrap();
        let origin = log::origin(&snapshot).await.unwrap();
        let verdict = verify::database(&snapshot, &self.world.service.shelf, &origin, keys, kept)
            .await
            .unwrap();
        snapshot.close().await.unwrap();
        verdict
    }

    pub(super) async fn note(&self, size: u64) -> String {
        let found = checkpoint::Entity::find_by_id(size.cast_signed())
            .one(&self.outside)
            .await;
        found.unwrap().unwrap().note
    }
}

/// What is told first.
#[track_caller]
pub(in crate::log) fn told(verdict: &Verdict, place: impl Into<Option<u64>>, words: &str) {
    let first = verdict.flaws.first().expect("it does not hold");
    assert_eq!(first.place, place.into(), "{:?}", verdict.flaws);
    assert!(first.what.contains(words), "{:?}", verdict.flaws);
}

pub(in crate::log) async fn tampering(deed: impl AsyncFn(&Forger)) {
    on_each_database(async |world| {
        let forger = Forger::at_work(world).await;
        let before = forger.verdict(&[]).await;
        assert!(before.flaws.is_empty(), "{:?}", before.flaws);
        deed(&forger).await;
        forger.outside.close().await.unwrap();
    })
    .await;
}
