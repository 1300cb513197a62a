//! From a token to a caller (spec R1.04, R2.03). What is wrong with a token itself is tested beside `auth::token`.

use std::time::Duration;

use entities::agent::AgentTier as T;
use entities::audit::AuditAction as A;
use sea_orm::ConnectionTrait;
use ziggie::error::{Code, Error};
use ziggie::service::{agent, session};

use crate::world::{World, call_by, id, on_each_database, origin, plain};

async fn refusal(world: &World, token: &str) -> (String, String) {
    let refused = session::caller(&world.service, token, origin(&world.service)).await;
    let error = refused.map(|caller| caller.agent_id()).unwrap_err();
    assert_eq!(error.code(), Code::Unauthenticated);
    let entry = world.entries(A::AuthenticationFailed).await.pop().unwrap();
    let reason = entry.metadata.value()["reason"]
        .as_str()
        .unwrap()
        .to_owned();
    (error.to_string(), reason)
}

async fn issue(world: &World, ttl: i32) -> session::Issued {
    session::issue(&world.service, &world.operator, "L1-ART-001", ttl)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_well_signed_token_answers_for_nobody_once_session_or_agent_are_gone() {
    on_each_database(async |world| {
        world.register(plain("L1-ART-001", T::L1, None)).await;
        let (service, operator) = (&world.service, &world.operator);
        let uniform = Error::Unauthenticated.to_string();
        let outside = world.back_door().await;
        let sql = async |sql: &str| {
            outside.execute_unprepared(sql).await.unwrap();
        };
        let expect = async |token: &str, reason: &str| {
            assert_eq!(
                refusal(&world, token).await,
                (uniform.clone(), reason.to_owned())
            );
        };

        expect("nonsense", "MALFORMED").await;
        expect(&"x".repeat(100_000), "TOO_LONG").await;

        let one = issue(&world, 600).await;
        assert_eq!(
            call_by(service, &one.token).await.agent_id(),
            Some(id("L1-ART-001"))
        );
        session::revoke(service, operator, &one.session.id.to_string())
            .await
            .unwrap();
        expect(&one.token, "REVOKED_SESSION").await;

        let two = issue(&world, 600).await;
        sql("UPDATE agents SET tier = 'L2' WHERE id = 'L1-ART-001'").await;
        expect(&two.token, "TIER").await;
        sql("UPDATE agents SET tier = 'L1' WHERE id = 'L1-ART-001'").await;
        // As if by a hand on the database: the session is live, the agent is not.
        sql("UPDATE agents SET state = 'INACTIVE' WHERE id = 'L1-ART-001'").await;
        expect(&two.token, "NOT_OPERATIONAL").await;
        sql("UPDATE agents SET state = 'OPERATIONAL' WHERE id = 'L1-ART-001'").await;
        call_by(service, &two.token).await;
        sql("UPDATE sessions SET agent_id = 'SYSTEM-001' WHERE agent_id = 'L1-ART-001'").await;
        expect(&two.token, "UNKNOWN_SESSION").await;
        sql("DELETE FROM sessions WHERE agent_id = 'SYSTEM-001' AND issued_by IS NOT NULL").await;
        expect(&two.token, "UNKNOWN_SESSION").await;

        let three = issue(&world, 600).await;
        agent::deactivate(service, operator, "L1-ART-001", "off", false)
            .await
            .unwrap();
        expect(&three.token, "REVOKED_SESSION").await;
        agent::activate(service, operator, "L1-ART-001")
            .await
            .unwrap();

        let four = issue(&world, 600).await;
        sql("UPDATE sessions SET expires_at = created_at").await;
        expect(&four.token, "EXPIRED_SESSION").await;
        service.db.clock().advance(Duration::from_secs(600));
        expect(&four.token, "EXPIRED").await;
        outside.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_token_of_another_installation_is_refused() {
    on_each_database(async |world| {
        let other = World::on_sqlite(ziggie::service::Settings::default()).await;
        other.register(plain("L1-ART-001", T::L1, None)).await;
        let theirs = issue(&other, 600).await;
        let (_, reason) = refusal(&world, &theirs.token).await;
        assert_eq!(reason, "UNKNOWN_KEY");
    })
    .await;
}
