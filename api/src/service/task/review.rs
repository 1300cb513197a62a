//! Judging: approve, reject (spec R3.02, R3.11). Floor 3.

use chrono::{DateTime, Utc};
use entities::audit::AuditAction;
use entities::task::{self, TaskEvent};
use entities::{agent, asset};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::super::{Service, task_type as types};
use super::load::{self, Loaded};
use crate::auth::actor::Caller;
use crate::auth::policy::{self, Operation};
use crate::error::{Error, Result};
use crate::service::text::{self, MAX_REASON};
use crate::store::{Transition, Tx};

/// What a reviewer says who does not agree.
#[derive(Debug, Clone)]
pub struct Rejection {
    /// The SHA-256 of the output that was judged; another by then is CONFLICT.
    pub output_sha256: Option<String>,
    /// What to do better; required.
    pub feedback: String,
    /// Whether the task goes back to its assignee at once.
    pub reassign: bool,
    /// A new deadline.
    pub deadline: Option<DateTime<Utc>>,
}

fn check_judged(task: &task::Model, judged: Option<&str>) -> Result<()> {
    match judged {
        Some(judged) if task.output_sha256.as_deref() != Some(judged) => Err(Error::conflict_with(
            format!(
                "the output of task {} is not the one that was judged",
                task.id
            ),
            json!({"outputSha256": task.output_sha256}),
        )),
        _ => Ok(()),
    }
}

/// FORBIDDEN where the agent made an asset of the task: nobody judges its own work (spec R3.02).
async fn check_not_maker(tx: &Tx, agent: &agent::Model, task: &task::Model) -> Result<()> {
    let made = asset::Entity::find()
        .filter(asset::Column::TaskId.eq(task.id))
        .filter(asset::Column::CreatorId.eq(agent.id.clone()))
        .one(tx)
        .await?;
    match made {
        Some(made) => policy::may_review_asset(agent, &made),
        None => Ok(()),
    }
}

/// Agrees with what was handed in.
#[tracing::instrument(name = "task.approve", skip_all, fields(task.id = id))]
pub async fn approve(
    service: &Service,
    caller: &Caller,
    id: &str,
    output_sha256: Option<String>,
    feedback: Option<String>,
) -> Result<task::Model> {
    service
        .perform(caller, Operation::ApproveTask, async |tx: &mut Tx| {
            let Loaded { task, actor, .. } = load::load(service, tx, id).await?;
            policy::may_review(&actor, &task)?;
            check_not_maker(tx, &actor, &task).await?;
            let now = tx.now();
            let approved =
                Transition::of(task.clone(), AuditAction::TaskApproved).step(TaskEvent::Approve)?;
            check_judged(&task, output_sha256.as_deref())?;
            if let Some(feedback) = &feedback {
                text::check("feedback", feedback, MAX_REASON)?;
            }
            let approved = approved
                .with_some("feedback", feedback.as_deref())
                .set(|task| {
                    task.reviewer_id = Some(actor.id.clone());
                    task.review_feedback = feedback;
                    task.reviewed_at = Some(now);
                });
            Ok(tx.apply(approved).await?.0)
        })
        .await
}

/// Disagrees with what was handed in, and hands it back to its assignee in the same call unless told otherwise.
#[tracing::instrument(name = "task.reject", skip_all, fields(task.id = id))]
pub async fn reject(
    service: &Service,
    caller: &Caller,
    id: &str,
    rejection: Rejection,
) -> Result<task::Model> {
    service
        .perform(caller, Operation::RejectTask, async |tx: &mut Tx| {
            let Loaded { task, actor, .. } = load::load(service, tx, id).await?;
            policy::may_review(&actor, &task)?;
            check_not_maker(tx, &actor, &task).await?;
            let now = tx.now();
            let mut rejected =
                Transition::of(task.clone(), AuditAction::TaskRejected).step(TaskEvent::Reject)?;
            text::check("feedback", &rejection.feedback, MAX_REASON)?;
            check_judged(&task, rejection.output_sha256.as_deref())?;
            if rejection.deadline.is_some_and(|deadline| deadline <= now) {
                return Err(Error::bad_input(
                    "deadline",
                    "future",
                    "must be in the future",
                ));
            }
            rejected = rejected.with("feedback", &rejection.feedback).set(|task| {
                task.reviewer_id = Some(actor.id.clone());
                task.review_feedback = Some(rejection.feedback);
                task.reviewed_at = Some(now);
                task.rejection_count += 1;
                task.deadline = rejection.deadline.or(task.deadline);
            });
            // Past the deadline and without a new one it stays REJECTED (spec R3.10); else it goes back to the same agent, whatever
            // the rule of delegation says (spec R3.04).
            let overdue = rejection.deadline.is_none() && task.is_past_deadline(now);
            if let Some(assignee) = task
                .assignee_id
                .as_ref()
                .filter(|_| rejection.reassign && !overdue)
            {
                let assignee = load::agent(tx, assignee.as_str()).await?;
                let terms = types::terms(service, tx, &task).await?;
                rejected = rejected.step(TaskEvent::Assign)?.to(&assignee, &terms, now);
            }
            Ok(tx.apply(rejected).await?.0)
        })
        .await
}
