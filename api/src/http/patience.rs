//! A connection whose other side must take what it is sent: one that takes nothing for a while is cut. Floor 5.
//!
//! Whoever writes an answer waits for room and looks at nothing else, so that nobody above could end it.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Bytes in and out, with a bound to how long writing may stand still.
pub(super) struct Patient<T> {
    inner: T,
    patience: Duration,
    /// Runs while there is no room.
    out_of: Option<Pin<Box<Sleep>>>,
}

impl<T> Patient<T> {
    /// Gives up after standing still for so long.
    pub(super) fn new(inner: T, patience: Duration) -> Self {
        Self {
            inner,
            patience,
            out_of: None,
        }
    }

    /// Passes on what a write came to, unless it has waited for too long.
    fn bounded<R>(&mut self, cx: &mut Context<'_>, wrote: Poll<Result<R>>) -> Poll<Result<R>> {
        if wrote.is_ready() {
            self.out_of = None;
            return wrote;
        }
        let patience = self.patience;
        let out_of = self.out_of.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(out_of.as_mut().poll(cx));
        Poll::Ready(Err(Error::new(
            ErrorKind::TimedOut,
            "the client does not read",
        )))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Patient<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Patient<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let wrote = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.bounded(cx, wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let wrote = Pin::new(&mut self.inner).poll_write_vectored(cx, bytes);
        self.bounded(cx, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        // A flush that is done says nothing of whether what is written next finds room.
        if flushed.is_ready() {
            return flushed;
        }
        self.bounded(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test]
    async fn who_takes_nothing_is_cut_and_who_takes_a_little_is_not() {
        let (near, _far) = duplex(4);
        let mut near = Patient::new(near, Duration::from_millis(50));
        let wrote = near.write_all(b"more than there is room for");
        let wrote = tokio::time::timeout(Duration::from_secs(20), wrote).await;
        assert_eq!(wrote.unwrap().unwrap_err().kind(), ErrorKind::TimedOut);

        let (slow, mut reader) = duplex(4);
        let mut slow = Patient::new(slow, Duration::from_secs(2));
        let reading = tokio::spawn(async move {
            let mut two = [0; 2];
            // Longer in all than anybody waits for one of them.
            for _ in 0..10 {
                sleep(Duration::from_millis(250)).await;
                reader.read_exact(&mut two).await.unwrap();
            }
        });
        slow.write_all(b"twenty bytes in all.").await.unwrap();
        reading.await.unwrap();
    }
}
