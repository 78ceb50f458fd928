//! What google-genai 3.4 for Python was seen to send.

use domain::ProviderId;
use domain::provider::WireName;
use llm::neutral::ResponseFormat;
use llm::wire::{self, count};
use serde_json::json;

use crate::gemini_clients::{at_openai, neutral, target, url};

/// A body, both spellings mixed.
fn captured(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/clients/google-genai/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn captured_bodies_are_read_whole() {
    let client = wire::of_client(WireName::Gemini).unwrap();
    for (name, extras) in [
        ("text", &["safetySettings"][..]),
        ("stream", &[]),
        ("tools-function", &[]),
        ("tools-history", &[]),
        ("search", &["tools.googleSearch"]),
        ("schema", &[]),
        ("json-schema", &[]),
        ("thinking", &[]),
        ("vision", &[]),
    ] {
        let body = captured(name);
        let request = client.read(&body, url(false, false)).unwrap();
        let prepared = client.prepare(&request, &bytes::Bytes::new(), &target(ProviderId::Google, "m"), false).unwrap();
        assert_eq!(prepared.body(), body, "{name}");
        let neutral = client.to_neutral(&request).unwrap();
        assert_eq!(neutral.extras.iter().map(|extra| extra.field.as_str()).collect::<Vec<_>>(), extras, "{name}");
        at_openai(&neutral, true).unwrap();
    }
}

#[test]
fn captured_bodies_mean_what_their_sender_meant() {
    let read = |name: &str| neutral(&serde_json::from_slice(&captured(name)).unwrap()).unwrap();
    let thinking = read("thinking");
    assert_eq!((thinking.reasoning_effort.as_deref(), thinking.thinking_tokens), (Some("high"), None));
    let history = read("tools-history");
    let schema = history.tools[0].parameters.as_ref().unwrap();
    assert_eq!(schema["properties"]["n"], json!({"type": "array", "items": {"type": "integer"}, "minItems": 1}));
    assert_eq!(history.tools.len(), 2);
    let ids: Vec<&str> = history.messages[1].calls().map(|call| call.id.as_str()).collect();
    assert_eq!(ids, ["call_0", "fc-2"]);
    let ResponseFormat::JsonSchema { schema, .. } = read("schema").response_format.unwrap() else { unreachable!() };
    assert_eq!(schema["properties"]["nick"]["type"], json!(["string", "null"]));
    assert_eq!(schema.get("property_ordering"), None);
    let pictures = read("vision");
    assert_eq!(llm::neutral::remote(&pictures, llm::neutral::Remote::All), ["https://example.org/a.png"]);
    assert_eq!(pictures.messages[0].parts.len(), 4);
}

#[test]
fn captured_questions_for_counts_and_vectors_are_read() {
    let body = captured("count");
    assert!(count::read(WireName::Gemini, &body, url(false, false)).unwrap().is_ok());
    for (name, texts) in [("embed", 1), ("embed-many", 2), ("embed2", 1)] {
        let (body, form) = (captured(name), llm::embeddings::Form::GeminiMany);
        let request = form.read(&body, url(false, false)).unwrap();
        assert_eq!(form.to_neutral(&request).unwrap().input.len(), texts, "{name}");
    }
}
