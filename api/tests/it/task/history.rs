//! Random histories of a small crew, against a model of the task engine (spec R3.05 to R3.15): whatever is claimed, started, kept alive,
//! handed in, checked, failed, retried, cancelled and left lying by workers that stop or sleep, each row is what the rules give, and folding
//! the log gives the row. Seeds are printed where one is not.

use std::collections::BTreeMap;

use entities::audit::recorded::{Recorded, fold};
use entities::audit::{AuditEntity, entry};
use entities::id::TaskId;
use entities::task::Model;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Map, Value, json};

use self::crew::{Crew, WORKERS};
use self::studio::Studio;

mod crew;
mod judge;
mod known;
mod studio;

/// How many histories are tried: `cargo xtask soak --model` asks for more.
const HISTORIES: &str = "ZIGGIE_TEST_MODEL_HISTORIES";
/// From which seed on.
const FIRST_SEED: &str = "ZIGGIE_TEST_MODEL_FROM";
/// Where the full run writes what it found.
const RESULTS: &str = "ZIGGIE_TEST_MODEL_RESULTS";
/// How many histories one installation lives through.
const LIFETIME: u64 = 50;
/// How many steps a history has.
const STEPS: usize = 24;

/// What happens next.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Create {
        kind: usize,
        urgent: bool,
        due: bool,
    },
    Delegate {
        kind: usize,
        to: usize,
    },
    Claim {
        who: usize,
    },
    Start {
        who: usize,
        task: TaskId,
    },
    Beat {
        who: usize,
        task: TaskId,
        attempt: i32,
    },
    HandIn {
        who: usize,
        task: TaskId,
        attempt: i32,
        content: bool,
        review: bool,
    },
    Fail {
        who: usize,
        task: TaskId,
        attempt: i32,
        retryable: bool,
    },
    Retry {
        task: TaskId,
    },
    Cancel {
        task: TaskId,
    },
    Stop {
        who: usize,
    },
    Wake {
        who: usize,
    },
    Pass {
        seconds: u64,
    },
    Sweep,
}

/// Chooses a step: mostly one that could be taken, sometimes one that comes late or from somebody else.
fn choose(random: &mut StdRng, studio: &Studio) -> Step {
    let who = random.random_range(0..WORKERS.len());
    let some = studio.some_task(random);
    let own = studio.some_task_of(who, random).or(some);
    let attempt = |random: &mut StdRng, task: TaskId| {
        let present = studio.tasks[&task].attempt;
        // Now and then one that is over, or never was.
        present - i32::from(random.random_range(0..8) == 0)
            + i32::from(random.random_range(0..20) == 0)
    };
    let make = |random: &mut StdRng| Step::Create {
        kind: random.random_range(0..3),
        urgent: random.random_range(0..4) == 0,
        due: random.random_range(0..5) == 0,
    };
    let Some(own) = own else {
        return make(random);
    };
    match random.random_range(0..100) {
        0..8 => make(random),
        8..14 => Step::Delegate {
            kind: random.random_range(0..3),
            to: who,
        },
        14..34 => Step::Claim { who },
        34..42 => Step::Start { who, task: own },
        42..49 => Step::Beat {
            who,
            task: own,
            attempt: attempt(random, own),
        },
        49..71 => Step::HandIn {
            who,
            task: own,
            attempt: attempt(random, own),
            content: random.random_range(0..3) > 0,
            review: random.random_range(0..3) == 0,
        },
        71..77 => Step::Fail {
            who,
            task: own,
            attempt: attempt(random, own),
            retryable: random.random_range(0..4) > 0,
        },
        77..80 => Step::Retry {
            task: some.unwrap_or(own),
        },
        80..83 => Step::Cancel {
            task: some.unwrap_or(own),
        },
        83..86 => Step::Stop { who },
        86..90 => Step::Wake { who },
        90..95 => Step::Pass {
            seconds: random.random_range(1..=7) * 10,
        },
        _ => Step::Sweep,
    }
}

/// One history. Panics with the step where a row is not what the rules give.
async fn live(crew: &mut Crew, random: &mut StdRng, seed: u64, tally: &mut BTreeMap<String, u64>) {
    let mut studio = Studio::new(crew.now());
    let mut past = Vec::new();
    for _ in 0..STEPS {
        let step = choose(random, &studio);
        past.push(step);
        let expected = studio.expect(crew, step);
        let found = crew.take(step).await;
        *tally
            .entry(format!("{} {}", name(step), outcome(&found)))
            .or_default() += 1;
        let rows = crew.rows_since(studio.began).await;
        if let Err(difference) = studio.agree(expected, &found, &rows, crew) {
            panic!("seed {seed}: {difference}\nafter {past:#?}\nwhich came to {found:?}");
        }
    }
    for row in crew.rows_since(studio.began).await {
        let folded = folded(crew, &row).await;
        let mut recorded = row.recorded();
        // Heartbeats move it without an entry (spec R5.01).
        recorded.remove("leaseExpiresAt");
        assert_eq!(
            folded, recorded,
            "seed {seed}: folding the entries of {}",
            row.id
        );
    }
    crew.clear_up(studio.began).await;
}

fn name(step: Step) -> String {
    let text = format!("{step:?}");
    text.split([' ', '{']).next().unwrap_or_default().to_owned()
}

fn outcome(found: &Result<Option<Model>, &'static str>) -> &'static str {
    match found {
        Ok(_) => "done",
        Err(code) => code,
    }
}

async fn folded(crew: &Crew, task: &Model) -> Map<String, Value> {
    let entries = entry::Entity::find()
        .filter(entry::Column::EntityType.eq(AuditEntity::Task))
        .filter(entry::Column::EntityId.eq(task.id.to_string()))
        .order_by_asc(entry::Column::Ordinal)
        .all(&crew.world.service.db)
        .await
        .unwrap();
    let mut row = Map::new();
    for entry in entries {
        let metadata = entry.metadata.value();
        if let Some(set) = metadata["set"].as_object() {
            fold(&mut row, set);
        }
        if let Some(status) = metadata["path"].as_array().and_then(|path| path.last()) {
            row.insert("status".into(), status.clone());
        }
    }
    row.remove("leaseExpiresAt");
    row
}

#[allow(clippy::disallowed_methods, reason = "how long the run is to be")]
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Lives through histories, an installation after the other, until there are enough.
async fn installations(first: u64, count: u64, step: u64) -> BTreeMap<String, u64> {
    let mut tally = BTreeMap::new();
    let mut seed = first;
    while seed < first + count {
        let mut random = StdRng::seed_from_u64(seed);
        let mut crew = Crew::hire().await;
        for _ in 0..LIFETIME.min(first + count - seed) {
            live(&mut crew, &mut random, seed, &mut tally).await;
        }
        seed += step;
    }
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn random_histories_keep_to_the_rules() {
    let count = asked(HISTORIES).unwrap_or(2_000);
    let first = asked(FIRST_SEED).unwrap_or(1);
    let half = (count / 2).div_ceil(LIFETIME) * LIFETIME;
    let (one, other) = tokio::join!(
        tokio::spawn(installations(first, half.min(count), LIFETIME)),
        tokio::spawn(installations(
            first + half,
            count.saturating_sub(half),
            LIFETIME
        )),
    );
    let mut tally = one.unwrap();
    for (name, times) in other.unwrap() {
        *tally.entry(name).or_default() += times;
    }
    for word in [
        "Claim done",
        "Start done",
        "Beat done",
        "Beat CONFLICT",
        "HandIn done",
        "HandIn CONFLICT",
        "Fail done",
        "Retry done",
        "Cancel done",
        "Stop done",
        "Sweep done",
    ] {
        assert!(
            tally.contains_key(word),
            "the run never came to {word}: {tally:?}"
        );
    }
    #[allow(clippy::disallowed_methods, reason = "where the full run writes to")]
    if let Ok(path) = std::env::var(RESULTS) {
        let result = json!({
            "run": "model",
            "histories": count,
            "stepsEach": STEPS,
            "seeds": {"from": first, "to": first + count - 1, "each": LIFETIME},
            "steps": tally,
            "faults": 0,
        });
        std::fs::write(path, serde_json::to_string_pretty(&result).unwrap() + "\n").unwrap();
    }
}

/// The model can tell: a row that is not what the rules give is a difference.
#[tokio::test]
async fn a_row_that_breaks_the_rules_is_told() {
    let mut crew = Crew::hire().await;
    let mut studio = Studio::new(crew.now());
    let step = Step::Create {
        kind: 0,
        urgent: false,
        due: false,
    };
    let expected = studio.expect(&crew, step);
    let found = crew.take(step).await;
    let mut rows = crew.rows_since(studio.began).await;
    rows[0].attempt += 1;
    let told = studio.agree(expected, &found, &rows, &crew);
    assert!(told.is_err());
}
