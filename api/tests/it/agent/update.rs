//! Changing agents (spec R1.07, R1.08, R5.02).

use entities::agent::{AgentPermission as P, AgentState, AgentTier as T};
use entities::audit::AuditAction as A;
use serde_json::json;
use ziggie::error::Code;
use ziggie::service::agent::{self, Update};

use super::{at, code, faults};
use crate::world::{World, id, on_each_database, plain};

async fn studio(world: &World) {
    for line in [
        plain("L1-ART-001", T::L1, None),
        plain("L1-ENG-001", T::L1, None),
        plain("L2-CHAR-001", T::L2, Some("L1-ART-001")),
        plain("L3-CHAR-POSE-001", T::L3, Some("L2-CHAR-001")),
    ] {
        world.register(line).await;
    }
}

fn line(id: &str) -> Update {
    Update {
        id: id.to_owned(),
        ..Update::default()
    }
}

const KINDS: [A; 6] = [
    A::AgentUpdated,
    A::AgentConfigUpdated,
    A::AgentPermissionChanged,
    A::AgentActivated,
    A::AgentDeactivated,
    A::AgentErrored,
];

async fn kinds(world: &World) -> Vec<(A, String)> {
    let mut found = Vec::new();
    for action in KINDS {
        let entries = world.entries(action).await;
        found.extend(entries.into_iter().map(|entry| (action, entry.entity_id)));
    }
    found
}

#[tokio::test]
async fn each_kind_of_change_has_an_entry_of_its_own_and_folding_them_gives_the_row() {
    on_each_database(async |world| {
        studio(&world).await;
        let changes = vec![
            Update {
                name: Some("Character Lead".into()),
                supervisor_id: Some("L1-ENG-001".into()),
                capabilities: Some(vec!["DRAW".into()]),
                config: Some(json!({"style": "ink"})),
                permissions: Some(vec![P::ExecuteTask, P::ReportStatus]),
                active: Some(false),
                reason: Some("on leave".into()),
                ..line("L2-CHAR-001")
            },
            Update {
                name: Some("Art Director".into()),
                ..line("L1-ART-001")
            },
        ];
        let changed = agent::update(&world.service, &world.operator, changes)
            .await
            .unwrap();
        assert_eq!(changed.len(), 2);
        let found = agent::get(&world.service, "L2-CHAR-001").await.unwrap();
        assert_eq!(changed[0], found);
        assert_eq!(found.supervisor_id, Some(id("L1-ENG-001")));
        assert_eq!(found.state, AgentState::Inactive);
        assert_eq!(
            kinds(&world).await,
            [
                (A::AgentUpdated, "L2-CHAR-001".to_owned()),
                (A::AgentUpdated, "L1-ART-001".to_owned()),
                (A::AgentConfigUpdated, "L2-CHAR-001".to_owned()),
                (A::AgentPermissionChanged, "L2-CHAR-001".to_owned()),
                (A::AgentDeactivated, "L2-CHAR-001".to_owned()),
            ]
        );
        let entry = &world.entries(A::AgentPermissionChanged).await[0];
        let metadata = entry.metadata.value();
        assert_eq!(metadata["added"], json!([]));
        let removed = json!([
            "DELEGATE_TO_L3",
            "AGGREGATE_L3_RESULTS",
            "REQUEST_L1_REVIEW"
        ]);
        assert_eq!(metadata["removed"], removed);
        assert_folds(&world, &found).await;
    })
    .await;
}

async fn assert_folds(world: &World, agent: &entities::agent::Model) {
    use entities::audit::recorded::{Recorded, fold};
    let mut folded = serde_json::Map::new();
    let mut entries = Vec::new();
    for action in KINDS.into_iter().chain([A::AgentRegistered]) {
        entries.extend(world.entries(action).await);
    }
    entries.sort_by_key(|entry| entry.ordinal);
    for entry in entries
        .iter()
        .filter(|entry| entry.entity_id == agent.id.as_str())
    {
        fold(
            &mut folded,
            entry.metadata.value()["set"].as_object().unwrap(),
        );
    }
    assert_eq!(folded, agent.recorded());
}

#[tokio::test]
async fn what_changes_nothing_leaves_no_entry() {
    on_each_database(async |world| {
        studio(&world).await;
        let before = agent::get(&world.service, "L2-CHAR-001").await.unwrap();
        let same = Update {
            name: Some(before.name.clone()),
            supervisor_id: Some("L1-ART-001".into()),
            capabilities: Some(vec![]),
            config: Some(json!({})),
            permissions: Some(before.permissions.iter().collect()),
            active: Some(true),
            ..line("L2-CHAR-001")
        };
        let changed = agent::update(&world.service, &world.operator, vec![same]).await;
        assert_eq!(changed.unwrap(), [before]);
        assert_eq!(kinds(&world).await, []);
    })
    .await;
}

#[tokio::test]
async fn one_fault_in_any_line_changes_nobody_and_every_fault_is_named() {
    on_each_database(async |world| {
        studio(&world).await;
        let name = || Some("Another".to_owned());
        let lines = vec![
            Update {
                name: name(),
                ..line("L1-ART-001")
            },
            Update {
                name: name(),
                ..line("L1-NOBODY-001")
            },
            Update {
                name: name(),
                ..line("not an id")
            },
            Update {
                name: name(),
                ..line("L1-ART-001")
            },
            Update {
                active: Some(false),
                ..line("L1-ENG-001")
            },
            Update {
                supervisor_id: Some("L2-CHAR-001".into()),
                permissions: Some(vec![P::ApproveAsset]),
                reason: Some("why".into()),
                ..line("L2-CHAR-001")
            },
            Update {
                supervisor_id: Some("L2-NOBODY-001".into()),
                ..line("L3-CHAR-POSE-001")
            },
        ];
        let refused = agent::update(&world.service, &world.operator, lines).await;
        assert_eq!(
            faults(refused),
            [
                at(1, "/id", "exists"),
                at(2, "/id", "format"),
                at(3, "/id", "unique"),
                at(4, "/reason", "required"),
                at(5, "/reason", "dependentRequired"),
                at(5, "/supervisorId", "supervisor"),
                at(5, "/permissions", "ceiling"),
                at(6, "/supervisorId", "exists"),
            ]
        );
        assert_eq!(kinds(&world).await, []);
    })
    .await;
}

#[tokio::test]
async fn permissions_are_changed_with_modify_permissions_only_and_within_the_ceiling() {
    on_each_database(async |world| {
        studio(&world).await;
        let service = &world.service;
        let clerk = world.operator_with("SYSTEM-002", &[P::ManageAgents]).await;
        let change = Update {
            permissions: Some(vec![]),
            ..line("L2-CHAR-001")
        };
        let refused = agent::update(service, &clerk, vec![change]).await;
        assert_eq!(code(&refused), Some(Code::Forbidden));
        let refused = agent::set_permissions(service, &clerk, "L2-CHAR-001", vec![]).await;
        assert_eq!(code(&refused), Some(Code::Forbidden));

        let beyond = vec![P::ApproveAsset];
        let refused = agent::set_permissions(service, &world.operator, "L2-CHAR-001", beyond).await;
        assert_eq!(code(&refused), Some(Code::BadUserInput));
        let granted = vec![P::ExecuteTask];
        let changed = agent::set_permissions(service, &world.operator, "L2-CHAR-001", granted)
            .await
            .unwrap();
        assert_eq!(changed.permissions.to_string(), "EXECUTE_TASK");
    })
    .await;
}

#[tokio::test]
async fn what_an_agent_may_do_is_what_its_row_says_now() {
    on_each_database(async |world| {
        let clerk = world.operator_with("SYSTEM-002", &[P::ManageAgents]).await;
        let service = &world.service;
        agent::set_permissions(service, &world.operator, "SYSTEM-002", vec![])
            .await
            .unwrap();
        // The caller was made before, with the permission; the unit reads the row again.
        let refused = agent::activate(service, &clerk, "SYSTEM-001").await;
        assert_eq!(code(&refused), Some(Code::Forbidden));
    })
    .await;
}

#[tokio::test]
async fn a_configuration_is_replaced_as_a_whole() {
    on_each_database(async |world| {
        studio(&world).await;
        let service = &world.service;
        let set = async |config| {
            agent::update_config(service, &world.operator, "L2-CHAR-001", config).await
        };
        set(json!({"a": 1, "b": 2})).await.unwrap();
        let changed = set(json!({"b": 3})).await.unwrap();
        assert_eq!(changed.config.as_str(), r#"{"b":3}"#);
        let too_large = json!({"text": "x".repeat(service.settings.max_document_bytes)});
        for bad in [json!("text"), too_large] {
            assert_eq!(code(&set(bad).await), Some(Code::BadUserInput));
        }
        assert_eq!(world.entries(A::AgentConfigUpdated).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn nobody_changes_the_control_center_or_an_agent_that_does_not_exist() {
    on_each_database(async |world| {
        let (service, operator) = (&world.service, &world.operator);
        for (agent_id, expected) in [
            ("SYSTEM-000", Code::Forbidden),
            ("SYSTEM-999", Code::NotFound),
            ("no id at all", Code::NotFound),
        ] {
            let results = [
                agent::activate(service, operator, agent_id).await,
                agent::deactivate(service, operator, agent_id, "why", true).await,
                agent::set_error(service, operator, agent_id, "why", false).await,
                agent::update_config(service, operator, agent_id, json!({})).await,
                agent::set_permissions(service, operator, agent_id, vec![]).await,
                agent::rotate_secret(service, operator, agent_id)
                    .await
                    .map(|one| one.agent),
            ];
            for result in results {
                assert_eq!(code(&result), Some(expected), "{agent_id}");
            }
        }
        let refused = agent::update(service, operator, vec![line("SYSTEM-000")]).await;
        assert_eq!(code(&refused), Some(Code::Forbidden));
        let center = agent::get(service, "SYSTEM-000").await.unwrap();
        assert_eq!(
            (center.state, center.secret_sha256),
            (AgentState::Operational, None)
        );
    })
    .await;
}
