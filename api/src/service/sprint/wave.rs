//! The tasks of waves, page by page: many waves in a fixed number of statements. Floor 3.

use std::collections::{BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use entities::agent::AgentTier;
use entities::id::TaskId;
use entities::sprint;
use entities::task;
use sea_orm::sea_query::{Expr, ExprTrait, Func, OverStatement, Query, WindowStatement};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::super::page::{Cursor, Page, PageRequest};
use super::super::{Service, task as tasks};
use crate::auth::actor::{Caller, Principal};
use crate::error::Result;

/// A page of a wave's tasks that is asked for.
#[derive(Debug, Clone)]
pub struct WaveKey {
    /// The sprint, which the caller sees.
    pub sprint: Arc<sprint::Model>,
    /// Index of the phase.
    pub phase: i16,
    /// Index of the wave in it.
    pub wave: i16,
    /// Which page.
    pub request: PageRequest,
}

impl WaveKey {
    fn parts(&self) -> (impl Eq + Hash + use<>, Option<&str>) {
        let after = self.request.after.as_ref().map(|cursor| cursor.0.as_str());
        let place = (self.sprint.id, self.phase, self.wave);
        ((place, self.request.first, self.request.total), after)
    }

    fn place(&self) -> (i16, i16) {
        (self.phase, self.wave)
    }
}

impl PartialEq for WaveKey {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for WaveKey {}

impl Hash for WaveKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

/// The pages of waves, in the order of the plan: for those of one sprint that begin at their beginning one statement, and one that counts
/// where counts are asked for; for each other one of its own.
pub async fn pages(
    service: &Service,
    caller: &Caller,
    keys: &[WaveKey],
) -> Result<HashMap<WaveKey, Page<task::Model>>> {
    let mut alike: HashMap<_, Vec<&WaveKey>> = HashMap::new();
    for (number, key) in keys.iter().enumerate() {
        // A page that goes on after a cursor is a group of its own.
        let alone = key.request.after.as_ref().map(|_| number);
        let group = (key.sprint.id, key.request.first, alone);
        alike.entry(group).or_default().push(key);
    }
    let mut found = HashMap::new();
    for group in alike.into_values() {
        let mut rows = rows(service, caller, &group).await?;
        let totals = totals(service, caller, &group).await?;
        for key in group {
            let rows = rows.remove(&key.place()).unwrap_or_default();
            let total = key.request.total.then(|| {
                let count = totals.get(&key.place()).copied();
                u64::try_from(count.unwrap_or_default()).unwrap_or_default()
            });
            found.insert(key.clone(), Page::of(&key.request, rows, total, cursor));
        }
    }
    Ok(found)
}

fn cursor(task: &task::Model) -> Cursor {
    Cursor::of("wave", &task.id)
}

/// The tasks of these waves that the caller may see.
fn seen(service: &Service, caller: &Caller, group: &[&WaveKey]) -> Option<Condition> {
    let first = group.first()?;
    let phases: BTreeSet<i16> = group.iter().map(|key| key.phase).collect();
    let waves: BTreeSet<i16> = group.iter().map(|key| key.wave).collect();
    let of_waves = Condition::all()
        .add(task::Column::SprintId.eq(first.sprint.id))
        .add(task::Column::Phase.is_in(phases))
        .add(task::Column::Wave.is_in(waves));
    // Its lead and every L1 see all its tasks (spec R1.09): nothing is looked up.
    let all = match &caller.principal {
        Principal::Agent(actor) => {
            actor.agent.tier >= AgentTier::L1 || actor.agent.id == first.sprint.lead_id
        }
        Principal::Anonymous | Principal::ControlCenter => true,
    };
    Some(match tasks::sight_of(service, caller) {
        Some(sight) if !all => of_waves.add(task::Column::Id.in_subquery(sight.ids())),
        _ => of_waves,
    })
}

async fn rows(
    service: &Service,
    caller: &Caller,
    group: &[&WaveKey],
) -> Result<HashMap<(i16, i16), Vec<task::Model>>> {
    let (Some(first), Some(seen)) = (group.first(), seen(service, caller, group)) else {
        return Ok(HashMap::new());
    };
    let request = &first.request;
    let select = match request.after_key::<TaskId>("wave")? {
        Some(after) => task::Entity::find()
            .filter(seen)
            .filter(task::Column::Id.gt(after))
            .limit(request.limit()),
        None => first_of_each(seen, request.limit()),
    };
    let mut by_wave: HashMap<(i16, i16), Vec<task::Model>> = HashMap::new();
    for row in select
        .order_by_asc(task::Column::Id)
        .all(&service.db)
        .await?
    {
        let place = (row.phase.unwrap_or_default(), row.wave.unwrap_or_default());
        by_wave.entry(place).or_default().push(row);
    }
    Ok(by_wave)
}

/// So many tasks of each wave.
fn first_of_each(seen: Condition, limit: u64) -> Select<task::Entity> {
    let place = || Expr::col("place");
    let mut order = WindowStatement::partition_by(task::Column::Phase);
    order
        .add_partition_by(Expr::col(task::Column::Wave))
        .order_by(task::Column::Id, Order::Asc);
    let placed = Query::select()
        .column(task::Column::Id)
        .expr_window_as(Func::cust("row_number"), order, "place")
        .from(task::Entity)
        .cond_where(seen)
        .to_owned();
    let ids = Query::select()
        .column(task::Column::Id)
        .from_subquery(placed, "placed")
        .and_where(place().lte(i64::try_from(limit).unwrap_or(i64::MAX)))
        .to_owned();
    task::Entity::find().filter(task::Column::Id.in_subquery(ids))
}

async fn totals(
    service: &Service,
    caller: &Caller,
    group: &[&WaveKey],
) -> Result<HashMap<(i16, i16), i64>> {
    let wanted = group.iter().any(|key| key.request.total);
    let Some(seen) = seen(service, caller, group).filter(|_| wanted) else {
        return Ok(HashMap::new());
    };
    let counted: Vec<(i16, i16, i64)> = task::Entity::find()
        .select_only()
        .columns([task::Column::Phase, task::Column::Wave])
        .column_as(task::Column::Id.count(), "tasks")
        .filter(seen)
        .group_by(task::Column::Phase)
        .group_by(task::Column::Wave)
        .into_tuple()
        .all(&service.db)
        .await?;
    let pair = |(phase, wave, count)| ((phase, wave), count);
    Ok(counted.into_iter().map(pair).collect())
}
