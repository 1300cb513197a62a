//! Gate 3 before a real server behind somebody who falsifies what it says: each lie turns it red (spec R8.01). A binary of its own, since
//! one process looks at the responses of all its clients.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::{Request, State},
    response::Response,
};
use gates::{
    client::{self, Call, Client},
    contract::{
        response::{CODES, Exercised, Schema},
        route::{Answered, Description},
    },
    gate::{
        Finding, Place, Status,
        contract_kept::{self, Promise},
    },
    target::Target,
    twin::Twin,
};
use reqwest::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// What is changed on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    Nothing,
    /// The first field of a task is not told of.
    MemberLess,
    /// A version is a number.
    WrongType,
    /// A page is found with another status than 200.
    Undeclared,
    /// A page has another body than it should.
    WrongBody,
}

#[derive(Clone)]
struct Between {
    server: String,
    lie: Arc<Mutex<Lie>>,
    http: reqwest::Client,
}

/// Somebody who passes everything on to a server and back, and changes what comes back.
async fn stand_between(server: &str) -> (String, Arc<Mutex<Lie>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let lie = Arc::new(Mutex::new(Lie::Nothing));
    let between = Between {
        server: server.to_owned(),
        lie: lie.clone(),
        http: reqwest::Client::new(),
    };
    let router = Router::new().fallback(pass_on).with_state(between);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, lie)
}

async fn pass_on(State(between): State<Between>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().unwrap().to_string();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let url = format!("http://{}{path}", between.server);
    let sent = between.http.request(head.method, url);
    let answer = sent.headers(head.headers).body(body).send().await.unwrap();
    let (mut status, mut headers) = (answer.status().as_u16(), answer.headers().clone());
    headers.remove(CONTENT_LENGTH);
    headers.remove(TRANSFER_ENCODING);
    let mut body = answer.bytes().await.unwrap();
    let lie = *between.lie.lock().unwrap();
    match (lie, path.as_str()) {
        (Lie::MemberLess | Lie::WrongType, "/graphql") => body = falsified(lie, &body),
        (Lie::Undeclared, KEYS) => status = 203,
        (Lie::WrongBody, KEYS) => body = Bytes::from_static(b"{\"keys\": []}"),
        _ => {}
    }
    let mut answer = Response::new(body.into());
    *answer.status_mut() = status.try_into().unwrap();
    *answer.headers_mut() = headers;
    answer
}

fn falsified(lie: Lie, body: &[u8]) -> Bytes {
    let mut body: Value = serde_json::from_slice(body).unwrap();
    if lie == Lie::WrongType
        && let Some(version) = body.pointer_mut("/data/server/version")
    {
        *version = json!(1);
    }
    let types = body.pointer_mut("/data/__schema/types");
    let mut types = types.and_then(Value::as_array_mut).into_iter().flatten();
    if lie == Lie::MemberLess
        && let Some(task) = types.find(|kind| kind["name"] == "Task")
    {
        task["fields"].as_array_mut().unwrap().remove(0);
    }
    body.to_string().into()
}

const KEYS: &str = "/.well-known/jwks.json";

/// A report of a suite that has seen everything, and of which the faults are those of this process' clients.
fn report(promise: &Promise, folder: &Path) -> std::path::PathBuf {
    let schema = Schema::read(&promise.schema).unwrap();
    let missing = Exercised::default().missing(&schema);
    let fields: Vec<_> = missing.roots.iter().chain(&missing.fields).collect();
    let routes = Description::read(&promise.routes).unwrap();
    let routes = Answered::default().missing(&routes).into_iter();
    let routes: Vec<String> = routes.map(|route| format!("{route} 200")).collect();
    let mut contract = client::seen().unwrap();
    contract["exercised"] = json!({ "seen": fields, "filled": fields, "arguments": [], "enumValues": [], "codes": CODES });
    contract["answered"] = json!(routes);
    let path = folder.join("summary.json");
    fs::write(&path, json!({ "contract": contract }).to_string()).unwrap();
    path
}

#[tokio::test]
async fn each_lie_about_the_contract_turns_the_gate_red() {
    let promise = Promise::committed().unwrap();
    client::look_at_responses(&promise.schema, &promise.routes).unwrap();
    let folder = TempDir::new().unwrap();
    let twin = Twin::start(None).await.unwrap();
    let issue = Call::mutation("issueSession")
        .with("agentId", "ID!", "SYSTEM-001")
        .selecting("token");
    let answer = twin.target.operator.send(&issue).await.unwrap();
    let token = answer
        .at("/issueSession/token")
        .as_str()
        .unwrap()
        .to_owned();
    let (address, lie) = stand_between(&twin.target.address).await;
    let judged = async |told: Lie| -> Finding {
        *lie.lock().unwrap() = told;
        let target = Target::reach(&address, None, &token).await.unwrap();
        Client::new(&address).get(KEYS).await.unwrap();
        let report = report(&promise, folder.path());
        let judged = contract_kept::look(&target, Place::Twin, &promise, &report).await;
        judged.unwrap()
    };
    let honest = judged(Lie::Nothing).await;
    assert_eq!(honest.status, Status::Passed, "{:?}", honest.reasons);
    for (told, reason) in [
        (Lie::MemberLess, "FIELD_REMOVED Task."),
        (Lie::WrongType, "data.server.version"),
        (
            Lie::Undeclared,
            "GET /.well-known/jwks.json: the status 203 is not declared",
        ),
        (
            Lie::WrongBody,
            "GET /.well-known/jwks.json 200: `/keys` of the body",
        ),
    ] {
        let finding = judged(told).await;
        assert_eq!(finding.status, Status::Failed, "{told:?}");
        let reasons = finding.reasons.join("\n");
        assert!(reasons.contains(reason), "{told:?}: {reasons}");
    }
    twin.stop().await.unwrap();
}
