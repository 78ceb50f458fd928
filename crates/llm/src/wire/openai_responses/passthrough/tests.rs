//! Streams on their way through.

use super::*;
use domain::usage::TokenCounts;

fn passed(frames: &[&[u8]]) -> (String, StreamFacts, bool) {
    let mut pass = PassThrough::new(ProviderId::OpenAi);
    let mut out = Vec::new();
    for frame in frames {
        pass.push(Bytes::copy_from_slice(frame), &mut out);
    }
    let facts = pass.finish(&mut out);
    (String::from_utf8_lossy(&out.concat()).into_owned(), facts, pass.has_begun())
}

fn event(kind: &str, rest: &str) -> String {
    format!("event: {kind}\ndata: {{\"type\":\"{kind}\",\"sequence_number\":0,{rest}}}\n\n")
}

const USAGE: &str = r#""usage":{"input_tokens":7,"output_tokens":5}"#;

#[test]
fn the_counts_at_the_end_of_a_long_last_event_are_found() {
    let text = "x \\\"usage\\\":{} ".repeat(20_000);
    let rest = format!(
        r#""response":{{"id":"resp_1","model":"m","status":"completed","output":[{{"type":"message","content":[{{"type":"output_text","text":"{text}"}}]}}],{USAGE}}}"#
    );
    let body = event("response.completed", &rest);
    let bytes: Vec<&[u8]> = body.as_bytes().chunks(1_000).collect();
    for frames in [vec![body.as_bytes()], bytes] {
        let (out, facts, _) = passed(&frames);
        assert_eq!(out, body);
        let counts = TokenCounts { prompt: 7, completion: 5, ..TokenCounts::default() };
        assert_eq!((facts.usage, facts.absurd, facts.completed), (Some(counts), false, true));
        assert_eq!((facts.finish, facts.id.as_deref()), (Some(FinishReason::Stop), Some("resp_1")));
    }
}

#[test]
fn a_cut_in_the_last_event_is_no_end() {
    let text = "x".repeat(100_000);
    let body = event("response.completed", &format!(r#""response":{{"output":["{text}"],{USAGE}}}"#));
    let (_, facts, _) = passed(&[&body.as_bytes()[..90_000]]);
    assert!(!facts.completed && facts.finish.is_none() && facts.usage.is_none());
}

#[test]
fn another_key_may_be_tried_until_something_is_made() {
    let created = event("response.created", r#""response":{"id":"resp_1","output":[],"usage":null}"#);
    let keepalive = "event: keepalive\ndata: {\"type\":\"keepalive\",\"sequence_number\":3}\n\n";
    let item = event("response.output_item.added", r#""output_index":0,"item":{"type":"reasoning","id":"rs_1"}"#);
    assert!(!passed(&[created.as_bytes(), keepalive.as_bytes()]).2);
    assert!(passed(&[created.as_bytes(), item.as_bytes()]).2);
}

#[test]
fn calls_and_deltas_of_every_kind_are_counted() {
    let body = [
        event("response.output_item.added", r#""output_index":0,"item":{"type":"custom_tool_call","call_id":"c"}"#),
        event("response.custom_tool_call_input.delta", r#""output_index":0,"delta":"four""#),
        event("response.completed", &format!(r#""response":{{"status":"completed","output":[],{USAGE}}}"#)),
    ]
    .concat();
    let (out, facts, _) = passed(&[body.as_bytes()]);
    assert_eq!(out, body);
    assert_eq!((facts.output_characters, facts.finish), (4, Some(FinishReason::ToolCalls)));
}

#[test]
fn a_failure_is_kept_from_the_client() {
    for body in [
        event(
            "response.failed",
            r#""response":{"status":"failed","error":{"code":"server_error","message":"Sorry."}}"#,
        ),
        event("error", r#""code":"server_error","message":"Sorry.","param":null"#),
        "event: error\ndata: {\"error\":{\"code\":\"server_error\",\"message\":\"Sorry.\"}}\n\n".to_owned(),
    ] {
        let (out, facts, _) = passed(&[body.as_bytes()]);
        assert_eq!(out, "");
        let error = facts.error.unwrap();
        assert_eq!((error.message.as_str(), error.is_retryable), ("Sorry.", true));
    }
}

#[test]
fn a_policy_or_a_bad_picture_is_not_tried_again() {
    for (code, class) in [("invalid_image", "bad_request"), ("bio_policy", "content_filtered")] {
        let error = format!(r#""response":{{"status":"failed","error":{{"code":"{code}","message":"No."}}}}"#);
        let error = passed(&[event("response.failed", &error).as_bytes()]).1.error.unwrap();
        assert_eq!((error.class.as_str(), error.is_retryable), (class, false));
    }
}
