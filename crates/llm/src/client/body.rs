//! The bytes of an answer as they come, under two clocks: how long the provider
//! may be silent, and how long the whole call may last. Dropping the body closes
//! the connection, so that the provider stops working.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use domain::attempt::ErrorClass;
use futures_util::Stream;
use http_body::Body;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::failure::SendFailure;

/// How long a body that nobody reads may still take to end.
const LET_GO: Duration = Duration::from_millis(500);

/// An answer's body.
pub struct UpstreamBody(Clocked<hyper::body::Incoming>);

impl UpstreamBody {
    pub(super) fn new(body: hyper::body::Incoming, host: String, idle: Duration, deadline: Instant) -> Self {
        Self(Clocked::new(body, host, idle, deadline))
    }

    /// The next piece; `None` at the end. After a failure there is nothing more.
    ///
    /// # Errors
    /// The connection ended early, the provider was silent too long, or the
    /// call as a whole took too long.
    pub async fn next_frame(&mut self) -> Option<Result<Bytes, SendFailure>> {
        poll_fn(|cx| self.0.poll_piece(cx)).await
    }

    /// Nothing of what follows is wanted, but the end is near: waits for it
    /// beside the call, for a moment, so that the connection can be used again.
    pub fn let_go(mut self) {
        tokio::spawn(timeout(LET_GO, async move { while let Some(Ok(_)) = self.next_frame().await {} }));
    }

    /// The whole body, if it is at most `limit_bytes` long.
    ///
    /// # Errors
    /// As [`UpstreamBody::next_frame`], or `TooLarge`.
    pub async fn collect(self, limit_bytes: usize) -> Result<Bytes, SendFailure> {
        self.0.collect(limit_bytes).await
    }
}

impl Stream for UpstreamBody {
    type Item = Result<Bytes, SendFailure>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_piece(cx)
    }
}

/// A body under the two clocks.
struct Clocked<B> {
    /// `None` once it has ended or failed.
    body: Option<B>,
    host: String,
    idle: Duration,
    deadline: Instant,
    /// Runs only while we wait for the provider; a slow reader on our side does
    /// not use up the provider's time.
    alarm: Option<Pin<Box<Sleep>>>,
    is_armed: bool,
}

impl<B: Body<Data = Bytes> + Unpin> Clocked<B> {
    const fn new(body: B, host: String, idle: Duration, deadline: Instant) -> Self {
        Self { body: Some(body), host, idle, deadline, alarm: None, is_armed: false }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, SendFailure>>> {
        loop {
            let Some(body) = self.body.as_mut() else { return Poll::Ready(None) };
            match Pin::new(body).poll_frame(cx) {
                Poll::Pending => return self.poll_alarm(cx).map(|failure| Some(Err(failure))),
                Poll::Ready(None) => {
                    self.body = None;
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(self.truncated()))),
                Poll::Ready(Some(Ok(frame))) => {
                    self.is_armed = false;
                    // Trailers and empty pieces say nothing.
                    if let Ok(data) = frame.into_data()
                        && !data.is_empty()
                    {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }

    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Poll<SendFailure> {
        let at = (Instant::now() + self.idle).min(self.deadline);
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if !self.is_armed {
            alarm.as_mut().reset(at);
            self.is_armed = true;
        }
        if alarm.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.body = None;
        let (host, idle) = (&self.host, self.idle.as_secs());
        let sentence = if Instant::now() >= self.deadline {
            format!("The answer of {host} took longer than a call may last, so it was cut off.")
        } else {
            format!("{host} sent nothing for {idle} seconds in the middle of its answer, so it was cut off.")
        };
        Poll::Ready(SendFailure::in_body(ErrorClass::Timeout, sentence))
    }

    fn truncated(&mut self) -> SendFailure {
        self.body = None;
        let sentence = format!("The connection to {} ended in the middle of its answer.", self.host);
        SendFailure::in_body(ErrorClass::StreamTruncated, sentence)
    }

    async fn collect(mut self, limit_bytes: usize) -> Result<Bytes, SendFailure> {
        let announced = self.body.as_ref().map_or(0, |body| body.size_hint().lower());
        if announced > limit_bytes as u64 {
            return Err(self.too_large(limit_bytes));
        }
        let Some(first) = poll_fn(|cx| self.poll_piece(cx)).await.transpose()? else { return Ok(Bytes::new()) };
        if first.len() > limit_bytes {
            return Err(self.too_large(limit_bytes));
        }
        // An answer of one piece, the usual case, is passed on without a copy.
        let Some(mut next) = poll_fn(|cx| self.poll_piece(cx)).await.transpose()? else { return Ok(first) };
        let expected = usize::try_from(announced).unwrap_or(0).max(first.len() + next.len());
        let mut whole = BytesMut::with_capacity(expected);
        whole.extend_from_slice(&first);
        loop {
            if next.len() > limit_bytes - whole.len() {
                return Err(self.too_large(limit_bytes));
            }
            whole.extend_from_slice(&next);
            next = match poll_fn(|cx| self.poll_piece(cx)).await.transpose()? {
                Some(piece) => piece,
                None => return Ok(whole.freeze()),
            };
        }
    }

    fn too_large(&self, limit_bytes: usize) -> SendFailure {
        let sentence = format!("The answer of {} is longer than {limit_bytes} bytes, so it was not read.", self.host);
        SendFailure::in_body(ErrorClass::TooLarge, sentence)
    }
}

#[cfg(test)]
mod tests;
