//! Sprints: how they stand, phase by phase and wave by wave. Floor 4.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use entities::sprint::{self, SprintStatus};

mod change;
mod event;
mod phase;
mod query;

pub use change::SprintMutation;
pub use event::SprintEvent;
pub use phase::SprintPhase;
pub use query::SprintQuery;

use super::agent::Agent;
use super::error::Refusal;
use super::loader::Standing;
use super::request::Asked;
use super::scalar::DateTime;

/// A sprint that the caller may see.
#[derive(Debug, Clone)]
pub struct Sprint(Arc<sprint::Model>);

impl From<sprint::Model> for Sprint {
    fn from(row: sprint::Model) -> Self {
        Self(Arc::new(row))
    }
}

impl From<Arc<sprint::Model>> for Sprint {
    fn from(row: Arc<sprint::Model>) -> Self {
        Self(row)
    }
}

impl Sprint {
    /// One of its phases.
    pub(super) fn phase(&self, index: i16) -> Option<SprintPhase> {
        SprintPhase::of(&self.0, usize::try_from(index).ok()?)
    }
}

/// How the tasks of a sprint stand: one statement for all sprints of an answer.
async fn tally(
    ctx: &Context<'_>,
    sprint: &sprint::Model,
) -> Result<Arc<entities::sprint::Tally>, Refusal> {
    let found = ctx.reader().load_one(Standing(sprint.id)).await?;
    Ok(found.unwrap_or_default())
}

/// Phases of waves of tasks, which the server lets go on by itself.
#[Object]
impl Sprint {
    /// Its id.
    pub(super) async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The template that it was made from; null for a workflow of its own.
    async fn template(&self) -> Option<&str> {
        self.0.template.as_deref()
    }

    /// The L2 agent that it builds up.
    async fn lead(&self, ctx: &Context<'_>) -> Result<Agent, Refusal> {
        Agent::load(ctx, &self.0.lead_id).await
    }

    /// Who made it.
    async fn creator(&self, ctx: &Context<'_>) -> Result<Agent, Refusal> {
        Agent::load(ctx, &self.0.creator_id).await
    }

    /// Who started it: in whose name its tasks are made; null for a draft.
    async fn starter(&self, ctx: &Context<'_>) -> Result<Option<Agent>, Refusal> {
        Agent::load_some(ctx, self.0.starter_id.as_ref()).await
    }

    /// Where it stands.
    async fn status(&self) -> SprintStatus {
        self.0.status
    }

    /// Why it was cancelled.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// 0 to 100: the share of finished tasks, weighted by phase. A phase without tasks counts nothing until it ends.
    async fn progress(&self, ctx: &Context<'_>) -> Result<f64, Refusal> {
        Ok(self.0.progress(&*tally(ctx, &self.0).await?))
    }

    /// Its phases, in order.
    async fn phases(&self) -> Vec<SprintPhase> {
        let all = 0..self.0.phases.0.len();
        all.filter_map(|index| SprintPhase::of(&self.0, index))
            .collect()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it was started.
    async fn started_at(&self) -> Option<DateTime> {
        self.0.started_at.map(Into::into)
    }

    /// When it was completed or cancelled.
    async fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(Into::into)
    }
}
