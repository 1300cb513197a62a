//! What follows for claiming and leases from changes that are recorded elsewhere in the unit. Floor 2.
//!
//! These columns are not recorded by themselves: who can claim a task follows from the rows and entries of tasks and agents, and each lost
//! lease is the failure of a task.

use chrono::{DateTime, Utc};
use entities::agent::{self, AgentState};
use entities::id::{AgentId, TaskId};
use entities::task::{self, TaskStatus};
use entities::task_type;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::super::transition::claimable_from;
use super::Tx;
use crate::error::Result;

/// How many ids one statement names.
const CHUNK: usize = 500;

impl Tx {
    /// Nobody may claim these any more: what is under a cancelled ancestor (spec R3.10).
    pub async fn withdraw_claims(&mut self, tasks: &[TaskId]) -> Result<()> {
        for chunk in tasks.chunks(CHUNK) {
            self.changed = true;
            task::Entity::update_many()
                .col_expr(
                    task::Column::ClaimableAt,
                    Expr::value(Option::<DateTime<Utc>>::None),
                )
                .filter(task::Column::Id.is_in(chunk.iter().copied()))
                .exec(&*self.connection)
                .await?;
        }
        Ok(())
    }

    /// What is ASSIGNED to agents that were stopped may be claimed at once (spec R1.06, R3.06).
    pub async fn release_assigned(&mut self, agents: &[AgentId]) -> Result<()> {
        for chunk in agents.chunks(CHUNK) {
            self.changed = true;
            task::Entity::update_many()
                .col_expr(task::Column::ClaimableAt, Expr::value(self.now))
                .filter(assigned())
                .filter(task::Column::AssigneeId.is_in(chunk.iter().cloned()))
                .exec(&*self.connection)
                .await?;
        }
        Ok(())
    }

    /// What is ASSIGNED to agents that are operational again is theirs to start, in its type's time counted from now.
    pub async fn keep_assigned(&mut self, agents: &[AgentId]) -> Result<()> {
        for chunk in agents.chunks(CHUNK) {
            self.changed = true;
            for (name, version) in self.types_assigned_to(chunk).await? {
                let terms = task_type::Entity::find_by_id((name.clone(), version))
                    .one(&*self.connection)
                    .await?;
                let from = terms
                    .and_then(|terms| claimable_from(AgentState::Operational, &terms, self.now));
                task::Entity::update_many()
                    .col_expr(task::Column::ClaimableAt, Expr::value(from))
                    .filter(assigned())
                    .filter(task::Column::AssigneeId.is_in(chunk.iter().cloned()))
                    .filter(task::Column::TypeName.eq(name))
                    .filter(task::Column::TypeVersion.eq(version))
                    .exec(&*self.connection)
                    .await?;
            }
        }
        Ok(())
    }

    async fn types_assigned_to(&self, agents: &[AgentId]) -> Result<Vec<(String, i32)>> {
        Ok(task::Entity::find()
            .select_only()
            .columns([task::Column::TypeName, task::Column::TypeVersion])
            .distinct()
            .filter(assigned())
            .filter(task::Column::AssigneeId.is_in(agents.iter().cloned()))
            .into_tuple()
            .all(&*self.connection)
            .await?)
    }

    /// Counts a lease that an agent lost (spec R1.05).
    pub async fn count_lost_lease(&mut self, agent: &AgentId) -> Result<()> {
        self.changed = true;
        agent::Entity::update_many()
            .col_expr(
                agent::Column::LeasesLost,
                Expr::col(agent::Column::LeasesLost).add(1),
            )
            .filter(agent::Column::Id.eq(agent.clone()))
            .exec(&*self.connection)
            .await?;
        Ok(())
    }

    /// The agent answered in time: the leases that it lost before are no longer in a row.
    pub async fn forget_lost_leases(&mut self, agent: &agent::Model) -> Result<()> {
        if agent.leases_lost == 0 {
            return Ok(());
        }
        self.changed = true;
        agent::Entity::update_many()
            .col_expr(agent::Column::LeasesLost, Expr::value(0))
            .filter(agent::Column::Id.eq(agent.id.clone()))
            .exec(&*self.connection)
            .await?;
        Ok(())
    }
}

/// The words stand in the statement itself, so that the partial index of open tasks serves it.
fn assigned() -> sea_orm::sea_query::SimpleExpr {
    Expr::cust("tasks.status IN ('ASSIGNED', 'IN_PROGRESS', 'REVIEW_REQUESTED')")
        .and(task::Column::Status.eq(TaskStatus::Assigned))
}
