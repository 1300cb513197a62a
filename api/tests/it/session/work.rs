//! What a refused login costs: the same whatever the reason, so that nobody learns from the time that it takes which agents there are.
//!
//! Counted, not timed: statements of the database, and what the audit log writes. That one hash is taken is counted beside it, in
//! `auth/secret.rs`.

use entities::agent::AgentTier as T;
use entities::audit::AuditAction as A;
use serde_json::json;
use ziggie::auth::secret::Secret;
use ziggie::error::Code;
use ziggie::service::{agent, session};
use ziggie::store::fault::{Fault, Kind};

use crate::agent::code;
use crate::world::{World, on_each_database, plain};

/// What one refused login came to: the statements, the calls of the database, and how its entry is made.
#[derive(Debug, PartialEq, Eq)]
struct Cost {
    statements: Vec<String>,
    calls: usize,
    entries: usize,
    keys: Vec<String>,
}

async fn cost(world: &World, agent_id: &str, secret: &str) -> Cost {
    let before = world.entries(A::AuthenticationFailed).await.len();
    // One that never comes: it only counts.
    let watch = Fault::new(Kind::NotMade, usize::MAX);
    let stranger = world.stranger();
    let attempt = session::authenticate(&world.service, &stranger, agent_id, secret);
    let refused = watch.befall(attempt).await;
    assert_eq!(code(&refused), Some(Code::Unauthenticated), "{agent_id}");
    let entries = world.entries(A::AuthenticationFailed).await;
    let metadata = entries.last().unwrap().metadata.value();
    Cost {
        statements: watch.statements().into_iter().map(|one| one.sql).collect(),
        calls: watch.calls(),
        entries: entries.len() - before,
        keys: metadata.as_object().unwrap().keys().cloned().collect(),
    }
}

#[tokio::test]
async fn a_refused_login_costs_the_same_whatever_the_reason() {
    on_each_database(async |world| {
        let (service, operator) = (&world.service, &world.operator);
        let right = world.register(plain("L1-ART-001", T::L1, None)).await;
        let big = agent::Register {
            config: Some(json!({"notes": "x".repeat(60_000)})),
            ..plain("L1-BIG-001", T::L1, None)
        };
        world.register(big).await;
        world.register(plain("L1-OFF-001", T::L1, None)).await;
        agent::deactivate(service, operator, "L1-OFF-001", "off", false)
            .await
            .unwrap();
        let wrong = Secret::generate().unwrap().expose();
        let attempts = [
            ("L1-ART-001", wrong.as_str()),
            ("L1-ART-001", "zgs_short"),
            ("L1-BIG-001", &wrong),
            ("L1-OFF-001", &wrong),
            ("L1-NOBODY-001", &wrong),
            ("L1-NOBODY-001", &right),
            ("L1-NOBODY-001", ""),
            ("SYSTEM-000", &wrong),
            ("no id at all", &wrong),
            ("", ""),
        ];
        let expected = cost(&world, "L1-ART-001", &wrong).await;
        assert_eq!((expected.calls, expected.entries), (1, 1), "{expected:?}");
        let reads = &expected.statements[0];
        assert!(!reads.contains("config"), "{reads}");
        for (agent_id, secret) in attempts {
            assert_eq!(cost(&world, agent_id, secret).await, expected, "{agent_id}");
        }
    })
    .await;
}

#[tokio::test]
async fn refused_logins_are_counted_together_whatever_the_reason() {
    on_each_database(async |world| {
        world.register(plain("L1-ART-001", T::L1, None)).await;
        let wrong = Secret::generate().unwrap().expose();
        for agent_id in ["L1-ART-001", "L1-NOBODY-001", "no id"].repeat(3) {
            let stranger = world.stranger();
            let refused = session::authenticate(&world.service, &stranger, agent_id, &wrong).await;
            assert_eq!(code(&refused), Some(Code::Unauthenticated));
        }
        let entries = world.entries(A::AuthenticationFailed).await;
        let counts: Vec<_> = entries
            .iter()
            .map(|entry| entry.metadata.value()["count"].as_u64())
            .collect();
        assert_eq!(counts, [None, None, None, None, None, Some(4)]);
    })
    .await;
}
