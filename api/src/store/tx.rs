//! The unit of work: the one way to change anything (design property 1). Floor 2.
//!
//! Every method that changes a row takes the audit entry of the change; a unit that changed something and recorded nothing cannot commit.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entities::agent;
use entities::audit::recorded::{Recorded, difference};
use entities::audit::{AuditAction, archive, export};
use entities::id::{AgentId, AuditId, SessionId, TaskId};
use entities::{idempotency_key, installation, log_key, session, signing_key, task, task_type};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, Iterable, ModelTrait,
    PrimaryKeyToColumn, QueryFilter,
};

mod ancestor;
mod asset;
mod claim;
mod notify;
mod personal;
mod record;
mod sprint;

use super::clock::uuid_at;
use super::connection::Connection;
use super::entry::Entry;
use super::ledger::{Written, insert_all};
use super::read_only::read_only_connection;
use super::transition::{Transition, target};
use crate::auth::actor::{Actor, Caller};
use crate::error::{Error, Result};
pub(super) use notify::can_notify;

/// Rows whose changes are inserted and updated with an entry. Tasks are not among them: they change by [`Transition`] only.
pub trait Audited: EntityTrait {
    /// The row as an agent, if it is one: the fleet in memory learns of it when the unit has committed.
    fn as_agent(_: &Self::Model) -> Option<&agent::Model> {
        None
    }
}
impl Audited for agent::Entity {
    fn as_agent(row: &agent::Model) -> Option<&agent::Model> {
        Some(row)
    }
}
impl Audited for session::Entity {}
impl Audited for signing_key::Entity {}
impl Audited for log_key::Entity {}
impl Audited for export::Entity {}
impl Audited for archive::Entity {}

/// A unit of work. It reads through itself (it is a read-only connection) and writes by the methods below.
pub struct Tx {
    pub(super) connection: Arc<Connection>,
    pub(super) written: Vec<Written>,
    pub(super) agents: Vec<agent::Model>,
    /// What is written as notifications when the unit ends.
    told: Vec<notify::Told>,
    caller: Caller,
    now: DateTime<Utc>,
    changed: bool,
}

read_only_connection!(Tx, self => self.connection);

impl Tx {
    pub(super) fn new(connection: Arc<Connection>, caller: Caller, now: DateTime<Utc>) -> Self {
        Self {
            connection,
            written: Vec::new(),
            agents: Vec::new(),
            told: Vec::new(),
            caller,
            now,
            changed: false,
        }
    }

    /// The time of this unit: one moment for all that it does.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Who calls, by the rows read in this unit (spec R2.03).
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The calling agent. UNAUTHENTICATED where it is none.
    pub fn actor(&self) -> Result<&Actor> {
        self.caller.actor().ok_or(Error::Unauthenticated)
    }

    /// A new task id.
    pub fn task_id(&self) -> TaskId {
        TaskId::new(uuid_at(self.now))
    }

    /// A new session id.
    pub fn session_id(&self) -> SessionId {
        SessionId::new(uuid_at(self.now))
    }

    /// Records something that changes no row. Returns the entry's id.
    pub fn record(&mut self, entry: Entry) -> Result<AuditId> {
        self.write_entry(entry)
    }

    /// Inserts a row with its entry.
    pub async fn insert<E>(&mut self, row: E::Model, entry: Entry) -> Result<AuditId>
    where
        E: Audited,
        E::Model: Recorded + IntoActiveModel<E::ActiveModel>,
        E::ActiveModel: ActiveModelTrait<Entity = E>,
    {
        self.insert_all::<E>(vec![(row, entry)]).await?;
        self.last_entry()
    }

    /// Inserts many rows, each with its entry.
    pub async fn insert_all<E>(&mut self, rows: Vec<(E::Model, Entry)>) -> Result<()>
    where
        E: Audited,
        E::Model: Recorded + IntoActiveModel<E::ActiveModel>,
        E::ActiveModel: ActiveModelTrait<Entity = E>,
    {
        let agents = rows.iter().filter_map(|(row, _)| E::as_agent(row));
        self.agents.extend(agents.cloned());
        self.insert_recorded::<E>(rows).await
    }

    /// Inserts a task, which begins with the path of statuses that it went at once.
    pub async fn insert_task(&mut self, created: Transition) -> Result<task::Model> {
        let Transition {
            before,
            after,
            path,
            entry,
        } = created;
        let entry = entry.with("path", path);
        self.insert_recorded::<task::Entity>(vec![(after.clone(), entry)])
            .await?;
        if after.parent_id.is_some() {
            self.note_ancestors(&[after.id]).await?;
        }
        self.tell(&before, &after)?;
        Ok(after)
    }

    /// Inserts versions of task types, each with its entry.
    pub async fn insert_task_types(&mut self, rows: Vec<task_type::Model>) -> Result<()> {
        let defined = |row| (row, Entry::new(AuditAction::TaskTypeDefined));
        self.insert_recorded::<task_type::Entity>(rows.into_iter().map(defined).collect())
            .await
    }

    /// Inserts the row that says which installation this is; part of the first start, recorded by the entries of the first operator.
    pub async fn insert_installation(&mut self, row: installation::Model) -> Result<()> {
        self.changed = true;
        Ok(insert_all::<installation::Entity>(&*self.connection, vec![row]).await?)
    }

    async fn insert_recorded<E>(&mut self, rows: Vec<(E::Model, Entry)>) -> Result<()>
    where
        E: EntityTrait,
        E::Model: Recorded + IntoActiveModel<E::ActiveModel>,
        E::ActiveModel: ActiveModelTrait<Entity = E>,
    {
        self.changed = true;
        let mut models = Vec::with_capacity(rows.len());
        for (row, entry) in rows {
            let entry = entry.about_row(&row).with("set", row.recorded());
            self.write_entry(entry)?;
            models.push(row);
        }
        Ok(insert_all::<E>(&*self.connection, models).await?)
    }

    /// Updates the columns in which a row changed, with its entry. The caller holds the lock that keeps others from it.
    pub async fn update<E>(
        &mut self,
        before: &E::Model,
        after: E::Model,
        entry: Entry,
    ) -> Result<AuditId>
    where
        E: Audited,
        E::Model: Recorded + IntoActiveModel<E::ActiveModel>,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        self.changed = true;
        let set = difference(&before.recorded(), &after.recorded());
        let entry = entry.about_row(&after).with("set", set);
        let mut update = E::update_many().set(changes::<E>(before, &after));
        for key in E::PrimaryKey::iter() {
            let column = key.into_column();
            update = update.filter(column.eq(before.get(column)));
        }
        if update.exec(&*self.connection).await?.rows_affected != 1 {
            return Err(Error::conflict(
                "it was changed by somebody else at the same moment: read it again",
            ));
        }
        self.agents.extend(E::as_agent(&after).cloned());
        self.write_entry(entry)
    }

    /// Applies a transition by compare-and-set with its entry. CONFLICT or INVALID_TRANSITION where somebody else was first (spec R3.03).
    pub async fn apply(&mut self, transition: Transition) -> Result<(task::Model, AuditId)> {
        let Transition {
            before,
            mut after,
            path,
            entry,
        } = transition;
        self.changed = true;
        after.revision += 1;
        let mut set = changes::<task::Entity>(&before, &after);
        if before.waits_for_wave() {
            // Its wave may begin at this moment, which lets it be claimed without changing its revision: what follows from here stands.
            set.claimable_at = sea_orm::ActiveValue::Set(after.claimable_at);
        }
        let updated = task::Entity::update_many()
            .set(set)
            .filter(task::Column::Id.eq(before.id))
            .filter(task::Column::Revision.eq(before.revision))
            // Erasure changes no revision: what is recorded of the task is the same.
            .filter(match &before.personal {
                _ if before.personal == after.personal => Condition::all(),
                None => Condition::all().add(task::Column::Personal.is_null()),
                Some(personal) => Condition::all().add(task::Column::Personal.eq(personal.clone())),
            })
            .exec(&*self.connection)
            .await?;
        if updated.rows_affected != 1 {
            return Err(self.lost_race(&before, &path).await?);
        }
        let mut set = difference(&before.recorded(), &after.recorded());
        // The path says where it stands now.
        set.remove("status");
        let entry = entry.about_row(&after).with("set", set);
        // What does not move the task has no path.
        let entry = match path.len() {
            1 => entry,
            _ => entry.with("path", path),
        };
        let id = self.write_entry(entry)?;
        self.follow_holder(&before, &after).await?;
        self.tell(&before, &after)?;
        Ok((after, id))
    }

    async fn lost_race(&self, before: &task::Model, path: &[task::TaskStatus]) -> Result<Error> {
        let Some(now) = task::Entity::find_by_id(before.id)
            .one(&*self.connection)
            .await?
        else {
            return Ok(Error::not_found("task", before.id));
        };
        let wanted = path.get(1).copied().unwrap_or(now.status);
        let still_legal = path.len() == 1
            || task::TaskEvent::ALL
                .iter()
                .any(|event| target(*event) == wanted && now.status.after(*event).is_some());
        Ok(if still_legal {
            Error::conflict_with(
                format!(
                    "task {} was changed by somebody else at the same moment: read it again",
                    before.id
                ),
                serde_json::json!({"status": now.status}),
            )
        } else {
            Error::InvalidTransition {
                from: now.status,
                to: wanted,
                allowed: now.status.allowed(),
            }
        })
    }

    /// Removes a session that was swept, with its entry.
    pub async fn delete_session(
        &mut self,
        session: &session::Model,
        entry: Entry,
    ) -> Result<AuditId> {
        self.changed = true;
        session::Entity::delete_by_id(session.id)
            .exec(&*self.connection)
            .await?;
        self.write_entry(entry.about_row(session))
    }

    /// Keeps an idempotency key beside the task that it answers for; an expired one of the same name makes room (spec R3.09).
    pub async fn keep_idempotency_key(&mut self, key: idempotency_key::Model) -> Result<()> {
        self.changed = true;
        idempotency_key::Entity::delete_many()
            .filter(idempotency_key::Column::CreatorId.eq(key.creator_id.clone()))
            .filter(idempotency_key::Column::Key.eq(key.key.clone()))
            .filter(idempotency_key::Column::ExpiresAt.lte(self.now))
            .exec(&*self.connection)
            .await?;
        match insert_all::<idempotency_key::Entity>(&*self.connection, vec![key]).await {
            Ok(()) => Ok(()),
            Err(error)
                if matches!(
                    error.sql_err(),
                    Some(sea_orm::SqlErr::UniqueConstraintViolation(_))
                ) =>
            {
                Err(Error::conflict_with(
                    "another call with this idempotency key is under way: send it again",
                    serde_json::json!({"retryable": true}),
                ))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Locks the rows of tasks against change, in this order, but not against one another's readers; gives what stands there.
    pub async fn share_tasks(&mut self, ids: &[TaskId]) -> Result<Vec<task::Model>> {
        use sea_orm::QuerySelect;
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            let row = task::Entity::find_by_id(*id).lock_shared();
            rows.extend(row.one(&*self.connection).await?);
        }
        Ok(rows)
    }

    /// Locks a task's row against every other change until the unit ends: deciding about its children needs it to stand still.
    pub async fn lock_task(&mut self, id: TaskId) -> Result<Option<task::Model>> {
        use sea_orm::QuerySelect;
        Ok(task::Entity::find_by_id(id)
            .lock_exclusive()
            .one(&*self.connection)
            .await?)
    }

    /// Takes the lock that every writing unit of these agents holds shared (spec R2.03): whoever revokes or deactivates holds it alone.
    pub async fn lock_agents<'a>(
        &mut self,
        agents: impl IntoIterator<Item = &'a AgentId>,
    ) -> Result<()> {
        super::lock::lock_agents(&self.connection, [], agents).await
    }

    /// Keeps other starts of a type waiting until the unit ends: counting what runs of it needs that.
    pub async fn lock_type(&mut self, name: &str) -> Result<()> {
        super::lock::lock_type(&self.connection, name).await
    }

    fn last_entry(&self) -> Result<AuditId> {
        self.written
            .last()
            .map(|written| written.entry.id)
            .ok_or_else(|| Error::internal("no entry was written"))
    }

    /// Refuses a unit that changed something and recorded nothing.
    pub(super) fn check_recorded(&self) -> Result<()> {
        if self.changed && self.written.is_empty() {
            return Err(Error::internal(
                "a unit of work changed something and recorded no audit entry",
            ));
        }
        Ok(())
    }
}

/// The columns in which two states of a row differ.
fn changes<E>(before: &E::Model, after: &E::Model) -> E::ActiveModel
where
    E: EntityTrait,
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    let mut active = <E::ActiveModel as ActiveModelTrait>::default();
    for column in E::Column::iter() {
        let value = after.get(column);
        if before.get(column) != value {
            active.set(column, value);
        }
    }
    active
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx")
            .field("now", &self.now)
            .field("entries", &self.written.len())
            .finish_non_exhaustive()
    }
}
