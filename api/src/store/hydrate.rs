//! From entries to events: the objects that a batch of entries is about, read once for all who listen. Floor 2.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use entities::audit::{AuditEntity, entry, ledger};
use entities::id::{AgentId, AuditId, TaskId};
use entities::task::ancestor;
use entities::{agent, notification, task, task_type};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

mod asset;
mod sprint;

pub use asset::asset_sights;

use super::feed::{Event, Subject};
use super::tx::can_notify;
use crate::auth::sight::TaskSight;

/// Reads the events from a sequence number on, at most `limit`.
pub(super) async fn events(
    db: &impl ConnectionTrait,
    from: i64,
    limit: u64,
) -> Result<Vec<Event>, DbErr> {
    let places = ledger::Entity::find()
        .select_only()
        .columns([ledger::Column::Sequence, ledger::Column::EntryId])
        .filter(ledger::Column::Sequence.gte(from))
        .order_by_asc(ledger::Column::Sequence)
        .limit(limit)
        .into_tuple::<(i64, AuditId)>()
        .all(db)
        .await?;
    let entries: HashMap<_, _> = entry::Entity::find()
        .filter(entry::Column::Id.is_in(places.iter().map(|(_, id)| *id)))
        .all(db)
        .await?
        .into_iter()
        .map(|entry| (entry.id, entry))
        .collect();
    let mut entries = entries;
    let numbered = places
        .into_iter()
        .filter_map(|(sequence, id)| Some((sequence, entries.remove(&id)?)))
        .collect();
    hydrate(db, numbered).await
}

async fn hydrate(
    db: &impl ConnectionTrait,
    entries: Vec<(i64, entry::Model)>,
) -> Result<Vec<Event>, DbErr> {
    let about = |kind: AuditEntity| {
        entries
            .iter()
            .filter(move |(_, entry)| entry.entity_type == kind)
            .map(|(_, entry)| entry.entity_id.as_str())
    };
    let task_ids: HashSet<TaskId> = about(AuditEntity::Task)
        .filter_map(|id| id.parse().ok())
        .collect();
    let agent_ids: HashSet<AgentId> = about(AuditEntity::Agent)
        .filter_map(|id| id.parse().ok())
        .collect();
    let tasks = tasks(db, task_ids).await?;
    let agents: HashMap<AgentId, Arc<agent::Model>> = if agent_ids.is_empty() {
        HashMap::new()
    } else {
        let found = agent::Entity::find()
            .filter(agent::Column::Id.is_in(agent_ids))
            .all(db)
            .await?;
        found
            .into_iter()
            .map(|agent| (agent.id.clone(), Arc::new(agent)))
            .collect()
    };
    let sprints = sprint::of_events(db, &entries, &tasks).await?;
    let mut notifications = notifications(db, &entries).await?;
    Ok(entries
        .into_iter()
        .map(|(sequence, entry)| {
            let notifications = notifications.remove(&entry.id).unwrap_or_default();
            let subject = match entry.entity_type {
                AuditEntity::Task => entry
                    .entity_id
                    .parse()
                    .ok()
                    .and_then(|id: TaskId| tasks.get(&id))
                    .map(|(task, sight)| Subject::Task {
                        task: task.clone(),
                        sight: sight.clone(),
                    }),
                AuditEntity::Agent => entry
                    .entity_id
                    .parse()
                    .ok()
                    .and_then(|id: AgentId| agents.get(&id))
                    .map(|agent| Subject::Agent(agent.clone())),
                _ => None,
            };
            let sprint = sprint::of_entry(&entry, &tasks).and_then(|id| sprints.get(&id).cloned());
            Event {
                sequence,
                entry,
                sprint,
                subject: subject.unwrap_or(Subject::Nothing),
                notifications,
            }
        })
        .collect())
}

/// What entries told: one query for all of them, and none where no action among them tells anybody of anything.
async fn notifications(
    db: &impl ConnectionTrait,
    entries: &[(i64, entry::Model)],
) -> Result<HashMap<AuditId, Vec<Arc<notification::Model>>>, DbErr> {
    let telling: Vec<AuditId> = entries
        .iter()
        .filter(|(_, entry)| can_notify(entry.action))
        .map(|(_, entry)| entry.id)
        .collect();
    let mut told: HashMap<AuditId, Vec<Arc<notification::Model>>> = HashMap::new();
    if telling.is_empty() {
        return Ok(told);
    }
    let rows = notification::Entity::find()
        .filter(notification::Column::EntryId.is_in(telling))
        .all(db)
        .await?;
    for row in rows {
        told.entry(row.entry_id).or_default().push(Arc::new(row));
    }
    for of_entry in told.values_mut() {
        of_entry.sort_unstable_by_key(|row| row.kind);
    }
    Ok(told)
}

/// Tasks by id, with who may see them.
type Tasks = HashMap<TaskId, (Arc<task::Model>, Arc<TaskSight>)>;

async fn tasks(db: &impl ConnectionTrait, ids: HashSet<TaskId>) -> Result<Tasks, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = task::Entity::find()
        .filter(task::Column::Id.is_in(ids))
        .all(db)
        .await?;
    let sights = task_sights(db, &rows).await?;
    Ok(rows
        .into_iter()
        .zip(sights)
        .map(|(row, sight)| (row.id, (Arc::new(row), Arc::new(sight))))
        .collect())
}

/// What deciding about the visibility of tasks takes, in their order: a fixed number of queries for all of them.
pub async fn task_sights(
    db: &impl ConnectionTrait,
    rows: &[task::Model],
) -> Result<Vec<TaskSight>, DbErr> {
    let above = above(db, rows).await?;
    let reviewed = types_with_review(db, rows).await?;
    let leads = sprint::leads(db, rows).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let requires_review = reviewed.contains(&(row.type_name.clone(), row.type_version));
            let agents = above.get(&row.id).cloned().unwrap_or_default();
            let lead = row.sprint_id.and_then(|id| leads.get(&id).cloned());
            TaskSight::of(row, requires_review, agents).led_by(lead)
        })
        .collect())
}

/// Who created or holds an ancestor of each task that has any.
async fn above(
    db: &impl ConnectionTrait,
    rows: &[task::Model],
) -> Result<HashMap<TaskId, Vec<AgentId>>, DbErr> {
    let children = rows.iter().filter(|row| row.parent_id.is_some());
    let children: Vec<TaskId> = children.map(|row| row.id).collect();
    let mut above: HashMap<TaskId, Vec<AgentId>> = HashMap::new();
    if children.is_empty() {
        return Ok(above);
    }
    let found = ancestor::Entity::find()
        .select_only()
        .columns([ancestor::Column::TaskId, ancestor::Column::AgentId])
        .filter(ancestor::Column::TaskId.is_in(children))
        .into_tuple::<(TaskId, AgentId)>()
        .all(db)
        .await?;
    for (task_id, agent_id) in found {
        above.entry(task_id).or_default().push(agent_id);
    }
    Ok(above)
}

async fn types_with_review(
    db: &impl ConnectionTrait,
    rows: &[task::Model],
) -> Result<HashSet<(String, i32)>, DbErr> {
    let names: HashSet<&str> = rows.iter().map(|row| row.type_name.as_str()).collect();
    Ok(task_type::Entity::find()
        .select_only()
        .columns([task_type::Column::Name, task_type::Column::Version])
        .filter(task_type::Column::Name.is_in(names))
        .filter(task_type::Column::RequiresReview.eq(true))
        .into_tuple::<(String, i32)>()
        .all(db)
        .await?
        .into_iter()
        .collect())
}
