//! Reading assets: one, lists by filter; always by what the caller may see. Floor 3.

use entities::asset::{self, AssetKind, AssetStatus};
use entities::id::{AgentId, AssetId, TaskId};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};

use super::{load, sight};
use crate::auth::actor::{Caller, Principal};
use crate::auth::policy::Operation;
use crate::error::{Error, Result};
use crate::service::Service;
use crate::service::page::{self, Cursor, Page, PageRequest};

/// What a list of assets is narrowed to; fields are joined by AND, the values of one by OR.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In one of these statuses.
    pub status: Option<Vec<AssetStatus>>,
    /// Of one of these kinds.
    pub kind: Option<Vec<AssetKind>>,
    /// Made by this agent.
    pub creator_id: Option<String>,
    /// Made for this task.
    pub task_id: Option<String>,
}

/// One asset. NOT_FOUND where it is not there or not to be seen.
pub async fn get(service: &Service, caller: &Caller, id: &str) -> Result<asset::Model> {
    let outcome = async {
        let asset = load::find(&service.db, id).await?;
        if let Principal::Agent(actor) = &caller.principal {
            load::check_seen(service, &service.db, &actor.agent, &asset).await?;
        }
        Ok(asset)
    };
    service.report(caller, Operation::Asset, outcome.await)
}

/// One asset, if there is one that the caller may see.
pub async fn find(service: &Service, caller: &Caller, id: &str) -> Result<Option<asset::Model>> {
    match get(service, caller, id).await {
        Err(Error::NotFound { .. }) => Ok(None),
        found => found.map(Some),
    }
}

const LIST: &str = "assets";

fn cursor(asset: &asset::Model) -> Cursor {
    Cursor::of(LIST, &(asset.created_at.timestamp_micros(), asset.id))
}

/// Assets that the caller may see, newest first.
pub async fn list(
    service: &Service,
    caller: &Caller,
    filter: Filter,
    request: &PageRequest,
) -> Result<Page<asset::Model>> {
    let Some(condition) = condition(&filter) else {
        return Ok(Page::of(request, Vec::new(), Some(0), cursor));
    };
    let assets = asset::Entity::find().filter(condition);
    page(service, visible(service, caller, assets), request).await
}

/// Those of these assets that the caller may see: what its notifications are about.
pub async fn find_visible(
    service: &Service,
    caller: &Caller,
    ids: &[AssetId],
) -> Result<Vec<asset::Model>> {
    let named = asset::Entity::find().filter(asset::Column::Id.is_in(ids.iter().copied()));
    Ok(visible(service, caller, named).all(&service.db).await?)
}

fn visible(
    service: &Service,
    caller: &Caller,
    assets: Select<asset::Entity>,
) -> Select<asset::Entity> {
    let condition = match &caller.principal {
        Principal::Agent(actor) => sight::visible(
            &actor.agent,
            service.settings.reach,
            service.db.get_database_backend(),
        ),
        Principal::Anonymous | Principal::ControlCenter => None,
    };
    match condition {
        Some(condition) => assets.filter(condition),
        None => assets,
    }
}

/// The assets of a task, newest first. That the caller sees the task was found out: who does, sees its assets (spec R1.09).
pub async fn list_of_task(
    service: &Service,
    task: TaskId,
    request: &PageRequest,
) -> Result<Page<asset::Model>> {
    let assets = asset::Entity::find().filter(asset::Column::TaskId.eq(task));
    page(service, assets, request).await
}

async fn page(
    service: &Service,
    assets: Select<asset::Entity>,
    request: &PageRequest,
) -> Result<Page<asset::Model>> {
    let after = request.after_moment::<AssetId>(LIST)?;
    let total = match request.total {
        true => Some(assets.clone().count(&service.db).await?),
        false => None,
    };
    let rest = match after {
        Some((at, id)) => {
            let created_at = asset::Column::CreatedAt;
            assets.filter(page::before(created_at, at, asset::Column::Id, id))
        }
        None => assets,
    };
    let rows = rest
        .order_by_desc(asset::Column::CreatedAt)
        .order_by_desc(asset::Column::Id)
        .limit(request.limit())
        .all(&service.db)
        .await?;
    Ok(Page::of(request, rows, total, cursor))
}

/// The filter as a condition; none where it names an id that cannot exist, so that nothing matches.
fn condition(filter: &Filter) -> Option<Condition> {
    let creator: Option<AgentId> = filter
        .creator_id
        .as_deref()
        .map(str::parse)
        .transpose()
        .ok()?;
    let task: Option<TaskId> = filter.task_id.as_deref().map(str::parse).transpose().ok()?;
    let status = filter.status.as_ref();
    let kind = filter.kind.as_ref();
    Some(
        Condition::all()
            .add_option(status.map(|all| asset::Column::Status.is_in(all.iter().copied())))
            .add_option(kind.map(|all| asset::Column::Kind.is_in(all.iter().copied())))
            .add_option(creator.map(|id| asset::Column::CreatorId.eq(id)))
            .add_option(task.map(|id| asset::Column::TaskId.eq(id))),
    )
}
