//! The public routes (spec R10.02) and what every answer carries. Floor 5.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Extension, Json};
use entities::id::RequestId;
use futures::FutureExt;
use tower::util::option_layer;

use super::answer::Refusal;
use super::boundary::REQUEST_ID;
use super::media::Media;
use super::{Gateway, asset, credential, execution, export, graphql, tlog, trace};
use crate::auth::actor::Origin;
use crate::error::Error;

/// How long a reader may keep the public keys: a new key signs within a minute of its making.
const KEYS_CACHED: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// Everything on the public address.
pub fn public_routes(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/graphql", any(graphql::answer))
        .route("/assets/{id}/content", any(asset::answer))
        .route("/audit/export/{link}", any(export::body))
        .route("/audit/export/{link}/manifest", any(export::manifest))
        .route("/audit/tlog/{*path}", any(tlog::answer))
        .route("/.well-known/jwks.json", get(keys))
        .fallback(nothing_there)
        .layer(middleware::from_fn_with_state(gateway.clone(), admit))
        .layer(option_layer(gateway.boundary.cors()))
        .layer(middleware::from_fn_with_state(gateway.clone(), dress))
        .with_state(gateway)
}

/// The public keys by which anybody can verify a session's token (spec R2.05).
async fn keys(State(gateway): State<Arc<Gateway>>) -> Response {
    let keys = gateway.service.keys.jwks(gateway.service.db.clock().now());
    ([(CACHE_CONTROL, KEYS_CACHED)], Json(keys)).into_response()
}

async fn nothing_there(Extension(request_id): Extension<RequestId>, uri: Uri) -> Response {
    let error = Error::not_found("page", uri.path());
    Refusal::new(StatusCode::NOT_FOUND, error).into_http(Media::Json, request_id)
}

/// Learns who asks, and sends every answer out with the request's id and with the headers that keep browsers from running anything.
async fn dress(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let (boundary, headers) = (&gateway.boundary, request.headers());
    let request_id = boundary
        .request_id(peer.ip(), headers)
        .unwrap_or_else(|| gateway.service.db.request_id());
    let client = boundary.client(peer.ip(), headers);
    let origin = credential::origin(request_id, Some(client), headers);
    let sender = trace::sender(headers);
    request.extensions_mut().insert(request_id);
    request.extensions_mut().insert(origin);
    let answering = trace::within(sender, next.run(request));
    let mut response = fenced(answering, request_id).await;
    let headers = response.headers_mut();
    // An id is ASCII by construction.
    if let Ok(value) = HeaderValue::from_str(&request_id.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    secure(headers);
    response
}

/// A panic costs its own request, which hears of a fault of the server in the words for any other.
async fn fenced(answering: impl Future<Output = Response>, request_id: RequestId) -> Response {
    let fenced = AssertUnwindSafe(answering).catch_unwind().await;
    fenced.unwrap_or_else(|panic| {
        let error = execution::panicked(panic);
        if let Error::Internal(cause) = &error {
            tracing::error!(%request_id, cause = %cause.0, "internal error");
        }
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error).into_http(Media::Json, request_id)
    })
}

/// Lets in what its address may still ask for; else neither its body nor its token is looked at.
async fn admit(
    State(gateway): State<Arc<Gateway>>,
    Extension(origin): Extension<Origin>,
    request: Request,
    next: Next,
) -> Response {
    let Err(error) = gateway.service.rates.arrive(&origin) else {
        return next.run(request).await;
    };
    let media = Media::accepted(request.headers()).unwrap_or(Media::GraphqlResponse);
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, error).into_http(media, origin.request_id)
}

/// What is served is data, never a page.
pub(super) fn secure(headers: &mut axum::http::HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // What says more of itself keeps it.
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'",
        ));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}
