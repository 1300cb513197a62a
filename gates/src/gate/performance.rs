//! Gate 4: fast enough under a stated load (spec R8.01).
//!
//! The load is open: a request is sent when its time has come, whether or not earlier ones were answered, and its latency counts from that moment.
//! A server that stalls is seen stalling by everybody who would have come meanwhile (no coordinated omission).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Map, Value, json};
use tokio::{sync::Semaphore, task::JoinSet, time::sleep_until};

use self::{
    mix::{Mix, Sort},
    usage::Usage,
};
use super::{Finding, Gate, Place};
use crate::target::{NotReached, Target};

mod mix;
mod usage;

/// What the load is, and how much it may cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// Requests a second.
    pub rate: u32,
    /// How long.
    pub duration: Duration,
    /// The 95th percentile of every sort of request lies below it.
    pub p95: Duration,
    /// The 95th percentile of what a task takes, from being delegated to being completed, lies below it.
    pub completion_p95: Duration,
    /// The most memory that the server may hold at the end, in MiB.
    pub memory_mib: u64,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            rate: 200,
            duration: Duration::from_secs(60),
            p95: Duration::from_millis(200),
            completion_p95: Duration::from_secs(1),
            memory_mib: 512,
        }
    }
}

/// How many requests may be on their way: who comes beyond that is counted as not served.
const IN_FLIGHT: usize = 5_000;

/// What came of one request.
#[derive(Clone, Copy, Debug)]
struct Sample {
    sort: Sort,
    took: Duration,
    good: bool,
}

/// Puts the load on a target and measures. A deployment is only read.
///
/// # Errors
/// When the target does not answer before the load begins.
pub async fn look(target: &Target, place: Place, terms: &Terms) -> Result<Finding, NotReached> {
    let mix = Arc::new(Mix::prepare(target, place != Place::Deployment).await?);
    let before = Usage::read(target).await;
    let own = usage::own_cpu();
    let begun = Instant::now();
    let samples = load(&mix, terms).await;
    let took = begun.elapsed();
    let mut finding = Finding::new(Gate::Performance, place);
    finding.figure("requestsPerSecondAsked", terms.rate);
    let requests = samples
        .iter()
        .filter(|sample| sample.good && sample.sort != Sort::Completion)
        .count();
    finding.figure(
        "requestsPerSecondAnswered",
        requests as f64 / took.as_secs_f64(),
    );
    finding.figure("seconds", took.as_secs_f64());
    finding.figure("mix", mix.told());
    judge(&mut finding, &samples, &mix.sorts(), terms);
    if let Some(cpu) = usage::own_cpu()
        .zip(own)
        .map(|(after, before)| after - before)
    {
        finding.figure("driverCpuShare", cpu.as_secs_f64() / took.as_secs_f64());
    }
    weigh(
        &mut finding,
        before,
        Usage::read(target).await,
        requests,
        terms,
    );
    Ok(finding)
}

/// Works with a target for a moment, so that there is something to be looked at: what came of the requests is not judged.
///
/// # Errors
/// As [`look`].
pub async fn work(target: &Target) -> Result<(), NotReached> {
    let mix = Arc::new(Mix::prepare(target, true).await?);
    let terms = Terms {
        rate: 50,
        duration: Duration::from_secs(2),
        ..Terms::default()
    };
    load(&mix, &terms).await;
    Ok(())
}

/// Sends every request at its time. What is not answered in time counts as a failure that took so long.
async fn load(mix: &Arc<Mix>, terms: &Terms) -> Vec<Sample> {
    let places = Arc::new(Semaphore::new(IN_FLIGHT));
    let begun = tokio::time::Instant::now();
    let between = Duration::from_secs(1) * mix.requests_of_ten() / 10 / terms.rate;
    let arrivals = terms.duration.div_duration_f64(between) as u32;
    let mut sent = JoinSet::new();
    let mut samples = Vec::new();
    for number in 0..arrivals {
        let due = begun + between * number;
        sleep_until(due).await;
        let place = Arc::clone(&places).try_acquire_owned();
        let sort = mix.sort(number.into());
        let Ok(place) = place else {
            samples.extend(lost(sort, terms));
            continue;
        };
        let mix = Arc::clone(mix);
        sent.spawn(async move {
            let samples = mix.perform(sort, number.into(), due.into_std()).await;
            drop(place);
            samples
        });
        while let Some(done) = sent.try_join_next() {
            samples.extend(done.unwrap_or_else(|_| lost(sort, terms)));
        }
    }
    while let Some(done) = sent.join_next().await {
        samples.extend(done.unwrap_or_else(|_| lost(Sort::Completion, terms)));
    }
    samples
}

/// An arrival whose end was never told: it counts as not served.
fn lost(sort: Sort, terms: &Terms) -> Vec<Sample> {
    let took = terms.duration;
    vec![Sample {
        sort,
        took,
        good: false,
    }]
}

/// Latencies by sort, and whether they lie below their limits. A sort that was planned and never sent is not measured.
fn judge(finding: &mut Finding, samples: &[Sample], planned: &BTreeSet<Sort>, terms: &Terms) {
    let mut sorts: BTreeMap<&'static str, (Sort, Vec<Duration>, u64)> = BTreeMap::new();
    for sample in samples {
        let (_, times, failed) =
            sorts
                .entry(sample.sort.name())
                .or_insert((sample.sort, Vec::new(), 0));
        times.push(sample.took);
        *failed += u64::from(!sample.good);
    }
    let mut told = Map::new();
    for (name, (sort, mut times, failed)) in sorts {
        times.sort_unstable();
        let [p50, p95, p99] = [50, 95, 99].map(|percent| percentile(&times, percent));
        told.insert(
            name.to_owned(),
            json!({
                "count": times.len(),
                "failed": failed,
                "p50Ms": milliseconds(p50),
                "p95Ms": milliseconds(p95),
                "p99Ms": milliseconds(p99),
            }),
        );
        if failed > 0 {
            finding.fail(format!(
                "{failed} of {} {name} were not answered well",
                times.len()
            ));
        }
        let limit = match sort {
            Sort::Completion => terms.completion_p95,
            _ => terms.p95,
        };
        if p95 >= limit {
            finding.fail(format!(
                "p95 of {name} is {:.1} ms, not below {:.0} ms",
                milliseconds(p95),
                milliseconds(limit)
            ));
        }
    }
    let unsent = planned.iter().map(|sort| sort.name());
    let unsent: Vec<&str> = unsent.filter(|name| !told.contains_key(*name)).collect();
    if !unsent.is_empty() {
        finding.fail(format!(
            "it could not measure: the load was too short for {}",
            unsent.join(", ")
        ));
    }
    finding.figure("operations", told);
}

/// What the load cost the server, by its own metrics.
fn weigh(
    finding: &mut Finding,
    before: Option<Usage>,
    after: Option<Usage>,
    count: usize,
    terms: &Terms,
) {
    let Some((before, after)) = before.zip(after) else {
        finding.fail("it could not measure: the server's metrics were not reached (--admin-url)");
        return;
    };
    let mebibytes = after.memory as f64 / f64::from(1 << 20);
    finding.figure("memoryMib", mebibytes);
    finding.figure(
        "serverCpuMicrosecondsEach",
        1e6 * (after.cpu - before.cpu) / count.max(1) as f64,
    );
    if mebibytes > terms.memory_mib as f64 {
        finding.fail(format!(
            "the server holds {mebibytes:.0} MiB, more than {}",
            terms.memory_mib
        ));
    }
}

/// The time below which so many of a hundred lie (nearest rank); they are sorted.
fn percentile(times: &[Duration], percent: usize) -> Duration {
    let rank = (times.len() * percent).div_ceil(100).max(1);
    times.get(rank - 1).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// The terms as a report shows them.
impl From<&Terms> for Value {
    fn from(terms: &Terms) -> Self {
        json!({
            "requestsPerSecond": terms.rate,
            "seconds": terms.duration.as_secs(),
            "p95Ms": milliseconds(terms.p95),
            "completionP95Ms": milliseconds(terms.completion_p95),
            "memoryMib": terms.memory_mib,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Status, *};

    fn judged(samples: &[Sample]) -> Finding {
        let mut finding = Finding::new(Gate::Performance, Place::Twin);
        let planned = BTreeSet::from([Sort::Point]);
        judge(&mut finding, samples, &planned, &Terms::default());
        finding
    }

    fn samples(slow: usize, good: bool) -> Vec<Sample> {
        let sample = |milliseconds| Sample {
            sort: Sort::Point,
            took: Duration::from_millis(milliseconds),
            good,
        };
        (0..100)
            .map(|number| sample(if number < slow { 500 } else { 3 }))
            .collect()
    }

    #[test]
    fn the_nearest_rank_is_the_percentile() {
        let times: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 95), Duration::from_millis(95));
        assert_eq!(percentile(&times[..1], 99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }

    #[test]
    fn five_slow_ones_of_a_hundred_pass_and_six_do_not() {
        assert_eq!(judged(&samples(5, true)).status, Status::Passed);
        let finding = judged(&samples(6, true));
        assert_eq!(finding.status, Status::Failed);
        assert!(finding.reasons[0].contains("500.0 ms"));
    }

    #[test]
    fn an_answer_that_is_none_fails_it_and_so_does_a_load_of_nothing() {
        assert_eq!(judged(&samples(0, false)).status, Status::Failed);
        assert_eq!(judged(&[]).status, Status::Failed);
    }

    #[test]
    fn a_load_too_short_for_a_sort_of_its_mix_has_not_measured() {
        let mut finding = Finding::new(Gate::Performance, Place::Twin);
        let planned = BTreeSet::from([Sort::Point, Sort::Completion]);
        judge(&mut finding, &samples(0, true), &planned, &Terms::default());
        assert_eq!(finding.status, Status::Failed);
        assert!(finding.reasons[0].contains("task completion"));
    }

    #[test]
    fn without_metrics_or_with_too_much_memory_it_fails() {
        let usage = |memory| Some(Usage { memory, cpu: 1.0 });
        for (after, status) in [
            (None, Status::Failed),
            (usage(600 << 20), Status::Failed),
            (usage(100 << 20), Status::Passed),
        ] {
            let mut finding = Finding::new(Gate::Performance, Place::Twin);
            weigh(&mut finding, usage(1 << 20), after, 10, &Terms::default());
            assert_eq!(finding.status, status);
        }
    }
}
