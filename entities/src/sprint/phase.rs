//! Phases and waves, as a sprint's row keeps them. Floor 0.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{PhaseKind, StageStatus};
use crate::id::{GateRunId, TaskId};
use crate::stored_as_json_text;

/// The phases of a sprint, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phases(pub Vec<Phase>);
stored_as_json_text!(Phases);

/// One phase: waves, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Phase {
    /// What it is for, and so what it takes to end it.
    pub kind: PhaseKind,
    /// Its share of the sprint, in percent.
    pub weight: u8,
    /// Where it stands.
    pub status: StageStatus,
    /// Its waves, in order.
    pub waves: Vec<Wave>,
    /// When the last of its waves was done: a gate run that ends it began later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waves_ended_at: Option<DateTime<Utc>>,
    /// Links and ids of assets that show what was done, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// The gate run that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate_run_id: Option<GateRunId>,
}

/// One wave: tasks that run in parallel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wave {
    /// Where it stands.
    pub status: StageStatus,
    /// How many tasks it has.
    pub tasks: u32,
    /// When its tasks could first be worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_at: Option<DateTime<Utc>>,
    /// Its tasks that failed or were cancelled and that an L1 accepted so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<TaskId>,
}

impl Phase {
    /// A phase whose turn has not come, with so many tasks in each wave.
    pub fn waiting(kind: PhaseKind, weight: u8, tasks: impl IntoIterator<Item = u32>) -> Self {
        Self {
            kind,
            weight,
            status: StageStatus::Waiting,
            waves: tasks.into_iter().map(Wave::waiting).collect(),
            waves_ended_at: None,
            evidence: Vec::new(),
            gate_run_id: None,
        }
    }

    /// Whether its turn has come: it runs, or has run.
    pub fn has_begun(&self) -> bool {
        // One whose tasks are broken before its turn is FAILED, and has not begun.
        let begun = |wave: &Wave| wave.begun_at.is_some();
        self.waves_ended_at.is_some()
            || self.waves.iter().any(begun)
            || matches!(self.status, StageStatus::Running | StageStatus::Completed)
    }

    /// How many tasks its waves have.
    pub fn tasks(&self) -> u64 {
        self.waves.iter().map(|wave| u64::from(wave.tasks)).sum()
    }
}

impl Wave {
    /// A wave whose turn has not come.
    pub const fn waiting(tasks: u32) -> Self {
        Self {
            status: StageStatus::Waiting,
            tasks,
            begun_at: None,
            accepted: Vec::new(),
        }
    }
}
