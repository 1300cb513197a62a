//! How the layers of a configuration lie on each other.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::app::config::{Hidden, Log, LogFormat};
use std::time::Duration;

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn flag(key: &'static str, value: impl Into<Value>) -> Setting {
    (key, value.into(), Origin::Flag("--flag"))
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn refusal(result: Result<Layered>) -> String {
    match result {
        Ok(layered) => panic!("not refused: {:?}", layered.config),
        Err(error) => format!("{error:#}"),
    }
}

#[test]
fn nothing_set_gives_the_defaults() {
    let layered = read(None, [], []).unwrap();
    assert_eq!(layered.config, Config::default());
    assert!(
        layered
            .values
            .values()
            .all(|(_, origin)| *origin == Origin::Default)
    );
}

#[test]
fn a_later_layer_covers_an_earlier_one_and_each_value_says_whence_it_came() {
    let file = file(
        "drain = \"1s\"\n[limits]\nmax_depth = 3\nmax_page = 50\nmax_body_bytes = \"2MiB\"\n[log]\nlevel = \"warn\"\n",
    );
    let variables = environment(&[
        ("ZIGGIE_LIMITS_MAX_DEPTH", "4"),
        ("ZIGGIE_LOG_FORMAT", "json"),
        ("PATH", "/bin"),
    ]);
    let layered = read(
        Some(file.path()),
        variables,
        [flag("listen", "0.0.0.0:80"), flag("drain", "5s")],
    )
    .unwrap();
    let config = &layered.config;
    assert_eq!(
        (
            config.limits.max_depth,
            config.limits.max_page,
            config.limits.max_body_bytes
        ),
        (4, 50, 2 * 1024 * 1024)
    );
    assert_eq!(
        (config.drain, config.log.format, config.log.level.as_str()),
        (Duration::from_secs(5), LogFormat::Json, "warn")
    );
    let origin = |key: &str| layered.values[key].1.to_string();
    assert_eq!(
        origin("limits.max_depth"),
        "environment ZIGGIE_LIMITS_MAX_DEPTH"
    );
    assert_eq!(
        origin("limits.max_page"),
        format!("file {}", file.path().display())
    );
    assert_eq!(origin("drain"), "flag --flag");
    assert_eq!(origin("admin_listen"), "default");
}

#[test]
fn the_file_is_named_by_flag_or_variable() {
    let (by_flag, by_variable) = (file("drain = \"1s\""), file("drain = \"2s\""));
    let variables = environment(&[("ZIGGIE_CONFIG", by_variable.path().to_str().unwrap())]);
    assert_eq!(
        read(None, variables.clone(), []).unwrap().config.drain,
        Duration::from_secs(2)
    );
    assert_eq!(
        read(Some(by_flag.path()), variables, [])
            .unwrap()
            .config
            .drain,
        Duration::from_secs(1)
    );
}

#[test]
fn unknown_keys_and_wrong_values_are_errors_that_name_their_layer() {
    let unknown = file("[limits]\nmax_depht = 3\n");
    let message = refusal(read(Some(unknown.path()), [], []));
    assert!(
        message.contains("configuration file") && message.contains("max_depht"),
        "{message}"
    );
    for (variable, value) in [
        ("ZIGGIE_LIMITS_MAX_DEPHT", "3"),
        ("ZIGGIE_LIMITS_MAX_DEPTH", "three"),
        ("ZIGGIE_LIMITS_SESSION_TTL", "3600"),
        ("ZIGGIE_LISTEN", "localhost"),
        ("ZIGGIE_FOUNDING", "maybe"),
        ("ZIGGIE_LOG_FORMAT", "xml"),
    ] {
        let message = refusal(read(None, environment(&[(variable, value)]), []));
        assert!(
            message.starts_with(&format!("environment {variable}")),
            "{message}"
        );
    }
    let message = refusal(read(None, [], [flag("limits.max_body_bytes", "1MB")]));
    assert!(
        message.starts_with("flag --flag") && message.contains("no size"),
        "{message}"
    );
    assert!(refusal(read(Some(Path::new("/nowhere.toml")), [], [])).contains("/nowhere.toml"));
}

#[test]
fn variables_of_the_test_suites_are_passed_over() {
    assert!(
        read(
            None,
            environment(&[("ZIGGIE_TEST_POSTGRES_URL", "postgres://x")]),
            []
        )
        .is_ok()
    );
}

#[test]
fn every_field_is_a_key() {
    let full = Config {
        asset_s3_endpoint: Some("http://localhost:9000".into()),
        asset_s3_key_id: Some("key id".into()),
        asset_s3_secret: Some(Hidden::new("secret")),
        asset_store: Some("s3://bucket".into()),
        database_url: Some("postgres://localhost/ziggie".into()),
        master_key: Some(Hidden::new("key")),
        master_key_file: Some("key".into()),
        templates: Some("templates".into()),
        tls_certificate: Some("certificate.pem".into()),
        tls_key: Some("key.pem".into()),
        registered_documents: Some("documents.json".into()),
        log: Log {
            otlp_endpoint: Some("http://localhost:4318/v1/traces".into()),
            ..Log::default()
        },
        ..Config::default()
    };
    let mut all: Vec<String> = leaves(Table::try_from(full).unwrap())
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    let mut known: Vec<String> = defaults()
        .unwrap()
        .into_keys()
        .chain(OPTIONAL.map(str::to_owned))
        .collect();
    all.sort();
    known.sort();
    assert_eq!(all, known);
}

#[test]
fn what_is_printed_is_a_configuration_without_its_secrets() {
    let variables = environment(&[
        ("ZIGGIE_MASTER_KEY", "c2VjcmV0"),
        ("ZIGGIE_ASSET_S3_SECRET", "whisper"),
        (
            "ZIGGIE_DATABASE_URL",
            "postgres://ziggie:pass@word@db:5432/ziggie?sslmode=require&password=hush",
        ),
    ]);
    let text = read(None, variables, []).unwrap().lines().join("\n");
    for secret in ["c2VjcmV0", "pass@word", "hush", "whisper"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(
        text.contains(
            "postgres://ziggie:********@db:5432/ziggie?sslmode=require&password=********"
        ),
        "{text}"
    );
    assert!(toml::from_str::<Config>(&text).is_ok(), "{text}");
    assert!(text.contains("drain = \"10s\"  # default"), "{text}");
    assert!(text.contains("# master_key_file is not set"), "{text}");
}

#[test]
fn entries_of_the_log_are_kept_for_six_months_at_least() {
    let kept = |time| read(None, [], [flag("limits.audit_retention", time)]);
    let message = refusal(kept("183d"));
    assert!(message.contains("for 184d at least"), "{message}");
    assert!(kept("184d").is_ok());
    assert_eq!(
        read(None, [], []).unwrap().config.limits.audit_retention,
        std::time::Duration::from_secs(2_556 * 86_400)
    );
}
