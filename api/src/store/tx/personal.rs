//! Erasing personal data (spec R5.08): the values go, their commitments stay, so that every hash and proof still holds. Floor 2.

use chrono::{DateTime, Utc};
use entities::audit::{AuditAction, entry, personal};
use entities::id::{AgentId, AuditId, TaskId};
use entities::{idempotency_key, session, task};
use sea_orm::sea_query::{CaseStatement, Expr, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use super::super::clock::first_uuid_at;
use super::super::entry::Entry;
use super::Tx;
use crate::error::Result;

/// How many tasks one statement changes: each may hold two large documents.
const TASKS: u64 = 50;

/// Of how many entries one unit erases.
const ENTRIES: u64 = 5_000;

/// What one unit has erased.
#[derive(Debug, Clone, Copy)]
pub struct Erased {
    /// How many values.
    pub count: u64,
    /// Where the next unit goes on; none when nothing is left.
    pub next: Option<i64>,
}

impl Tx {
    /// Erases what is personal of an agent, whatever its age: addresses and user agents in the entries of what it did, the addresses of its
    /// sessions, and the marked values of tasks that it made or holds and of the checks below them. Of each kind a bounded number: `after` is
    /// where the call before ended. PERSONAL_DATA_ERASED says how many values it were.
    pub async fn erase_personal_of(
        &mut self,
        agent: &AgentId,
        reason: &str,
        after: Option<i64>,
    ) -> Result<Erased> {
        let of_agent = entry::Column::ActorId.eq(agent.clone());
        let rest = Condition::all()
            .add(of_agent)
            .add(entry::Column::Ordinal.gt(after.unwrap_or(-1)));
        let up_to: Option<i64> = entry::Entity::find()
            .select_only()
            .column(entry::Column::Ordinal)
            .filter(rest.clone())
            .order_by_asc(entry::Column::Ordinal)
            .offset(ENTRIES - 1)
            .limit(1)
            .into_tuple()
            .one(&*self.connection)
            .await?;
        let entries = entry::Entity::find()
            .select_only()
            .column(entry::Column::Id)
            .filter(rest)
            .filter(entry::Column::Ordinal.lte(up_to.unwrap_or(i64::MAX)));
        let mut count = self.erase_of_entries(entries.into_query()).await?;
        count += session::Entity::update_many()
            .col_expr(session::Column::IpAddress, Expr::value(None::<String>))
            .filter(session::Column::AgentId.eq(agent.clone()))
            .filter(session::Column::IpAddress.is_not_null())
            .exec(&*self.connection)
            .await?
            .rows_affected;
        let (tasks, values) = self.erase_of_tasks(tasks_of(agent)).await?;
        count += values;
        let next = match up_to {
            Some(up_to) => Some(up_to),
            None => (tasks == TASKS).then_some(i64::MAX),
        };
        // An erasure that finds nothing is one, too.
        if count > 0 || after.is_none() {
            self.changed = true;
            let entry = Entry::new(AuditAction::PersonalDataErased)
                .about(agent)
                .with("reason", reason)
                .with("count", count);
            self.record(entry)?;
        }
        Ok(Erased { count, next })
    }

    /// Erases what is older than personal data are kept: of entries, and of tasks that have ended. PERSONAL_DATA_ERASED, if there was any.
    /// Returns how many values that were: a bounded number; the next call finds more, until one finds none.
    pub async fn erase_personal_before(&mut self, moment: DateTime<Utc>) -> Result<u64> {
        let first_kept = AuditId::new(first_uuid_at(moment));
        let entries = personal::Entity::find()
            .select_only()
            .column(personal::Column::EntryId)
            .filter(personal::Column::EntryId.lt(first_kept))
            .order_by_asc(personal::Column::EntryId)
            .limit(ENTRIES);
        let mut count = self.erase_of_entries(entries.into_query()).await?;
        let ended = Condition::all().add(task::Column::CompletedAt.lt(moment));
        count += self.erase_of_tasks(ended).await?.1;
        if count > 0 {
            self.changed = true;
            let entry = Entry::new(AuditAction::PersonalDataErased)
                .about(AgentId::control_center())
                .with("reason", "retention")
                .with("count", count);
            self.record(entry)?;
        }
        Ok(count)
    }

    async fn erase_of_entries(&mut self, entries: SelectStatement) -> Result<u64> {
        let erased = personal::Entity::delete_many()
            .filter(personal::Column::EntryId.in_subquery(entries))
            .exec(&*self.connection)
            .await?;
        Ok(erased.rows_affected)
    }

    /// Of the first tasks for which the condition holds: how many they were, and how many values. Keys under which they were made go with
    /// them: a key's hash covers the input as it was given.
    async fn erase_of_tasks(&mut self, of: Condition) -> Result<(u64, u64)> {
        let tasks = task::Entity::find()
            .filter(task::Column::Personal.is_not_null())
            .filter(of)
            .order_by_asc(task::Column::Id)
            .limit(TASKS)
            .lock_exclusive()
            .all(&*self.connection)
            .await?;
        if tasks.is_empty() {
            return Ok((0, 0));
        }
        let ids: Vec<TaskId> = tasks.iter().map(|task| task.id).collect();
        let (mut input, mut output) = (CaseStatement::new(), CaseStatement::new());
        let mut values = 0;
        for task in &tasks {
            let places = task.personal.as_ref();
            values += places.map_or(0, |places| places.input().len() + places.output().len());
            let erased = task.without_personal();
            let this = || task::Column::Id.eq(task.id);
            input = input.case(this(), Expr::val(erased.input));
            output = output.case(this(), Expr::val(erased.output));
        }
        task::Entity::update_many()
            .col_expr(task::Column::Input, input.into())
            .col_expr(task::Column::Output, output.into())
            .col_expr(task::Column::Personal, Expr::value(None::<String>))
            .filter(task::Column::Id.is_in(ids.iter().copied()))
            .exec(&*self.connection)
            .await?;
        idempotency_key::Entity::delete_many()
            .filter(idempotency_key::Column::TaskId.is_in(ids))
            .exec(&*self.connection)
            .await?;
        Ok((tasks.len() as u64, values as u64))
    }
}

/// What an agent made or holds, and the checks below that, which are told all of it.
fn tasks_of(agent: &AgentId) -> Condition {
    let own = Condition::any()
        .add(task::Column::CreatorId.eq(agent.clone()))
        .add(task::Column::AssigneeId.eq(agent.clone()));
    let parents = task::Entity::find()
        .select_only()
        .column(task::Column::Id)
        .filter(own.clone());
    let checks = Condition::all()
        .add(task::Column::CheckOfAttempt.is_not_null())
        .add(task::Column::ParentId.in_subquery(parents.into_query()));
    own.add(checks)
}
