//! How an answer is spoiled, each in one line of a table: the bytes that a
//! broken or hostile server sends, whatever its wire.

use std::time::Duration;

use testkit::{RawRequest, RawScript, RawStep};

use super::answers::{Right, Wire};

/// What is sent in place of an answer on this wire, asked for as a stream or not.
type Spoils = fn(&Right, bool) -> Vec<RawStep>;

const HEAD_OK: &str = "HTTP/1.1 200 OK\r\n";

/// Every fault by the name a prompt asks for it with.
pub(super) const FAULTS: &[(&str, Spoils)] = &[
    ("none", |right, stream| right_answer(right, stream)),
    // Silence and slowness.
    ("hang-before-headers", |_, _| vec![RawStep::Hang]),
    ("hang-in-headers", |_, _| vec![RawStep::send("HTTP/1.1 200 OK\r\ncontent-ty"), RawStep::Hang]),
    ("hang-after-headers", |right, stream| vec![RawStep::send(head(right, stream)), RawStep::Hang]),
    ("hang-mid", |right, stream| [begun(right, stream), vec![RawStep::Hang]].concat()),
    ("drip-headers", |right, stream| vec![RawStep::Drip(head(right, stream).into(), Duration::from_millis(60))]),
    ("drip-in-event", |right, stream| {
        let event = chunk(&right.text(&"x".repeat(200)));
        [begun(right, stream), vec![RawStep::Drip(event.into(), Duration::from_millis(20)), RawStep::Hang]].concat()
    }),
    ("endless", |right, stream| {
        let more = chunk(&if stream { right.text("a") } else { " ".to_owned() });
        let slowly = || [RawStep::send(more.clone()), RawStep::Drip(chunk("\n").into(), Duration::from_millis(6))];
        begun(right, stream).into_iter().chain((0..200).flat_map(|_| slowly())).collect()
    }),
    // Ends that are none.
    ("close", |_, _| Vec::new()),
    ("cut", begun),
    ("cut-in-chunk", |right, stream| [begun(right, stream), vec![RawStep::send("ffff\r\ndata: {\"")]].concat()),
    ("short-of-its-length", |right, _| {
        let body = right.whole("Hello there");
        let head = format!("{HEAD_OK}content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len() + 9);
        vec![RawStep::send(head + &body)]
    }),
    ("bad-chunk-size", |right, stream| [begun(right, stream), vec![RawStep::send("zz\r\nabc\r\n0\r\n\r\n")]].concat()),
    ("no-end-mark", |right, stream| [begun(right, stream), vec![RawStep::send("0\r\n\r\n")]].concat()),
    ("empty", |right, stream| vec![RawStep::send(head(right, stream) + "0\r\n\r\n")]),
    // Another kind of body than was asked for.
    ("gzip", |right, stream| {
        let kind = kind(right, stream);
        vec![RawStep::send(format!(
            "{HEAD_OK}content-type: {kind}\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\u{1f}abc"
        ))]
    }),
    ("html", |_, _| sent("text/html", "<!doctype html><title>Log in</title><p>CANARYaBcDeF</p>")),
    ("json-for-a-stream", |right, _| sent("application/json", &right.whole("Hello there"))),
    ("stream-for-json", |right, _| {
        let body = [right.start(), right.text("Hello"), right.text(" there"), right.end()].concat();
        sent(right.wire.stream_type(), &body)
    }),
    ("no-content-type", |right, stream| {
        let body = if stream { events(right, &["Hello", " there"]) } else { right.whole("Hello there") };
        vec![RawStep::send(format!("{HEAD_OK}content-length: {}\r\n\r\n{body}", body.len()))]
    }),
    ("null", |right, stream| sent(kind(right, stream), "null")),
    ("wrong-shapes", |right, stream| {
        let body = r#"{"id":7,"choices":{"a":1},"content":9,"candidates":"x","output":null,"message":[],"usage":[]}"#;
        sent(kind(right, stream), &if stream { right.wire.event("message_start", body) } else { body.to_owned() })
    }),
    // Errors where there should be none.
    ("error-in-200", |right, _| sent("application/json", &plain_error(right.wire))),
    ("error-first", |right, stream| {
        let body = if stream { right.wire.error() } else { plain_error(right.wire) };
        sent(kind(right, stream), &body)
    }),
    ("error-mid", |right, stream| {
        if !stream {
            return sent("application/json", &plain_error(right.wire));
        }
        [begun(right, stream), vec![RawStep::send(chunk(&right.wire.error()) + "0\r\n\r\n")]].concat()
    }),
    // Texts that are none.
    ("invalid-utf8", |right, stream| spoilt_text(right, stream, b"\xff\xfe")),
    ("lone-surrogate", |right, stream| spoilt_text(right, stream, br"\ud83d")),
    ("escaped-nul", |right, stream| spoilt_text(right, stream, br"\u0000")),
    ("raw-nul", |right, stream| spoilt_text(right, stream, b"\0")),
    // Counts that cannot be.
    ("negative-usage", |right, stream| counted(right, stream, ("-7", "-5"))),
    ("huge-usage", |right, stream| counted(right, stream, ("1e30", "1e30"))),
    ("textual-usage", |right, stream| counted(right, stream, ("\"7\"", "\"5\""))),
    ("nested-usage", |right, stream| counted(right, stream, ("{}", "[5]"))),
    // Heads that no server should send.
    ("two-content-types", |right, stream| {
        let body = whole_or_events(right, stream);
        let kind = kind(right, stream);
        let length = body.len();
        vec![RawStep::send(format!(
            "{HEAD_OK}content-type: {kind}\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n\r\n{body}"
        ))]
    }),
    ("two-lengths", |right, stream| {
        let body = whole_or_events(right, stream);
        let (kind, length) = (kind(right, stream), body.len());
        vec![RawStep::send(format!(
            "{HEAD_OK}content-type: {kind}\r\ncontent-length: {length}\r\ncontent-length: 3\r\n\r\n{body}"
        ))]
    }),
    ("length-and-chunks", |right, stream| {
        let (kind, body) = (kind(right, stream), chunk(&whole_or_events(right, stream)));
        vec![RawStep::send(format!(
            "{HEAD_OK}content-type: {kind}\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n{body}0\r\n\r\n"
        ))]
    }),
    ("continue-and-hints-first", |right, stream| {
        let first = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
        [vec![RawStep::send(first)], right_answer(right, stream)].concat()
    }),
    ("only-hints", |_, _| vec![RawStep::Repeat("HTTP/1.1 103 Early Hints\r\n\r\n".into(), 50)]),
    ("switching-protocols", |_, _| {
        vec![RawStep::send("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")]
    }),
    ("204", |_, _| vec![RawStep::send("HTTP/1.1 204 No Content\r\n\r\n")]),
    ("304", |_, _| vec![RawStep::send("HTTP/1.1 304 Not Modified\r\n\r\n")]),
    ("302", |_, _| {
        vec![RawStep::send("HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n")]
    }),
    ("status-of-999", |_, _| vec![RawStep::send("HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n")]),
    ("status-of-42", |_, _| vec![RawStep::send("HTTP/1.1 42 What\r\ncontent-length: 0\r\n\r\n")]),
    ("no-http", |_, _| vec![RawStep::send("SSH-2.0-OpenSSH_9.9\r\n")]),
    ("headers-of-300-kib", |_, _| {
        vec![RawStep::send(HEAD_OK.to_owned() + &format!("x-a: {}\r\n", "b".repeat(1017)).repeat(300))]
    }),
    ("a-thousand-headers", |_, _| vec![RawStep::send(HEAD_OK.to_owned() + &"x-a: b\r\n".repeat(1000) + "\r\n")]),
    // Shapes that cost a naive reader its life.
    ("deep-nesting", |right, stream| {
        let deep = "[".repeat(100_000);
        let body = if stream { right.wire.event("message_start", &deep) + &right.end() } else { deep };
        sent(kind(right, stream), &body)
    }),
    ("many-tools", |right, stream| tools(right, stream, &mut (0..300))),
    ("tool-of-1e9", |right, stream| tools(right, stream, &mut std::iter::once(1_000_000_000))),
    ("tool-of-2e64", |right, stream| tools(right, stream, &mut std::iter::once(u64::MAX))),
];

/// Answers the calls whose prompt asks for a fault.
pub(super) fn script() -> RawScript {
    std::sync::Arc::new(|request: &RawRequest| {
        let text = request.text();
        let name = text.split_once("fault=")?.1.split_once('.')?.0;
        let (_, spoil) = FAULTS.iter().find(|(known, _)| *known == name)?;
        let stream = request.path().contains("streamGenerate") || text.contains("\"stream\":true");
        Some(spoil(&Right::of(Wire::of(request)), stream))
    })
}

fn right_answer(right: &Right, stream: bool) -> Vec<RawStep> {
    sent(kind(right, stream), &whole_or_events(right, stream))
}

fn whole_or_events(right: &Right, stream: bool) -> String {
    if stream { events(right, &["Hello", " there"]) } else { right.whole("Hello there") }
}

fn events(right: &Right, texts: &[&str]) -> String {
    let texts: String = texts.iter().map(|text| right.text(text)).collect();
    [right.start(), texts, right.end()].concat()
}

fn kind(right: &Right, stream: bool) -> &'static str {
    if stream { right.wire.stream_type() } else { "application/json" }
}

/// The head of an answer in chunks.
fn head(right: &Right, stream: bool) -> String {
    format!("{HEAD_OK}content-type: {}\r\ntransfer-encoding: chunked\r\n\r\n", kind(right, stream))
}

pub(super) fn chunk(bytes: &str) -> String {
    format!("{:x}\r\n{bytes}\r\n", bytes.len())
}

/// Its head and half of it.
fn begun(right: &Right, stream: bool) -> Vec<RawStep> {
    let half = match stream {
        true => right.start() + &right.text("Hello"),
        false => right.whole("Hello there").split_at(40).0.to_owned(),
    };
    vec![RawStep::send(head(right, stream) + &chunk(&half))]
}

/// A whole body.
fn sent(kind: &str, body: &str) -> Vec<RawStep> {
    let head = format!("{HEAD_OK}content-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
    vec![RawStep::send(head + body)]
}

fn plain_error(wire: Wire) -> String {
    let event = if wire == Wire::Responses { Wire::Chat.error() } else { wire.error() };
    event.split_once("data: ").map_or(event.clone(), |(_, data)| data.trim_end().to_owned())
}

fn spoilt_text(right: &Right, stream: bool, spoilt: &[u8]) -> Vec<RawStep> {
    let good = if stream { events(right, &["Hello", "@@@", " there"]) } else { right.whole("Hello@@@ there") };
    let at = good.find("@@@").unwrap_or_default();
    let body = [&good.as_bytes()[..at], spoilt, &good.as_bytes()[at + 3..]].concat();
    let head = format!("{HEAD_OK}content-type: {}\r\ncontent-length: {}\r\n\r\n", kind(right, stream), body.len());
    vec![RawStep::send(head), RawStep::send(body)]
}

fn counted(right: &Right, stream: bool, counts: (&'static str, &'static str)) -> Vec<RawStep> {
    right_answer(&Right { counts, wire: right.wire }, stream)
}

fn tools(right: &Right, stream: bool, indices: &mut dyn Iterator<Item = u64>) -> Vec<RawStep> {
    if !stream {
        return right_answer(right, stream);
    }
    let calls: String = indices.map(|index| right.wire.tool_call(index)).collect();
    let body = [right.start(), right.text("Hello"), calls, right.end()].concat();
    sent(right.wire.stream_type(), &body)
}
