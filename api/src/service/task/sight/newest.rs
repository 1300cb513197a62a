//! The newest of one arm of sight, up to a page and no further. Floor 3.

use chrono::{DateTime, Utc};
use entities::id::TaskId;
use entities::task::{self, ancestor};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, JoinType};

use crate::service::page;

/// What a list asks of every arm.
pub(in crate::service) struct Newest {
    /// What of the tasks is wanted, but for their times.
    pub(in crate::service) wanted: Condition,
    /// Made at this moment or later.
    pub(in crate::service) from: Option<DateTime<Utc>>,
    /// Made before this moment.
    pub(in crate::service) to: Option<DateTime<Utc>>,
    /// Behind this place.
    pub(in crate::service) before: Option<(DateTime<Utc>, TaskId)>,
    /// So many at most.
    pub(in crate::service) limit: u64,
}

impl Newest {
    /// The newest tasks of a condition.
    pub(super) fn tasks(&self, by: Expr) -> SelectStatement {
        let mut tasks = Query::select();
        tasks
            .column((task::Entity, task::Column::Id))
            .column((task::Entity, task::Column::CreatedAt))
            .from(task::Entity)
            .and_where(by)
            .cond_where(self.wanted())
            .cond_where(self.rest(task::Column::CreatedAt, task::Column::Id))
            .order_by((task::Entity, task::Column::CreatedAt), Order::Desc)
            .order_by((task::Entity, task::Column::Id), Order::Desc)
            .limit(self.limit);
        tasks
    }

    /// The newest tasks of which the agent created or holds an ancestor. The tasks themselves are only looked at where something is asked of
    /// them.
    pub(super) fn below(&self) -> SelectStatement {
        let (task_id, created_at) = (ancestor::Column::TaskId, ancestor::Column::CreatedAt);
        let mut below = Query::select();
        below
            .expr_as(Expr::col((ancestor::Entity, task_id)), "id")
            .column((ancestor::Entity, created_at))
            .from(ancestor::Entity)
            .and_where(Expr::col((ancestor::Entity, ancestor::Column::AgentId)).eq(each_id()))
            .cond_where(self.rest(created_at, task_id))
            .order_by((ancestor::Entity, created_at), Order::Desc)
            .order_by((ancestor::Entity, task_id), Order::Desc)
            .limit(self.limit);
        if !self.wanted.is_empty() {
            let same = Expr::cust("tasks.id = task_ancestor_agents.task_id");
            below
                .join(JoinType::InnerJoin, task::Entity, same)
                .cond_where(self.wanted());
        }
        below
    }

    /// In words that no index serves: each arm is read by its own. (Planners do not know that what is PENDING has no holder, and would look
    /// for the tasks of each by their status.)
    fn wanted(&self) -> Condition {
        let all = Condition::all();
        if self.wanted.is_empty() {
            return all;
        }
        let is_wanted = Expr::case(self.wanted.clone(), Expr::cust("TRUE"));
        all.add(Expr::Case(Box::new(is_wanted.finally(Expr::cust("FALSE")))))
    }

    fn rest<C: ColumnTrait>(&self, created_at: C, id: C) -> Condition {
        let before = self
            .before
            .map(|(at, of)| page::before(created_at, at, id, of));
        Condition::all()
            .add_option(self.from.map(|at| created_at.gte(at)))
            .add_option(self.to.map(|at| created_at.lt(at)))
            .add_option(before)
    }
}

/// Whom or what each arm goes by, one after the other.
pub(super) fn each_id() -> Expr {
    Expr::cust("each_one.id")
}
