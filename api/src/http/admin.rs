//! The routes for operators on the second address (spec R10.02): is it alive, is it ready, how does it do. Floor 5.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Gateway;
use super::routes::secure;
use crate::service::rate::Limit;

/// A database that has not answered by then does not answer.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// Everything on the admin address.
pub fn admin_routes(gateway: Arc<Gateway>) -> Router {
    let secured = middleware::map_response(async |mut response: Response| {
        secure(response.headers_mut());
        response
    });
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .layer(secured)
        .with_state(gateway)
}

/// Whether new requests should be sent here.
async fn ready(State(gateway): State<Arc<Gateway>>) -> Response {
    if gateway.draining.has_begun() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response();
    }
    match tokio::time::timeout(PING_TIMEOUT, gateway.service.db.ping()).await {
        Ok(Ok(())) => "ok\n".into_response(),
        _ => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database does not answer\n",
        )
            .into_response(),
    }
}

async fn metrics(State(gateway): State<Arc<Gateway>>) -> Response {
    let metrics = &gateway.metrics;
    metrics.feed_head.set(gateway.service.feed.head());
    metrics
        .feed_subscribers
        .set(gateway.service.feed.subscriber_count() as u64);
    metrics
        .waiting_claims
        .set(gateway.service.claimers.len() as u64);
    metrics.admission(&gateway.service.admission);
    for limit in Limit::ALL {
        metrics.rate_limited(limit.as_str(), gateway.service.rates.refused(limit));
    }
    match metrics.text() {
        Ok(text) => {
            let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(CONTENT_TYPE, media)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
