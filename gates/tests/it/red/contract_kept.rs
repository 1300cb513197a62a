//! Gate 3 before somebody who falsifies what the server says: each lie turns it red, although the suite's report is good (spec R8.01).

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use gates::{
    contract::{
        response::{CODES, Exercised, Schema},
        route::{Answered, Description},
    },
    gate::{
        Finding, Place, Status,
        contract_kept::{self, Promise},
    },
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    proxy::{self, Reply},
    scratch::Scratch,
};

/// What is changed on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    Nothing,
    /// The first field of a task is not told of.
    MemberLess,
    /// A version is a number.
    WrongType,
    /// What an operator may read is refused.
    Refused,
    /// A page is found with another status than 200.
    Undeclared,
    /// A page has another body than it should.
    WrongBody,
}

const KEYS: &str = "/.well-known/jwks.json";

fn falsify(lie: Lie, reply: &mut Reply) {
    match (lie, reply.path.as_str()) {
        (Lie::MemberLess | Lie::WrongType | Lie::Refused, "/graphql") => {
            if let Ok(mut body) = serde_json::from_slice(&reply.body) {
                in_answer(lie, &mut body);
                reply.body = body.to_string().into();
            }
        }
        (Lie::Undeclared, KEYS) => reply.status = 203,
        (Lie::WrongBody, KEYS) => reply.body = b"{\"keys\": []}".to_vec(),
        _ => {}
    }
}

fn in_answer(lie: Lie, body: &mut Value) {
    if lie == Lie::WrongType
        && let Some(version) = body.pointer_mut("/data/server/version")
    {
        *version = json!(1);
    }
    if lie == Lie::Refused && body.pointer("/data/fleet").is_some() {
        let extensions = json!({ "code": "FORBIDDEN", "retryable": false, "requestId": "r" });
        *body = json!({ "data": null, "errors": [{ "message": "no", "extensions": extensions }] });
    }
    let types = body.pointer_mut("/data/__schema/types");
    let mut types = types.and_then(Value::as_array_mut).into_iter().flatten();
    if lie == Lie::MemberLess
        && let Some(task) = types.find(|kind| kind["name"] == "Task")
    {
        task["fields"].as_array_mut().unwrap().remove(0);
    }
}

/// A report of a suite that has seen everything.
fn report(promise: &Promise, folder: &Path) -> PathBuf {
    let schema = Schema::read(&promise.schema).unwrap();
    let missing = Exercised::default().missing(&schema);
    let fields: Vec<_> = missing.roots.iter().chain(&missing.fields).collect();
    let routes = Description::read(&promise.routes).unwrap();
    let routes = Answered::default().missing(&routes).into_iter();
    let routes: Vec<String> = routes.map(|route| format!("{route} 200")).collect();
    let exercised = json!({ "seen": fields, "filled": fields, "arguments": [], "enumValues": [], "codes": CODES });
    let contract = json!({ "responses": 0, "pages": 0, "faults": [], "exercised": exercised, "answered": routes });
    let path = folder.join("summary.json");
    fs::write(&path, json!({ "contract": contract }).to_string()).unwrap();
    path
}

#[tokio::test]
async fn each_lie_about_the_contract_turns_the_gate_red() {
    let promise = Promise::committed().unwrap();
    let folder = TempDir::new().unwrap();
    let report = report(&promise, folder.path());
    let scratch = Scratch::start().await;
    let lie = Arc::new(Mutex::new(Lie::Nothing));
    let told = Arc::clone(&lie);
    let server = &scratch.target.address;
    let address = proxy::before(server, move |reply| falsify(*told.lock().unwrap(), reply)).await;
    let judged = async |told: Lie| -> Finding {
        *lie.lock().unwrap() = told;
        let target = scratch.behind(&address).await;
        let judged = contract_kept::look(&target, Place::Deployment, &promise, &report).await;
        judged.unwrap()
    };
    let honest = judged(Lie::Nothing).await;
    assert_eq!(honest.status, Status::Passed, "{:?}", honest.reasons);
    let routes = honest.figures["readingRoutes"].as_array().unwrap();
    assert_eq!(routes.len(), 18, "{routes:?}");
    for (told, reason) in [
        (Lie::MemberLess, "FIELD_REMOVED Task."),
        (Lie::WrongType, "data.server.version"),
        (Lie::Refused, "FORBIDDEN no (to { fleet {"),
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
}
