//! Stopping agents: deactivation and ERROR, alone or with the whole line of reports, the kill switch (spec R1.06). Floor 3.
//!
//! One unit of work, holding the locks of all whom it stops: their sessions are revoked, what they hold IN_PROGRESS fails with the
//! reason, and nothing of theirs commits afterwards. What was only ASSIGNED is for others to claim. Open subscriptions end because
//! their sessions do: the edge follows the log.

use std::collections::{HashMap, HashSet};

use entities::agent::{self, AgentState, AgentStatus};
use entities::audit::AuditAction;
use entities::id::{AgentId, AuditId};
use entities::task;
use sea_orm::sea_query::{ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::super::text::{self, MAX_REASON};
use super::{CHUNK, operator};
use crate::auth::actor::Caller;
use crate::auth::policy::Operation;
use crate::error::{Error, Result};
use crate::service::{Service, session, task as tasks};
use crate::store::{Entry, Tx};

/// How agents are stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// They become INACTIVE.
    Deactivate,
    /// They become ERROR. Who is INACTIVE stays so.
    Error,
}

impl Stop {
    const fn state(self) -> AgentState {
        match self {
            Self::Deactivate => AgentState::Inactive,
            Self::Error => AgentState::Error,
        }
    }

    const fn action(self) -> AuditAction {
        match self {
            Self::Deactivate => AuditAction::AgentDeactivated,
            Self::Error => AuditAction::AgentErrored,
        }
    }
}

/// deactivateAgent, with the whole line below it if asked.
///
/// # Errors
/// NOT_FOUND; BAD_USER_INPUT for the reason; CONFLICT for the last operator (spec R1.08).
#[tracing::instrument(name = "agent.deactivate", skip_all, fields(agent.id = id))]
pub async fn deactivate(
    service: &Service,
    caller: &Caller,
    id: &str,
    reason: &str,
    include_reports: bool,
) -> Result<agent::Model> {
    let id = super::parse_id(id)?;
    let order = Order {
        operation: Operation::DeactivateAgent,
        stop: Stop::Deactivate,
        reason,
        include_reports,
    };
    order.carry_out(service, caller, id).await
}

/// setAgentError, with the whole line below it if asked. CONFLICT where the agent is INACTIVE: that says more than ERROR.
///
/// # Errors
/// As [`deactivate`].
#[tracing::instrument(name = "agent.set_error", skip_all, fields(agent.id = id))]
pub async fn set_error(
    service: &Service,
    caller: &Caller,
    id: &str,
    reason: &str,
    include_reports: bool,
) -> Result<agent::Model> {
    let id = super::parse_id(id)?;
    let order = Order {
        operation: Operation::SetAgentError,
        stop: Stop::Error,
        reason,
        include_reports,
    };
    order.carry_out(service, caller, id).await
}

/// reportAgentError: of the caller itself, which so ends its own sessions.
///
/// # Errors
/// BAD_USER_INPUT for the reason; CONFLICT for the last operator (spec R1.08).
#[tracing::instrument(name = "agent.report_error", skip_all)]
pub async fn report_error(
    service: &Service,
    caller: &Caller,
    reason: &str,
) -> Result<agent::Model> {
    let order = Order {
        operation: Operation::ReportAgentError,
        stop: Stop::Error,
        reason,
        include_reports: false,
    };
    // Strangers have no id; whatever stands here, the policy refuses them first. So it is with the control center, which has no row to change.
    let id = caller.agent_id().unwrap_or_else(AgentId::control_center);
    order.carry_out(service, caller, id).await
}

/// What was asked for.
struct Order<'a> {
    operation: Operation,
    stop: Stop,
    reason: &'a str,
    include_reports: bool,
}

impl Order<'_> {
    async fn carry_out(
        &self,
        service: &Service,
        caller: &Caller,
        id: AgentId,
    ) -> Result<agent::Model> {
        service.allow(caller, self.operation)?;
        text::check("reason", self.reason, MAX_REASON)?;
        let expected = self.line(&service.db, &id).await?;
        let locked = operator::locks_for(expected.into_iter().chain([id.clone()]));
        let stopped = service
            .perform_alone(caller, self.operation, &locked, async |tx: &mut Tx| {
                let target = super::row_to_change(tx, &id).await?;
                if self.stop == Stop::Error && target.state == AgentState::Inactive {
                    return Err(Error::not_operational(&id, AgentStatus::Inactive));
                }
                let mut agents = vec![(target, self.reason.to_owned())];
                let line = self.line(tx, &id).await?;
                // Who came into the line since it was read.
                let known: HashSet<&AgentId> = locked.iter().collect();
                tx.lock_agents(line.iter().filter(|one| !known.contains(one)))
                    .await?;
                let mut line: Vec<agent::Model> =
                    super::rows(tx, &line).await?.into_values().collect();
                line.retain(|agent| super::is_operational(agent) || self.stop == Stop::Deactivate);
                line.sort_unstable_by(|a, b| a.id.cmp(&b.id));
                agents.extend(
                    line.into_iter()
                        .map(|agent| (agent, self.reason.to_owned())),
                );
                stop_all(service, tx, agents, self.stop).await
            })
            .await?;
        stopped
            .into_iter()
            .next()
            .ok_or_else(|| Error::not_found("agent", &id))
    }

    async fn line(&self, connection: &impl ConnectionTrait, id: &AgentId) -> Result<Vec<AgentId>> {
        if !self.include_reports {
            return Ok(Vec::new());
        }
        let direct = Query::select()
            .column(agent::Column::Id)
            .from(agent::Entity)
            .and_where(agent::Column::SupervisorId.eq(id.clone()))
            .to_owned();
        let all = agent::Entity::find()
            .select_only()
            .column(agent::Column::Id)
            .filter(
                agent::Column::SupervisorId
                    .eq(id.clone())
                    .or(agent::Column::SupervisorId.in_subquery(direct)),
            )
            .into_tuple::<AgentId>()
            .all(connection)
            .await?;
        Ok(all)
    }
}

/// Stops agents, each for its reason, and gives their rows in the same order; who is stopped so already is left as it is. The unit holds
/// their locks alone, and the control center's where an operator is among them.
pub async fn stop_all(
    service: &Service,
    tx: &mut Tx,
    agents: Vec<(agent::Model, String)>,
    stop: Stop,
) -> Result<Vec<agent::Model>> {
    let mut causes = HashMap::new();
    let mut stopped = Vec::with_capacity(agents.len());
    for (before, reason) in agents {
        let mut after = before.clone();
        after.state = stop.state();
        after.status_reason = Some(reason.clone());
        let left_alone = match stop {
            Stop::Deactivate => before.state == AgentState::Inactive,
            Stop::Error => before == after,
        };
        if left_alone {
            stopped.push(before);
            continue;
        }
        let entry = Entry::new(stop.action())
            .with("from", before.state)
            .with("reason", &reason);
        let cause = tx
            .update::<agent::Entity>(&before, after.clone(), entry)
            .await?;
        causes.insert(after.id.clone(), (cause, reason));
        stopped.push(after);
    }
    let ids: Vec<AgentId> = causes.keys().cloned().collect();
    session::revoke_all_of(tx, &ids, |agent| causes.get(agent).map(|(cause, _)| *cause)).await?;
    fail_tasks(service, tx, &ids, &causes).await?;
    tx.release_assigned(&ids).await?;
    if ids.iter().any(operator::is_system) {
        operator::must_remain(tx).await?;
    }
    Ok(stopped)
}

/// Fails what these agents hold IN_PROGRESS. It counts as a failure of the attempt, as every failure does that no rule excepts. Hand-ins that
/// were held are over with it; checks may be claimed by others at once (spec R1.06, R3.15).
async fn fail_tasks(
    service: &Service,
    tx: &mut Tx,
    agents: &[AgentId],
    causes: &HashMap<AgentId, (AuditId, String)>,
) -> Result<()> {
    for chunk in agents.chunks(CHUNK) {
        tasks::lock_checked_by(tx, chunk).await?;
        // Locked in one order: who cancels one of them at this moment comes before or after, never between reading and failing it.
        let tasks = task::Entity::find()
            .filter(super::in_progress())
            .filter(task::Column::AssigneeId.is_in(chunk.iter().cloned()))
            .order_by_asc(task::Column::Id)
            .lock_exclusive()
            .all(tx)
            .await?;
        for task in tasks {
            if let Some((cause, reason)) = task.assignee_id.as_ref().and_then(|id| causes.get(id)) {
                tasks::fail_with_holder(service, tx, task, reason, *cause).await?;
            }
        }
    }
    Ok(())
}
