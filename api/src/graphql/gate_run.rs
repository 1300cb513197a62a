//! Gate runs: what the quality gates said of a deployment. Floor 4.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};
use entities::agent::AgentTier;
use entities::gate_run::{self, GateStatus};

use super::directive::tier;
use super::error::Refusal;
use super::guard::Allow;
use super::page::{self, Connection};
use super::request::Asked;
use super::scalar::{Cursor, DateTime, Json, Long};
use super::sprint::Sprint;
use crate::auth::policy::Operation;
use crate::service;

/// A gate run, for who may see them.
#[derive(Debug, Clone)]
pub struct GateRun(Arc<gate_run::Model>);

impl From<gate_run::Model> for GateRun {
    fn from(row: gate_run::Model) -> Self {
        Self(Arc::new(row))
    }
}

/// What the quality gates said of a deployment, as a runner reported it.
#[Object]
impl GateRun {
    /// Its id.
    pub(super) async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// The sprint that it is for.
    async fn sprint(&self, ctx: &Context<'_>) -> Result<Option<Sprint>, Refusal> {
        match self.0.sprint_id {
            Some(id) => Ok(ctx.reader().load_one(id).await?),
            None => Ok(None),
        }
    }

    /// What was judged, as the runner says.
    async fn target(&self) -> &str {
        &self.0.target
    }

    /// Which installation was judged.
    async fn installation_id(&self) -> ID {
        ID(self.0.installation_id.to_string())
    }

    /// SHA-256 of the sources of the build that was judged.
    async fn build_hash(&self) -> &str {
        &self.0.build_hash
    }

    /// Whether that was this installation, and the build that took the report: only such a run ends a phase.
    async fn is_of_this_build(&self) -> bool {
        self.0.is_of_this_build
    }

    /// When it began, by the runner's clock.
    async fn started_at(&self) -> DateTime {
        self.0.started_at.into()
    }

    /// When it ended, likewise.
    async fn finished_at(&self) -> DateTime {
        self.0.finished_at.into()
    }

    /// PASSED where all five gates did, WARNING where none failed and none is missing, else FAILED.
    async fn status(&self) -> GateStatus {
        self.0.status
    }

    /// How many of the five passed: `5/5`.
    async fn rating(&self) -> &str {
        &self.0.rating
    }

    /// What each gate found, in their order.
    async fn gates(&self) -> Vec<GateResult> {
        self.0.gates.0.iter().cloned().map(GateResult).collect()
    }

    /// Who reported it.
    async fn creator(&self, ctx: &Context<'_>) -> Result<super::agent::Agent, Refusal> {
        super::agent::Agent::load(ctx, &self.0.creator_id).await
    }

    /// When it was reported.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }
}

/// What one gate found.
#[derive(Debug, Clone)]
pub struct GateResult(gate_run::GateResult);

/// What one gate found.
#[Object]
impl GateResult {
    /// Which gate: 1 agent state, 2 E2E pass rate, 3 API contract, 4 performance, 5 audit integrity.
    async fn gate(&self) -> i32 {
        self.0.gate.into()
    }

    /// What it is called.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it says.
    async fn status(&self) -> GateStatus {
        self.0.status
    }

    /// Its figures.
    async fn details(&self) -> Json {
        Json(self.0.details.clone())
    }

    /// How long it took, in milliseconds.
    async fn duration_ms(&self) -> Long {
        Long(self.0.duration_ms)
    }
}

/// What one gate found.
#[derive(Debug, InputObject)]
pub struct GateResultInput {
    /// Which gate: 1 to 5, each at most once.
    gate: i32,
    /// What it is called.
    name: String,
    /// What it says.
    status: GateStatus,
    /// Its figures: an object.
    details: Json,
    /// How long it took, in milliseconds.
    duration_ms: Long,
}

/// A gate run. Its status and rating are not given: they are computed.
#[derive(Debug, InputObject)]
pub struct RecordGateRunInput {
    /// The sprint that it is for.
    sprint_id: Option<ID>,
    /// What was judged: an address, mostly.
    target: String,
    /// Which installation was judged, as its `server` told.
    installation_id: ID,
    /// Which build was judged, likewise.
    build_hash: String,
    /// When it began.
    started_at: DateTime,
    /// When it ended.
    finished_at: DateTime,
    /// What the gates found; what is missing failed.
    gates: Vec<GateResultInput>,
}

/// What can be asked about gate runs.
#[derive(Default)]
pub struct GateRunQuery;

#[Object(guard = "crate::graphql::guard::Closed")]
impl GateRunQuery {
    /// Gate runs, the one recorded last first.
    #[graphql(guard = "Allow(Operation::GateRuns)", directive = tier::apply(AgentTier::L1))]
    async fn gate_runs(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many at most.")] first: Option<i32>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<Cursor>,
    ) -> Result<Connection<GateRun>, Refusal> {
        let page = page::request(ctx, first, after)?;
        let runs = service::gate_run::list(ctx.service(), &page).await?;
        Ok(Connection::of(runs))
    }
}

/// What can be done with gate runs.
#[derive(Default)]
pub struct GateRunMutation;

#[Object(guard = "crate::graphql::guard::Closed")]
impl GateRunMutation {
    /// Records a gate run. Status and rating are computed from the gates' results. One at 5/5 of this installation and build ends the
    /// QUALITY_GATES phase of its sprint, if it began after the phase's waves had ended.
    #[graphql(guard = "Allow(Operation::RecordGateRun)", directive = tier::apply(AgentTier::System))]
    async fn record_gate_run(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the gates found.")] input: RecordGateRunInput,
    ) -> Result<GateRun, Refusal> {
        let found = |gate: GateResultInput| service::gate_run::Found {
            gate: gate.gate,
            name: gate.name,
            status: gate.status,
            details: gate.details.0,
            duration_ms: gate.duration_ms.0,
        };
        let report = service::gate_run::Report {
            sprint_id: input.sprint_id.map(Into::into),
            target: input.target,
            installation_id: input.installation_id.into(),
            build_hash: input.build_hash,
            started_at: input.started_at.into(),
            finished_at: input.finished_at.into(),
            gates: input.gates.into_iter().map(found).collect(),
        };
        let run = service::gate_run::record(ctx.service(), ctx.caller(), report).await?;
        Ok(run.into())
    }
}
