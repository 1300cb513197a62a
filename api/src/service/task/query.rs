//! Reading tasks: one, many, lists by filter, the review queue; always by what the caller may see. Floor 3.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entities::agent::{AgentPermission, AgentTier};
use entities::id::{AgentId, SprintId, TaskId};
use entities::task::{self, TaskPriority, TaskStatus};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
};

use super::super::Service;
use super::super::page::{self, Cursor, Page, PageRequest};
use super::load;
use super::sight::{self, Newest, Sight};
use crate::auth::actor::{Caller, Principal};
use crate::auth::policy::Operation;
use crate::auth::sight::hidden_from;
use crate::error::{Error, Result};
use crate::store::task_sights;

/// What a list of tasks is narrowed to; fields are joined by AND, the values of one by OR.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In one of these statuses.
    pub status: Option<Vec<TaskStatus>>,
    /// Of one of these types.
    pub type_name: Option<Vec<String>>,
    /// With one of these priorities.
    pub priority: Option<Vec<TaskPriority>>,
    /// Held by this agent.
    pub assignee_id: Option<String>,
    /// Made by this agent.
    pub creator_id: Option<String>,
    /// Children of this task.
    pub parent_id: Option<String>,
    /// Part of this sprint.
    pub sprint_id: Option<String>,
    /// Made at this moment or later.
    pub created_after: Option<DateTime<Utc>>,
    /// Made before this moment.
    pub created_before: Option<DateTime<Utc>>,
    /// Open past their deadline, or not.
    pub overdue: Option<bool>,
}

impl Filter {
    /// Whether it names an agent, a task or a sprint, of which there are few tasks.
    fn names_something(&self) -> bool {
        let agents = self.assignee_id.is_some() || self.creator_id.is_some();
        agents || self.parent_id.is_some() || self.sprint_id.is_some()
    }

    fn times(&self) -> Condition {
        let created_at = task::Column::CreatedAt;
        Condition::all()
            .add_option(self.created_after.map(|at| created_at.gte(at)))
            .add_option(self.created_before.map(|at| created_at.lt(at)))
    }
}

/// One task. NOT_FOUND where it is not there or not to be seen.
pub async fn get(service: &Service, caller: &Caller, id: &str) -> Result<task::Model> {
    let outcome = async {
        let task = load::find(&service.db, id).await?;
        if let Principal::Agent(actor) = &caller.principal {
            load::check_seen(service, &service.db, &actor.agent, &task).await?;
        }
        Ok(task)
    };
    service.report(caller, Operation::Task, outcome.await)
}

/// Those of these tasks that the caller may see: what a task refers to.
pub async fn find_visible(
    service: &Service,
    caller: &Caller,
    ids: &[TaskId],
) -> Result<HashMap<TaskId, task::Model>> {
    Ok(sift(service, caller, ids).await?.0)
}

/// Those of these tasks, which the caller named, that it may see. The others are reported: a NOT_FOUND hides them (spec R5.04).
pub async fn find_named(
    service: &Service,
    caller: &Caller,
    ids: &[TaskId],
) -> Result<HashMap<TaskId, task::Model>> {
    let (seen, hidden) = sift(service, caller, ids).await?;
    if let Some(viewer) = caller.agent_id().filter(|_| hidden > 0) {
        for _ in 0..hidden {
            service.denials.report(caller, &hidden_from(&viewer));
        }
    }
    Ok(seen)
}

/// What the caller may see of these tasks, and how many it may not.
async fn sift(
    service: &Service,
    caller: &Caller,
    ids: &[TaskId],
) -> Result<(HashMap<TaskId, task::Model>, usize)> {
    let rows = task::Entity::find()
        .filter(task::Column::Id.is_in(ids.iter().copied()))
        .all(&service.db)
        .await?;
    let count = rows.len();
    let seen: HashMap<TaskId, task::Model> = match &caller.principal {
        Principal::Agent(actor) => {
            let sights = task_sights(&service.db, &rows).await?;
            rows.into_iter()
                .zip(sights)
                .filter(|(_, one)| sight::sees_by(service, &actor.agent, one))
                .map(|(row, _)| (row.id, row))
                .collect()
        }
        Principal::Anonymous | Principal::ControlCenter => {
            rows.into_iter().map(|row| (row.id, row)).collect()
        }
    };
    let hidden = count - seen.len();
    Ok((seen, hidden))
}

/// A list's place: the moment of creation in µs, and the id.
type Key = (i64, TaskId);

/// Tasks that the caller may see, newest first.
pub async fn list(
    service: &Service,
    caller: &Caller,
    filter: Filter,
    request: &PageRequest,
) -> Result<Page<task::Model>> {
    let after = request.after_moment::<TaskId>("tasks")?;
    let now = service.db.clock().now();
    let Some(wanted) = condition(&filter, now) else {
        return Ok(Page::of(request, Vec::new(), Some(0), cursor));
    };
    let tasks = || {
        let tasks = task::Entity::find().filter(wanted.clone());
        tasks.filter(filter.times())
    };
    let behind = |tasks: Select<task::Entity>| match after {
        Some((at, id)) => {
            let created_at = task::Column::CreatedAt;
            tasks.filter(page::before(created_at, at, task::Column::Id, id))
        }
        None => tasks,
    };
    let (all, page) = match sight_of(service, caller) {
        None => (tasks(), behind(tasks())),
        // Few rows, of which each is looked at.
        Some(sight) if filter.names_something() => {
            let mut seen = tasks();
            sight.narrow(QueryTrait::query(&mut seen));
            (seen.clone(), behind(seen))
        }
        Some(sight) => {
            let newest = sight.newest(&Newest {
                wanted: wanted.clone(),
                from: filter.created_after,
                to: filter.created_before,
                before: after,
                limit: request.limit(),
            });
            let page = task::Entity::find().filter(task::Column::Id.in_subquery(newest));
            let all = tasks().filter(task::Column::Id.in_subquery(sight.ids()));
            (all, page)
        }
    };
    let total = count(service, request, &all).await?;
    let rows = page
        .order_by_desc(task::Column::CreatedAt)
        .order_by_desc(task::Column::Id)
        .limit(request.limit())
        .all(&service.db)
        .await?;
    Ok(Page::of(request, rows, total, cursor))
}

fn cursor(task: &task::Model) -> Cursor {
    Cursor::of("tasks", &(task.created_at.timestamp_micros(), task.id))
}

fn moment(micros: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros)
        .ok_or_else(|| Error::bad_input("after", "cursor", "is no cursor"))
}

/// What the caller sees of the tasks; none where it sees all.
pub(in crate::service) fn sight_of(service: &Service, caller: &Caller) -> Option<Sight> {
    let viewer = match &caller.principal {
        Principal::Agent(actor) => &actor.agent,
        Principal::Anonymous | Principal::ControlCenter => return None,
    };
    let backend = service.db.get_database_backend();
    Sight::of(viewer, service.settings.reach, backend)
}

async fn count(
    service: &Service,
    request: &PageRequest,
    tasks: &Select<task::Entity>,
) -> Result<Option<u64>> {
    if !request.total {
        return Ok(None);
    }
    Ok(Some(tasks.clone().count(&service.db).await?))
}

/// The filter as a condition, but for its times; none where it names an id that cannot exist, so that nothing matches.
fn condition(filter: &Filter, now: DateTime<Utc>) -> Option<Condition> {
    let agent = |id: &Option<String>| id.as_deref().map(str::parse::<AgentId>).transpose().ok();
    let assignee = agent(&filter.assignee_id)?;
    let creator = agent(&filter.creator_id)?;
    let parent = filter
        .parent_id
        .as_deref()
        .map(str::parse::<TaskId>)
        .transpose()
        .ok()?;
    let sprint = filter
        .sprint_id
        .as_deref()
        .map(str::parse::<SprintId>)
        .transpose()
        .ok()?;
    let open = TaskStatus::ALL
        .iter()
        .copied()
        .filter(|status| status.is_open());
    let overdue = Condition::all()
        .add(task::Column::Deadline.lte(now))
        .add(task::Column::Status.is_in(open));
    Some(
        Condition::all()
            .add_option(
                filter
                    .status
                    .as_ref()
                    .map(|all| task::Column::Status.is_in(all.iter().copied())),
            )
            .add_option(
                filter
                    .type_name
                    .as_ref()
                    .map(|all| task::Column::TypeName.is_in(all.iter().cloned())),
            )
            .add_option(
                filter
                    .priority
                    .as_ref()
                    .map(|all| task::Column::Priority.is_in(all.iter().copied())),
            )
            .add_option(assignee.map(|id| task::Column::AssigneeId.eq(id)))
            .add_option(creator.map(|id| task::Column::CreatorId.eq(id)))
            .add_option(parent.map(|id| task::Column::ParentId.eq(id)))
            .add_option(sprint.map(|id| task::Column::SprintId.eq(id)))
            .add_option(match filter.overdue {
                Some(true) => Some(overdue),
                // NOT over a NULL deadline would be NULL: those without one are not overdue.
                Some(false) => Some(
                    Condition::any()
                        .add(task::Column::Deadline.is_null())
                        .add(overdue.not()),
                ),
                None => None,
            }),
    )
}

/// Whether a task is in a filter: the twin of [`condition`] for streams.
pub(crate) fn matches(filter: &Filter, task: &task::Model, now: DateTime<Utc>) -> bool {
    fn among<T: PartialEq<U>, U>(all: &Option<Vec<T>>, value: &U) -> bool {
        all.as_ref()
            .is_none_or(|all| all.iter().any(|one| one == value))
    }
    fn is(wanted: &Option<String>, value: Option<String>) -> bool {
        wanted
            .as_ref()
            .is_none_or(|wanted| Some(wanted) == value.as_ref())
    }
    among(&filter.status, &task.status)
        && among(&filter.type_name, &task.type_name)
        && among(&filter.priority, &task.priority)
        && is(
            &filter.assignee_id,
            task.assignee_id.as_ref().map(AgentId::to_string),
        )
        && is(&filter.creator_id, Some(task.creator_id.to_string()))
        && is(&filter.parent_id, task.parent_id.map(|id| id.to_string()))
        && is(&filter.sprint_id, task.sprint_id.map(|id| id.to_string()))
        && filter.created_after.is_none_or(|at| task.created_at >= at)
        && filter.created_before.is_none_or(|at| task.created_at < at)
        && filter
            .overdue
            .is_none_or(|wanted| task.is_overdue(now) == wanted)
}

/// Tasks that wait for a review that the caller may give, longest waiting first.
pub async fn review_queue(
    service: &Service,
    caller: &Caller,
    request: &PageRequest,
) -> Result<Page<task::Model>> {
    let after: Option<Key> = request.after_key("reviewQueue")?;
    let place = |task: &task::Model| {
        let asked = task.review_requested_at.unwrap_or(task.created_at);
        Cursor::of("reviewQueue", &(asked.timestamp_micros(), task.id))
    };
    let reviewer = caller.actor().filter(|actor| {
        actor.agent.tier >= AgentTier::L1 && caller.holds(AgentPermission::ApproveAsset)
    });
    let Some(reviewer) = reviewer else {
        return Ok(Page::of(request, Vec::new(), Some(0), place));
    };
    let waiting = task::Entity::find()
        .filter(task::Column::Status.eq(TaskStatus::ReviewRequested))
        .filter(task::Column::AssigneeId.ne(reviewer.agent.id.clone()));
    let total = count(service, request, &waiting).await?;
    let page = match after {
        None => waiting,
        Some((micros, id)) => {
            let at = moment(micros)?;
            waiting.filter(
                Condition::any()
                    .add(task::Column::ReviewRequestedAt.gt(at))
                    .add(
                        Condition::all()
                            .add(task::Column::ReviewRequestedAt.eq(at))
                            .add(task::Column::Id.gt(id)),
                    ),
            )
        }
    };
    let rows = page
        .order_by_asc(task::Column::ReviewRequestedAt)
        .order_by_asc(task::Column::Id)
        .limit(request.limit())
        .all(&service.db)
        .await?;
    Ok(Page::of(request, rows, total, place))
}
