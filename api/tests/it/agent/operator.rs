//! The last operator stays (spec R1.08).

use entities::agent::{AgentPermission as P, AgentState};
use ziggie::error::Code;
use ziggie::service::{agent, session};

use super::code;
use crate::world::on_each_database;

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
async fn the_last_operators_sessions_may_end_since_its_secret_remains() {
    on_each_database(async |world| {
        let (service, operator) = (&world.service, &world.operator);
        assert_eq!(
            session::revoke_all(service, operator, "SYSTEM-001")
                .await
                .unwrap(),
            1
        );
        crate::world::log_in(service, "SYSTEM-001", &world.operator_secret).await;
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
