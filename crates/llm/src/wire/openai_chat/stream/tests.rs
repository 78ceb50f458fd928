//! Chunks that repeat one form are recognised by their bytes; they must say what
//! they say when each of them is walked.

use super::*;

/// A stream of these contents, as they stand between quotes. `is_varied`: no two
/// chunks have the same form, so that each is walked.
fn stream(contents: &[&str], is_varied: bool) -> Vec<u8> {
    let mut out = String::new();
    for (number, content) in contents.iter().enumerate() {
        let created = if is_varied { number } else { 0 };
        out += &format!(
            "data: {{\"id\":\"a\",\"created\":{created},\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":\
             {{\"content\":\"{content}\"}},\"finish_reason\":null}}],\"obfuscation\":\"x{content}\"}}\n\n"
        );
    }
    out += "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    out.into_bytes()
}

fn told(provider: ProviderId, bytes: &[u8]) -> Vec<StreamEvent> {
    let mut decoder = Decoder::new(provider);
    let mut events = decoder.push(bytes);
    events.extend(decoder.finish());
    events
}

#[test]
fn a_chunk_that_is_recognised_says_what_it_says_walked() {
    let contents =
        ["a", "b", "", "c\\\"\\\\", "\\n", "é", "\\ud83d", "\\ude00", "x\\ud83d", "y", "<think>", "\\u0041", "\\ud83d"];
    for provider in [ProviderId::OpenAi, ProviderId::Custom] {
        let walked = told(provider, &stream(&contents, true));
        assert_eq!(told(provider, &stream(&contents, false)), walked);
        let text: String = walked
            .iter()
            .filter_map(|event| if let StreamEvent::Delta { text } = event { Some(text.as_str()) } else { None })
            .collect();
        assert_eq!(text, "abc\"\\\né😀x\u{fffd}y<think>A\u{fffd}");
    }
}

#[test]
fn another_choice_is_not_taken_for_the_first() {
    let chunk = |index: u8| {
        format!(
            "data: {{\"model\":\"m\",\"choices\":[{{\"index\":{index},\"delta\":{{\"content\":\"{index}\"}}}}]}}\n\n"
        )
    };
    let bytes: String = [0, 0, 1, 1, 0, 1, 0].map(chunk).concat();
    let events = told(ProviderId::OpenAi, bytes.as_bytes());
    let deltas = events.iter().filter(|event| **event == StreamEvent::Delta { text: "0".to_owned() }).count();
    assert_eq!((deltas, events.len()), (4, 5));
}

#[test]
fn an_error_in_the_same_form_is_an_error() {
    let mut bytes = stream(&["a", "b"], false);
    bytes.truncate(bytes.len() - "data: [DONE]\n\n".len());
    let head = String::from_utf8(stream(&["c"], false)).unwrap();
    let chunk = head.split("\n\n").next().unwrap();
    bytes.extend_from_slice(format!("{chunk}\nevent: error\n\n").as_bytes());
    assert!(matches!(told(ProviderId::OpenAi, &bytes).last(), Some(StreamEvent::Error(_))));
}
