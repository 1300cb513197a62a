//! What stands before a server and changes, on the way, what it answers.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    response::Response,
};
use reqwest::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use tokio::net::TcpListener;

/// What a server answered, and to what.
pub struct Reply {
    /// The path that was asked for.
    pub path: String,
    /// The body of the request.
    pub asked: String,
    /// The status of the answer.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
    /// How long it is held back.
    pub held: Duration,
}

impl Reply {
    /// Puts a text in the place of another, where that stands first.
    pub fn replace(&mut self, from: &str, to: &str) {
        let stands = |window: &[u8]| window == from.as_bytes();
        if let Some(at) = self.body.windows(from.len()).position(stands) {
            let behind = at + from.len();
            self.body.splice(at..behind, to.bytes());
        }
    }
}

/// Starts one on a free port, and gives its address; it ends with the test.
pub async fn before(server: &str, change: impl Fn(&mut Reply) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (server, change) = (server.to_owned(), Arc::new(change));
    let http = reqwest::Client::new();
    let pass = move |request: Request| {
        let (server, change, http) = (server.clone(), Arc::clone(&change), http.clone());
        async move { passed(&http, &server, request, &*change).await }
    };
    let router = Router::new().fallback(pass);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn passed(
    http: &reqwest::Client,
    server: &str,
    request: Request,
    change: &(dyn Fn(&mut Reply) + Send + Sync),
) -> Response {
    let (head, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let mut headers = head.headers;
    headers.remove("host");
    let sent = http
        .request(head.method, format!("http://{server}{}", head.uri))
        .headers(headers)
        .body(body.clone())
        .send()
        .await
        .unwrap();
    let mut told = sent.headers().clone();
    for of_the_way in [CONTENT_LENGTH, TRANSFER_ENCODING] {
        told.remove(of_the_way);
    }
    let mut reply = Reply {
        path: head.uri.path().to_owned(),
        asked: String::from_utf8_lossy(&body).into_owned(),
        status: sent.status().as_u16(),
        body: sent.bytes().await.unwrap().to_vec(),
        held: Duration::ZERO,
    };
    change(&mut reply);
    tokio::time::sleep(reply.held).await;
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status.try_into().unwrap();
    *response.headers_mut() = told;
    response
}
