//! Validation: a hand-in is held until the checks that its type names have ended (spec R3.14, R3.15). Floor 3.
//!
//! The checks are children of the task, made by the control center. Whatever ends one locks its parent first, so that the last of them,
//! and nobody else, lets the hand-in go: in the transaction of its own end.

use entities::audit::AuditAction;
use entities::id::{AgentId, AuditId, TaskId};
use entities::json::JsonText;
use entities::task::{self, Held, TaskEvent, TaskStatus, ValidationStatus};
use entities::task_type;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};

use super::super::{Service, asset, task_type as types};
use super::{cancel, checker, hand_in, load, personal};
use crate::error::{Error, Fault, Result};
use crate::store::{Transition, Tx};

/// CONFLICT: what its assignee may not do while a hand-in is held.
pub(super) fn held(task: &task::Model) -> Error {
    Error::conflict_with(
        format!(
            "what was handed in with attempt {} of task {} is being validated: wait for its checks",
            task.attempt, task.id
        ),
        json!({"validation": task.validation, "attempt": task.attempt}),
    )
}

/// Holds a hand-in: output stored, lease suspended, a check for each validator.
pub(super) async fn hold(
    service: &Service,
    tx: &mut Tx,
    hand_in: Transition,
    kind: Held,
    terms: &task_type::Model,
) -> Result<(task::Model, AuditId)> {
    let held = hand_in
        .with("held", kind)
        .with("validators", &terms.validators)
        .set(|task| {
            task.lease_expires_at = None;
            task.validation = ValidationStatus::Running;
            task.held = Some(kind);
        });
    let (task, entry) = tx.apply(held).await?;
    let output = task.output.as_ref().map_or(Value::Null, JsonText::value);
    let assets = asset::find_named(tx, &output).await?;
    let input = json!({
        "taskId": task.id,
        "type": task.type_name,
        "input": task.input.value(),
        "output": output,
        "assets": asset::describe(&assets),
    });
    let makers: Vec<AgentId> = assets.into_iter().map(|made| made.creator_id).collect();
    let owners = checker::Owners {
        task: &task,
        makers: &makers,
    };
    let personal = personal_of_check(&task);
    for name in &terms.validators.0 {
        make_check(service, tx, &owners, entry, name, (&input, &personal)).await?;
    }
    Ok((task, entry))
}

/// What is personal in a task is so in what its checks are told of it, whatever their own schemas say.
fn personal_of_check(task: &task::Model) -> Vec<String> {
    let Some(personal) = &task.personal else {
        return Vec::new();
    };
    let input = personal
        .input()
        .iter()
        .map(|place| format!("/input{place}"));
    let output = personal
        .output()
        .iter()
        .map(|place| format!("/output{place}"));
    input.chain(output).collect()
}

async fn make_check(
    service: &Service,
    tx: &mut Tx,
    owners: &checker::Owners<'_>,
    cause: AuditId,
    validator: &str,
    (input, checked): (&Value, &[String]),
) -> Result<()> {
    let terms = types::latest(tx, validator)
        .await?
        .ok_or_else(|| Error::internal(format!("validator {validator} is gone")))?;
    let faults = types::schema_faults(service, &terms, input)?;
    if let Some(fault) = faults.first() {
        let message = format!(
            "its validator {validator} cannot be asked: {} {}",
            fault.pointer, fault.message
        );
        return Err(Error::BadUserInput(vec![Fault::of(
            "output",
            "validator",
            message,
        )]));
    }
    let mut places = types::personal_input(service, &terms, input)?;
    places.extend_from_slice(checked);
    let (now, task) = (tx.now(), owners.task);
    let row = super::new::NewTask {
        terms: &terms,
        creator_id: AgentId::control_center(),
        parent_id: Some(task.id),
        depth: task.depth + 1,
        priority: task.priority,
        input: JsonText::of(input),
        metadata: JsonText::empty_object(),
        personal: personal::of_input(personal::outermost(places)),
        deadline: None,
    };
    let row = task::Model {
        check_of_attempt: Some(task.attempt),
        ..row.row(tx)
    };
    let made = match checker::find(service, tx, owners, validator).await? {
        None => Transition::of(row, AuditAction::TaskCreated),
        Some(checker) => Transition::of(row, AuditAction::TaskDelegated)
            .step(TaskEvent::Assign)?
            .to(&checker, &terms, now)
            .with("taskType", validator),
    };
    tx.insert_task(made.by_control_center().caused_by(cause))
        .await?;
    Ok(())
}

/// To be called before a check is ended: its parent stands still until the unit ends.
pub(super) async fn lock_held(tx: &mut Tx, check: &task::Model) -> Result<()> {
    if let (Some(_), Some(parent)) = (check.check_of_attempt, check.parent_id) {
        tx.lock_task(parent).await?;
    }
    Ok(())
}

/// The same for all checks that these agents have in progress, parents before checks.
pub(in crate::service) async fn lock_checked_by(tx: &mut Tx, agents: &[AgentId]) -> Result<()> {
    let parents: Vec<Option<TaskId>> = task::Entity::find()
        .select_only()
        .column(task::Column::ParentId)
        .distinct()
        // The words stand in the statement itself: only so is the partial index of what is in progress used.
        .filter(Expr::cust("tasks.status = 'IN_PROGRESS'"))
        .filter(task::Column::AssigneeId.is_in(agents.iter().cloned()))
        .filter(task::Column::CheckOfAttempt.is_not_null())
        .order_by_asc(task::Column::ParentId)
        .into_tuple()
        .all(tx)
        .await?;
    for parent in parents.into_iter().flatten() {
        tx.lock_task(parent).await?;
    }
    Ok(())
}

/// To be called after a task was ended: where it was the last check of a hold, the hand-in goes through or comes back.
pub(super) async fn let_go(
    service: &Service,
    tx: &mut Tx,
    check: &task::Model,
    cause: AuditId,
) -> Result<()> {
    let (Some(attempt), Some(parent)) = (check.check_of_attempt, check.parent_id) else {
        return Ok(());
    };
    let Some(parent) = task::Entity::find_by_id(parent).one(tx).await? else {
        return Ok(());
    };
    if !ended(check) || !parent.is_held() || parent.attempt != attempt {
        return Ok(());
    }
    let checks = checks_of(tx, parent.id, attempt).await?;
    if !checks.iter().all(ended) {
        return Ok(());
    }
    let mut said: Vec<Value> = checks.iter().map(verdict).collect();
    if let Some(finding) = changed_since(tx, &parent).await? {
        said.push(finding);
    }
    if said.iter().all(|one| one["valid"] == true) {
        go_through(tx, parent, cause, said).await
    } else {
        come_back(service, tx, parent, cause, said).await
    }
}

fn ended(check: &task::Model) -> bool {
    check.status.is_terminal() || check.failed_for_good()
}

/// What a check came to, for the log: who said what, without the findings, which stand in the check's output.
fn verdict(check: &task::Model) -> Value {
    let valid = is_content(check);
    json!({"checkId": check.id, "type": check.type_name, "status": check.status, "valid": valid})
}

fn is_content(check: &task::Model) -> bool {
    let output = check.output.as_ref().map(JsonText::value);
    check.status == TaskStatus::Completed && output.is_some_and(|output| output["valid"] == true)
}

/// A finding where what was checked is not what would go through: the output's hash, or a part of the work that was opened again.
async fn changed_since(tx: &Tx, task: &task::Model) -> Result<Option<Value>> {
    let sha256 = match (&task.output, task.hashed_output()) {
        (Some(output), Some(hashed)) => asset::hash_now(tx, output, &hashed).await?,
        _ => None,
    };
    if sha256 != task.output_sha256 {
        return Ok(Some(json!({"rule": "outputSha256", "valid": false})));
    }
    match load::check_no_open_children(tx, task).await {
        Ok(()) => Ok(None),
        Err(Error::Conflict { .. }) => Ok(Some(json!({"rule": "openChildren", "valid": false}))),
        Err(error) => Err(error),
    }
}

async fn go_through(
    tx: &mut Tx,
    task: task::Model,
    cause: AuditId,
    said: Vec<Value>,
) -> Result<()> {
    let kind = task.held.unwrap_or(Held::Complete);
    let finished = Transition::of(task, AuditAction::TaskValidationFinished)
        .set(|task| {
            task.validation = ValidationStatus::Passed;
            task.held = None;
        })
        .with("checks", said)
        .by_control_center()
        .caused_by(cause);
    let (task, entry) = tx.apply(finished).await?;
    let action = match kind {
        Held::RequestReview => AuditAction::TaskReviewRequested,
        Held::Complete => AuditAction::TaskCompleted,
    };
    let moved = Transition::of(task, action)
        .step(kind.event())?
        .by_control_center()
        .caused_by(entry);
    tx.apply(hand_in::finished(kind, moved, tx.now())).await?;
    Ok(())
}

async fn come_back(
    service: &Service,
    tx: &mut Tx,
    task: task::Model,
    cause: AuditId,
    said: Vec<Value>,
) -> Result<()> {
    let terms = types::terms(service, tx, &task).await?;
    let finished = Transition::of(task, AuditAction::TaskValidationFinished)
        .set(|task| {
            task.validation = ValidationStatus::Failed;
            task.held = None;
        })
        .next_attempt(&terms, tx.now())
        .with("checks", said)
        .by_control_center()
        .caused_by(cause);
    tx.apply(finished).await?;
    Ok(())
}

async fn checks_of(
    db: &impl ConnectionTrait,
    parent: TaskId,
    attempt: i32,
) -> Result<Vec<task::Model>> {
    Ok(task::Entity::find()
        .filter(task::Column::ParentId.eq(parent))
        .filter(task::Column::CheckOfAttempt.eq(attempt))
        .order_by_asc(task::Column::CreatedAt)
        .order_by_asc(task::Column::Id)
        .all(db)
        .await?)
}

/// Cancels the checks of a hold that ended otherwise: its task was failed by a deadline or with its assignee (spec R3.15).
pub(super) async fn cancel_checks(
    tx: &mut Tx,
    was_held: &task::Model,
    reason: &str,
    cause: AuditId,
) -> Result<()> {
    if !was_held.is_held() {
        return Ok(());
    }
    for check in checks_of(tx, was_held.id, was_held.attempt).await? {
        if check.status.after(TaskEvent::Cancel).is_some() {
            let cancelled = cancel::cancelled(check, Some(reason), tx)?;
            tx.apply(cancelled.by_control_center().caused_by(cause))
                .await?;
        } else if check.claimable_at.is_some() {
            tx.withdraw_claims(&[check.id]).await?;
        }
    }
    Ok(())
}

/// What became of the checks of a task's last hand-in.
#[derive(Debug, Clone)]
pub struct Validation {
    /// Running, or how it came out.
    pub status: ValidationStatus,
    /// The checks.
    pub checks: Vec<task::Model>,
}

impl Validation {
    /// What each ended check found: a list of `{taskId, type, status, valid, findings, error}`.
    pub fn findings(&self) -> Value {
        let ended = self.checks.iter().filter(|check| ended(check));
        ended
            .map(|check| {
                let output = check.output.as_ref().map(JsonText::value);
                json!({
                    "taskId": check.id,
                    "type": check.type_name,
                    "status": check.status,
                    "valid": is_content(check),
                    "findings": output.map_or(Value::Null, |output| output["findings"].clone()),
                    "error": check.error,
                })
            })
            .collect()
    }
}

/// How the validation of these tasks stands, in their order: one query for all of them.
pub async fn validations(service: &Service, tasks: &[task::Model]) -> Result<Vec<Validation>> {
    let validated = tasks
        .iter()
        .filter(|task| task.validation != ValidationStatus::None)
        .map(|task| task.id);
    let validated: Vec<TaskId> = validated.collect();
    let mut checks = Vec::new();
    if !validated.is_empty() {
        checks = task::Entity::find()
            .filter(task::Column::ParentId.is_in(validated))
            .filter(task::Column::CheckOfAttempt.is_not_null())
            .order_by_asc(task::Column::CreatedAt)
            .order_by_asc(task::Column::Id)
            .all(&service.db)
            .await?;
    }
    Ok(tasks.iter().map(|task| of(task, &checks)).collect())
}

fn of(task: &task::Model, checks: &[task::Model]) -> Validation {
    let mine = || {
        checks.iter().filter(|check| {
            check.parent_id == Some(task.id) && task.validation != ValidationStatus::None
        })
    };
    let last = mine().filter_map(|check| check.check_of_attempt).max();
    Validation {
        status: task.validation,
        checks: mine()
            .filter(|check| check.check_of_attempt == last)
            .cloned()
            .collect(),
    }
}
