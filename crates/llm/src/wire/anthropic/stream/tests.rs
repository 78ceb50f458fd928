//! What is told of a stream, and when.

use domain::attempt::ErrorClass;
use domain::provider::WireName;
use serde_json::json;

use super::*;
use crate::neutral::ReplayState;

fn read(events: &[&str]) -> Vec<StreamEvent> {
    let stream: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let mut decoder = Decoder::new(ProviderId::Anthropic);
    let mut told = decoder.push(stream.as_bytes());
    told.extend(decoder.finish());
    told
}

fn text(text: &str) -> StreamEvent {
    StreamEvent::Delta { text: text.to_owned() }
}

fn start(index: u64, block: &str) -> String {
    format!(r#"{{"type":"content_block_start","index":{index},"content_block":{block}}}"#)
}

fn delta(index: u64, delta: &str) -> String {
    format!(r#"{{"type":"content_block_delta","index":{index},"delta":{delta}}}"#)
}

const STOP: &str = r#"{"type":"message_stop"}"#;
const END: StreamEvent = StreamEvent::Finish(FinishReason::Stop);

#[test]
fn thoughts_are_kept_for_the_call_that_follows_them() {
    let thinking = |index| start(index, r#"{"type":"thinking","thinking":"","signature":""}"#);
    let stop = |index| format!(r#"{{"type":"content_block_stop","index":{index}}}"#);
    let call =
        |index, id| start(index, &format!(r#"{{"type":"tool_use","id":"{id}","name":"look","input":{{"a": 1}}}}"#));
    let events = [
        thinking(0),
        delta(0, r#"{"type":"thinking_delta","thinking":"Hm"}"#),
        delta(0, r#"{"type":"thinking_delta","thinking":"."}"#),
        delta(0, r#"{"type":"signature_delta","signature":"Eq"}"#),
        delta(0, r#"{"type":"signature_delta","signature":"QB"}"#),
        stop(0),
        start(1, r#"{"type":"redacted_thinking","data":"EroB"}"#),
        call(2, "a"),
        stop(2),
        thinking(3),
        delta(3, r#"{"type":"thinking_delta","thinking":"Not signed."}"#),
        stop(3),
        call(4, "b"),
        STOP.to_owned(),
    ];
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    let state = |state| {
        let (wire, call_id) = (WireName::AnthropicMessages, Some("a".to_owned()));
        StreamEvent::Replay(ReplayState { wire, call_id, state })
    };
    let thought = |text: &str| StreamEvent::Reasoning { text: text.to_owned() };
    let begins = |index, id: &str| StreamEvent::ToolCallStart { index, id: id.into(), name: "look".into() };
    let arguments = |index| StreamEvent::ToolCallArguments { index, arguments: "{\"a\":1}".into() };
    assert_eq!(
        read(&events),
        [
            thought("Hm"),
            thought("."),
            begins(0, "a"),
            state(json!({"type": "thinking", "thinking": "Hm.", "signature": "EqQB"})),
            state(json!({"type": "redacted_thinking", "data": "EroB"})),
            // Nothing replaced what it began with.
            arguments(0),
            thought("Not signed."),
            begins(1, "b"),
            arguments(1),
            StreamEvent::Finish(FinishReason::ToolCalls),
        ]
    );
}

#[test]
fn halves_of_a_character_meet_and_lone_ones_do_no_harm() {
    let begin = start(0, r#"{"type":"text","text":""}"#);
    let half = |half: &str| delta(0, &format!(r#"{{"type":"text_delta","text":"{half}"}}"#));
    let whole = [&*begin, &half("a\\ud83d"), &half("\\udc4b!"), STOP];
    assert_eq!(read(&whole), [text("a"), text("\u{1f44b}!"), END]);
    let lone = [&*begin, &half("a\\ud83d"), STOP];
    assert_eq!(read(&lone), [text("a"), text("\u{fffd}"), END]);
}

#[test]
fn an_event_beyond_all_bounds_is_an_error() {
    let mut decoder = Decoder::new(ProviderId::Anthropic);
    let mut told = decoder.push(b"data: {\"type\":\"ping\",\"x\":\"");
    for _ in 0..9 {
        told.extend(decoder.push(&vec![b'x'; 1024 * 1024]));
    }
    told.extend(decoder.push(b"\"}\n\n"));
    told.extend(decoder.finish());
    let [StreamEvent::Error(error)] = &*told else { panic!("{}", told.len()) };
    assert_eq!(error.class, ErrorClass::ServerError);
}

#[test]
fn the_event_name_alone_tells_an_error_and_bad_bytes_none() {
    let mut decoder = Decoder::new(ProviderId::Anthropic);
    let told = decoder.push(b"event: noise\ndata: \xff{\n\nevent: error\ndata: {\"message\":\"x\"}\n\ndata: {}\n\n");
    let [StreamEvent::Error(error)] = &*told else { panic!("{told:?}") };
    assert_eq!((error.class, error.is_retryable), (ErrorClass::ServerError, true));
    assert_eq!(decoder.finish(), []);
}

#[test]
fn counts_are_known_while_it_runs() {
    let mut decoder = Decoder::new(ProviderId::Anthropic);
    assert_eq!(decoder.usage_so_far(), None);
    decoder.push(
        b"data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"m\",\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\n\n",
    );
    assert_eq!(decoder.usage_so_far().map(|counts| (counts.prompt, counts.completion)), Some((5, 1)));
    assert_eq!(decoder.names(), (Some("msg_1"), Some("m")));
    let told = decoder.finish();
    assert!(matches!(&*told, [StreamEvent::Error(error)] if error.class == ErrorClass::StreamTruncated), "{told:?}");
}
