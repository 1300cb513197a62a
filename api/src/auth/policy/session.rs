//! Who may grant, issue and rotate, and whose sessions one may see and end. Floor 1.

use entities::agent::{AgentPermission, PermissionSet};
use entities::id::AgentId;

use super::refuse;
use crate::auth::actor::Caller;
use crate::error::Result;

/// Granting, issuing and rotating (spec R1.08): within what the caller holds, unless it holds MODIFY_PERMISSIONS.
pub fn may_grant(caller: &Caller, permissions: PermissionSet) -> Result<()> {
    let Some(actor) = caller.actor() else {
        return Ok(());
    };
    let held = actor.agent.permissions;
    if held.contains(AgentPermission::ModifyPermissions) || held.includes(permissions) {
        return Ok(());
    }
    refuse(
        "R1.08 grant",
        format!(
            "{} or {}",
            permissions.without(held),
            AgentPermission::ModifyPermissions
        ),
        held.to_string(),
    )
}

/// revokeSession, Agent.sessions: one's own, or anyone's with MANAGE_AGENTS (spec R2.04).
pub fn may_manage_sessions_of(caller: &Caller, agent_id: &AgentId) -> bool {
    caller.agent_id().as_ref() == Some(agent_id) || caller.holds(AgentPermission::ManageAgents)
}
