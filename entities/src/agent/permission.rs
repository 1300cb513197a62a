//! Permissions and sets of them (spec R1.03). Floor 0.

use super::AgentTier;
use crate::{closed_word, stored_as_json_text};

closed_word! {
    /// What an agent may hold the right to do (spec R1.03).
    pub enum AgentPermission {
        /// Start and do tasks.
        ExecuteTask = "EXECUTE_TASK",
        /// Send heartbeats and report its own error.
        ReportStatus = "REPORT_STATUS",
        /// Hand tasks to L3 agents.
        DelegateToL3 = "DELEGATE_TO_L3",
        /// Read the results of a task's children in one.
        AggregateL3Results = "AGGREGATE_L3_RESULTS",
        /// Ask an L1 for a review.
        RequestL1Review = "REQUEST_L1_REVIEW",
        /// Hand tasks to L2 agents.
        DelegateToL2 = "DELEGATE_TO_L2",
        /// Review tasks and assets.
        ApproveAsset = "APPROVE_ASSET",
        /// Define task types and change running sprints.
        ModifyPipeline = "MODIFY_PIPELINE",
        /// Create and start sprints.
        CreateWorkflow = "CREATE_WORKFLOW",
        /// Register, change, activate and deactivate agents; issue and revoke sessions.
        ManageAgents = "MANAGE_AGENTS",
        /// Change what agents may do.
        ModifyPermissions = "MODIFY_PERMISSIONS",
        /// Read the audit log.
        AccessAuditLogs = "ACCESS_AUDIT_LOGS",
    }
}

impl AgentPermission {
    /// The lowest tier whose ceiling holds this permission (the table of spec R1.03).
    pub const fn lowest_tier(self) -> AgentTier {
        match self {
            Self::ExecuteTask | Self::ReportStatus => AgentTier::L3,
            Self::DelegateToL3 | Self::AggregateL3Results | Self::RequestL1Review => AgentTier::L2,
            Self::DelegateToL2
            | Self::ApproveAsset
            | Self::ModifyPipeline
            | Self::CreateWorkflow => AgentTier::L1,
            Self::ManageAgents | Self::ModifyPermissions | Self::AccessAuditLogs => {
                AgentTier::System
            }
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of permissions; stored as a JSON array of their names in the order of the vocabulary.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PermissionSet(u16);

impl PermissionSet {
    /// Whether the set holds the permission.
    pub const fn contains(self, permission: AgentPermission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Whether every permission of `other` is in this set.
    pub const fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is in this set and not in the other.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its permissions, in the order of the vocabulary.
    pub fn iter(self) -> impl Iterator<Item = AgentPermission> {
        AgentPermission::ALL
            .iter()
            .copied()
            .filter(move |permission| self.contains(*permission))
    }
}

impl FromIterator<AgentPermission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = AgentPermission>>(permissions: I) -> Self {
        Self(
            permissions
                .into_iter()
                .fold(0, |bits, permission| bits | permission.bit()),
        )
    }
}

impl std::fmt::Display for PermissionSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.iter().map(AgentPermission::as_str).collect();
        f.write_str(&names.join(", "))
    }
}

impl std::fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{{{self}}}")
    }
}

impl serde::Serialize for PermissionSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> serde::Deserialize<'de> for PermissionSet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<AgentPermission>::deserialize(deserializer)
            .map(|permissions| permissions.into_iter().collect())
    }
}

stored_as_json_text!(PermissionSet);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_set_reads_back_as_written() {
        let set: PermissionSet = [AgentPermission::ApproveAsset, AgentPermission::ExecuteTask]
            .into_iter()
            .collect();
        let text = serde_json::to_string(&set).unwrap();
        assert_eq!(text, r#"["EXECUTE_TASK","APPROVE_ASSET"]"#);
        assert_eq!(serde_json::from_str::<PermissionSet>(&text).unwrap(), set);
    }
}
