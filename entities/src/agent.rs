//! Agents: tiers, permissions and their ceilings, statuses, the row (spec section 1). Floor 0.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::entity::prelude::*;

use crate::audit::AuditEntity;
use crate::audit::recorded::{Recorded, columns, time};
use crate::id::AgentId;
use crate::json::JsonText;
use crate::{closed_word, stored_as_json_text, stored_as_text};

mod permission;

pub use permission::{AgentPermission, PermissionSet};

closed_word! {
    /// The rank of an agent, lowest first. It never changes (spec R1.01).
    pub enum AgentTier {
        /// Micro-tasks.
        L3 = "L3",
        /// Specialists.
        L2 = "L2",
        /// Directors.
        L1 = "L1",
        /// The control center and its operators.
        System = "SYSTEM",
    }
}
stored_as_text!(AgentTier);

impl AgentTier {
    /// The tier of a supervisor: exactly one up; none for L1 and SYSTEM (spec R1.02).
    pub const fn supervisor(self) -> Option<Self> {
        match self {
            Self::L3 => Some(Self::L2),
            Self::L2 => Some(Self::L1),
            Self::L1 | Self::System => None,
        }
    }

    /// The most that an agent of this tier can hold, and the grant when none is named (spec R1.03).
    pub fn ceiling(self) -> PermissionSet {
        AgentPermission::ALL
            .iter()
            .copied()
            .filter(|permission| permission.lowest_tier() <= self)
            .collect()
    }
}

/// The names of the task types that an agent can execute: sorted, each once; stored as a JSON array.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Capabilities(Vec<String>);

impl Capabilities {
    /// The names, sorted.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Whether the agent can execute tasks of this type.
    pub fn contains(&self, task_type: &str) -> bool {
        self.0
            .binary_search_by(|name| name.as_str().cmp(task_type))
            .is_ok()
    }
}

impl FromIterator<String> for Capabilities {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        let mut names: Vec<_> = names.into_iter().collect();
        names.sort_unstable();
        names.dedup();
        Self(names)
    }
}

stored_as_json_text!(Capabilities);

closed_word! {
    /// An agent's status as reported (spec R1.05): the first three are derived and operational.
    pub enum AgentStatus {
        /// Heard of within five minutes.
        Active = "ACTIVE",
        /// Silent for five minutes.
        Idle = "IDLE",
        /// Holds a task that is IN_PROGRESS.
        Processing = "PROCESSING",
        /// Out of order, with a reason.
        Error = "ERROR",
        /// Deactivated.
        Inactive = "INACTIVE",
    }
}

closed_word! {
    /// What of an agent's status is stored; the rest is derived (spec R1.05).
    pub enum AgentState {
        /// It authenticates, receives work and keeps sessions.
        Operational = "OPERATIONAL",
        /// Set by an operator, by the agent itself or by the system, with a reason.
        Error = "ERROR",
        /// Deactivated.
        Inactive = "INACTIVE",
    }
}
stored_as_text!(AgentState);

/// How long an operational agent may be silent before it counts as IDLE (spec R1.05).
pub const IDLE_AFTER: TimeDelta = TimeDelta::minutes(5);

impl AgentStatus {
    /// The status as reported (spec R1.05).
    pub fn derive(
        state: AgentState,
        holds_task_in_progress: bool,
        last_active_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Self {
        match state {
            AgentState::Error => Self::Error,
            AgentState::Inactive => Self::Inactive,
            AgentState::Operational if holds_task_in_progress => Self::Processing,
            AgentState::Operational if last_active_at.is_some_and(|at| now - at < IDLE_AFTER) => {
                Self::Active
            }
            AgentState::Operational => Self::Idle,
        }
    }
}

/// One agent (spec R1.02).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "agents")]
pub struct Model {
    /// Its name plate, chosen at registration.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AgentId,
    /// What people call it.
    pub name: String,
    /// Its rank; never changes.
    pub tier: AgentTier,
    /// Exactly one tier up; none for L1 and SYSTEM.
    pub supervisor_id: Option<AgentId>,
    /// What it holds, within its tier's ceiling.
    pub permissions: PermissionSet,
    /// The task types that it can execute.
    pub capabilities: Capabilities,
    /// Anything its operators keep with it; a JSON object.
    pub config: JsonText,
    /// Whether it is operational.
    pub state: AgentState,
    /// Why it is not operational.
    pub status_reason: Option<String>,
    /// SHA-256 of its secret; none until one was made for it.
    pub secret_sha256: Option<Vec<u8>>,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it was last heard of; flushed in batches, unaudited (spec R5.01).
    pub last_active_at: Option<DateTime<Utc>>,
    /// How many leases it lost in a row (spec R1.05).
    pub leases_lost: i32,
}

impl ActiveModelBehavior for ActiveModel {}

/// Not recorded: the secret's hash (only that it was rotated), when the agent was last active, and the leases that it lost in a row (each is
/// the failure of a task, and recorded there).
impl Recorded for Model {
    const ENTITY: AuditEntity = AuditEntity::Agent;

    fn entity_id(&self) -> String {
        self.id.to_string()
    }

    fn recorded(&self) -> serde_json::Map<String, serde_json::Value> {
        use serde_json::json;
        columns([
            ("name", json!(self.name)),
            ("tier", json!(self.tier)),
            ("supervisorId", json!(self.supervisor_id)),
            ("permissions", json!(self.permissions)),
            ("capabilities", json!(self.capabilities)),
            ("configSha256", json!(self.config.sha256())),
            ("state", json!(self.state)),
            ("statusReason", json!(self.status_reason)),
            ("createdAt", time(self.created_at)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceilings_grow_with_the_tier_and_system_holds_everything() {
        let sizes: Vec<_> = AgentTier::ALL
            .iter()
            .map(|tier| tier.ceiling().iter().count())
            .collect();
        assert_eq!(sizes, [2, 5, 9, 12]);
        for pair in AgentTier::ALL.windows(2) {
            assert!(pair[1].ceiling().includes(pair[0].ceiling()));
        }
    }

    #[test]
    fn a_silent_agent_is_idle_after_five_minutes_to_the_microsecond() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let status = |at| AgentStatus::derive(AgentState::Operational, false, at, now);
        assert_eq!(status(None), AgentStatus::Idle);
        assert_eq!(status(Some(now - IDLE_AFTER)), AgentStatus::Idle);
        assert_eq!(
            status(Some(now - IDLE_AFTER + TimeDelta::microseconds(1))),
            AgentStatus::Active
        );
        assert_eq!(
            AgentStatus::derive(AgentState::Error, true, Some(now), now),
            AgentStatus::Error
        );
    }
}
