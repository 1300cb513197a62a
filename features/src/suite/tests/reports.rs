//! A small suite with a world of its own passes, fails, is flaky and undefined; and the figures and all reports say so.

use std::sync::atomic::{AtomicBool, Ordering};

use cucumber::{World, given, then};
use gates::client::Exchange;

use super::*;
use crate::suite::{evidence::Evidence, record::Verdict};

/// A world without a server.
#[derive(Debug, Default, World)]
struct Small {
    evidence: Option<Evidence>,
}

impl Evident for Small {
    fn evidence(&self) -> Option<&Evidence> {
        self.evidence.as_ref()
    }
}

static BEFORE: AtomicBool = AtomicBool::new(false);

#[given("something")]
async fn something(_: &mut Small) {}

#[then("it is so")]
#[then("it is like so")]
async fn is_so(_: &mut Small) {}

#[then("it is not so")]
async fn is_not_so(small: &mut Small) -> Result<()> {
    small.evidence = Some(Evidence {
        exchanges: vec![Exchange {
            request: "POST /graphql".to_owned(),
            sent: "mutation { startTask } {\"token\": \"eyJhbGciOi.J9.c2ln\"}".to_owned(),
            status: Some(200),
            answer: "{\"errors\": [\"<no>\"], \"secret\": \"zgs_abcdef\"}".to_owned(),
            times: 3,
        }],
        audit: vec!["7 ACCESS_DENIED by L3-CHAR-POSE-001".to_owned()],
        kept: None,
    });
    anyhow::bail!("it is <otherwise>, says Bearer zgs_abcdef")
}

#[then("it is so the second time")]
async fn is_so_the_second_time(_: &mut Small) -> Result<()> {
    anyhow::ensure!(BEFORE.swap(true, Ordering::SeqCst), "not at first");
    Ok(())
}

struct Reports {
    tally: Tally,
    folder: tempfile::TempDir,
}

impl Reports {
    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).expect(name)
    }
}

/// Runs the small suite, or one file of it.
async fn run(part: &str) -> Reports {
    // What comes the second time is told by a variable that all runs share.
    static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _alone = ALONE.lock().await;
    BEFORE.store(false, Ordering::SeqCst);
    let folder = tempfile::tempdir().expect("a folder");
    let root = features().join("src/suite/tests/reports");
    let path = |name: &str| folder.path().join(name);
    let (writer, record) = writer::<Small>(root.clone(), path("small.json")).expect("a writer");
    Small::cucumber::<PathBuf>()
        .with_writer(writer)
        .retries(RETRIES)
        .with_cli(cli::Opts::<_, _, _, cli::Empty>::default())
        .run(root.join(part))
        .await;
    let told = Told {
        summary: path("small.summary.json"),
        junit: path("small.xml"),
        page: path("small.html"),
        place: "sqlite".to_owned(),
        selection: None,
        begun: now(),
    };
    let tally = told.write(record.take(), &root).expect("the reports");
    Reports { tally, folder }
}

#[tokio::test]
async fn what_goes_well_is_good_and_an_outline_counts_as_one() {
    let reports = run("good.feature").await;
    assert!(reports.tally.is_good());
    assert_eq!(
        (
            reports.tally.passed(),
            reports.tally.total(),
            reports.tally.examples()
        ),
        (2, 2, 3)
    );
    let page = reports.read("small.html");
    assert!(page.contains("2/2") && page.contains("every scenario passed"));
    assert!(
        page.contains("Rule: Examples count once"),
        "the Gherkin rule"
    );
    assert!(
        page.contains("it is &lt;so&gt;"),
        "an outline's placeholders"
    );
    assert!(
        reports
            .read("small.xml")
            .contains(r#"tests="3" skipped="0" errors="0" failures="0""#)
    );
}

#[tokio::test]
async fn what_goes_wrong_is_told_apart_and_none_of_it_counts_as_passed() {
    let Reports { tally, folder } = run("").await;
    assert!(!tally.is_good(), "the exit status is that of a failure");
    assert_eq!((tally.passed(), tally.total()), (2, 5));
    for verdict in [Verdict::Failed, Verdict::Flaky, Verdict::Undefined] {
        assert_eq!(tally.count(verdict), 1, "{}", verdict.word());
    }
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect(name);
    let summary: Value = serde_json::from_str(&read("small.summary.json")).expect("JSON");
    assert_eq!(summary["passed"], 2);
    assert_eq!(summary["failed"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        summary["flaky"],
        serde_json::json!(["It passes when it is tried again"])
    );
    let junit = read("small.xml");
    assert_eq!(junit.matches("<testcase ").count(), 6, "{junit}");
    assert_eq!(junit.matches("<failure ").count(), 3, "{junit}");
    assert!(junit.contains(r#"type="FLAKY""#) && junit.contains(r#"type="UNDEFINED""#));
    let json: Value = serde_json::from_str(&read("small.json")).expect("JSON");
    assert_eq!(
        json.as_array().map(Vec::len),
        Some(2),
        "Cucumber's own report"
    );
}

#[tokio::test]
async fn a_failure_shows_its_call_its_answer_and_the_log_and_opens_no_door() {
    let reports = run("bad.feature").await;
    let catalogue = Catalogue::read().expect("the catalogue");
    let told: String = reports
        .tally
        .record()
        .runs()
        .map(|(feature, run)| terminal::told(feature, run, &catalogue))
        .collect();
    let page = reports.read("small.html");
    let junit = reports.read("small.xml");
    for (name, text) in [("terminal", &told), ("page", &page), ("JUnit", &junit)] {
        for part in [
            "startTask",
            "POST /graphql",
            "3 times",
            "ACCESS_DENIED by L3-CHAR-POSE-001",
        ] {
            assert!(text.contains(part), "{name} has no {part}: {text}");
        }
        for opener in ["zgs_abcdef", "eyJhbGciOi"] {
            assert!(!text.contains(opener), "{name} shows {opener}");
        }
        for part in [
            "FLAKY",
            "not at first",
            "async fn praises",
            "who: Agent, task: Task, text: String",
        ] {
            let (text, part) = (text.to_lowercase(), part.to_lowercase());
            assert!(text.contains(&part), "{name} has no {part}: {text}");
        }
    }
    assert!(
        page.contains("it is &lt;otherwise&gt;"),
        "text is nothing but text"
    );
    assert!(
        !page.contains("http://") && !page.contains("https://"),
        "nothing is fetched"
    );
    assert!(page.contains("href=\"#R3.04\"") && page.contains("id=\"R3.04\""));
    assert!(
        page.contains("class=\"notrun\""),
        "what was not reached is shown too"
    );
}
