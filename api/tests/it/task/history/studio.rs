//! All that is known of a history, and what each step should make of it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use entities::id::TaskId;
use entities::task::{Held, TaskStatus as S, ValidationStatus as V};
use rand::Rng;
use rand::rngs::StdRng;

use super::Step;
use super::crew::{Crew, WORKERS, terms};
use super::known::Known;

/// What a step should come to.
#[derive(Debug, Clone)]
pub(super) enum Expected {
    /// It succeeds; the model has made the change.
    Done,
    /// It succeeds and gives one of these tasks, or nothing where that is among them.
    OneOf(Vec<Option<TaskId>>),
    /// It is refused; nothing changes.
    Refused,
}

/// All that is known.
#[derive(Debug, Clone)]
pub(super) struct Studio {
    pub(super) began: DateTime<Utc>,
    pub(super) tasks: BTreeMap<TaskId, Known>,
    /// Which answers were given: the same again is the same reply.
    answers: BTreeSet<(TaskId, i32, usize, String)>,
    /// Leases lost in a row.
    lost: [i32; WORKERS.len()],
    /// Who was stopped, by somebody or for its leases.
    pub(super) asleep: [bool; WORKERS.len()],
}

impl Studio {
    pub(super) fn new(began: DateTime<Utc>) -> Self {
        Self {
            began,
            tasks: BTreeMap::new(),
            answers: BTreeSet::new(),
            lost: [0; WORKERS.len()],
            asleep: [false; WORKERS.len()],
        }
    }

    pub(super) fn some_task(&self, random: &mut StdRng) -> Option<TaskId> {
        let all: Vec<&TaskId> = self.tasks.keys().collect();
        (!all.is_empty()).then(|| *all[random.random_range(0..all.len())])
    }

    pub(super) fn some_task_of(&self, who: usize, random: &mut StdRng) -> Option<TaskId> {
        let own: Vec<&TaskId> = self
            .tasks
            .iter()
            .filter(|(_, known)| known.holder == Some(who) && known.open())
            .map(|(id, _)| id)
            .collect();
        (!own.is_empty()).then(|| *own[random.random_range(0..own.len())])
    }

    /// Makes of the model what the step should make of the rows.
    pub(super) fn expect(&mut self, crew: &Crew, step: Step) -> Expected {
        let now = crew.now();
        for who in 0..WORKERS.len() {
            assert_eq!(crew.is_awake(who), !self.asleep[who], "{step:?}");
        }
        match step {
            Step::Create { .. } | Step::Pass { .. } => Expected::Done,
            Step::Delegate { to, .. } if self.asleep[to] => Expected::Refused,
            Step::Delegate { .. } => Expected::Done,
            Step::Claim { who } if self.asleep[who] => Expected::Refused,
            Step::Claim { who } => Expected::OneOf(self.candidates(who, now)),
            Step::Start { who, .. }
            | Step::Beat { who, .. }
            | Step::HandIn { who, .. }
            | Step::Fail { who, .. }
                if self.asleep[who] =>
            {
                Expected::Refused
            }
            Step::Start { who, task } => self.start(who, task, now),
            Step::Beat { who, task, attempt } => self.beat(who, task, attempt, now),
            Step::HandIn {
                who,
                task,
                attempt,
                content,
                review,
            } => self.hand_in(who, task, attempt, content, review, now),
            Step::Fail {
                who,
                task,
                attempt,
                retryable,
            } => {
                let said = format!("fail {retryable}");
                self.answer(who, task, attempt, &said, now, |studio| {
                    studio.known(task).fail(retryable, now);
                    studio.let_go(task, false, now);
                })
            }
            Step::Retry { task } => self.retry(task, now),
            Step::Cancel { task } => self.cancel(task),
            Step::Stop { who } => {
                self.stop(who, now);
                Expected::Done
            }
            Step::Wake { who } => {
                self.wake(who, now);
                Expected::Done
            }
            Step::Sweep => {
                self.sweep(now);
                Expected::Done
            }
        }
    }

    pub(super) fn known(&mut self, task: TaskId) -> &mut Known {
        self.tasks.get_mut(&task).unwrap()
    }

    fn is_full(&self, kind: &str) -> bool {
        let running = self
            .tasks
            .values()
            .filter(|known| known.kind == kind && known.status == S::InProgress);
        terms(kind)
            .max_concurrent
            .is_some_and(|most| running.count() >= usize::try_from(most).unwrap())
    }

    /// What a claim may give: the first by urgency and age; where a backoff ends at this very moment, also the one before it.
    fn candidates(&self, who: usize, now: DateTime<Utc>) -> Vec<Option<TaskId>> {
        const MOMENT: TimeDelta = TimeDelta::seconds(2);
        let mut fit: Vec<(&TaskId, &Known)> = self
            .tasks
            .iter()
            .filter(|(_, known)| {
                let checks_itself = known
                    .parent
                    .is_some_and(|parent| self.tasks[&parent].holder == Some(who));
                WORKERS[who].1.contains(&known.kind.as_str())
                    && known.claimable.is_some_and(|from| from <= now + MOMENT)
                    && !known.is_due(now)
                    && !self.is_full(&known.kind)
                    && !(known.check_of.is_some() && checks_itself)
            })
            .collect();
        fit.sort_by_key(|(id, known)| (std::cmp::Reverse(known.priority), known.created, **id));
        let mut may = Vec::new();
        for (id, known) in fit {
            may.push(Some(*id));
            if known.claimable.is_some_and(|from| from <= now) {
                return may;
            }
        }
        may.push(None);
        may
    }

    fn start(&mut self, who: usize, task: TaskId, now: DateTime<Utc>) -> Expected {
        let known = &self.tasks[&task];
        if known.status != S::Assigned
            || known.holder != Some(who)
            || known.is_due(now)
            || self.is_full(&known.kind)
        {
            return Expected::Refused;
        }
        self.known(task).begin(who, now);
        Expected::Done
    }

    fn beat(&mut self, who: usize, task: TaskId, attempt: i32, now: DateTime<Utc>) -> Expected {
        let known = self.known(task);
        if known.present(who, attempt, now) {
            known.lease = Some(now + TimeDelta::seconds(terms(&known.kind).lease_seconds.into()));
            return Expected::Done;
        }
        let holds = known.holder == Some(who) && known.is_held() && known.attempt == attempt;
        // While the checks run there is nothing to extend, and no harm done.
        if holds {
            Expected::Done
        } else {
            Expected::Refused
        }
    }

    fn answer(
        &mut self,
        who: usize,
        task: TaskId,
        attempt: i32,
        said: &str,
        now: DateTime<Utc>,
        change: impl FnOnce(&mut Self),
    ) -> Expected {
        let answer = (task, attempt, who, said.to_owned());
        if !self.tasks[&task].present(who, attempt, now) {
            return if self.answers.contains(&answer) {
                Expected::Done
            } else {
                Expected::Refused
            };
        }
        self.answers.insert(answer);
        self.lost[who] = 0;
        change(self);
        Expected::Done
    }

    fn hand_in(
        &mut self,
        who: usize,
        task: TaskId,
        attempt: i32,
        content: bool,
        review: bool,
        now: DateTime<Utc>,
    ) -> Expected {
        // An L3 may not ask for a review.
        if review && WORKERS[who].0.starts_with("L3") {
            return Expected::Refused;
        }
        let said = format!("hand in {review} {content}");
        self.answer(who, task, attempt, &said, now, |studio| {
            let known = studio.known(task);
            if known.kind == "CHECKED" {
                known.lease = None;
                known.validation = V::Running;
                known.held = Some(if review {
                    Held::RequestReview
                } else {
                    Held::Complete
                });
                return;
            }
            known.moved(if review {
                S::ReviewRequested
            } else {
                S::Completed
            });
            studio.let_go(task, content, now);
        })
    }

    /// Where a check has ended, its parent goes on or comes back.
    fn let_go(&mut self, check: TaskId, content: bool, now: DateTime<Utc>) {
        let ended = self.tasks[&check].clone();
        let (Some(attempt), Some(parent)) = (ended.check_of, ended.parent) else {
            return;
        };
        let parent = self.known(parent);
        if !ended.ended() || !parent.is_held() || parent.attempt != attempt {
            return;
        }
        if ended.status == S::Completed && content {
            let next = match parent.held {
                Some(Held::RequestReview) => S::ReviewRequested,
                _ => S::Completed,
            };
            parent.moved(next);
            parent.validation = V::Passed;
        } else {
            parent.validation = V::Failed;
            parent.held = None;
            parent.next_attempt(now);
        }
    }

    fn retry(&mut self, task: TaskId, now: DateTime<Utc>) -> Expected {
        let known = &self.tasks[&task];
        let gone = known.holder.is_none_or(|holder| self.asleep[holder]);
        if known.status != S::Failed || known.check_of.is_some() || gone || known.is_due(now) {
            return Expected::Refused;
        }
        let to = known.holder.unwrap();
        self.known(task).assign(to, now);
        Expected::Done
    }

    fn cancel(&mut self, task: TaskId) -> Expected {
        let known = &self.tasks[&task];
        let may = matches!(
            known.status,
            S::Pending | S::Assigned | S::InProgress | S::ReviewRequested
        );
        if !may || known.check_of.is_some() {
            return Expected::Refused;
        }
        self.known(task).moved(S::Cancelled);
        self.end_checks(task);
        Expected::Done
    }

    fn end_checks(&mut self, task: TaskId) {
        for known in self
            .tasks
            .values_mut()
            .filter(|known| known.parent == Some(task))
        {
            if known.open() {
                known.moved(S::Cancelled);
            } else {
                known.claimable = None;
            }
        }
    }

    fn stop(&mut self, who: usize, now: DateTime<Utc>) {
        if self.asleep[who] {
            return;
        }
        self.asleep[who] = true;
        let held: Vec<TaskId> = self.held_by(who, S::InProgress);
        for task in held {
            let was_held = self.tasks[&task].is_held();
            let known = self.known(task);
            known.fail(true, now);
            if known.check_of.is_some() && known.claimable.is_some() {
                known.claimable = Some(now);
            }
            if was_held {
                self.end_checks(task);
            }
            self.let_go(task, false, now);
        }
        for task in self.held_by(who, S::Assigned) {
            self.known(task).claimable = Some(now);
        }
    }

    fn held_by(&self, who: usize, status: S) -> Vec<TaskId> {
        let mine = |known: &Known| known.holder == Some(who) && known.status == status;
        let all = self.tasks.iter().filter(|(_, known)| mine(known));
        all.map(|(id, _)| *id).collect()
    }

    fn wake(&mut self, who: usize, now: DateTime<Utc>) {
        if !self.asleep[who] {
            return;
        }
        self.asleep[who] = false;
        self.lost[who] = 0;
        for task in self.held_by(who, S::Assigned) {
            self.known(task).assign(who, now);
        }
    }

    /// Deadlines, then leases, then those who lost too many.
    fn sweep(&mut self, now: DateTime<Utc>) {
        let all: Vec<TaskId> = self.tasks.keys().copied().collect();
        for task in &all {
            let known = self.known(*task);
            let was_held = known.is_held();
            match known.status {
                S::Pending | S::Assigned if known.is_due(now) => {
                    known.moved(S::Cancelled);
                    self.end_checks(*task);
                }
                S::InProgress if known.is_due(now) => {
                    known.fail(false, now);
                    if was_held {
                        self.end_checks(*task);
                    }
                }
                _ => {}
            }
        }
        for task in &all {
            let known = self.known(*task);
            if known.status == S::InProgress && known.lease.is_some_and(|until| until <= now) {
                let holder = known.holder.unwrap();
                known.fail(true, now);
                self.lost[holder] += 1;
                self.let_go(*task, false, now);
            }
        }
        for who in 0..WORKERS.len() {
            if self.lost[who] >= 3 {
                self.stop(who, now);
            }
        }
    }
}
