//! The hash of an output covers the assets that it names (spec R3.11).

use entities::json::{JsonText, sha256_hex};
use entities::task::ValidationStatus;
use serde_json::json;
use ziggie::error::Code;
use ziggie::service::asset::{delete, register};
use ziggie::service::task::{self, Create};
use ziggie::service::task_type::Define;

use super::{picture, picture_of, put, registered};
use crate::task::{Studio, drawing};
use crate::world::{anything_goes, on_each_database, validator};

#[tokio::test]
async fn the_hash_of_an_output_covers_the_assets_that_it_names() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let service = studio.service();
        let hand_in = async |output: &serde_json::Value| {
            let task = studio.world.begun(&studio.specialist).await;
            let mut ids = Vec::new();
            for bytes in [b"fox", b"dog"] {
                let made = register(service, &studio.specialist, picture_of(&task)).await;
                let id = made.unwrap().id.to_string();
                put(service, &studio.specialist, &id, bytes).await.unwrap();
                ids.push(id);
            }
            let text = output
                .to_string()
                .replace("ONE", &ids[0])
                .replace("TWO", &ids[1]);
            let output: serde_json::Value = serde_json::from_str(&text).unwrap();
            let id = task.id.to_string();
            let done = task::complete(service, &studio.specialist, &id, None, Some(output.clone()));
            (done.await.unwrap(), output, ids)
        };
        let (plain, output, _) = hand_in(&json!({"said": "nothing of ONE"})).await;
        assert_eq!(plain.output_sha256, Some(JsonText::of(&output).sha256()));

        let (named, output, ids) = hand_in(&json!({"both": ["TWO", {"a": "ONE"}, "TWO"]})).await;
        let (fox, dog) = (sha256_hex(b"fox"), sha256_hex(b"dog"));
        let covered = json!({
            "assets": [{"id": ids[0], "sha256": fox}, {"id": ids[1], "sha256": dog}],
            "output": output,
        });
        assert_eq!(named.output_sha256, Some(JsonText::of(&covered).sha256()));
        assert_eq!(named.output, Some(JsonText::of(&output)));
    })
    .await;
}

#[tokio::test]
async fn a_check_is_given_the_assets_that_the_output_names() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let service = studio.service();
        studio.world.define(validator("CHECK")).await;
        let checked = Define {
            validators: vec!["CHECK".to_owned()],
            ..anything_goes("CHECKED")
        };
        studio.world.define(checked).await;
        let create = Create {
            type_name: "CHECKED".to_owned(),
            ..drawing()
        };
        let task = task::execute(service, &studio.specialist, create).await;
        let task = task.unwrap();
        let mut ids = Vec::new();
        for _ in 0..2 {
            let made = register(service, &studio.specialist, picture_of(&task)).await;
            let id = made.unwrap().id.to_string();
            put(service, &studio.specialist, &id, b"fox").await.unwrap();
            ids.push(id);
        }
        let output = json!({"only": ids[0]});
        let id = task.id.to_string();
        let held = task::complete(service, &studio.specialist, &id, None, Some(output)).await;
        let held = held.unwrap();
        assert!(held.is_held());
        let found = task::validations(service, &[held]).await.unwrap();
        assert_eq!(
            found[0].checks[0].input.value()["assets"],
            json!([{
                "id": ids[0], "kind": "IMAGE", "mediaType": "image/png", "uri": format!("/assets/{}/content", ids[0]),
                "sha256": sha256_hex(b"fox"), "byteSize": 3, "width": 64, "height": 64,
            }])
        );

        // What was judged must still be what goes through: an asset that was deleted meanwhile is found.
        delete(service, &studio.director, &ids[0], "by mistake").await.unwrap();
        studio.world.make_capable("L3-CHAR-POSE-001", &["CHECK"]).await;
        let claimed = task::claim(service, &studio.micro, task::Claim::default()).await;
        let check = claimed.unwrap().unwrap().id.to_string();
        // A check speaks of what it was given, and of nothing else.
        let other = Some(json!({"valid": true, "of": ids[1]}));
        let refused = task::complete(service, &studio.micro, &check, None, other).await;
        assert_eq!(refused.unwrap_err().code(), Code::BadUserInput);
        let content = Some(json!({"valid": true}));
        task::complete(service, &studio.micro, &check, None, content).await.unwrap();
        let back = task::get(service, &studio.specialist, &id).await.unwrap();
        assert_eq!((back.validation, back.attempt), (ValidationStatus::Failed, 2));
    })
    .await;
}

#[tokio::test]
async fn an_output_names_only_assets_of_its_task_whose_bytes_are_there() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let service = studio.service();
        let task = studio.world.begun(&studio.specialist).await;
        let bare = register(service, &studio.specialist, picture_of(&task))
            .await
            .unwrap();
        let deleted = register(service, &studio.specialist, picture_of(&task))
            .await
            .unwrap();
        delete(service, &studio.director, &deleted.id.to_string(), "no")
            .await
            .unwrap();
        let of_other = studio.world.begun(&studio.specialist).await;
        let of_other = register(service, &studio.specialist, picture_of(&of_other))
            .await
            .unwrap();
        put(service, &studio.specialist, &of_other.id.to_string(), b"x")
            .await
            .unwrap();
        let by_other = registered(service, &studio.other_specialist).await;
        put(
            service,
            &studio.other_specialist,
            &by_other.id.to_string(),
            b"x",
        )
        .await
        .unwrap();
        let hand_in = async |caller, id: String| {
            let output = Some(json!({"a": [{"b": id}]}));
            task::complete(service, caller, &task.id.to_string(), None, output).await
        };
        let nothing = "asset_00000000000000000000000000".to_owned();
        for (id, said) in [
            (bare.id.to_string(), "were not put yet"),
            (deleted.id.to_string(), "was deleted"),
            (of_other.id.to_string(), "there is no asset"),
            (by_other.id.to_string(), "there is no asset"),
            (nothing.clone(), "there is no asset"),
        ] {
            let refused = hand_in(&studio.specialist, id).await.unwrap_err();
            assert_eq!(refused.code(), Code::BadUserInput);
            let fault = refused.details()["faults"][0].clone();
            assert_eq!(fault["pointer"], "/output/a/0/b");
            assert!(fault["message"].as_str().unwrap().contains(said), "{fault}");
        }
        // Whoever may not hand in learns that, and nothing of assets.
        let refused = hand_in(&studio.director, nothing).await.unwrap_err();
        assert_eq!(refused.code(), Code::Forbidden);

        // One's own of no task at all, and one that lives elsewhere.
        let own = registered(service, &studio.specialist).await.id.to_string();
        put(service, &studio.specialist, &own, b"x").await.unwrap();
        let elsewhere = super::Register {
            uri: Some("https://cdn.example/a.png".to_owned()),
            task_id: Some(task.id.to_string()),
            ..picture()
        };
        let elsewhere = register(service, &studio.specialist, elsewhere)
            .await
            .unwrap();
        let output = json!({"own": own, "elsewhere": elsewhere.id});
        let id = task.id.to_string();
        let done = task::complete(service, &studio.specialist, &id, None, Some(output));
        assert!(done.await.unwrap().output_sha256.is_some());
    })
    .await;
}
