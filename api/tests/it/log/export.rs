//! Exports: frozen, proved entry by entry, good for five minutes and for whoever may still read the log (spec R5.07).

use std::time::Duration;

use entities::agent::AgentTier;
use entities::audit::AuditAction;
use entities::audit::export::AuditExportFormat::{self, Csv, Ndjson};
use futures::TryStreamExt;
use serde_json::{Value, json};
use tlog_tiles::{Hash, check_record, record_hash};
use ziggie::auth::note::open_checkpoint;
use ziggie::error::Code;
use ziggie::service::agent;
use ziggie::service::audit::Filter;
use ziggie::service::log::export::{self, Asked};
use ziggie::service::log::verify;

use super::{verifiers, write};
use crate::world::{World, on_each_database};

/// The body of an export, and what its manifest says.
async fn fetch(world: &World, asked: &Asked) -> (String, Value) {
    let service = &world.service;
    let row = export::find(service, &asked.link.expose()).await.unwrap();
    let pieces = export::body(service, world.stranger(), row).unwrap();
    let pieces: Vec<_> = pieces.try_collect().await.unwrap();
    let row = export::find(service, &asked.link.expose()).await.unwrap();
    let manifest = export::manifest(service, &row).await.unwrap();
    (String::from_utf8(pieces.concat()).unwrap(), manifest)
}

async fn ask(world: &World, filter: Filter, format: AuditExportFormat) -> Asked {
    export::ask(&world.service, &world.operator, &filter, format)
        .await
        .unwrap()
}

fn lines(body: &str) -> Vec<Value> {
    body.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn every_line_is_proved_and_what_came_later_is_not_in_it() {
    on_each_database(async |world| {
        write(&world.service, 1_200).await;
        let size = world.checkpoint().await.size.unsigned_abs();
        let asked = ask(&world, Filter::default(), Ndjson).await;
        write(&world.service, 10).await;
        world.checkpoint().await;
        let (body, manifest) = fetch(&world, &asked).await;
        let keys = verifiers(&world).await;
        let checkpoint = open_checkpoint(manifest["checkpoint"].as_str().unwrap(), &keys).unwrap();
        assert_eq!(checkpoint.size, size);
        let all = lines(&body);
        assert_eq!(all.len() as u64, size);
        for (index, (line, text)) in all.iter().zip(body.lines()).enumerate() {
            assert_eq!(line["index"], index.to_string());
            let bytes = text
                .split_once("\"entry\":")
                .unwrap()
                .1
                .split_once(",\"hashes\":")
                .unwrap()
                .0;
            let path = line["hashes"].as_array().unwrap().iter();
            let path = path
                .map(|hash| Hash::parse_hash(hash.as_str().unwrap()).unwrap())
                .collect();
            check_record(
                &path,
                size,
                Hash(checkpoint.root),
                index as u64,
                record_hash(bytes.as_bytes()),
            )
            .unwrap();
        }
        let verdict = verify::export::file(body.as_bytes(), &manifest.to_string(), &keys).unwrap();
        assert!(verdict.flaws.is_empty(), "{:?}", verdict.flaws);
        // The log knows that it was asked for, and what was sent.
        let entries = world.entries(AuditAction::AuditExported).await;
        let sets: Vec<Value> = entries
            .iter()
            .map(|entry| entry.metadata.value()["set"].clone())
            .collect();
        assert_eq!((sets.len(), &sets[0]["size"]), (2, &json!(size)));
        assert_eq!(
            (&sets[1]["rowCount"], &sets[1]["sha256"]),
            (&json!(size), &manifest["sha256"])
        );
    })
    .await;
}

#[tokio::test]
async fn a_table_has_the_rows_of_its_filter() {
    on_each_database(async |world| {
        write(&world.service, 700).await;
        world.checkpoint().await;
        let filter = Filter {
            action: Some(vec![AuditAction::AgentRegistered]),
            ..Filter::default()
        };
        let (body, manifest) = fetch(&world, &ask(&world, filter, Csv).await).await;
        let rows: Vec<&str> = body.split_terminator("\r\n").collect();
        assert!(
            rows[0].starts_with("sequence,id,createdAt,action,"),
            "{}",
            rows[0]
        );
        assert_eq!((rows.len(), &manifest["rows"]), (3, &json!(2)));
        assert!(
            rows[1].contains(",AGENT_REGISTERED,SYSTEM-000,"),
            "{}",
            rows[1]
        );
        assert_eq!(manifest["filter"], json!({"action": ["AGENT_REGISTERED"]}));
        let keys = verifiers(&world).await;
        let verdict = verify::export::file(body.as_bytes(), &manifest.to_string(), &keys).unwrap();
        assert!(verdict.flaws.is_empty(), "{:?}", verdict.flaws);
        // What nothing can match is a table without rows.
        let nothing = Filter {
            actor_id: Some("nobody at all".to_owned()),
            ..Filter::default()
        };
        let (body, manifest) = fetch(&world, &ask(&world, nothing, Csv).await).await;
        assert_eq!((body.lines().count(), &manifest["rows"]), (1, &json!(0)));
    })
    .await;
}

#[tokio::test]
async fn a_link_is_good_for_five_minutes_and_for_who_may_still_read_the_log() {
    on_each_database(async |world| {
        world.checkpoint().await;
        let service = &world.service;
        let auditor = world.agent("SYSTEM-AUDIT", AgentTier::System, None).await;
        let asked = export::ask(service, &auditor, &Filter::default(), Csv)
            .await
            .unwrap();
        let link = asked.link.expose();
        let row = export::find(service, &link).await.unwrap();
        let early = export::manifest(service, &row).await.unwrap_err();
        assert_eq!((early.code(), early.retryable()), (Code::Conflict, true));
        for wrong in [
            "",
            "zgs_",
            "L1-ART-001",
            &ziggie::auth::secret::Secret::generate().unwrap().expose(),
        ] {
            assert_eq!(
                export::find(service, wrong).await.unwrap_err().code(),
                Code::NotFound
            );
        }
        agent::deactivate(service, &world.operator, "SYSTEM-AUDIT", "rest", false)
            .await
            .unwrap();
        assert_eq!(
            export::find(service, &link).await.unwrap_err().code(),
            Code::Forbidden
        );
        let asked = ask(&world, Filter::default(), Csv).await;
        service.db.clock().advance(Duration::from_secs(299));
        let link = asked.link.expose();
        assert!(export::find(service, &link).await.is_ok());
        service.db.clock().advance(Duration::from_secs(2));
        assert_eq!(
            export::find(service, &link).await.unwrap_err().code(),
            Code::NotFound
        );
    })
    .await;
}

#[tokio::test]
async fn what_is_changed_in_an_export_is_found_offline() {
    let world = World::on_sqlite(Default::default()).await;
    write(&world.service, 300).await;
    world.checkpoint().await;
    let (body, manifest) = fetch(&world, &ask(&world, Filter::default(), Ndjson).await).await;
    let keys = verifiers(&world).await;
    let all: Vec<&str> = body.lines().collect();
    let changed = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines: Vec<String> = all.iter().map(ToString::to_string).collect();
        change(&mut lines);
        lines.join("\n") + "\n"
    };
    let cases: [(&str, String, Option<u64>, &str); 8] = [
        (
            "an entry",
            changed(&|lines| lines[7] = lines[7].replace("\"v\":1", "\"v\":2")),
            Some(7),
            "is not the entry that was signed",
        ),
        (
            "a hash",
            changed(&|lines| {
                lines[7] = lines[7].replacen("\"hashes\":[\"", "\"hashes\":[\"AAAA", 1)
            }),
            Some(7),
            "is not the entry",
        ),
        (
            "an address",
            changed(&|lines| {
                lines[3] = lines[3].replace(
                    "\"personal\":{}}",
                    "\"personal\":{\"ipAddress\":{\"value\":\"1.2.3.4\",\"salt\":\"\"}}}",
                )
            }),
            Some(3),
            "has another ipAddress",
        ),
        (
            "two swapped",
            changed(&|lines| lines.swap(20, 21)),
            Some(20),
            "behind a later one",
        ),
        (
            "one doubled",
            changed(&|lines| lines.insert(9, lines[8].clone())),
            Some(8),
            "or itself",
        ),
        (
            "one removed",
            changed(&|lines| drop(lines.remove(9))),
            None,
            "its manifest says",
        ),
        (
            "trailing bytes",
            body.clone() + "more",
            None,
            "is no line of an export",
        ),
        (
            "cut",
            body[..body.len() - 5].to_owned(),
            None,
            "is no line of an export",
        ),
    ];
    for (what, body, place, words) in cases {
        let verdict = verify::export::file(body.as_bytes(), &manifest.to_string(), &keys).unwrap();
        let first = verdict
            .flaws
            .first()
            .unwrap_or_else(|| panic!("{what} is not found"));
        assert_eq!(first.place, place, "{what}: {:?}", verdict.flaws);
        assert!(first.what.contains(words), "{what}: {first}");
    }
    let mut other = manifest.clone();
    other["checkpoint"] = json!(
        manifest["checkpoint"]
            .as_str()
            .unwrap()
            .replacen("\n3", "\n4", 1)
    );
    let verdict = verify::export::file(body.as_bytes(), &other.to_string(), &keys).unwrap();
    assert!(
        verdict.flaws[0].what.contains("does not open"),
        "{:?}",
        verdict.flaws
    );
    assert!(verify::export::file(body.as_bytes(), "{}", &keys).is_err());
}

#[test]
fn a_filter_reads_back_and_says_what_it_does_not_know() {
    let filter = json!({"action": ["TASK_CREATED"], "actorId": "L1-ART-001", "from": "2026-01-01T00:00:00.000000Z"});
    assert_eq!(Filter::from_json(&filter).unwrap().to_json(), filter);
    for wrong in [
        json!({"actor": "L1-ART-001"}),
        json!({"action": "TASK_CREATED"}),
        json!([]),
    ] {
        assert_eq!(
            Filter::from_json(&wrong).unwrap_err().code(),
            Code::BadUserInput,
            "{wrong}"
        );
    }
}
