//! The rule of notifications: who is told of what (spec R6.04). Pure. Floor 2.

use entities::agent::{AgentPermission, AgentState, AgentTier, PermissionSet};
use entities::audit::AuditAction;
use entities::id::{AgentId, TaskId};
use entities::notification::NotificationKind;
use entities::task::{self, LEASE_EXPIRED, TaskStatus};

/// To whom a notification goes, as far as the change itself knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum To {
    Agent(AgentId),
    /// Whoever holds this task.
    HolderOf(TaskId),
    /// Whoever is asked to review what this agent handed in.
    ReviewersFor(AgentId),
}

/// A change of a task as the rule sees it.
pub(super) struct Change<'a> {
    pub(super) action: AuditAction,
    pub(super) actor: Option<&'a AgentId>,
    pub(super) before: &'a task::Model,
    pub(super) after: &'a task::Model,
}

/// Whether an entry of this action can tell anybody of anything.
pub(in crate::store) const fn can_notify(action: AuditAction) -> bool {
    use AuditAction as Of;
    matches!(
        action,
        Of::TaskAssigned
            | Of::TaskDelegated
            | Of::TaskRetried
            | Of::TaskReviewRequested
            | Of::TaskApproved
            | Of::TaskRejected
            | Of::TaskCompleted
            | Of::TaskFailed
            | Of::TaskCancelled
            | Of::TaskValidationFinished
            | Of::AssetApproved
            | Of::AssetRejected
    )
}

/// **The rule** (spec R6.04). Whoever did it is told like everybody else; only who gives work to itself has not been given any.
pub(super) fn told(change: &Change<'_>) -> Vec<(NotificationKind, To)> {
    use NotificationKind as Kind;
    let Change {
        action,
        before,
        after,
        ..
    } = *change;
    if !can_notify(action) {
        return Vec::new();
    }
    let entered = |status| after.status == status && before.status != status;
    let assignee = after.assignee_id.clone().map(To::Agent);
    let creator = Some(To::Agent(after.creator_id.clone()));
    let above = after.parent_id.map(To::HolderOf);
    let mut told = Vec::new();
    let mut tell = |kind, to: [Option<To>; 2]| {
        told.extend(to.into_iter().flatten().map(|to| (kind, to)));
    };
    let handed = matches!(
        action,
        AuditAction::TaskAssigned | AuditAction::TaskDelegated | AuditAction::TaskRetried
    );
    if handed && after.assignee_id.as_ref() != change.actor {
        tell(Kind::TaskAssigned, [assignee.clone(), None]);
    }
    if entered(TaskStatus::ReviewRequested) {
        let reviewers = after.assignee_id.clone().map(To::ReviewersFor);
        tell(Kind::ReviewRequested, [reviewers, None]);
    }
    if entered(TaskStatus::Approved) {
        tell(Kind::TaskApproved, [assignee.clone(), creator.clone()]);
    }
    if action == AuditAction::TaskRejected {
        tell(Kind::TaskRejected, [assignee.clone(), creator.clone()]);
    }
    if entered(TaskStatus::Completed) {
        tell(Kind::TaskCompleted, [creator.clone(), above.clone()]);
    }
    if entered(TaskStatus::Failed) {
        if after.failed_for_good() {
            tell(Kind::TaskFailed, [creator, above]);
        }
        if after.error.as_deref() == Some(LEASE_EXPIRED) {
            let lost = before.assignee_id.clone().map(To::Agent);
            tell(Kind::LeaseLost, [lost, None]);
        }
    }
    if entered(TaskStatus::Cancelled) {
        tell(Kind::TaskCancelled, [assignee.clone(), None]);
    }
    if action == AuditAction::TaskValidationFinished {
        tell(Kind::ValidationFinished, [assignee, None]);
    }
    told
}

/// What choosing reviewers takes of an agent.
pub(super) struct Standing {
    pub(super) id: AgentId,
    pub(super) tier: AgentTier,
    pub(super) supervisor_id: Option<AgentId>,
    pub(super) state: AgentState,
    pub(super) permissions: PermissionSet,
}

/// Who is asked to review what an agent handed in: the L1 of its line if that one may review it now, else every L1 that may. Of `agents`
/// there must be its line and every L1.
pub(super) fn reviewers<'a>(of: &AgentId, agents: &'a [Standing]) -> Vec<&'a AgentId> {
    let may_review = |agent: &&Standing| {
        agent.tier == AgentTier::L1
            && agent.state == AgentState::Operational
            && agent.permissions.contains(AgentPermission::ApproveAsset)
            && agent.id != *of
    };
    let find = |id: &AgentId| agents.iter().find(|agent| agent.id == *id);
    let mut line = std::iter::successors(find(of), |agent| find(agent.supervisor_id.as_ref()?));
    let director = line.find(|agent| agent.tier == AgentTier::L1);
    match director.filter(may_review) {
        Some(director) => vec![&director.id],
        None => agents
            .iter()
            .filter(may_review)
            .map(|agent| &agent.id)
            .collect(),
    }
}
