//! Accepting connections: bounded in number, cut when slow, drained when the server goes down. Floor 5.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::patience::Patient;
use super::{Draining, Limits, Tls};

/// Heads of requests, and so the URLs of queries by GET, are limited to this.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// After a fault such as too many open files, which trying again at once would only repeat.
const PAUSE_AFTER_FAULT: Duration = Duration::from_millis(100);

/// Serves the routes, over TLS where there is a certificate, until the server drains; then stops accepting, lets requests under way finish for as long as `patience`, and ends.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    routes: Router,
    limits: Limits,
    mut draining: Draining,
    patience: Duration,
) {
    let places = Arc::new(Semaphore::new(limits.max_connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = draining.begun() => break,
            accepted = accept(&listener, &places) => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                // Answers are small: waiting to fill a packet only delays them.
                let _ = stream.set_nodelay(true);
                let (tls, routes) = (tls.clone(), routes.clone());
                let (limits, draining) = (limits.clone(), draining.clone());
                connections.spawn(async move {
                    match tls {
                        None => connection(stream, peer, routes, limits, draining).await,
                        Some(tls) => match tls.accept(stream, limits.header_timeout).await {
                            Ok(stream) => connection(stream, peer, routes, limits, draining).await,
                            Err(error) => tracing::debug!(%error, "a TLS handshake failed"),
                        },
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE_AFTER_FAULT).await;
            }
        }
    }
    drop(listener);
    let finish = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(patience, finish).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "requests did not finish in time and are cut off"
        );
    }
    connections.shutdown().await;
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = places
        .clone()
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    routes: Router,
    limits: Limits,
    mut draining: Draining,
) {
    // Twice, so that what has a time of its own can end in its own words.
    let patience = limits.socket_write_timeout * 2;
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        routes.clone().oneshot(request)
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(Patient::new(stream, patience)), service)
        .with_upgrades();
    let mut serving = pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = draining.begun() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}
