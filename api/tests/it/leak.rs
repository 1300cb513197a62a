//! No answer shows what went wrong inside: no SQL, no path, no panic, no stack (spec R10.06).
//!
//! Every route is asked while the database fails or the code panics, at each call of the database in turn; every operation of the schema
//! in `graphql/authz/leak.rs`.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use axum::{Router, response::Response};
use entities::agent::AgentTier;
use entities::audit::export::AuditExportFormat;
use futures::FutureExt;
use http_body_util::BodyExt;
use sea_orm::ConnectionTrait;
use serde_json::json;
use tower::ServiceExt;
use ziggie::http::{self, Boundary, Drain, Gateway, Limits};
use ziggie::service::audit::Filter;
use ziggie::service::{log, session};
use ziggie::store::fault::{Fault, Kind};

use crate::asset::{put, registered};
use crate::world::{World, on_each_database};

/// What only the inside knows of: words of SQL, of the databases and their libraries, of files, of panics.
const INSIDE: &[&str] = &[
    "SELECT ",
    "INSERT INTO",
    "UPDATE \"",
    "UPDATE tasks",
    "DELETE FROM",
    " WHERE ",
    "no such",
    "does not exist",
    "syntax",
    "constraint",
    "relation ",
    "sqlite",
    "SQLite",
    "ostgres",
    "sqlx",
    "sea_orm",
    "DbErr",
    "RuntimeErr",
    "a fault of a test",
    "panic",
    "backtrace",
    "thread '",
    "src/",
    ".rs",
    "/tmp",
    "/home",
    "/work",
    ".db",
];

/// What of the inside a text shows.
pub(crate) fn inside(text: &str) -> Vec<&'static str> {
    let shown = INSIDE.iter().copied();
    shown.filter(|word| text.contains(word)).collect()
}

#[test]
fn what_is_inside_is_known_when_it_is_seen() {
    for text in [
        "error returned from database: (code: 1) no such table: tasks",
        "Execution Error: relation \"tasks\" does not exist",
        "thread 'main' panicked at src/main.rs:7",
        "unable to open database file /tmp/x/ziggie.db",
    ] {
        assert!(!inside(text).is_empty(), "{text}");
    }
    assert!(inside("an internal error; the log has more under this request id").is_empty());
}

/// The routes of a server, over the service of a world.
fn routes(world: &World) -> Router {
    let (_drain, draining) = Drain::new();
    let limits = Limits::default();
    let gateway = Gateway::start(
        world.service.clone(),
        limits,
        Boundary::default(),
        None,
        draining,
    );
    http::public_routes(gateway)
}

/// A request of each kind, as a method, a path and a body.
async fn requests(world: &World, token: &str) -> Vec<impl Fn() -> Request<Body> + use<>> {
    let (service, operator) = (&world.service, &world.operator);
    let asset = registered(service, operator).await.id.to_string();
    put(service, operator, &asset, b"a fox").await.unwrap();
    let empty = registered(service, operator).await.id.to_string();
    world.checkpoint().await;
    let csv = AuditExportFormat::Csv;
    let asked = log::export::ask(service, operator, &Filter::default(), csv).await;
    let link = asked.unwrap().link.expose();
    let ask = |query: &str| json!({"query": query}).to_string();
    let follow = ask("subscription { taskUpdates { action } }");
    let lines = [
        (
            "POST",
            "/graphql".to_owned(),
            "*/*",
            ask("{ tasks { nodes { id } } }"),
        ),
        (
            "POST",
            "/graphql".to_owned(),
            "*/*",
            ask("mutation { rotateSession { token } }"),
        ),
        ("POST", "/graphql".to_owned(), "text/event-stream", follow),
        (
            "GET",
            "/graphql?query=%7B%20me%20%7B%20id%20%7D%20%7D".to_owned(),
            "*/*",
            String::new(),
        ),
        (
            "GET",
            format!("/assets/{asset}/content"),
            "*/*",
            String::new(),
        ),
        (
            "HEAD",
            format!("/assets/{asset}/content"),
            "*/*",
            String::new(),
        ),
        (
            "PUT",
            format!("/assets/{empty}/content"),
            "*/*",
            "an owl".to_owned(),
        ),
        ("GET", format!("/audit/export/{link}"), "*/*", String::new()),
        (
            "GET",
            format!("/audit/export/{link}/manifest"),
            "*/*",
            String::new(),
        ),
        (
            "GET",
            "/audit/tlog/checkpoint".to_owned(),
            "*/*",
            String::new(),
        ),
        ("GET", "/audit/tlog/key".to_owned(), "*/*", String::new()),
        (
            "GET",
            "/audit/tlog/tile/0/000.p/1".to_owned(),
            "*/*",
            String::new(),
        ),
        (
            "GET",
            "/audit/tlog/tile/entries/000.p/1".to_owned(),
            "*/*",
            String::new(),
        ),
        (
            "GET",
            "/.well-known/jwks.json".to_owned(),
            "*/*",
            String::new(),
        ),
    ];
    let bearer: Arc<str> = format!("Bearer {token}").into();
    let request = |(method, path, accept, body): (&'static str, String, &'static str, String)| {
        let bearer = bearer.clone();
        move || {
            let mut request = Request::builder()
                .method(method)
                .uri(&path)
                .header("authorization", &*bearer)
                .header("accept", accept)
                .header("content-type", "application/json")
                .body(Body::from(body.clone()))
                .unwrap();
            let peer = SocketAddr::from(([127, 0, 0, 1], 4711));
            request.extensions_mut().insert(ConnectInfo(peer));
            request
        }
    };
    lines.into_iter().map(request).collect()
}

/// The whole of an answer: its status and headers, and as much of its body as comes before it breaks off or waits.
async fn whole(answer: Response) -> (StatusCode, String) {
    let (head, mut body) = answer.into_parts();
    let mut text = format!("{} {:?}\n", head.status, head.headers);
    let is_stream = text.contains("text/event-stream");
    // A panic in the middle of a body breaks it off.
    while let Ok(Some(frame)) = AssertUnwindSafe(body.frame()).catch_unwind().await {
        match frame {
            Ok(frame) => {
                let bytes = frame.into_data().unwrap_or_default();
                text.push_str(&String::from_utf8_lossy(&bytes));
            }
            Err(error) => text.push_str(&error.to_string()),
        }
        // A stream has said something, and goes on.
        if is_stream {
            break;
        }
    }
    (head.status, text)
}

async fn token_of(world: &World) -> String {
    let issued = session::issue(&world.service, &world.operator, "SYSTEM-001", 3_000).await;
    issued.unwrap().token
}

#[tokio::test]
async fn no_fault_and_no_panic_shows_at_any_route_and_each_costs_its_request_alone() {
    on_each_database(async |world| {
        let routes = routes(&world);
        for index in 0.. {
            let mut requests = requests(&world, &token_of(&world).await).await;
            if index == requests.len() {
                break;
            }
            let request = requests.swap_remove(index);
            let mut struck = 0;
            for kind in [Kind::NotMade, Kind::Panic] {
                for at in 0..200 {
                    let fault = Fault::new(kind, at);
                    let answer = fault.befall(async {
                        whole(routes.clone().oneshot(request()).await.unwrap()).await
                    });
                    let (status, text) = answer.await;
                    if !fault.has_struck() {
                        break;
                    }
                    struck += 1;
                    let case = format!("{kind:?} at {at}: {text}");
                    assert_eq!(inside(&text), Vec::<&str>::new(), "{case}");
                    // What was under way when it struck has its status already.
                    if status.is_server_error() {
                        assert!(text.contains("x-request-id"), "{case}");
                    }
                }
            }
            let asked = request().uri().to_string();
            // These two are answered from memory.
            let from_memory = asked.contains("jwks");
            assert_eq!(
                struck == 0,
                from_memory,
                "{asked} was struck {struck} times"
            );
            let (status, text) = whole(routes.clone().oneshot(request()).await.unwrap()).await;
            assert!(!status.is_server_error(), "afterwards: {text}");
        }
    })
    .await;
}

#[tokio::test]
async fn no_error_of_the_database_shows_at_any_route() {
    on_each_database(async |world| {
        world.agent("L1-ART-001", AgentTier::L1, None).await;
        let routes = routes(&world);
        let token = token_of(&world).await;
        let requests = requests(&world, &token).await;
        let outside = world.back_door().await;
        let mut faults = 0;
        for table in [
            "sessions",
            "agents",
            "assets",
            "tasks",
            "audit_entries",
            "ledger",
            "audit_exports",
            "checkpoints",
            "log_keys",
        ] {
            let rename = |from: &str, to: &str| format!("ALTER TABLE {from} RENAME TO {to}");
            let gone = outside.execute_unprepared(&rename(table, "gone")).await;
            if gone.is_err() {
                panic!("there is no table {table}");
            }
            for request in &requests {
                let (status, text) = whole(routes.clone().oneshot(request()).await.unwrap()).await;
                faults += usize::from(status.is_server_error() || text.contains("INTERNAL"));
                let asked = request().uri().to_string();
                assert_eq!(
                    inside(&text),
                    Vec::<&str>::new(),
                    "{asked} without {table}: {text}"
                );
            }
            outside
                .execute_unprepared(&rename("gone", table))
                .await
                .unwrap();
        }
        outside.close().await.unwrap();
        assert!(faults > 20, "{faults} faults were seen");
    })
    .await;
}
