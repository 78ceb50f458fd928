//! Right answers look as OpenAI's do.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use provider_sim::{Behaviour, Reply, Script, Sim};
use serde_json::{Value, json};

use crate::client::{ask, ask_stream, chat, chunks, get, post, start};
use crate::shape::{fixture, fixture_json, same_shape};

fn weather() -> Value {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    json!([{"type": "function", "function": {"name": "get_weather", "parameters": parameters}}])
}

#[tokio::test]
async fn a_plain_answer_has_the_shape_of_the_fixture() {
    let sim = start().await;
    let answer = chat(&sim, &ask("Say hello.")).await;
    assert_eq!(answer.status, 200);
    same_shape(&answer.json(), &fixture_json("text.response.json"));
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "Bonjour ! Ça va ? 👋");
    assert_eq!(answer.json()["model"], "gpt-4o-mini-2024-07-18");
    assert_eq!(answer.json()["usage"]["prompt_tokens"], 3);
    assert_eq!(answer.json()["usage"]["completion_tokens"], 5);
    assert!(answer.headers.contains_key("x-request-id"));
    assert!(answer.headers.contains_key("x-ratelimit-remaining-tokens"));
}

#[tokio::test]
async fn a_stream_is_the_fixture_with_other_names() {
    let sim = start().await;
    let answer = chat(&sim, &ask_stream("Say hello.")).await;
    assert!(answer.text().ends_with("data: [DONE]\n\n"));
    let (ours, theirs) = (answer.chunks(), chunks(&fixture("stream-text.sse")));
    for (place, chunk) in theirs.iter().enumerate() {
        let same = if place < 4 { place } else { ours.len() - (theirs.len() - place) };
        same_shape(&ours[same], chunk);
    }
    assert_eq!(answer.streamed_text(), "Bonjour ! Ça va ? 👋");
}

#[tokio::test]
async fn without_include_usage_no_chunk_mentions_usage() {
    let sim = start().await;
    let mut body = ask_stream("Say hello.");
    body["stream_options"] = json!({"include_obfuscation": false});
    let answer = chat(&sim, &body).await;
    let theirs = chunks(&fixture("stream-text-no-usage.sse"));
    same_shape(&answer.chunks()[0], &theirs[0]);
    same_shape(&answer.chunks()[1], &theirs[1]);
    assert!(!answer.text().contains("usage"));
}

#[tokio::test]
async fn a_required_tool_is_called_with_arguments_from_its_schema() {
    let sim = start().await;
    let mut body = ask("Weather in Paris?");
    body["tools"] = weather();
    body["tool_choice"] = json!("required");
    let plain = chat(&sim, &body).await.json();
    same_shape(&plain, &fixture_json("tools.response.json"));
    assert_eq!(plain["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], r#"{"city":"demo"}"#);
    assert_eq!(plain["choices"][0]["finish_reason"], "tool_calls");

    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true, "include_obfuscation": false});
    let (ours, theirs) = (chat(&sim, &body).await.chunks(), chunks(&fixture("stream-tools.sse")));
    for place in 0..3 {
        same_shape(&ours[place], &theirs[place]);
    }
}

#[tokio::test]
async fn a_marker_asks_for_a_tool_and_its_result_ends_the_loop() {
    let sim = Sim::start(Script::default()).await.expect("a port");
    let mut body = ask("[[sim:tool]] Weather in Paris?");
    body["tools"] = weather();
    assert_eq!(chat(&sim, &body).await.json()["choices"][0]["finish_reason"], "tool_calls");
    let result = json!({"role": "tool", "tool_call_id": "call_1", "content": "18 °C"});
    body["messages"].as_array_mut().expect("messages").push(result);
    let answer = chat(&sim, &body).await.json();
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert!(answer["choices"][0]["message"]["content"].as_str().expect("text").contains("18 °C"));
}

#[tokio::test]
async fn a_json_schema_is_fitted() {
    let sim = start().await;
    let mut body = ask("Give me a person.");
    let schema = json!({"type": "object", "$defs": {"kind": {"enum": ["a", "b"]}}, "properties": {
        "name": {"type": "string", "minLength": 6}, "age": {"type": ["null", "integer"], "minimum": 18},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/kind"}, "minItems": 2}}});
    body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "person", "schema": schema}});
    let answer = chat(&sim, &body).await.json();
    let content = answer["choices"][0]["message"]["content"].as_str().expect("text").to_owned();
    let person: Value = serde_json::from_str(&content).expect("JSON");
    assert_eq!(person, json!({"name": "demoxx", "age": 18, "tags": ["a", "a"]}));
}

#[tokio::test]
async fn a_token_limit_ends_with_length_and_a_stop_string_with_stop() {
    let sim = start().await;
    let mut body = ask("Say hello.");
    body["max_completion_tokens"] = json!(2);
    let answer = chat(&sim, &body).await.json();
    assert_eq!(answer["choices"][0]["message"]["content"], "Bonjour ");
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    assert_eq!(answer["usage"]["completion_tokens"], 2);
    body["stop"] = json!(["jour"]);
    let answer = chat(&sim, &body).await.json();
    assert_eq!(answer["choices"][0]["message"]["content"], "Bon");
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn several_choices_are_counted_together() {
    let sim = start().await;
    let mut body = ask_stream("Say hello.");
    body["n"] = json!(2);
    let chunks = chat(&sim, &body).await.chunks();
    assert_eq!(chunks[1]["choices"][0]["index"], 1);
    assert_eq!(chunks.last().expect("a chunk")["usage"]["completion_tokens"], 10);
}

#[tokio::test]
async fn the_demo_voice_says_what_it_is_and_repeats_the_question() {
    let sim = Sim::start(Script::default()).await.expect("a port");
    let parts = json!([{"type": "text", "text": "Write some code."}, {"type": "image_url", "image_url": {"url": "x"}}]);
    let body = json!({"model": "gpt-6-luna", "messages": [{"role": "user", "content": parts}]});
    let answer = chat(&sim, &body).await.json();
    let text = answer["choices"][0]["message"]["content"].as_str().expect("text");
    for part in ["built-in demo provider", "`gpt-6-luna`", "1 image ", "> Write some code.", "```rust\n"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

#[tokio::test]
async fn a_reply_can_be_cut_into_a_given_number_of_pieces() {
    let sim = start().await;
    sim.set_default(Behaviour::Answer(Reply { chunks: 3, ..Reply::says("abcdefgh") }));
    let answer = chat(&sim, &ask_stream("x")).await;
    let pieces = answer.chunks().iter().filter(|chunk| chunk["choices"][0]["delta"]["content"].is_string()).count();
    assert_eq!(pieces, 1 + 3);
    assert_eq!(answer.streamed_text(), "abcdefgh");
}

#[tokio::test]
async fn embeddings_are_deterministic_and_of_length_one() {
    let sim = start().await;
    let body = json!({"model": "text-embedding-3-small", "input": ["hello", "bonjour"], "dimensions": 4});
    let floats = post(&sim, "/v1/embeddings", &body).await.json();
    same_shape(&floats, &fixture_json("embeddings.response.json"));
    let numbers: Vec<f64> =
        floats["data"][0]["embedding"].as_array().expect("list").iter().filter_map(Value::as_f64).collect();
    assert!((numbers.iter().map(|n| n * n).sum::<f64>() - 1.0).abs() < 1e-5);
    let mut body = body;
    body["encoding_format"] = json!("base64");
    let coded = post(&sim, "/v1/embeddings", &body).await.json();
    let bytes = BASE64_STANDARD.decode(coded["data"][0]["embedding"].as_str().expect("text")).expect("base64");
    assert_eq!(bytes.len(), 16);
    let first = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    assert!((f64::from(first) - numbers[0]).abs() < 1e-6);
}

#[tokio::test]
async fn the_model_list_has_the_shape_of_the_fixture() {
    let sim = start().await;
    let list = get(&sim, "/v1/models").await.json();
    same_shape(&list, &fixture_json("models.response.json"));
    for id in ["gpt-6.1-terra", "gpt-6-luna", "gpt-5-mini", "gpt-4o-mini", "text-embedding-3-small"] {
        assert!(list["data"].as_array().expect("list").iter().any(|model| model["id"] == id), "{id} is missing");
    }
    assert_eq!(get(&sim, "/v1/models/gpt-4o-mini").await.json()["id"], "gpt-4o-mini");
    assert_eq!(get(&sim, "/v1/models/gpt-nope").await.json()["error"]["code"], "model_not_found");
}
