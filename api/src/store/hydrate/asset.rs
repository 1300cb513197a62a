//! What deciding about the visibility of assets takes. Floor 2.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use entities::id::{AgentId, TaskId};
use entities::{asset, task};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use super::task_sights;
use crate::auth::sight::{AssetSight, TaskSight};

/// What deciding about the visibility of assets takes, in their order: a fixed number of queries for all of them.
pub async fn asset_sights(
    db: &impl ConnectionTrait,
    rows: &[asset::Model],
) -> Result<Vec<AssetSight>, DbErr> {
    let ids: HashSet<TaskId> = rows.iter().filter_map(|row| row.task_id).collect();
    let tasks = of_tasks(db, &ids).await?;
    let holders = child_holders(db, &ids).await?;
    Ok(rows
        .iter()
        .map(|row| AssetSight {
            task: row.task_id.and_then(|id| tasks.get(&id).cloned()),
            child_holders: row
                .task_id
                .and_then(|id| holders.get(&id).cloned())
                .unwrap_or_default(),
            ..AssetSight::direct(row)
        })
        .collect())
}

async fn of_tasks(
    db: &impl ConnectionTrait,
    ids: &HashSet<TaskId>,
) -> Result<HashMap<TaskId, Arc<TaskSight>>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = task::Entity::find()
        .filter(task::Column::Id.is_in(ids.iter().copied()))
        .all(db)
        .await?;
    let sights = task_sights(db, &rows).await?;
    let rows = rows.iter().map(|row| row.id);
    Ok(rows.zip(sights.into_iter().map(Arc::new)).collect())
}

/// Who holds a child of each task.
async fn child_holders(
    db: &impl ConnectionTrait,
    parents: &HashSet<TaskId>,
) -> Result<HashMap<TaskId, Arc<HashSet<AgentId>>>, DbErr> {
    if parents.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Option<TaskId>, Option<AgentId>)> = task::Entity::find()
        .select_only()
        .columns([task::Column::ParentId, task::Column::AssigneeId])
        .filter(task::Column::ParentId.is_in(parents.iter().copied()))
        .filter(task::Column::AssigneeId.is_not_null())
        .distinct()
        .into_tuple()
        .all(db)
        .await?;
    let mut holders: HashMap<TaskId, HashSet<AgentId>> = HashMap::new();
    for (parent, holder) in rows {
        if let (Some(parent), Some(holder)) = (parent, holder) {
            holders.entry(parent).or_default().insert(holder);
        }
    }
    let shared = holders.into_iter().map(|(id, all)| (id, Arc::new(all)));
    Ok(shared.collect())
}
