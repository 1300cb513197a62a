//! Registering agents (spec R1.02, R1.03, R1.07, R1.08).

use entities::agent::{AgentPermission as P, AgentTier as T};
use entities::audit::AuditAction;
use futures::future::join_all;
use serde_json::json;
use ziggie::auth::policy::Operation;
use ziggie::error::Code;
use ziggie::service::agent::{self, Register};

use super::{at, code, faults};
use crate::world::{id, log_in, on_each_database, plain};

const BULK: Operation = Operation::RegisterAgents;

#[tokio::test]
async fn a_registered_agent_holds_its_ceiling_and_logs_in_by_the_secret_shown_once() {
    on_each_database(async |world| {
        let line = Register {
            capabilities: Some(vec!["PAINT".into(), "DRAW".into(), "DRAW".into()]),
            config: Some(json!({"b": 1, "a": [true]})),
            ..plain("L1-ART-001", T::L1, None)
        };
        let secret = world.register(line).await;
        let agent = agent::get(&world.service, "L1-ART-001").await.unwrap();
        assert_eq!(agent.permissions, T::L1.ceiling());
        assert_eq!(agent.capabilities.as_slice(), ["DRAW", "PAINT"]);
        assert_eq!(agent.config.as_str(), r#"{"a":[true],"b":1}"#);
        assert!(!format!("{agent:?}").contains(&secret));
        let caller = log_in(&world.service, "L1-ART-001", &secret).await;
        assert_eq!(caller.agent_id(), Some(id("L1-ART-001")));
        let entries = world.entries(AuditAction::AgentRegistered).await;
        let entry = entries.last().unwrap();
        assert_eq!(entry.entity_id, "L1-ART-001");
        assert_eq!(entry.actor_id, world.operator.agent_id());
        assert!(!entry.metadata.as_str().contains(&secret));
    })
    .await;
}

#[tokio::test]
async fn a_call_in_bulk_names_every_fault_by_its_line_and_registers_nobody() {
    on_each_database(async |world| {
        world.register(plain("L1-ART-001", T::L1, None)).await;
        let service = &world.service;
        let lines = vec![
            plain("L2-GOOD-001", T::L2, Some("L1-ART-001")),
            plain("l2-lower", T::L2, Some("L1-ART-001")),
            plain("L3-TIER-001", T::L2, Some("L1-ART-001")),
            plain("L1-ART-001", T::L1, None),
            plain("L2-GOOD-001", T::L2, Some("L1-ART-001")),
            plain("L2-LONE-001", T::L2, None),
            plain("L1-LED-001", T::L1, Some("SYSTEM-001")),
            plain("L2-GHOST-001", T::L2, Some("L1-GHOST-001")),
            plain("L3-HIGH-001", T::L3, Some("L1-ART-001")),
            plain("SYSTEM-000", T::System, None),
            Register {
                permissions: Some(vec![P::ExecuteTask, P::ManageAgents]),
                ..plain("L1-PROUD-001", T::L1, None)
            },
            Register {
                name: " ".into(),
                capabilities: Some(vec!["DRAW".into(), "no".into()]),
                config: Some(json!([])),
                ..plain("L1-ODD-001", T::L1, None)
            },
            // In the line of one of the same call, and without fault.
            plain("L3-GOOD-001", T::L3, Some("L2-GOOD-001")),
        ];
        let refused = agent::register(service, &world.operator, lines, BULK).await;
        assert_eq!(
            faults(refused),
            [
                at(1, "/id", "format"),
                at(2, "/id", "prefix"),
                at(3, "/id", "unique"),
                at(4, "/id", "unique"),
                at(5, "/supervisorId", "required"),
                at(6, "/supervisorId", "supervisor"),
                at(7, "/supervisorId", "exists"),
                at(8, "/supervisorId", "supervisor"),
                at(9, "/id", "reserved"),
                at(9, "/id", "unique"),
                at(10, "/permissions", "ceiling"),
                at(11, "/name", "minLength"),
                at(11, "/capabilities/1", "pattern"),
                at(11, "/config", "type"),
            ]
        );
        assert_eq!(world.entries(AuditAction::AgentRegistered).await.len(), 3);
        assert!(agent::find(service, "L2-GOOD-001").await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn the_faults_of_a_single_registration_name_no_line() {
    on_each_database(async |world| {
        let line = vec![plain("L2-A-001", T::L1, None)];
        let operation = Operation::RegisterAgent;
        let refused = agent::register(&world.service, &world.operator, line, operation).await;
        let fault = (None, "/id".to_owned(), "prefix".to_owned());
        assert_eq!(faults(refused), [fault]);
    })
    .await;
}

#[tokio::test]
async fn thousands_are_registered_in_one_call_with_their_supervisors_among_them() {
    on_each_database(async |world| {
        let mut lines = vec![plain("L1-BULK-001", T::L1, None)];
        for two in 0..100 {
            let specialist = format!("L2-BULK-{two:03}");
            lines.push(plain(&specialist, T::L2, Some("L1-BULK-001")));
            for three in 0..20 {
                let micro = format!("L3-BULK-{two:03}-{three:02}");
                lines.push(plain(&micro, T::L3, Some(&specialist)));
            }
        }
        // Reports may stand before their supervisors.
        lines.reverse();
        let count = lines.len();
        let registered = agent::register(&world.service, &world.operator, lines, BULK)
            .await
            .unwrap();
        assert_eq!(registered.len(), count);
        assert_eq!(registered[count - 1].agent.id, id("L1-BULK-001"));
        let entries = world.entries(AuditAction::AgentRegistered).await;
        assert_eq!(entries.len(), count + 2);
        let requests: std::collections::HashSet<_> = entries
            .iter()
            .skip(2)
            .map(|entry| entry.request_id)
            .collect();
        assert_eq!(requests.len(), 1);
        assert!(
            world
                .service
                .feed
                .fleet()
                .is_above(&id("L1-BULK-001"), &id("L3-BULK-007-07"))
        );
    })
    .await;
}

#[tokio::test]
async fn a_call_of_too_many_lines_is_beyond_the_limit() {
    on_each_database(async |world| {
        let max = world.service.settings.max_bulk;
        let lines = vec![plain("L1-A", T::L1, None); max + 1];
        let refused = agent::register(&world.service, &world.operator, lines, BULK).await;
        assert_eq!(code(&refused), Some(Code::LimitExceeded));
    })
    .await;
}

#[tokio::test]
async fn nobody_registers_beyond_what_they_hold_without_modify_permissions() {
    on_each_database(async |world| {
        let held = [P::ManageAgents, P::ExecuteTask];
        let clerk = world.operator_with("SYSTEM-002", &held).await;
        let service = &world.service;
        let single = Operation::RegisterAgent;
        let line = vec![plain("L1-A-001", T::L1, None)];
        let refused = agent::register(service, &clerk, line.clone(), single).await;
        assert_eq!(code(&refused), Some(Code::Forbidden));
        let denied = world.entries(AuditAction::AccessDenied).await;
        assert_eq!(denied[0].metadata.value()["rule"], "R1.08 grant");
        let humble = vec![Register {
            permissions: Some(vec![P::ExecuteTask]),
            ..line[0].clone()
        }];
        agent::register(service, &clerk, humble, single)
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn below_system_nobody_registers() {
    on_each_database(async |world| {
        let director = world.agent("L1-ART-001", T::L1, None).await;
        // Refused before anything of the input is looked at.
        let lines = vec![plain("nonsense", T::L1, None)];
        for (caller, expected) in [
            (&director, Code::Forbidden),
            (&world.stranger(), Code::Unauthenticated),
        ] {
            let refused = agent::register(&world.service, caller, lines.clone(), BULK).await;
            assert_eq!(code(&refused), Some(expected));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_register_the_same_id_one_wins() {
    on_each_database(async |world| {
        let calls = (0..8).map(|_| {
            let line = vec![plain("L1-RACE-001", T::L1, None)];
            agent::register(
                &world.service,
                &world.operator,
                line,
                Operation::RegisterAgent,
            )
        });
        let results = join_all(calls).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        for refused in results.iter().filter(|result| result.is_err()) {
            let code = code(refused);
            assert!(
                matches!(code, Some(Code::BadUserInput | Code::Conflict)),
                "{refused:?}"
            );
        }
        let registered = world.entries(AuditAction::AgentRegistered).await;
        assert_eq!(registered.len(), 3);
    })
    .await;
}
