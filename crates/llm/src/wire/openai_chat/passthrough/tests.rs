//! What goes out, what is held back, and what is known afterwards.

use domain::attempt::ErrorClass;

use super::*;

fn pass(provider: ProviderId, wants_usage: bool, frames: &[&str]) -> (String, StreamFacts) {
    let mut through = PassThrough::new(provider, wants_usage);
    let mut out = Vec::new();
    for frame in frames {
        if through.push(Bytes::copy_from_slice(frame.as_bytes()), &mut out).is_some() {
            break;
        }
    }
    let facts = through.finish(&mut out);
    (out.iter().map(|bytes| String::from_utf8_lossy(bytes)).collect(), facts)
}

const HI: &str = "data: {\"id\":\"c1\",\"created\":7,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":null}]}\n\n";
const END: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

#[test]
fn the_usage_event_reaches_only_those_who_asked() {
    let stream = [HI, END, USAGE, DONE].concat();
    let (out, facts) = pass(ProviderId::OpenAi, false, &[&stream]);
    assert_eq!(out, [HI, END, DONE].concat());
    assert_eq!(facts.usage.map(|usage| (usage.prompt, usage.completion)), Some((5, 2)));
    assert!(facts.completed && facts.saw_output);
    assert_eq!((facts.output_characters, facts.response_model.as_deref()), (2, Some("m")));
    assert_eq!(pass(ProviderId::OpenAi, true, &[&stream]).0, stream);
}

#[test]
fn a_usage_event_is_made_where_the_counts_came_elsewhere() {
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\n";
    let (out, _) = pass(ProviderId::Mistral, true, &[HI, end, DONE]);
    let made = out.strip_prefix(&[HI, end].concat()).and_then(|rest| rest.strip_suffix(DONE)).unwrap();
    let event: serde_json::Value = serde_json::from_str(made.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(event["usage"]["total_tokens"], 7);
    assert_eq!((&event["id"], &event["created"], &event["model"]), (&"c1".into(), &7.into(), &"m".into()));
    assert_eq!(event["choices"], serde_json::json!([]));
    assert_eq!(pass(ProviderId::Mistral, false, &[HI, end, DONE]).0, [HI, end, DONE].concat());
}

#[test]
fn an_error_is_kept_back_and_nothing_follows_it() {
    let error = "data: {\"error\":{\"message\":\"Key sk-FAKE1234567890 failed\"}}\n\n";
    let (out, facts) = pass(ProviderId::OpenAi, true, &[HI, error, HI, DONE]);
    assert_eq!(out, HI);
    let told = facts.error.unwrap();
    assert_eq!((told.class, told.is_retryable), (ErrorClass::ServerError, false));
    assert_eq!(told.message, "Key [removed] failed");
    assert!(!facts.completed);
    let (out, facts) = pass(ProviderId::OpenAi, true, &[error]);
    assert_eq!((out.as_str(), facts.error.unwrap().is_retryable), ("", true));
}

#[test]
fn a_cut_stream_gets_no_end_mark_and_no_half_event() {
    let (out, facts) = pass(ProviderId::OpenAi, true, &[HI, "data: {\"choices\":[{\"delta\":{\"con"]);
    assert_eq!(out, HI);
    assert!(!facts.completed && facts.error.is_none());
}

#[test]
fn lone_surrogates_and_odd_spacing_survive() {
    let odd = "data:  {\"choices\" : [ {\"delta\":{\"content\":\"\\ud83d\"}} ] }\r\n\r\n";
    let (out, facts) = pass(ProviderId::Custom, false, &[odd, END]);
    assert_eq!(out, [odd, END, DONE].concat());
    assert_eq!(facts.output_characters, 1);
}

#[test]
fn bookkeeping_lines_never_reach_a_client() {
    let stream = "\u{feff}: hi\nretry: 3\nid: 1\nevent: message\ndata: {\"a\":1}\n\nretry: 5\n\nid: 2\n\n: ping\n\nid: 3\n: pong\n\nevent: empty\n\n";
    let (out, _) = pass(ProviderId::Custom, false, &[stream, END]);
    assert_eq!(out, [": hi\nevent: message\ndata: {\"a\":1}\n\n: ping\n\n: pong\n\n", END, DONE].concat());
}

#[test]
fn a_giant_event_flows_through_in_parts_and_is_never_held() {
    let text = "x".repeat(300_000);
    let giant = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
    for size in [1_000, 70_000, 1_000_000] {
        let mut through = PassThrough::new(ProviderId::Custom, false);
        let mut out = Vec::new();
        let mut held = 0;
        for frame in giant.as_bytes().chunks(size) {
            through.push(Bytes::copy_from_slice(frame), &mut out);
            held += frame.len();
        }
        let sent: usize = out.iter().map(Bytes::len).sum();
        assert!(held - sent <= INSPECTED_BYTES);
        through.push(Bytes::from_static(END.as_bytes()), &mut out);
        let facts = through.finish(&mut out);
        assert_eq!(out.concat(), [&giant, END, DONE].concat().as_bytes());
        assert!(facts.completed && facts.saw_output && facts.output_characters > 60_000);
    }
}

#[test]
fn an_error_that_is_longer_than_what_is_looked_at_is_kept_back_too() {
    let giant = format!("data: {{\"error\":{{\"message\":\"{}\"}}}}\n\n", "x".repeat(100_000));
    let (out, facts) = pass(ProviderId::Custom, false, &[&giant]);
    assert_eq!((out.as_str(), facts.error.is_some()), ("", true));
}

#[test]
fn events_within_a_frame_leave_as_slices_of_it() {
    let frame = Bytes::from([HI, END].concat());
    let mut out = Vec::new();
    PassThrough::new(ProviderId::OpenAi, false).push(frame.clone(), &mut out);
    let starts: Vec<*const u8> = out.iter().map(|slice| slice.as_ptr()).collect();
    assert_eq!(starts, [frame.as_ptr(), frame[HI.len()..].as_ptr()]);
}

#[test]
fn a_long_event_with_bookkeeping_stays_in_one_piece() {
    let giant = format!("id: 1\ndata: {{\"x\":\"{}\"}}\r\n\r\n", "x".repeat(INSPECTED_BYTES));
    for size in 65_500..giant.len() {
        let (front, back) = giant.split_at(size);
        let (out, facts) = pass(ProviderId::Custom, false, &[front, back]);
        assert_eq!((out.as_str(), facts.completed), (giant.as_str(), false));
        assert_eq!(facts, pass(ProviderId::Custom, false, &[&giant]).1);
    }
}

#[test]
fn a_long_event_that_is_cut_off_is_ended_and_the_stream_not_complete() {
    let giant = format!("data: {{\"x\":\"{}", "x".repeat(INSPECTED_BYTES));
    let (out, facts) = pass(ProviderId::Custom, false, &[HI, END, &giant]);
    assert_eq!((out, facts.completed), ([HI, END, &giant, "\n\n"].concat(), false));
}

#[test]
fn an_error_member_that_says_nothing_is_no_error() {
    for nothing in ["null", "\"\"", "{}", "false"] {
        let chunk = format!("data: {{\"error\":{nothing},\"choices\":[]}}\n\n");
        let (out, facts) = pass(ProviderId::Custom, false, &[&chunk, END]);
        assert_eq!((out, facts.completed), ([&chunk, END, DONE].concat(), true));
    }
}

#[test]
fn embeddings_have_a_usage_and_no_choices() {
    let body =
        br#"{"object":"list","data":[{"embedding":"AAAA"}],"model":"e","usage":{"prompt_tokens":8,"total_tokens":8}}"#;
    let facts = inspect_other(ProviderId::OpenAi, body);
    assert_eq!(facts.usage, Some(TokenCounts { prompt: 8, ..TokenCounts::default() }));
    assert_eq!(facts.response_model.as_deref(), Some("e"));
}

#[test]
fn the_end_mark_is_known_and_comments_are_no_beginning() {
    let mut through = PassThrough::new(ProviderId::OpenAi, false);
    let mut out = Vec::new();
    for (frame, begun, output, done) in [
        (": processing\n\n", false, false, false),
        (
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
            true,
            false,
            false,
        ),
        (HI, true, true, false),
        (DONE, true, true, true),
    ] {
        assert_eq!(through.push(Bytes::from_static(frame.as_bytes()), &mut out), None);
        assert_eq!((through.has_begun(), through.saw_output(), through.is_done()), (begun, output, done), "{frame}");
    }
}

#[test]
fn absurd_counts_are_said_to_be_absurd() {
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":-5,\"completion_tokens\":2}}\n\n";
    let (_, facts) = pass(ProviderId::Custom, false, &[HI, END, usage, DONE]);
    assert_eq!((facts.usage, facts.absurd), (None, true));
}
