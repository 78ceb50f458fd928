//! What OpenAI's house has beside chats.

use http::Method;
use provider_sim::{Models, Script, Sim};
use serde_json::json;

use crate::client::{KEY, call, chunks, post};

async fn start() -> Sim {
    let script = Script { models: Models::Any, ..Script::says("One two three.") };
    Sim::start(script).await.expect("a port")
}

#[tokio::test]
async fn each_door_answers_in_its_own_shape() {
    let sim = start().await;
    for (path, pointer) in [
        ("completions", "/choices/0/text"),
        ("moderations", "/results/0/flagged"),
        ("rerank", "/results/0/index"),
        ("images/generations", "/data/0/b64_json"),
        ("audio/transcriptions", "/text"),
    ] {
        let body = json!({"model": "any", "input": "x", "prompt": "x", "query": "x"});
        let answer = post(&sim, &format!("/v1/{path}"), &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(answer.json().pointer(pointer).is_some(), "{path}: {}", answer.text());
    }
    let speech = post(&sim, "/v1/audio/speech", &json!({"model": "any", "input": "x"})).await;
    assert_eq!((speech.headers["content-type"].as_bytes(), speech.body.len()), (&b"audio/mpeg"[..], 4096));
}

#[tokio::test]
async fn streams_end_as_openais_do() {
    let sim = start().await;
    let body = json!({"model": "any", "prompt": "x", "stream": true, "stream_options": {"include_usage": true}});
    let text = post(&sim, "/v1/completions", &body).await.text();
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    assert!(chunks(&text).last().expect("a chunk")["usage"]["completion_tokens"].as_u64() > Some(0), "{text}");
    let body = json!({"model": "any", "input": "x", "stream_format": "sse"});
    let text = post(&sim, "/v1/audio/speech", &body).await.text();
    assert_eq!(chunks(&text).last().expect("an event")["type"], "speech.audio.done", "{text}");
}

#[tokio::test]
async fn what_names_no_model_is_refused() {
    let sim = start().await;
    for path in ["completions", "moderations", "audio/speech", "images/edits"] {
        assert_eq!(post(&sim, &format!("/v1/{path}"), &json!({})).await.status, 400, "{path}");
        let broken = call(&sim, Method::POST, &format!("/v1/{path}"), KEY, b"{".to_vec()).await;
        assert_eq!(broken.status, 400, "{path}");
    }
}
