//! Where claimers wait: woken by the feed, one for each task that can be claimed, without asking the database by turns. Floor 3.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use entities::audit::{AuditAction, AuditEntity};
use entities::id::AgentId;
use entities::task::{self, TaskStatus};
use futures::StreamExt;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::{Notify, watch};

use super::super::super::{Service, duty, task_type as types};
use crate::auth::sight::{TaskSight, could_claim};
use crate::error::{Error, Result};
use crate::store::feed::{Event, FeedEnd, Subject};
use crate::store::task_sights;

/// Between two looks at what has become claimable by the passing of time: the end of a backoff, a start that was not made.
const LOOK: Duration = Duration::from_millis(500);
/// How many such tasks one look finds; more are found by the next.
const LOOKED_AT: u64 = 500;

/// For what a claimer is called: a task that it could claim, or that something about itself has changed.
#[derive(Debug, Clone)]
pub struct Call(Option<Arc<TaskSight>>);

/// Everybody who waits in this process; clones share it.
#[derive(Debug, Clone, Default)]
pub struct WaitingRoom {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    seats: BTreeMap<u64, Waiting>,
    /// Who waits for tasks of a type, the longest waiting first.
    by_type: HashMap<String, BTreeSet<u64>>,
    next: u64,
    closed: bool,
}

#[derive(Debug)]
struct Waiting {
    agent: AgentId,
    types: Vec<String>,
    call: Option<Call>,
    bell: Arc<Notify>,
}

/// A claimer's place; leaving it passes an unanswered call on.
#[derive(Debug)]
pub(super) struct Seat {
    room: WaitingRoom,
    number: u64,
    bell: Arc<Notify>,
}

impl WaitingRoom {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.inner().seats.len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a place. LIMIT_EXCEEDED where the agent has as many as it may.
    pub(super) fn sit(&self, agent: &AgentId, types: Vec<String>, limit: u64) -> Result<Seat> {
        let bell = Arc::new(Notify::new());
        let mut inner = self.inner();
        let present = inner.seats.values().filter(|one| one.agent == *agent);
        let present = u64::try_from(present.count()).unwrap_or(u64::MAX);
        if present >= limit {
            return Err(Error::LimitExceeded {
                limit: "claims of an agent that wait at once",
                value: limit,
                requested: present + 1,
            });
        }
        let number = inner.next;
        inner.next += 1;
        for name in &types {
            inner
                .by_type
                .entry(name.clone())
                .or_default()
                .insert(number);
        }
        let waiting = Waiting {
            agent: agent.clone(),
            types,
            call: None,
            bell: bell.clone(),
        };
        inner.seats.insert(number, waiting);
        drop(inner);
        Ok(Seat {
            room: self.clone(),
            number,
            bell,
        })
    }

    /// Calls for a task whoever waits longest of those who could claim it and were not called yet.
    fn call_for(&self, service: &Service, sight: Arc<TaskSight>) {
        let fleet = service.feed.fleet();
        let mut inner = self.inner();
        let could = |one: &Waiting| {
            one.call.is_none() && could_claim(&fleet, service.settings.reach, &one.agent, &sight)
        };
        let waiting = inner.by_type.get(&sight.type_name);
        let first = waiting.and_then(|seats| {
            seats
                .iter()
                .find(|seat| inner.seats.get(seat).is_some_and(could))
                .copied()
        });
        if let Some(one) = first.and_then(|seat| inner.seats.get_mut(&seat)) {
            one.call = Some(Call(Some(sight)));
            one.bell.notify_one();
        }
    }

    /// Calls for what a call was for somebody else.
    pub(super) fn pass_on(&self, call: Option<Call>) {
        let Some(Call(Some(sight))) = call else {
            return;
        };
        // Whether it could claim it, it finds out by trying.
        let mut inner = self.inner();
        let waiting = inner.by_type.get(&sight.type_name);
        let first = waiting.and_then(|seats| {
            let free = |seat: &&u64| inner.seats.get(seat).is_some_and(|one| one.call.is_none());
            seats.iter().find(free).copied()
        });
        if let Some(one) = first.and_then(|seat| inner.seats.get_mut(&seat)) {
            one.call = Some(Call(Some(sight)));
            one.bell.notify_one();
        }
    }

    /// Calls all of an agent: its row or its sessions have changed.
    fn call_agent(&self, agent: &AgentId) {
        self.call_all(|one| one.agent == *agent);
    }

    fn call_all(&self, whom: impl Fn(&Waiting) -> bool) {
        for one in self.inner().seats.values_mut().filter(|one| whom(one)) {
            one.call.get_or_insert(Call(None));
            one.bell.notify_one();
        }
    }

    /// Sends everybody home: the server drains.
    fn close(&self) {
        self.inner().closed = true;
        self.call_all(|_| true);
    }
}

impl Seat {
    /// Takes the call, if there is one, as an attempt to claim begins.
    pub(super) fn answer(&mut self) -> Option<Call> {
        let mut inner = self.room.inner();
        inner.seats.get_mut(&self.number)?.call.take()
    }

    /// Waits for a call; false where there will be none.
    pub(super) async fn called(&self) -> bool {
        if !self.room.inner().closed {
            self.bell.notified().await;
        }
        !self.room.inner().closed
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut inner = self.room.inner();
        let Some(left) = inner.seats.remove(&self.number) else {
            return;
        };
        for name in &left.types {
            if let Some(seats) = inner.by_type.get_mut(name) {
                seats.remove(&self.number);
                if seats.is_empty() {
                    inner.by_type.remove(name);
                }
            }
        }
        drop(inner);
        self.room.pass_on(left.call);
    }
}

/// Calls those who wait, by the feed, until `shutdown` turns true; then sends them home.
pub async fn serve_claimers(service: Service, mut shutdown: watch::Receiver<bool>) {
    let mut looked = service.db.clock().now();
    'following: loop {
        let events = service.feed.follow(None);
        futures::pin_mut!(events);
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(Ok(event)) => hear(&service, &event).await,
                    Some(Err(FeedEnd::Draining)) | None => break 'following,
                    // What was missed meanwhile, everybody finds by looking.
                    Some(Err(FeedEnd::Lagging | FeedEnd::Unavailable)) => {
                        service.claimers.call_all(|_| true);
                        continue 'following;
                    }
                },
                _ = looks.tick() => look(&service, &mut looked).await,
                () = duty::turned(&mut shutdown) => break 'following,
            }
        }
    }
    service.claimers.close();
}

async fn hear(service: &Service, event: &Event) {
    if service.claimers.is_empty() {
        return;
    }
    if is_progress_of_sprint(event) {
        call_for_wave(service, event).await;
    }
    match &event.subject {
        Subject::Task { task, sight } => {
            if task.is_claimable(service.db.clock().now()) {
                service.claimers.call_for(service, sight.clone());
            }
            if task.status != TaskStatus::InProgress && is_limited(service, task).await {
                call_for_next_of(service, &task.type_name).await;
            }
        }
        Subject::Agent(agent) => service.claimers.call_agent(&agent.id),
        Subject::Nothing => {
            let ended = matches!(
                event.entry.action,
                AuditAction::SessionRevoked | AuditAction::SessionExpired
            );
            if ended && event.entry.entity_type == AuditEntity::Session {
                let metadata = event.entry.metadata.value();
                let agent = metadata["agentId"].as_str().and_then(|id| id.parse().ok());
                agent.iter().for_each(|id| service.claimers.call_agent(id));
            }
        }
    }
}

/// Whether the number of tasks of its type is limited, so that the end of one makes room for another.
async fn is_limited(service: &Service, task: &task::Model) -> bool {
    let terms = types::terms(service, &service.db, task).await;
    terms.is_ok_and(|terms| terms.max_concurrent.is_some())
}

/// Whether a wave may have begun by this: its tasks can be claimed without an entry of their own.
fn is_progress_of_sprint(event: &Event) -> bool {
    matches!(
        event.entry.action,
        AuditAction::WorkflowStarted | AuditAction::WorkflowPhaseAdvanced
    )
}

/// The tasks of a sprint that can be claimed: as many as one look finds, and no more than wait.
async fn call_for_wave(service: &Service, event: &Event) {
    let Some(sprint) = &event.sprint else {
        return;
    };
    let waiting = u64::try_from(service.claimers.len()).unwrap_or(LOOKED_AT);
    let open = task::Entity::find()
        .filter(task::Column::SprintId.eq(sprint.id))
        .filter(task::Column::Status.eq(TaskStatus::Pending))
        .filter(task::Column::ClaimableAt.lte(service.db.clock().now()))
        .order_by_asc(task::Column::Id)
        .limit(waiting.min(LOOKED_AT))
        .all(&service.db)
        .await;
    call_for_all(service, open).await;
}

/// There is room for one more of a type.
async fn call_for_next_of(service: &Service, type_name: &str) {
    let next = task::Entity::find()
        .filter(task::Column::TypeName.eq(type_name))
        .filter(task::Column::ClaimableAt.lte(service.db.clock().now()))
        .order_by_desc(task::Column::Priority)
        .order_by_asc(task::Column::CreatedAt)
        .order_by_asc(task::Column::Id)
        .limit(1)
        .all(&service.db)
        .await;
    call_for_all(service, next).await;
}

/// Calls for what has become claimable since the last look.
async fn look(service: &Service, looked: &mut DateTime<Utc>) {
    let since = *looked;
    let now = service.db.clock().now();
    if service.claimers.is_empty() {
        *looked = now;
        return;
    }
    let ripe = task::Entity::find()
        // The words stand in the statement itself: only so is the partial index of what ripens used.
        .filter(Expr::cust("tasks.status IN ('ASSIGNED', 'FAILED')"))
        .filter(task::Column::ClaimableAt.gt(since))
        .filter(task::Column::ClaimableAt.lte(now))
        .order_by_asc(task::Column::ClaimableAt)
        .limit(LOOKED_AT)
        .all(&service.db)
        .await;
    *looked = match &ripe {
        Ok(ripe) if ripe.len() as u64 >= LOOKED_AT => ripe
            .last()
            .and_then(|task| task.claimable_at)
            .unwrap_or(now),
        Ok(_) => now,
        Err(_) => since,
    };
    call_for_all(service, ripe).await;
}

async fn call_for_all(service: &Service, tasks: Result<Vec<task::Model>, sea_orm::DbErr>) {
    let sights = match tasks {
        Ok(tasks) => task_sights(&service.db, &tasks).await,
        Err(error) => Err(error),
    };
    match sights {
        Ok(sights) => sights
            .into_iter()
            .for_each(|sight| service.claimers.call_for(service, Arc::new(sight))),
        Err(error) => {
            tracing::warn!(%error, "those who wait for tasks cannot be called at the moment");
        }
    }
}
