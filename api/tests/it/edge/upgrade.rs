//! Databases of other versions: every released one is opened and goes on, one from the future is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};
use tempfile::TempDir;
use ziggie::app::{self, Config};

use super::{ask_at, config, log_in_at};
use crate::world::on_empty_postgres;

/// For each released version its database as SQL, and the secrets of the installation that it was.
const RELEASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/release");

/// Name, master key and the operator's secret of every release, as they were on one of the two databases.
fn releases(database: &str) -> Vec<(String, String, String)> {
    let mut found: Vec<_> = fs::read_dir(RELEASES)
        .unwrap()
        .filter_map(|file| {
            let name = file.unwrap().file_name().into_string().unwrap();
            Some(name.strip_suffix(".json")?.to_owned())
        })
        .collect();
    found.sort();
    found
        .into_iter()
        .map(|version| {
            let text = fs::read_to_string(format!("{RELEASES}/{version}.json")).unwrap();
            let secrets: Value = serde_json::from_str(&text).unwrap();
            let text = |pointer: &str| {
                secrets
                    .pointer(pointer)
                    .unwrap()
                    .as_str()
                    .unwrap()
                    .to_owned()
            };
            let secret = text(&format!("/operatorSecret/{database}"));
            (version, text("/masterKey"), secret)
        })
        .collect()
}

/// A data directory with the master key of a release.
fn directory(master_key: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("master.key");
    fs::write(&path, format!("{master_key}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    directory
}

async fn load(url: &str, version: &str, database: &str) {
    let script = fs::read_to_string(format!("{RELEASES}/{version}.{database}.sql")).unwrap();
    let connection = Database::connect(url).await.unwrap();
    connection.execute_unprepared(&script).await.unwrap();
    connection.close().await.unwrap();
}

/// Starts on what a release left, finds all of it, and goes on with the work.
async fn goes_on(config: Config, secret: &str) {
    let running = app::start(config).await.unwrap();
    let token = log_in_at(running.address, secret).await;
    let ask = async |query: &str| {
        let answer = ask_at(running.address, Some(&token), query).await;
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        answer["data"].clone()
    };
    let found = ask(
        "{ tasks { nodes { status history { nodes { action } } } totalCount }
           agents(filter: {tier: L2}) { nodes { id config supervisor { id } } }
           auditLog(first: 100) { nodes { sequence } totalCount } }",
    )
    .await;
    let mut statuses: Vec<&str> = found["tasks"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["status"].as_str().unwrap())
        .collect();
    statuses.sort_unstable();
    assert_eq!(
        statuses,
        [
            "ASSIGNED",
            "ASSIGNED",
            "CANCELLED",
            "COMPLETED",
            "FAILED",
            "IN_PROGRESS"
        ]
    );
    assert_eq!(
        found["agents"]["nodes"][0],
        json!({"id": "L2-CHAR-001", "config": {"palette": "ember"}, "supervisor": {"id": "L1-ART-001"}})
    );
    let entries = found["auditLog"]["nodes"].as_array().unwrap();
    let numbers: Vec<&str> = entries
        .iter()
        .rev()
        .map(|entry| entry["sequence"].as_str().unwrap())
        .collect();
    let wanted: Vec<String> = (0..numbers.len())
        .map(|number| number.to_string())
        .collect();
    assert_eq!(numbers, wanted);

    let made = ask("mutation { createTask(input: {type: \"DRAW\", input: {}}) { status } }").await;
    assert_eq!(made["createTask"]["status"], "PENDING");
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_database_of_every_release_is_opened_and_goes_on() {
    let releases_here = releases("sqlite");
    assert!(!releases_here.is_empty());
    for (version, master_key, secret) in releases_here {
        let data_dir = directory(&master_key);
        let file = data_dir.path().join("ziggie.db");
        load(&sqlite(&file, "rwc"), &version, "sqlite").await;
        goes_on(config(&data_dir), &secret).await;
    }
    for (version, master_key, secret) in releases("postgres") {
        on_empty_postgres(async |url| {
            load(url, &version, "postgres").await;
            let data_dir = directory(&master_key);
            let config = Config {
                database_url: Some(url.to_owned()),
                ..config(&data_dir)
            };
            goes_on(config, &secret).await;
        })
        .await;
    }
}

fn sqlite(file: &Path, mode: &str) -> String {
    format!("sqlite://{}?mode={mode}", file.display())
}

#[tokio::test]
async fn a_database_from_the_future_is_refused_and_left_as_it_is() {
    let data_dir = tempfile::tempdir().unwrap();
    app::start(config(&data_dir))
        .await
        .unwrap()
        .shutdown()
        .await
        .unwrap();
    let url = sqlite(&data_dir.path().join("ziggie.db"), "rw");
    let outside = Database::connect(&url).await.unwrap();
    outside
        .execute_unprepared(
            "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m_from_the_year_3000', 0)",
        )
        .await
        .unwrap();
    outside.close().await.unwrap();
    let before = fs::read(data_dir.path().join("ziggie.db")).unwrap();
    let refused = format!("{:#}", app::start(config(&data_dir)).await.unwrap_err());
    assert!(
        refused.contains("from the future") && refused.contains("m_from_the_year_3000"),
        "{refused}"
    );
    assert_eq!(fs::read(data_dir.path().join("ziggie.db")).unwrap(), before);
}
