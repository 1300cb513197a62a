//! The body of an upload, piece by piece: cut off when it pauses for too long. Floor 5.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use futures::{Stream, StreamExt};
use tokio::time::{Instant, Sleep, sleep};

use crate::error::{Error, Result};
use crate::http::Gateway;

/// A body on its way in.
pub(super) struct Upload {
    pieces: BodyDataStream,
    pause: Duration,
    waiting: Pin<Box<Sleep>>,
    late: Arc<OnceLock<()>>,
}

impl Upload {
    pub(super) fn of(body: Body, gateway: &Gateway) -> Self {
        let pause = gateway.limits.upload_pause;
        Self {
            pieces: body.into_data_stream(),
            pause,
            waiting: Box::pin(sleep(pause)),
            late: Arc::default(),
        }
    }

    /// Set when the client was too slow.
    pub(super) fn late(&self) -> Arc<OnceLock<()>> {
        self.late.clone()
    }
}

impl Stream for Upload {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(next) = self.pieces.poll_next_unpin(cx) {
            let until = Instant::now() + self.pause;
            self.waiting.as_mut().reset(until);
            // A client that is gone hears nothing anyway.
            let piece =
                next.map(|piece| piece.map_err(|_| Error::Unavailable("the upload broke off")));
            return Poll::Ready(piece);
        }
        ready!(self.waiting.as_mut().poll(cx));
        self.late.get_or_init(|| ());
        Poll::Ready(Some(Err(Error::Unavailable(
            "the upload paused for too long",
        ))))
    }
}
