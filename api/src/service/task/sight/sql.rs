//! The rule of sight as SQL (spec R1.09): the twin of [`crate::auth::sight::sees_task`]. Floor 3.
//!
//! An agent sees a task by one of a few arms, each of which an index serves. A list reads the newest of each arm, up to a page and no
//! further, whatever the agent sees in all; what asks for a few rows of its own checks those by the same arms; what must know all that an
//! agent sees gathers them.

use entities::agent::{self, AgentTier};
use entities::id::AgentId;
use entities::sprint;
use entities::task::{self, TaskPriority, TaskStatus, ancestor};
use sea_orm::sea_query::{
    CommonTableExpression, Expr, ExprTrait, IntoIden, Order, Query, SelectStatement, UnionType,
    WithClause,
};
use sea_orm::{ColumnTrait, Condition, DbBackend, JoinType};

use super::newest::{Newest, each_id};
use crate::auth::policy::Reach;

/// What of the tasks an agent sees; there is none for SYSTEM, which sees all.
pub(in crate::service) struct Sight {
    viewer: AgentId,
    tier: AgentTier,
    reach: Reach,
    backend: DbBackend,
}

/// Why a task is seen.
enum Arm {
    /// By a column that names somebody of the line.
    Column(task::Column),
    /// Somebody of the line created or holds an ancestor.
    Ancestor,
    /// Somebody of the line could claim it.
    Claimable,
    /// It is part of a sprint that the viewer leads.
    Led,
    /// By what it is.
    Every(Condition),
}

impl Sight {
    pub(in crate::service) fn of(
        viewer: &agent::Model,
        reach: Reach,
        backend: DbBackend,
    ) -> Option<Self> {
        (viewer.tier != AgentTier::System).then(|| Self {
            viewer: viewer.id.clone(),
            tier: viewer.tier,
            reach,
            backend,
        })
    }

    fn arms(&self) -> Vec<Arm> {
        let mut arms = vec![
            Arm::Column(task::Column::CreatorId),
            Arm::Column(task::Column::AssigneeId),
            Arm::Column(task::Column::ReviewerId),
            Arm::Ancestor,
            Arm::Claimable,
        ];
        match self.tier {
            AgentTier::L1 => {
                let waiting = task::Column::Status.eq(TaskStatus::ReviewRequested);
                let of_sprint = task::Column::SprintId.is_not_null();
                arms.push(Arm::Every(Condition::all().add(waiting)));
                arms.push(Arm::Every(Condition::all().add(of_sprint)));
            }
            AgentTier::L2 => arms.push(Arm::Led),
            AgentTier::L3 | AgentTier::System => {}
        }
        arms
    }

    /// The ids of all that the agent sees.
    pub(in crate::service) fn ids(&self) -> SelectStatement {
        let arms = self.arms().into_iter().map(|arm| match arm {
            Arm::Ancestor => Query::select()
                .column(ancestor::Column::TaskId)
                .from(ancestor::Entity)
                .and_where(ancestor::Column::AgentId.in_subquery(of("line", "id")))
                .to_owned(),
            arm => Query::select()
                .column((task::Entity, task::Column::Id))
                .from(task::Entity)
                .cond_where(self.holds(arm))
                .to_owned(),
        });
        let mut all = joined(arms, UnionType::Distinct);
        all.with_cte(self.terms());
        all
    }

    /// Leaves of a selection of tasks what the agent sees: each row is looked at by itself.
    pub(in crate::service) fn narrow(&self, tasks: &mut SelectStatement) {
        let by_any = self.arms().into_iter().map(|arm| self.holds(arm));
        let by_any = by_any.fold(Condition::any(), Condition::add);
        tasks.cond_where(by_any).with_cte(self.terms());
    }

    /// The ids of the newest that the agent sees and that are wanted.
    pub(in crate::service) fn newest(&self, page: &Newest) -> SelectStatement {
        let arms = self.arms().into_iter().map(|arm| self.newest_of(arm, page));
        let mut newest = Query::select()
            .expr(Expr::cust("seen.id"))
            .from_subquery(joined(arms, UnionType::All), "seen")
            // More than one arm may have it.
            .add_group_by([Expr::cust("seen.id"), Expr::cust("seen.created_at")])
            .order_by_expr(Expr::cust("seen.created_at"), Order::Desc)
            .order_by_expr(Expr::cust("seen.id"), Order::Desc)
            .limit(page.limit)
            .to_owned();
        newest.with_cte(self.terms());
        newest
    }

    /// Whether a row of `tasks` is seen by an arm.
    fn holds(&self, arm: Arm) -> Condition {
        let condition = Condition::all();
        match arm {
            Arm::Column(column) => condition.add(column.in_subquery(of("line", "id"))),
            Arm::Ancestor => condition.add(Expr::exists(
                Query::select()
                    .expr(Expr::val(1))
                    .from(ancestor::Entity)
                    .and_where(Expr::cust("task_ancestor_agents.task_id = tasks.id"))
                    .and_where(ancestor::Column::AgentId.in_subquery(of("line", "id")))
                    .to_owned(),
            )),
            Arm::Claimable => condition.add(self.could_be_claimed()),
            Arm::Led => condition.add(task::Column::SprintId.in_subquery(of("led", "id"))),
            Arm::Every(condition) => condition,
        }
    }

    fn newest_of(&self, arm: Arm, page: &Newest) -> SelectStatement {
        let each = match &arm {
            Arm::Column(_) | Arm::Ancestor => of("line", "id"),
            Arm::Led => of("led", "id"),
            Arm::Claimable => claimable_kinds(),
            Arm::Every(_) => Query::select().expr_as(Expr::val(1), "id").to_owned(),
        };
        let of_each = match arm {
            Arm::Column(column) => page.tasks(Expr::col((task::Entity, column)).eq(each_id())),
            Arm::Ancestor => page.below(),
            Arm::Led => page.tasks(Expr::col((task::Entity, task::Column::SprintId)).eq(each_id())),
            Arm::Claimable => page.tasks(
                Expr::cust("tasks.type_name = each_one.type_name")
                    .and(Expr::cust("tasks.priority = each_one.priority"))
                    .and(self.could_be_claimed()),
            ),
            Arm::Every(condition) => page.tasks(condition.into()),
        };
        self.each(each, of_each)
    }

    /// What a selection of ids and moments gives for each row of another, which it knows as `each_one`.
    fn each(&self, each: SelectStatement, of_each: SelectStatement) -> SelectStatement {
        let mut select = Query::select();
        select.from_subquery(each, "each_one");
        match self.backend {
            // Correlated subqueries of its lists are the only way there.
            DbBackend::Sqlite => {
                let ids = Query::select()
                    .expr(Expr::cust("newest.id"))
                    .from_subquery(of_each, "newest")
                    .to_owned();
                select
                    .column((task::Entity, task::Column::Id))
                    .column((task::Entity, task::Column::CreatedAt))
                    .join(JoinType::CrossJoin, task::Entity, Condition::all())
                    .and_where(task::Column::Id.in_subquery(ids));
            }
            _ => {
                let always = Expr::cust("TRUE");
                select
                    .expr(Expr::cust("newest.id"))
                    .expr(Expr::cust("newest.created_at"))
                    .join_lateral(JoinType::InnerJoin, of_each, "newest", always);
            }
        }
        select
    }

    /// What the arms speak of: `line`, the agent and its reports; `able`, of which tier and below whom somebody of them can execute which
    /// types; `led`, its sprints.
    fn terms(&self) -> WithClause {
        let mut terms = WithClause::new();
        terms.cte(term("line", ["id"], self.line()));
        terms.cte(term(
            "able",
            ["tier", "supervisor_id", "type_name", "type_version"],
            self.able(),
        ));
        if self.tier == AgentTier::L2 {
            let led = Query::select()
                .column(sprint::Column::Id)
                .from(sprint::Entity)
                .and_where(sprint::Column::LeadId.eq(self.viewer.clone()))
                .to_owned();
            terms.cte(term("led", ["id"], led));
        }
        terms
    }

    fn line(&self) -> SelectStatement {
        let agents = |condition: Expr| {
            Query::select()
                .column(agent::Column::Id)
                .from(agent::Entity)
                .and_where(condition)
                .to_owned()
        };
        let viewer = || self.viewer.clone();
        let reports = || agents(agent::Column::SupervisorId.eq(viewer()));
        let mut line = vec![agents(agent::Column::Id.eq(viewer()))];
        if self.tier >= AgentTier::L2 {
            line.push(reports());
        }
        if self.tier >= AgentTier::L1 {
            line.push(agents(agent::Column::SupervisorId.in_subquery(reports())));
        }
        joined(line, UnionType::All)
    }

    fn able(&self) -> SelectStatement {
        let executes = self.holds_permission("agents", "EXECUTE_TASK");
        let reviewed = self.holds_permission("agents", "REQUEST_L1_REVIEW");
        let find = self.find();
        let above = match self.reach {
            // Nobody asks.
            Reach::Fleet => "NULL",
            Reach::Line => "agents.supervisor_id",
        };
        Query::select()
            .distinct()
            .expr(Expr::cust("agents.tier"))
            .expr(Expr::cust(above))
            .expr(Expr::cust("kind.name"))
            .expr(Expr::cust("kind.version"))
            .from("line")
            .join(
                JoinType::InnerJoin,
                agent::Entity,
                Expr::cust("agents.id = line.id"),
            )
            .join_as(
                JoinType::InnerJoin,
                entities::task_type::Entity,
                "kind",
                Expr::cust(format!(
                    "{find}(agents.capabilities, '\"' || kind.name || '\"') > 0"
                )),
            )
            .and_where(Expr::cust("agents.state = 'OPERATIONAL'"))
            .and_where(Expr::cust(executes))
            .and_where(Expr::cust(format!(
                "(NOT kind.requires_review OR {reviewed})"
            )))
            .to_owned()
    }

    /// Whether somebody of the line could claim a row of `tasks`: the SQL twin of [`crate::auth::sight::could_claim`], but for what its own
    /// maker could claim, which is seen anyway.
    fn could_be_claimed(&self) -> Expr {
        let to_l3 = self.holds_permission("maker", "DELEGATE_TO_L3");
        let to_l2 = self.holds_permission("maker", "DELEGATE_TO_L2");
        let in_line = match self.reach {
            Reach::Fleet => "",
            Reach::Line => {
                " AND (maker.tier = 'SYSTEM' OR maker.id = able.supervisor_id \
                 OR maker.id = (SELECT above.supervisor_id FROM agents above WHERE above.id = able.supervisor_id))"
            }
        };
        Expr::cust(format!(
            "(tasks.claimable_at IS NOT NULL AND EXISTS (\
             SELECT 1 FROM able JOIN agents maker ON maker.id = tasks.creator_id \
             WHERE able.type_name = tasks.type_name AND able.type_version = tasks.type_version \
             AND ((able.tier = 'L3' AND maker.tier IN ('L2', 'L1', 'SYSTEM') AND {to_l3}) \
             OR (able.tier = 'L2' AND maker.tier IN ('L1', 'SYSTEM') AND {to_l2}) \
             OR (able.tier = 'L1' AND maker.tier = 'SYSTEM')){in_line}))"
        ))
    }

    fn holds_permission(&self, agent: &str, permission: &str) -> String {
        let find = self.find();
        format!("{find}({agent}.permissions, '\"{permission}\"') > 0")
    }

    fn find(&self) -> &'static str {
        match self.backend {
            DbBackend::Sqlite => "instr",
            _ => "strpos",
        }
    }
}

/// The types that somebody of the line can execute, by the priorities: the index of what may be claimed has its tasks by both.
fn claimable_kinds() -> SelectStatement {
    let priorities = TaskPriority::ALL.iter().map(|priority| {
        let rank = Expr::cust(priority.rank().to_string());
        Query::select().expr_as(rank, "priority").to_owned()
    });
    let kinds = of("able", "type_name").distinct().to_owned();
    Query::select()
        .expr(Expr::cust("kinds.type_name"))
        .expr(Expr::cust("ranks.priority"))
        .from_subquery(kinds, "kinds")
        .from_subquery(joined(priorities, UnionType::All), "ranks")
        .to_owned()
}

fn of(term: &'static str, column: &'static str) -> SelectStatement {
    Query::select().column(column).from(term).to_owned()
}

fn term<const N: usize>(
    name: &'static str,
    columns: [&'static str; N],
    query: SelectStatement,
) -> CommonTableExpression {
    CommonTableExpression::new()
        .table_name(name.into_iden())
        .columns(columns)
        // Read once, not anew for every row that asks.
        .materialized(true)
        .query(query)
        .to_owned()
}

fn joined(arms: impl IntoIterator<Item = SelectStatement>, by: UnionType) -> SelectStatement {
    let mut arms = arms.into_iter();
    let mut all = arms.next().unwrap_or_default();
    for arm in arms {
        all.union(by, arm);
    }
    all
}
