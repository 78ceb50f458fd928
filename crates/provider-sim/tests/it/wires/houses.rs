//! The houses that speak openai-chat: their errors, their lists, their dialects.

use std::time::Duration;

use http::Method;
use provider_sim::{KeyState, Models, Script, Sim};
use serde_json::{Value, json};

use crate::client::{KEY, ask, ask_stream, call, chunks, get, post, start};
use crate::shape::{fixture, fixture_json, same_shape, shape};

use super::{response, send};

#[tokio::test]
async fn each_house_refuses_in_its_own_words() {
    let sim = start().await;
    let reset = Duration::from_secs(7);
    for (base, state, status, pointer, words) in [
        ("/xai/v1", KeyState::Invalid401, 400, "/error", "Incorrect API key"),
        ("/xai/v1", KeyState::NoCredit429, 403, "/error", "credits"),
        ("/mistral/v1", KeyState::Invalid401, 401, "/detail", "Invalid API Key"),
        ("/mistral/v1", KeyState::RateLimited { reset }, 429, "/code", "1300"),
        ("/api/v1", KeyState::NoCredit429, 402, "/error/message", "Insufficient credits"),
        ("/openrouter/api/v1", KeyState::Invalid401, 401, "/error/message", "User not found"),
        ("/inference/v1", KeyState::NoCredit429, 412, "/error/message", "suspended"),
        ("/huggingface/v1", KeyState::NoCredit429, 402, "/error", "included credits"),
        ("/openai/v1", KeyState::Invalid401, 401, "/error/code", "invalid_api_key"),
        ("/v1", KeyState::Failing(503), 503, "/error/type", "service_unavailable"),
    ] {
        sim.key(KEY, state);
        let answer = post(&sim, &format!("{base}/chat/completions"), &ask("x")).await;
        let told = answer.json().pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        assert_eq!(answer.status, status, "{base}: {}", answer.text());
        assert!(told.contains(words), "{base}: {}", answer.text());
    }
}

#[tokio::test]
async fn mistral_refuses_unknown_fields_and_tells_usage_with_the_finish() {
    let sim = start().await;
    let path = "/mistral/v1/chat/completions";
    assert_eq!(post(&sim, path, &ask_stream("x")).await.status, 422, "stream_options is not in its schema");
    let mut body = ask("x");
    body["stream"] = json!(true);
    let chunks = post(&sim, path, &body).await.chunks();
    let last = chunks.last().expect("a chunk");
    assert_eq!(
        (&last["choices"][0]["finish_reason"], &last["usage"]["completion_tokens"]),
        (&json!("stop"), &json!(5))
    );
}

#[tokio::test]
async fn reasoning_stands_where_the_house_puts_it_and_is_counted_as_it_counts() {
    let sim = start().await;
    let body = ask("[[sim:think]] [[sim:cached:2]] Is 91 prime?");
    for (base, field) in [("/v1", None), ("/openai/v1", Some("reasoning")), ("/xai/v1", Some("reasoning_content"))] {
        let answer = post(&sim, &format!("{base}/chat/completions"), &body).await.json();
        let message = &answer["choices"][0]["message"];
        assert!(field.is_none_or(|field| message[field].is_string()), "{base}");
        let usage = &answer["usage"];
        assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 2);
        let [prompt, completion, total] =
            ["prompt_tokens", "completion_tokens", "total_tokens"].map(|name| usage[name].as_u64().expect("a count"));
        let reasoning = usage["completion_tokens_details"]["reasoning_tokens"].as_u64().expect("a count");
        let apart = if base.starts_with("/xai") { reasoning } else { 0 };
        assert!(reasoning > 0);
        assert_eq!(prompt + completion + apart, total, "{base}");
    }
}

#[tokio::test]
async fn mistral_thinks_among_its_parts_and_calls_come_whole() {
    let sim = start().await;
    let path = "/mistral/v1/chat/completions";
    let mut body = ask("[[sim:think]] Is 91 prime?");
    let content = post(&sim, path, &body).await.json()["choices"][0]["message"]["content"].clone();
    assert!(content[0]["thinking"][0]["text"].is_string() && content[1]["text"].is_string(), "{content}");
    body["stream"] = json!(true);
    let chunks = post(&sim, path, &body).await.chunks();
    assert!(chunks.iter().any(|chunk| chunk["choices"][0]["delta"]["content"][0]["type"] == "thinking"));
    let function = json!({"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}});
    body["messages"][0]["content"] = json!("[[sim:tool]]");
    body["tools"] = json!([{"type": "function", "function": function}]);
    let chunks = post(&sim, "/xai/v1/chat/completions", &body).await.chunks();
    let call = |chunk: &Value| chunk["choices"][0]["delta"]["tool_calls"][0]["function"].clone();
    let calls: Vec<Value> = chunks.iter().map(call).filter(|call| !call.is_null()).collect();
    assert_eq!(calls, [json!({"name": "f", "arguments": "{\"a\":\"demo\"}"})]);
}

#[tokio::test]
async fn azure_is_reached_by_deployment_or_by_model() {
    let sim = Sim::start(Script { models: Models::Any, ..Script::says("Bonjour ! Ça va ? 👋") }).await.expect("a port");
    let headers = [("api-key", "0123456789abcdef0123456789abcdef")];
    let classic = "/openai/deployments/my-gpt4o-mini/chat/completions?api-version=2024-10-21";
    let answer = send(&sim, Method::POST, classic, &headers, &ask("x")).await;
    assert_eq!(answer.json()["model"], "my-gpt4o-mini");
    assert!(answer.headers.contains_key("apim-request-id"));
    let newer = send(&sim, Method::POST, "/openai/v1/chat/completions", &headers, &ask_stream("x")).await;
    let (ours, theirs) = (chunks(&newer.text()), chunks(&fixture("azure/stream-text.sse")));
    assert_eq!(shape(&ours[0])[0], shape(&theirs[0])[0]);
    assert_eq!(ours[0]["choices"], json!([]));
    let list = send(&sim, Method::GET, "/openai/models?api-version=2024-10-21", &headers, &Value::Null).await.json();
    assert!(list["data"][0]["capabilities"]["chat_completion"].is_boolean());
    assert!(response("azure/models")["data"][0]["capabilities"]["chat_completion"].is_boolean());
    sim.key(headers[0].1, KeyState::Invalid401);
    let refused = send(&sim, Method::POST, classic, &headers, &ask("x")).await;
    same_shape(&refused.json(), &fixture_json("azure/error-401-invalid-key.json"));
    sim.key(headers[0].1, KeyState::RateLimited { reset: Duration::from_secs(7) });
    let limited = send(&sim, Method::POST, classic, &headers, &ask("x")).await;
    assert_eq!(
        (&limited.headers["retry-after"], &limited.headers["retry-after-ms"]),
        (&"7".parse().expect("a value"), &"7000".parse().expect("a value"))
    );
    same_shape(&limited.json(), &fixture_json("azure/error-429.json"));
}

#[tokio::test]
async fn lists_and_key_checks_have_the_houses_shape() {
    let sim = start().await;
    for (path, pointer) in [
        ("/mistral/v1/models", "/data/0/capabilities/completion_chat"),
        ("/api/v1/models", "/data/0/pricing/prompt"),
        ("/openai/v1/models", "/data/0/context_window"),
        ("/inference/v1/models", "/data/0/supports_chat"),
        ("/huggingface/v1/models", "/data/0/providers/0/status"),
        ("/huggingface/api/whoami-v2", "/auth/accessToken/fineGrained/global/0"),
        ("/lmstudio/api/v1/models", "/models/0/capabilities/vision"),
        ("/lmstudio/api/v0/models", "/data/0/loaded_context_length"),
        ("/ollama/v1/models", "/data/0/owned_by"),
    ] {
        let answer = get(&sim, path).await;
        assert!(answer.json().pointer(pointer).is_some(), "{path}: {}", answer.text());
    }
    sim.key(KEY, KeyState::Invalid401);
    assert_eq!(get(&sim, "/api/whoami-v2").await.status, 401);
    assert_eq!(call(&sim, Method::POST, "/nobody/v1/chat/completions", KEY, Vec::new()).await.status, 404);
}
