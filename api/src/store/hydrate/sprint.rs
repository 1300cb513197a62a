//! The sprints that entries concern: read once for all of them, and not at all where there are none. Floor 2.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use entities::audit::{AuditEntity, entry};
use entities::id::{AgentId, SprintId, TaskId};
use entities::{sprint, task};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use super::Tasks;

/// The sprint that an entry concerns: of which it tells, of whose task, or of whose gate run.
pub(super) fn of_entry(entry: &entry::Model, tasks: &Tasks) -> Option<SprintId> {
    match entry.entity_type {
        AuditEntity::Workflow => entry.entity_id.parse().ok(),
        AuditEntity::Task => {
            let id: TaskId = entry.entity_id.parse().ok()?;
            tasks.get(&id)?.0.sprint_id
        }
        AuditEntity::Gate => {
            let metadata = entry.metadata.value();
            metadata.pointer("/set/sprintId")?.as_str()?.parse().ok()
        }
        _ => None,
    }
}

/// The sprints of all these entries, as they are now.
pub(super) async fn of_events(
    db: &impl ConnectionTrait,
    entries: &[(i64, entry::Model)],
    tasks: &Tasks,
) -> Result<HashMap<SprintId, Arc<sprint::Model>>, DbErr> {
    let ids: HashSet<SprintId> = entries
        .iter()
        .filter_map(|(_, entry)| of_entry(entry, tasks))
        .collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sprint::Entity::find()
        .filter(sprint::Column::Id.is_in(ids))
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, Arc::new(row)))
        .collect())
}

/// Who leads the sprints of these tasks.
pub(super) async fn leads(
    db: &impl ConnectionTrait,
    rows: &[task::Model],
) -> Result<HashMap<SprintId, AgentId>, DbErr> {
    let ids: HashSet<SprintId> = rows.iter().filter_map(|row| row.sprint_id).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<(SprintId, AgentId)> = sprint::Entity::find()
        .select_only()
        .columns([sprint::Column::Id, sprint::Column::LeadId])
        .filter(sprint::Column::Id.is_in(ids))
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
}
