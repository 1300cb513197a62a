//! How a sprint goes on: one pure function from what is to what follows next (spec R7.02, R7.03). Floor 0.
//!
//! Nothing here knows of databases: the engine reads what is asked for, takes the one step that this gives, and asks again.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Model, Phase, PhaseKind, SprintStatus, StageStatus, Wave};
use crate::id::GateRunId;
use crate::task::TaskStatus;

/// How many tasks of a wave stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// COMPLETED, or accepted by an L1.
    pub finished: u64,
    /// Failed for good or cancelled, and not accepted.
    pub broken: u64,
    /// All others.
    pub open: u64,
}

/// How the tasks of a sprint stand, by phase and wave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<(usize, usize), Standing>);

impl Tally {
    /// Counts tasks that stand so. `claimable`: whether policy lets somebody take them up again.
    pub fn count(
        &mut self,
        (phase, wave): (usize, usize),
        status: TaskStatus,
        accepted: bool,
        claimable: bool,
        tasks: u64,
    ) {
        let standing = self.0.entry((phase, wave)).or_default();
        match status {
            _ if accepted => standing.finished += tasks,
            TaskStatus::Completed => standing.finished += tasks,
            TaskStatus::Cancelled => standing.broken += tasks,
            TaskStatus::Failed if !claimable => standing.broken += tasks,
            _ => standing.open += tasks,
        }
    }

    /// How the tasks of a wave stand.
    pub fn of(&self, phase: usize, wave: usize) -> Standing {
        self.0.get(&(phase, wave)).copied().unwrap_or_default()
    }

    fn finished_in(&self, phase: usize) -> u64 {
        self.0
            .range((phase, 0)..=(phase, usize::MAX))
            .map(|(_, standing)| standing.finished)
            .sum()
    }
}

/// What follows next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The sprint afterwards. Its revision is left to whoever writes it.
    pub after: Model,
    /// What it was.
    pub kind: StepKind,
    /// The wave whose tasks can be worked on from now on: phase and place in it.
    pub begins: Option<(usize, usize)>,
}

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// A wave or phase began or ended.
    Advanced,
    /// The last phase ended.
    Completed,
    /// A task failed for good or was cancelled.
    Failed,
    /// Nothing stands in the way any more.
    Resumed,
}

impl Model {
    /// The sprint as it is begun: its first phase runs, and the phase's first wave.
    pub fn begun(&self, now: DateTime<Utc>) -> Step {
        let mut after = self.clone();
        after.status = SprintStatus::Running;
        after.started_at = Some(now);
        let begins = after.enter(0, now);
        Step {
            after,
            kind: StepKind::Advanced,
            begins,
        }
    }

    /// The sprint given up: what was not done is cancelled.
    pub fn cancelled(&self, reason: &str, now: DateTime<Utc>) -> Self {
        let mut after = self.clone();
        after.status = SprintStatus::Cancelled;
        after.finished_at = Some(now);
        after.reason = Some(reason.to_owned());
        after.plan_sha256 = None;
        let end = |status: &mut StageStatus| {
            if *status != StageStatus::Completed {
                *status = StageStatus::Cancelled;
            }
        };
        for phase in &mut after.phases.0 {
            end(&mut phase.status);
            phase
                .waves
                .iter_mut()
                .for_each(|wave| end(&mut wave.status));
        }
        after
    }

    /// The one step that follows from how its tasks stand, if one does. `gate_run` is the run that may end a QUALITY_GATES phase whose waves
    /// ended at the moment that it is asked with.
    pub fn step(
        &self,
        tally: &Tally,
        gate_run: impl FnOnce(DateTime<Utc>) -> Option<GateRunId>,
        now: DateTime<Utc>,
    ) -> Option<Step> {
        if !self.status.is_under_way() {
            return None;
        }
        self.judged(tally)
            .or_else(|| self.advanced(tally, gate_run, now))
    }

    /// The moment since which a gate run is waited for: the waves of the present phase have ended, and it is one of QUALITY_GATES.
    pub fn awaits_gates_since(&self) -> Option<DateTime<Utc>> {
        let (_, phase) = self.present()?;
        (self.status == SprintStatus::Running && phase.kind == PhaseKind::QualityGates)
            .then_some(phase.waves_ended_at)
            .flatten()
    }

    /// 0 to 100: the weighted share of finished tasks. A phase without tasks counts nothing until it ends (spec R7.02).
    pub fn progress(&self, tally: &Tally) -> f64 {
        let weighted = (0..self.phases.0.len()).map(|index| {
            let weight = self.phases.0.get(index).map_or(0, |phase| phase.weight);
            f64::from(weight) * self.phase_progress(index, tally) / 100.0
        });
        weighted.sum::<f64>().clamp(0.0, 100.0)
    }

    /// 0 to 100: the share of finished tasks of one phase.
    pub fn phase_progress(&self, index: usize, tally: &Tally) -> f64 {
        let Some(phase) = self.phases.0.get(index) else {
            return 0.0;
        };
        let done = phase.status == StageStatus::Completed;
        match (phase.tasks(), done) {
            (_, true) => 100.0,
            (0, false) => 0.0,
            // Counts are far below 2^52.
            #[allow(clippy::cast_precision_loss)]
            (tasks, false) => {
                (tally.finished_in(index) as f64 * 100.0 / tasks as f64).clamp(0.0, 100.0)
            }
        }
    }

    /// The phase whose turn it is.
    fn present(&self) -> Option<(usize, &Phase)> {
        let mut phases = self.phases.0.iter().enumerate();
        phases.find(|(_, phase)| phase.status != StageStatus::Completed)
    }

    /// Waves, phases and the sprint by whether a task of theirs is broken: the step where that is not what they say.
    fn judged(&self, tally: &Tally) -> Option<Step> {
        let mut after = self.clone();
        let (mut broken, mut reached) = (false, true);
        for (index, phase) in after.phases.0.iter_mut().enumerate() {
            let mut of_phase = false;
            for (number, wave) in phase.waves.iter_mut().enumerate() {
                let of_wave = tally.of(index, number).broken > 0;
                of_phase |= of_wave;
                judge(&mut wave.status, of_wave, wave.begun_at.is_some());
            }
            judge(&mut phase.status, of_phase, reached);
            reached &= phase.status == StageStatus::Completed;
            broken |= of_phase;
        }
        after.status = match broken {
            true => SprintStatus::Failed,
            false => SprintStatus::Running,
        };
        if after == *self {
            return None;
        }
        let kind = match (self.status, after.status) {
            (SprintStatus::Running, SprintStatus::Failed) => StepKind::Failed,
            (SprintStatus::Failed, SprintStatus::Running) => StepKind::Resumed,
            _ => StepKind::Advanced,
        };
        Some(Step {
            after,
            kind,
            begins: None,
        })
    }

    fn advanced(
        &self,
        tally: &Tally,
        gate_run: impl FnOnce(DateTime<Utc>) -> Option<GateRunId>,
        now: DateTime<Utc>,
    ) -> Option<Step> {
        if self.status != SprintStatus::Running {
            return None;
        }
        let mut after = self.clone();
        let (index, present) = self.present()?;
        let phase = after.phases.0.get_mut(index)?;
        let running = |wave: &Wave| wave.status == StageStatus::Running;
        if let Some(number) = present.waves.iter().position(running) {
            if tally.of(index, number).open > 0 {
                return None;
            }
            phase.waves.get_mut(number)?.status = StageStatus::Completed;
            let begins = begin_wave(phase, number + 1, now).then_some((index, number + 1));
            if begins.is_none() {
                phase.waves_ended_at = Some(now);
            }
            return Some(Step {
                after,
                kind: StepKind::Advanced,
                begins,
            });
        }
        let waves_ended_at = present.waves_ended_at?;
        match present.kind {
            PhaseKind::QualityGates => phase.gate_run_id = Some(gate_run(waves_ended_at)?),
            PhaseKind::Documentation if present.evidence.is_empty() => return None,
            _ => {}
        }
        phase.status = StageStatus::Completed;
        let begins = after.enter(index + 1, now);
        let ended = index + 1 == after.phases.0.len();
        if ended {
            after.status = SprintStatus::Completed;
            after.finished_at = Some(now);
        }
        Some(Step {
            after,
            kind: if ended {
                StepKind::Completed
            } else {
                StepKind::Advanced
            },
            begins,
        })
    }

    /// Begins a phase, with its first wave; gives that wave.
    fn enter(&mut self, index: usize, now: DateTime<Utc>) -> Option<(usize, usize)> {
        let phase = self.phases.0.get_mut(index)?;
        phase.status = StageStatus::Running;
        if begin_wave(phase, 0, now) {
            return Some((index, 0));
        }
        phase.waves_ended_at = Some(now);
        None
    }
}

fn begin_wave(phase: &mut Phase, number: usize, now: DateTime<Utc>) -> bool {
    let Some(wave) = phase.waves.get_mut(number) else {
        return false;
    };
    wave.status = StageStatus::Running;
    wave.begun_at = Some(now);
    true
}

/// A stage by whether something of it is broken. What was done stays done.
fn judge(status: &mut StageStatus, broken: bool, begun: bool) {
    *status = match (*status, broken, begun) {
        (StageStatus::Completed | StageStatus::Cancelled, _, _) => *status,
        (_, true, _) => StageStatus::Failed,
        (StageStatus::Failed, false, true) => StageStatus::Running,
        (StageStatus::Failed, false, false) => StageStatus::Waiting,
        (other, false, _) => other,
    };
}
