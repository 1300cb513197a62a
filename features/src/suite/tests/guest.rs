//! Scenarios as guests of one server: they do not meet, and who needs a server of its own is left out and says why.

use gates::client::{Call, Client};

use super::super::*;
use crate::server::Server;

const FEATURE: &str = r#"@tasks
Feature: Guests

  Scenario Outline: The same names, at the same time, on one server
    Given the studio
    And ARTEMIS has delegated the portrait task to L2-CHAR-001
    And L2-CHAR-001 follows the tasks
    When L2-CHAR-001 starts the portrait task
    Then the portrait task is IN_PROGRESS
    And the next thing that L2-CHAR-001 hears is TASK_STARTED of the portrait task
    When L2-MUSIC-001 starts the portrait task
    Then it is refused

    Examples:
      | guest  |
      | first  |
      | second |
      | third  |

  Scenario: Time does not pass for a guest
    Given the studio
    When ten minutes pass

  @alone
  Scenario: This one asks for all that there is
    Given the studio
    Then there are no tasks
"#;

#[tokio::test]
async fn guests_of_one_server_do_not_meet() {
    let folder = tempfile::tempdir().expect("a folder");
    let area = folder.path().join("tasks");
    std::fs::create_dir(&area).expect("an area");
    std::fs::write(area.join("guests.feature"), FEATURE).expect("a feature");
    let data = tempfile::tempdir().expect("a data directory");
    let server = Server::start(data.path(), None, false, serde_json::json!({}));
    let server = server.await.expect("a server");
    let address = server.address().to_string();
    let secret = std::fs::read_to_string(data.path().join("operator.secret")).expect("a secret");
    let login = Call::mutation("authenticate")
        .with("agentId", "ID!", "SYSTEM-001")
        .with("secret", "String!", secret.trim())
        .selecting("token");
    let answer = Client::new(address.as_str()).send(&login).await;
    let answer = answer.expect("an answer");
    let token = answer.data["authenticate"]["token"].as_str();
    let options = Options {
        features: folder.path().to_owned(),
        database: Choice::Sqlite,
        tags: None,
        name: None,
        concurrency: 4,
        reports: folder.path().join("reports"),
        without: Vec::new(),
        host: Some(Host {
            address,
            admin: None,
            token: token.expect("a token").to_owned(),
        }),
        keep: false,
    };
    let tally = run(options, Kept::default()).await.expect("a run");
    let told: Vec<_> = tally
        .record()
        .runs()
        .map(|(_, run)| run.telling())
        .collect();
    assert!(tally.is_good(), "{told:#?}");
    assert_eq!((tally.total(), tally.examples()), (1, 3));
    let left_out: Vec<_> = tally.left_out().iter().collect();
    assert_eq!(left_out, [(&"time passes on its clock".to_owned(), &1)]);
    server.stop().await.expect("a good end");
}
