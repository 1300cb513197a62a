//! Who is told of what (spec R6.04): one rule over a task's change, asked wherever a task is inserted or moved. Floor 2.
//!
//! The rule says of whom it speaks as far as the change itself knows. Who that is, is looked up once when the unit ends, in at most one
//! query for each kind of question, and all that the unit tells is inserted at once, in its transaction: nobody is told of what did not
//! happen, and nothing happens without those hearing of it whom it concerns.

use std::collections::{HashMap, HashSet};

use entities::agent::{self, AgentTier};
use entities::audit::AuditAction;
use entities::id::{AgentId, AssetId, AuditId, NotificationId, TaskId};
use entities::notification::{self, NotificationKind};
use entities::task;
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};

use super::super::clock::uuid_at;
use super::super::ledger::insert_all;
use super::Tx;
use crate::error::{Error, Result};

mod message;
mod rule;

pub(in crate::store) use rule::can_notify;
use rule::{Change, Standing, To, reviewers, told};

/// Something that is told when the unit ends.
pub(in crate::store) struct Told {
    kind: NotificationKind,
    to: To,
    task_id: Option<TaskId>,
    asset_id: Option<AssetId>,
    message: String,
    entry_id: AuditId,
}

/// How many ids a query names at once.
const CHUNK: usize = 1_000;

impl Tx {
    /// Asks the rule of a change whose entry was written last.
    pub(super) fn tell(&mut self, before: &task::Model, after: &task::Model) -> Result<()> {
        let Some(written) = self.written.last() else {
            return Err(Error::internal("a change without an entry tells nobody"));
        };
        let change = Change {
            action: written.entry.action,
            actor: written.entry.actor_id.as_ref(),
            before,
            after,
        };
        for (kind, to) in told(&change) {
            self.told.push(Told {
                kind,
                to,
                task_id: Some(after.id),
                asset_id: None,
                message: message::of_task(kind, &change),
                entry_id: written.entry.id,
            });
        }
        Ok(())
    }

    /// Tells the maker of an asset that it was reviewed (spec R4.03), by the entry ASSET_APPROVED or ASSET_REJECTED that was written of it.
    pub fn tell_maker(
        &mut self,
        entry: AuditId,
        maker: &AgentId,
        asset: AssetId,
        task: Option<TaskId>,
        feedback: Option<&str>,
    ) -> Result<()> {
        let written = self.written.iter().rev().find(|one| one.entry.id == entry);
        let Some(written) = written.filter(|one| can_notify(one.entry.action)) else {
            return Err(Error::internal("no entry of a review tells of it"));
        };
        let approved = written.entry.action == AuditAction::AssetApproved;
        let actor = written.entry.actor_id.as_ref();
        self.told.push(Told {
            kind: NotificationKind::AssetReviewed,
            to: To::Agent(maker.clone()),
            task_id: task,
            asset_id: Some(asset),
            message: message::of_asset(actor, asset, approved, feedback),
            entry_id: entry,
        });
        Ok(())
    }

    /// Writes all that the unit has to tell: one statement, and none where it has nothing to tell.
    pub(in crate::store) async fn write_notifications(&mut self) -> Result<()> {
        let told = std::mem::take(&mut self.told);
        if told.is_empty() {
            return Ok(());
        }
        let holders = self.holders(&told).await?;
        let agents = self.directors(&told).await?;
        let nobody = AgentId::control_center();
        let mut known = HashSet::new();
        let mut rows = Vec::with_capacity(told.len());
        for one in &told {
            let to = match &one.to {
                To::Agent(agent) => vec![agent],
                To::HolderOf(task) => holders.get(task).into_iter().collect(),
                To::ReviewersFor(agent) => reviewers(agent, &agents),
            };
            for agent in to {
                if *agent == nobody || !known.insert((one.entry_id, one.kind, agent.clone())) {
                    continue;
                }
                rows.push(notification::Model {
                    id: NotificationId::new(uuid_at(self.now)),
                    agent_id: agent.clone(),
                    kind: one.kind,
                    task_id: one.task_id,
                    asset_id: one.asset_id,
                    message: one.message.clone(),
                    entry_id: one.entry_id,
                    created_at: self.now,
                    acknowledged_at: None,
                });
            }
        }
        Ok(insert_all::<notification::Entity>(&*self.connection, rows).await?)
    }

    /// Who holds the tasks whose holders are told.
    async fn holders(&self, told: &[Told]) -> Result<HashMap<TaskId, AgentId>> {
        let tasks: HashSet<TaskId> = told
            .iter()
            .filter_map(|one| match one.to {
                To::HolderOf(task) => Some(task),
                _ => None,
            })
            .collect();
        let tasks: Vec<TaskId> = tasks.into_iter().collect();
        let mut holders = HashMap::new();
        for chunk in tasks.chunks(CHUNK) {
            let found = task::Entity::find()
                .select_only()
                .columns([task::Column::Id, task::Column::AssigneeId])
                .filter(task::Column::Id.is_in(chunk.iter().copied()))
                .filter(task::Column::AssigneeId.is_not_null())
                .into_tuple::<(TaskId, AgentId)>()
                .all(&*self.connection)
                .await?;
            holders.extend(found);
        }
        Ok(holders)
    }

    /// Every L1, and the lines of those whose work is to be reviewed.
    async fn directors(&self, told: &[Told]) -> Result<Vec<Standing>> {
        use agent::Column;
        let makers: HashSet<&AgentId> = told
            .iter()
            .filter_map(|one| match &one.to {
                To::ReviewersFor(agent) => Some(agent),
                _ => None,
            })
            .collect();
        if makers.is_empty() {
            return Ok(Vec::new());
        }
        let themselves = Column::Id.is_in(makers.into_iter().cloned());
        let above = Query::select()
            .column(Column::SupervisorId)
            .from(agent::Entity)
            .and_where(themselves.clone())
            .to_owned();
        let wanted = Condition::any()
            .add(Column::Tier.eq(AgentTier::L1))
            .add(themselves)
            .add(Column::Id.in_subquery(above));
        let found = agent::Entity::find()
            .select_only()
            .columns([
                Column::Id,
                Column::Tier,
                Column::SupervisorId,
                Column::State,
                Column::Permissions,
            ])
            .filter(wanted)
            .into_tuple()
            .all(&*self.connection)
            .await?;
        let standing = |(id, tier, supervisor_id, state, permissions)| Standing {
            id,
            tier,
            supervisor_id,
            state,
            permissions,
        };
        Ok(found.into_iter().map(standing).collect())
    }
}

#[cfg(test)]
mod tests;
