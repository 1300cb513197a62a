//! What the rules say: a sprint told by what has happened to it, and workflows to tell of.

use entities::sprint::{PhaseKind, SprintStatus};
use entities::task::{self, TaskStatus};
use rand::Rng;
use rand::rngs::StdRng;

use super::super::{PlannedPhase, PlannedTask, drawing, wave};

/// What the rules say of one sprint, from what has happened to it: nothing of this is read from its row.
pub(super) struct Rules {
    pub(super) kinds: Vec<PhaseKind>,
    pub(super) weights: Vec<f64>,
    /// How many waves each phase has.
    pub(super) waves: Vec<usize>,
    /// The phase whose turn it is, and the wave in it.
    pub(super) at: (usize, usize),
    pub(super) evidence: Vec<bool>,
    /// A good run that began after the waves of the present phase had ended.
    pub(super) gates: bool,
    pub(super) cancelled: bool,
}

impl Rules {
    pub(super) fn new(planned: &[PlannedPhase]) -> Self {
        Self {
            kinds: planned.iter().map(|phase| phase.kind).collect(),
            weights: planned.iter().map(|phase| phase.weight.into()).collect(),
            waves: planned.iter().map(|phase| phase.waves.len()).collect(),
            at: (0, 0),
            evidence: vec![false; planned.len()],
            gates: false,
            cancelled: false,
        }
    }

    pub(super) fn over(&self) -> bool {
        self.at.0 == self.kinds.len()
    }

    /// Whether the waves of the present phase are done.
    pub(super) fn between(&self) -> bool {
        !self.over() && self.at.1 == self.waves[self.at.0]
    }

    pub(super) fn broken(&self, tasks: &[task::Model]) -> bool {
        tasks.iter().any(is_broken)
    }

    /// Goes on as far as the rules let it.
    pub(super) fn go_on(&mut self, tasks: &[task::Model]) {
        while !self.cancelled && !self.over() && !self.broken(tasks) {
            let (phase, wave) = self.at;
            if !self.between() {
                let mut of_wave = tasks
                    .iter()
                    .filter(|task| place(task) == Some((phase, wave)));
                if !of_wave.all(is_finished) {
                    return;
                }
                self.at.1 += 1;
                continue;
            }
            let ends = match self.kinds[phase] {
                PhaseKind::QualityGates => std::mem::take(&mut self.gates),
                PhaseKind::Documentation => self.evidence[phase],
                _ => true,
            };
            if !ends {
                return;
            }
            self.at = (phase + 1, 0);
        }
    }

    pub(super) fn status(&self, tasks: &[task::Model]) -> SprintStatus {
        match (self.cancelled, self.over(), self.broken(tasks)) {
            (true, _, _) => SprintStatus::Cancelled,
            (_, true, _) => SprintStatus::Completed,
            (_, _, true) => SprintStatus::Failed,
            _ => SprintStatus::Running,
        }
    }

    pub(super) fn progress(&self, tasks: &[task::Model]) -> f64 {
        let share = |phase: usize| {
            let of_phase: Vec<_> = tasks
                .iter()
                .filter(|task| place(task).is_some_and(|place| place.0 == phase))
                .collect();
            let finished = of_phase.iter().filter(|task| is_finished(task)).count();
            match of_phase.len() {
                _ if phase < self.at.0 => 1.0,
                0 => 0.0,
                all => finished as f64 / all as f64,
            }
        };
        let phases = 0..self.kinds.len();
        phases.map(|phase| self.weights[phase] * share(phase)).sum()
    }

    /// Whether the tasks of a wave may be worked on.
    pub(super) fn has_begun(&self, place: (usize, usize)) -> bool {
        place <= self.at
    }
}

pub(super) fn place(task: &task::Model) -> Option<(usize, usize)> {
    let index = |one: Option<i16>| one.and_then(|one| usize::try_from(one).ok());
    Some((index(task.phase)?, index(task.wave)?))
}

pub(super) fn is_finished(task: &task::Model) -> bool {
    task.status == TaskStatus::Completed || task.accepted
}

pub(super) fn is_broken(task: &task::Model) -> bool {
    let ended = task.status == TaskStatus::Cancelled || task.failed_for_good();
    place(task).is_some() && ended && !task.accepted
}

/// A workflow of some phases, waves and tasks, some of them for somebody.
pub(super) fn some_workflow(random: &mut StdRng) -> Vec<PlannedPhase> {
    let count = random.random_range(1..=4_usize);
    let mut left = 100;
    let phase = |index: usize| {
        let waves = random.random_range(0..=3_usize);
        let weight = match index + 1 == count {
            true => left,
            false => random.random_range(0..=left),
        };
        left -= weight;
        PlannedPhase {
            kind: PhaseKind::ALL[random.random_range(0..PhaseKind::ALL.len())],
            weight,
            waves: (0..waves)
                .map(|_| {
                    let mut wave = wave(random.random_range(1..=3));
                    if random.random_range(0..3) == 0 {
                        wave.tasks.push(PlannedTask {
                            assignee_id: Some("L2-CHAR-001".to_owned()),
                            ..drawing()
                        });
                    }
                    wave
                })
                .collect(),
        }
    };
    (0..count).map(phase).collect()
}
