//! What a notification says: one sentence. Floor 2.

use std::fmt::Display;

use entities::id::{AgentId, AssetId};
use entities::notification::NotificationKind;

use super::Change;

/// How many characters of a reason, feedback or error are told; all of it is with the task.
const MOST_SAID: usize = 500;

pub(super) fn of_task(kind: NotificationKind, change: &Change<'_>) -> String {
    use NotificationKind as Kind;
    let task = change.after;
    let what = format!("the {} task {}", task.type_name, task.id);
    let who = name(change.actor);
    let feedback = task.review_feedback.as_deref();
    match kind {
        Kind::ReviewRequested => {
            let maker = name(task.assignee_id.as_ref());
            sentence(format!("{maker} asks for a review of {what}"), None)
        }
        Kind::TaskAssigned => sentence(format!("{who} handed you {what}"), None),
        Kind::TaskApproved => sentence(format!("{who} approved {what}"), feedback),
        Kind::TaskRejected => sentence(format!("{who} rejected {what}"), feedback),
        Kind::TaskCompleted => sentence(format!("{who} completed {what}"), None),
        Kind::TaskFailed => {
            let holder = name(task.assignee_id.as_ref());
            let failed = format!("{holder} failed for good at {what}");
            sentence(failed, task.error.as_deref())
        }
        Kind::TaskCancelled => sentence(format!("{who} cancelled {what}"), task.error.as_deref()),
        Kind::LeaseLost => sentence(format!("You lost {what}: its lease ran out"), None),
        Kind::ValidationFinished => sentence(format!("The checks of {what} have ended"), None),
        Kind::AssetReviewed => sentence(format!("{who} reviewed what was made for {what}"), None),
    }
}

pub(super) fn of_asset(
    actor: Option<&AgentId>,
    asset: AssetId,
    approved: bool,
    feedback: Option<&str>,
) -> String {
    let judged = if approved { "approved" } else { "rejected" };
    sentence(
        format!("{} {judged} your asset {asset}", name(actor)),
        feedback,
    )
}

fn name(agent: Option<&AgentId>) -> String {
    match agent {
        Some(agent) if *agent == AgentId::control_center() => "The control center".to_owned(),
        Some(agent) => agent.to_string(),
        None => "Somebody".to_owned(),
    }
}

/// What happened, and what was said about it.
fn sentence(happened: impl Display, said: Option<&str>) -> String {
    match said.map(str::trim).filter(|said| !said.is_empty()) {
        None => format!("{happened}."),
        Some(said) if said.chars().count() <= MOST_SAID => format!("{happened}: {said}"),
        Some(said) => {
            let cut: String = said.chars().take(MOST_SAID).collect();
            format!("{happened}: {cut}…")
        }
    }
}
