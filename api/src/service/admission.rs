//! How many operations are worked on at once, and who is turned away when more come than can be served (spec R10.05). Floor 3.
//!
//! An operation takes a place before anything is asked of the database. Where none is free it waits for one, in the order of arrival, but not for
//! long and not behind a crowd: who could only be answered after its patience is told at once when to come again, which costs next to nothing.
//! What carries on work that has begun has places of its own beyond, so that overload by new work does not cost leases of what is under way.
//! Subscriptions take none: they are limited by number, and wait most of the time; nor does a claim while it waits for a task.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::setting::Settings;
use crate::error::{Error, Result};

/// Of how many places for all there is one more for work under way.
const RESERVED_PER: usize = 4;
/// The shortest time after which who was turned away may come again, and how far apart they are sent.
const RETRY_AFTER_MS: u64 = 500;
const SPREAD_MS: u64 = 1_000;
/// Turning away that pauses for so long has ended.
const EPISODE: Duration = Duration::from_secs(10);

/// What an operation is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Urgency {
    /// Any query, and what begins something.
    #[default]
    Any,
    /// It keeps or ends work that is under way: a heartbeat, a hand-in.
    WorkUnderWay,
}

impl Urgency {
    /// The mutations that keep or end work under way.
    const MUTATIONS: [&str; 4] = ["heartbeatTask", "requestReview", "completeTask", "failTask"];

    /// That of a mutation with these root fields.
    pub fn of_mutation<'a>(mut fields: impl Iterator<Item = &'a str>) -> Self {
        if fields.all(|field| Self::MUTATIONS.contains(&field)) {
            Self::WorkUnderWay
        } else {
            Self::Any
        }
    }
}

/// Gives out the places of this process; clones share them.
#[derive(Debug, Clone)]
pub struct Admission(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    places: Arc<Semaphore>,
    /// Beyond those, for work under way.
    reserved: Arc<Semaphore>,
    limit: usize,
    queue: usize,
    patience: Duration,
    /// How many wait; work under way is counted apart, so that a crowd of what is new does not fill its queue.
    waiting: AtomicUsize,
    waiting_under_way: AtomicUsize,
    running: AtomicUsize,
    shed: AtomicU64,
    last_shed: Mutex<Option<Instant>>,
}

impl Admission {
    pub(super) fn new(settings: &Settings) -> Self {
        let limit = settings.max_operations.max(1);
        Self(Arc::new(Inner {
            places: Arc::new(Semaphore::new(limit)),
            reserved: Arc::new(Semaphore::new(limit.div_ceil(RESERVED_PER))),
            limit,
            queue: settings.max_queued_operations,
            patience: settings.operation_queue_time,
            waiting: AtomicUsize::new(0),
            waiting_under_way: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
            shed: AtomicU64::new(0),
            last_shed: Mutex::new(None),
        }))
    }

    /// A place for an operation, after a wait if need be.
    ///
    /// # Errors
    /// UNAVAILABLE with the time after which to try again, where too many wait already or none has become free in time.
    pub async fn enter(&self, urgency: Urgency) -> Result<Place> {
        let permit = match self.at_once(urgency) {
            Some(permit) => permit,
            None => self.after_a_wait(urgency).await?,
        };
        Ok(self.place(permit))
    }

    /// How many operations have a place.
    pub fn running(&self) -> usize {
        self.0.running.load(Ordering::Relaxed)
    }

    /// How many wait for one.
    pub fn waiting(&self) -> usize {
        let [any, under_way] = [&self.0.waiting, &self.0.waiting_under_way];
        any.load(Ordering::Relaxed) + under_way.load(Ordering::Relaxed)
    }

    /// How many were turned away since the process began.
    pub fn shed(&self) -> u64 {
        self.0.shed.load(Ordering::Relaxed)
    }

    fn at_once(&self, urgency: Urgency) -> Option<OwnedSemaphorePermit> {
        let inner = &self.0;
        let any = Arc::clone(&inner.places).try_acquire_owned().ok();
        any.or_else(|| match urgency {
            Urgency::Any => None,
            Urgency::WorkUnderWay => Arc::clone(&inner.reserved).try_acquire_owned().ok(),
        })
    }

    async fn after_a_wait(&self, urgency: Urgency) -> Result<OwnedSemaphorePermit> {
        let Some(_waiting) = Waiting::begin(&self.0, urgency) else {
            return Err(self.turn_away());
        };
        let place = timeout(self.0.patience, self.next(urgency)).await;
        place.unwrap_or_else(|_| Err(self.turn_away()))
    }

    /// The next place that becomes free, of those that may be taken.
    async fn next(&self, urgency: Urgency) -> Result<OwnedSemaphorePermit> {
        let inner = &self.0;
        let any = Arc::clone(&inner.places).acquire_owned();
        let permit = match urgency {
            Urgency::Any => any.await,
            Urgency::WorkUnderWay => tokio::select! {
                permit = any => permit,
                permit = Arc::clone(&inner.reserved).acquire_owned() => permit,
            },
        };
        // Nobody closes them.
        permit.map_err(Error::internal)
    }

    fn place(&self, permit: OwnedSemaphorePermit) -> Place {
        Place(Arc::new(Held {
            admission: self.clone(),
            permit: Mutex::new(Some(Taken::new(&self.0, permit))),
        }))
    }

    /// Counts who is turned away; the first for a while leaves a line in the log.
    fn turn_away(&self) -> Error {
        let inner = &self.0;
        let before = inner.shed.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        let mut last = inner
            .last_shed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_news = last
            .replace(now)
            .is_none_or(|last| now.duration_since(last) >= EPISODE);
        drop(last);
        if is_news {
            tracing::warn!(
                operations = inner.limit,
                waiting = self.waiting(),
                "overloaded: operations are turned away (ziggie_operations_shed_total counts them)"
            );
        }
        // Not all at the same time.
        let spread = before.wrapping_mul(37) % SPREAD_MS;
        Error::Overloaded {
            retry_after_ms: RETRY_AFTER_MS + spread,
        }
    }
}

/// One that waits, counted while it does.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(inner: &'a Inner, urgency: Urgency) -> Option<Self> {
        let waiting = match urgency {
            Urgency::Any => &inner.waiting,
            Urgency::WorkUnderWay => &inner.waiting_under_way,
        };
        let room = |waiting: usize| (waiting < inner.queue).then_some(waiting + 1);
        let begun = waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room);
        begun.is_ok().then(|| Self(waiting))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A place that is taken, counted while it is.
#[derive(Debug)]
struct Taken {
    inner: Arc<Inner>,
    _permit: OwnedSemaphorePermit,
}

impl Taken {
    fn new(inner: &Arc<Inner>, permit: OwnedSemaphorePermit) -> Self {
        inner.running.fetch_add(1, Ordering::Relaxed);
        Self {
            inner: Arc::clone(inner),
            _permit: permit,
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.inner.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The place of one operation; it is free again when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Place(Arc<Held>);

#[derive(Debug)]
struct Held {
    admission: Admission,
    permit: Mutex<Option<Taken>>,
}

impl Place {
    /// Gives the place to others until [`Place::resume`]: what only waits needs none.
    pub fn rest(&self) {
        self.0
            .permit
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }

    /// Takes a place again, however long that lasts: the operation was admitted before.
    ///
    /// # Errors
    /// None that is known.
    pub async fn resume(&self) -> Result<()> {
        let admission = &self.0.admission;
        let permit = admission.next(Urgency::WorkUnderWay).await?;
        let mut place = self.0.permit.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(Taken::new(&admission.0, permit));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::error::Code;

    fn admission(places: usize, queue: usize) -> Admission {
        Admission::new(&Settings {
            max_operations: places,
            max_queued_operations: queue,
            operation_queue_time: Duration::from_millis(20),
            ..Settings::default()
        })
    }

    #[tokio::test]
    async fn who_comes_too_late_is_turned_away_and_told_when_to_come_again() {
        let admission = admission(1, 1);
        let place = admission.enter(Urgency::Any).await.unwrap();
        let patient = admission.enter(Urgency::Any);
        let crowd = async {
            tokio::task::yield_now().await;
            admission.enter(Urgency::Any).await.map(drop)
        };
        let (patient, crowd) = tokio::join!(patient, crowd);
        for refusal in [patient.map(drop), crowd] {
            let error = refusal.unwrap_err();
            assert_eq!(error.code(), Code::Unavailable);
            assert!(error.retryable());
            let wait = error.details()["retryAfterMs"].as_u64().unwrap();
            assert!((RETRY_AFTER_MS..RETRY_AFTER_MS + SPREAD_MS).contains(&wait));
        }
        assert_eq!((admission.running(), admission.waiting()), (1, 0));
        assert_eq!(admission.shed(), 2);
        drop(place);
        assert_eq!(admission.running(), 0);
        admission.enter(Urgency::Any).await.unwrap();
    }

    #[tokio::test]
    async fn work_under_way_has_places_beyond_those_of_all() {
        let admission = admission(4, 0);
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(admission.enter(Urgency::Any).await.unwrap());
        }
        assert!(admission.enter(Urgency::Any).await.is_err());
        held.push(admission.enter(Urgency::WorkUnderWay).await.unwrap());
        assert!(admission.enter(Urgency::WorkUnderWay).await.is_err());
        held.pop();
        assert!(
            admission.enter(Urgency::Any).await.is_err(),
            "the reserved place is for work under way alone"
        );
        admission.enter(Urgency::WorkUnderWay).await.unwrap();
    }

    #[tokio::test]
    async fn a_crowd_of_what_is_new_does_not_fill_the_queue_of_work_under_way() {
        let admission = admission(1, 1);
        let held = admission.enter(Urgency::Any).await.unwrap();
        let reserved = admission.enter(Urgency::WorkUnderWay).await.unwrap();
        let crowd = admission.enter(Urgency::Any);
        let work = async {
            tokio::task::yield_now().await;
            assert_eq!(admission.waiting(), 1);
            let entering = admission.enter(Urgency::WorkUnderWay);
            let left = async {
                tokio::task::yield_now().await;
                drop(reserved);
            };
            tokio::join!(entering, left).0
        };
        let (crowd, work) = tokio::join!(crowd, work);
        assert!(crowd.is_err() && work.is_ok());
        drop(held);
    }

    #[tokio::test]
    async fn who_only_waits_holds_up_nobody_and_is_not_turned_away_when_it_goes_on() {
        let admission = admission(1, 0);
        let waiting = admission.enter(Urgency::Any).await.unwrap();
        waiting.rest();
        let other = admission.enter(Urgency::Any).await.unwrap();
        let reserved = admission.enter(Urgency::WorkUnderWay).await.unwrap();
        let resumed = async {
            waiting.resume().await.unwrap();
            admission.running()
        };
        let left = async {
            tokio::task::yield_now().await;
            drop((other, reserved));
        };
        let (running, ()) = tokio::join!(resumed, left);
        assert_eq!(running, 1);
    }

    #[test]
    fn what_keeps_or_ends_work_is_told_by_its_root_fields() {
        for (fields, urgency) in [
            (&["heartbeatTask"][..], Urgency::WorkUnderWay),
            (&["completeTask", "heartbeatTask"], Urgency::WorkUnderWay),
            (&["completeTask", "createTask"], Urgency::Any),
            (&["claimTask"], Urgency::Any),
        ] {
            assert_eq!(Urgency::of_mutation(fields.iter().copied()), urgency);
        }
    }
}
