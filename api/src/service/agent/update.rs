//! Changing agents: many at once, or one in one respect (spec R1.07). Floor 3.

use std::collections::HashMap;

use entities::agent::{self, AgentPermission, AgentTier};
use entities::id::AgentId;
use serde_json::Value;

use super::super::text::{self, MAX_REASON};
use super::change::{Activation, Change};
use super::check::{self, Faults, Line};
use super::stop::{Stop, stop_all};
use super::{Update, operator};
use crate::auth::actor::Caller;
use crate::auth::policy::{self, Operation};
use crate::error::{Fault, Result};
use crate::service::Service;
use crate::store::Tx;

/// One line of a bulk update, parsed.
struct Draft {
    /// Its place in the call.
    index: usize,
    /// None where it is malformed, which is a fault.
    id: Option<AgentId>,
    /// Checked when the agent's tier is known.
    permissions: Option<Vec<AgentPermission>>,
    change: Change,
    /// Why to deactivate it, if it is to be.
    deactivation: Option<String>,
}

/// updateAgents: all or nothing. One entry for each agent and kind of change that changes anything.
///
/// # Errors
/// BAD_USER_INPUT with every fault of every line, unknown agents among them; FORBIDDEN for permissions without MODIFY_PERMISSIONS and for
/// the control center; CONFLICT for the last operator (spec R1.08); LIMIT_EXCEEDED for too many lines.
#[tracing::instrument(name = "agent.update", skip_all, fields(count = lines.len()))]
pub async fn update(
    service: &Service,
    caller: &Caller,
    lines: Vec<Update>,
) -> Result<Vec<agent::Model>> {
    service.allow(caller, Operation::UpdateAgents)?;
    check::bulk(lines.len(), service.settings.max_bulk)?;
    let mut faults = Faults::default();
    let drafts: Vec<Draft> = lines
        .into_iter()
        .enumerate()
        .map(|(index, line)| {
            let mut checked = Line {
                index: Some(index),
                faults: &mut faults,
            };
            Draft::of(
                line,
                index,
                &mut checked,
                service.settings.max_document_bytes,
            )
        })
        .collect();
    for (place, first) in check::repetitions(drafts.iter().map(|draft| draft.id.as_ref())) {
        let message = format!("is that of line {} too", first + 1);
        faults.add(Some(place), Fault::of("id", "unique", message));
    }
    let locks = operator::locks_for(drafts.iter().filter_map(|draft| draft.id.clone()));
    let operation = Operation::UpdateAgents;
    service
        .perform_alone(caller, operation, &locks, async |tx: &mut Tx| {
            update_in_unit(service, tx, drafts, faults).await
        })
        .await
}

impl Draft {
    fn of(line: Update, index: usize, checked: &mut Line<'_>, max_config: usize) -> Self {
        let (activation, deactivation) = match (line.active, line.reason) {
            (Some(true), reason) => (Some(Activation { reason }), None),
            (Some(false), Some(reason)) => (None, Some(reason)),
            (Some(false), None) => {
                checked.fault("reason", "required", "is needed to deactivate an agent");
                (None, None)
            }
            (None, Some(_)) => {
                checked.fault("reason", "dependentRequired", "goes with active only");
                (None, None)
            }
            (None, None) => (None, None),
        };
        let reason = activation
            .as_ref()
            .and_then(|activation| activation.reason.as_deref())
            .or(deactivation.as_deref());
        if let Some(fault) = reason.and_then(|reason| text::fault("reason", reason, MAX_REASON)) {
            checked.faults.add(checked.index, fault);
        }
        Self {
            index,
            id: checked.id("id", &line.id),
            permissions: line.permissions,
            change: Change {
                name: line.name.map(|name| checked.name(name)),
                supervisor_id: line
                    .supervisor_id
                    .and_then(|id| checked.id("supervisorId", &id)),
                capabilities: line.capabilities.map(|names| checked.capabilities(names)),
                config: line
                    .config
                    .map(|config| checked.config(&config, max_config)),
                permissions: None,
                activation,
            },
            deactivation,
        }
    }

    /// What only the agent's row and its supervisor's tier can say.
    fn check_against(
        &mut self,
        known: &HashMap<AgentId, agent::Model>,
        supervisors: &HashMap<AgentId, AgentTier>,
        faults: &mut Faults,
    ) {
        let mut line = Line {
            index: Some(self.index),
            faults,
        };
        let Some(id) = &self.id else { return };
        let Some(agent) = known.get(id) else {
            line.fault("id", "exists", format!("there is no agent {id}"));
            return;
        };
        if let Some(supervisor) = &self.change.supervisor_id {
            let tier = supervisors.get(supervisor).copied();
            line.supervisor(agent.tier, supervisor, tier);
        }
        self.change.permissions = self
            .permissions
            .take()
            .map(|permissions| line.permissions(permissions, agent.tier));
    }
}

async fn update_in_unit(
    service: &Service,
    tx: &mut Tx,
    mut drafts: Vec<Draft>,
    mut faults: Faults,
) -> Result<Vec<agent::Model>> {
    if drafts.iter().any(|draft| draft.permissions.is_some()) {
        policy::allow(Operation::SetAgentPermissions, tx.caller())?;
    }
    let ids: Vec<AgentId> = drafts.iter().filter_map(|draft| draft.id.clone()).collect();
    for id in &ids {
        super::refuse_control_center(id)?;
    }
    let mut known = super::rows(tx, &ids).await?;
    let supervisors: Vec<AgentId> = drafts
        .iter()
        .filter_map(|draft| draft.change.supervisor_id.clone())
        .collect();
    let supervisors = super::tiers(tx, &supervisors).await?;
    for draft in &mut drafts {
        draft.check_against(&known, &supervisors, &mut faults);
    }
    faults.check()?;

    let mut permissions_changed = false;
    let mut stopping = Vec::new();
    for draft in drafts {
        let Some(agent) = draft.id.and_then(|id| known.remove(&id)) else {
            continue;
        };
        permissions_changed |= draft.change.permissions.is_some();
        let changed = draft.change.apply(tx, agent).await?;
        match draft.deactivation {
            Some(reason) => stopping.push((changed, reason)),
            None => {
                known.insert(changed.id.clone(), changed);
            }
        }
    }
    for stopped in stop_all(service, tx, stopping, Stop::Deactivate).await? {
        known.insert(stopped.id.clone(), stopped);
    }
    if permissions_changed && ids.iter().any(operator::is_system) {
        operator::must_remain(tx).await?;
    }
    Ok(ids.iter().filter_map(|id| known.remove(id)).collect())
}

/// updateAgentConfig. AGENT_CONFIG_UPDATED where it changed anything.
///
/// # Errors
/// NOT_FOUND; BAD_USER_INPUT for anything but an object within the limit.
#[tracing::instrument(name = "agent.update_config", skip_all, fields(agent.id = id))]
pub async fn update_config(
    service: &Service,
    caller: &Caller,
    id: &str,
    config: Value,
) -> Result<agent::Model> {
    service.allow(caller, Operation::UpdateAgentConfig)?;
    let mut faults = Faults::default();
    let config = Line {
        index: None,
        faults: &mut faults,
    }
    .config(&config, service.settings.max_document_bytes);
    faults.check()?;
    let change = Change {
        config: Some(config),
        ..Change::default()
    };
    change_one(
        service,
        caller,
        id,
        Operation::UpdateAgentConfig,
        async |_: &agent::Model| Ok(change),
    )
    .await
}

/// setAgentPermissions. AGENT_PERMISSION_CHANGED where it changed anything.
///
/// # Errors
/// NOT_FOUND; BAD_USER_INPUT beyond the ceiling of its tier (spec R1.03); CONFLICT for the last operator (spec R1.08).
#[tracing::instrument(name = "agent.set_permissions", skip_all, fields(agent.id = id))]
pub async fn set_permissions(
    service: &Service,
    caller: &Caller,
    id: &str,
    permissions: Vec<AgentPermission>,
) -> Result<agent::Model> {
    let operation = Operation::SetAgentPermissions;
    change_one(
        service,
        caller,
        id,
        operation,
        async |agent: &agent::Model| {
            let mut faults = Faults::default();
            let permissions = Line {
                index: None,
                faults: &mut faults,
            }
            .permissions(permissions, agent.tier);
            faults.check()?;
            Ok(Change {
                permissions: Some(permissions),
                ..Change::default()
            })
        },
    )
    .await
}

/// activateAgent: back from INACTIVE or ERROR. AGENT_ACTIVATED where it was not operational.
///
/// # Errors
/// NOT_FOUND.
#[tracing::instrument(name = "agent.activate", skip_all, fields(agent.id = id))]
pub async fn activate(service: &Service, caller: &Caller, id: &str) -> Result<agent::Model> {
    let change = Change {
        activation: Some(Activation { reason: None }),
        ..Change::default()
    };
    change_one(
        service,
        caller,
        id,
        Operation::ActivateAgent,
        async |_: &agent::Model| Ok(change),
    )
    .await
}

async fn change_one(
    service: &Service,
    caller: &Caller,
    id: &str,
    operation: Operation,
    change: impl AsyncFnOnce(&agent::Model) -> Result<Change>,
) -> Result<agent::Model> {
    let id = super::parse_id(id)?;
    let locks = operator::locks_for([id.clone()]);
    service
        .perform_alone(caller, operation, &locks, async |tx: &mut Tx| {
            let agent = super::row_to_change(tx, &id).await?;
            let change = change(&agent).await?;
            let changed = change.apply(tx, agent).await?;
            if operator::is_system(&id) {
                operator::must_remain(tx).await?;
            }
            Ok(changed)
        })
        .await
}
