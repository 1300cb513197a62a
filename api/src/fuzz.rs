//! Property-based fuzzing of everything that reads what strangers write. Tests alone; no floor of the house.
//!
//! Each `fuzz_…` test beside the code that it tries says what must hold of any input. As an ordinary test it tries some hundreds, with
//! another seed each time; `cargo xtask soak --fuzz` gives each so many seconds. What was found to break a property is kept as a seed in
//! `proptest-regressions` and tried first from then on.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr
)]

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value};

/// For how many seconds each target is tried; a few hundred inputs where it is not set.
const SECONDS: &str = "ZIGGIE_TEST_FUZZ_SECONDS";
/// Begins with this seed, 64 hexadecimal digits, instead of another each time.
const SEED: &str = "ZIGGIE_TEST_FUZZ_SEED";
/// A folder for a file about each target.
const RESULTS: &str = "ZIGGIE_TEST_FUZZ_RESULTS";
/// How many inputs are tried between two looks at the clock, and in all without a time.
const BATCH: u32 = 512;

/// Tries a property, which panics where it does not hold, on inputs of a strategy.
pub(crate) fn fuzz<S: Strategy>(target: &str, strategy: S, property: impl Fn(S::Value)) {
    let kept = format!(
        "{}/proptest-regressions/{target}.txt",
        env!("CARGO_MANIFEST_DIR")
    );
    let kept: &'static str = kept.leak();
    let seconds: Option<u64> = std::env::var(SECONDS)
        .ok()
        .and_then(|text| text.parse().ok());
    let begun = Instant::now();
    let mut seed = first_seed();
    let (first, mut cases) = (hex(&seed), 0u64);
    loop {
        let config = Config {
            cases: BATCH,
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct(kept))),
            max_global_rejects: 100_000,
            ..Config::default()
        };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(config, rng);
        let outcome = runner.run(&strategy, |input| {
            property(input);
            Ok(())
        });
        if let Err(error) = outcome {
            panic!("{target} with {SEED}={}: {error}", hex(&seed));
        }
        cases += u64::from(BATCH);
        let over = seconds.is_none_or(|seconds| begun.elapsed() >= Duration::from_secs(seconds));
        if over {
            break;
        }
        // The next batch has the next seed.
        for byte in &mut seed {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }
    if let (Some(seconds), Ok(folder)) = (seconds, std::env::var(RESULTS)) {
        let line = serde_json::json!({
            "target": target, "seconds": seconds, "cases": cases, "firstSeed": first,
        });
        std::fs::write(format!("{folder}/{target}.json"), line.to_string()).unwrap();
    }
}

fn first_seed() -> [u8; 32] {
    let mut seed = [0; 32];
    match std::env::var(SEED) {
        Ok(text) => {
            assert_eq!(text.len(), 64, "{SEED} has 64 hexadecimal digits");
            for (place, byte) in seed.iter_mut().enumerate() {
                *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).unwrap();
            }
        }
        Err(_) => rand::TryRngCore::try_fill_bytes(&mut rand::rngs::OsRng, &mut seed).unwrap(),
    }
    seed
}

fn hex(bytes: &[u8]) -> String {
    entities::json::hex(bytes)
}

/// Texts made of such words, which come nearer to what is read than characters at random; sometimes those.
pub(crate) fn soup(words: &'static [&'static str], most: usize) -> BoxedStrategy<String> {
    let word = prop_oneof![
        12 => prop::sample::select(words).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(word, 0..most)
        .prop_map(|words| words.concat())
        .boxed()
}

/// Documents of GraphQL, more or less.
pub(crate) fn document() -> BoxedStrategy<String> {
    const WORDS: &[&str] = &[
        "{",
        "{",
        "{",
        "}",
        "}",
        "}",
        "(",
        ")",
        "[",
        "]",
        "\"",
        "\"\"\"",
        "\\",
        "#",
        "\n",
        " ",
        ",",
        ":",
        "!",
        "=",
        "|",
        "&",
        "...",
        "... on ",
        "@include(if: true)",
        "@skip(if: $a)",
        "query ",
        "mutation ",
        "subscription ",
        "fragment F on Query ",
        "...F",
        "fragment G on Task ",
        "...G",
        "me",
        "id",
        "tasks",
        "nodes",
        "agents(first: 200)",
        "(first: 9)",
        "nodes(ids: [1,2])",
        "$a",
        "($a: Boolean = true)",
        "__typename",
        "__schema",
        "a: ",
        "1",
        "-1.5e3",
        "99999999999999999999",
        "true",
        "null",
        "é",
        "\u{feff}",
    ];
    let whole = prop::collection::vec(
        prop::sample::select(
            &[
                "id",
                "me { id }",
                "tasks { nodes { id } }",
                "...F",
                "...G",
                "__typename",
            ][..],
        ),
        1..6,
    );
    let whole = whole.prop_map(|fields| {
        let fields = fields.join(" ");
        format!("query {{ {fields} }} fragment F on Query {{ me {{ ...G }} }} fragment G on Agent {{ id {fields} }}")
    });
    prop_oneof![3 => soup(WORDS, 60), 1 => whole].boxed()
}

/// Any JSON, objects with such keys and such texts among it.
pub(crate) fn json(
    keys: &'static [&'static str],
    texts: &'static [&'static str],
) -> BoxedStrategy<Value> {
    let text = prop_oneof![
        4 => prop::sample::select(texts).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
        1 => any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3i64..40).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        let key = prop_oneof![
            6 => prop::sample::select(keys).prop_map(str::to_owned),
            1 => any::<String>(),
        ];
        let members = prop::collection::vec((key, inner.clone()), 0..8);
        prop_oneof![
            1 => prop::collection::vec(inner, 0..6).prop_map(Value::from),
            3 => members.prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
    .boxed()
}

/// A text that was changed in a few places.
pub(crate) fn changed(text: String) -> BoxedStrategy<String> {
    let chars: Vec<char> = text.chars().collect();
    let change = (any::<prop::sample::Index>(), 0..5u8, any::<char>(), "[ -~]");
    prop::collection::vec(change, 0..4)
        .prop_map(move |changes| {
            let mut chars = chars.clone();
            for (place, kind, any, plain) in changes {
                if chars.is_empty() {
                    break;
                }
                let place = place.index(chars.len());
                match kind {
                    0 => drop(chars.remove(place)),
                    1 => chars.truncate(place),
                    2 => chars.insert(place, any),
                    3 => chars.extend_from_within(place..),
                    _ => chars[place] = plain.chars().next().unwrap_or(any),
                }
            }
            chars.into_iter().collect()
        })
        .boxed()
}

#[test]
fn fuzz_ids() {
    use entities::id::{AgentId, AssetId, AuditId, RequestId, SessionId, TaskId};
    const WORDS: &[&str] = &[
        "task_",
        "asset_",
        "sess_",
        "audit_",
        "req_",
        "0",
        "7",
        "8",
        "z",
        "Z",
        "-",
        "_",
        "01h455vb4pex5vsknk084sn02q",
        "L1-",
        "L2-CHAR-",
        "SYSTEM-",
        "L3",
        "001",
        "A",
        "ART",
    ];
    // An id has one spelling.
    fuzz("fuzz_ids", soup(WORDS, 8), |text| {
        fn same<I: std::str::FromStr + ToString>(text: &str) {
            if let Ok(id) = text.parse::<I>() {
                assert_eq!(id.to_string(), text);
            }
        }
        same::<TaskId>(&text);
        same::<AssetId>(&text);
        same::<SessionId>(&text);
        same::<AuditId>(&text);
        same::<RequestId>(&text);
        same::<AgentId>(&text);
    });
}

#[test]
fn fuzz_audit_filters() {
    const KEYS: &[&str] = &[
        "action",
        "actorId",
        "entityType",
        "entityId",
        "from",
        "to",
        "requestId",
        "sessionId",
    ];
    const TEXTS: &[&str] = &[
        "TASK_CREATED",
        "AGENT_REGISTERED",
        "TASK",
        "L1-ART-001",
        "2026-03-01T09:30:00.000000Z",
        "2026-03-01T09:30:00+14:00",
        "",
    ];
    // What is read is read again as the same.
    fuzz("fuzz_audit_filters", json(KEYS, TEXTS), |value| {
        use crate::service::audit::Filter;
        if let Ok(filter) = Filter::from_json(&value) {
            let said = filter.to_json();
            assert_eq!(Filter::from_json(&said).unwrap().to_json(), said);
        }
    });
}
