//! PostgreSQL at its limits: a pool run dry, connections that are ended, wake-ups that are lost, and what bounds a transaction.

use std::time::Duration;

use entities::audit::{AuditAction, entry, ledger};
use futures::StreamExt;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, Statement};
use tokio::sync::Semaphore;
use ziggie::error::Code;
use ziggie::service::{Settings, task};
use ziggie::store::{Database, Entry, Tx};

use crate::world::{World, drawing, on_empty_postgres, on_postgres};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_run_dry_refuses_in_time_and_numbering_goes_on() {
    on_empty_postgres(async |url| {
        let database = Database::Postgres {
            url: url.to_owned(),
            max_connections: 2,
        };
        let world = World::open(database, Settings::default(), None).await;
        let (held, go) = (Semaphore::new(0), Semaphore::new(0));
        let holding = async || {
            world
                .service
                .db
                .write(&world.operator, async |tx: &mut Tx| {
                    tx.record(
                        Entry::new(AuditAction::SystemError)
                            .with("duty", "test")
                            .about("test"),
                    )?;
                    held.add_permits(1);
                    go.acquire().await.unwrap().forget();
                    Ok(())
                })
                .await
        };
        let refused = async {
            held.acquire_many(2).await.unwrap().forget();
            let refused = task::list(
                &world.service,
                &world.operator,
                task::Filter::default(),
                &<_>::default(),
            )
            .await;
            // What was written before has its number although nobody gets a connection of the pool.
            let outside = world.back_door().await;
            let settled = async {
                while ledger::Entity::find().count(&outside).await.unwrap()
                    < entry::Entity::find().count(&outside).await.unwrap()
                {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::time::timeout(PATIENCE, settled).await.unwrap();
            go.add_permits(2);
            refused
        };
        let (one, other, refused) = tokio::join!(holding(), holding(), refused);
        assert_eq!(refused.unwrap_err().code(), Code::Unavailable);
        one.unwrap();
        other.unwrap();
        task::list(
            &world.service,
            &world.operator,
            task::Filter::default(),
            &<_>::default(),
        )
        .await
        .unwrap();
    })
    .await;
}

#[tokio::test]
async fn idle_connections_that_the_database_ends_are_replaced_unnoticed() {
    on_postgres(async |world| {
        world.define_drawing().await;
        let outside = world.back_door().await;
        for _ in 0..5 {
            let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'ziggie'";
            outside.execute_unprepared(end).await.unwrap();
            task::create(&world.service, &world.operator, drawing()).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn what_no_wake_up_tells_of_is_found_by_looking() {
    on_postgres(async |world| {
        world.define_drawing().await;
        let other = world.replica().await;
        let settled = other.feed.settled().await.unwrap();
        let mut heard = Box::pin(other.feed.follow(Some(settled - 1)));
        // Nobody listens any more: the connections that do are ended before each write.
        let outside = world.back_door().await;
        for _ in 0..3 {
            let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
                WHERE datname = current_database() AND query LIKE 'LISTEN%'";
            outside.execute_unprepared(end).await.unwrap();
            let made = task::create(&world.service, &world.operator, drawing())
                .await
                .unwrap();
            let event = tokio::time::timeout(PATIENCE, heard.next()).await.unwrap();
            assert_eq!(event.unwrap().unwrap().entry.entity_id, made.id.to_string());
        }
    })
    .await;
}

#[tokio::test]
async fn no_transaction_grows_old_and_no_statement_runs_for_ever() {
    on_postgres(async |world| {
        for (setting, wanted) in [
            ("statement_timeout", "15s"),
            ("lock_timeout", "5s"),
            ("idle_in_transaction_session_timeout", "10s"),
        ] {
            let query = format!("SELECT current_setting('{setting}') AS value");
            let row = world
                .service
                .db
                .query_one_raw(Statement::from_string(DbBackend::Postgres, query))
                .await;
            let value: String = row.unwrap().unwrap().try_get("", "value").unwrap();
            assert_eq!(value, wanted, "{setting}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_unavailable_and_no_fault_of_the_server() {
    on_postgres(async |world| {
        let slow = Statement::from_string(DbBackend::Postgres, "SELECT pg_sleep(20)");
        // The setting holds from the next statement on, in the same transaction.
        let ended = world
            .service
            .db
            .write(&world.operator, async |tx: &mut Tx| {
                let short = "SELECT set_config('statement_timeout', '50ms', true)";
                tx.query_one_raw(Statement::from_string(DbBackend::Postgres, short))
                    .await?;
                tx.query_all_raw(slow).await?;
                Ok(())
            })
            .await;
        assert_eq!(ended.unwrap_err().code(), Code::Unavailable);
    })
    .await;
}
