//! The fleet in figures (spec R8.01, gate 1). Floor 3.

use entities::agent::{self, AgentState, AgentStatus, AgentTier, IDLE_AFTER};
use entities::task::{self, TaskStatus};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QuerySelect};

use super::list::{heard_of_after, is_processing};
use crate::auth::actor::Caller;
use crate::auth::policy::Operation;
use crate::error::Result;
use crate::service::{Service, session};

/// Counts of everything; every tier and status is there, with 0 where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// Agents by tier, lowest first.
    pub agents_by_tier: Vec<(AgentTier, u64)>,
    /// Agents by status as reported.
    pub agents_by_status: Vec<(AgentStatus, u64)>,
    /// Tasks by status.
    pub tasks_by_status: Vec<(TaskStatus, u64)>,
    /// Sessions that outlived two sweeps or their agent (spec R2.04).
    pub orphaned_sessions: u64,
}

/// fleet: for L1 and SYSTEM.
///
/// # Errors
/// FORBIDDEN below L1.
pub async fn overview(service: &Service, caller: &Caller) -> Result<Overview> {
    service.allow(caller, Operation::Fleet)?;
    let groups = agent_groups(service).await?;
    let tasks: Vec<(TaskStatus, i64)> = task::Entity::find()
        .select_only()
        .column(task::Column::Status)
        .expr_as(task::Column::Id.count(), "count")
        .group_by(task::Column::Status)
        .into_tuple()
        .all(&service.db)
        .await?;
    Ok(Overview {
        agents_by_tier: tally(
            AgentTier::ALL,
            groups.iter().map(|one| (one.tier, one.count)),
        ),
        agents_by_status: tally(
            AgentStatus::ALL,
            groups.iter().map(|one| (one.status, one.count)),
        ),
        tasks_by_status: tally(TaskStatus::ALL, tasks),
        orphaned_sessions: session::orphaned(service).await?,
    })
}

struct Group {
    tier: AgentTier,
    status: AgentStatus,
    count: i64,
}

/// Agents by all that tier and status depend on: a handful of groups, counted by the database.
async fn agent_groups(service: &Service) -> Result<Vec<Group>> {
    let flag = |condition: Expr| Expr::case(condition, 1).finally(0);
    let now = service.db.clock().now();
    let heard_of = Expr::case(heard_of_after(now - IDLE_AFTER), 1).finally(0);
    let rows: Vec<(AgentTier, AgentState, i32, i32, i64)> = agent::Entity::find()
        .select_only()
        .column(agent::Column::Tier)
        .column(agent::Column::State)
        .expr_as(flag(is_processing()), "processing")
        .expr_as(heard_of, "heard_of")
        .expr_as(agent::Column::Id.count(), "count")
        .group_by(Expr::cust("1, 2, 3, 4"))
        .into_tuple()
        .all(&service.db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(tier, state, processing, heard_of, count)| Group {
            tier,
            status: AgentStatus::derive(
                state,
                processing == 1,
                (heard_of == 1).then_some(now),
                now,
            ),
            count,
        })
        .collect())
}

fn tally<W: Copy + PartialEq>(
    words: &[W],
    counts: impl IntoIterator<Item = (W, i64)> + Clone,
) -> Vec<(W, u64)> {
    words
        .iter()
        .map(|word| {
            let sum: i64 = counts
                .clone()
                .into_iter()
                .filter(|(counted, _)| counted == word)
                .map(|(_, count)| count)
                .sum();
            (*word, u64::try_from(sum).unwrap_or_default())
        })
        .collect()
}
