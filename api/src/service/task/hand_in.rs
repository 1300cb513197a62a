//! What an assignee does with its attempt: ask for review, complete, fail (spec R3.02, R3.07). Floor 3.

use entities::agent::AgentState;
use entities::audit::AuditAction;
use entities::json::JsonText;
use entities::task::personal::hashed;
use entities::task::{self, Held, TaskEvent, TaskStatus};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;

use super::super::{Service, asset, task_type as types};
use super::answer::{self, Answer, Standing};
use super::load::{self, Loaded};
use super::personal;
use super::validation;
use crate::auth::actor::Caller;
use crate::auth::policy::{self, Operation};
use crate::error::{Error, Result};
use crate::service::text::{self, MAX_REASON};
use crate::store::{Transition, Tx};

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
    let output = check_output(service, caller, id, Some(output)).await?;
    let hand_in = HandIn {
        kind: Held::RequestReview,
        answer: Answer::hand_in(
            "requestReview",
            attempt,
            output.as_ref().map(Output::hashed),
        ),
        output,
        attempt,
    };
    let unit = async |tx: &mut Tx| hand_in.take(service, tx, id).await;
    service
        .perform(caller, Operation::RequestReview, unit)
        .await
        .flatten()
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
    let output = check_output(service, caller, id, output).await?;
    let hand_in = HandIn {
        kind: Held::Complete,
        answer: Answer::hand_in("completeTask", attempt, output.as_ref().map(Output::hashed)),
        output,
        attempt,
    };
    let unit = async |tx: &mut Tx| {
        if load::find(tx, id).await?.status == TaskStatus::Approved {
            let without_output = hand_in.output.is_none();
            complete_approved(service, tx, id, without_output)
                .await
                .map(Ok)
        } else {
            hand_in.take(service, tx, id).await
        }
    };
    service
        .perform(caller, Operation::CompleteTask, unit)
        .await
        .flatten()
}

/// The output of a hand-in, checked against its type before the unit of work.
async fn check_output(
    service: &Service,
    caller: &Caller,
    id: &str,
    output: Option<Value>,
) -> Result<Option<Output>> {
    // Only the output of who may hand in is looked at; to the others the unit says why they may not.
    let task = load::find(&service.db, id).await?;
    let mut places = Vec::new();
    if task.assignee_id.is_some() && caller.agent_id() == task.assignee_id {
        let terms = types::terms(service, &service.db, &task).await?;
        let document = output.as_ref().unwrap_or(&Value::Null);
        if task.status == TaskStatus::InProgress {
            let faults = types::output_faults(service, &terms, document)?;
            if !faults.is_empty() {
                return Err(Error::BadUserInput(faults));
            }
        }
        // Of an answer that is sent again too: it has to be known by its hash.
        places = types::personal_output(service, &terms, document)?;
    }
    let Some(output) = output.filter(|output| !output.is_null()) else {
        return Ok(None);
    };
    let salt = personal::salt_of(&task);
    let text = JsonText::of(&output);
    let hashed = hashed(&salt, &places, &text);
    let sha256 = asset::hash_output(service, caller, &task, &output, &hashed).await?;
    Ok(Some(Output {
        text,
        hashed,
        sha256,
        salt,
        places,
    }))
}

/// An output that was checked.
struct Output {
    /// As it is kept.
    text: JsonText,
    /// As its hash is taken: with commitments in the place of personal values (spec R5.08).
    hashed: JsonText,
    /// Its hash, which covers the assets that it names (spec R3.11).
    sha256: String,
    /// Of the commitments.
    salt: String,
    /// Where its personal values are.
    places: Vec<String>,
}

impl Output {
    const fn hashed(&self) -> &JsonText {
        &self.hashed
    }
}

/// A hand-in whose output was checked.
struct HandIn {
    kind: Held,
    answer: Answer,
    output: Option<Output>,
    attempt: Option<i32>,
}

impl HandIn {
    /// The inner error is one that leaves an entry behind.
    async fn take(&self, service: &Service, tx: &mut Tx, id: &str) -> Result<Result<task::Model>> {
        let Loaded { task, actor, .. } =
            match answer::standing(service, tx, id, &self.answer).await? {
                Standing::Present(loaded) => loaded,
                Standing::Repeated(task) => return Ok(Ok(task)),
                Standing::Refused(error) => return Ok(Err(error)),
            };
        policy::is_assignee(&actor, &task)?;
        let terms = types::terms(service, tx, &task).await?;
        // Asked for first, so that who is held hears of the hold, and who may not move the task of that.
        if task.is_held() {
            return Err(validation::held(&task));
        }
        let action = match self.kind {
            Held::RequestReview => AuditAction::TaskReviewRequested,
            Held::Complete => AuditAction::TaskCompleted,
        };
        let moved = Transition::of(task.clone(), action).step(self.kind.event())?;
        if self.kind == Held::Complete && terms.requires_review {
            return Err(review_comes_first(task.status));
        }
        load::check_attempt(&task, self.attempt)?;
        let (handed, _) = if terms.validators.0.is_empty() {
            validation::lock_held(tx, &task).await?;
            let moved = self.answer.recorded(self.with_output(moved, &task)?, &task);
            let (handed, entry) = tx.apply(self.finished(moved, tx)).await?;
            validation::let_go(service, tx, &handed, entry).await?;
            (handed, entry)
        } else {
            let held = Transition::of(task.clone(), AuditAction::TaskValidationStarted);
            let held = self.answer.recorded(self.with_output(held, &task)?, &task);
            validation::hold(service, tx, held, self.kind, &terms).await?
        };
        load::check_no_open_children(tx, &handed).await?;
        tx.forget_lost_leases(&actor).await?;
        Ok(Ok(handed))
    }

    /// CONFLICT where the salt of the task's commitments is another by now.
    fn with_output(&self, transition: Transition, task: &task::Model) -> Result<Transition> {
        let personal = match &self.output {
            Some(output) => personal::with_output(task, &output.salt, &output.places)?,
            None => personal::with_output(task, "", &[])?,
        };
        Ok(transition.set(|task| {
            let output = self.output.as_ref();
            task.output = output.map(|output| output.text.clone());
            task.output_sha256 = output.map(|output| output.sha256.clone());
            task.personal = personal;
            task.progress = 100;
        }))
    }

    fn finished(&self, moved: Transition, tx: &Tx) -> Transition {
        finished(self.kind, moved, tx.now())
    }
}

/// With the times that go with a hand-in that went through.
pub(super) fn finished(
    kind: Held,
    moved: Transition,
    now: chrono::DateTime<chrono::Utc>,
) -> Transition {
    match kind {
        Held::RequestReview => moved.set(|task| task.review_requested_at = Some(now)),
        Held::Complete => moved.end(now),
    }
}

/// What was approved is completed as it is.
async fn complete_approved(
    service: &Service,
    tx: &mut Tx,
    id: &str,
    without_output: bool,
) -> Result<task::Model> {
    let Loaded { task, actor, .. } = load::load(service, tx, id).await?;
    policy::may_complete_approved(&actor, &task)?;
    let completed = Transition::of(task, AuditAction::TaskCompleted).step(TaskEvent::Complete)?;
    if !without_output {
        let message = "what was approved is completed as it is, without another output";
        return Err(Error::bad_input("output", "absent", message));
    }
    let (task, _) = tx.apply(completed.end(tx.now())).await?;
    load::check_no_open_children(tx, &task).await?;
    Ok(task)
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
    let answer = Answer::failure(attempt, &error, retryable);
    let unit = async |tx: &mut Tx| {
        let Loaded { task, actor, .. } = match answer::standing(service, tx, id, &answer).await? {
            Standing::Present(loaded) => loaded,
            Standing::Repeated(task) => return Ok(Ok(task)),
            Standing::Refused(error) => return Ok(Err(error)),
        };
        policy::is_assignee(&actor, &task)?;
        if task.is_held() {
            return Err(validation::held(&task));
        }
        let terms = types::terms(service, tx, &task).await?;
        let failed = Transition::of(task.clone(), AuditAction::TaskFailed).fail(
            &error,
            retryable,
            &terms,
            tx.now(),
        )?;
        text::check("error", &error, MAX_REASON)?;
        load::check_attempt(&task, attempt)?;
        validation::lock_held(tx, &task).await?;
        let (failed, entry) = tx.apply(answer.recorded(failed, &task)).await?;
        validation::let_go(service, tx, &failed, entry).await?;
        tx.forget_lost_leases(&actor).await?;
        Ok(Ok(failed))
    };
    service
        .perform(caller, Operation::FailTask, unit)
        .await
        .flatten()
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
