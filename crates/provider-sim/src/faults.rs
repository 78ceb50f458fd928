//! Faults that spoil an answer on its way out, the same for every wire: cut, hung, garbled, zipped, trickled.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use crate::gzip;
use crate::log::Usage;
use crate::play::{Before, Outgoing, Step};
use crate::script::Behaviour;

/// A right answer as its wire writes it.
#[derive(Debug)]
pub(crate) enum Rendered {
    /// One JSON body.
    Whole(Bytes),
    /// The events of a stream.
    Events(Vec<Event>),
}

/// One event of a stream.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) kind: EventKind,
    pub(crate) bytes: Bytes,
    /// Completion tokens written once this event is out.
    pub(crate) written: u64,
}

/// What an event is for: faults count pieces of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    Start,
    Text,
    Finish,
    Usage,
    End,
}

/// Plays the answer as the behaviour wants it. `error` is the wire's error event.
pub(crate) fn perform(
    behaviour: &Behaviour,
    pause: Duration,
    rendered: Rendered,
    usage: Usage,
    error: &str,
) -> Outgoing {
    let mut outgoing = match rendered {
        Rendered::Whole(body) => whole(behaviour, body, usage.completion),
        Rendered::Events(events) => stream(behaviour, pause, events, error),
    };
    match behaviour {
        Behaviour::SlowHeaders(wait) => outgoing.before = Before::Wait(*wait),
        Behaviour::HangBeforeHeaders => outgoing.before = Before::Hang,
        Behaviour::CloseBeforeHeaders => outgoing.before = Before::Close,
        _ => {}
    }
    outgoing.prompt = Some(usage.prompt);
    outgoing
}

fn whole(behaviour: &Behaviour, body: Bytes, completion: u64) -> Outgoing {
    let half = body.slice(..body.len() / 2);
    let mut outgoing = Outgoing::json(StatusCode::OK, body.clone());
    outgoing.steps = match behaviour {
        Behaviour::HangMidStream { .. } => vec![Step::Send(half, completion), Step::Flush, Step::Hang],
        Behaviour::TruncatedStream { .. } => vec![Step::Send(half, completion), Step::Flush, Step::Cut],
        Behaviour::EndedEarly { .. } | Behaviour::GarbageLine => {
            outgoing.length = Some(half.len() as u64);
            vec![Step::Send(half, completion)]
        }
        Behaviour::GzipAlthoughNotAsked => {
            let zipped = gzip::stored(&body);
            outgoing.length = Some(zipped.len() as u64);
            outgoing = outgoing.with("content-encoding", "gzip");
            vec![Step::Send(zipped, completion)]
        }
        Behaviour::Trickle(bytes) => trickle(&body, *bytes, completion),
        _ => vec![Step::Send(body, completion)],
    };
    outgoing
}

fn stream(behaviour: &Behaviour, pause: Duration, mut events: Vec<Event>, error: &str) -> Outgoing {
    let mut outgoing = Outgoing::whole(StatusCode::OK, "text/event-stream; charset=utf-8", Bytes::new());
    outgoing.length = None;
    outgoing = outgoing.with("cache-control", "no-cache");
    match behaviour {
        Behaviour::HangMidStream { after_chunks }
        | Behaviour::TruncatedStream { after_chunks }
        | Behaviour::EndedEarly { after_chunks } => events.truncate(after(&events, *after_chunks)),
        Behaviour::ErrorMidStream { after_chunks } => {
            events.truncate(after(&events, *after_chunks));
            let at = events.len();
            insert(&mut events, at, Bytes::from(format!("data: {error}\n\n")));
        }
        Behaviour::CommentThenError => {
            events.clear();
            insert(&mut events, 0, Bytes::from_static(b": keep-alive\n\n"));
            insert(&mut events, 1, Bytes::from(format!("data: {error}\n\n")));
        }
        Behaviour::GarbageLine => {
            let at = after(&events, 1);
            insert(&mut events, at, Bytes::from_static(b"data: {\"id\":\"chatcmpl-garbage\",\"choices\":[{\"ind\n\n"));
        }
        Behaviour::NoDone => events.retain(|event| event.kind != EventKind::End),
        Behaviour::Noise => events.iter_mut().for_each(add_noise),
        Behaviour::GzipAlthoughNotAsked => {
            outgoing = outgoing.with("content-encoding", "gzip");
            events = vec![zipped(&events)];
        }
        _ => {}
    }
    outgoing.steps = Vec::with_capacity(events.len() + 2);
    for event in events {
        if !pause.is_zero() && event.kind == EventKind::Text {
            outgoing.steps.push(Step::Wait(pause));
        }
        match behaviour {
            Behaviour::Trickle(bytes) => outgoing.steps.extend(trickle(&event.bytes, *bytes, event.written)),
            _ => outgoing.steps.push(Step::Send(event.bytes, event.written)),
        }
    }
    match behaviour {
        Behaviour::HangMidStream { .. } | Behaviour::LingersAfterDone => {
            outgoing.steps.extend([Step::Flush, Step::Hang]);
        }
        Behaviour::CommentThenError => outgoing.steps.insert(1, Step::Flush),
        Behaviour::TruncatedStream { .. } => outgoing.steps.extend([Step::Flush, Step::Cut]),
        _ => {}
    }
    outgoing
}

/// The place after so many pieces of text.
fn after(events: &[Event], pieces: usize) -> usize {
    let mut left = pieces;
    for (place, event) in events.iter().enumerate() {
        match event.kind {
            EventKind::Start => {}
            EventKind::Text if left > 0 => left -= 1,
            _ => return place,
        }
    }
    events.len()
}

fn insert(events: &mut Vec<Event>, at: usize, bytes: Bytes) {
    let written = at.checked_sub(1).and_then(|before| events.get(before)).map_or(0, |event| event.written);
    events.insert(at.min(events.len()), Event { kind: EventKind::Start, bytes, written });
}

fn add_noise(event: &mut Event) {
    let text = String::from_utf8_lossy(&event.bytes).replacen("data: ", "data:", 1).replace('\n', "\r\n");
    event.bytes = Bytes::from(format!(": keep-alive\r\n\r\n{text}"));
}

fn zipped(events: &[Event]) -> Event {
    let plain: Vec<u8> = events.iter().flat_map(|event| event.bytes.iter().copied()).collect();
    let written = events.last().map_or(0, |event| event.written);
    Event { kind: EventKind::Text, bytes: gzip::stored(&plain), written }
}

fn trickle(bytes: &Bytes, size: usize, written: u64) -> Vec<Step> {
    let size = size.max(1);
    let pieces = (0..bytes.len()).step_by(size).map(|from| bytes.slice(from..bytes.len().min(from + size)));
    // The flush comes first: after the last piece the answer has ended.
    pieces.flat_map(|piece| [Step::Flush, Step::Send(piece, written)]).collect()
}

/// Puts two bytes that are no UTF-8 after the first `needle`.
pub(crate) fn spoil(bytes: &Bytes, needle: &[u8]) -> Bytes {
    let found = bytes.windows(needle.len()).position(|window| window == needle);
    let Some(at) = found.map(|at| at + needle.len()) else { return bytes.clone() };
    [bytes.slice(..at), Bytes::from_static(b"\xff\xfe"), bytes.slice(at..)].concat().into()
}
