//! Personal data: erased at once or by their clock, found nowhere afterwards, and every proof holds (spec R5.08).

use std::time::Duration;

use entities::agent::AgentTier;
use entities::audit::AuditAction;
use entities::task::{self as row, TaskStatus};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Statement};
use serde_json::json;
use ziggie::auth::actor::Caller;
use ziggie::error::Code;
use ziggie::service::{Settings, personal, task, task_type};
use ziggie::store::Database;

use crate::log::flaws;
use crate::world::{World, anything_goes, drawing, on_each_database, validator};

/// What must be found nowhere.
const MAIL: &str = "ada.lovelace@example.org";
const STREET: &str = "12 Saint James Square";
const BROWSER: &str = "Analytical-Engine/1.0";
const ADDRESS: &str = "203.0.113.77";

fn form() -> task_type::Define {
    let mark = json!({"type": "string", "x-personal": true});
    let note = json!({"type": "object", "properties": {"street": mark}});
    task_type::Define {
        input_schema: json!({
            "type": "object",
            "properties": {"mail": {"$ref": "#/$defs/mail"}, "subject": {"type": "string"}},
            "$defs": {"mail": mark},
        }),
        output_schema: json!({
            "type": "object",
            "properties": {"notes": {"type": "array", "items": note}},
        }),
        validators: vec!["NOTES_CHECK".to_owned()],
        ..anything_goes("CALL_CUSTOMER")
    }
}

/// A director had a specialist call a customer, whose answer was checked. Gives the director and the task.
async fn a_call_was_made(world: &World) -> (Caller, row::Model) {
    let service = &world.service;
    world.define(validator("NOTES_CHECK")).await;
    world.define(form()).await;
    let mut director = world.agent("L1-DIR-001", AgentTier::L1, None).await;
    director.origin.user_agent = Some(BROWSER.into());
    director.origin.ip_address = Some(ADDRESS.parse().unwrap());
    let supervisor = Some("L1-DIR-001");
    let specialist = world.agent("L2-CALL-001", AgentTier::L2, supervisor).await;
    let supervisor = Some("L2-CALL-001");
    let checker = world.agent("L3-CHECK-001", AgentTier::L3, supervisor).await;
    world.make_capable("L2-CALL-001", &["CALL_CUSTOMER"]).await;
    world.make_capable("L3-CHECK-001", &["NOTES_CHECK"]).await;
    let create = task::Create {
        type_name: "CALL_CUSTOMER".to_owned(),
        input: json!({"mail": MAIL, "subject": "the engine"}),
        idempotency_key: Some("once".to_owned()),
        ..drawing()
    };
    let made = task::delegate(service, &director, "L2-CALL-001", create);
    let id = made.await.unwrap().id.to_string();
    task::start(service, &specialist, &id).await.unwrap();
    let output = json!({"notes": [{"street": STREET}, {"weather": "fair"}]});
    for _ in 0..2 {
        // Sent again, it is the same answer: its hash has the same commitments.
        let output = Some(output.clone());
        let held = task::complete(service, &specialist, &id, Some(1), output).await;
        assert_eq!(held.unwrap().status, TaskStatus::InProgress);
    }
    let of_task = row::Column::CheckOfAttempt.is_not_null();
    let check = row::Entity::find().filter(of_task);
    let check = check
        .one(&service.db)
        .await
        .unwrap()
        .unwrap()
        .id
        .to_string();
    task::start(service, &checker, &check).await.unwrap();
    let fine = Some(json!({"valid": true}));
    task::complete(service, &checker, &check, None, fine)
        .await
        .unwrap();
    let done = task::get(service, &director, &id).await.unwrap();
    assert_eq!(done.status, TaskStatus::Completed);
    (director, done)
}

/// Every row of every table, as the database writes it down.
async fn everything(world: &World) -> String {
    let backend = world.service.db.get_database_backend();
    let ask = async |sql: String| {
        let found = Statement::from_string(backend, sql);
        let rows = world.service.db.query_all_raw(found).await.unwrap();
        let text = |row: &sea_orm::QueryResult| row.try_get::<String>("", "text").unwrap();
        rows.iter().map(text).collect::<Vec<_>>()
    };
    let (tables, columns) = match backend {
        DbBackend::Postgres => (
            "SELECT tablename AS text FROM pg_tables WHERE schemaname = 'public'",
            None,
        ),
        _ => (
            "SELECT name AS text FROM sqlite_master WHERE type = 'table'",
            Some(
                "SELECT group_concat('quote(' || name || ')', ' || ') AS text FROM pragma_table_info",
            ),
        ),
    };
    let mut all = String::new();
    for table in ask(tables.to_owned()).await {
        let row = match columns {
            None => "row_to_json(one)::text".to_owned(),
            Some(columns) => ask(format!("{columns}('{table}')")).await.concat(),
        };
        let rows = format!("SELECT {row} AS text FROM {table} AS one");
        all += &ask(rows).await.concat();
    }
    all
}

async fn log_holds(world: &World) {
    world.checkpoint().await;
    assert_eq!(flaws(world).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_erased_for_an_agent_is_found_nowhere_and_the_log_holds() {
    on_each_database(async |world| {
        let (director, before) = a_call_was_made(&world).await;
        log_holds(&world).await;
        let there = everything(&world).await;
        for value in [MAIL, STREET, BROWSER, ADDRESS] {
            assert!(there.contains(value), "{value} was there before");
        }
        let erased =
            personal::erase(&world.service, &world.operator, "L1-DIR-001", "asked for").await;
        assert!(erased.unwrap() >= 6);
        let left = everything(&world).await;
        for value in [MAIL, STREET, BROWSER, ADDRESS] {
            assert!(!left.contains(value), "{value} is still there");
        }
        log_holds(&world).await;
        let id = before.id.to_string();
        let after = task::get(&world.service, &director, &id).await.unwrap();
        assert_eq!(after.output_sha256, before.output_sha256);
        assert_eq!(after.input.sha256(), before.hashed_input().sha256());
        assert_eq!(
            after.input.value()["subject"],
            "the engine",
            "what is not personal stays"
        );
        let entries = world.entries(AuditAction::PersonalDataErased).await;
        let entry = entries.last().unwrap();
        assert_eq!(entry.entity_id, "L1-DIR-001");
        assert_eq!(entry.metadata.value()["reason"], "asked for");
        // Nothing is left to be erased but what has come since.
        let again = personal::erase(&world.service, &world.operator, "L1-DIR-001", "again").await;
        assert_eq!(again.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn an_embedded_database_and_its_write_ahead_log_hold_nothing_of_it_either() {
    let world = World::on_sqlite(Settings::default()).await;
    a_call_was_made(&world).await;
    let files = |world: &World| {
        let Database::Sqlite(path) = world.database() else {
            panic!("an embedded database has a file");
        };
        let log = path.with_extension("db-wal");
        [std::fs::read(path), std::fs::read(log)]
            .map(Result::unwrap)
            .concat()
    };
    let holds = |bytes: &[u8], value: &str| {
        bytes
            .windows(value.len())
            .any(|part| part == value.as_bytes())
    };
    assert!(holds(&files(&world), MAIL) && holds(&files(&world), BROWSER));
    personal::erase(&world.service, &world.operator, "L1-DIR-001", "asked for")
        .await
        .unwrap();
    let bytes = files(&world);
    for value in [MAIL, STREET, BROWSER] {
        assert!(!holds(&bytes, value), "{value} is still on the disk");
    }
}

#[tokio::test]
async fn personal_data_have_a_clock_of_their_own() {
    on_each_database(async |world| {
        a_call_was_made(&world).await;
        world
            .service
            .db
            .clock()
            .advance(Duration::from_secs(364 * 24 * 3_600));
        assert_eq!(personal::sweep(&world.service).await.unwrap(), 0);
        assert!(everything(&world).await.contains(MAIL));
        world
            .service
            .db
            .clock()
            .advance(Duration::from_secs(2 * 24 * 3_600));
        assert!(personal::sweep(&world.service).await.unwrap() > 0);
        let left = everything(&world).await;
        for value in [MAIL, STREET, BROWSER] {
            assert!(!left.contains(value), "{value} is still there");
        }
        log_holds(&world).await;
        let entries = world.entries(AuditAction::PersonalDataErased).await;
        let entry = entries.last().unwrap();
        assert_eq!(entry.metadata.value()["reason"], "retention");
        assert_eq!(
            personal::sweep(&world.service).await.unwrap(),
            0,
            "what is erased is erased once"
        );
    })
    .await;
}

#[tokio::test]
async fn who_erases_its_own_data_leaves_none_behind_with_that() {
    on_each_database(async |world| {
        let mut operator = world.operator.clone();
        operator.origin.ip_address = Some([203, 0, 113, 78].into());
        personal::erase(&world.service, &operator, "SYSTEM-001", "my own")
            .await
            .unwrap();
        assert!(!everything(&world).await.contains("203.0.113.78"));
        log_holds(&world).await;
    })
    .await;
}

#[tokio::test]
async fn erasing_asks_for_a_permission_an_agent_and_a_reason() {
    on_each_database(async |world| {
        world.agent("L1-DIR-001", AgentTier::L1, None).await;
        let worker = world
            .agent("L2-DIR-001", AgentTier::L2, Some("L1-DIR-001"))
            .await;
        let service = &world.service;
        for (caller, agent, reason, code) in [
            (&worker, "L2-DIR-001", "mine", Code::Forbidden),
            (&world.operator, "L3-NOBODY-001", "mine", Code::NotFound),
            (&world.operator, "no id", "mine", Code::NotFound),
            (&world.operator, "L2-DIR-001", " ", Code::BadUserInput),
        ] {
            let refused = personal::erase(service, caller, agent, reason)
                .await
                .unwrap_err();
            assert_eq!(refused.code(), code, "{agent} {reason}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_mark_says_yes_or_no() {
    let world = World::on_sqlite(Settings::default()).await;
    let mut define = form();
    define.validators.clear();
    define.input_schema = json!({"properties": {"mail": {"x-personal": "yes"}}});
    let refused = task_type::define(&world.service, &world.operator, define)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::BadUserInput);
}
