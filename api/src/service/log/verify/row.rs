//! Whether the rows are what their entries, folded, give (spec R5.02). Floor 3.

use std::collections::HashMap;

use entities::audit::recorded::{Recorded, fold};
use entities::audit::{AuditEntity, entry, export};
use entities::{agent, asset, log_key, session, signing_key, task, task_type};
use sea_orm::sea_query::IntoValueTuple;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoIdentity, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::{Map, Value};

use super::Verdict;
use crate::error::Result;

/// How many rows are folded at once.
const PAGE: u64 = 200;

/// Looks at every row whose changes are recorded.
pub(super) async fn check(db: &impl ConnectionTrait, verdict: &mut Verdict) -> Result<()> {
    table::<agent::Entity, _>(db, verdict, agent::Column::Id, |row| row.id.clone()).await?;
    table::<session::Entity, _>(db, verdict, session::Column::Id, |row| row.id).await?;
    table::<task::Entity, _>(db, verdict, task::Column::Id, |row| row.id).await?;
    table::<asset::Entity, _>(db, verdict, asset::Column::Id, |row| row.id).await?;
    let kid = |row: &signing_key::Model| row.kid.clone();
    table::<signing_key::Entity, _>(db, verdict, signing_key::Column::Kid, kid).await?;
    let key_id = |row: &log_key::Model| row.key_id.clone();
    table::<log_key::Entity, _>(db, verdict, log_key::Column::KeyId, key_id).await?;
    let version = (task_type::Column::Name, task_type::Column::Version);
    let version_of = |row: &task_type::Model| (row.name.clone(), row.version);
    table::<task_type::Entity, _>(db, verdict, version, version_of).await?;
    table::<export::Entity, _>(db, verdict, export::Column::Id, |row| row.id).await?;
    // Sessions go when they have expired; nothing else ever does.
    removed::<agent::Entity>(db, verdict, AuditEntity::Agent).await?;
    removed::<task::Entity>(db, verdict, AuditEntity::Task).await?;
    removed::<asset::Entity>(db, verdict, AuditEntity::Asset).await?;
    removed::<task_type::Entity>(db, verdict, AuditEntity::TaskType).await
}

/// Folds the entries of every row of a table, page by page in the order of its key.
async fn table<E, K>(
    db: &impl ConnectionTrait,
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
        let rows = pages.first(PAGE).all(db).await?;
        let Some(row) = rows.last() else {
            return Ok(());
        };
        last = Some(key_of(row));
        verdict.rows += rows.len() as u64;
        hold(db, verdict, &rows).await?;
    }
}

/// Holds rows against their folded entries: one query for all of them.
async fn hold<R: Recorded>(
    db: &impl ConnectionTrait,
    verdict: &mut Verdict,
    rows: &[R],
) -> Result<()> {
    let entries = entry::Entity::find()
        .filter(entry::Column::EntityId.is_in(rows.iter().map(Recorded::entity_id)))
        .filter(entry::Column::EntityType.eq(R::ENTITY))
        .order_by_asc(entry::Column::Ordinal)
        .all(db)
        .await?;
    let mut folded: HashMap<String, Map<String, Value>> = HashMap::new();
    for entry in entries {
        let metadata = entry.metadata.value();
        let Some(set) = metadata["set"].as_object() else {
            continue;
        };
        let row = folded.entry(entry.entity_id).or_default();
        // Each change of a task has a number of its own.
        if let (Some(before), Some(after)) = (row.get("revision"), set.get("revision"))
            && before.as_i64() >= after.as_i64()
        {
            verdict.flaw(None, Some(entry.id), "changes a task that had been changed so already: it is there twice, or out of its place");
        }
        fold(row, set);
        // Of what moves through statuses the path says where it stands now.
        if let Some(status) = metadata["path"].as_array().and_then(|path| path.last()) {
            row.insert("status".to_owned(), status.clone());
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
    db: &impl ConnectionTrait,
    verdict: &mut Verdict,
    kind: AuditEntity,
) -> Result<()>
where
    E: EntityTrait,
    E::Model: Sync,
{
    let known = entry::Entity::find()
        .select_only()
        .column_as(entry::Column::EntityId, "id")
        .filter(entry::Column::EntityType.eq(kind))
        .distinct()
        .count(db)
        .await?;
    let there = E::find().count(db).await?;
    if known != there {
        verdict.flaw(
            None,
            None,
            format!("the log knows {known} of {kind}, and there are {there}"),
        );
    }
    Ok(())
}
