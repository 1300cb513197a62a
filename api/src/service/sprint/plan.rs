//! What is planned of a sprint, and how it is kept until it begins. Floor 3.

use entities::json::{hex, sha256_hex};
use entities::sprint::{Phase, PhaseKind, Phases, StageStatus, Wave};
use rand::RngCore;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};

/// A phase as it is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedPhase {
    /// What it is for.
    pub kind: PhaseKind,
    /// Its share, in percent.
    pub weight: i32,
    /// Its waves, in order: tasks that run in parallel.
    pub waves: Vec<PlannedWave>,
}

/// A wave as it is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedWave {
    /// Its tasks.
    pub tasks: Vec<PlannedTask>,
}

/// A task as it is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedTask {
    /// Name of its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// By the type's input schema.
    pub input: Value,
    /// Who is to have it; whoever is capable may claim it when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<String>,
}

/// The waves of each phase, as the database keeps them while nothing is begun. The salt keeps the hash in the log from telling what is in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Plan {
    salt: String,
    pub(super) phases: Vec<Vec<PlannedWave>>,
}

impl Plan {
    pub(super) fn of(phases: Vec<Vec<PlannedWave>>) -> Self {
        let mut salt = [0; 16];
        rand::rng().fill_bytes(&mut salt);
        Self {
            salt: hex(&salt),
            phases,
        }
    }

    /// The text to keep, and its SHA-256.
    pub(super) fn written(&self) -> Result<(String, String)> {
        let text = serde_json::to_string(self).map_err(Error::internal)?;
        let hash = sha256_hex(text.as_bytes());
        Ok((text, hash))
    }

    /// Reads what was kept. INTERNAL where that is not what the sprint's row says.
    pub(super) fn read(text: &str, sha256: Option<&str>) -> Result<Self> {
        if Some(sha256_hex(text.as_bytes()).as_str()) != sha256 {
            return Err(Error::internal(
                "the plan of a sprint is not the one that its row names",
            ));
        }
        serde_json::from_str(text).map_err(Error::internal)
    }

    /// Every task with its phase and wave.
    pub(super) fn tasks(&self) -> impl Iterator<Item = (usize, usize, &PlannedTask)> {
        let phases = self.phases.iter().enumerate();
        phases.flat_map(|(phase, waves)| {
            let waves = waves.iter().enumerate();
            waves.flat_map(move |(number, wave)| {
                wave.tasks.iter().map(move |task| (phase, number, task))
            })
        })
    }
}

/// The phases of a sprint that has not begun.
pub(super) fn waiting(phases: &[PlannedPhase]) -> Phases {
    let phase = |phase: &PlannedPhase| Phase {
        kind: phase.kind,
        weight: u8::try_from(phase.weight).unwrap_or_default(),
        status: StageStatus::Waiting,
        waves: self::waves(&phase.waves),
        waves_ended_at: None,
        evidence: Vec::new(),
        gate_run_id: None,
    };
    Phases(phases.iter().map(phase).collect())
}

/// Waves that have not begun.
pub(super) fn waves(planned: &[PlannedWave]) -> Vec<Wave> {
    let wave = |wave: &PlannedWave| Wave::waiting(size(wave));
    planned.iter().map(wave).collect()
}

pub(super) fn size(wave: &PlannedWave) -> u32 {
    u32::try_from(wave.tasks.len()).unwrap_or(u32::MAX)
}
