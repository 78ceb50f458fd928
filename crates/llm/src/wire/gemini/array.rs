//! A stream without `alt=sse`: the same pieces, as the elements of one JSON
//! array. Providers are always asked for events; a client that did not ask for
//! them gets them in this form.

use bytes::{Buf as _, Bytes};

use crate::UpstreamError;
use crate::neutral::ReplayState;
use crate::sse::{self, MAX_EVENT_BYTES, Piece, Splitter};
use crate::wire::{Passage, StreamFacts};

/// A passage of events, handed on as one JSON array. The array is closed when
/// the answer is complete; else whoever says what happened closes it with
/// [`AsArray::failure`].
pub struct AsArray {
    inner: Box<dyn Passage>,
    framing: Framing,
    scratch: Vec<Bytes>,
}

impl AsArray {
    /// Around a passage whose output are events.
    #[must_use]
    pub fn new(inner: Box<dyn Passage>) -> Self {
        let framing = Framing { splitter: Splitter::new(MAX_EVENT_BYTES), has_begun: false };
        Self { inner, framing, scratch: Vec::new() }
    }

    /// The last element, which is a failure, and the array's end. `error` is a
    /// JSON object.
    #[must_use]
    pub fn failure(error: &str, has_begun: bool) -> Bytes {
        Bytes::from(format!("{}{error}]", if has_begun { ",\r\n" } else { "[" }))
    }

    fn hand_on(&mut self, out: &mut Vec<Bytes>) {
        for frame in self.scratch.drain(..) {
            self.framing.splitter.feed(frame);
            self.framing.pieces(out);
        }
    }
}

impl Passage for AsArray {
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Option<UpstreamError> {
        let error = self.inner.push(frame, &mut self.scratch);
        self.hand_on(out);
        error
    }

    fn finish(&mut self, out: &mut Vec<Bytes>) -> StreamFacts {
        let facts = self.inner.finish(&mut self.scratch);
        self.hand_on(out);
        if let Some(rest) = self.framing.splitter.rest() {
            self.framing.element(rest, out);
        }
        if facts.completed {
            out.push(Bytes::from_static(if self.framing.has_begun { b"]" } else { b"[]" }));
        }
        facts
    }

    fn facts(&self) -> StreamFacts {
        self.inner.facts()
    }

    fn has_begun(&self) -> bool {
        self.inner.has_begun()
    }

    fn saw_output(&self) -> bool {
        self.inner.saw_output()
    }

    fn is_done(&self) -> bool {
        self.inner.is_done()
    }

    fn take_replay(&mut self) -> Vec<ReplayState> {
        self.inner.take_replay()
    }
}

/// Turns events into elements.
#[derive(Debug)]
struct Framing {
    splitter: Splitter,
    has_begun: bool,
}

impl Framing {
    fn pieces(&mut self, out: &mut Vec<Bytes>) {
        while let Some(piece) = self.splitter.next_piece() {
            self.element(piece, out);
        }
    }

    fn element(&mut self, piece: Piece, out: &mut Vec<Bytes>) {
        let bytes = if piece.is_whole() { sse::data_of(&piece.bytes) } else { Some(piece.bytes) };
        let Some(mut bytes) = bytes else { return };
        if piece.is_first {
            out.push(Bytes::from_static(if self.has_begun { b",\r\n" } else { b"[" }));
            self.has_begun = true;
        }
        if piece.is_first && !piece.is_last && bytes.starts_with(b"data:") {
            bytes.advance(b"data:".len());
        }
        out.push(bytes);
    }
}

#[cfg(test)]
mod tests {
    use domain::ProviderId;

    use super::*;
    use crate::wire::gemini::passthrough::PassThrough;

    fn as_array(frames: &[&[u8]]) -> (String, StreamFacts) {
        let mut passage = AsArray::new(Box::new(PassThrough::new(ProviderId::Google)));
        let mut out = Vec::new();
        for frame in frames {
            passage.push(Bytes::copy_from_slice(frame), &mut out);
        }
        let facts = passage.finish(&mut out);
        (String::from_utf8(out.concat()).unwrap(), facts)
    }

    #[test]
    fn events_become_elements_however_they_are_cut() {
        let stream = b": ping\r\n\r\ndata: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}\r\n\r\n\
                       data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\r\n\r\n";
        let (whole, facts) = as_array(&[stream]);
        assert!(facts.completed);
        let elements: Vec<serde_json::Value> = serde_json::from_str(&whole).unwrap();
        assert_eq!(elements.len(), 2);
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(as_array(&bytes).0, whole);
    }

    #[test]
    fn an_array_that_breaks_off_is_closed_by_its_failure() {
        let (begun, facts) = as_array(&[b"data: {\"candidates\":[{\"index\":0}]}\n\n"]);
        assert!(!facts.completed);
        for (begun, has_begun) in [(begun.as_str(), true), ("", false)] {
            let failure = AsArray::failure("{\"error\":{\"code\":503}}", has_begun);
            let whole = format!("{begun}{}", String::from_utf8_lossy(&failure));
            let elements: Vec<serde_json::Value> = serde_json::from_str(&whole).unwrap();
            assert_eq!(elements.last().unwrap()["error"]["code"], 503);
        }
    }
}
