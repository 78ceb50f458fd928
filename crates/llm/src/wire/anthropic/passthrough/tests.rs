//! What goes out, what is held back, and what is known afterwards.

use domain::attempt::ErrorClass;
use domain::usage::TokenCounts;

use super::*;

fn pass(frames: &[&str]) -> (String, StreamFacts) {
    let mut through = PassThrough::new(ProviderId::Anthropic);
    let mut out = Vec::new();
    for frame in frames {
        if through.push(Bytes::copy_from_slice(frame.as_bytes()), &mut out).is_some() {
            break;
        }
    }
    let facts = through.finish(&mut out);
    (out.iter().map(|bytes| String::from_utf8_lossy(bytes)).collect(), facts)
}

const START: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":5,\"cache_read_input_tokens\":3,\"output_tokens\":1}}}\n\n";
const BLOCK: &str = "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";
const HI: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\n";
const END: &str = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":7}}\n\n";
const STOP: &str = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
const PING: &str = "event: ping\ndata: {\"type\": \"ping\"}\n\n";
const ERROR: &str = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Key sk-FAKE1234567890\"}}\n\n";

fn counts(prompt: u64, completion: u64) -> TokenCounts {
    TokenCounts { prompt, completion, cached: 3, ..TokenCounts::default() }
}

#[test]
fn everything_goes_out_as_it_came_and_the_counts_are_known() {
    let odd = "event: future_event\r\ndata: {\"type\":\"future_event\"}\r\n\r\n: comment\n\nid: 1\ndata: no json\n\n";
    let stream = [START, PING, BLOCK, odd, HI, END, STOP].concat();
    let (out, facts) = pass(&[&stream]);
    assert_eq!(out, stream);
    assert_eq!((facts.usage, facts.usage_so_far), (Some(counts(8, 7)), Some(counts(8, 7))));
    assert!(facts.completed && facts.saw_output && facts.error.is_none());
    assert_eq!((facts.output_characters, facts.finish), (2, Some(FinishReason::Stop)));
    assert_eq!((facts.id.as_deref(), facts.response_model.as_deref()), (Some("msg_1"), Some("m")));
    assert_eq!(pass(&[&stream, "event: late\ndata: {}\n\n"]).0, stream, "nothing follows the end");
}

#[test]
fn a_stream_that_breaks_off_says_what_was_counted_so_far() {
    for cut in ["", "event: content_block_delta\ndata: {\"type\":\"content_bl", END] {
        let (out, facts) = pass(&[START, BLOCK, HI, cut]);
        let whole = if cut == END { cut } else { "" };
        assert_eq!(out, [START, BLOCK, HI, whole].concat());
        assert!(!facts.completed && facts.error.is_none(), "{cut}");
        assert_eq!(facts.usage_so_far, Some(counts(8, if cut == END { 7 } else { 1 })));
        assert_eq!(facts.usage.is_some(), cut == END);
    }
}

#[test]
fn an_error_is_kept_back_and_nothing_follows_it() {
    let (out, facts) = pass(&[START, BLOCK, HI, ERROR, HI, STOP]);
    assert_eq!(out, [START, BLOCK, HI].concat());
    let told = facts.error.unwrap();
    assert_eq!((told.class, told.is_retryable, facts.completed), (ErrorClass::Overloaded, false, false));
    assert_eq!(told.message, "Key [removed]");
    let (_, facts) = pass(&[START, PING, ERROR]);
    assert!(facts.error.unwrap().is_retryable, "nothing of the answer was out");
    let (out, facts) = pass(&["event: error\ndata: {\"message\":\"x\"}\n\n"]);
    assert_eq!((out.as_str(), facts.error.is_some()), ("", true), "its name is enough");
    let giant = format!("data: {{\"type\":\"error\",\"error\":{{\"message\":\"{}\"}}}}\n\n", "x".repeat(100_000));
    let (out, facts) = pass(&[&giant]);
    assert_eq!((out.as_str(), facts.error.is_some()), ("", true));
}

#[test]
fn keep_alives_are_no_beginning() {
    let mut through = PassThrough::new(ProviderId::Anthropic);
    let mut out = Vec::new();
    for (frame, begun, output, done) in [
        (": processing\n\n", false, false, false),
        (PING, false, false, false),
        (START, true, false, false),
        (BLOCK, true, false, false),
        (HI, true, true, false),
        (STOP, true, true, true),
    ] {
        assert_eq!(through.push(Bytes::from_static(frame.as_bytes()), &mut out), None);
        assert_eq!((through.has_begun(), through.saw_output(), through.is_done()), (begun, output, done), "{frame}");
    }
}

#[test]
fn a_giant_event_flows_through_in_parts_and_is_never_held() {
    let giant = HI.replace("hi", &"x".repeat(300_000));
    for size in [1_000, 70_000, 1_000_000] {
        let mut through = PassThrough::new(ProviderId::Anthropic);
        let mut out = Vec::new();
        let mut held = 0;
        for frame in giant.as_bytes().chunks(size) {
            through.push(Bytes::copy_from_slice(frame), &mut out);
            held += frame.len();
        }
        let sent: usize = out.iter().map(Bytes::len).sum();
        assert!(held - sent <= INSPECTED_BYTES);
        through.push(Bytes::from_static(STOP.as_bytes()), &mut out);
        let facts = through.finish(&mut out);
        assert_eq!(out.concat(), [&giant, STOP].concat().as_bytes());
        assert!(facts.completed && facts.saw_output && facts.output_characters > 60_000);
    }
}

#[test]
fn events_within_a_frame_leave_as_slices_of_it() {
    let frame = Bytes::from([START, HI].concat());
    let mut out = Vec::new();
    PassThrough::new(ProviderId::Anthropic).push(frame.clone(), &mut out);
    let starts: Vec<*const u8> = out.iter().map(|slice| slice.as_ptr()).collect();
    assert_eq!(starts, [frame.as_ptr(), frame[START.len()..].as_ptr()]);
}

#[test]
fn half_characters_and_a_missing_last_line_survive() {
    let half = HI.replace("hi", "\\ud83d");
    let last = STOP.trim_end();
    let (out, facts) = pass(&[START, &half, END, last]);
    assert_eq!(out, [START, &half, END, last, "\n\n"].concat());
    assert!(facts.completed);
}

#[test]
fn absurd_counts_are_said_to_be_absurd() {
    let end = END.replace(":7", ":-7");
    let (_, facts) = pass(&[START, HI, &end, STOP]);
    assert_eq!((facts.usage, facts.absurd), (None, true));
}
