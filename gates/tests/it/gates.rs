//! The binary `gates` against real servers: what it says, what it leaves, and how it ends (spec R8.02, R8.03). Limits of time are wide here:
//! what is looked at is the runner, not the machine.

use std::{fs, path::Path, process::Output};

use gates::{client::Call, process::Process, twin::Twin};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

/// Runs the gates; gives how they ended and what they left as JSON.
async fn run(arguments: &[&str]) -> (Output, Value) {
    let reports = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_gates"))
        .args(arguments)
        .args(["--reports", &reports.path().to_string_lossy()])
        .env("ZIGGIE_TEST_BINARY", gates::process::binary().unwrap())
        .output()
        .await
        .unwrap();
    let read = |name: &str| fs::read_to_string(reports.path().join(name));
    let told = read("gates.json").map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
    if !told.is_null() {
        let schema = serde_json::from_str(include_str!("../../report.schema.json")).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let faults: Vec<String> = validator
            .iter_errors(&told)
            .map(|fault| fault.to_string())
            .collect();
        assert!(faults.is_empty(), "{faults:?}");
        assert!(read("gates.xml").unwrap().contains("<testsuite"));
        assert!(read("gates.html").unwrap().contains("Quality gates"));
    }
    (output, told)
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

/// A file with the token of a twin's operator.
async fn token(twin: &Twin, folder: &Path) -> String {
    let issue = Call::mutation("issueSession")
        .with("agentId", "ID!", "SYSTEM-001")
        .selecting("token");
    let answer = twin.target.operator.send(&issue).await.unwrap();
    let token = answer.data["issueSession"]["token"].as_str().unwrap();
    let file = folder.join("token");
    fs::write(&file, format!("{token}\n")).unwrap();
    file.to_string_lossy().into_owned()
}

const LOAD: [&str; 8] = [
    "--rate",
    "30",
    "--seconds",
    "2",
    "--p95-ms",
    "60000",
    "--completion-p95-ms",
    "60000",
];

#[tokio::test]
async fn a_twin_is_started_loaded_and_its_log_read_and_the_rating_counts_all_five() {
    let mut arguments = vec!["--only", "1", "--only", "4", "--only", "5"];
    arguments.extend(LOAD);
    let (output, told) = run(&arguments).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(told["rating"], "3/5", "{}", said(&output));
    let gates = told["gates"].as_array().unwrap();
    let log = &gates[2]["details"]["figures"];
    assert!(log["rows of task"]["compared"].as_u64() > Some(50), "{log}");
    assert!(said(&output).contains("rating 3/5"));
}

#[tokio::test]
async fn a_twin_of_which_only_the_log_is_read_has_been_worked_with() {
    let (output, told) = run(&["--only", "5"]).await;
    assert_eq!(told["rating"], "1/5", "{}", said(&output));
    let log = &told["gates"][0]["details"]["figures"];
    assert!(log["rows of task"]["compared"].as_u64() > Some(10), "{log}");
}

#[tokio::test]
async fn a_deployment_is_read_an_agent_in_error_is_red_and_the_run_is_recorded() {
    let twin = Twin::start(None).await.unwrap();
    let folder = TempDir::new().unwrap();
    let token = token(&twin, folder.path()).await;
    let mut arguments = vec!["--url", &twin.target.address, "--token-file", &token];
    arguments.extend(["--only", "1", "--record"]);
    let (output, told) = run(&arguments).await;
    assert_eq!(told["rating"], "1/5", "{}", said(&output));
    assert_eq!(told["gates"][0]["details"]["place"], "deployment");

    let error = Call::mutation("setAgentError")
        .with("agentId", "ID!", "L2-CHAR-001")
        .with("reason", "String!", "the gates want to see one")
        .selecting("status");
    let answer = twin.target.operator.send(&error).await.unwrap();
    assert!(answer.faults.is_empty(), "{:?}", answer.faults);
    let (output, told) = run(&arguments).await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(told["gates"][0]["status"], "FAILED");
    assert!(said(&output).contains("L2-CHAR-001"), "{}", said(&output));

    let runs = Call::query("gateRuns").selecting("nodes { rating isOfThisBuild status }");
    let answer = twin.target.operator.send(&runs).await.unwrap();
    let nodes = &answer.data["gateRuns"]["nodes"];
    let ratings: Vec<&Value> = nodes
        .as_array()
        .unwrap()
        .iter()
        .map(|run| &run["rating"])
        .collect();
    assert_eq!(ratings, [&json!("0/5"), &json!("1/5")]);
    twin.stop().await.unwrap();
}

#[tokio::test]
async fn who_cannot_measure_has_failed_and_who_is_not_reached_is_another_matter() {
    let folder = TempDir::new().unwrap();
    let twin = Twin::start(None).await.unwrap();
    let token = token(&twin, folder.path()).await;
    let address = twin.target.address.clone();
    let mut arguments = vec![
        "--url",
        &address,
        "--token-file",
        &token,
        "--only",
        "2",
        "--only",
        "4",
    ];
    let absent = folder
        .path()
        .join("absent.json")
        .to_string_lossy()
        .into_owned();
    arguments.extend(["--suite-report", &absent]);
    arguments.extend(LOAD);
    // Without the admin address nobody knows what memory the server holds.
    let (output, told) = run(&arguments).await;
    assert_eq!(told["rating"], "0/5", "{}", said(&output));
    // What writes was run beside the deployment, on a twin of its build.
    let load = &told["gates"][1]["details"];
    assert_eq!(load["place"], "deployment and twin");
    assert_eq!(told["twinBuildHash"], told["buildHash"]);
    let operations = &load["figures"]["twin"]["operations"];
    assert!(
        operations["createTask"]["count"].as_u64() > Some(0),
        "{load}"
    );
    for gate in told["gates"].as_array().unwrap() {
        let reasons = gate["details"]["reasons"].to_string();
        assert!(reasons.contains("it could not measure"), "{gate}");
    }
    twin.stop().await.unwrap();
    let (output, told) = run(&arguments).await;
    assert_eq!((output.status.code(), told), (Some(3), Value::Null));
    let (output, _) = run(&["--only", "6"]).await;
    assert_eq!(output.status.code(), Some(2));
    let limits = folder.path().join("limits.toml");
    fs::write(&limits, "p96-ms = 50\n").unwrap();
    let (output, _) = run(&["--thresholds", &limits.to_string_lossy()]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("unknown field `p96-ms`"));
    let (output, _) = run(&["--url", "127.0.0.1:1"]).await;
    assert_eq!(output.status.code(), Some(2));
    let nobody = ["--url", "127.0.0.1:1", "--token-file", &absent];
    let (output, _) = run(&nobody).await;
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("absent.json"), "{}", said(&output));
}

#[tokio::test]
async fn a_scratch_target_may_be_loaded_again_and_a_run_that_is_not_recorded_is_no_success() {
    let folder = TempDir::new().unwrap();
    let twin = Twin::start(None).await.unwrap();
    let token = token(&twin, folder.path()).await;
    let admin = twin.target.admin.as_ref().unwrap().address().to_owned();
    let mut arguments = vec!["--url", &twin.target.address, "--admin-url", &admin];
    arguments.extend(["--token-file", &token, "--allow-writes", "--only", "4"]);
    arguments.extend(LOAD);
    for time in 1..=2 {
        let (output, told) = run(&arguments).await;
        assert_eq!(told["rating"], "1/5", "time {time}: {}", said(&output));
        assert_eq!(told["gates"][0]["details"]["place"], "scratch target");
    }
    // An L1 may read what the first gate reads, but not record a run.
    let issue = Call::mutation("issueSession")
        .with("agentId", "ID!", "L1-ART-001")
        .selecting("token");
    let issued = twin.target.operator.send(&issue).await.unwrap();
    let issued = issued.data["issueSession"]["token"]
        .as_str()
        .unwrap()
        .to_owned();
    fs::write(folder.path().join("token"), issued).unwrap();
    let mut arguments = vec!["--url", &twin.target.address, "--token-file", &token];
    arguments.extend(["--only", "1", "--record"]);
    let (output, told) = run(&arguments).await;
    assert_ne!(told, Value::Null, "the reports are there");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("was not recorded"),
        "{}",
        said(&output)
    );
    twin.stop().await.unwrap();
}

#[tokio::test]
async fn a_log_is_held_to_the_key_that_was_brought_along() {
    let folder = TempDir::new().unwrap();
    let (twin, other) = (
        Twin::start(None).await.unwrap(),
        Twin::start(None).await.unwrap(),
    );
    let token = token(&twin, folder.path()).await;
    let kept = folder.path().join("key").to_string_lossy().into_owned();
    let arguments = [
        "--url",
        &twin.target.address,
        "--token-file",
        &token,
        "--only",
        "5",
    ];
    let (output, told) = run(&arguments).await;
    assert_eq!(told["rating"], "1/5", "{}", said(&output));
    let shown = &told["gates"][0]["details"]["figures"]["keyShownByTarget"];
    assert_eq!(*shown, json!(true));
    let with_key = [&arguments[..], &["--key", &kept]].concat();
    for (of, rating) in [(&twin, "1/5"), (&other, "0/5")] {
        let key = of.target.operator.get("/audit/tlog/key").await.unwrap();
        fs::write(&kept, key.body).unwrap();
        let (output, told) = run(&with_key).await;
        assert_eq!(told["rating"], rating, "{}", said(&output));
    }
    fs::write(&kept, "no key").unwrap();
    let (output, _) = run(&with_key).await;
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    twin.stop().await.unwrap();
    other.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_serves_no_graphql_is_not_reached() {
    let folder = TempDir::new().unwrap();
    let server = Process::start("serve", folder.path(), None).await.unwrap();
    let file = folder.path().join("token");
    fs::write(&file, "not-a-token").unwrap();
    let file = file.to_string_lossy();
    for address in [&server.address, &server.admin_address] {
        let (output, _) = run(&["--url", address, "--token-file", &file]).await;
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    }
    server.terminate().await.unwrap();
}
