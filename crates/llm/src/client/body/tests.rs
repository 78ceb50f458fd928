//! The two clocks, on a clock that the test moves.

use std::collections::VecDeque;
use std::convert::Infallible;

use http_body::Frame;

use super::super::failure::Phase;
use super::*;

/// Pieces, each after a silence.
struct Pieces {
    coming: VecDeque<(Duration, &'static str)>,
    silence: Option<Pin<Box<Sleep>>>,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some((silence, piece)) = self.coming.front().copied() else { return Poll::Ready(None) };
        let sleep = self.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep(silence)));
        if sleep.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.silence = None;
        self.coming.pop_front();
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(piece.as_bytes())))))
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// An answer that may be silent for 300 s and last 7,200 s.
fn answer(pieces: &[(u64, &'static str)]) -> Clocked<Pieces> {
    let coming = pieces.iter().map(|(silence, piece)| (seconds(*silence), *piece)).collect();
    let body = Pieces { coming, silence: None };
    Clocked::new(body, "llm.example".to_owned(), seconds(300), Instant::now() + seconds(7_200))
}

#[tokio::test(start_paused = true)]
async fn an_answer_may_take_long_while_it_is_not_silent() {
    let body = answer(&[(299, "a"), (299, ""), (200, "b"), (299, "c")]);
    assert_eq!(body.collect(10).await.unwrap(), "abc");
}

#[tokio::test(start_paused = true)]
async fn silence_ends_an_answer_once() {
    let mut body = answer(&[(299, "a"), (301, "b")]);
    assert_eq!(poll_fn(|cx| body.poll_piece(cx)).await.unwrap().unwrap(), "a");
    let started = Instant::now();
    let failure = poll_fn(|cx| body.poll_piece(cx)).await.unwrap().unwrap_err();
    assert_eq!((failure.class, failure.phase, failure.was_sent), (ErrorClass::Timeout, Phase::Body, true));
    assert!(failure.sentence.contains("llm.example sent nothing for 300 seconds"), "{failure}");
    assert_eq!(started.elapsed().as_secs(), 300);
    assert!(poll_fn(|cx| body.poll_piece(cx)).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_does_not_use_up_the_providers_time() {
    let mut body = answer(&[(10, "a"), (10, "b")]);
    assert_eq!(poll_fn(|cx| body.poll_piece(cx)).await.unwrap().unwrap(), "a");
    tokio::time::advance(seconds(1_000)).await;
    assert_eq!(poll_fn(|cx| body.poll_piece(cx)).await.unwrap().unwrap(), "b");
}

#[tokio::test(start_paused = true)]
async fn everything_ends_after_the_total_time() {
    let started = Instant::now();
    let failure = answer(&[(250, "x"); 40]).collect(1_000).await.unwrap_err();
    assert_eq!(failure.class, ErrorClass::Timeout);
    assert_eq!(started.elapsed().as_secs(), 7_200);
}

#[tokio::test(start_paused = true)]
async fn a_body_is_read_up_to_its_limit() {
    assert_eq!(answer(&[(0, "abc"), (0, "de")]).collect(5).await.unwrap(), "abcde");
    assert_eq!(answer(&[(0, "abc"), (0, "def")]).collect(5).await.unwrap_err().class, ErrorClass::TooLarge);
}
