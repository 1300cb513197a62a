//! Sprints: phases of waves of tasks (spec section 7). What they are made of is in [`phase`], how they go on in [`step`]. Floor 0.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde_json::json;

use crate::audit::AuditEntity;
use crate::audit::recorded::{Recorded, columns, optional_time, time};
use crate::id::{AgentId, SprintId};
use crate::json::JsonText;
use crate::{closed_word, stored_as_text};

pub mod phase;
pub mod plan;
pub mod step;

pub use phase::{Phase, Phases, Wave};
pub use step::{Step, Tally};

closed_word! {
    /// Where a sprint stands.
    pub enum SprintStatus {
        /// Made, not begun.
        Draft = "DRAFT",
        /// Going on.
        Running = "RUNNING",
        /// Every phase is done; terminal.
        Completed = "COMPLETED",
        /// A task failed for good or was cancelled: an L1 must decide.
        Failed = "FAILED",
        /// Given up; terminal.
        Cancelled = "CANCELLED",
    }
}
stored_as_text!(SprintStatus);

impl SprintStatus {
    /// Whether nothing can follow.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled)
    }

    /// Whether it has begun and not ended: its tasks are worked on, or wait for a decision.
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Running | Self::Failed)
    }
}

closed_word! {
    /// What a phase is for (spec R7.01). The order of the words is that of a sprint which builds up an agent.
    pub enum PhaseKind {
        /// Responsibilities, sub-agents needed, specification, assignment.
        Planning = "PLANNING",
        /// Records, endpoints, permissions, fixtures.
        Infrastructure = "INFRASTRUCTURE",
        /// The work itself.
        Implementation = "IMPLEMENTATION",
        /// Type checks, communication across agents, contract.
        Integration = "INTEGRATION",
        /// Each sub-agent, orchestration, communication, errors.
        E2eTesting = "E2E_TESTING",
        /// Ends with a gate run at 5/5.
        QualityGates = "QUALITY_GATES",
        /// Ends when its evidence is attached.
        Documentation = "DOCUMENTATION",
    }
}

impl PhaseKind {
    /// Its share of a sprint that builds up an agent, in percent (spec R7.01).
    pub const fn usual_weight(self) -> u8 {
        match self {
            Self::Planning | Self::QualityGates | Self::Documentation => 5,
            Self::Infrastructure | Self::E2eTesting => 10,
            Self::Implementation => 50,
            Self::Integration => 15,
        }
    }
}

closed_word! {
    /// Where a phase or a wave stands.
    pub enum StageStatus {
        /// Its turn has not come.
        Waiting = "WAITING",
        /// Its turn.
        Running = "RUNNING",
        /// Done.
        Completed = "COMPLETED",
        /// A task of it failed for good or was cancelled.
        Failed = "FAILED",
        /// Given up with its sprint.
        Cancelled = "CANCELLED",
    }
}

/// One sprint with its phases and waves. Its tasks are rows of their own; which of them are done is counted, not kept.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sprints")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SprintId,
    /// What people call it.
    pub name: String,
    /// The template that it was made from.
    pub template: Option<String>,
    /// The L2 agent that it builds up.
    pub lead_id: AgentId,
    /// Who made it.
    pub creator_id: AgentId,
    /// Who started it: in whose name its tasks are made.
    pub starter_id: Option<AgentId>,
    /// Where it stands.
    pub status: SprintStatus,
    /// Its phases, in order.
    pub phases: Phases,
    /// SHA-256 of what is planned while nothing of it is begun.
    pub plan_sha256: Option<String>,
    /// Why it was cancelled.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it was completed or cancelled.
    pub finished_at: Option<DateTime<Utc>>,
    /// Counts its changes: what compare-and-set compares.
    pub revision: i32,
}

impl ActiveModelBehavior for ActiveModel {}

/// Phases and waves are recorded one by one, so that a step writes down what it moved: `phase.2`, `phase.2.wave.0`; and each task that was
/// accepted although it failed: `accepted.task_…`. Evidence by the SHA-256 of its canonical JSON.
impl Recorded for Model {
    const ENTITY: AuditEntity = AuditEntity::Workflow;

    fn entity_id(&self) -> String {
        self.id.to_string()
    }

    fn recorded(&self) -> serde_json::Map<String, serde_json::Value> {
        let mut recorded = columns([
            ("name", json!(self.name)),
            ("template", json!(self.template)),
            ("leadId", json!(self.lead_id)),
            ("creatorId", json!(self.creator_id)),
            ("starterId", json!(self.starter_id)),
            ("status", json!(self.status)),
            ("planSha256", json!(self.plan_sha256)),
            ("reason", json!(self.reason)),
            ("createdAt", time(self.created_at)),
            ("startedAt", optional_time(self.started_at)),
            ("finishedAt", optional_time(self.finished_at)),
            ("revision", json!(self.revision)),
        ]);
        for (index, phase) in self.phases.0.iter().enumerate() {
            let evidence =
                (!phase.evidence.is_empty()).then(|| JsonText::of(&json!(phase.evidence)).sha256());
            let of_phase = columns([
                ("kind", json!(phase.kind)),
                ("weight", json!(phase.weight)),
                ("status", json!(phase.status)),
                ("wavesEndedAt", optional_time(phase.waves_ended_at)),
                ("evidenceSha256", json!(evidence)),
                ("gateRunId", json!(phase.gate_run_id)),
            ]);
            recorded.insert(format!("phase.{index}"), of_phase.into());
            for (number, wave) in phase.waves.iter().enumerate() {
                let of_wave = columns([
                    ("status", json!(wave.status)),
                    ("tasks", json!(wave.tasks)),
                    ("begunAt", optional_time(wave.begun_at)),
                ]);
                recorded.insert(format!("phase.{index}.wave.{number}"), of_wave.into());
                for task in &wave.accepted {
                    recorded.insert(format!("accepted.{task}"), json!(true));
                }
            }
        }
        recorded
    }
}
