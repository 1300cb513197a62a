//! Handing in and judging: request review, approve, reject, complete, fail (spec R3.02, R3.11). Floor 3.

use chrono::{DateTime, Utc};
use entities::agent::AgentState;
use entities::audit::AuditAction;
use entities::json::JsonText;
use entities::task::{self, TaskEvent, TaskStatus};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};

use super::super::{Service, asset, task_type as types};
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

/// The output of a hand-in, checked against its type before the unit of work.
struct HandIn {
    /// With its hash.
    output: Option<(JsonText, String)>,
    requires_review: bool,
}

async fn check_output(
    service: &Service,
    caller: &Caller,
    id: &str,
    output: Option<Value>,
) -> Result<HandIn> {
    // Input of those who may not even see the task is not looked at.
    let task = super::query::get(service, caller, id).await?;
    let task_type = types::get_version(&service.db, &task).await?;
    let hands_in = task.status == TaskStatus::InProgress;
    if hands_in {
        let faults =
            types::output_faults(service, &task_type, output.as_ref().unwrap_or(&Value::Null))?;
        if !faults.is_empty() && caller.agent_id() == task.assignee_id {
            return Err(Error::BadUserInput(faults));
        }
    }
    let output = match output.filter(|output| !output.is_null()) {
        Some(output) => Some(asset::hash_output(service, caller, &task, &output).await?),
        None => None,
    };
    Ok(HandIn {
        output,
        requires_review: task_type.requires_review,
    })
}

fn hand_in(transition: Transition, output: Option<(JsonText, String)>) -> Transition {
    transition.set(|task| {
        (task.output, task.output_sha256) = output.unzip();
        task.progress = 100;
    })
}

/// Hands in and asks an L1 for a review.
#[tracing::instrument(name = "task.request_review", skip_all, fields(task.id = id))]
pub async fn request_review(
    service: &Service,
    caller: &Caller,
    id: &str,
    attempt: Option<i32>,
    output: Value,
) -> Result<task::Model> {
    service.allow(caller, Operation::RequestReview)?;
    let HandIn { output, .. } = check_output(service, caller, id, Some(output)).await?;
    service
        .perform(caller, Operation::RequestReview, async |tx: &mut Tx| {
            let Loaded { task, actor, .. } = load::load(service, tx, id).await?;
            policy::is_assignee(&actor, &task)?;
            let now = tx.now();
            let requested = Transition::of(task.clone(), AuditAction::TaskReviewRequested)
                .step(TaskEvent::RequestReview)?;
            load::check_attempt(&task, attempt)?;
            let requested =
                hand_in(requested, output).set(|task| task.review_requested_at = Some(now));
            let (task, _) = tx.apply(requested).await?;
            load::check_no_open_children(tx, &task).await?;
            Ok(task)
        })
        .await
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
                rejected = rejected.step(TaskEvent::Assign)?.to(assignee, now);
            }
            Ok(tx.apply(rejected).await?.0)
        })
        .await
}

/// Completes: the assignee what it did, where its type needs no review; assignee or reviewer what was approved.
#[tracing::instrument(name = "task.complete", skip_all, fields(task.id = id))]
pub async fn complete(
    service: &Service,
    caller: &Caller,
    id: &str,
    attempt: Option<i32>,
    output: Option<Value>,
) -> Result<task::Model> {
    service.allow(caller, Operation::CompleteTask)?;
    let HandIn {
        output,
        requires_review,
    } = check_output(service, caller, id, output).await?;
    service
        .perform(caller, Operation::CompleteTask, async |tx: &mut Tx| {
            let Loaded { task, actor, .. } = load::load(service, tx, id).await?;
            let approved = task.status == TaskStatus::Approved;
            if approved {
                policy::may_complete_approved(&actor, &task)?;
            } else {
                policy::is_assignee(&actor, &task)?;
            }
            let completed = Transition::of(task.clone(), AuditAction::TaskCompleted)
                .step(TaskEvent::Complete)?;
            if requires_review && !approved {
                return Err(review_comes_first(task.status));
            }
            load::check_attempt(&task, attempt)?;
            let completed = match (approved, output) {
                (true, Some(_)) => {
                    let message = "what was approved is completed as it is, without another output";
                    return Err(Error::bad_input("output", "absent", message));
                }
                (true, None) => completed,
                (false, output) => hand_in(completed, output),
            };
            let (task, _) = tx.apply(completed.end(tx.now())).await?;
            load::check_no_open_children(tx, &task).await?;
            Ok(task)
        })
        .await
}

/// INVALID_TRANSITION for a type that requires review: what the state table allows, without the short cut.
fn review_comes_first(from: TaskStatus) -> Error {
    let mut allowed = from.allowed();
    allowed.retain(|status| *status != TaskStatus::Completed);
    Error::InvalidTransition {
        from,
        to: TaskStatus::Completed,
        allowed,
    }
}

/// Gives the attempt up.
#[tracing::instrument(name = "task.fail", skip_all, fields(task.id = id))]
pub async fn fail(
    service: &Service,
    caller: &Caller,
    id: &str,
    attempt: Option<i32>,
    error: String,
    retryable: bool,
) -> Result<task::Model> {
    service
        .perform(caller, Operation::FailTask, async |tx: &mut Tx| {
            let Loaded { task, actor, .. } = load::load(service, tx, id).await?;
            policy::is_assignee(&actor, &task)?;
            let now = tx.now();
            let failed = failed(task.clone(), &error, now)?.with("retryable", retryable);
            text::check("error", &error, MAX_REASON)?;
            load::check_attempt(&task, attempt)?;
            Ok(tx.apply(failed).await?.0)
        })
        .await
}

/// The transition of every failure, whoever noticed it: by its assignee, by a deadline, by a stopped agent (spec R1.06, R3.10).
pub fn failed(task: task::Model, error: &str, now: DateTime<Utc>) -> Result<Transition> {
    let failed = Transition::of(task, AuditAction::TaskFailed)
        .step(TaskEvent::Fail)?
        .with("error", error)
        .set(|task| {
            task.error = Some(error.to_owned());
            task.failure_count += 1;
        });
    Ok(failed.end(now))
}

/// How many tasks one sweep completes.
const ABANDONED: u64 = 100;

/// Completes in the name of the control center what was approved and whose assignee is gone (spec R3.02). Returns how many.
pub async fn complete_abandoned(service: &Service) -> Result<usize> {
    let caller = Caller::control_center(service.db.request_id());
    let gone = entities::agent::Entity::find()
        .select_only()
        .column(entities::agent::Column::Id)
        .filter(entities::agent::Column::State.ne(AgentState::Operational));
    let abandoned = task::Entity::find()
        .filter(task::Column::Status.eq(TaskStatus::Approved))
        .filter(task::Column::AssigneeId.in_subquery(sea_orm::QueryTrait::into_query(gone)))
        .order_by_asc(task::Column::CreatedAt)
        .limit(ABANDONED)
        .all(&service.db)
        .await?;
    let mut completed = 0;
    for task in abandoned {
        let outcome = service
            .db
            .write(&caller, async |tx: &mut Tx| {
                let done =
                    Transition::of(task, AuditAction::TaskCompleted).step(TaskEvent::Complete)?;
                tx.apply(done.end(tx.now())).await
            })
            .await;
        match outcome {
            Ok(_) => completed += 1,
            // Somebody completed it in between.
            Err(Error::Conflict { .. } | Error::InvalidTransition { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(completed)
}
