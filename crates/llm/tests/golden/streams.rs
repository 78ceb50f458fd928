//! Streams, each of them cut at every byte.

use bytes::Bytes;
use llm::UpstreamError;
use llm::neutral::{StreamEvent, ToolCall};
use llm::wire::{StreamFacts, Wire};

use crate::manifest::{Case, Seen, cases, compare, usage_json};

/// What the neutral reader makes of a stream.
pub(crate) fn decoded(case: &Case, frames: &[&[u8]]) -> (Seen, Option<UpstreamError>) {
    read_by(case.wire().unwrap(), case, frames)
}

/// What a wire's reader makes of frames.
pub(crate) fn read_by(wire: &dyn Wire, case: &Case, frames: &[&[u8]]) -> (Seen, Option<UpstreamError>) {
    let mut decoder = wire.decode_stream(case.provider);
    let mut events: Vec<StreamEvent> = frames.iter().flat_map(|frame| decoder.push(frame)).collect();
    events.extend(decoder.finish());
    let (mut seen, mut failure) = (Seen::default(), None);
    for event in events {
        assert!(failure.is_none() && seen.finish.is_none(), "{}: something follows the end", case.file);
        match event {
            StreamEvent::Delta { text } => seen.text += &text,
            StreamEvent::Reasoning { text } => seen.reasoning += &text,
            StreamEvent::Refusal { text } => seen.refusal.get_or_insert_default().push_str(&text),
            StreamEvent::ToolCallStart { index, id, name } => {
                assert_eq!(index, seen.calls.len());
                seen.calls.push(ToolCall { id, name, arguments: String::new() });
            }
            StreamEvent::ToolCallArguments { index, arguments } => seen.calls[index].arguments += &arguments,
            StreamEvent::Usage { tokens, cost, .. } => (seen.usage, seen.cost) = (tokens, cost),
            StreamEvent::Replay(_) => {}
            StreamEvent::Finish(reason) => seen.finish = Some(reason),
            StreamEvent::Error(error) => failure = Some(error),
        }
    }
    (seen, failure)
}

/// What goes through to a client of the same wire.
pub(crate) fn passed(case: &Case, wants_usage: bool, frames: &[&[u8]]) -> (String, StreamFacts) {
    let mut through = case.client_wire().unwrap().pass_through(case.provider, wants_usage);
    let mut out = Vec::new();
    for frame in frames {
        through.push(Bytes::copy_from_slice(frame), &mut out);
    }
    let facts = through.finish(&mut out);
    (String::from_utf8_lossy(&out.concat()).into_owned(), facts)
}

#[test]
fn every_stream_is_read_as_the_manifest_says() {
    for case in cases("stream") {
        let (seen, failure) = decoded(&case, &[&case.body()]);
        compare(&case, &seen);
        let class = failure.as_ref().map(|error| error.class.as_str());
        assert_eq!(class, case.expect["error_class"].as_str(), "{}", case.file);
        if let Some(error) = failure {
            let is_retryable = case.expect["retryable"].as_bool().unwrap_or(false);
            assert_eq!(error.is_retryable, is_retryable, "{}: whether text was out already", case.file);
        }
    }
}

/// Streams in formats that clients speak, too.
fn passable() -> Vec<Case> {
    cases("stream").into_iter().filter(|case| case.client_wire().is_some()).collect()
}

#[test]
fn the_facts_of_a_passed_stream_agree_with_the_manifest() {
    for case in passable() {
        let (file, expect) = (&case.file, &case.expect);
        let (seen, _) = decoded(&case, &[&case.body()]);
        let (_, facts) = passed(&case, false, &[&case.body()]);
        let is_truncated = expect["error_class"] == "stream_truncated";
        assert_eq!(facts.completed, expect.get("error_class").is_none(), "{file}");
        assert_eq!(facts.error.is_some(), expect.get("error_class").is_some() && !is_truncated, "{file}");
        assert_eq!(usage_json(facts.usage), expect.get("usage").cloned(), "{file}");
        assert_eq!(facts.cost, seen.cost, "{file}");
        assert!(!facts.absurd, "{file}");
        assert_eq!(facts.saw_output, expect["partial"] != false, "{file}");
        if expect.get("choices").is_none() {
            assert_eq!(facts.finish, seen.finish, "{file}");
        }
    }
}

#[test]
fn a_passed_stream_reads_as_the_original() {
    for case in passable().iter().filter(|case| case.expect.get("error_class").is_none()) {
        for wants_usage in [true, false] {
            let (out, facts) = passed(case, wants_usage, &[&case.body()]);
            let (seen, failure) = decoded(case, &[out.as_bytes()]);
            assert_eq!(failure, None, "{}", case.file);
            let (original, _) = decoded(case, &[&case.body()]);
            // Cost and, without being asked, usage stay with us.
            let expected = Seen { usage: seen.usage, cost: seen.cost, ..original };
            assert_eq!(seen, expected, "{}", case.file);
            if case.wire_name != "openai-chat" {
                continue;
            }
            assert!(out.ends_with("data: [DONE]\n\n"), "{}", case.file);
            assert!(!out.lines().any(|line| line.starts_with("id:") || line.starts_with("retry:")), "{}", case.file);
            let usage_events = out.matches("\"choices\":[],\"usage\":{").count()
                + out.matches("\"choices\":[],\"provider\":\"Anthropic\",\"usage\":{").count();
            assert_eq!(usage_events, usize::from(wants_usage && facts.usage.is_some()), "{}", case.file);
        }
    }
}

/// Every way to cut a stream in two, and byte by byte.
fn for_each_cut(body: &[u8], mut check: impl FnMut(&[&[u8]], &str)) {
    for cut in 0..=body.len() {
        let (front, back) = body.split_at(cut);
        check(&[front, back], &format!("cut at {cut}"));
    }
    let bytes: Vec<&[u8]> = body.chunks(1).collect();
    check(&bytes, "byte by byte");
}

#[test]
fn no_cut_changes_what_is_read() {
    for case in cases("stream") {
        let body = case.body();
        let whole = decoded(&case, &[&body]);
        for_each_cut(&body, |frames, how| assert_eq!(decoded(&case, frames), whole, "{} {how}", case.file));
    }
}

#[test]
fn no_cut_changes_what_is_passed() {
    for case in passable() {
        let body = case.body();
        for wants_usage in [true, false] {
            let whole = passed(&case, wants_usage, &[&body]);
            for_each_cut(&body, |frames, how| {
                assert_eq!(passed(&case, wants_usage, frames), whole, "{} {how}", case.file);
            });
        }
    }
}
