//! Reading sprints: one, many, lists; how their tasks stand. Floor 3.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entities::id::SprintId;
use entities::sprint::{self, Tally};
use entities::task::TaskStatus;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Statement, Value,
};

use super::super::Service;
use super::super::page::{self, Cursor, Page, PageRequest};
use super::{check_seen, parse};
use crate::auth::actor::{Caller, Principal};
use crate::auth::policy::Operation;
use crate::error::{Error, Result};

/// One sprint. NOT_FOUND where it is not there or not to be seen.
pub async fn get(service: &Service, caller: &Caller, id: &str) -> Result<sprint::Model> {
    let outcome = async {
        let found = sprint::Entity::find_by_id(parse(id)?)
            .one(&service.db)
            .await?;
        let sprint = found.ok_or_else(|| Error::not_found("sprint", id))?;
        if let Principal::Agent(actor) = &caller.principal {
            check_seen(&service.db, &actor.agent, &sprint).await?;
        }
        Ok(sprint)
    };
    service.report(caller, Operation::Sprint, outcome.await)
}

/// Those of these sprints that the caller may see: what a task or a gate run refers to.
pub async fn find_visible(
    service: &Service,
    caller: &Caller,
    ids: &[SprintId],
) -> Result<HashMap<SprintId, sprint::Model>> {
    let mut found = sprint::Entity::find().filter(sprint::Column::Id.is_in(ids.iter().copied()));
    if let Some(condition) = visible(caller) {
        found = found.filter(condition);
    }
    let rows = found.all(&service.db).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// The condition on `sprints` that leaves what the caller may see: the SQL twin of [`crate::auth::sight::sees_sprint`].
fn visible(caller: &Caller) -> Option<Condition> {
    let Principal::Agent(actor) = &caller.principal else {
        return None;
    };
    let agent = &actor.agent;
    if agent.tier >= entities::agent::AgentTier::L1 {
        return None;
    }
    // An agent's id holds nothing but `A-Z 0-9 -`, so it can stand in SQL as it is.
    let id = &agent.id;
    let seen = format!(
        "(sprints.lead_id = '{id}' OR sprints.id IN \
         (SELECT sprint_id FROM tasks WHERE assignee_id = '{id}' AND sprint_id IS NOT NULL))"
    );
    Some(Condition::all().add(Expr::cust(seen)))
}

/// Sprints that the caller may see, newest first.
pub async fn list(
    service: &Service,
    caller: &Caller,
    request: &PageRequest,
) -> Result<Page<sprint::Model>> {
    let after = request.after_moment::<SprintId>("sprints")?;
    let mut all = sprint::Entity::find();
    if let Some(condition) = visible(caller) {
        all = all.filter(condition);
    }
    let total = match request.total {
        true => Some(all.clone().count(&service.db).await?),
        false => None,
    };
    if let Some((at, id)) = after {
        let created_at = sprint::Column::CreatedAt;
        all = all.filter(page::before(created_at, at, sprint::Column::Id, id));
    }
    let rows = all
        .order_by_desc(sprint::Column::CreatedAt)
        .order_by_desc(sprint::Column::Id)
        .limit(request.limit())
        .all(&service.db)
        .await?;
    Ok(Page::of(request, rows, total, |row| {
        Cursor::of("sprints", &(row.created_at.timestamp_micros(), row.id))
    }))
}

/// How the tasks of these sprints stand: one statement for all of them.
pub async fn tallies(service: &Service, ids: &[SprintId]) -> Result<HashMap<SprintId, Tally>> {
    count(&service.db, ids, service.db.clock().now()).await
}

/// How the tasks of one sprint stand.
pub(super) async fn tally(
    db: &impl ConnectionTrait,
    id: SprintId,
    now: DateTime<Utc>,
) -> Result<Tally> {
    let mut counted = count(db, &[id], now).await?;
    Ok(counted.remove(&id).unwrap_or_default())
}

/// All but those that failed are counted in the index alone. What failed can be tried again by policy while its deadline lies ahead.
async fn count(
    db: &impl ConnectionTrait,
    ids: &[SprintId],
    now: DateTime<Utc>,
) -> Result<HashMap<SprintId, Tally>> {
    let mut values: Vec<Value> = vec![now.into()];
    values.extend(ids.iter().map(|id| Value::from(*id)));
    let places: Vec<String> = (2..=values.len())
        .map(|place| format!("${place}"))
        .collect();
    let places = places.join(", ");
    let sql = format!(
        "SELECT sprint_id, phase, wave, status, accepted, FALSE AS claimable, count(*) AS tasks FROM tasks \
         WHERE sprint_id IN ({places}) AND phase IS NOT NULL AND status <> 'FAILED' GROUP BY sprint_id, phase, wave, status, accepted \
         UNION ALL \
         SELECT sprint_id, phase, wave, status, accepted, \
         claimable_at IS NOT NULL AND (deadline IS NULL OR deadline > $1) AS claimable, count(*) AS tasks FROM tasks \
         WHERE sprint_id IN ({places}) AND phase IS NOT NULL AND status = 'FAILED' GROUP BY sprint_id, phase, wave, status, accepted, claimable"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let mut counted: HashMap<SprintId, Tally> = HashMap::new();
    for row in db.query_all_raw(statement).await? {
        let id: SprintId = row.try_get("", "sprint_id")?;
        let (phase, wave): (i16, i16) = (row.try_get("", "phase")?, row.try_get("", "wave")?);
        let status: TaskStatus = row.try_get("", "status")?;
        let (accepted, claimable) = (row.try_get("", "accepted")?, row.try_get("", "claimable")?);
        let tasks: i64 = row.try_get("", "tasks")?;
        let place = (index(phase)?, index(wave)?);
        let tasks = u64::try_from(tasks).unwrap_or_default();
        let tally = counted.entry(id).or_default();
        tally.count(place, status, accepted, claimable, tasks);
    }
    Ok(counted)
}

fn index(place: i16) -> Result<usize> {
    usize::try_from(place).map_err(Error::internal)
}
