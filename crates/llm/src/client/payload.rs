//! The body of a request: one piece, or several that are sent one after the
//! other without being joined first.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// What is sent. Its length is known, so that it goes out as it is.
#[derive(Debug)]
pub struct Payload {
    next: Option<Bytes>,
    rest: vec::IntoIter<Bytes>,
    left: u64,
}

impl Payload {
    /// Nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self::from(Bytes::new())
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.left == 0
    }
}

impl From<Bytes> for Payload {
    fn from(whole: Bytes) -> Self {
        let left = whole.len() as u64;
        Self { next: Some(whole).filter(|whole| !whole.is_empty()), rest: Vec::new().into_iter(), left }
    }
}

impl From<Vec<Bytes>> for Payload {
    fn from(mut pieces: Vec<Bytes>) -> Self {
        pieces.retain(|piece| !piece.is_empty());
        let left = pieces.iter().map(|piece| piece.len() as u64).sum();
        let mut rest = pieces.into_iter();
        Self { next: rest.next(), rest, left }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(piece) = self.next.take() else { return Poll::Ready(None) };
        self.next = self.rest.next();
        self.left -= piece.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.next.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn pieces_go_out_in_order_and_their_length_is_known() {
        let piece = Bytes::from_static;
        for (payload, whole) in [
            (Payload::empty(), ""),
            (Payload::from(piece(b"abc")), "abc"),
            (Payload::from(vec![piece(b"ab"), piece(b""), piece(b"c"), piece(b"d")]), "abcd"),
            (Payload::from(Vec::new()), ""),
        ] {
            assert_eq!(payload.size_hint().exact(), Some(whole.len() as u64));
            assert_eq!((payload.is_end_stream(), payload.is_empty()), (whole.is_empty(), whole.is_empty()));
            assert_eq!(payload.collect().await.unwrap().to_bytes(), whole);
        }
    }
}
