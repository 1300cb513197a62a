//! Registering, putting, judging, deleting: what is allowed, what is refused, and what the log says.

use entities::agent::AgentTier;
use entities::asset::{self, AssetStatus};
use entities::audit::AuditAction;
use entities::audit::recorded::{Recorded, fold};
use entities::json::sha256_hex;
use serde_json::{Map, Value, json};
use ziggie::error::{Code, Result};
use ziggie::service::asset::{Review, delete, get_content, register, review};
use ziggie::service::{Settings, task};

use super::{code, files, leftovers, picture, picture_of, put, read, registered, uploaded};
use crate::task::Studio;
use crate::world::{World, on_each_database};

fn agree() -> Review {
    Review {
        approved: true,
        sha256: None,
        feedback: None,
    }
}

fn disagree() -> Review {
    Review {
        approved: false,
        feedback: Some("more fox".to_owned()),
        ..agree()
    }
}

#[tokio::test]
async fn folding_the_entries_of_an_asset_gives_its_row() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let service = studio.service();
        let task = studio.world.begun(&studio.specialist).await;
        let made = register(service, &studio.specialist, picture_of(&task))
            .await
            .unwrap();
        let id = made.id.to_string();
        assert_eq!(
            (made.status, made.task_id),
            (AssetStatus::Generated, Some(task.id))
        );
        let bytes = b"a fox in armour".repeat(50_000);
        let taken = put(service, &studio.specialist, &id, &bytes).await.unwrap();
        assert!(taken.kept);
        assert_eq!(taken.asset.sha256, Some(sha256_hex(&bytes)));
        assert_eq!(taken.asset.byte_size, Some(bytes.len() as i64));
        assert_eq!(read(service, &studio.director, &id).await.unwrap(), bytes);
        review(service, &studio.director, &id, disagree())
            .await
            .unwrap();
        let deleted = delete(service, &studio.director, &id, "no foxes")
            .await
            .unwrap();
        assert_eq!(deleted.status, AssetStatus::Deleted);

        let mut row = Map::new();
        for action in [
            AuditAction::AssetGenerated,
            AuditAction::AssetUploaded,
            AuditAction::AssetRejected,
            AuditAction::AssetDeleted,
        ] {
            let entries = studio.world.entries(action).await;
            assert_eq!(entries.len(), 1, "{action}");
            assert_eq!(entries[0].entity_id, id);
            let Value::Object(set) = entries[0].metadata.value()["set"].clone() else {
                panic!("{action} sets nothing")
            };
            fold(&mut row, &set);
        }
        assert_eq!(row, deleted.recorded());
        let said = &studio.world.entries(AuditAction::AssetDeleted).await[0];
        assert_eq!(said.metadata.value()["reason"], "no foxes");

        // The bytes are gone, at once.
        assert!(files(studio.world.shelf()).is_empty());
        assert!(leftovers(&service.db).await.is_empty());
        assert!(
            get_content(service, &studio.director, &id)
                .await
                .unwrap()
                .is_none()
        );
    })
    .await;
}

#[tokio::test]
async fn bytes_are_put_once_by_their_maker() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let service = studio.service();
        let id = registered(service, &studio.specialist).await.id.to_string();
        let by = async |caller, bytes: &[u8]| put(service, caller, &id, bytes).await;
        // A director sees it while nobody has judged it, and did not make it; another specialist does not see it.
        assert_eq!(code(by(&studio.director, b"fox").await), Code::Forbidden);
        assert_eq!(
            code(by(&studio.other_specialist, b"fox").await),
            Code::NotFound
        );
        assert!(files(studio.world.shelf()).is_empty());
        assert!(by(&studio.specialist, b"fox").await.unwrap().kept);
        let again = by(&studio.specialist, b"fox").await.unwrap();
        assert!(!again.kept);
        assert_eq!(again.asset.sha256, Some(sha256_hex(b"fox")));
        assert_eq!(code(by(&studio.specialist, b"goose").await), Code::Conflict);
        review(service, &studio.director, &id, agree())
            .await
            .unwrap();
        assert!(!by(&studio.specialist, b"fox").await.unwrap().kept);
        assert_eq!(files(studio.world.shelf()).len(), 1);
        assert!(leftovers(&service.db).await.is_empty());
        let entries = studio.world.entries(AuditAction::AssetUploaded).await;
        assert_eq!(entries.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn of_two_who_put_at_once_one_wins_and_nothing_is_left_of_the_other() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let service = studio.service();
        for (other, codes) in [("fox", None), ("goose", Some(Code::Conflict))] {
            let id = registered(service, &studio.specialist).await.id.to_string();
            let (one, two) = tokio::join!(
                put(service, &studio.specialist, &id, b"fox"),
                put(service, &studio.specialist, &id, other.as_bytes()),
            );
            let outcomes: Vec<Result<bool>> = [one, two]
                .into_iter()
                .map(|put| put.map(|put| put.kept))
                .collect();
            let kept = outcomes.iter().filter(|put| matches!(put, Ok(true)));
            assert_eq!(kept.count(), 1, "{outcomes:?}");
            let refused = outcomes.iter().find_map(|put| put.as_ref().err());
            assert_eq!(refused.map(ziggie::error::Error::code), codes);
        }
        assert_eq!(files(studio.world.shelf()).len(), 2);
        assert!(leftovers(&service.db).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_is_not_as_registered_is_refused_and_not_kept() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let service = studio.service();
        let named = |sha256: Option<String>, byte_size| super::Register {
            sha256,
            byte_size,
            ..picture()
        };
        for (registered, bytes) in [
            (named(Some(sha256_hex(b"fox")), None), &b"goose"[..]),
            (named(None, Some(3)), b"goose"),
            (named(None, Some(30)), b"goose"),
        ] {
            let made = register(service, &studio.specialist, registered)
                .await
                .unwrap();
            let id = made.id.to_string();
            let refused = put(service, &studio.specialist, &id, bytes).await;
            assert_eq!(code(refused), Code::BadUserInput);
            assert_eq!(super::load(service, &id).await.uploaded_at, None);
        }
        assert!(files(studio.world.shelf()).is_empty());
        assert!(leftovers(&service.db).await.is_empty());
        let good = named(Some(sha256_hex(b"fox")), Some(3));
        let made = register(service, &studio.specialist, good).await.unwrap();
        let taken = put(service, &studio.specialist, &made.id.to_string(), b"fox").await;
        assert!(taken.unwrap().kept);
    })
    .await;
}

#[tokio::test]
async fn an_asset_is_judged_once_by_a_director_who_did_not_make_it() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let service = studio.service();
        let by = async |caller, id: &str, said: Review| review(service, caller, id, said).await;
        let bare = registered(service, &studio.specialist).await.id.to_string();
        // Nothing is there to be agreed to; disagreeing needs no bytes.
        assert_eq!(
            code(by(&studio.director, &bare, agree()).await),
            Code::Conflict
        );
        let mute = Review {
            feedback: None,
            ..disagree()
        };
        assert_eq!(
            code(by(&studio.director, &bare, mute).await),
            Code::BadUserInput
        );
        assert!(by(&studio.director, &bare, disagree()).await.is_ok());
        let late = put(service, &studio.specialist, &bare, b"fox").await;
        assert_eq!(code(late), Code::Conflict);

        let own = uploaded(service, &studio.director, b"poster")
            .await
            .id
            .to_string();
        assert_eq!(
            code(by(&studio.director, &own, agree()).await),
            Code::Forbidden
        );
        assert_eq!(
            code(by(&studio.specialist, &own, agree()).await),
            Code::Forbidden
        );
        let other = Review {
            sha256: Some(sha256_hex(b"another")),
            ..agree()
        };
        assert_eq!(
            code(by(&studio.other_director, &own, other).await),
            Code::Conflict
        );
        let judged = Review {
            sha256: Some(sha256_hex(b"poster")),
            ..agree()
        };
        let approved = by(&studio.other_director, &own, judged).await.unwrap();
        assert_eq!(approved.status, AssetStatus::Approved);
        let again = by(&studio.world.operator, &own, disagree()).await;
        assert_eq!(code(again), Code::InvalidTransition);

        let gone = delete(service, &studio.director, &own, "").await;
        assert_eq!(code(gone), Code::BadUserInput);
        assert!(delete(service, &studio.director, &own, "old").await.is_ok());
        let again = delete(service, &studio.director, &own, "older").await;
        assert_eq!(code(again), Code::InvalidTransition);
    })
    .await;
}

#[tokio::test]
async fn an_asset_is_made_for_a_task_that_its_maker_is_doing() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let service = studio.service();
        let task = studio.world.begun(&studio.specialist).await;
        let by = async |caller| register(service, caller, picture_of(&task)).await;
        assert!(by(&studio.specialist).await.is_ok());
        assert!(by(&studio.world.operator).await.is_ok());
        // Who sees the task and does not hold it; who does not see it.
        assert_eq!(code(by(&studio.director).await), Code::Forbidden);
        assert_eq!(code(by(&studio.other_specialist).await), Code::NotFound);
        let waits = register(service, &studio.specialist, picture_of(&task))
            .await
            .unwrap();
        let output = Some(json!({}));
        let id = task.id.to_string();
        task::complete(service, &studio.specialist, &id, None, output)
            .await
            .unwrap();
        assert_eq!(code(by(&studio.specialist).await), Code::Conflict);
        // What was handed in stands still: also what it does not name.
        let late = put(service, &studio.specialist, &waits.id.to_string(), b"fox").await;
        assert_eq!(code(late), Code::Conflict);
        let nothing = super::Register {
            task_id: Some("nonsense".to_owned()),
            ..picture()
        };
        assert_eq!(
            code(register(service, &studio.specialist, nothing).await),
            Code::NotFound
        );
    })
    .await;
}

#[tokio::test]
async fn limits_are_named_when_they_are_crossed() {
    let settings = Settings {
        max_task_assets: 2,
        max_loose_assets: 1,
        max_asset_bytes: 10,
        ..Settings::default()
    };
    let world = World::on_sqlite(settings).await;
    let maker = world.agent("L1-ART-001", AgentTier::L1, None).await;
    world.define_drawing().await;
    let service = &world.service;
    let task = world.begun(&maker).await;
    let made = register(service, &maker, picture_of(&task)).await.unwrap();
    register(service, &maker, picture_of(&task)).await.unwrap();
    let third = register(service, &maker, picture_of(&task))
        .await
        .unwrap_err();
    assert_eq!(third.details()["limit"], "assets of a task");
    delete(service, &world.operator, &made.id.to_string(), "make room")
        .await
        .unwrap();
    let fits = register(service, &maker, picture_of(&task)).await.unwrap();
    let id = fits.id.to_string();
    let beyond = put(service, &maker, &id, b"eleven byte").await.unwrap_err();
    assert_eq!(
        (beyond.code(), &beyond.details()["limit"]),
        (Code::LimitExceeded, &json!("bytes of an asset"))
    );
    let announced = super::Register {
        byte_size: Some(11),
        ..picture()
    };
    assert_eq!(
        code(register(service, &maker, announced).await),
        Code::LimitExceeded
    );
    // Elsewhere it may have any size.
    let elsewhere = super::Register {
        byte_size: Some(i64::MAX),
        uri: Some("s3://bucket/huge".to_owned()),
        ..picture()
    };
    let huge = register(service, &maker, elsewhere).await.unwrap();
    assert_eq!(ziggie::service::asset::uri(&huge), "s3://bucket/huge");
    let refused = put(service, &maker, &huge.id.to_string(), b"x").await;
    assert_eq!(code(refused), Code::Conflict);
    let loose = register(service, &maker, picture()).await.unwrap_err();
    assert_eq!(
        loose.details()["limit"],
        "assets of an agent without a task"
    );
    assert!(put(service, &maker, &id, b"ten bytes!").await.unwrap().kept);
    assert!(leftovers(&service.db).await.is_empty());
}

#[tokio::test]
async fn every_fault_of_a_registration_is_named() {
    let world = World::on_sqlite(Settings::default()).await;
    let wrong = super::Register {
        media_type: "picture".to_owned(),
        uri: Some("file:///etc/passwd".to_owned()),
        byte_size: Some(-1),
        sha256: Some("F0".to_owned()),
        width: Some(0),
        height: Some(i32::MAX),
        metadata: Some(json!({"a": 1})),
        ..picture()
    };
    let refused = register(&world.service, &world.operator, wrong)
        .await
        .unwrap_err();
    let faults = refused.details()["faults"].clone();
    let pointers: Vec<&str> = faults
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["pointer"].as_str().unwrap())
        .collect();
    let expected = [
        "/metadata",
        "/mediaType",
        "/uri",
        "/byteSize",
        "/sha256",
        "/width",
        "/height",
    ];
    assert_eq!(pointers, expected);
    let none: Vec<asset::Model> = super::all(&world.service).await;
    assert!(none.is_empty());
}
