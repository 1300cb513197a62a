//! Where the pictures lie that the workers fetch: one comes slowly, every other is absent.

use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::{Router, routing::get};
use tokio::{net::TcpListener, time::sleep};

/// The head of a PNG of one pixel, which is all that the worker reads.
const HEAD: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde";

/// Serves them from now on; gives where. `/slow` takes so long.
pub(super) async fn serve(slow: Duration) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .context("a place for the pictures")?;
    let address = listener.local_addr()?;
    let picture = get(move || async move {
        sleep(slow).await;
        HEAD
    });
    let routes = Router::new().route("/slow", picture);
    // Whoever cannot be served says so as a task that fails.
    tokio::spawn(axum::serve(listener, routes).into_future());
    Ok(format!("http://{address}"))
}
