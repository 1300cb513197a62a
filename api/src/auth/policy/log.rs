//! Who may do what with the log and the keys that sign. Floor 1.

use entities::agent::{self, AgentPermission, AgentState, AgentTier};

use super::refuse;
use crate::auth::actor::Caller;
use crate::error::Result;

/// Whether the link of an export is still good: whoever asked for it has to be allowed to read the log when it is used (spec R5.07).
pub fn may_still_export(creator: Option<&agent::Model>) -> Result<()> {
    let allowed = creator.is_some_and(|agent| {
        agent.state == AgentState::Operational
            && agent.permissions.contains(AgentPermission::AccessAuditLogs)
    });
    if allowed {
        return Ok(());
    }
    refuse(
        "R5.07 may_still_export",
        "ACCESS_AUDIT_LOGS, when the link is used",
        "a link from before",
    )
}

/// Rotating signing keys: the control center and operators (spec R2.05).
pub fn may_rotate_keys(caller: &Caller) -> Result<()> {
    if caller.tier() == Some(AgentTier::System) {
        return Ok(());
    }
    let had = caller
        .tier()
        .map_or("no session".to_owned(), |tier| format!("tier {tier}"));
    refuse("R2.05 rotate keys", "tier SYSTEM", had)
}
