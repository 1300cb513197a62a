//! Claiming: the next task that an agent can do, started and leased (spec R3.06). Floor 3.

use std::sync::Arc;
use std::time::Duration;

use entities::agent;
use entities::audit::AuditAction;
use entities::task::{self, TaskEvent, TaskStatus};
use tokio::time::Instant;

mod candidate;
mod room;

pub use room::{WaitingRoom, serve_claimers};

use super::super::{Service, task_type as types};
use super::load;
use crate::auth::actor::Caller;
use crate::auth::policy::Operation;
use crate::error::{Error, Fault, Result};
use crate::service::admission::Place;
use crate::store::{Transition, Tx};

/// What a claimer asks for.
#[derive(Debug, Clone, Default)]
pub struct Claim {
    /// Only tasks of these types; of all that the agent is capable of when left out.
    pub types: Option<Vec<String>>,
    /// How long to wait for one where there is none.
    pub wait: Duration,
    /// The place that it has among operations, which it gives up while it waits.
    pub place: Option<Place>,
}

/// The most types that a claim names.
const MAX_TYPES: usize = 64;

impl Claim {
    fn check(&self, service: &Service, agent: &agent::Model) -> Result<()> {
        let limit = service.settings.max_claim_wait;
        if self.wait > limit {
            return Err(Error::LimitExceeded {
                limit: "seconds to wait for a task",
                value: limit.as_secs(),
                requested: self.wait.as_secs(),
            });
        }
        let Some(types) = &self.types else {
            return Ok(());
        };
        let mut faults = Vec::new();
        if types.len() > MAX_TYPES {
            let message = format!("must be at most {MAX_TYPES}, are {}", types.len());
            faults.push(Fault::of("types", "maxItems", message));
        }
        for (index, name) in types.iter().take(MAX_TYPES).enumerate() {
            if !agent.capabilities.contains(name) {
                let name = types::shortened(name);
                let message = format!("{} is not capable of {name:?}", agent.id);
                faults.push(Fault::of(&format!("types/{index}"), "capability", message));
            }
        }
        if faults.is_empty() {
            return Ok(());
        }
        Err(Error::BadUserInput(faults))
    }

    /// The types that this agent could be given now, of those asked for.
    fn types(&self, agent: &agent::Model) -> Vec<String> {
        agent
            .capabilities
            .as_slice()
            .iter()
            .filter(|name| self.types.as_ref().is_none_or(|asked| asked.contains(name)))
            .cloned()
            .collect()
    }
}

/// The next task that the caller can do and may be given by its creator: the most urgent, then the oldest; never the same to two. None where
/// there is none within the time to wait.
///
/// # Errors
/// BAD_USER_INPUT for types that the caller is not capable of; LIMIT_EXCEEDED where it holds as much as it may, waits longer or more often
/// than it may; UNAUTHENTICATED where it is stopped or its session ends while it waits.
#[tracing::instrument(name = "task.claim", skip_all)]
pub async fn claim(
    service: &Service,
    caller: &Caller,
    claim: Claim,
) -> Result<Option<task::Model>> {
    service.allow(caller, Operation::ClaimTask)?;
    let agent = &caller.actor().ok_or(Error::Unauthenticated)?.agent;
    claim.check(service, agent)?;
    if claim.wait.is_zero() {
        return take_next(service, caller, &claim).await;
    }
    let until = Instant::now() + claim.wait;
    // Seated before the first look: what comes between the look and the wait is not missed.
    let mut seat = service.claimers.sit(
        &agent.id,
        claim.types(agent),
        service.settings.max_waiting_claims,
    )?;
    loop {
        let call = seat.answer();
        match take_next(service, caller, &claim).await {
            Ok(None) if Instant::now() < until => {}
            Ok(taken) => return Ok(taken),
            Err(error) => {
                // The task for which it was called is still there, for somebody else.
                service.claimers.pass_on(call);
                return Err(error);
            }
        }
        if let Some(place) = &claim.place {
            place.rest();
        }
        tokio::select! {
            going_on = seat.called() => if !going_on { return Ok(None) },
            () = tokio::time::sleep_until(until) => {}
        }
        if let Some(place) = &claim.place {
            place.resume().await?;
        }
    }
}

/// What one look came to.
enum Look {
    Taken(Box<task::Model>),
    Nothing,
    /// The type's limit was reached between looking and locking.
    Full(String),
}

async fn take_next(
    service: &Service,
    caller: &Caller,
    claim: &Claim,
) -> Result<Option<task::Model>> {
    let mut full = Vec::new();
    loop {
        let unit = async |tx: &mut Tx| take(service, tx, claim, &full).await;
        let look = service.perform(caller, Operation::ClaimTask, unit).await?;
        match look {
            Look::Taken(task) => return Ok(Some(*task)),
            Look::Nothing => return Ok(None),
            // Locks of types are held one at a time, so that no two claimers wait for each other: the next look is a unit of its own.
            Look::Full(name) => full.push(name),
        }
    }
}

async fn take(service: &Service, tx: &mut Tx, claim: &Claim, full: &[String]) -> Result<Look> {
    let actor = tx.actor()?.agent.clone();
    let mut types = claim.types(&actor);
    types.retain(|name| !full.contains(name));
    load::check_open_tasks(service, tx, &actor.id).await?;
    while !types.is_empty() {
        let Some(name) = candidate::best_type(service, tx, &actor, &types).await? else {
            return Ok(Look::Nothing);
        };
        let Some(task) = candidate::lock_next(service, tx, &actor, &name).await? else {
            // Others are taking all there is of it.
            types.retain(|one| *one != name);
            continue;
        };
        let terms = types::terms(service, tx, &task).await?;
        if let Some(limit) = terms.max_concurrent {
            if load::running(tx, &name).await? >= u64::try_from(limit).unwrap_or_default() {
                types.retain(|one| *one != name);
                continue;
            }
            match load::check_capacity(tx, &terms).await {
                Err(Error::Conflict { .. }) => return Ok(Look::Full(name)),
                other => other?,
            }
        }
        return Ok(Look::Taken(Box::new(
            begin(tx, task, &actor, &terms).await?,
        )));
    }
    Ok(Look::Nothing)
}

async fn begin(
    tx: &mut Tx,
    task: task::Model,
    actor: &Arc<agent::Model>,
    terms: &entities::task_type::Model,
) -> Result<task::Model> {
    let now = tx.now();
    let handed = match task.status {
        TaskStatus::Failed => TaskEvent::Retry,
        _ => TaskEvent::Assign,
    };
    let claimed = Transition::of(task, AuditAction::TaskClaimed)
        .step(handed)?
        .to(actor, terms, now)
        .step(TaskEvent::Start)?
        .begin(terms, now)
        .set(|task| {
            task.error = None;
            task.duration_ms = None;
        });
    Ok(tx.apply(claimed).await?.0)
}
