//! Faults that spoil an answer on its way out, the same for every wire: cut, hung, garbled, zipped, trickled.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use crate::gzip;
use crate::log::Usage;
use crate::play::{Before, Outgoing, Step};
use crate::script::Behaviour;
use crate::wire::Manner;

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

/// Plays the answer as the behaviour wants it, framed in the wire's manner.
pub(crate) fn perform(
    behaviour: &Behaviour,
    pause: Duration,
    rendered: Rendered,
    usage: Usage,
    manner: &Manner,
) -> Outgoing {
    let mut outgoing = match rendered {
        Rendered::Whole(body) => whole(behaviour, body, usage.completion),
        Rendered::Events(events) => stream(behaviour, pause, events, manner),
    };
    match behaviour {
        Behaviour::WrongContentType(kind) => outgoing = outgoing.with("content-type", kind),
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
        Behaviour::HangAfterHeaders => vec![Step::Flush, Step::Hang],
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
        Behaviour::SlowLoris(pause) => drip(&body, *pause, completion),
        _ => vec![Step::Send(body, completion)],
    };
    outgoing
}

fn stream(behaviour: &Behaviour, pause: Duration, mut events: Vec<Event>, manner: &Manner) -> Outgoing {
    let mut outgoing = Outgoing::whole(StatusCode::OK, manner.content_type, Bytes::new());
    outgoing.length = None;
    outgoing = outgoing.with("cache-control", "no-cache");
    match behaviour {
        Behaviour::HangAfterHeaders => events.clear(),
        Behaviour::HangMidStream { after_chunks }
        | Behaviour::TruncatedStream { after_chunks }
        | Behaviour::EndedEarly { after_chunks } => events.truncate(after(&events, *after_chunks)),
        Behaviour::ErrorMidStream { after_chunks } => {
            events.truncate(after(&events, *after_chunks));
            let at = events.len();
            insert(&mut events, at, Bytes::from((manner.error)()));
        }
        Behaviour::SaysMidStream { after_chunks, event } => {
            events.truncate(after(&events, *after_chunks));
            let at = events.len();
            insert(&mut events, at, Bytes::from(event.clone()));
        }
        Behaviour::CommentThenError => {
            events.clear();
            insert(&mut events, 0, Bytes::from_static(manner.comment.as_bytes()));
            insert(&mut events, 1, Bytes::from((manner.error)()));
        }
        Behaviour::GarbageLine => {
            let at = after(&events, 1);
            insert(&mut events, at, Bytes::from_static(manner.garbage.as_bytes()));
        }
        Behaviour::NoDone => events.retain(|event| event.kind != EventKind::End),
        Behaviour::Noise => events.iter_mut().for_each(|event| add_noise(event, manner)),
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
            Behaviour::SlowLoris(pause) => outgoing.steps.extend(drip(&event.bytes, *pause, event.written)),
            _ => outgoing.steps.push(Step::Send(event.bytes, event.written)),
        }
    }
    match behaviour {
        Behaviour::HangAfterHeaders | Behaviour::HangMidStream { .. } | Behaviour::LingersAfterDone => {
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

/// No blank after `data:`, line ends of two characters, something to keep alive before.
fn add_noise(event: &mut Event, manner: &Manner) {
    let text = String::from_utf8_lossy(&event.bytes).replacen("data: ", "data:", 1);
    let text = format!("{}{text}", manner.comment).replace("\r\n", "\n").replace('\n', "\r\n");
    event.bytes = Bytes::from(text);
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

/// Byte by byte, with a pause before each.
fn drip(bytes: &Bytes, pause: Duration, written: u64) -> Vec<Step> {
    let pieces = (0..bytes.len()).map(|at| bytes.slice(at..=at));
    pieces.flat_map(|piece| [Step::Wait(pause), Step::Send(piece, written)]).collect()
}

/// Puts two bytes that are no UTF-8 after the first `needle`, if there is one.
pub(crate) fn spoil(bytes: &Bytes, needle: &[u8]) -> Option<Bytes> {
    let found = bytes.windows(needle.len()).position(|window| window == needle);
    let at = found? + needle.len();
    Some([bytes.slice(..at), Bytes::from_static(b"\xff\xfe"), bytes.slice(at..)].concat().into())
}
