//! Whether the rows are what their entries, folded, give (spec R5.02). Floor 3.

use entities::audit::recorded::Recorded;
use entities::audit::{AuditEntity, archive, entry, export, ledger};
use entities::{agent, asset, log_key, session, signing_key, task, task_type};
use sea_orm::sea_query::{Expr, ExprTrait, IntoValueTuple, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoIdentity, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::Verdict;
use super::fold::{Folded, apply};
use crate::error::Result;

/// How many rows are folded at once.
const PAGE: u64 = 200;

/// Looks at every row whose changes are recorded.
///
/// `folded` is what the archives make of the rows, whose entries are those before `archived_to`.
pub(super) async fn check(
    db: &impl ConnectionTrait,
    folded: &Folded,
    archived_to: u64,
    verdict: &mut Verdict,
) -> Result<()> {
    let log = &Log {
        db,
        folded,
        archived_to: i64::try_from(archived_to).unwrap_or(i64::MAX),
    };
    table::<agent::Entity, _>(log, verdict, agent::Column::Id, |row| row.id.clone()).await?;
    table::<session::Entity, _>(log, verdict, session::Column::Id, |row| row.id).await?;
    table::<task::Entity, _>(log, verdict, task::Column::Id, |row| row.id).await?;
    table::<asset::Entity, _>(log, verdict, asset::Column::Id, |row| row.id).await?;
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
    removed::<agent::Entity>(log, verdict, AuditEntity::Agent).await?;
    removed::<task::Entity>(log, verdict, AuditEntity::Task).await?;
    removed::<asset::Entity>(log, verdict, AuditEntity::Asset).await?;
    removed::<task_type::Entity>(log, verdict, AuditEntity::TaskType).await
}

/// What rows are held against.
struct Log<'a, C> {
    db: &'a C,
    folded: &'a Folded,
    /// The number of the first entry that no archive holds.
    archived_to: i64,
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

/// Folds the entries of every row of a table, page by page in the order of its key.
async fn table<E, K>(
    log: &Log<'_, impl ConnectionTrait>,
    verdict: &mut Verdict,
    key: impl IntoIdentity + Clone,
    key_of: impl Fn(&E::Model) -> K,
) -> Result<()>
where
    E: EntityTrait,
    E::Model: Recorded + FromQueryResult + Send + Sync,
    K: IntoValueTuple,
{
    let mut last = None;
    loop {
        let mut pages = E::find().cursor_by(key.clone());
        if let Some(last) = last {
            pages.after(last);
        }
        let rows = pages.first(PAGE).all(log.db).await?;
        let Some(row) = rows.last() else {
            return Ok(());
        };
        last = Some(key_of(row));
        verdict.rows += rows.len() as u64;
        hold(log, verdict, &rows).await?;
    }
}

/// Holds rows against their folded entries: one query for all of them, and one of what the archives made of them.
async fn hold<R: Recorded>(
    log: &Log<'_, impl ConnectionTrait>,
    verdict: &mut Verdict,
    rows: &[R],
) -> Result<()> {
    let entries = log
        .entries(R::ENTITY)
        .filter(entry::Column::EntityId.is_in(rows.iter().map(Recorded::entity_id)))
        .order_by_asc(entry::Column::Ordinal)
        .all(log.db)
        .await?;
    let ids = rows.iter().map(Recorded::entity_id);
    let mut folded = log.folded.rows(R::ENTITY.as_str(), ids).await?;
    for entry in entries {
        let row = folded.entry(entry.entity_id).or_default();
        if !apply(row, &entry.metadata.value()) {
            verdict.flaw(None, Some(entry.id), "changes a task that had been changed so already: it is there twice, or out of its place");
        }
    }
    for row in rows {
        let id = row.entity_id();
        let (kept, told) = (row.recorded(), folded.remove(&id).unwrap_or_default());
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
    Ok(())
}

/// Whether there are as many rows as the log knows of.
async fn removed<E>(
    log: &Log<'_, impl ConnectionTrait>,
    verdict: &mut Verdict,
    kind: AuditEntity,
) -> Result<()>
where
    E: EntityTrait,
    E::Model: Sync,
{
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
