//! A connection that fails when its client does not read: then nobody holds an
//! upstream call open for a client that will never see its answer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// A connection whose writes have to get on.
pub(super) struct WriteClock<T> {
    inner: T,
    limit: Duration,
    /// Runs while a write waits for the client.
    alarm: Pin<Box<Sleep>>,
    is_waiting: bool,
}

impl<T> WriteClock<T> {
    /// Fails `inner` when a write got nowhere for `limit`.
    pub(super) fn new(inner: T, limit: Duration) -> Self {
        Self { inner, limit, alarm: Box::pin(sleep(limit)), is_waiting: false }
    }

    /// Passes on what became of a write, unless it has waited too long.
    fn clocked<R>(&mut self, polled: Poll<io::Result<R>>, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        if polled.is_ready() {
            self.is_waiting = false;
            return polled;
        }
        if !self.is_waiting {
            self.is_waiting = true;
            self.alarm.as_mut().reset(Instant::now() + self.limit);
        }
        ready!(self.alarm.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read its answer")))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for WriteClock<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, into)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for WriteClock<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.clocked(polled, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(cx, pieces);
        self.clocked(polled, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_a_write_that_gets_nowhere_runs_out_of_time() {
        let (near, mut far) = duplex(4);
        let mut near = WriteClock::new(near, Duration::from_secs(60));
        tokio::time::advance(Duration::from_secs(600)).await;
        near.write_all(b"1234").await.unwrap();
        let reader = tokio::spawn(async move {
            let mut read = [0; 1];
            for _ in 0..6 {
                sleep(Duration::from_secs(50)).await;
                far.read_exact(&mut read).await.unwrap();
            }
            far
        });
        near.write_all(b"567890").await.unwrap();
        let _far = reader.await.unwrap();
        let begun = Instant::now();
        assert_eq!(near.write_all(b"x").await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(begun.elapsed().as_secs(), 60);
    }
}
