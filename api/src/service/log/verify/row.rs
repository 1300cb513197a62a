//! Whether the rows are what their entries, folded, give (spec R5.02). Floor 3.

use std::collections::HashMap;

use entities::audit::recorded::{Recorded, move_on};
use entities::audit::{AuditEntity, archive, entry, export, ledger};
use entities::id::AuditId;
use entities::json::JsonText;
use entities::{agent, asset, gate_run, log_key, session, signing_key, sprint, task, task_type};
use sea_orm::sea_query::{Expr, ExprTrait, IntoValueTuple, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoIdentity, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::Verdict;
use super::fold::{Folded, Row, apply};
use crate::error::Result;

/// How many rows are folded at once, at the most.
const PAGE: u64 = 256;
/// How many entries of theirs, at the most: some rows have a handful, some a million.
const ENTRIES: u64 = 1_000;

/// How many entries there are of each kind.
pub(super) type Kinds = HashMap<AuditEntity, u64>;

/// Looks at every row whose changes are recorded.
///
/// `folded` is what the archives make of the rows, whose entries are those before `archived_to`; `kinds` counts the numbered entries from there
/// on.
pub(super) async fn check(
    db: &impl ConnectionTrait,
    folded: &Folded,
    archived_to: u64,
    kinds: &Kinds,
    verdict: &mut Verdict,
) -> Result<()> {
    let log = &mut Log {
        db,
        folded,
        archived_to: i64::try_from(archived_to).unwrap_or(i64::MAX),
        applied: Kinds::new(),
    };
    table::<agent::Entity, _>(log, verdict, agent::Column::Id, |row| row.id.clone()).await?;
    table::<session::Entity, _>(log, verdict, session::Column::Id, |row| row.id).await?;
    table::<task::Entity, _>(log, verdict, task::Column::Id, |row| row.id).await?;
    table::<asset::Entity, _>(log, verdict, asset::Column::Id, |row| row.id).await?;
    table::<sprint::Entity, _>(log, verdict, sprint::Column::Id, |row| row.id).await?;
    table::<gate_run::Entity, _>(log, verdict, gate_run::Column::Id, |row| row.id).await?;
    let kid = |row: &signing_key::Model| row.kid.clone();
    table::<signing_key::Entity, _>(log, verdict, signing_key::Column::Kid, kid).await?;
    let key_id = |row: &log_key::Model| row.key_id.clone();
    table::<log_key::Entity, _>(log, verdict, log_key::Column::KeyId, key_id).await?;
    let version = (task_type::Column::Name, task_type::Column::Version);
    let version_of = |row: &task_type::Model| (row.name.clone(), row.version);
    table::<task_type::Entity, _>(log, verdict, version, version_of).await?;
    table::<export::Entity, _>(log, verdict, export::Column::Id, |row| row.id).await?;
    let first = archive::Column::FirstSequence;
    table::<archive::Entity, _>(log, verdict, first, |row| row.first_sequence).await?;
    // Sessions go when they have expired; nothing else ever does.
    removed::<agent::Entity>(log, kinds, verdict, AuditEntity::Agent).await?;
    removed::<task::Entity>(log, kinds, verdict, AuditEntity::Task).await?;
    removed::<asset::Entity>(log, kinds, verdict, AuditEntity::Asset).await?;
    removed::<sprint::Entity>(log, kinds, verdict, AuditEntity::Workflow).await?;
    removed::<gate_run::Entity>(log, kinds, verdict, AuditEntity::Gate).await?;
    removed::<task_type::Entity>(log, kinds, verdict, AuditEntity::TaskType).await
}

/// What rows are held against.
struct Log<'a, C> {
    db: &'a C,
    folded: &'a Folded,
    /// The number of the first entry that no archive holds.
    archived_to: i64,
    /// How many entries were folded into rows that are there.
    applied: Kinds,
}

impl<C: ConnectionTrait> Log<'_, C> {
    /// The entries of a kind that are not folded yet: those that no archive holds, even if they are still here.
    fn entries(&self, kind: AuditEntity) -> Select<entry::Entity> {
        let archived = Query::select()
            .expr(Expr::value(1))
            .from(ledger::Entity)
            .and_where(
                Expr::col((ledger::Entity, ledger::Column::EntryId))
                    .equals((entry::Entity, entry::Column::Id)),
            )
            .and_where(Expr::col((ledger::Entity, ledger::Column::Sequence)).lt(self.archived_to))
            .to_owned();
        let of_kind = entry::Entity::find().filter(entry::Column::EntityType.eq(kind));
        match self.archived_to {
            0 => of_kind,
            _ => of_kind.filter(Expr::exists(archived).not()),
        }
    }
}

/// Rows, and the entries that no archive holds of them, in the order of the log.
struct Batch<R> {
    rows: Vec<R>,
    entries: Vec<Told>,
    /// Whether there are more entries behind these. There is one row alone then.
    more: bool,
}

/// What an entry tells of a row, and its ordinal.
type Told = (AuditId, String, JsonText, i64);

impl<R> Batch<R> {
    /// How many rows to read next, so that their entries are as many as is good.
    fn next(&self) -> u64 {
        let (rows, entries) = (self.rows.len() as u64, self.entries.len() as u64);
        match entries {
            few if few < ENTRIES / 4 => Ord::min(rows * 2, PAGE),
            many if many > ENTRIES / 2 => Ord::max(rows / 2, 1),
            _ => rows,
        }
    }
}

impl<C: ConnectionTrait> Log<'_, C> {
    /// Entries of these rows, one more than is good at the most.
    async fn told<R: Recorded>(&self, rows: &[R], after: Option<i64>) -> Result<Vec<Told>> {
        let mut entries = self
            .entries(R::ENTITY)
            .select_only()
            .columns([
                entry::Column::Id,
                entry::Column::EntityId,
                entry::Column::Metadata,
                entry::Column::Ordinal,
            ])
            .filter(entry::Column::EntityId.is_in(rows.iter().map(Recorded::entity_id)));
        if let Some(after) = after {
            entries = entries.filter(entry::Column::Ordinal.gt(after));
        }
        let entries = entries
            .order_by_asc(entry::Column::Ordinal)
            .limit(ENTRIES + 1);
        Ok(entries.into_tuple().all(self.db).await?)
    }

    /// The rows behind one, so many at the most, with their entries.
    async fn batch<E, K>(
        &self,
        key: impl IntoIdentity,
        after: Option<K>,
        width: u64,
    ) -> Result<Batch<E::Model>>
    where
        E: EntityTrait,
        E::Model: Recorded + FromQueryResult + Send + Sync,
        K: IntoValueTuple,
    {
        let mut pages = E::find().cursor_by(key);
        if let Some(after) = after {
            pages.after(after);
        }
        let mut rows = pages.first(width).all(self.db).await?;
        loop {
            let entries = self.told(&rows, None).await?;
            let more = entries.len() as u64 > ENTRIES;
            if !more || rows.len() == 1 {
                return Ok(Batch {
                    rows,
                    entries,
                    more,
                });
            }
            rows.truncate(rows.len() / 2);
        }
    }
}

/// Folds the entries of every row of a table, in the order of its key.
async fn table<E, K>(
    log: &mut Log<'_, impl ConnectionTrait>,
    verdict: &mut Verdict,
    key: impl IntoIdentity + Clone,
    key_of: impl Fn(&E::Model) -> K,
) -> Result<()>
where
    E: EntityTrait,
    E::Model: Recorded + FromQueryResult + Send + Sync,
    K: IntoValueTuple,
{
    let mut applied = 0;
    let mut batch = log.batch::<E, K>(key.clone(), None, PAGE / 8).await?;
    while let Some(row) = batch.rows.last() {
        verdict.rows += batch.rows.len() as u64;
        // The database reads the next ones while these are folded.
        let next = log.batch::<E, K>(key.clone(), Some(key_of(row)), batch.next());
        let (next, held) = tokio::join!(next, hold(log, verdict, &batch));
        applied += held?;
        batch = next?;
    }
    *log.applied.entry(E::Model::ENTITY).or_default() += applied;
    Ok(())
}

/// Holds rows against their folded entries; returns how many these were.
async fn hold<R: Recorded>(
    log: &Log<'_, impl ConnectionTrait>,
    verdict: &mut Verdict,
    batch: &Batch<R>,
) -> Result<u64> {
    let Batch {
        rows,
        entries,
        more,
    } = batch;
    let ids = rows.iter().map(Recorded::entity_id);
    let mut folded = log.folded.rows(R::ENTITY.as_str(), ids).await?;
    let mut applied = 0;
    let mut fold = |entries: &[Told]| {
        for (entry, id, metadata, _) in entries {
            applied += 1;
            if !folded.contains_key(id) {
                folded.insert(id.clone(), Row::default());
            }
            let whole = folded
                .get_mut(id)
                .is_none_or(|row| apply(row, &metadata.value()));
            if !whole {
                verdict.flaw(None, Some(*entry), "changes a task that had been changed so already: it is there twice, or out of its place");
            }
        }
        entries.last().map(|(.., ordinal)| *ordinal)
    };
    let mut after = fold(entries).filter(|_| *more);
    while after.is_some() {
        after = fold(&log.told(rows, after).await?);
    }
    for row in rows {
        let id = row.entity_id();
        let (kept, mut told) = (row.recorded(), folded.remove(&id).unwrap_or_default());
        move_on::<R>(&mut told, &kept);
        if kept == told {
            continue;
        }
        let other = |name: &&String| kept.get(*name) != told.get(*name);
        let names: Vec<&str> = kept
            .keys()
            .chain(told.keys().filter(|name| !kept.contains_key(*name)))
            .filter(other)
            .map(String::as_str)
            .collect();
        verdict.flaw(
            None,
            None,
            format!(
                "the row {id} is not what its entries give: {}",
                names.join(", ")
            ),
        );
    }
    Ok(applied)
}

/// Whether there are as many rows as the log knows of.
async fn removed<E>(
    log: &Log<'_, impl ConnectionTrait>,
    kinds: &Kinds,
    verdict: &mut Verdict,
    kind: AuditEntity,
) -> Result<()>
where
    E: EntityTrait,
    E::Model: Sync,
{
    // All its entries went into rows: none is gone. What archives hold was not counted.
    if log.archived_to == 0 && kinds.get(&kind) == log.applied.get(&kind) {
        return Ok(());
    }
    let known_here = || {
        log.entries(kind)
            .select_only()
            .column_as(entry::Column::EntityId, "id")
            .distinct()
    };
    let mut known = known_here().count(log.db).await?;
    let mut after = String::new();
    loop {
        let ids = log.folded.ids(kind.as_str(), &after, PAGE).await?;
        let Some(last) = ids.last() else {
            break;
        };
        after.clone_from(last);
        known += ids.len() as u64;
        let both = known_here().filter(entry::Column::EntityId.is_in(ids));
        known -= both.count(log.db).await?;
    }
    let there = E::find().count(log.db).await?;
    if known != there {
        verdict.flaw(
            None,
            None,
            format!("the log knows {known} of {kind}, and there are {there}"),
        );
    }
    Ok(())
}
