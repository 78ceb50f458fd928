//! The order of events, whatever the order of what is told.

use super::*;

fn written(events: &[StreamEvent]) -> Vec<String> {
    let about = About { id: "1".into(), model: "m".into(), ..About::default() };
    let (mut encoder, mut out) = (Events::new(about), Vec::new());
    events.iter().for_each(|event| encoder.push(event, &mut out));
    let text = String::from_utf8(out).unwrap();
    assert!(text.is_empty() || text.ends_with("\n\n"));
    text.split_terminator("\n\n").map(str::to_owned).collect()
}

/// What happened, shortly: `start 0 text`, `delta 0 {…}`, `stop 0`.
fn told(events: &[StreamEvent]) -> Vec<String> {
    let short = |block: String| {
        let (name, data) = block.split_once("\ndata: ").unwrap();
        let name = name.strip_prefix("event: ").unwrap();
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["type"], name);
        let index = &data["index"];
        match name {
            "content_block_start" => format!("start {index} {}", data["content_block"]["type"].as_str().unwrap()),
            "content_block_delta" => {
                let delta = data["delta"].as_object().unwrap();
                let (_, added) = delta.iter().find(|(member, _)| *member != "type").unwrap();
                format!("delta {index} {}", added.as_str().unwrap())
            }
            "content_block_stop" => format!("stop {index}"),
            "message_delta" => format!("end {}", data["delta"]["stop_reason"].as_str().unwrap()),
            other => other.to_owned(),
        }
    };
    written(events).into_iter().map(short).collect()
}

fn start(index: usize) -> StreamEvent {
    StreamEvent::ToolCallStart { index, id: format!("call_{index}"), name: "look".into() }
}

fn arguments(index: usize, text: &str) -> StreamEvent {
    StreamEvent::ToolCallArguments { index, arguments: text.into() }
}

const FINISH: StreamEvent = StreamEvent::Finish(FinishReason::ToolCalls);

#[test]
fn one_block_is_open_at_a_time() {
    let text = |text: &str| StreamEvent::Delta { text: text.into() };
    let events = [
        StreamEvent::Reasoning { text: "hm".into() },
        text("a"),
        text(""),
        text("b"),
        start(0),
        arguments(0, "{\"a\":"),
        arguments(0, "1}"),
        start(1),
        arguments(1, "{}"),
        FINISH,
    ];
    assert_eq!(
        told(&events),
        [
            "message_start",
            "start 0 thinking",
            "delta 0 hm",
            "stop 0",
            "start 1 text",
            "delta 1 a",
            "delta 1 b",
            "stop 1",
            "start 2 tool_use",
            "delta 2 {\"a\":",
            "delta 2 1}",
            "stop 2",
            "start 3 tool_use",
            "delta 3 {}",
            "stop 3",
            "end tool_use",
            "message_stop",
        ]
    );
}

#[test]
fn calls_that_are_told_in_turns_come_one_after_the_other() {
    let events = [
        start(0),
        start(1),
        start(2),
        arguments(1, "{\"b\":"),
        arguments(0, "{\"a\":"),
        arguments(1, "2}"),
        arguments(0, "1}"),
        FINISH,
    ];
    assert_eq!(
        told(&events),
        [
            "message_start",
            "start 0 tool_use",
            "delta 0 {\"a\":",
            "delta 0 1}",
            "stop 0",
            "start 1 tool_use",
            "delta 1 {\"b\":2}",
            "stop 1",
            "start 2 tool_use",
            "stop 2",
            "end tool_use",
            "message_stop",
        ]
    );
}

#[test]
fn an_empty_answer_has_a_beginning_and_an_end() {
    let counts =
        TokenCounts { prompt: 30, completion: 5, cached: 20, cache_write: 4, reasoning: 2, ..TokenCounts::default() };
    let usage = StreamEvent::Usage { tokens: Some(counts), cost: None, is_absurd: false };
    let written = written(&[usage, StreamEvent::Finish(FinishReason::ContentFilter)]);
    assert_eq!(written.len(), 3);
    assert!(written[1].contains(
        "\"usage\":{\"input_tokens\":6,\"cache_creation_input_tokens\":4,\"cache_read_input_tokens\":20,\
         \"output_tokens\":5,\"output_tokens_details\":{\"thinking_tokens\":2}}"
    ));
    assert!(written[0].contains("\"id\":\"msg_1\"") && written[1].contains("\"refusal\""));
}
