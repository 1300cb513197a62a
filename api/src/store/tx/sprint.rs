//! Sprints in a unit of work: their rows by compare-and-set, their tasks many at a time. Floor 2.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entities::audit::AuditAction;
use entities::id::{AuditId, GateRunId, SprintId, TaskId};
use entities::sprint::{self, plan};
use entities::{gate_run, task};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::super::clock::uuid_at;
use super::super::ledger::insert_all;
use super::super::transition::Transition;
use super::{Audited, Recorded, Tx, changes, difference};
use crate::error::{Error, Result};
use crate::store::Entry;

impl Audited for gate_run::Entity {}

/// How many ids one statement names.
const CHUNK: usize = 500;

impl Tx {
    /// A new sprint id.
    pub fn sprint_id(&self) -> SprintId {
        SprintId::new(uuid_at(self.now))
    }

    /// A new gate run id.
    pub fn gate_run_id(&self) -> GateRunId {
        GateRunId::new(uuid_at(self.now))
    }

    /// So many new task ids, in their order.
    pub fn task_ids(&self, count: usize) -> Vec<TaskId> {
        let mut ids: Vec<TaskId> = (0..count).map(|_| self.task_id()).collect();
        ids.sort_unstable();
        ids
    }

    /// Locks a sprint's row against every other change until the unit ends. Whoever locks tasks of it too locks the sprint first.
    pub async fn lock_sprint(&mut self, id: SprintId) -> Result<Option<sprint::Model>> {
        Ok(sprint::Entity::find_by_id(id)
            .lock_exclusive()
            .one(&*self.connection)
            .await?)
    }

    /// Locks a sprint's row against change, but not against others that do the same.
    pub async fn share_sprint(&mut self, id: SprintId) -> Result<Option<sprint::Model>> {
        Ok(sprint::Entity::find_by_id(id)
            .lock_shared()
            .one(&*self.connection)
            .await?)
    }

    /// Inserts a sprint that has not begun, with its plan.
    pub async fn insert_sprint(&mut self, row: sprint::Model, plan: String) -> Result<()> {
        let sprint_id = row.id;
        let created = Entry::new(AuditAction::WorkflowCreated);
        self.insert_recorded::<sprint::Entity>(vec![(row, created)])
            .await?;
        self.put_plan(sprint_id, plan).await
    }

    /// Changes a sprint by compare-and-set with its entry. CONFLICT, retryable, where somebody else was first.
    pub async fn change_sprint(
        &mut self,
        before: &sprint::Model,
        mut after: sprint::Model,
        entry: Entry,
    ) -> Result<(sprint::Model, AuditId)> {
        self.changed = true;
        after.revision = before.revision + 1;
        let updated = sprint::Entity::update_many()
            .set(changes::<sprint::Entity>(before, &after))
            .filter(sprint::Column::Id.eq(before.id))
            .filter(sprint::Column::Revision.eq(before.revision))
            .exec(&*self.connection)
            .await?;
        if updated.rows_affected != 1 {
            return Err(changed_meanwhile("the sprint"));
        }
        let set = difference(&before.recorded(), &after.recorded());
        let entry = entry.about_row(&after).with("set", set);
        let id = self.write_entry(entry)?;
        Ok((after, id))
    }

    /// Keeps what is planned of a sprint in the place of what was: part of the change that says its hash.
    pub async fn put_plan(&mut self, sprint_id: SprintId, plan: String) -> Result<()> {
        self.drop_plan(sprint_id).await?;
        let row = plan::Model { sprint_id, plan };
        Ok(insert_all::<plan::Entity>(&*self.connection, vec![row]).await?)
    }

    /// Forgets what was planned of a sprint: its tasks were made, or never will be.
    pub async fn drop_plan(&mut self, sprint_id: SprintId) -> Result<()> {
        self.changed = true;
        plan::Entity::delete_by_id(sprint_id)
            .exec(&*self.connection)
            .await?;
        Ok(())
    }

    /// Inserts tasks that begin as they are: many in a statement, each with its entry.
    pub async fn insert_tasks(&mut self, created: Vec<Transition>) -> Result<()> {
        let children = created.iter().filter(|one| one.after.parent_id.is_some());
        let children: Vec<TaskId> = children.map(|one| one.after.id).collect();
        let rows = created
            .into_iter()
            .map(|one| (one.after, one.entry.with("path", one.path)));
        self.insert_recorded::<task::Entity>(rows.collect()).await?;
        self.note_ancestors(&children).await
    }

    /// Locks the tasks of a sprint against every other change until the unit ends, those of one wave or all of them.
    pub async fn lock_tasks_of(
        &mut self,
        sprint: SprintId,
        stage: Option<(i16, Option<i16>)>,
    ) -> Result<Vec<task::Model>> {
        let of_sprint = task::Entity::find().filter(task::Column::SprintId.eq(sprint));
        let narrowed = match stage {
            None => of_sprint,
            Some((phase, wave)) => of_sprint
                .filter(task::Column::Phase.eq(phase))
                .filter(wave.map_or(Expr::val(1).eq(1), |wave| task::Column::Wave.eq(wave))),
        };
        Ok(narrowed
            .order_by_asc(task::Column::Id)
            .lock_exclusive()
            .all(&*self.connection)
            .await?)
    }

    /// Applies transitions of tasks whose rows this unit has locked and read since: one statement for all that change in the same way.
    /// CONFLICT, retryable, where one of them was changed all the same.
    pub async fn apply_locked(&mut self, transitions: Vec<Transition>) -> Result<()> {
        let mut alike: HashMap<String, (task::ActiveModel, Vec<TaskId>)> = HashMap::new();
        for transition in &transitions {
            let mut set = changes::<task::Entity>(&transition.before, &transition.after);
            set.revision = ActiveValue::NotSet;
            let key = format!("{set:?} {:?}", transition.before.status);
            let group = alike.entry(key).or_insert_with(|| (set, Vec::new()));
            group.1.push(transition.before.id);
        }
        self.changed |= !transitions.is_empty();
        for (set, ids) in alike.into_values() {
            for chunk in ids.chunks(CHUNK) {
                let mut update = task::Entity::update_many();
                if set.is_changed() {
                    update = update.set(set.clone());
                }
                let updated = update
                    .col_expr(
                        task::Column::Revision,
                        Expr::col(task::Column::Revision).add(1),
                    )
                    .filter(task::Column::Id.is_in(chunk.iter().copied()))
                    .exec(&*self.connection)
                    .await?;
                if updated.rows_affected != chunk.len() as u64 {
                    return Err(changed_meanwhile("a task of the sprint"));
                }
            }
        }
        for transition in transitions {
            let (before, mut after) = (transition.before, transition.after);
            after.revision += 1;
            let mut set = difference(&before.recorded(), &after.recorded());
            set.remove("status");
            let entry = transition.entry.about_row(&after).with("set", set);
            let entry = match transition.path.len() {
                1 => entry,
                _ => entry.with("path", transition.path),
            };
            self.write_entry(entry)?;
            self.follow_holder(&before, &after).await?;
            self.tell(&before, &after)?;
        }
        Ok(())
    }

    /// These tasks may be claimed from this moment on: their wave has begun, as its sprint's entry says.
    pub async fn open_claims(&mut self, tasks: &[TaskId], from: DateTime<Utc>) -> Result<()> {
        for chunk in tasks.chunks(CHUNK) {
            self.changed = true;
            task::Entity::update_many()
                .col_expr(task::Column::ClaimableAt, Expr::value(Some(from)))
                .filter(task::Column::Id.is_in(chunk.iter().copied()))
                .exec(&*self.connection)
                .await?;
        }
        Ok(())
    }

    /// Marks a task as accepted although it failed or was cancelled: part of the change of its sprint that says so.
    pub async fn mark_accepted(&mut self, task: &task::Model) -> Result<()> {
        self.changed = true;
        let updated = task::Entity::update_many()
            .col_expr(task::Column::Accepted, Expr::value(true))
            .filter(task::Column::Id.eq(task.id))
            .filter(task::Column::Revision.eq(task.revision))
            .exec(&*self.connection)
            .await?;
        match updated.rows_affected {
            1 => Ok(()),
            _ => Err(changed_meanwhile("the task")),
        }
    }
}

fn changed_meanwhile(what: &str) -> Error {
    Error::conflict_with(
        format!("{what} was changed by somebody else at the same moment: read it again"),
        serde_json::json!({"retryable": true}),
    )
}
