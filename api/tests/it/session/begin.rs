//! How sessions begin (spec R1.08, R2.01, R2.04).

use chrono::TimeDelta;
use entities::agent::{AgentPermission as P, AgentTier as T};
use entities::audit::AuditAction as A;
use futures::future::join_all;
use ziggie::auth::secret::Secret;
use ziggie::error::Code;
use ziggie::service::{agent, session};

use crate::agent::code;
use crate::world::{call_by, id, log_in, on_each_database, plain};

#[tokio::test]
async fn whoever_fails_to_prove_itself_hears_the_same_and_the_log_knows_why() {
    on_each_database(async |world| {
        let (service, operator) = (&world.service, &world.operator);
        let secret = world.register(plain("L1-ART-001", T::L1, None)).await;
        let stopped = world.register(plain("L1-OFF-001", T::L1, None)).await;
        let errored = world.register(plain("L1-ERR-001", T::L1, None)).await;
        agent::deactivate(service, operator, "L1-OFF-001", "off", false)
            .await
            .unwrap();
        agent::set_error(service, operator, "L1-ERR-001", "broken", false)
            .await
            .unwrap();
        let another = Secret::generate().unwrap().expose();
        let attempts = [
            ("L1-ART-001", another.as_str(), "WRONG_SECRET"),
            ("L1-ART-001", "zgs_short", "WRONG_SECRET"),
            ("L1-NOBODY-001", secret.as_str(), "UNKNOWN_AGENT"),
            ("no id at all", secret.as_str(), "UNKNOWN_AGENT"),
            ("SYSTEM-000", secret.as_str(), "WRONG_SECRET"),
            ("L1-OFF-001", stopped.as_str(), "NOT_OPERATIONAL"),
            ("L1-ERR-001", errored.as_str(), "NOT_OPERATIONAL"),
        ];
        let mut words = std::collections::HashSet::new();
        for (agent_id, secret, reason) in attempts {
            let refused = session::authenticate(service, &world.stranger(), agent_id, secret).await;
            assert_eq!(code(&refused), Some(Code::Unauthenticated));
            words.insert(refused.unwrap_err().to_string());
            let entries = world.entries(A::AuthenticationFailed).await;
            let metadata = entries.last().unwrap().metadata.value();
            assert_eq!(metadata["reason"], reason);
            assert_eq!(metadata["claimed"], agent_id);
            assert_eq!(entries.last().unwrap().actor_id, None);
        }
        assert_eq!(words.len(), 1);
        // A secret of nothing but zeros is nobody's.
        let zeros = format!("zgs_{}", "A".repeat(43));
        let refused = session::authenticate(service, &world.stranger(), "SYSTEM-000", &zeros).await;
        assert_eq!(code(&refused), Some(Code::Unauthenticated));
    })
    .await;
}

#[tokio::test]
async fn a_session_by_secret_lives_an_hour_in_the_name_of_the_agent() {
    on_each_database(async |world| {
        let secret = world.register(plain("L1-ART-001", T::L1, None)).await;
        let service = &world.service;
        let issued = session::authenticate(service, &world.stranger(), "L1-ART-001", &secret)
            .await
            .unwrap();
        let row = &issued.session;
        assert_eq!(row.expires_at - row.created_at, TimeDelta::hours(1));
        assert_eq!((&row.issued_by, row.revoked_at), (&None, None));
        let entry = world.entries(A::SessionCreated).await.pop().unwrap();
        assert_eq!(entry.entity_id, row.id.to_string());
        assert_eq!(entry.actor_id, Some(id("L1-ART-001")));
        assert_eq!(entry.session_id, Some(row.id));
        let text = format!("{issued:?}{:?}", entry.metadata);
        assert!(!text.contains(&issued.token) && !text.contains(&secret));
    })
    .await;
}

#[tokio::test]
async fn a_rotated_secret_replaces_the_old_one() {
    on_each_database(async |world| {
        let old = world.register(plain("L1-ART-001", T::L1, None)).await;
        let (service, operator) = (&world.service, &world.operator);
        let rotated = agent::rotate_secret(service, operator, "L1-ART-001")
            .await
            .unwrap();
        let refused = session::authenticate(service, &world.stranger(), "L1-ART-001", &old).await;
        assert_eq!(code(&refused), Some(Code::Unauthenticated));
        log_in(service, "L1-ART-001", &rotated.secret.expose()).await;
        assert_eq!(world.subjects(A::AgentSecretRotated).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_operator_issues_sessions_within_what_it_holds() {
    on_each_database(async |world| {
        world.register(plain("L1-ART-001", T::L1, None)).await;
        world
            .register(plain("L2-ART-001", T::L2, Some("L1-ART-001")))
            .await;
        world
            .register(plain("L3-ART-001", T::L3, Some("L2-ART-001")))
            .await;
        let (service, operator) = (&world.service, &world.operator);
        let issued = session::issue(service, operator, "L1-ART-001", 60)
            .await
            .unwrap();
        assert_eq!(issued.session.issued_by, Some(id("SYSTEM-001")));
        assert_eq!(
            issued.session.expires_at - issued.session.created_at,
            TimeDelta::seconds(60)
        );
        let caller = call_by(service, &issued.token).await;
        assert_eq!(caller.agent_id(), Some(id("L1-ART-001")));

        let held = [P::ManageAgents, P::ExecuteTask, P::ReportStatus];
        let clerk = world.operator_with("SYSTEM-002", &held).await;
        for beyond in ["L1-ART-001", "SYSTEM-001"] {
            let refused = session::issue(service, &clerk, beyond, 60).await;
            assert_eq!(code(&refused), Some(Code::Forbidden));
            let refused = agent::rotate_secret(service, &clerk, beyond).await;
            assert_eq!(code(&refused), Some(Code::Forbidden));
        }
        session::issue(service, &clerk, "L3-ART-001", 60)
            .await
            .unwrap();
        let director = session::issue(service, &caller, "L3-ART-001", 60).await;
        assert_eq!(code(&director), Some(Code::Forbidden));
    })
    .await;
}

#[tokio::test]
async fn nothing_is_issued_to_whom_it_cannot_serve_or_for_times_out_of_bounds() {
    on_each_database(async |world| {
        world.register(plain("L1-ART-001", T::L1, None)).await;
        let (service, operator) = (&world.service, &world.operator);
        let issue =
            async |agent_id: &str, ttl| session::issue(service, operator, agent_id, ttl).await;
        let longest = i32::try_from(service.settings.max_session_ttl.as_secs()).unwrap();
        for ttl in [0, -1, i32::MIN, longest + 1, i32::MAX] {
            assert_eq!(
                code(&issue("L1-ART-001", ttl).await),
                Some(Code::BadUserInput),
                "{ttl}"
            );
        }
        issue("L1-ART-001", longest).await.unwrap();
        assert_eq!(
            code(&issue("L1-NOBODY-001", 60).await),
            Some(Code::NotFound)
        );
        assert_eq!(code(&issue("SYSTEM-000", 60).await), Some(Code::Forbidden));
        agent::deactivate(service, operator, "L1-ART-001", "off", false)
            .await
            .unwrap();
        assert_eq!(code(&issue("L1-ART-001", 60).await), Some(Code::Conflict));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_agent_has_so_many_live_sessions_and_no_more_however_they_race() {
    on_each_database(async |world| {
        let secret = world.register(plain("L1-ART-001", T::L1, None)).await;
        let service = &world.service;
        let most = usize::try_from(service.settings.max_sessions).unwrap();
        let calls = (0..most + 8).map(|_| async {
            session::authenticate(service, &world.stranger(), "L1-ART-001", &secret).await
        });
        let results = join_all(calls).await;
        let begun: Vec<_> = results.iter().filter_map(|one| one.as_ref().ok()).collect();
        assert_eq!(begun.len(), most);
        let refused = results.iter().find(|one| one.is_err()).unwrap();
        assert_eq!(code(refused), Some(Code::LimitExceeded));
        // One that rotates takes its own place; one that ends makes room.
        let caller = call_by(service, &begun[0].token).await;
        let rotated = session::rotate(service, &caller).await.unwrap();
        let caller = call_by(service, &rotated.token).await;
        session::revoke(service, &caller, &rotated.session.id.to_string())
            .await
            .unwrap();
        log_in(service, "L1-ART-001", &secret).await;
    })
    .await;
}

#[tokio::test]
async fn rotating_gives_a_session_of_the_same_length_in_place_of_the_old() {
    on_each_database(async |world| {
        world.register(plain("L1-ART-001", T::L1, None)).await;
        let (service, operator) = (&world.service, &world.operator);
        let old = session::issue(service, operator, "L1-ART-001", 600)
            .await
            .unwrap();
        let caller = call_by(service, &old.token).await;
        service
            .db
            .clock()
            .advance(std::time::Duration::from_secs(500));
        let new = session::rotate(service, &caller).await.unwrap();
        assert_eq!(
            new.session.expires_at - new.session.created_at,
            TimeDelta::seconds(600)
        );
        assert_eq!(new.session.issued_by, Some(id("SYSTEM-001")));
        assert!(!session::still_live(service, &caller).await.unwrap());
        call_by(service, &new.token).await;
        // The same caller again, by the session that is gone.
        let refused = session::rotate(service, &caller).await;
        assert_eq!(code(&refused), Some(Code::Unauthenticated));
        let rotated = world.entries(A::SessionRotated).await.pop().unwrap();
        assert_eq!(rotated.entity_id, new.session.id.to_string());
        assert_eq!(
            rotated.metadata.value()["replaces"],
            old.session.id.to_string()
        );
        let revoked = world.entries(A::SessionRevoked).await.pop().unwrap();
        assert_eq!(revoked.entity_id, old.session.id.to_string());
        assert_eq!(revoked.cause_id, Some(rotated.id));
        let refused = session::rotate(service, &world.stranger()).await;
        assert_eq!(code(&refused), Some(Code::Unauthenticated));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_rotations_of_one_session_one_succeeds() {
    on_each_database(async |world| {
        let caller = world.agent("L1-ART-001", T::L1, None).await;
        let service = &world.service;
        let results = join_all((0..8).map(|_| session::rotate(service, &caller))).await;
        assert_eq!(results.iter().filter(|one| one.is_ok()).count(), 1);
        for refused in results.iter().filter(|one| one.is_err()) {
            assert_eq!(code(refused), Some(Code::Unauthenticated));
        }
    })
    .await;
}
