//! Live updates: the sequenced log as streams. Floor 4.

use async_graphql::{Context, ID, Object, Subscription};
use entities::agent::{AgentPermission, AgentStatus};
use entities::audit::AuditAction;
use entities::task::TaskStatus;
use futures::{Stream, StreamExt};

use super::agent::Agent;
use super::audit::{AuditEntry, AuditFilter};
use super::directive::{authenticated, permission};
use super::error::Refusal;
use super::guard::Allow;
use super::notification::NotificationEvent;
use super::request::Asked;
use super::scalar::{Cursor, DateTime};
use super::sprint::SprintEvent;
use super::task::{Task, TaskFilter};
use crate::auth::policy::Operation;
use crate::error::Error;
use crate::service::live::{self, AgentUpdate, AuditUpdate, Progress, Since, TaskUpdate};
use crate::service::page;

/// Something that happened to a task.
pub struct TaskEvent(TaskUpdate);

/// Something that happened to a task. The task is as it is now; the statuses are the event's.
#[Object]
impl TaskEvent {
    /// Where to resume: the stream goes on after it when this is given as `after`.
    async fn cursor(&self) -> Cursor {
        Cursor(self.0.cursor.clone())
    }

    /// What happened.
    async fn action(&self) -> AuditAction {
        self.0.entry.action
    }

    /// When.
    async fn at(&self) -> DateTime {
        self.0.entry.created_at.into()
    }

    /// Who did it.
    async fn actor(&self, ctx: &Context<'_>) -> Result<Option<Agent>, Refusal> {
        Agent::load_some(ctx, self.0.entry.actor_id.as_ref()).await
    }

    /// Where the task stood before; null for one that was made by this.
    async fn from_status(&self) -> Option<TaskStatus> {
        self.0.from
    }

    /// Where it stood after; null where the event moved nothing.
    async fn to_status(&self) -> Option<TaskStatus> {
        self.0.to
    }

    /// The task as it is now.
    async fn task(&self) -> Task {
        Task(self.0.task.clone())
    }
}

/// Something that happened to an agent.
pub struct AgentEvent(AgentUpdate);

/// Something that happened to an agent. The agent is as it is now; the statuses are the event's. Statuses that follow from what an agent
/// does (ACTIVE, IDLE, PROCESSING) make no event of their own.
#[Object]
impl AgentEvent {
    /// Where to resume: the stream goes on after it when this is given as `after`.
    async fn cursor(&self) -> Cursor {
        Cursor(self.0.cursor.clone())
    }

    /// What happened.
    async fn action(&self) -> AuditAction {
        self.0.entry.action
    }

    /// When.
    async fn at(&self) -> DateTime {
        self.0.entry.created_at.into()
    }

    /// Who did it.
    async fn actor(&self, ctx: &Context<'_>) -> Result<Option<Agent>, Refusal> {
        Agent::load_some(ctx, self.0.entry.actor_id.as_ref()).await
    }

    /// The status before, where the event changed what is stored of it.
    async fn from_status(&self) -> Option<AgentStatus> {
        self.0.from
    }

    /// The status after, likewise.
    async fn to_status(&self) -> Option<AgentStatus> {
        self.0.to
    }

    /// The agent as it is now.
    async fn agent(&self) -> Agent {
        Agent(self.0.agent.clone())
    }
}

/// An entry of the audit log that was sequenced.
pub struct AuditEvent(AuditUpdate);

/// An entry of the audit log that was sequenced.
#[Object]
impl AuditEvent {
    /// Where to resume: the stream goes on after it when this is given as `after`.
    async fn cursor(&self) -> Cursor {
        Cursor(self.0.cursor.clone())
    }

    /// The entry.
    async fn entry(&self) -> AuditEntry {
        self.0.record.clone().into()
    }
}

/// Where the log had settled when a subscription arrived, put into its request by the edge: what was acknowledged before is not shown. A
/// client that has been answered since, by a pong or by anything else, knows that it misses nothing from then on.
#[derive(Debug, Clone, Copy)]
pub struct ArrivedAt(pub i64);

/// Where a client stood that comes back, put into its request by the edge: the cursor that a header names.
#[derive(Debug, Clone)]
pub struct LastSeen(pub page::Cursor);

/// The argument and the header say the same thing in two places. Where they differ nobody knows which of the two is meant.
fn since(ctx: &Context<'_>, after: Option<Cursor>) -> Result<Since, Refusal> {
    let last_seen = ctx.data_opt::<LastSeen>().map(|LastSeen(cursor)| cursor);
    let after = match (after.map(page::Cursor::from), last_seen) {
        (Some(after), Some(last_seen)) if after != *last_seen => {
            let why = "and the header Last-Event-ID name two places: give one of them";
            return Err(Error::bad_input("after", "lastEventId", why).into());
        }
        (after, last_seen) => after.or_else(|| last_seen.cloned()),
    };
    Ok(Since {
        after,
        arrived_at: ctx.data_opt().map(|ArrivedAt(settled)| *settled),
        progress: ctx.data_opt::<Progress>().cloned().unwrap_or_default(),
    })
}

/// What can be followed as it happens. Whether the caller may see an event is decided when it is sent; a stream ends when the session
/// does.
#[derive(Default)]
pub struct Subscription;

/// What can be followed as it happens. Whether the caller may see an event is decided when it is sent; a stream ends when the session
/// does.
#[Subscription(guard = "crate::graphql::guard::Closed")]
impl Subscription {
    /// What happens to a task, or to all tasks that the caller may see.
    #[graphql(guard = "Allow(Operation::TaskUpdates)", directive = authenticated::apply())]
    async fn task_updates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "This task only.")] task_id: Option<ID>,
        #[graphql(desc = "Tasks that are like this after the event.")] filter: Option<TaskFilter>,
        #[graphql(desc = "First what was missed since this cursor; from now on when left out.")]
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Result<TaskEvent, Refusal>> + use<>, Refusal> {
        let (service, caller) = (ctx.service(), ctx.caller());
        let filter = filter.unwrap_or_default().into();
        let task_id = task_id.map(Into::into);
        let updates =
            live::task_updates(service, caller, task_id, filter, &since(ctx, after)?).await?;
        Ok(updates.map(|update| Ok(TaskEvent(update?))))
    }

    /// What happens to an agent, or to all agents.
    #[graphql(guard = "Allow(Operation::AgentUpdates)", directive = authenticated::apply())]
    async fn agent_updates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "This agent only.")] agent_id: Option<ID>,
        #[graphql(desc = "First what was missed since this cursor; from now on when left out.")]
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Result<AgentEvent, Refusal>> + use<>, Refusal> {
        let agent_id = agent_id.map(Into::into);
        let updates = live::agent_updates(ctx.service(), agent_id, &since(ctx, after)?).await?;
        Ok(updates.map(|update| Ok(AgentEvent(update?))))
    }

    /// What the caller is told, and nobody else.
    #[graphql(guard = "Allow(Operation::NotificationReceived)", directive = authenticated::apply())]
    async fn notification_received(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "First what was missed since this cursor; from now on when left out.")]
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Result<NotificationEvent, Refusal>> + use<>, Refusal> {
        let (service, caller) = (ctx.service(), ctx.caller());
        let updates = live::notifications(service, caller, &since(ctx, after)?).await?;
        Ok(updates.map(|update| Ok(NotificationEvent::from(update?))))
    }

    /// What happens to a sprint and to its tasks: its progress.
    #[graphql(guard = "Allow(Operation::SprintUpdates)", directive = authenticated::apply())]
    async fn sprint_updates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which sprint.")] sprint_id: ID,
        #[graphql(desc = "First what was missed since this cursor; from now on when left out.")]
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Result<SprintEvent, Refusal>> + use<>, Refusal> {
        let (service, caller) = (ctx.service(), ctx.caller());
        let since = since(ctx, after)?;
        let updates = live::sprint_updates(service, caller, &sprint_id, &since).await?;
        Ok(updates.map(|update| Ok(SprintEvent::from(update?))))
    }

    /// The audit log as it is sequenced, or part of it.
    #[graphql(guard = "Allow(Operation::AuditStream)", directive = permission::apply(AgentPermission::AccessAuditLogs))]
    async fn audit_stream(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which entries.")] filter: Option<AuditFilter>,
        #[graphql(desc = "First what was missed since this cursor; from now on when left out.")]
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Result<AuditEvent, Refusal>> + use<>, Refusal> {
        let (service, caller) = (ctx.service(), ctx.caller());
        let filter = filter.unwrap_or_default().into();
        let updates = live::audit(service, caller, &filter, &since(ctx, after)?).await?;
        Ok(updates.map(|update| Ok(AuditEvent(update?))))
    }
}
