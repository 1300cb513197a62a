//! What happens to sprints, live. Floor 4.

use async_graphql::{Context, Object};
use entities::audit::AuditAction;
use entities::sprint::SprintStatus;

use super::Sprint;
use crate::graphql::agent::Agent;
use crate::graphql::error::Refusal;
use crate::graphql::scalar::{Cursor, DateTime};
use crate::service::live::SprintUpdate;

/// Something that happened to a sprint.
pub struct SprintEvent(SprintUpdate);

impl From<SprintUpdate> for SprintEvent {
    fn from(update: SprintUpdate) -> Self {
        Self(update)
    }
}

/// Something that happened to a sprint, or that moved a task of it. The sprint is as it is now; the statuses are the event's.
#[Object]
impl SprintEvent {
    /// Where to resume: the stream goes on after it when this is given as `after`.
    async fn cursor(&self) -> Cursor {
        Cursor(self.0.cursor.clone())
    }

    /// What happened: to the sprint, or to a task of it.
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

    /// Where the sprint stood before; null for one that was made by this, and where a task moved.
    async fn from_status(&self) -> Option<SprintStatus> {
        self.0.from
    }

    /// Where it stood after; null where it stood still.
    async fn to_status(&self) -> Option<SprintStatus> {
        self.0.to
    }

    /// The sprint as it is now.
    async fn sprint(&self) -> Sprint {
        self.0.sprint.clone().into()
    }
}
