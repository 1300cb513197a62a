//! The line of reports in memory: what the pure rules of sight ask of agents. The store's feed keeps it current. Floor 1.

use std::collections::{BTreeSet, HashMap};

use entities::agent::{self, AgentPermission, AgentState, AgentTier, Capabilities, PermissionSet};
use entities::id::AgentId;

/// What the rules need to know of one agent.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its rank.
    pub tier: AgentTier,
    /// Its supervisor.
    pub supervisor_id: Option<AgentId>,
    /// What it holds.
    pub permissions: PermissionSet,
    /// What it can execute.
    pub capabilities: Capabilities,
    /// Whether it is operational.
    pub operational: bool,
}

impl From<&agent::Model> for Member {
    fn from(agent: &agent::Model) -> Self {
        Self {
            tier: agent.tier,
            supervisor_id: agent.supervisor_id.clone(),
            permissions: agent.permissions,
            capabilities: agent.capabilities.clone(),
            operational: agent.state == AgentState::Operational,
        }
    }
}

/// Every agent and who reports to whom.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    members: HashMap<AgentId, Member>,
    reports: HashMap<AgentId, BTreeSet<AgentId>>,
}

impl Fleet {
    /// Takes an agent in, or its changed row.
    pub fn put(&mut self, agent: &agent::Model) {
        let member = Member::from(agent);
        let before = self.members.insert(agent.id.clone(), member.clone());
        if let Some(old) = before.and_then(|before| before.supervisor_id)
            && let Some(reports) = self.reports.get_mut(&old)
        {
            reports.remove(&agent.id);
        }
        if let Some(supervisor) = member.supervisor_id {
            self.reports
                .entry(supervisor)
                .or_default()
                .insert(agent.id.clone());
        }
    }

    /// One agent.
    pub fn get(&self, id: &AgentId) -> Option<&Member> {
        self.members.get(id)
    }

    /// How many agents there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The supervisors of an agent, nearest first: at most two.
    pub fn supervisors(&self, id: &AgentId) -> impl Iterator<Item = &AgentId> {
        let above = |id: &AgentId| {
            self.members
                .get(id)
                .and_then(|member| member.supervisor_id.as_ref())
        };
        // Tiers bound the line: L3 has an L2 and an L1 above it, nobody has more.
        std::iter::successors(above(id), move |id| above(id)).take(2)
    }

    /// Whether `upper` stands above `lower` in the line of reports.
    pub fn is_above(&self, upper: &AgentId, lower: &AgentId) -> bool {
        self.supervisors(lower).any(|id| id == upper)
    }

    /// The direct reports of an agent.
    pub fn reports(&self, id: &AgentId) -> impl Iterator<Item = &AgentId> {
        self.reports.get(id).into_iter().flatten()
    }

    /// The whole line below an agent.
    pub fn line(&self, id: &AgentId) -> impl Iterator<Item = &AgentId> {
        self.reports(id)
            .flat_map(|report| std::iter::once(report).chain(self.reports(report)))
    }

    /// Whether the agent could be given new work of a type at all: operational, allowed to execute, and capable.
    pub fn can_execute(&self, id: &AgentId, task_type: &str, requires_review: bool) -> bool {
        self.get(id).is_some_and(|member| {
            member.operational
                && member.permissions.contains(AgentPermission::ExecuteTask)
                && (!requires_review
                    || member
                        .permissions
                        .contains(AgentPermission::RequestL1Review))
                && member.capabilities.contains(task_type)
        })
    }
}
