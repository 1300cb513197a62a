//! Where ids can be named, and of what.

use entities::agent::AgentTier;

use self::Noun::{Asset, Notification, Session, Sprint, Task};

/// What an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::graphql) enum Noun {
    Task,
    Asset,
    Sprint,
    Session,
    Notification,
    GateRun,
    Entry,
}

impl Noun {
    pub(super) const ALL: [Self; 7] = [
        Self::Task,
        Self::Asset,
        Self::Sprint,
        Self::Session,
        Self::Notification,
        Self::GateRun,
        Self::Entry,
    ];

    /// Whether a stranger to it of this tier may not see it (spec R1.09).
    pub(super) fn is_hidden_from(self, tier: AgentTier) -> bool {
        match self {
            Self::Sprint | Self::GateRun => tier < AgentTier::L1,
            _ => true,
        }
    }
}

/// Arguments that name what everybody sees, or whose operation is for those alone who see everything.
pub(super) const NOTHING_TO_HIDE: &[(&str, &str)] = &[
    ("agentId", "every agent sees every agent's id"),
    ("toAgentId", "an agent"),
    ("leadId", "an agent"),
    ("supervisorId", "an agent"),
    ("assigneeId", "an agent"),
    ("creatorId", "an agent"),
    ("actorId", "an agent"),
    ("agent.id", "an agent"),
    ("registerAgent.id", "an agent"),
    ("registerAgents.id", "an agent"),
    ("updateAgents.id", "an agent"),
    ("installationId", "the server says it to everybody"),
    ("auditLog.sessionId", "ACCESS_AUDIT_LOGS reads all entries"),
    ("exportAuditLog.sessionId", "as auditLog"),
    ("auditStream.sessionId", "as auditLog"),
    (
        "auditInclusionProof.entryId",
        "ACCESS_AUDIT_LOGS reads all entries",
    ),
    ("recordGateRun.sprintId", "SYSTEM sees all"),
    // A stream gives what its reader sees, whatever its filter: live.rs.
    ("taskUpdates.parentId", "a filter of what is seen"),
    ("taskUpdates.sprintId", "a filter of what is seen"),
];

/// Where an id is named, of what, and the field's arguments and selection.
pub(super) const CASES: &[(&str, Noun, &str)] = &[
    ("task.id", Task, "(id: $id) { id }"),
    ("asset.id", Asset, "(id: $id) { id }"),
    ("sprint.id", Sprint, "(id: $id) { id }"),
    (
        "tasks.parentId",
        Task,
        "(filter: {parentId: $id}) { totalCount nodes { id } }",
    ),
    (
        "tasks.sprintId",
        Sprint,
        "(filter: {sprintId: $id}) { totalCount nodes { id } }",
    ),
    (
        "assets.taskId",
        Task,
        "(filter: {taskId: $id}) { totalCount nodes { id } }",
    ),
    (
        "revokeSession.sessionId",
        Session,
        "(sessionId: $id) { id }",
    ),
    (
        "createTask.parentId",
        Task,
        "(input: {type: \"DRAW\", input: {}, parentId: $id}) { id }",
    ),
    (
        "executeTask.parentId",
        Task,
        "(input: {type: \"DRAW\", input: {}, parentId: $id}) { id }",
    ),
    (
        "delegateTask.parentId",
        Task,
        "(input: {type: \"DRAW\", input: {}, toAgentId: \"L3-FAR-001\", parentId: $id}) { id }",
    ),
    (
        "assignTask.taskId",
        Task,
        "(taskId: $id, agentId: \"L3-FAR-001\") { id }",
    ),
    ("retryTask.taskId", Task, "(taskId: $id) { id }"),
    ("cancelTask.taskId", Task, "(taskId: $id) { id }"),
    ("startTask.taskId", Task, "(taskId: $id) { id }"),
    (
        "heartbeatTask.taskId",
        Task,
        "(taskId: $id, attempt: 1, progress: 5) { id }",
    ),
    (
        "requestReview.taskId",
        Task,
        "(taskId: $id, output: {}) { id }",
    ),
    ("approveTask.taskId", Task, "(taskId: $id) { id }"),
    (
        "rejectTask.taskId",
        Task,
        "(taskId: $id, feedback: \"no\") { id }",
    ),
    (
        "completeTask.taskId",
        Task,
        "(taskId: $id, attempt: 1, output: {}) { id }",
    ),
    (
        "failTask.taskId",
        Task,
        "(taskId: $id, error: \"no\") { id }",
    ),
    (
        "acceptFailedTask.taskId",
        Task,
        "(taskId: $id, reason: \"no\") { id }",
    ),
    ("acknowledgeNotifications.ids", Notification, "(ids: [$id])"),
    (
        "registerAsset.taskId",
        Task,
        "(input: {kind: IMAGE, mediaType: \"image/png\", taskId: $id}) { id }",
    ),
    (
        "reviewAsset.assetId",
        Asset,
        "(assetId: $id, approved: true) { id }",
    ),
    (
        "deleteAsset.assetId",
        Asset,
        "(assetId: $id, reason: \"no\") { id }",
    ),
    ("startSprint.sprintId", Sprint, "(sprintId: $id) { id }"),
    (
        "changeWorkflow.sprintId",
        Sprint,
        "(sprintId: $id, phase: 0, waves: []) { id }",
    ),
    (
        "attachEvidence.sprintId",
        Sprint,
        "(sprintId: $id, phase: 0, evidence: [\"https://studio.example/fox\"]) { id }",
    ),
    (
        "cancelSprint.sprintId",
        Sprint,
        "(sprintId: $id, reason: \"no\") { id }",
    ),
    ("taskUpdates.taskId", Task, "(taskId: $id) { action }"),
    (
        "sprintUpdates.sprintId",
        Sprint,
        "(sprintId: $id) { action }",
    ),
];

/// Texts in which ids can stand, though no type says so.
pub(super) const IN_TEXTS: &[(&str, Noun, &str)] = &[
    (
        "attachEvidence.evidence",
        Asset,
        "(sprintId: $own, phase: 0, evidence: [$id]) { id }",
    ),
    (
        "completeTask.output",
        Asset,
        "(taskId: $own, output: {picture: $id}) { id }",
    ),
    (
        "requestReview.output",
        Asset,
        "(taskId: $own, output: {picture: $id}) { id }",
    ),
];
