//! A whole answer for a client that asked for a stream: some servers answer so,
//! and a client that waits for events would see nothing.

use app::chat::AskedStream;
use bytes::Bytes;
use serde_json::{Value, json};

/// The answer as one event for each choice, the usage where it was asked for,
/// and the end mark. `None` when it is no answer.
pub(super) fn events(answer: &[u8], asked: AskedStream) -> Option<Bytes> {
    let mut whole: Value = serde_json::from_slice(answer).ok()?;
    let choices = whole.get_mut("choices")?.as_array_mut()?;
    for choice in choices.iter_mut() {
        let mut delta = choice.get_mut("message")?.take();
        if let Some(calls) = delta.get_mut("tool_calls").and_then(Value::as_array_mut) {
            for (index, call) in calls.iter_mut().enumerate() {
                call.as_object_mut()?.insert("index".into(), index.into());
            }
        }
        let members = choice.as_object_mut()?;
        members.remove("message");
        members.insert("delta".into(), delta);
    }
    let members = whole.as_object_mut()?;
    members.insert("object".into(), "chat.completion.chunk".into());
    let usage = members.remove("usage");
    let mut events = format!("data: {whole}\n\n");
    if let Some(usage) = usage.filter(|usage| asked.include_usage && usage.is_object()) {
        whole.as_object_mut()?.insert("choices".into(), json!([]));
        whole.as_object_mut()?.insert("usage".into(), usage);
        events.push_str(&format!("data: {whole}\n\n"));
    }
    events.push_str("data: [DONE]\n\n");
    Some(Bytes::from(events))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = br#"{"id":"a","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;

    #[test]
    fn a_whole_answer_becomes_one_event_and_the_end_mark() {
        let events = events(ANSWER, AskedStream { include_usage: false }).unwrap();
        let text = std::str::from_utf8(&events).unwrap();
        assert!(text.contains(r#""delta":{"content":"Hi","role":"assistant"}"#), "{text}");
        assert!(text.ends_with("data: [DONE]\n\n") && !text.contains("usage"), "{text}");
    }

    #[test]
    fn usage_comes_last_when_it_was_asked_for() {
        let events = events(ANSWER, AskedStream { include_usage: true }).unwrap();
        assert!(std::str::from_utf8(&events).unwrap().contains(r#""choices":[]"#));
    }

    #[test]
    fn what_is_no_answer_is_none() {
        let asked = AskedStream { include_usage: false };
        assert_eq!(events(b"[]", asked), None);
        assert_eq!(events(br#"{"choices":[{}]}"#, asked), None);
    }
}
