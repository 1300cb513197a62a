//! Random workflows with random outcomes against a model of the rules: no task begins before its wave, progress falls by audited changes
//! alone, the end is what the rules give, and the folded log gives the rows.

use std::collections::BTreeMap;

use entities::sprint::{Model, PhaseKind, StageStatus};
use entities::task::{self, TaskStatus};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use ziggie::error::Code;
use ziggie::service::{sprint, task as tasks};

mod rules;

use rules::{Rules, is_broken, place, some_workflow};

use super::{studio, wave};
use crate::task::Studio;
use crate::world::on_each_database;

/// How many sprints on each database, unless the environment says otherwise.
const SPRINTS: u64 = 25;
/// How many things happen to each before it is brought to its end.
const STEPS: usize = 45;

/// One sprint and what happens to it.
struct Story<'a> {
    studio: &'a Studio,
    random: StdRng,
    id: String,
    rules: Rules,
    /// The last progress that was seen.
    progress: f64,
}

impl Story<'_> {
    fn below(&mut self, count: usize) -> usize {
        self.random.random_range(0..count)
    }

    /// One of those that are so.
    fn one_of(&mut self, all: &[task::Model], so: impl Fn(&task::Model) -> bool) -> Option<String> {
        let so: Vec<_> = all.iter().filter(|task| so(task)).collect();
        match so.len() {
            0 => None,
            count => Some(so[self.below(count)].id.to_string()),
        }
    }

    /// Something happens. True where it may have added tasks, or taken some out.
    async fn happen(&mut self) -> bool {
        let (studio, service) = (self.studio, self.studio.service());
        let all = studio.tasks_of(&self.id).await;
        let (specialist, director) = (&studio.specialist, &studio.director);
        match self.below(20) {
            0..=9 => {
                if let Some(id) = self.one_of(&all, |task| task.status == TaskStatus::Assigned) {
                    tasks::start(service, specialist, &id).await.unwrap();
                    self.end(&id).await;
                } else {
                    let next = tasks::claim(service, specialist, tasks::Claim::default()).await;
                    if let Some(task) = next.unwrap() {
                        assert_eq!(task.sprint_id.unwrap().to_string(), self.id);
                        self.end(&task.id.to_string()).await;
                    }
                }
            }
            10 => {
                if let Some(id) = self.one_of(&all, |task| task.status == TaskStatus::Pending) {
                    tasks::cancel(service, director, &id, None).await.unwrap();
                }
            }
            11..=12 => {
                if let Some(id) = self.one_of(&all, is_broken) {
                    let reason = "it will do".to_owned();
                    let accepted = sprint::accept(service, director, &id, reason)
                        .await
                        .unwrap();
                    assert!(accepted.accepted);
                }
            }
            13 => {
                if let Some(id) = self.one_of(&all, |task| {
                    task.status == TaskStatus::Failed && !task.accepted
                }) {
                    let to = Some("L2-CHAR-001".to_owned());
                    tasks::retry(service, director, &id, to, None)
                        .await
                        .unwrap();
                }
            }
            14 => return self.change().await,
            15..=16 => {
                let phase = self.below(self.rules.kinds.len());
                if phase >= self.rules.at.0 {
                    let index = i32::try_from(phase).unwrap();
                    let link = vec!["https://studio.example/proof".to_owned()];
                    sprint::attach(service, specialist, &self.id, index, link)
                        .await
                        .unwrap();
                    self.rules.evidence[phase] = true;
                }
            }
            17..=18 => self.gates().await,
            _ => self.knock(&all).await,
        }
        false
    }

    /// A task in progress ends, well or not.
    async fn end(&mut self, id: &str) {
        let (service, by) = (self.studio.service(), &self.studio.specialist);
        let error = "no ink".to_owned();
        match self.below(6) {
            0 => drop(
                tasks::fail(service, by, id, None, error, false)
                    .await
                    .unwrap(),
            ),
            1 => drop(
                tasks::fail(service, by, id, None, error, true)
                    .await
                    .unwrap(),
            ),
            _ => drop(
                tasks::complete(service, by, id, None, Some(json!({})))
                    .await
                    .unwrap(),
            ),
        }
    }

    /// More tasks for a wave that waits, or other waves for a phase that does.
    async fn change(&mut self) -> bool {
        let phase = self.below(self.rules.kinds.len());
        let more = 1 + self.below(2);
        let (service, director) = (self.studio.service(), &self.studio.director);
        let index = i32::try_from(phase).unwrap();
        let waves = self.rules.waves[phase];
        if waves > 0 && self.below(2) == 0 {
            let at = self.below(waves);
            let number = Some(i32::try_from(at).unwrap());
            let changed =
                sprint::change(service, director, &self.id, index, number, vec![wave(more)]).await;
            let waits = !self.rules.has_begun((phase, at));
            assert_eq!(changed.is_ok(), waits, "{changed:?}");
            return waits;
        }
        let all = self.studio.tasks_of(&self.id).await;
        let mut of_phase = all
            .iter()
            .filter(|task| place(task).is_some_and(|at| at.0 == phase));
        let untouched = of_phase.all(|task| task.status == TaskStatus::Pending);
        let waves = (0..more).map(|_| wave(1)).collect();
        let changed = sprint::change(service, director, &self.id, index, None, waves).await;
        let waits = phase > self.rules.at.0 && untouched;
        assert_eq!(changed.is_ok(), waits, "{changed:?}");
        if waits {
            self.rules.waves[phase] = more;
        }
        waits
    }

    /// A gate run that is good, or lacks something.
    async fn gates(&mut self) {
        let awaited =
            self.rules.between() && self.rules.kinds[self.rules.at.0] == PhaseKind::QualityGates;
        let lack = self.below(4);
        let mut report = self
            .studio
            .gates(&self.id, if lack == 0 { 4 } else { 5 })
            .await;
        match lack {
            1 => report.build_hash = "another".to_owned(),
            2 => report.started_at -= chrono::TimeDelta::hours(1),
            _ => {}
        }
        self.studio.report(report).await.unwrap();
        // One that comes while a task is broken counts once that is out of the way: the phase waits for it then.
        self.rules.gates |= awaited && lack == 3;
    }

    /// Somebody tries what waits for its wave.
    async fn knock(&mut self, all: &[task::Model]) {
        let (service, director) = (self.studio.service(), &self.studio.director);
        let Some(id) = self.one_of(all, task::Model::waits_for_wave) else {
            return;
        };
        let started = tasks::start(service, director, &id).await;
        assert_eq!(started.unwrap_err().code(), Code::Conflict);
        let assigned = tasks::assign(service, director, &id, "L2-CHAR-001", None).await;
        assert_eq!(assigned.unwrap_err().code(), Code::Conflict);
    }

    /// What stands is what the rules say.
    async fn check(&mut self, changed: bool) -> Model {
        let all = self.studio.tasks_of(&self.id).await;
        self.rules.go_on(&all);
        self.studio.advance(&self.id).await;
        let all = self.studio.tasks_of(&self.id).await;
        let sprint = self.studio.stands(&self.id).await;
        assert_eq!(sprint.status, self.rules.status(&all), "{sprint:#?}");
        let ids = [sprint.id];
        let tallies = sprint::tallies(self.studio.service(), &ids).await.unwrap();
        let progress = sprint.progress(&tallies.get(&sprint.id).cloned().unwrap_or_default());
        let wanted = self.rules.progress(&all);
        assert!(
            (progress - wanted).abs() < 1e-6,
            "{progress} is not {wanted}: {sprint:#?}"
        );
        assert!(
            changed || progress + 1e-9 >= self.progress,
            "it fell from {}",
            self.progress
        );
        self.progress = progress;
        self.hold_stages(&sprint, &all);
        sprint
    }

    fn hold_stages(&self, sprint: &Model, all: &[task::Model]) {
        let mut counts: BTreeMap<(usize, usize), u32> = BTreeMap::new();
        for task in all {
            let Some(place) = place(task) else {
                assert_eq!(task.status, TaskStatus::Cancelled);
                continue;
            };
            *counts.entry(place).or_default() += 1;
            let wave = &sprint.phases.0[place.0].waves[place.1];
            let begun = wave.begun_at.is_some();
            assert_eq!(
                begun,
                self.rules.has_begun(place),
                "wave {place:?}: {sprint:#?}"
            );
            let untouched = matches!(task.status, TaskStatus::Pending | TaskStatus::Cancelled);
            assert!(begun || untouched, "{task:?} is ahead of its wave");
            assert!(task.started_at.is_none() || task.started_at >= wave.begun_at);
            let waits = task.status == TaskStatus::Pending && !begun;
            assert_eq!(task.waits_for_wave(), waits, "{task:?}");
            let broken = is_broken(task) && !self.rules.cancelled;
            assert!(!broken || wave.status == StageStatus::Failed, "{sprint:#?}");
        }
        for (phase, stage) in sprint.phases.0.iter().enumerate() {
            for (number, wave) in stage.waves.iter().enumerate() {
                let count = counts.get(&(phase, number)).copied().unwrap_or_default();
                assert_eq!(wave.tasks, count, "wave {number} of phase {phase}");
                let done = !self.rules.cancelled && (phase, number) < self.rules.at;
                assert!(
                    !done || wave.status == StageStatus::Completed,
                    "{sprint:#?}"
                );
            }
        }
    }

    /// Everything that stands in the way goes, until the sprint ends.
    async fn bring_to_its_end(&mut self) {
        let (service, director) = (self.studio.service(), &self.studio.director);
        for _ in 0..200 {
            if self.check(false).await.status.is_terminal() {
                return;
            }
            let all = self.studio.tasks_of(&self.id).await;
            if let Some(id) = self.one_of(&all, is_broken) {
                let reason = "it will do".to_owned();
                sprint::accept(service, director, &id, reason)
                    .await
                    .unwrap();
            } else if let Some(id) = self.one_of(&all, |one| one.status == TaskStatus::Assigned) {
                let by = &self.studio.specialist;
                tasks::start(service, by, &id).await.unwrap();
                let done = tasks::complete(service, by, &id, None, Some(json!({}))).await;
                done.unwrap();
            } else if self.rules.between() {
                let phase = self.rules.at.0;
                let index = i32::try_from(phase).unwrap();
                let link = vec!["https://studio.example/end".to_owned()];
                let lead = &self.studio.specialist;
                sprint::attach(service, lead, &self.id, index, link)
                    .await
                    .unwrap();
                self.rules.evidence[phase] = true;
                let report = self.studio.gates(&self.id, 5).await;
                self.studio.report(report).await.unwrap();
                self.rules.gates = self.rules.kinds[phase] == PhaseKind::QualityGates;
            } else {
                self.studio.completed_next(&self.studio.specialist).await;
            }
        }
        panic!("it does not end: {:#?}", self.studio.stands(&self.id).await);
    }
}

#[tokio::test]
async fn random_workflows_with_random_outcomes_keep_to_the_rules() {
    #[allow(clippy::disallowed_methods, reason = "how long a test takes")]
    let sprints = std::env::var("ZIGGIE_TEST_SPRINTS").map_or(SPRINTS, |n| n.parse().unwrap());
    on_each_database(async |world| {
        let studio = studio(world).await;
        let mut ends: BTreeMap<&str, u64> = BTreeMap::new();
        for seed in 0..sprints {
            let mut random = StdRng::seed_from_u64(seed);
            let planned = some_workflow(&mut random);
            let rules = Rules::new(&planned);
            let id = studio.drafted(planned).await;
            sprint::start(studio.service(), &studio.director, &id)
                .await
                .unwrap();
            let mut story = Story {
                studio: &studio,
                random,
                id,
                rules,
                progress: 0.0,
            };
            let mut stands = story.check(false).await;
            let given_up = (story.below(5) == 0).then(|| story.below(STEPS));
            for step in 0..STEPS {
                if stands.status.is_terminal() {
                    break;
                }
                if given_up == Some(step) {
                    let reason = "no more dragons".to_owned();
                    let (service, director) = (studio.service(), &studio.director);
                    sprint::cancel(service, director, &story.id, reason)
                        .await
                        .unwrap();
                    story.rules.cancelled = true;
                }
                let changed = match story.rules.cancelled {
                    true => false,
                    false => story.happen().await,
                };
                stands = story.check(changed).await;
            }
            story.bring_to_its_end().await;
            let end = studio.stands(&story.id).await.status;
            *ends.entry(end.as_str()).or_default() += 1;
            let open = studio.tasks_of(&story.id).await;
            assert!(
                open.iter().all(|task| !task.status.is_open()),
                "seed {seed}"
            );
        }
        assert!(ends.len() == 2 || sprints < 10, "{ends:?}");
        studio.folds().await;
    })
    .await;
}
