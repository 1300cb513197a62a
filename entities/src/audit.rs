//! The audit log: its words, what each action must say, its rows (spec section 5). The bytes that are hashed are in [`leaf`]. Floor 0.

use crate::{closed_word, stored_as_text};

pub mod archive;
pub mod checkpoint;
pub mod entry;
pub mod export;
pub mod leaf;
pub mod ledger;
pub mod personal;
pub mod queue;
pub mod recorded;
pub mod tree;
pub mod tree_hash;

closed_word! {
    /// What an audit entry is about.
    pub enum AuditEntity {
        /// An agent.
        Agent = "AGENT",
        /// A session.
        Session = "SESSION",
        /// A task.
        Task = "TASK",
        /// A task type.
        TaskType = "TASK_TYPE",
        /// An asset.
        Asset = "ASSET",
        /// A sprint.
        Workflow = "WORKFLOW",
        /// A gate run.
        Gate = "GATE",
        /// The audit log itself.
        Audit = "AUDIT",
        /// The server.
        System = "SYSTEM",
    }
}
stored_as_text!(AuditEntity);

/// Defines the actions once: the word, what it is about, and the keys that its metadata must carry (spec R5.03).
macro_rules! actions {
    ($($(#[$meta:meta])* $variant:ident = $text:literal, $entity:ident, [$($key:literal),*];)+) => {
        closed_word! {
            /// What happened.
            pub enum AuditAction {
                $($(#[$meta])* $variant = $text,)+
            }
        }

        impl AuditAction {
            /// What entries of this action are about.
            pub const fn entity(self) -> AuditEntity {
                match self { $(Self::$variant => AuditEntity::$entity),+ }
            }

            /// The keys that the metadata of such an entry must carry (spec R5.03).
            pub const fn required_metadata(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($key),*]),+ }
            }
        }
    };
}

actions! {
    /// createTask.
    TaskCreated = "TASK_CREATED", Task, ["path", "set"];
    /// assignTask.
    TaskAssigned = "TASK_ASSIGNED", Task, ["path", "set", "toAgentId"];
    /// delegateTask.
    TaskDelegated = "TASK_DELEGATED", Task, ["path", "set", "toAgentId", "taskType"];
    /// claimTask.
    TaskClaimed = "TASK_CLAIMED", Task, ["path", "set"];
    /// startTask and executeTask.
    TaskStarted = "TASK_STARTED", Task, ["path", "set"];
    /// requestReview.
    TaskReviewRequested = "TASK_REVIEW_REQUESTED", Task, ["path", "set"];
    /// approveTask.
    TaskApproved = "TASK_APPROVED", Task, ["path", "set"];
    /// rejectTask.
    TaskRejected = "TASK_REJECTED", Task, ["path", "set", "feedback"];
    /// completeTask.
    TaskCompleted = "TASK_COMPLETED", Task, ["path", "set"];
    /// failTask, and the system on a lost lease, a deadline or a stopped agent.
    TaskFailed = "TASK_FAILED", Task, ["path", "set", "error"];
    /// retryTask.
    TaskRetried = "TASK_RETRIED", Task, ["path", "set"];
    /// cancelTask, and the system past a deadline.
    TaskCancelled = "TASK_CANCELLED", Task, ["path", "set"];
    /// A heartbeat with a figure or a line.
    TaskProgressReported = "TASK_PROGRESS_REPORTED", Task, ["set"];
    /// A hand-in is held by its checks.
    TaskValidationStarted = "TASK_VALIDATION_STARTED", Task, ["set"];
    /// The checks have ended.
    TaskValidationFinished = "TASK_VALIDATION_FINISHED", Task, ["set"];
    /// An answer that came after its lease was lost.
    TaskAnswerRefused = "TASK_ANSWER_REFUSED", Task, ["attempt"];
    /// defineTaskType.
    TaskTypeDefined = "TASK_TYPE_DEFINED", TaskType, ["set"];
    /// registerAsset.
    AssetGenerated = "ASSET_GENERATED", Asset, ["set"];
    /// Its bytes were put.
    AssetUploaded = "ASSET_UPLOADED", Asset, ["set", "sha256", "byteSize"];
    /// A reviewer agreed.
    AssetApproved = "ASSET_APPROVED", Asset, ["set"];
    /// A reviewer disagreed.
    AssetRejected = "ASSET_REJECTED", Asset, ["set", "feedback"];
    /// Its bytes are gone.
    AssetDeleted = "ASSET_DELETED", Asset, ["set", "reason"];
    /// registerAgent.
    AgentRegistered = "AGENT_REGISTERED", Agent, ["set"];
    /// activateAgent.
    AgentActivated = "AGENT_ACTIVATED", Agent, ["set"];
    /// deactivateAgent.
    AgentDeactivated = "AGENT_DEACTIVATED", Agent, ["set", "reason"];
    /// setAgentError, reportAgentError, or three leases lost in a row.
    AgentErrored = "AGENT_ERRORED", Agent, ["set", "reason"];
    /// Permissions were changed.
    AgentPermissionChanged = "AGENT_PERMISSION_CHANGED", Agent, ["set", "added", "removed"];
    /// The configuration was changed.
    AgentConfigUpdated = "AGENT_CONFIG_UPDATED", Agent, ["set"];
    /// Name, supervisor or capabilities were changed.
    AgentUpdated = "AGENT_UPDATED", Agent, ["set"];
    /// A new secret was made.
    AgentSecretRotated = "AGENT_SECRET_ROTATED", Agent, ["set"];
    /// A session began.
    SessionCreated = "SESSION_CREATED", Session, ["set", "agentId"];
    /// A session took the place of another.
    SessionRotated = "SESSION_ROTATED", Session, ["set", "agentId"];
    /// A session was revoked.
    SessionRevoked = "SESSION_REVOKED", Session, ["set", "agentId"];
    /// A session that had expired was swept.
    SessionExpired = "SESSION_EXPIRED", Session, ["agentId"];
    /// createSprint and createWorkflow.
    WorkflowCreated = "WORKFLOW_CREATED", Workflow, ["set"];
    /// changeWorkflow.
    WorkflowChanged = "WORKFLOW_CHANGED", Workflow, ["set"];
    /// attachEvidence.
    WorkflowEvidenceAttached = "WORKFLOW_EVIDENCE_ATTACHED", Workflow, ["set"];
    /// acceptFailedTask.
    WorkflowTaskAccepted = "WORKFLOW_TASK_ACCEPTED", Workflow, ["taskId", "reason"];
    /// startSprint.
    WorkflowStarted = "WORKFLOW_STARTED", Workflow, ["set"];
    /// A phase or wave began or ended.
    WorkflowPhaseAdvanced = "WORKFLOW_PHASE_ADVANCED", Workflow, ["set"];
    /// Every phase is done.
    WorkflowCompleted = "WORKFLOW_COMPLETED", Workflow, ["set"];
    /// A task of it failed for good or was cancelled.
    WorkflowFailed = "WORKFLOW_FAILED", Workflow, ["set"];
    /// It runs again.
    WorkflowResumed = "WORKFLOW_RESUMED", Workflow, ["set"];
    /// cancelSprint.
    WorkflowCancelled = "WORKFLOW_CANCELLED", Workflow, ["set"];
    /// recordGateRun.
    GateRunRecorded = "GATE_RUN_RECORDED", Gate, ["set"];
    /// Another key signs.
    SigningKeyRotated = "SIGNING_KEY_ROTATED", System, ["kid", "purpose"];
    /// Somebody was refused.
    AccessDenied = "ACCESS_DENIED", System, ["rule", "needed", "had"];
    /// A secret or token was refused.
    AuthenticationFailed = "AUTHENTICATION_FAILED", System, ["reason"];
    /// An episode of too many requests began.
    RateLimitExceeded = "RATE_LIMIT_EXCEEDED", System, ["limit"];
    /// An INTERNAL answer, or a background duty that failed.
    SystemError = "SYSTEM_ERROR", System, ["duty"];
    /// An export was made.
    AuditExported = "AUDIT_EXPORTED", Audit, ["set"];
    /// Older entries moved to an archive.
    AuditArchived = "AUDIT_ARCHIVED", Audit, ["set"];
    /// An agent's personal data were erased.
    PersonalDataErased = "PERSONAL_DATA_ERASED", Agent, ["reason", "count"];
}
stored_as_text!(AuditAction);

/// The most that an entry's canonical bytes may measure (spec R5.03).
pub const MAX_ENTRY_BYTES: usize = 32 * 1024;
