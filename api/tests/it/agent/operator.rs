//! The last operator stays (spec R1.08).

use std::time::Duration;

use entities::agent::{self as row, AgentPermission as P, AgentState, AgentTier};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use ziggie::auth::actor::Caller;
use ziggie::error::{Code, Result};
use ziggie::service::task_type::Define;
use ziggie::service::{Service, agent, founding, session, task};

use super::code;
use crate::world::{anything_goes, drawing, log_in, on_each_database};

const OPERATOR: [P; 2] = [P::ManageAgents, P::ModifyPermissions];

#[tokio::test]
async fn the_last_operator_can_be_neither_stopped_nor_stripped() {
    on_each_database(async |world| {
        // One who manages agents only is no operator in this sense.
        let clerk = world.operator_with("SYSTEM-002", &[P::ManageAgents]).await;
        let (service, operator) = (&world.service, &world.operator);
        let update = |permissions: Option<Vec<P>>, active| agent::Update {
            id: "SYSTEM-001".into(),
            permissions,
            active,
            reason: active.map(|_| "why".to_owned()),
            ..agent::Update::default()
        };
        let without = |lost: P| {
            P::ALL
                .iter()
                .copied()
                .filter(|one| *one != lost)
                .collect::<Vec<_>>()
        };
        let one = "SYSTEM-001";
        let strip =
            async |lost| agent::set_permissions(service, operator, one, without(lost)).await;
        let results = [
            agent::deactivate(service, operator, one, "why", false).await,
            agent::deactivate(service, &clerk, one, "why", true).await,
            agent::set_error(service, &clerk, one, "why", false).await,
            agent::report_error(service, operator, "why").await,
            strip(P::ManageAgents).await,
            strip(P::ModifyPermissions).await,
        ];
        for result in results {
            assert_eq!(code(&result), Some(Code::Conflict));
            assert!(
                result
                    .unwrap_err()
                    .to_string()
                    .contains("last operational operator")
            );
        }
        for line in [update(None, Some(false)), update(Some(vec![]), None)] {
            let refused = agent::update(service, operator, vec![line]).await;
            assert_eq!(code(&refused), Some(Code::Conflict));
        }
        let row = agent::get(service, one).await.unwrap();
        assert_eq!(row.state, AgentState::Operational);
        // Neither of the two is what the others are about.
        agent::set_permissions(service, operator, one, OPERATOR.to_vec())
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn with_another_operator_the_first_can_go_until_that_one_is_the_last() {
    on_each_database(async |world| {
        let second = world.operator_with("SYSTEM-002", &OPERATOR).await;
        let service = &world.service;
        agent::deactivate(service, &second, "SYSTEM-001", "retired", false)
            .await
            .unwrap();
        let refused = agent::deactivate(service, &second, "SYSTEM-002", "too", false).await;
        assert_eq!(code(&refused), Some(Code::Conflict));
        agent::activate(service, &second, "SYSTEM-001")
            .await
            .unwrap();
        agent::report_error(service, &second, "tired")
            .await
            .unwrap_err();
    })
    .await;
}

#[tokio::test]
async fn every_operator_has_a_secret_so_that_none_is_left_with_a_session_that_ends() {
    on_each_database(async |world| {
        let (service, operator) = (&world.service, &world.operator);
        let fleet = r#"{"version": 1, "agents": [
            {"id": "SYSTEM-002", "name": "Night shift", "tier": "SYSTEM", "capabilities": []}
        ]}"#;
        let refused = founding::import_fleet(service, operator, fleet).await;
        assert_eq!(code(&refused), Some(Code::BadUserInput));
        // The last operator's new secret is in its hands before the old one is gone.
        let rotated = agent::rotate_secret(service, operator, "SYSTEM-001")
            .await
            .unwrap();
        session::revoke_all(service, operator, "SYSTEM-001")
            .await
            .unwrap();
        log_in(service, "SYSTEM-001", &rotated.secret.expose()).await;
        let found = row::Entity::find()
            .filter(row::Column::Tier.eq(AgentTier::System))
            .filter(row::Column::SecretSha256.is_null())
            .all(&service.db)
            .await
            .unwrap();
        let without: Vec<_> = found.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(without, ["SYSTEM-000"]);
    })
    .await;
}

#[tokio::test]
async fn the_last_operator_stays_whatever_leases_it_loses() {
    on_each_database(async |world| {
        let (service, operator) = (&world.service, &world.operator);
        let leased = Define {
            lease_seconds: 60,
            max_attempts: 1,
            ..anything_goes("LEASED")
        };
        world.define(leased).await;
        let clerk = world.operator_with("SYSTEM-002", P::ALL).await;
        let create = || task::Create {
            type_name: "LEASED".to_owned(),
            ..drawing()
        };
        for _ in 0..3 {
            for loser in [operator, &clerk] {
                task::execute(service, loser, create()).await.unwrap();
            }
        }
        service.db.clock().advance(Duration::from_secs(61));
        assert_eq!(task::expire_leases(service).await.unwrap(), 6);
        assert_eq!(task::stop_losers(service).await.unwrap(), 1);
        assert_eq!(task::stop_losers(service).await.unwrap(), 0);
        let states = ["SYSTEM-001", "SYSTEM-002"].map(|id| agent::get(service, id));
        let states = futures::future::join_all(states).await;
        let operational = |one: &&Result<entities::agent::Model>| {
            one.as_ref().unwrap().state == AgentState::Operational
        };
        assert_eq!(states.iter().filter(operational).count(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_last_operators_sessions_may_end_since_its_secret_remains() {
    on_each_database(async |world| {
        let (service, operator) = (&world.service, &world.operator);
        assert_eq!(
            session::revoke_all(service, operator, "SYSTEM-001")
                .await
                .unwrap(),
            1
        );
        log_in(service, "SYSTEM-001", &world.operator_secret).await;
    })
    .await;
}

#[tokio::test]
async fn the_last_operators_last_session_stays_when_it_has_no_secret() {
    on_each_database(async |world| {
        use sea_orm::ConnectionTrait;
        let outside = world.back_door().await;
        outside
            .execute_unprepared("UPDATE agents SET secret_sha256 = NULL WHERE id = 'SYSTEM-001'")
            .await
            .unwrap();
        outside.close().await.unwrap();
        let (service, operator) = (&world.service, &world.operator);
        let own = operator.session_id().unwrap().to_string();
        let refused = session::revoke(service, operator, &own).await;
        assert_eq!(code(&refused), Some(Code::Conflict));
        let refused = session::revoke_all(service, operator, "SYSTEM-001").await;
        assert_eq!(code(&refused), Some(Code::Conflict));
        // A rotated session takes the old one's place, and a new secret is a way in.
        session::rotate(service, operator).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_operators_who_strip_each_other_one_remains() {
    on_each_database(async |world| {
        let second = world.operator_with("SYSTEM-002", P::ALL).await;
        let (service, first) = (&world.service, &world.operator);
        for _ in 0..4 {
            let (one, other) = futures::join!(
                agent::set_permissions(service, first, "SYSTEM-002", vec![P::ExecuteTask]),
                agent::set_permissions(service, &second, "SYSTEM-001", vec![P::ExecuteTask]),
            );
            assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
            let (winner, lost) = if one.is_ok() {
                (first, "SYSTEM-002")
            } else {
                (&second, "SYSTEM-001")
            };
            agent::set_permissions(service, winner, lost, P::ALL.to_vec())
                .await
                .unwrap();
        }
        // Two who each give up their own rights: the second to come is refused.
        let (one, other) = futures::join!(
            agent::set_permissions(service, first, "SYSTEM-001", vec![]),
            agent::set_permissions(service, &second, "SYSTEM-002", vec![]),
        );
        assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
        assert_eq!(code(&one).or(code(&other)), Some(Code::Conflict));
    })
    .await;
}

/// How an operator does away with another, or with itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Deactivate,
    Error,
    Strip,
    Bulk,
}

impl Way {
    const ALL: [Self; 4] = [Self::Deactivate, Self::Error, Self::Strip, Self::Bulk];

    async fn go(self, service: &Service, by: &Caller, id: &str) -> Result<()> {
        match self {
            Self::Deactivate => agent::deactivate(service, by, id, "why", false)
                .await
                .map(drop),
            Self::Error => agent::set_error(service, by, id, "why", false)
                .await
                .map(drop),
            Self::Strip => agent::set_permissions(service, by, id, vec![])
                .await
                .map(drop),
            Self::Bulk => {
                let update = agent::Update {
                    id: id.to_owned(),
                    active: Some(false),
                    reason: Some("why".to_owned()),
                    ..agent::Update::default()
                };
                agent::update(service, by, vec![update]).await.map(drop)
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_operators_who_do_away_with_each_other_or_themselves_one_remains() {
    on_each_database(async |world| {
        let service = &world.service;
        world.operator_with("SYSTEM-002", P::ALL).await;
        let ids = ["SYSTEM-001", "SYSTEM-002"];
        for (one, other) in Way::ALL
            .iter()
            .flat_map(|one| Way::ALL.map(|other| (*one, other)))
        {
            for (first, second) in [(ids[1], ids[0]), (ids[0], ids[1])] {
                let (a, b) = (
                    world.agent_anew(ids[0]).await,
                    world.agent_anew(ids[1]).await,
                );
                let (won, lost) =
                    futures::join!(one.go(service, &a, first), other.go(service, &b, second),);
                let case = format!("{one:?} {first}, {other:?} {second}: {won:?} {lost:?}");
                assert!(won.is_ok() != lost.is_ok(), "{case}");
                // Whoever came second is an operator no more, or would have been the last to go.
                let refused = code(&won).or(code(&lost)).unwrap();
                let expected = [Code::Unauthenticated, Code::Forbidden, Code::Conflict];
                assert!(expected.contains(&refused), "{case}");
                let itself = Caller::control_center(service.db.request_id());
                for id in ids {
                    let gone = agent::get(service, id).await.unwrap();
                    if gone.state != AgentState::Operational {
                        agent::activate(service, &itself, id).await.unwrap();
                    }
                    if gone.permissions != AgentTier::System.ceiling() {
                        let all = P::ALL.to_vec();
                        agent::set_permissions(service, &itself, id, all)
                            .await
                            .unwrap();
                    }
                }
            }
        }
    })
    .await;
}
