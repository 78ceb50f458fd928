//! Streams for clients.

use super::*;
use serde_json::{Value, json};

fn about() -> About {
    About { id: "abc".to_owned(), model: "m".to_owned(), created: 1_790_000_000, include_usage: true }
}

/// The events, after a look at their form.
fn written(events: &[StreamEvent]) -> Vec<Value> {
    let (mut encoder, mut out) = (Events::new(about()), Vec::new());
    for event in events {
        encoder.push(event, &mut out);
    }
    let text = String::from_utf8(out).unwrap();
    let blocks = text.split_terminator("\n\n").enumerate();
    let read = blocks.map(|(number, block)| {
        let (head, data) = block.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(head.strip_prefix("event: "), data["type"].as_str());
        assert_eq!(data["sequence_number"], number);
        data
    });
    read.collect()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap().strip_prefix("response.").unwrap()).collect()
}

fn text(text: &str) -> StreamEvent {
    StreamEvent::Delta { text: text.to_owned() }
}

fn call(index: usize, name: &str) -> StreamEvent {
    StreamEvent::ToolCallStart { index, id: format!("call_{index}"), name: name.to_owned() }
}

fn arguments(index: usize, arguments: &str) -> StreamEvent {
    StreamEvent::ToolCallArguments { index, arguments: arguments.to_owned() }
}

#[test]
fn an_answer_is_told_in_the_order_of_the_reference() {
    let events = written(&[
        StreamEvent::Reasoning { text: "Hm.".to_owned() },
        text("Say \"h"),
        text("i\"\n"),
        StreamEvent::Finish(FinishReason::Stop),
    ]);
    assert_eq!(
        kinds(&events),
        [
            "created",
            "in_progress",
            "output_item.added",
            "reasoning_summary_part.added",
            "reasoning_summary_text.delta",
            "reasoning_summary_text.done",
            "reasoning_summary_part.done",
            "output_item.done",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.delta",
            "output_text.done",
            "content_part.done",
            "output_item.done",
            "completed",
        ]
    );
    assert_eq!(events[12]["text"], "Say \"hi\"\n");
    let last = &events[15]["response"];
    assert_eq!(last["output"], json!([events[7]["item"], events[14]["item"]]));
    assert_eq!((&last["status"], &last["usage"], &last["id"]), (&json!("completed"), &Value::Null, &json!("resp_abc")));
}

#[test]
fn calls_whose_pieces_are_mixed_are_told_apart() {
    let events = written(&[
        text("Well"),
        call(0, "f"),
        call(1, "g"),
        arguments(1, "{\"b\":"),
        arguments(0, "{}"),
        arguments(1, "2}"),
        text("!"),
        StreamEvent::Finish(FinishReason::ToolCalls),
    ]);
    let output = events.last().unwrap()["response"]["output"].as_array().unwrap();
    let told: Vec<_> = output.iter().map(|item| (&item["id"], item["arguments"].as_str())).collect();
    let expected = [
        (&json!("msg_abc00"), None),
        (&json!("fc_abc01"), Some("{}")),
        (&json!("fc_abc02"), Some("{\"b\":2}")),
        (&json!("msg_abc03"), None),
    ];
    assert_eq!(told, expected);
}

#[test]
fn what_is_cut_off_is_incomplete() {
    for (finish, reason) in
        [(FinishReason::Length, "max_output_tokens"), (FinishReason::ContentFilter, "content_filter")]
    {
        let events = written(&[text("Hi"), StreamEvent::Finish(finish)]);
        let last = events.last().unwrap();
        assert_eq!((&last["type"], &last["response"]["status"]), (&json!("response.incomplete"), &json!("incomplete")));
        assert_eq!(last["response"]["incomplete_details"]["reason"], reason);
        assert_eq!(last["response"]["output"][0]["status"], "incomplete");
    }
}

#[test]
fn a_refusal_is_another_part_of_the_message() {
    let refusal = StreamEvent::Refusal { text: "No.".to_owned() };
    let events = written(&[text("Hm"), refusal, StreamEvent::Finish(FinishReason::Stop)]);
    let content = &events.last().unwrap()["response"]["output"][0]["content"];
    assert_eq!((&content[0]["text"], &content[1]["refusal"]), (&json!("Hm"), &json!("No.")));
    let delta = events.iter().find(|event| event["type"] == "response.refusal.delta").unwrap();
    assert_eq!(delta["content_index"], 1);
}

#[test]
fn a_custom_tool_gets_its_text_back() {
    let events = written(&[
        call(0, "ownkey_custom__apply_patch"),
        arguments(0, "{\"input\":\"a"),
        arguments(0, "\\nb\"}"),
        StreamEvent::Finish(FinishReason::ToolCalls),
    ]);
    assert_eq!(kinds(&events)[3..5], ["custom_tool_call_input.delta", "custom_tool_call_input.done"]);
    let item = &events.last().unwrap()["response"]["output"][0];
    assert_eq!((&item["type"], &item["name"]), (&json!("custom_tool_call"), &json!("apply_patch")));
    assert_eq!((&item["input"], &item["call_id"]), (&json!("a\nb"), &json!("call_0")));
}

#[test]
fn an_answer_of_nothing_has_a_beginning_and_an_end() {
    let usage = TokenCounts { prompt: 3, completion: 1, ..TokenCounts::default() };
    let events = written(&[
        StreamEvent::Usage { tokens: Some(usage), cost: None, is_absurd: false },
        StreamEvent::Finish(FinishReason::Stop),
    ]);
    assert_eq!(kinds(&events), ["created", "in_progress", "completed"]);
    assert_eq!(events[2]["response"]["usage"]["total_tokens"], 4);
}
