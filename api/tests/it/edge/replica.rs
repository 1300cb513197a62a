//! Several replicas on one PostgreSQL database: what one ends, ends on all of them (spec R2.03, R10.01).

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;
use ziggie::app::config::Hidden;
use ziggie::app::{self, Config, Running};
use ziggie::store::Database;

use super::raw::Socket;
use super::{ask_at, config};
use crate::world::{World, on_postgres};

/// Far more than the second that the rule grants: how soon it is, is measured elsewhere, on a machine that does nothing else.
const PATIENCE: Duration = Duration::from_secs(20);

/// A replica with a directory of its own and the shared master key.
async fn replica(world: &World) -> (Running, tempfile::TempDir) {
    let Database::Postgres { url, .. } = world.database() else {
        unreachable!("replicas share PostgreSQL")
    };
    let data_dir = tempfile::tempdir().unwrap();
    let config = Config {
        database_url: Some(url.clone()),
        master_key: Some(Hidden::new(world.master().expose().to_string())),
        ..config(&data_dir)
    };
    (app::start(config).await.unwrap(), data_dir)
}

#[tokio::test]
async fn a_session_that_one_replica_ends_is_over_on_the_other() {
    on_postgres(async |world| {
        let (one, _one_dir) = replica(&world).await;
        let (other, _other_dir) = replica(&world).await;
        let secret = &world.operator_secret;
        let login = format!(
            "mutation {{ authenticate(agentId: \"SYSTEM-001\", secret: \"{secret}\") {{ token }} }}"
        );
        let token = async || {
            let answer = ask_at(one.address, None, &login).await;
            answer["data"]["authenticate"]["token"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let (kept, ended) = (token().await, token().await);
        let mut socket = Socket::greeted(other.address, &json!({"x-agent-token": ended})).await;
        socket
            .subscribe("1", "subscription { agentUpdates { action } }")
            .await;

        let answer = ask_at(
            one.address,
            Some(&ended),
            "mutation { rotateSession { token } }",
        )
        .await;
        assert!(answer.get("errors").is_none(), "{answer}");
        assert_eq!(
            tokio::time::timeout(PATIENCE, socket.closed()).await,
            Ok(4403)
        );
        let answer = ask_at(other.address, Some(&kept), "{ me { id } }").await;
        assert_eq!(answer["data"]["me"]["id"], "SYSTEM-001");
        one.shutdown().await.unwrap();
        other.shutdown().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_replica_with_another_master_key_refuses_to_start_and_leaves_no_key() {
    on_postgres(async |world| {
        let Database::Postgres { url, .. } = world.database() else {
            unreachable!("replicas share PostgreSQL")
        };
        let data_dir = tempfile::tempdir().unwrap();
        let config = Config {
            database_url: Some(url.clone()),
            ..config(&data_dir)
        };
        let error = app::start(config).await.unwrap_err();
        assert!(
            format!("{error:#}").contains("the master key is another one"),
            "{error:#}"
        );
        assert!(!data_dir.path().join("master.key").exists());
    })
    .await;
}

#[tokio::test]
async fn a_replica_that_is_gone_leaves_no_connection_behind() {
    on_postgres(async |world| {
        let outside = world.back_door().await;
        let connections = async || {
            let ours = "SELECT count(*) AS n FROM pg_stat_activity \
                WHERE datname = current_database() AND application_name = 'ziggie'";
            let row = outside
                .query_one_raw(Statement::from_string(DbBackend::Postgres, ours))
                .await;
            row.unwrap().unwrap().try_get::<i64>("", "n").unwrap()
        };
        let (stopped, _stopped_dir) = replica(&world).await;
        let (dropped, _dropped_dir) = replica(&world).await;
        assert!(connections().await > 0);
        stopped.shutdown().await.unwrap();
        drop(dropped);
        drop(world.service);
        let none = async {
            while connections().await > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, none)
            .await
            .expect("every connection is gone");
    })
    .await;
}
