//! `/graphql` over WebSocket: the upgrade and the life of a socket (graphql-transport-ws). Floor 5.

mod connection;
mod operation;
mod protocol;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::header::ORIGIN;
use axum::response::Response;

use super::Gateway;
use super::answer::Refusal;
use super::credential::Credential;
use super::media::Media;
use crate::auth::actor::Origin;
use crate::error::{Denial, Error};
use crate::service::session;
use connection::Connection;
use protocol::Close;

const SUBPROTOCOL: &str = "graphql-transport-ws";
/// Buffers of a socket: small, since most sockets are quiet most of the time.
const READ_BUFFER: usize = 4 * 1024;
const WRITE_BUFFER: usize = 4 * 1024;
/// The code of a client that leaves by itself (RFC 6455, section 7.4.1).
const NORMAL_CLOSURE: u16 = 1000;
/// How long the other side may take to answer a close frame.
const GOODBYE: Duration = Duration::from_secs(1);

/// Turns a GET that asks for it into a socket.
pub(super) async fn upgrade(gateway: Arc<Gateway>, origin: Origin, request: Request) -> Response {
    let request_id = origin.request_id;
    let refuse = |status, error| Refusal::new(status, error).into_http(Media::Json, request_id);
    // A page of somebody else's would use its reader's place in the network.
    if !gateway.boundary.allows_page(request.headers().get(ORIGIN)) {
        let denial = Denial {
            rule: "R10.05 allowed_origins",
            needed: "a page of an origin that is allowed".to_owned(),
            had: "a page of another".to_owned(),
        };
        let stranger = session::anonymous(origin);
        gateway.service.denials.report(&stranger, &denial);
        return refuse(StatusCode::FORBIDDEN, Error::Forbidden(denial));
    }
    if let Some(error) = gateway.refuses_streams() {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, error);
    }
    let credential = Credential::of_headers(request.headers());
    let (mut head, _) = request.into_parts();
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut head, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            let error = Error::bad_input("", "upgrade", rejection.body_text());
            return refuse(rejection.status(), error);
        }
    };
    let limits = &gateway.limits;
    let upgrade = upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(limits.max_body_bytes)
        .max_frame_size(limits.max_body_bytes);
    upgrade.on_upgrade(async move |socket| live(gateway, socket, origin, credential).await)
}

/// From the handshake to the last frame.
async fn live(
    gateway: Arc<Gateway>,
    mut socket: WebSocket,
    origin: Origin,
    credential: Credential,
) {
    let open = Open::new(gateway.clone(), origin.clone());
    let close = if socket.protocol().is_some() {
        Connection::new(gateway, origin, credential)
            .run(&mut socket)
            .await
    } else {
        Some(Close::SUBPROTOCOL)
    };
    open.closed(close.as_ref());
    // Whoever does not take the goodbye in time is left without.
    let _ = tokio::time::timeout(GOODBYE, say_goodbye(&mut socket, close)).await;
}

/// Sends the close frame and reads until the other side has answered it. A client that said goodbye first is answered by that reading: one that is
/// not would take the end for a broken line (RFC 6455, section 5.5.1).
async fn say_goodbye(socket: &mut WebSocket, close: Option<Close>) {
    if let Some(close) = close {
        let frame = CloseFrame {
            code: close.code,
            reason: close.reason.as_ref().into(),
        };
        if socket.send(Message::Close(Some(frame))).await.is_err() {
            return;
        }
    }
    while let Some(Ok(_)) = socket.recv().await {}
}

/// Counts an open socket.
struct Open {
    gateway: Arc<Gateway>,
    origin: Origin,
}

impl Open {
    fn new(gateway: Arc<Gateway>, origin: Origin) -> Self {
        gateway.sockets.send_modify(|open| *open += 1);
        gateway.metrics.sockets.inc();
        Self { gateway, origin }
    }

    /// One line in the log and one count by the code of the close frame; a client that leaves by itself is a normal closure.
    fn closed(&self, close: Option<&Close>) {
        let code = close.map_or(NORMAL_CLOSURE, |close| close.code);
        self.gateway.metrics.count_close(code);
        tracing::info!(
            target: "ziggie::socket",
            code,
            duration_ms = u64::try_from(self.origin.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            request_id = %self.origin.request_id,
            trace_id = self.origin.trace_id.as_deref(),
            "socket closed"
        );
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.gateway.sockets.send_modify(|open| *open -= 1);
        self.gateway.metrics.sockets.dec();
    }
}
