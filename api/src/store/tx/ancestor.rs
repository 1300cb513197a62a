//! Who created or holds an ancestor of a task ([`ancestor`]), kept in step with the tasks. Floor 2.

use entities::id::TaskId;
use entities::task::{self, ancestor};
use sea_orm::sea_query::{
    Expr, ExprTrait, IntoTableRef, Query, SelectStatement, TableRef, UnionType,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
};

use super::Tx;
use crate::error::{Error, Result};

/// How many ids one statement names.
const CHUNK: usize = 500;

impl Tx {
    /// Notes who is above tasks that were inserted. Their parent stands still until the unit ends, so that nothing above them changes
    /// meanwhile that this unit has not seen.
    pub(super) async fn note_ancestors(&mut self, tasks: &[TaskId]) -> Result<()> {
        for chunk in tasks.chunks(CHUNK) {
            let mut insert = Query::insert();
            insert.into_table(ancestor::Entity).columns([
                ancestor::Column::TaskId,
                ancestor::Column::AgentId,
                ancestor::Column::CreatedAt,
            ]);
            insert
                .select_from(above(chunk))
                .map_err(|error| Error::internal(error.to_string()))?;
            self.connection.execute(&insert).await?;
        }
        Ok(())
    }

    /// Follows a change of who holds a task down to everything below it, level by level from the top as cancelling goes. Each level is
    /// locked before its children are looked for: whoever hangs a child below one of them locks it too, and comes before or after.
    pub(super) async fn follow_holder(
        &mut self,
        before: &task::Model,
        after: &task::Model,
    ) -> Result<()> {
        // Nothing hangs below what was never begun (spec R3.05).
        if before.assignee_id == after.assignee_id || before.attempt == 0 {
            return Ok(());
        }
        let mut level = self.lock_children(&[before.id]).await?;
        while !level.is_empty() {
            for chunk in level.chunks(CHUNK) {
                ancestor::Entity::delete_many()
                    .filter(ancestor::Column::TaskId.is_in(chunk.iter().copied()))
                    .exec(&*self.connection)
                    .await?;
            }
            self.note_ancestors(&level).await?;
            level = self.lock_children(&level).await?;
        }
        Ok(())
    }

    async fn lock_children(&self, parents: &[TaskId]) -> Result<Vec<TaskId>> {
        let mut children = Vec::new();
        for chunk in parents.chunks(CHUNK) {
            let found: Vec<TaskId> = task::Entity::find()
                .select_only()
                .column(task::Column::Id)
                .filter(task::Column::ParentId.is_in(chunk.iter().copied()))
                .order_by_asc(task::Column::Id)
                .lock_exclusive()
                .into_tuple()
                .all(&*self.connection)
                .await?;
            children.extend(found);
        }
        Ok(children)
    }
}

/// The rows of these tasks: whoever is above their parents, made those or holds them.
fn above(tasks: &[TaskId]) -> SelectStatement {
    let arm = |table: TableRef, key: &str, agent: &str| {
        Query::select()
            .expr(Expr::cust("child.id"))
            .expr(Expr::cust(format!("above.{agent}")))
            .expr(Expr::cust("child.created_at"))
            .from_as(task::Entity, "child")
            .join(
                JoinType::InnerJoin,
                table.alias("above"),
                Expr::cust(format!("above.{key} = child.parent_id")),
            )
            .and_where(Expr::col(("child", task::Column::Id)).is_in(tasks.iter().copied()))
            .and_where(Expr::cust(format!("above.{agent} <> child.creator_id")))
            .to_owned()
    };
    let parents = || task::Entity.into_table_ref();
    arm(ancestor::Entity.into_table_ref(), "task_id", "agent_id")
        .union(UnionType::Distinct, arm(parents(), "id", "creator_id"))
        .union(UnionType::Distinct, arm(parents(), "id", "assignee_id"))
        .to_owned()
}
