//! Requests that ask for far more than they say, to a server in a process of its own: what each costs it is counted by the kernel. An innocent
//! client beside them is always answered.
//!
//! Memory is the process's highest resident size over what it held before; CPU is what its threads were given. A build that is not optimised
//! takes several times the CPU: the bound of 20 ms is for the full run (`ZIGGIE_TEST_HOSTILE_RESULTS=FILE`, with `ZIGGIE_TEST_BINARY` an optimised
//! build), which writes the figures down.

mod corpus;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::command::Server;
use super::event_stream::ME;
use corpus::Sent;

/// What a hostile request may cost.
const MEMORY: u64 = 20_000_000;
const CPU: Duration = Duration::from_millis(20);
/// What it may cost a build that is not optimised.
const CPU_UNOPTIMISED: Duration = Duration::from_millis(500);
/// Longer answers would be a way to have the server work.
const MAX_ANSWER: usize = 300_000;

/// What the kernel counts of a process.
struct Process(PathBuf);

impl Process {
    fn of(id: u32) -> Self {
        Self(PathBuf::from(format!("/proc/{id}")))
    }

    /// Bytes by a line of its status.
    fn bytes(&self, name: &str) -> u64 {
        let status = fs::read_to_string(self.0.join("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        kilobytes.unwrap().parse::<u64>().unwrap() * 1_024
    }

    /// The time that its threads were given.
    fn cpu(&self) -> Duration {
        let threads = fs::read_dir(self.0.join("task")).unwrap();
        let given = threads.filter_map(|thread| {
            let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(given.sum())
    }

    /// Its highest resident size is counted anew from here.
    fn forget_peak(&self) {
        fs::write(self.0.join("clear_refs"), "5").unwrap();
    }
}

/// Who asks a server.
struct Asking {
    http: Client,
    url: String,
}

impl Asking {
    fn request(&self, sent: &Sent, token: Option<&str>) -> RequestBuilder {
        let url = self.url.as_str();
        let post = || {
            self.http
                .post(url)
                .header("content-type", "application/json")
        };
        let request = match sent {
            Sent::Document(query) => post().body(json!({ "query": query }).to_string()),
            Sent::Json(body) => post().body(body.to_string()),
            Sent::Body(body) => post().body(body.clone()),
            Sent::Encoded(coding, body) => post()
                .header("content-encoding", *coding)
                .body(body.clone()),
            Sent::Url(query) => self.http.get(format!("{url}?{query}")),
        };
        let request = request.header("accept", "application/graphql-response+json");
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// The status, the length and the first code and limit of what is answered.
    async fn answer(&self, sent: &Sent, token: Option<&str>) -> Answered {
        let answer = match self.request(sent, token).send().await {
            Ok(answer) => answer,
            // Who is refused before all was sent may find the line cut instead of the answer.
            Err(_) => return Answered::cut(),
        };
        let status = answer.status().as_u16();
        let Ok(text) = answer.text().await else {
            return Answered::cut();
        };
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        let extensions = &body["errors"][0]["extensions"];
        Answered {
            status,
            bytes: text.len(),
            code: extensions["code"].clone(),
            limit: extensions["limit"].clone(),
        }
    }

    /// An innocent client is answered.
    async fn is_well(&self, token: &str) {
        let sent = Sent::Document(ME.to_owned());
        let answer = self.request(&sent, Some(token)).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer, json!({"data": {"me": {"id": "SYSTEM-001"}}}));
    }
}

#[derive(Debug)]
struct Answered {
    status: u16,
    bytes: usize,
    code: Value,
    limit: Value,
}

impl Answered {
    fn cut() -> Self {
        Self {
            status: 0,
            bytes: 0,
            code: json!("CUT"),
            limit: Value::Null,
        }
    }

    /// Whether it was refused for what it is, or answered in few words.
    fn is_harmless(&self) -> bool {
        self.status < 500 && self.bytes <= MAX_ANSWER && self.code != "INTERNAL"
    }
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e5).round() / 100.0
}

async fn served() -> (tempfile::TempDir, Server, Asking, String) {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), "serve");
    let asking = Asking {
        // No connection is used again: who is refused early leaves one half written.
        http: Client::builder().pool_max_idle_per_host(0).build().unwrap(),
        url: server.url.clone(),
    };
    let secret = fs::read_to_string(dir.path().join("data/operator.secret")).unwrap();
    let place = server.url.strip_prefix("http://");
    let place = place.and_then(|place| place.strip_suffix("/graphql"));
    let address = place.unwrap().parse().unwrap();
    let token = super::log_in_at(address, secret.trim()).await;
    (dir, server, asking, token)
}

/// Where the full run writes to.
#[allow(clippy::disallowed_methods, reason = "whether this is the full run")]
fn results() -> Option<String> {
    std::env::var("ZIGGIE_TEST_HOSTILE_RESULTS").ok()
}

#[tokio::test]
async fn what_is_hostile_costs_little() {
    let results = results();
    let most = if results.is_some() {
        CPU
    } else {
        CPU_UNOPTIMISED
    };
    let (_dir, server, asking, token) = served().await;
    let process = Process::of(server.child.id());
    let corpus = corpus::all();
    assert!(corpus.len() >= 80, "{}", corpus.len());
    let (mut figures, mut faults) = (Vec::new(), Vec::new());
    for (name, sent) in &corpus {
        for (who, token) in [("stranger", None), ("operator", Some(token.as_str()))] {
            let (mut cpu, mut memory) = (Duration::MAX, u64::MAX);
            let mut answered;
            // Whatever else the process does meanwhile only adds to it: the least of a few looks is what the request costs.
            let mut looks = 3;
            loop {
                process.forget_peak();
                let (held, given) = (process.bytes("VmRSS:"), process.cpu());
                answered = asking.answer(sent, token).await;
                cpu = cpu.min(process.cpu().saturating_sub(given));
                memory = memory.min(process.bytes("VmHWM:").saturating_sub(held));
                looks -= 1;
                if looks == 0 || cpu <= most && memory <= MEMORY {
                    break;
                }
            }
            if !answered.is_harmless() || cpu > most || memory > MEMORY {
                faults.push(format!(
                    "{name} by a {who}: {cpu:?}, {memory} bytes, {answered:?}"
                ));
            }
            figures.push(json!({
                "request": name, "by": who, "cpuMs": milliseconds(cpu), "memoryBytes": memory,
                "status": answered.status, "code": answered.code, "limit": answered.limit,
                "answerBytes": answered.bytes,
            }));
        }
        asking.is_well(&token).await;
    }
    if let Some(file) = results {
        let highest = |key: &str| {
            figures
                .iter()
                .map(|one| one[key].as_f64().unwrap())
                .fold(0.0, f64::max)
        };
        let summary = json!({
            "requests": corpus.len(), "answers": figures.len(), "faults": faults,
            "highestCpuMs": highest("cpuMs"), "highestMemoryBytes": highest("memoryBytes"),
            "figures": figures,
        });
        fs::write(file, serde_json::to_string_pretty(&summary).unwrap() + "\n").unwrap();
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[tokio::test]
async fn an_innocent_client_is_answered_beside_all_of_it() {
    let (_dir, _server, asking, token) = served().await;
    let corpus = corpus::all();
    let hostile = async {
        let mut under_way = futures::stream::FuturesUnordered::new();
        for (_, sent) in &corpus {
            under_way.push(asking.answer(sent, Some(&token)));
            while under_way.len() >= 8 {
                let answered = futures::StreamExt::next(&mut under_way).await.unwrap();
                assert!(answered.is_harmless(), "{answered:?}");
            }
        }
        while let Some(answered) = futures::StreamExt::next(&mut under_way).await {
            assert!(answered.is_harmless(), "{answered:?}");
        }
    };
    let innocent = async {
        for _ in 0..1_000_000 {
            asking.is_well(&token).await;
        }
    };
    tokio::select! {
        () = hostile => {}
        () = innocent => {}
    }
}
