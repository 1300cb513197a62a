//! Who may do what: the one policy (design property 3). Floor 1.
//!
//! The static half is the table of operations below: each names what it requires, and guards, directives and the audited refusals all
//! read it here. The relational half, what an agent may do to *this* object, is the functions beneath. What may be *seen* is in
//! [`super::sight`].

use entities::agent::{self, AgentPermission, AgentState, AgentStatus, AgentTier};
use entities::id::AgentId;
use entities::task::{self, TaskStatus};

mod asset;
mod log;
mod session;
mod sprint;

pub use asset::{is_maker, may_make_asset, may_review_asset};
pub use log::{may_rotate_keys, may_still_export};
pub use session::{may_grant, may_manage_sessions_of};
pub use sprint::{may_attach_evidence, may_retry_in_sprint};

use super::actor::Caller;
use crate::error::{Denial, Error, Result};

/// What an operation requires before anything is known about its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Answers strangers too.
    Public,
    /// Any live session.
    Authenticated,
    /// A tier, or a higher one.
    Tier(AgentTier),
    /// A permission.
    Permission(AgentPermission),
}

/// Where an operation stands in the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A field of `Query`.
    Query,
    /// A field of `Mutation`.
    Mutation,
    /// A field of `Subscription`.
    Subscription,
    /// A guarded field of another type.
    Field,
}

macro_rules! operations {
    ($($(#[$meta:meta])* $variant:ident = $name:literal, $place:ident, $requirement:expr;)+) => {
        /// Everything that can be asked of the server: each root field and each guarded field of the served schema.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Operation {
            $($(#[$meta])* #[doc = concat!("`", $name, "`")] $variant,)+
        }

        impl Operation {
            /// Every operation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in the schema; a guarded field is named `Type.field`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// Where it stands.
            pub const fn place(self) -> Place {
                match self { $(Self::$variant => Place::$place),+ }
            }

            /// What it requires.
            pub const fn requirement(self) -> Requirement {
                use Requirement::{Authenticated, Permission, Public, Tier};
                match self { $(Self::$variant => $requirement),+ }
            }
        }
    };
}

operations! {
    Me = "me", Query, Authenticated;
    Server = "server", Query, Authenticated;
    Node = "node", Query, Authenticated;
    Nodes = "nodes", Query, Authenticated;
    Agent = "agent", Query, Authenticated;
    Agents = "agents", Query, Authenticated;
    Fleet = "fleet", Query, Tier(AgentTier::L1);
    Task = "task", Query, Authenticated;
    Tasks = "tasks", Query, Authenticated;
    ReviewQueue = "reviewQueue", Query, Tier(AgentTier::L1);
    TaskType = "taskType", Query, Authenticated;
    TaskTypes = "taskTypes", Query, Authenticated;
    Notifications = "notifications", Query, Authenticated;
    Asset = "asset", Query, Authenticated;
    Assets = "assets", Query, Authenticated;
    Sprint = "sprint", Query, Authenticated;
    Sprints = "sprints", Query, Authenticated;
    GateRuns = "gateRuns", Query, Tier(AgentTier::L1);
    AuditLog = "auditLog", Query, Permission(AgentPermission::AccessAuditLogs);
    AuditCheckpoint = "auditCheckpoint", Query, Permission(AgentPermission::AccessAuditLogs);
    AuditInclusionProof = "auditInclusionProof", Query, Permission(AgentPermission::AccessAuditLogs);
    AuditConsistencyProof = "auditConsistencyProof", Query, Permission(AgentPermission::AccessAuditLogs);
    TaskAggregate = "Task.aggregate", Field, Permission(AgentPermission::AggregateL3Results);

    Authenticate = "authenticate", Mutation, Public;
    RotateSession = "rotateSession", Mutation, Authenticated;
    RevokeSession = "revokeSession", Mutation, Authenticated;
    RevokeAgentSessions = "revokeAgentSessions", Mutation, Permission(AgentPermission::ManageAgents);
    IssueSession = "issueSession", Mutation, Permission(AgentPermission::ManageAgents);

    RegisterAgent = "registerAgent", Mutation, Permission(AgentPermission::ManageAgents);
    RegisterAgents = "registerAgents", Mutation, Permission(AgentPermission::ManageAgents);
    RotateAgentSecret = "rotateAgentSecret", Mutation, Permission(AgentPermission::ManageAgents);
    UpdateAgents = "updateAgents", Mutation, Permission(AgentPermission::ManageAgents);
    ActivateAgent = "activateAgent", Mutation, Permission(AgentPermission::ManageAgents);
    DeactivateAgent = "deactivateAgent", Mutation, Permission(AgentPermission::ManageAgents);
    UpdateAgentConfig = "updateAgentConfig", Mutation, Permission(AgentPermission::ManageAgents);
    SetAgentPermissions = "setAgentPermissions", Mutation, Permission(AgentPermission::ModifyPermissions);
    SetAgentError = "setAgentError", Mutation, Permission(AgentPermission::ManageAgents);
    ReportAgentError = "reportAgentError", Mutation, Permission(AgentPermission::ReportStatus);

    DefineTaskType = "defineTaskType", Mutation, Permission(AgentPermission::ModifyPipeline);
    CreateTask = "createTask", Mutation, Tier(AgentTier::L2);
    AssignTask = "assignTask", Mutation, Tier(AgentTier::L2);
    DelegateTask = "delegateTask", Mutation, Tier(AgentTier::L2);
    ExecuteTask = "executeTask", Mutation, Permission(AgentPermission::ExecuteTask);
    ClaimTask = "claimTask", Mutation, Permission(AgentPermission::ExecuteTask);
    StartTask = "startTask", Mutation, Permission(AgentPermission::ExecuteTask);
    HeartbeatTask = "heartbeatTask", Mutation, Permission(AgentPermission::ReportStatus);
    RequestReview = "requestReview", Mutation, Permission(AgentPermission::RequestL1Review);
    ApproveTask = "approveTask", Mutation, Permission(AgentPermission::ApproveAsset);
    RejectTask = "rejectTask", Mutation, Permission(AgentPermission::ApproveAsset);
    CompleteTask = "completeTask", Mutation, Authenticated;
    FailTask = "failTask", Mutation, Permission(AgentPermission::ExecuteTask);
    RetryTask = "retryTask", Mutation, Authenticated;
    CancelTask = "cancelTask", Mutation, Authenticated;
    AcknowledgeNotifications = "acknowledgeNotifications", Mutation, Authenticated;

    ErasePersonalData = "erasePersonalData", Mutation, Permission(AgentPermission::ManageAgents);
    ExportAuditLog = "exportAuditLog", Mutation, Permission(AgentPermission::AccessAuditLogs);
    RegisterAsset = "registerAsset", Mutation, Permission(AgentPermission::ExecuteTask);
    ReviewAsset = "reviewAsset", Mutation, Permission(AgentPermission::ApproveAsset);
    DeleteAsset = "deleteAsset", Mutation, Tier(AgentTier::L1);

    CreateSprint = "createSprint", Mutation, Permission(AgentPermission::CreateWorkflow);
    CreateWorkflow = "createWorkflow", Mutation, Permission(AgentPermission::CreateWorkflow);
    StartSprint = "startSprint", Mutation, Permission(AgentPermission::CreateWorkflow);
    ChangeWorkflow = "changeWorkflow", Mutation, Permission(AgentPermission::ModifyPipeline);
    AttachEvidence = "attachEvidence", Mutation, Tier(AgentTier::L2);
    AcceptFailedTask = "acceptFailedTask", Mutation, Permission(AgentPermission::ModifyPipeline);
    CancelSprint = "cancelSprint", Mutation, Permission(AgentPermission::ModifyPipeline);
    RecordGateRun = "recordGateRun", Mutation, Tier(AgentTier::System);

    TaskUpdates = "taskUpdates", Subscription, Authenticated;
    AgentUpdates = "agentUpdates", Subscription, Authenticated;
    NotificationReceived = "notificationReceived", Subscription, Authenticated;
    SprintUpdates = "sprintUpdates", Subscription, Authenticated;
    AuditStream = "auditStream", Subscription, Permission(AgentPermission::AccessAuditLogs);
}

fn refuse<T>(rule: &'static str, needed: impl Into<String>, had: impl Into<String>) -> Result<T> {
    Err(Error::Forbidden(Denial {
        rule,
        needed: needed.into(),
        had: had.into(),
    }))
}

/// The static half: whether the caller meets what the operation requires. UNAUTHENTICATED for strangers, FORBIDDEN for others.
pub fn allow(operation: Operation, caller: &Caller) -> Result<()> {
    let requirement = operation.requirement();
    let Some(tier) = caller.tier() else {
        return match requirement {
            Requirement::Public => Ok(()),
            _ => Err(Error::Unauthenticated),
        };
    };
    match requirement {
        Requirement::Public | Requirement::Authenticated => Ok(()),
        Requirement::Tier(needed) if tier >= needed => Ok(()),
        Requirement::Tier(needed) => refuse(
            operation.name(),
            format!("tier {needed} or higher"),
            format!("tier {tier}"),
        ),
        Requirement::Permission(needed) if caller.holds(needed) => Ok(()),
        Requirement::Permission(needed) => refuse(operation.name(), needed.as_str(), held(caller)),
    }
}

fn held(caller: &Caller) -> String {
    let permissions = caller
        .actor()
        .map(|actor| actor.agent.permissions)
        .unwrap_or_default();
    if permissions.is_empty() {
        "no permission".to_owned()
    } else {
        permissions.to_string()
    }
}

/// By which verb work is handed over (spec R3.04).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handing {
    /// assignTask, executeTask, retryTask, claimTask: `to` may be `from` itself.
    Give,
    /// delegateTask: never to oneself.
    Delegate,
}

/// How far down work may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// To any agent of a lower tier.
    #[default]
    Fleet,
    /// Only to agents in one's own line of reports; for SYSTEM that is the whole fleet.
    Line,
}

/// **Delegation goes down only** (spec R3.04): the one rule of assign, delegate, claim, retry and validation.
///
/// `line` is the supervisors of `to`, nearest first. FORBIDDEN where the rule refuses, CONFLICT with its status where `to` is not
/// operational. That `to` exists is for the caller to have found out (NOT_FOUND).
pub fn may_delegate(
    from: &agent::Model,
    to: &agent::Model,
    line: &[AgentId],
    handing: Handing,
    reach: Reach,
) -> Result<()> {
    const RULE: &str = "R3.04 may_delegate";
    if from.id == to.id {
        if handing == Handing::Delegate {
            return refuse(RULE, "an agent of a lower tier", "oneself");
        }
        return operational(to);
    }
    if to.tier >= from.tier {
        return refuse(
            RULE,
            format!("an agent of a lower tier than {}", from.tier),
            format!("{} of tier {}", to.id, to.tier),
        );
    }
    if let Some(needed) = delegation_permission(to.tier)
        && !from.permissions.contains(needed)
    {
        return refuse(RULE, needed.as_str(), from.permissions.to_string());
    }
    if reach == Reach::Line && from.tier != AgentTier::System && !line.contains(&from.id) {
        return refuse(
            RULE,
            format!("an agent in the line of {}", from.id),
            to.id.to_string(),
        );
    }
    operational(to)
}

/// The permission that handing work to a tier takes; SYSTEM needs none further for L1, and nobody hands to SYSTEM.
pub const fn delegation_permission(to: AgentTier) -> Option<AgentPermission> {
    match to {
        AgentTier::L3 => Some(AgentPermission::DelegateToL3),
        AgentTier::L2 => Some(AgentPermission::DelegateToL2),
        AgentTier::L1 | AgentTier::System => None,
    }
}

/// CONFLICT with its status unless the agent is operational (spec R1.05).
pub fn operational(agent: &agent::Model) -> Result<()> {
    let status = match agent.state {
        AgentState::Operational => return Ok(()),
        AgentState::Error => AgentStatus::Error,
        AgentState::Inactive => AgentStatus::Inactive,
    };
    Err(Error::not_operational(&agent.id, status))
}

/// Types that require review go only to holders of REQUEST_L1_REVIEW (spec R3.04).
pub fn may_hold(to: &agent::Model, requires_review: bool) -> Result<()> {
    if requires_review && !to.permissions.contains(AgentPermission::RequestL1Review) {
        return refuse(
            "R3.04 review",
            format!("an assignee with {}", AgentPermission::RequestL1Review),
            format!("{} with {}", to.id, to.permissions),
        );
    }
    Ok(())
}

fn creator_or_higher(agent: &agent::Model, creator: &agent::Model) -> bool {
    agent.id == creator.id || agent.tier > creator.tier
}

/// assignTask: the creator or a higher tier; after a rejection also the reviewer (spec R3.02).
pub fn may_assign(agent: &agent::Model, task: &task::Model, creator: &agent::Model) -> Result<()> {
    let reviewer =
        task.status == TaskStatus::Rejected && task.reviewer_id.as_ref() == Some(&agent.id);
    if reviewer || creator_or_higher(agent, creator) {
        return Ok(());
    }
    refuse(
        "R3.02 assignTask",
        format!("the creator {} or a higher tier", creator.id),
        format!("{} of tier {}", agent.id, agent.tier),
    )
}

/// retryTask: the creator or a higher tier (spec R3.02).
pub fn may_retry(agent: &agent::Model, creator: &agent::Model) -> Result<()> {
    if creator_or_higher(agent, creator) {
        return Ok(());
    }
    refuse(
        "R3.02 retryTask",
        format!("the creator {} or a higher tier", creator.id),
        format!("{} of tier {}", agent.id, agent.tier),
    )
}

/// cancelTask: the creator, a higher tier than the creator's, SYSTEM (spec R3.02).
pub fn may_cancel(agent: &agent::Model, creator: &agent::Model) -> Result<()> {
    if agent.tier == AgentTier::System || creator_or_higher(agent, creator) {
        return Ok(());
    }
    refuse(
        "R3.02 cancelTask",
        format!("the creator {}, a higher tier or SYSTEM", creator.id),
        format!("{} of tier {}", agent.id, agent.tier),
    )
}

/// startTask, requestReview, failTask, and completeTask of what is in progress: the assignee (spec R3.02).
pub fn is_assignee(agent: &agent::Model, task: &task::Model) -> Result<()> {
    if task.assignee_id.as_ref() == Some(&agent.id) {
        return Ok(());
    }
    let holder = task
        .assignee_id
        .as_ref()
        .map_or("nobody yet", AgentId::as_str);
    refuse(
        "R3.02 assignee",
        format!("the assignee, {holder}"),
        agent.id.to_string(),
    )
}

/// completeTask of what is approved: assignee or reviewer (spec R3.02).
pub fn may_complete_approved(agent: &agent::Model, task: &task::Model) -> Result<()> {
    if task.reviewer_id.as_ref() == Some(&agent.id) {
        return Ok(());
    }
    is_assignee(agent, task)
}

/// approveTask and rejectTask: L1 or SYSTEM, never the assignee, who made what is judged (spec R3.02).
pub fn may_review(agent: &agent::Model, task: &task::Model) -> Result<()> {
    const RULE: &str = "R3.02 review";
    if agent.tier < AgentTier::L1 {
        return refuse(RULE, "tier L1 or higher", format!("tier {}", agent.tier));
    }
    if task.assignee_id.as_ref() == Some(&agent.id) {
        return refuse(
            RULE,
            "somebody who did not make it",
            format!("{}, its assignee", agent.id),
        );
    }
    Ok(())
}

/// Task.aggregate: who created or holds the task (spec R3.12), and SYSTEM, which sees all.
pub fn may_aggregate(agent: &agent::Model, task: &task::Model) -> bool {
    agent.tier == AgentTier::System
        || agent.id == task.creator_id
        || task.assignee_id.as_ref() == Some(&agent.id)
}

#[cfg(test)]
mod tests;
