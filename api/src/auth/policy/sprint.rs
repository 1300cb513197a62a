//! Who may do what with sprints and their tasks (spec section 7). Floor 1.

use entities::agent::{self, AgentPermission, AgentTier};
use entities::sprint;

use super::refuse;
use crate::error::Result;

/// retryTask of a sprint's task: an L1 with MODIFY_PIPELINE, whoever made it (spec R7.03).
pub fn may_retry_in_sprint(agent: &agent::Model) -> Result<()> {
    if agent.tier >= AgentTier::L1 && agent.permissions.contains(AgentPermission::ModifyPipeline) {
        return Ok(());
    }
    refuse(
        "R7.03 retryTask",
        format!("tier L1 or higher with {}", AgentPermission::ModifyPipeline),
        format!("tier {} with {}", agent.tier, agent.permissions),
    )
}

/// attachEvidence: who leads the sprint, and every L1 (spec R7.02).
pub fn may_attach_evidence(agent: &agent::Model, sprint: &sprint::Model) -> Result<()> {
    if agent.tier >= AgentTier::L1 || agent.id == sprint.lead_id {
        return Ok(());
    }
    refuse(
        "R7.02 attachEvidence",
        format!("the lead {}, or tier L1 or higher", sprint.lead_id),
        format!("{} of tier {}", agent.id, agent.tier),
    )
}
