//! Changing one agent: each kind of change is an update of its own with an entry of its own (spec R5.02). Floor 3.

use entities::agent::{self, AgentState, Capabilities, PermissionSet};
use entities::audit::AuditAction;
use entities::id::AgentId;
use entities::json::JsonText;

use crate::auth::policy;
use crate::error::Result;
use crate::store::{Entry, Tx};

/// What is to change, checked; what is `None` stays.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) name: Option<String>,
    pub(super) supervisor_id: Option<AgentId>,
    pub(super) capabilities: Option<Capabilities>,
    pub(super) config: Option<JsonText>,
    pub(super) permissions: Option<PermissionSet>,
    pub(super) activation: Option<Activation>,
}

/// That an agent is to be operational again, and why if somebody said.
#[derive(Debug)]
pub(super) struct Activation {
    pub(super) reason: Option<String>,
}

impl Change {
    /// Makes the changes, one entry for each kind that changes anything; the row as it is where nothing does.
    pub(super) async fn apply(self, tx: &mut Tx, agent: agent::Model) -> Result<agent::Model> {
        let agent =
            apply_details(tx, agent, self.name, self.supervisor_id, self.capabilities).await?;
        let agent = match self.config {
            Some(config) => apply_config(tx, agent, config).await?,
            None => agent,
        };
        let agent = match self.permissions {
            Some(permissions) => apply_permissions(tx, agent, permissions).await?,
            None => agent,
        };
        match self.activation {
            Some(activation) => apply_activation(tx, agent, activation).await,
            None => Ok(agent),
        }
    }
}

async fn apply_details(
    tx: &mut Tx,
    before: agent::Model,
    name: Option<String>,
    supervisor_id: Option<AgentId>,
    capabilities: Option<Capabilities>,
) -> Result<agent::Model> {
    let mut after = before.clone();
    if let Some(name) = name {
        after.name = name;
    }
    if supervisor_id.is_some() {
        after.supervisor_id = supervisor_id;
    }
    if let Some(capabilities) = capabilities {
        after.capabilities = capabilities;
    }
    write(tx, before, after, Entry::new(AuditAction::AgentUpdated)).await
}

async fn apply_config(tx: &mut Tx, before: agent::Model, config: JsonText) -> Result<agent::Model> {
    let mut after = before.clone();
    after.config = config;
    write(
        tx,
        before,
        after,
        Entry::new(AuditAction::AgentConfigUpdated),
    )
    .await
}

async fn apply_permissions(
    tx: &mut Tx,
    before: agent::Model,
    permissions: PermissionSet,
) -> Result<agent::Model> {
    let added = permissions.without(before.permissions);
    let removed = before.permissions.without(permissions);
    policy::may_grant(tx.caller(), added)?;
    let mut after = before.clone();
    after.permissions = permissions;
    let entry = Entry::new(AuditAction::AgentPermissionChanged)
        .with("added", added)
        .with("removed", removed);
    write(tx, before, after, entry).await
}

async fn apply_activation(
    tx: &mut Tx,
    before: agent::Model,
    activation: Activation,
) -> Result<agent::Model> {
    let mut after = before.clone();
    if before.state == AgentState::Operational {
        return Ok(before);
    }
    after.state = AgentState::Operational;
    after.status_reason = None;
    after.leases_lost = 0;
    let entry = Entry::new(AuditAction::AgentActivated)
        .with("from", before.state)
        .with_some("reason", activation.reason);
    let after = write(tx, before, after, entry).await?;
    tx.keep_assigned(std::slice::from_ref(&after.id)).await?;
    Ok(after)
}

/// Writes the row where it changed.
async fn write(
    tx: &mut Tx,
    before: agent::Model,
    after: agent::Model,
    entry: Entry,
) -> Result<agent::Model> {
    if after == before {
        return Ok(before);
    }
    tx.update::<agent::Entity>(&before, after.clone(), entry)
        .await?;
    Ok(after)
}
