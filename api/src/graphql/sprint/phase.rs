//! Phases and waves. Floor 4.

use std::sync::Arc;

use async_graphql::{Context, Object};
use entities::sprint::{self, Phase, PhaseKind, StageStatus, Wave};
use entities::task;

use super::{Sprint, tally};
use crate::error::Error;
use crate::graphql::error::Refusal;
use crate::graphql::gate_run::GateRun;
use crate::graphql::page::{self, Connection, count};
use crate::graphql::request::Asked;
use crate::graphql::scalar::{Cursor, DateTime};
use crate::graphql::task::Task;
use crate::service::page::Page;
use crate::service::sprint::WaveKey;

/// A phase of a sprint that the caller may see.
#[derive(Debug, Clone)]
pub struct SprintPhase {
    sprint: Arc<sprint::Model>,
    index: usize,
    phase: Phase,
}

impl SprintPhase {
    pub(super) fn of(sprint: &Arc<sprint::Model>, index: usize) -> Option<Self> {
        Some(Self {
            phase: sprint.phases.0.get(index)?.clone(),
            sprint: sprint.clone(),
            index,
        })
    }
}

fn number(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}

/// A phase: waves, one after the other.
#[Object]
impl SprintPhase {
    /// The sprint that it is part of.
    async fn sprint(&self) -> Sprint {
        self.sprint.clone().into()
    }

    /// Its place among the phases, counted from 0.
    async fn index(&self) -> i32 {
        number(self.index)
    }

    /// What it is for. QUALITY_GATES ends with a gate run of this sprint at 5/5, DOCUMENTATION when evidence is attached.
    async fn kind(&self) -> PhaseKind {
        self.phase.kind
    }

    /// Its share of the sprint, in percent.
    async fn weight(&self) -> i32 {
        self.phase.weight.into()
    }

    /// Where it stands.
    async fn status(&self) -> StageStatus {
        self.phase.status
    }

    /// 0 to 100: the share of its finished tasks.
    async fn progress(&self, ctx: &Context<'_>) -> Result<f64, Refusal> {
        let tally = tally(ctx, &self.sprint).await?;
        Ok(self.sprint.phase_progress(self.index, &tally))
    }

    /// Its waves, in order.
    async fn waves(&self) -> Vec<SprintWave> {
        let wave = |(index, wave): (usize, &Wave)| SprintWave {
            sprint: self.sprint.clone(),
            phase: self.index,
            index,
            wave: wave.clone(),
        };
        self.phase.waves.iter().enumerate().map(wave).collect()
    }

    /// When the last of its waves was done: a gate run that ends it began later.
    async fn waves_ended_at(&self) -> Option<DateTime> {
        self.phase.waves_ended_at.map(Into::into)
    }

    /// Links and ids of assets that show what was done.
    async fn evidence(&self) -> &[String] {
        &self.phase.evidence
    }

    /// The gate run that ended it; null for who may not see gate runs.
    async fn gate_run(&self, ctx: &Context<'_>) -> Result<Option<GateRun>, Refusal> {
        match self.phase.gate_run_id {
            Some(id) => Ok(ctx.reader().load_one(id).await?),
            None => Ok(None),
        }
    }
}

/// A wave of a sprint that the caller may see.
#[derive(Debug, Clone)]
pub struct SprintWave {
    sprint: Arc<sprint::Model>,
    phase: usize,
    index: usize,
    wave: Wave,
}

/// A wave: tasks that are done in parallel. The next one begins when all of them are done.
#[Object]
impl SprintWave {
    /// Its place among the waves of its phase, counted from 0.
    async fn index(&self) -> i32 {
        number(self.index)
    }

    /// Where it stands.
    async fn status(&self) -> StageStatus {
        self.wave.status
    }

    /// How many tasks it has; those of a draft are planned, and made when it is started.
    async fn task_count(&self) -> i32 {
        count(self.wave.tasks.into())
    }

    /// When its tasks could first be worked on.
    async fn begun_at(&self) -> Option<DateTime> {
        self.wave.begun_at.map(Into::into)
    }

    /// Its tasks as far as the caller may see them, in the order of the plan.
    async fn tasks(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many at most.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<Cursor>,
    ) -> Result<Connection<Task>, Refusal> {
        let key = WaveKey {
            sprint: self.sprint.clone(),
            phase: i16::try_from(self.phase).map_err(Error::internal)?,
            wave: i16::try_from(self.index).map_err(Error::internal)?,
            request: page::request(ctx, first, after)?,
        };
        let found = ctx.reader().load_one(key).await?;
        let found = found.ok_or_else(|| Error::internal("a wave has no page"))?;
        Ok(Connection::of(Page::<task::Model>::clone(&found)))
    }
}
