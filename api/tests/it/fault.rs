//! Faults beneath the store: at every call of the database that a use case makes, the call fails, its answer is lost, or its caller gives
//! up waiting. Nothing is half done, nothing is left locked, and the next call works.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::time::Duration;

use entities::audit::recorded::Recorded;
use entities::audit::{AuditAction, AuditEntity, entry, ledger};
use entities::id::AuditId;
use entities::{
    agent, asset, idempotency_key, notification, session, signing_key, sprint, task, task_type,
};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, QueryOrder, Statement,
};
use ziggie::store::fault::{Fault, Kind};

use crate::world::{World, on_each_database};

mod case;
mod stage;

use case::{ASSETS, CASES, Case, SPRINTS};
use stage::Stage;

/// How long locks may take to go when their holder was dropped.
const PATIENCE: Duration = Duration::from_secs(20);
/// More calls than any use case makes.
const MOST_CALLS: usize = 200;

/// Before the name of an idempotency key, which has no entry of its own (spec R5.01).
const KEY: &str = "idempotency key ";
/// Before the id of a notification, whose entry is that of the change that it tells of.
const NOTIFICATION: &str = "notification ";
/// Changes on the stage of which somebody is always told.
const TELLING: [AuditAction; 6] = [
    AuditAction::TaskDelegated,
    AuditAction::TaskAssigned,
    AuditAction::TaskReviewRequested,
    AuditAction::TaskApproved,
    AuditAction::TaskRejected,
    AuditAction::TaskCompleted,
];

fn take<M: Recorded + Debug>(rows: &mut BTreeMap<String, String>, found: Result<Vec<M>, DbErr>) {
    rows.extend(
        found
            .unwrap()
            .iter()
            .map(|row| (row.entity_id(), format!("{row:?}"))),
    );
}

/// Every row that a use case may change, by its id in the log, and every entry.
#[derive(Debug, PartialEq, Eq)]
struct State {
    rows: BTreeMap<String, String>,
    /// What each entry about a change is about, in order.
    entries: Vec<(AuditAction, AuditEntity, String)>,
    /// Their ids.
    entry_ids: Vec<AuditId>,
    /// Which entry each notification tells of.
    told: BTreeMap<String, AuditId>,
}

impl State {
    async fn of(outside: &DatabaseConnection) -> Self {
        let mut rows = BTreeMap::new();
        let mut agents = agent::Entity::find().all(outside).await;
        // Each lease that an agent lost is recorded as the failure of its task.
        for agent in agents.iter_mut().flatten() {
            agent.leases_lost = 0;
        }
        take(&mut rows, agents);
        let mut tasks = task::Entity::find().all(outside).await;
        // From when on it may be claimed follows from the rest, that of its assignee included: it is not recorded.
        for task in tasks.iter_mut().flatten() {
            task.claimable_at = None;
            // That it was accepted is recorded with its sprint.
            task.accepted = false;
        }
        take(&mut rows, tasks);
        take(&mut rows, asset::Entity::find().all(outside).await);
        take(&mut rows, sprint::Entity::find().all(outside).await);
        take(&mut rows, session::Entity::find().all(outside).await);
        take(&mut rows, task_type::Entity::find().all(outside).await);
        take(&mut rows, signing_key::Entity::find().all(outside).await);
        for row in idempotency_key::Entity::find().all(outside).await.unwrap() {
            rows.insert(format!("{KEY}{}", row.key), format!("{row:?}"));
        }
        let mut told = BTreeMap::new();
        for row in notification::Entity::find().all(outside).await.unwrap() {
            let name = format!("{NOTIFICATION}{}", row.id);
            rows.insert(name.clone(), format!("{row:?}"));
            told.insert(name, row.entry_id);
        }
        let mut entries = entry::Entity::find()
            .order_by_asc(entry::Column::Ordinal)
            .all(outside)
            .await
            .unwrap();
        // That an answer was INTERNAL is told in an entry of its own, some time (spec R5.04).
        entries.retain(|entry| entry.action != AuditAction::SystemError);
        Self {
            rows,
            told,
            entry_ids: entries.iter().map(|entry| entry.id).collect(),
            entries: entries
                .into_iter()
                .map(|entry| (entry.action, entry.entity_type, entry.entity_id))
                .collect(),
        }
    }

    /// What differs from an earlier state is all of a change: rows have their entries, entries their rows.
    fn is_whole_after(&self, before: &Self, case: &Case) {
        let changed: BTreeSet<&String> = before
            .rows
            .keys()
            .chain(self.rows.keys())
            .filter(|id| before.rows.get(*id) != self.rows.get(*id))
            .collect();
        let told: BTreeSet<&String> = self.entries[before.entries.len()..]
            .iter()
            .map(|(_, _, about)| about)
            .collect();
        for id in &changed {
            assert!(
                told.contains(id) || id.starts_with(KEY) || id.starts_with(NOTIFICATION),
                "{}: {id} changed without an entry",
                case.name
            );
        }
        let new: BTreeSet<&AuditId> = self.entry_ids[before.entries.len()..].iter().collect();
        let telling: BTreeSet<&AuditId> = self
            .told
            .iter()
            .filter(|(name, _)| !before.told.contains_key(*name))
            .map(|(_, entry)| entry)
            .collect();
        assert!(
            telling.is_subset(&new),
            "{}: told of what did not happen",
            case.name
        );
        for (id, (action, _, about)) in self.entry_ids.iter().zip(&self.entries) {
            assert!(
                !new.contains(id) || !TELLING.contains(action) || telling.contains(id),
                "{}: nobody is told of {action} of {about}",
                case.name
            );
        }
        for (_, kind, about) in &self.entries[before.entries.len()..] {
            let has_row = matches!(
                kind,
                AuditEntity::Agent | AuditEntity::Task | AuditEntity::Asset
            );
            assert!(
                !has_row || changed.contains(about),
                "{}: an entry about {about}, which did not change",
                case.name
            );
        }
    }
}

/// Waits until nobody holds a lock or an open transaction.
async fn nothing_is_locked(outside: &DatabaseConnection, case: &Case) {
    let free = async {
        loop {
            let free = match outside.get_database_backend() {
                DbBackend::Postgres => {
                    let held = "SELECT count(*) AS n FROM pg_stat_activity JOIN pg_locks USING (pid) \
                        WHERE datname = current_database() AND pid <> pg_backend_pid() \
                        AND (state LIKE 'idle in transaction%' OR locktype = 'advisory')";
                    let row = outside
                        .query_one_raw(Statement::from_string(DbBackend::Postgres, held))
                        .await;
                    row.unwrap().unwrap().try_get::<i64>("", "n").unwrap() == 0
                }
                _ => outside
                    .execute_unprepared("BEGIN IMMEDIATE; ROLLBACK")
                    .await
                    .is_ok(),
            };
            if free {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, free).await;
    assert!(waited.is_ok(), "{}: a lock is left behind", case.name);
}

/// Lets a fault befall the use case at its n-th call; whether that call was ever made.
async fn befall(stage: &Stage, case: &Case, kind: Kind, at: usize) -> bool {
    let fault = Fault::new(kind, at);
    let work = fault.befall((case.work)(stage));
    let ended = tokio::select! {
        ended = work => Some(ended),
        // The caller gives up: what it was doing is dropped.
        () = fault.silence() => None,
    };
    match (fault.has_struck(), ended) {
        (true, Some(Ok(()))) => {
            panic!("{} call {at} {kind:?}: it says that it was done", case.name)
        }
        (true, _) => true,
        (false, Some(Ok(()))) => false,
        (false, other) => panic!("{} without a fault: {other:?}", case.name),
    }
}

async fn try_case(stage: &Stage, outside: &DatabaseConnection, case: &Case, first: usize) {
    const KINDS: [Kind; 3] = [Kind::NotMade, Kind::AnswerLost, Kind::Silence];
    let before = State::of(outside).await;
    for at in 0..MOST_CALLS {
        for turn in 0..KINDS.len() {
            let kind = KINDS[(first + turn) % KINDS.len()];
            let struck = befall(stage, case, kind, at).await;
            nothing_is_locked(outside, case).await;
            let now = State::of(outside).await;
            if now != before {
                // It was done, or its COMMIT was and nobody heard of it.
                now.is_whole_after(&before, case);
                return;
            }
            if !struck {
                assert!(!case.changes, "{} was done and changed nothing", case.name);
                return;
            }
        }
    }
    panic!("{} makes more than {MOST_CALLS} calls", case.name);
}

/// The numbers of the log have no gap, and what comes next gets the next one.
async fn log_goes_on(world: &World, outside: &DatabaseConnection) {
    world.service.denials.flush().await;
    let settled = world.service.feed.settled().await.unwrap();
    let numbers: Vec<i64> = ledger::Entity::find()
        .order_by_asc(ledger::Column::Sequence)
        .all(outside)
        .await
        .unwrap()
        .into_iter()
        .map(|place| place.sequence)
        .collect();
    assert_eq!(numbers, (0..settled).collect::<Vec<_>>());
    let entries = entry::Entity::find().all(outside).await.unwrap();
    assert_eq!(numbers.len(), entries.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn at_no_call_of_the_database_does_a_fault_leave_anything_half_done() {
    // Three orders, so that the COMMIT of each case meets each kind of fault first.
    for first in 0..3 {
        on_each_database(async |world| {
            let outside = world.back_door().await;
            let stage = Stage::set(world).await;
            for case in ASSETS.iter().chain(SPRINTS).chain(CASES) {
                try_case(&stage, &outside, case, first).await;
            }
            log_goes_on(&stage.studio.world, &outside).await;
        })
        .await;
    }
}
