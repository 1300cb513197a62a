//! Tasks: how they begin. The other verbs are in the files beneath, by what they do. Floor 3.

use chrono::{DateTime, Utc};
use entities::agent;
use entities::audit::AuditAction;
use entities::id::TaskId;
use entities::json::JsonText;
use entities::task::{self, Personal, TaskEvent, TaskPriority, TaskStatus};
use entities::task_type;
use serde_json::{Value, json};

mod aggregate;
mod answer;
mod asset;
mod cancel;
mod checker;
mod claim;
mod hand;
mod hand_in;
mod idempotency;
mod lease;
mod load;
mod new;
mod personal;
mod query;
mod review;
mod sight;
mod sprint;
mod validation;
mod wait;

pub use aggregate::{Aggregate, Output, aggregate, outputs};
pub(super) use asset::lock_seen;
pub use cancel::{cancel, cancel_overdue};
pub use claim::{Claim, WaitingRoom, claim, serve_claimers};
pub use hand::{assign, retry, start};
pub use hand_in::{complete, complete_abandoned, fail, request_review};
pub(super) use lease::fail_with_holder;
pub use lease::{Heartbeat, expire_leases, heartbeat, stop_losers};
pub(crate) use query::matches;
pub(super) use query::sight_of;
pub use query::{Filter, find_named, find_visible, get, list, review_queue};
pub use review::{Rejection, approve, reject};
pub(super) use sight::Sight;
pub(super) use sprint::{NewOfSprint, begin_all, cancel_all, check_giving, take_out};
pub(super) use validation::lock_checked_by;
pub use validation::{Validation, validations};
pub use wait::waiting_for;

use self::new::NewTask;
use super::{Service, task_type as types};
use crate::auth::actor::Caller;
use crate::auth::policy::{self, Handing, Operation};
use crate::error::{Denial, Error, Fault, Result};
use crate::store::{Transition, Tx};

/// What a new task is made of.
#[derive(Debug, Clone)]
pub struct Create {
    /// Name of its type; the latest version is taken.
    pub type_name: String,
    /// By the type's input schema.
    pub input: Value,
    /// An object of strings.
    pub metadata: Option<Value>,
    /// How urgent it is.
    pub priority: TaskPriority,
    /// The task that it is part of.
    pub parent_id: Option<String>,
    /// When it must be done; the type's when none is named.
    pub deadline: Option<DateTime<Utc>>,
    /// Makes sending the same call again harmless for 24 hours (spec R3.09).
    pub idempotency_key: Option<String>,
}

/// The most keys that a task's metadata may have.
const MAX_METADATA_KEYS: usize = 64;
/// The most characters of a value of a task's metadata.
const MAX_METADATA_VALUE: usize = 1_000;

/// What could be checked and hashed before the unit of work.
struct Checked {
    task_type: task_type::Model,
    input: JsonText,
    metadata: JsonText,
    personal: Option<Personal>,
    parent_id: Option<TaskId>,
    priority: TaskPriority,
    deadline: Option<DateTime<Utc>>,
    idempotency: Option<idempotency::Request>,
}

/// Creates a task that nobody holds yet.
#[tracing::instrument(name = "task.create", skip_all)]
pub async fn create(service: &Service, caller: &Caller, create: Create) -> Result<task::Model> {
    begin(service, caller, Operation::CreateTask, None, create).await
}

/// Creates a task and hands it down (spec R3.04).
#[tracing::instrument(name = "task.delegate", skip_all)]
pub async fn delegate(
    service: &Service,
    caller: &Caller,
    to: &str,
    create: Create,
) -> Result<task::Model> {
    begin(service, caller, Operation::DelegateTask, Some(to), create).await
}

/// Creates a task for the caller itself and starts it.
#[tracing::instrument(name = "task.execute", skip_all)]
pub async fn execute(service: &Service, caller: &Caller, create: Create) -> Result<task::Model> {
    begin(service, caller, Operation::ExecuteTask, None, create).await
}

async fn begin(
    service: &Service,
    caller: &Caller,
    operation: Operation,
    to: Option<&str>,
    create: Create,
) -> Result<task::Model> {
    // Strangers and the wrong tiers hear of their refusal, not of their input's faults.
    service.allow(caller, operation)?;
    let request = create
        .idempotency_key
        .as_deref()
        .map(|key| idempotency::Request::of(key, operation, to, &create));
    // Before the input is looked at: what was good the first time may break a rule by now, such as a deadline that has passed since.
    if let (Some(request), Some(creator)) = (&request, caller.agent_id()) {
        let now = service.db.clock().now();
        let known = request.find(&service.db, &creator, now).await;
        if let Some(task) = service.report(caller, operation, known)? {
            return Ok(task);
        }
    }
    let checked = check(service, create, request).await?;
    let mut tries = 0;
    loop {
        let outcome = service
            .perform(caller, operation, async |tx: &mut Tx| {
                insert(service, tx, operation, to, &checked).await
            })
            .await;
        match outcome {
            // The same key by another call at the same moment: that one has committed by now, so its task is found.
            Err(error)
                if error.code() == crate::error::Code::Conflict
                    && error.retryable()
                    && tries < 3 =>
            {
                tries += 1
            }
            outcome => return outcome,
        }
    }
}

async fn check(
    service: &Service,
    create: Create,
    idempotency: Option<idempotency::Request>,
) -> Result<Checked> {
    let mut faults = Vec::new();
    if create
        .deadline
        .is_some_and(|deadline| deadline <= service.db.clock().now())
    {
        faults.push(Fault::of("deadline", "future", "must be in the future"));
    }
    if let Some(key) = &create.idempotency_key {
        faults.extend(super::text::fault("idempotencyKey", key, 200));
    }
    let metadata = create.metadata.clone().unwrap_or_else(|| json!({}));
    faults.extend(metadata_fault(&metadata));
    let task_type = types::find(service, &create.type_name)
        .await?
        .ok_or_else(|| {
            let message = format!(
                "there is no task type {:?}",
                super::task_type::shortened(&create.type_name)
            );
            Error::bad_input("type", "known", message)
        })?;
    faults.extend(types::input_faults(service, &task_type, &create.input)?);
    if !faults.is_empty() {
        return Err(Error::BadUserInput(faults));
    }
    let parent_id = create
        .parent_id
        .as_deref()
        .map(|id| id.parse().map_err(|_| Error::not_found("task", id)))
        .transpose()?;
    let places = types::personal_input(service, &task_type, &create.input)?;
    Ok(Checked {
        idempotency,
        personal: personal::of_input(places),
        input: JsonText::of(&create.input),
        metadata: JsonText::of(&metadata),
        parent_id,
        priority: create.priority,
        deadline: create.deadline,
        task_type,
    })
}

pub(super) fn metadata_fault(metadata: &Value) -> Option<Fault> {
    let Some(map) = metadata.as_object() else {
        return Some(Fault::of(
            "metadata",
            "type",
            "must be an object of strings",
        ));
    };
    if map.len() > MAX_METADATA_KEYS {
        let message = format!(
            "must have at most {MAX_METADATA_KEYS} keys, has {}",
            map.len()
        );
        return Some(Fault::of("metadata", "maxProperties", message));
    }
    let wrong = map.iter().find(|(key, value)| {
        key.is_empty()
            || key.chars().count() > super::text::MAX_NAME
            || value
                .as_str()
                .is_none_or(|text| text.chars().count() > MAX_METADATA_VALUE)
    })?;
    let message = format!("must be a string of at most {MAX_METADATA_VALUE} characters");
    Some(Fault::of("metadata", "type", message).found(wrong.1))
}

async fn insert(
    service: &Service,
    tx: &mut Tx,
    operation: Operation,
    to: Option<&str>,
    checked: &Checked,
) -> Result<task::Model> {
    let actor = tx.actor()?.agent.clone();
    if let Some(request) = &checked.idempotency
        && let Some(known) = request.find(tx, &actor.id, tx.now()).await?
    {
        return Ok(known);
    }
    let depth = match checked.parent_id {
        Some(parent_id) => depth_below(service, tx, &actor, parent_id).await?,
        None => 0,
    };
    let assignee = match (operation, to) {
        (Operation::DelegateTask, Some(to)) => {
            let to = load::agent(tx, to).await?;
            load::may_give(service, tx, &actor, &to, Handing::Delegate).await?;
            Some(to)
        }
        (Operation::ExecuteTask, _) => Some((*actor).clone()),
        _ => None,
    };
    if let Some(assignee) = &assignee {
        policy::may_hold(assignee, checked.task_type.requires_review)?;
        load::check_open_tasks(service, tx, &assignee.id).await?;
    }
    let now = tx.now();
    let row = NewTask {
        terms: &checked.task_type,
        creator_id: actor.id.clone(),
        parent_id: checked.parent_id,
        depth,
        priority: checked.priority,
        input: checked.input.clone(),
        metadata: checked.metadata.clone(),
        personal: checked.personal.clone(),
        deadline: checked.deadline,
    };
    let created = Transition::of(row.row(tx), action(operation));
    let terms = &checked.task_type;
    let created = match &assignee {
        None => created,
        Some(assignee) => created
            .step(TaskEvent::Assign)?
            .to(assignee, terms, now)
            .with("taskType", &terms.name),
    };
    let created = match operation {
        Operation::ExecuteTask => {
            load::check_capacity(tx, terms).await?;
            created.step(TaskEvent::Start)?.begin(terms, now)
        }
        _ => created,
    };
    let task = tx.insert_task(created).await?;
    if let Some(request) = &checked.idempotency {
        request.keep(tx, &actor.id, task.id).await?;
    }
    Ok(task)
}

const fn action(operation: Operation) -> AuditAction {
    match operation {
        Operation::DelegateTask => AuditAction::TaskDelegated,
        Operation::ExecuteTask => AuditAction::TaskStarted,
        _ => AuditAction::TaskCreated,
    }
}

/// Whether the caller may hang a child below this parent, and how deep it will be (spec R3.05). The parent stands still until the unit
/// ends, so that it cannot be completed or cancelled past a child that is being born.
async fn depth_below(
    service: &Service,
    tx: &mut Tx,
    actor: &agent::Model,
    parent_id: TaskId,
) -> Result<i16> {
    let parent = tx
        .lock_task(parent_id)
        .await?
        .ok_or_else(|| Error::not_found("task", parent_id))?;
    load::check_seen(service, tx, actor, &parent).await?;
    let system = actor.tier == agent::AgentTier::System;
    if !system && parent.assignee_id.as_ref() != Some(&actor.id) {
        return Err(Error::Forbidden(Denial {
            rule: "R3.05 parent",
            needed: "a parent that is held by the caller".to_owned(),
            had: format!("{parent_id}, which is not held by {}", actor.id),
        }));
    }
    if parent.status != TaskStatus::InProgress {
        return Err(Error::conflict_with(
            format!(
                "parent {parent_id} is {}, a child needs it to be IN_PROGRESS",
                parent.status
            ),
            json!({"parentId": parent_id, "status": parent.status}),
        ));
    }
    if parent.is_held() {
        return Err(validation::held(&parent));
    }
    let depth = parent.depth + 1;
    let limit = service.settings.max_depth;
    if u16::try_from(depth).unwrap_or(u16::MAX) > limit {
        return Err(Error::LimitExceeded {
            limit: "depth of delegation",
            value: limit.into(),
            requested: u64::try_from(depth).unwrap_or_default(),
        });
    }
    load::check_children(service, tx, parent_id).await?;
    Ok(depth)
}
