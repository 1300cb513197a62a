//! Who may see what (spec R1.09), as pure functions over the fleet in memory. The lists of `service` say the same in SQL; a test holds
//! the two together. Floor 1.

mod asset;
mod sprint;

pub use asset::{AssetSight, sees_asset};
pub use sprint::sees_sprint;

use entities::agent::{AgentPermission, AgentTier};
use entities::id::AgentId;
use entities::task::{self, TaskStatus};

use super::actor::Caller;
use super::fleet::Fleet;
use super::policy::{self, Reach};
use crate::error::Denial;

/// What deciding about a task takes, gathered once for all who may ask.
#[derive(Debug, Clone)]
pub struct TaskSight {
    /// Who made it.
    pub creator_id: AgentId,
    /// Who holds it.
    pub assignee_id: Option<AgentId>,
    /// Who reviewed it.
    pub reviewer_id: Option<AgentId>,
    /// Who created or holds an ancestor of it.
    pub ancestor_agents: Vec<AgentId>,
    /// Where it stands.
    pub status: TaskStatus,
    /// Whether it may be claimed, now or once a time is over.
    pub claimable: bool,
    /// Its type.
    pub type_name: String,
    /// Whether its type requires review.
    pub requires_review: bool,
    /// Whether it is part of a sprint.
    pub in_sprint: bool,
    /// Who leads that sprint.
    pub sprint_lead: Option<AgentId>,
}

impl TaskSight {
    /// Gathers it from a row.
    pub fn of(task: &task::Model, requires_review: bool, ancestor_agents: Vec<AgentId>) -> Self {
        Self {
            creator_id: task.creator_id.clone(),
            assignee_id: task.assignee_id.clone(),
            reviewer_id: task.reviewer_id.clone(),
            ancestor_agents,
            status: task.status,
            claimable: task.claimable_at.is_some(),
            type_name: task.type_name.clone(),
            requires_review,
            in_sprint: task.sprint_id.is_some(),
            sprint_lead: None,
        }
    }

    /// With who leads its sprint.
    #[must_use]
    pub fn led_by(self, sprint_lead: Option<AgentId>) -> Self {
        Self {
            sprint_lead,
            ..self
        }
    }

    fn agents(&self) -> impl Iterator<Item = &AgentId> {
        std::iter::once(&self.creator_id)
            .chain(&self.assignee_id)
            .chain(&self.reviewer_id)
            .chain(&self.ancestor_agents)
    }
}

/// Whether `viewer` may see the task.
pub fn sees_task(
    fleet: &Fleet,
    reach: Reach,
    viewer: &AgentId,
    tier: AgentTier,
    task: &TaskSight,
) -> bool {
    if tier == AgentTier::System {
        return true;
    }
    if task.status == TaskStatus::ReviewRequested && tier == AgentTier::L1 {
        return true;
    }
    if task.in_sprint && (tier == AgentTier::L1 || task.sprint_lead.as_ref() == Some(viewer)) {
        return true;
    }
    if task
        .agents()
        .any(|id| id == viewer || fleet.is_above(viewer, id))
    {
        return true;
    }
    task.claimable
        && std::iter::once(viewer)
            .chain(fleet.line(viewer))
            .any(|id| could_claim(fleet, reach, id, task))
}

/// Whether an agent could claim a task that is claimable: capable of it, and one to whom its creator may give work (spec R3.06).
pub fn could_claim(fleet: &Fleet, reach: Reach, agent: &AgentId, task: &TaskSight) -> bool {
    if !fleet.can_execute(agent, &task.type_name, task.requires_review) {
        return false;
    }
    if *agent == task.creator_id {
        return true;
    }
    let (Some(to), Some(from)) = (fleet.get(agent), fleet.get(&task.creator_id)) else {
        return false;
    };
    to.tier < from.tier
        && policy::delegation_permission(to.tier)
            .is_none_or(|needed| from.permissions.contains(needed))
        && (reach == Reach::Fleet
            || from.tier == AgentTier::System
            || fleet.is_above(&task.creator_id, agent))
}

/// `config` and `permissions` of an agent: its own and its line's (spec R1.09).
pub fn sees_configuration(
    viewer: &AgentId,
    tier: AgentTier,
    of: &AgentId,
    supervisors: &[AgentId],
) -> bool {
    tier == AgentTier::System || viewer == of || supervisors.contains(viewer)
}

/// Addresses and request ids of audit entries (spec R1.09).
pub fn sees_origin(caller: &Caller) -> bool {
    caller.holds(AgentPermission::AccessAuditLogs)
}

/// What the audit log hears when something is hidden.
pub fn hidden_from(viewer: &AgentId) -> Denial {
    Denial {
        rule: "R1.09 seeing",
        needed: "to see it".to_owned(),
        had: format!("no relation of {viewer} to it"),
    }
}
