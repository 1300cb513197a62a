//! The binary: what its commands print, and how they share a data directory.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use super::{Edge, config};

/// The binary under test: this build's, or the one that a measurement names.
#[allow(clippy::disallowed_methods, reason = "another build may be measured")]
fn binary() -> String {
    let named = std::env::var("ZIGGIE_TEST_BINARY").ok();
    named.unwrap_or_else(|| env!("CARGO_BIN_EXE_ziggie").to_owned())
}

fn ziggie(data_dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command
        .args(arguments)
        .current_dir(data_dir)
        .stdin(Stdio::null());
    command
}

/// Runs a command to its end.
fn run(data_dir: &Path, arguments: &[&str]) -> Output {
    ziggie(data_dir, arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone())
        .unwrap()
        .trim_end()
        .to_owned()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A server in a process of its own; ended with the test.
pub(super) struct Server {
    pub(super) child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    pub(super) url: String,
}

impl Server {
    pub(super) fn start(data_dir: &Path, command: &str) -> Self {
        let arguments = [
            command,
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
            "--data-dir",
            "data",
        ];
        let mut child = ziggie(data_dir, &arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let url = first
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("{first}"))
            .to_owned();
        let second = lines.next().unwrap().unwrap();
        assert!(second.starts_with("admin on http://127.0.0.1:"), "{second}");
        Self { child, lines, url }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    fn ends_well(mut self) {
        self.signal("-TERM");
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Where it has ended already there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(url: &str, token: &str, query: &str) -> Value {
    let body = json!({"query": query}).to_string();
    let output = Command::new("curl")
        .args([
            "-s",
            url,
            "-H",
            &format!("X-Agent-Token: {token}"),
            "-H",
            "Content-Type: application/json",
            "-d",
            &body,
        ])
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_server_ends_with_0_when_it_is_told_to_and_finds_what_it_left() {
    let above = tempfile::tempdir().unwrap();
    let server = Server::start(above.path(), "serve");
    let secret = std::fs::read_to_string(above.path().join("data/operator.secret")).unwrap();
    let keys = said(&run(above.path(), &["keys", "list", "--data-dir", "data"]));
    server.ends_well();
    let server = Server::start(above.path(), "serve");
    assert_eq!(
        said(&run(above.path(), &["keys", "list", "--data-dir", "data"])),
        keys
    );
    assert_eq!(
        std::fs::read_to_string(above.path().join("data/operator.secret")).unwrap(),
        secret
    );
    server.ends_well();
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let above = tempfile::tempdir().unwrap();
    let server = Server::start(above.path(), "serve");
    let second = run(
        above.path(),
        &[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
            "--data-dir",
            "data",
        ],
    );
    assert!(complaint(&second).contains("is served by another process"));
    server.ends_well();
}

#[test]
fn commands_work_alike_beside_a_server_and_without_one() {
    let above = tempfile::tempdir().unwrap();
    let data = above.path();
    // The first start is made by a command.
    assert!(said(&run(data, &["keys", "list", "--data-dir", "data"])).ends_with("  signs"));
    let alone = said(&run(data, &["token", "SYSTEM-001", "--data-dir", "data"]));
    assert!(
        complaint(&run(data, &["token", "L1-NOBODY", "--data-dir", "data"]))
            .contains("there is no agent L1-NOBODY")
    );

    let server = Server::start(data, "serve");
    let beside = said(&run(
        data,
        &["token", "SYSTEM-001", "--ttl", "1h", "--data-dir", "data"],
    ));
    let rotated = said(&run(data, &["keys", "rotate", "--data-dir", "data"]));
    assert_eq!(
        rotated
            .lines()
            .map(|line| line.split("  ").last().unwrap())
            .collect::<Vec<_>>(),
        ["signs", "verifies"]
    );
    for token in [&alone, &beside] {
        assert_eq!(
            ask(&server.url, token, "{ me { id } }")["data"]["me"]["id"],
            "SYSTEM-001"
        );
    }
    assert!(
        complaint(&run(data, &["token", "L1-NOBODY", "--data-dir", "data"]))
            .contains("there is no agent L1-NOBODY")
    );
    server.ends_well();
}

#[test]
fn a_fleet_that_was_exported_can_be_imported() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(one.path(), "dev");
    let fleet = said(&run(one.path(), &["fleet", "export", "--data-dir", "data"]));
    server.ends_well();
    std::fs::write(other.path().join("fleet.json"), &fleet).unwrap();
    assert_eq!(
        said(&run(
            other.path(),
            &["fleet", "import", "fleet.json", "--data-dir", "data"]
        )),
        "1884 agents registered"
    );
    assert_eq!(
        said(&run(
            other.path(),
            &["fleet", "export", "--data-dir", "data"]
        )),
        fleet
    );
}

#[test]
fn dev_says_what_to_try_and_it_works() {
    let above = tempfile::tempdir().unwrap();
    let mut server = Server::start(above.path(), "dev");
    let mut text = Vec::new();
    for line in server.lines.by_ref() {
        let line = line.unwrap();
        let last = line.starts_with("Ctrl-C");
        text.push(line);
        if last {
            break;
        }
    }
    let start = text
        .iter()
        .position(|line| line.trim_start().starts_with("curl"))
        .unwrap();
    let command = text[start..]
        .iter()
        .take_while(|line| !line.is_empty())
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    let output = Command::new("sh")
        .args(["-c", &command])
        .current_dir(above.path())
        .output()
        .unwrap();
    let answer: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(
        answer["data"]["delegateTask"]["status"], "ASSIGNED",
        "{answer}"
    );
    assert_eq!(
        answer["data"]["delegateTask"]["assignee"]["id"],
        "L2-CHAR-001"
    );
    server.ends_well();
}

#[test]
fn every_start_of_dev_renews_the_operators_token() {
    let above = tempfile::tempdir().unwrap();
    let token = || {
        std::fs::read_to_string(above.path().join("data/operator.token"))
            .unwrap()
            .trim()
            .to_owned()
    };
    let server = Server::start(above.path(), "dev");
    let first = token();
    server.ends_well();
    let server = Server::start(above.path(), "dev");
    let answer = |token: &str| ask(&server.url, token, "{ me { id } }")["data"]["me"]["id"].clone();
    assert_eq!(answer(&token()), "SYSTEM-001");
    assert_eq!(answer(&first), Value::Null);
    server.ends_well();
}

#[test]
fn the_schema_and_the_configuration_need_no_database() {
    let above = tempfile::tempdir().unwrap();
    assert!(said(&run(above.path(), &["schema"])).contains("type Query"));
    let mut command = ziggie(
        above.path(),
        &[
            "config",
            "--listen",
            "127.0.0.1:1",
            "--database-url",
            "postgres://z:hush@db/z",
        ],
    );
    let text = said(&command.env("ZIGGIE_LIMITS_MAX_PAGE", "7").output().unwrap());
    for line in [
        "listen = \"127.0.0.1:1\"  # flag --listen",
        "limits.max_page = 7  # environment ZIGGIE_LIMITS_MAX_PAGE",
        "database_url = \"postgres://z:********@db/z\"  # flag --database-url",
        "drain = \"10s\"  # default",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "no {line} in:\n{text}"
        );
    }
    assert!(
        complaint(
            &ziggie(above.path(), &["config"])
                .env("ZIGGIE_LISTNE", "x")
                .output()
                .unwrap()
        )
        .contains("ZIGGIE_LISTNE")
    );
    assert_eq!(std::fs::read_dir(above.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_master_key_that_is_not_this_installations_is_refused() {
    let edge = Edge::start().await;
    edge.running.shutdown().await.unwrap();
    std::fs::remove_file(edge.data_dir.path().join("master.key")).unwrap();
    let error = ziggie::app::start(config(&edge.data_dir))
        .await
        .unwrap_err();
    assert!(
        format!("{error:#}").contains("put it back from a backup"),
        "{error:#}"
    );
    let other = ziggie::auth::key::MasterKey::generate().unwrap();
    let mut config = config(&edge.data_dir);
    config.master_key = Some(ziggie::app::config::Hidden::new(other.expose().to_string()));
    let error = ziggie::app::start(config).await.unwrap_err();
    assert!(
        format!("{error:#}").contains("the master key is another one"),
        "{error:#}"
    );
}
