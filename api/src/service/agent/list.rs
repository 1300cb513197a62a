//! Lists of agents, narrowed in SQL, in the order of their ids. Floor 3.

use chrono::{DateTime, TimeDelta, Utc};
use entities::agent::{self, AgentState, AgentStatus, AgentTier, IDLE_AFTER};
use entities::id::AgentId;
use entities::task;
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, Query};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::super::page::{Cursor, Page, PageRequest};
use super::super::task_type;
use super::super::text::MAX_NAME;
use crate::error::{Error, Result};
use crate::service::Service;

/// What a list of agents is narrowed to; what is left out narrows nothing.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this tier.
    pub tier: Option<AgentTier>,
    /// Whose status as reported is one of these (spec R1.05).
    pub status: Option<Vec<AgentStatus>>,
    /// Capable of this task type.
    pub capability: Option<String>,
    /// Reporting to this agent.
    pub supervisor_id: Option<String>,
    /// Whose id or name holds this text, in whatever case.
    pub search: Option<String>,
}

/// How long a PROCESSING agent may be silent before it counts as stuck (spec R8.01, gate 1).
const STUCK_AFTER: TimeDelta = TimeDelta::hours(1);

const LIST: &str = "agents";

/// agents: those that the filter leaves, by id.
///
/// # Errors
/// BAD_USER_INPUT for a cursor of another list, or a search of more than 200 characters.
pub async fn list(
    service: &Service,
    filter: Filter,
    request: &PageRequest,
) -> Result<Page<agent::Model>> {
    let condition = filter.condition(service.db.clock().now())?;
    page(service, condition, request).await
}

/// FleetOverview.stuckAgents: PROCESSING and silent for over an hour (spec R8.01, gate 1).
pub async fn stuck(service: &Service, request: &PageRequest) -> Result<Page<agent::Model>> {
    let silent_since = service.db.clock().now() - STUCK_AFTER;
    let condition = Condition::all()
        .add(status_is(AgentStatus::Processing, silent_since))
        .add(heard_of_after(silent_since).not());
    page(service, condition, request).await
}

async fn page(
    service: &Service,
    condition: Condition,
    request: &PageRequest,
) -> Result<Page<agent::Model>> {
    let all = agent::Entity::find().filter(condition);
    let total = if request.total {
        Some(all.clone().count(&service.db).await?)
    } else {
        None
    };
    let mut following = all.order_by_asc(agent::Column::Id).limit(request.limit());
    if let Some(after) = request.after_key::<AgentId>(LIST)? {
        following = following.filter(agent::Column::Id.gt(after));
    }
    let rows = following.all(&service.db).await?;
    let rows = rows
        .into_iter()
        .map(|agent| super::freshen(service, agent))
        .collect();
    Ok(Page::of(request, rows, total, |agent: &agent::Model| {
        Cursor::of(LIST, &agent.id)
    }))
}

impl Filter {
    fn condition(self, now: DateTime<Utc>) -> Result<Condition> {
        let mut all = Condition::all();
        if let Some(tier) = self.tier {
            all = all.add(agent::Column::Tier.eq(tier));
        }
        if let Some(statuses) = self.status {
            let any = statuses.into_iter().fold(Condition::any(), |any, one| {
                any.add(status_is(one, now - IDLE_AFTER))
            });
            // An empty condition would narrow nothing: of no status is nobody.
            all = all.add(if any.is_empty() { nobody() } else { any });
        }
        if let Some(capability) = self.capability {
            all = all.add(is_capable_of(&capability));
        }
        if let Some(supervisor) = self.supervisor_id {
            all = all.add(match supervisor.parse::<AgentId>() {
                Ok(id) => Condition::all().add(agent::Column::SupervisorId.eq(id)),
                Err(_) => nobody(),
            });
        }
        if let Some(text) = self.search {
            if text.chars().count() > MAX_NAME {
                let message = format!("must have at most {MAX_NAME} characters");
                return Err(Error::bad_input("search", "maxLength", message));
            }
            all = all.add(holds(&text));
        }
        Ok(all)
    }
}

/// Whether the status as reported is this one (spec R1.05): what [`AgentStatus::derive`] says, in SQL.
fn status_is(status: AgentStatus, silent_since: DateTime<Utc>) -> Condition {
    let state = |state| Condition::all().add(agent::Column::State.eq(state));
    let operational = state(AgentState::Operational);
    match status {
        AgentStatus::Error => state(AgentState::Error),
        AgentStatus::Inactive => state(AgentState::Inactive),
        AgentStatus::Processing => operational.add(is_processing()),
        AgentStatus::Active => operational
            .add(is_processing().not())
            .add(heard_of_after(silent_since)),
        AgentStatus::Idle => operational
            .add(is_processing().not())
            .add(heard_of_after(silent_since).not()),
    }
}

/// Whether the agent holds a task IN_PROGRESS.
pub(super) fn is_processing() -> Expr {
    let held = Query::select()
        .expr(Expr::cust("1"))
        .from(task::Entity)
        .and_where(super::in_progress())
        .and_where(
            Expr::col((task::Entity, task::Column::AssigneeId))
                .equals((agent::Entity, agent::Column::Id)),
        )
        .to_owned();
    Expr::exists(held)
}

/// Whether the agent was heard of after this moment; false, not unknown, where it never was.
pub(super) fn heard_of_after(moment: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(agent::Column::LastActiveAt.is_not_null())
        .add(agent::Column::LastActiveAt.gt(moment))
}

fn nobody() -> Condition {
    Condition::all().add(Expr::cust("1 = 0"))
}

/// Capabilities are stored as a JSON array of plain words: one of them stands there in quotes.
fn is_capable_of(name: &str) -> Condition {
    if !task_type::is_name(name) {
        return nobody();
    }
    let pattern = format!("%\"{}\"%", literally(name));
    let column = Expr::col((agent::Entity, agent::Column::Capabilities));
    Condition::all().add(column.like(LikeExpr::new(pattern).escape(ESCAPE)))
}

/// Whether id or name holds the text. In whatever case: of every letter on PostgreSQL, of A to Z on SQLite, which folds no others; there
/// the text as it was written finds the rest.
fn holds(text: &str) -> Condition {
    let folded = format!("%{}%", literally(&text.to_lowercase()));
    let written = format!("%{}%", literally(text));
    let column = |column| Expr::col((agent::Entity, column));
    let like = |expr: Expr, pattern: &str| expr.like(LikeExpr::new(pattern).escape(ESCAPE));
    Condition::any()
        .add(like(Func::lower(column(agent::Column::Id)).into(), &folded))
        .add(like(
            Func::lower(column(agent::Column::Name)).into(),
            &folded,
        ))
        .add(like(column(agent::Column::Name), &written))
}

const ESCAPE: char = '!';

/// The text as a pattern that matches nothing but itself.
fn literally(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut pattern, char| {
            if matches!(char, '%' | '_' | ESCAPE) {
                pattern.push(ESCAPE);
            }
            pattern.push(char);
            pattern
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_in_a_search_mean_themselves() {
        assert_eq!(literally("100%_a!b"), "100!%!_a!!b");
    }
}
