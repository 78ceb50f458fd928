//! Streams that the fixtures do not show.

use domain::ProviderId;
use domain::attempt::ErrorClass;

use super::*;

fn read(stream: &[u8]) -> Vec<StreamEvent> {
    let mut decoder = Decoder::new(ProviderId::Ollama);
    let mut events = decoder.push(stream);
    events.extend(decoder.finish());
    events
}

fn texts(events: &[StreamEvent]) -> (String, String) {
    let (mut text, mut thoughts) = (String::new(), String::new());
    for event in events {
        match event {
            StreamEvent::Delta { text: more } => text.push_str(more),
            StreamEvent::Reasoning { text: more } => thoughts.push_str(more),
            _ => {}
        }
    }
    (text, thoughts)
}

#[test]
fn a_character_cut_in_two_is_put_together_and_a_lone_half_kills_nothing() {
    let line = |content: &str| format!("{{\"message\":{{\"content\":\"{content}\"}},\"done\":false}}\n");
    let end = "{\"message\":{},\"done\":true,\"eval_count\":1}\n";
    let whole = read((line("a\\ud83d") + &line("\\udc4b") + end).as_bytes());
    assert_eq!(texts(&whole).0, "a👋");
    let lone = read((line("a\\ud83d") + &line("b") + end).as_bytes());
    assert_eq!(texts(&lone).0, "a\u{fffd}b");
    assert!(matches!(lone.last(), Some(StreamEvent::Finish(FinishReason::Stop))));
    let last = read((line("a\\ud83d") + end).as_bytes());
    assert_eq!(texts(&last).0, "a\u{fffd}");
}

#[test]
fn thoughts_in_the_text_are_told_apart() {
    let stream = "{\"message\":{\"content\":\"<think>h\"},\"done\":false}\n{\"message\":{\"content\":\"m</think>No.\"},\
                  \"done\":false}\n{\"done\":true,\"done_reason\":\"stop\"}\n";
    assert_eq!(texts(&read(stream.as_bytes())), ("No.".to_owned(), "hm".to_owned()));
}

#[test]
fn absurd_counts_are_unknown() {
    for counts in ["\"eval_count\":-1", "\"eval_count\":1.5", "\"eval_count\":9000000000000000", "\"eval_count\":\"7\""]
    {
        let events = read(format!("{{\"done\":true,\"prompt_eval_count\":3,{counts}}}\n").as_bytes());
        let expected = StreamEvent::Usage { tokens: None, cost: None, is_absurd: true };
        assert_eq!(events.first(), Some(&expected), "{counts}");
    }
    let nothing = read(b"{\"done\":true}\n");
    assert_eq!(nothing, [StreamEvent::Finish(FinishReason::Stop)]);
}

#[test]
fn an_endless_line_a_broken_line_and_a_page_are_errors() {
    let endless = vec![b'x'; crate::sse::MAX_EVENT_BYTES + 1];
    for stream in [endless.as_slice(), b"{\"message\":{\"con\n", b"<html>\n</html>\n"] {
        let events = read(stream);
        let [StreamEvent::Error(error)] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(error.class, ErrorClass::ServerError);
    }
    let cut = read(b"{\"message\":{\"content\":\"Bon\"},\"done\":false}\n{\"message\":{\"con");
    let Some(StreamEvent::Error(error)) = cut.last() else { panic!("{cut:?}") };
    assert_eq!((error.class, error.is_retryable), (ErrorClass::StreamTruncated, false));
}

#[test]
fn nothing_of_a_failure_is_said_as_it_came() {
    let key = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
    let events = read(format!("{{\"error\":\"bad key {key}\"}}\n").as_bytes());
    assert!(matches!(events.as_slice(), [StreamEvent::Error(error)] if error.is_retryable), "{events:?}");
    assert!(!format!("{events:?}").contains("FAKE"));
}
