//! What an assignee answers with an attempt, and whether that attempt is still its own: fencing (spec R3.07). Floor 3.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entities::agent;
use entities::audit::{AuditAction, AuditEntity, entry};
use entities::id::AgentId;
use entities::json::{JsonText, canonical, sha256_hex};
use entities::task::{self, LEASE_EXPIRED, TaskStatus};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use super::super::Service;
use super::load::{self, Loaded};
use crate::error::{Error, Fault, Result};
use crate::store::{Entry, Transition, Tx};

/// An answer: a heartbeat, a hand-in or a failure.
pub(super) struct Answer {
    verb: &'static str,
    attempt: Option<i32>,
    /// What tells one answer from another; none for heartbeats, of which each is as good as the next.
    sha256: Option<String>,
}

impl Answer {
    pub(super) const fn heartbeat(attempt: Option<i32>) -> Self {
        Self {
            verb: "heartbeatTask",
            attempt,
            sha256: None,
        }
    }

    pub(super) fn hand_in(
        verb: &'static str,
        attempt: Option<i32>,
        output: Option<&JsonText>,
    ) -> Self {
        let said = json!({"verb": verb, "outputSha256": output.map(JsonText::sha256)});
        Self {
            verb,
            attempt,
            sha256: Some(sha256_hex(canonical(&said).as_bytes())),
        }
    }

    pub(super) fn failure(attempt: Option<i32>, error: &str, retryable: bool) -> Self {
        let said = json!({"verb": "failTask", "error": error, "retryable": retryable});
        Self {
            verb: "failTask",
            attempt,
            sha256: Some(sha256_hex(canonical(&said).as_bytes())),
        }
    }

    /// The entry of the answer says which it was, so that the same one sent again is known.
    pub(super) fn recorded(&self, transition: Transition, task: &task::Model) -> Transition {
        transition
            .with("attempt", task.attempt)
            .with_some("answerSha256", self.sha256.as_deref())
    }
}

/// How an answer stands.
pub(super) enum Standing {
    /// Its attempt is the present one, or there is none: the verb's own rules decide.
    Present(Loaded),
    /// It was given before, word for word: the task as it is now is the reply.
    Repeated(task::Model),
    /// Its attempt is over. The refusal is recorded, so the unit must commit before the error is passed on.
    Refused(Error),
}

/// Finds out how an answer of the calling agent stands. NOT_FOUND where the task is not there or not to be seen; BAD_USER_INPUT where a
/// leased attempt is not named.
pub(super) async fn standing(
    service: &Service,
    tx: &mut Tx,
    id: &str,
    answer: &Answer,
) -> Result<Standing> {
    let actor = tx.actor()?.agent.clone();
    let task = load::find(tx, id).await?;
    let holds = task.assignee_id.as_ref() == Some(&actor.id);
    let now = tx.now();
    if holds && task.status == TaskStatus::InProgress && !task.is_held() {
        if task.lease_expires_at.is_some() && answer.attempt.is_none() {
            return Err(Error::BadUserInput(vec![Fault::of(
                "attempt",
                "required",
                "the task is leased: name the attempt that you were given with it",
            )]));
        }
        let present = answer.attempt.is_none_or(|named| named == task.attempt);
        if present && !is_lost(&task, now) {
            return Ok(Standing::Present(loaded(tx, task, actor).await?));
        }
    }
    let past = Past::read(tx, &task, &actor.id).await?;
    // Not named, it is the present one, unless the task has been handed out again since.
    let unnamed = past
        .last
        .filter(|last| *last == task.attempt && task.status != TaskStatus::Assigned);
    let attempt = answer.attempt.or(unnamed);
    let given = attempt.and_then(|attempt| past.answers.get(&attempt));
    if given.is_some() && given == answer.sha256.as_ref() {
        return Ok(Standing::Repeated(task));
    }
    if let Some(attempt) = attempt.filter(|attempt| {
        given.is_none() && past.held.contains(attempt) && past.is_over(&task, holds, *attempt, now)
    }) {
        return Ok(Standing::Refused(refuse(tx, &task, answer, attempt)?));
    }
    load::check_seen(service, tx, &actor, &task).await?;
    Ok(Standing::Present(loaded(tx, task, actor).await?))
}

async fn loaded(tx: &Tx, task: task::Model, actor: std::sync::Arc<agent::Model>) -> Result<Loaded> {
    let creator = load::agent(tx, task.creator_id.as_str()).await?;
    Ok(Loaded {
        task,
        creator,
        actor,
    })
}

/// Whether the lease of a task in progress has run out: from that moment, whether or not anybody has noticed yet.
pub(super) fn is_lost(task: &task::Model, now: DateTime<Utc>) -> bool {
    task.lease_expires_at.is_some_and(|until| until <= now)
}

/// CONFLICT, with an entry of its own.
fn refuse(tx: &mut Tx, task: &task::Model, answer: &Answer, attempt: i32) -> Result<Error> {
    tx.record(
        Entry::new(AuditAction::TaskAnswerRefused)
            .about(task.id)
            .with("attempt", attempt)
            .with("presentAttempt", task.attempt)
            .with("verb", answer.verb),
    )?;
    Ok(Error::conflict_with(
        format!(
            "attempt {attempt} of task {} is over: its lease was lost, and what was done under it no longer counts",
            task.id
        ),
        json!({"attempt": task.attempt, "status": task.status, "leaseLost": true}),
    ))
}

/// How many entries are looked through, newest first.
const MAX_ENTRIES: u64 = 500;

/// What the log says of an agent's attempts at a task.
#[derive(Default)]
struct Past {
    /// Those that it held.
    held: HashSet<i32>,
    /// What it answered with them.
    answers: HashMap<i32, String>,
    /// Whoever held them, those whose lease ran out.
    expired: HashSet<i32>,
    /// The last that it held.
    last: Option<i32>,
}

impl Past {
    async fn read(db: &impl ConnectionTrait, task: &task::Model, agent: &AgentId) -> Result<Self> {
        let mut entries = entry::Entity::find()
            .filter(entry::Column::EntityType.eq(AuditEntity::Task))
            .filter(entry::Column::EntityId.eq(task.id.to_string()))
            .filter(entry::Column::Action.is_in([
                AuditAction::TaskStarted,
                AuditAction::TaskClaimed,
                AuditAction::TaskValidationStarted,
                AuditAction::TaskValidationFinished,
                AuditAction::TaskReviewRequested,
                AuditAction::TaskCompleted,
                AuditAction::TaskFailed,
            ]))
            .order_by_desc(entry::Column::Ordinal)
            .limit(MAX_ENTRIES)
            .all(db)
            .await?;
        entries.reverse();
        let mut past = Self::default();
        let mut holder = None;
        for entry in entries {
            past.take(&entry, &mut holder, agent);
        }
        Ok(past)
    }

    fn take(&mut self, entry: &entry::Model, holder: &mut Option<AgentId>, agent: &AgentId) {
        let metadata = entry.metadata.value();
        let number = |value: &serde_json::Value| i32::try_from(value.as_i64()?).ok();
        // Who starts or claims is the actor; who gets a hand-in back holds it as before.
        if matches!(
            entry.action,
            AuditAction::TaskStarted | AuditAction::TaskClaimed
        ) {
            holder.clone_from(&entry.actor_id);
        }
        let mine = holder.as_ref() == Some(agent);
        if let Some(begun) = number(&metadata["set"]["attempt"]).filter(|_| mine) {
            self.held.insert(begun);
            self.last = Some(begun);
        }
        let Some(ended) = number(&metadata["attempt"]) else {
            return;
        };
        if metadata["error"] == LEASE_EXPIRED {
            self.expired.insert(ended);
        }
        if let Some(sha256) = metadata["answerSha256"].as_str().filter(|_| mine) {
            self.answers.insert(ended, sha256.to_owned());
        }
    }

    /// Whether an attempt that the agent held is no longer its own, for another reason than its own answer or a decision about the task.
    fn is_over(&self, task: &task::Model, holds: bool, attempt: i32, now: DateTime<Utc>) -> bool {
        self.expired.contains(&attempt)
            || !holds
            || attempt < task.attempt
            || task.status == TaskStatus::Assigned
            || (task.status == TaskStatus::InProgress && is_lost(task, now))
    }
}
