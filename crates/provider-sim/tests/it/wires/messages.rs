//! anthropic-messages.

use std::time::Duration;

use http::Method;
use provider_sim::{Behaviour, KeyState, Sim};
use serde_json::{Value, json};

use crate::client::{Answer, start};
use crate::shape::{fixture, fixture_json, same_shape, shape};

use super::{kinds, request, response, send, weather_schema};

const KEY: &str = "sk-ant-api03-FAKE-key-for-tests-AA";
const HEADERS: [(&str, &str); 2] = [("x-api-key", KEY), ("anthropic-version", "2023-06-01")];

async fn post(sim: &Sim, body: &Value) -> Answer {
    send(sim, Method::POST, "/v1/messages", &HEADERS, body).await
}

fn ask(question: &str) -> Value {
    json!({"model": "claude-haiku-4-5", "max_tokens": 256, "messages": [{"role": "user", "content": question}]})
}

fn with_tool(question: &str) -> Value {
    let mut body = ask(question);
    body["tools"] = json!([{"name": "get_weather", "input_schema": weather_schema()}]);
    body
}

#[tokio::test]
async fn a_message_has_the_shape_of_the_fixture() {
    let sim = start().await;
    let answer = post(&sim, &request("anthropic/text")).await;
    same_shape(&answer.json(), &response("anthropic/text"));
    assert_eq!(answer.json()["content"][0]["text"], "Bonjour ! Ça va ? 👋");
    assert_eq!(answer.json()["model"], "claude-haiku-4-5-20251001");
    assert!(answer.headers.contains_key("request-id"));
    assert_eq!(sim.bill().completion, 5);
}

#[tokio::test]
async fn every_request_fixture_is_accepted() {
    let sim = start().await;
    for name in ["text", "tools", "vision", "json-schema", "reasoning", "reasoning-budget", "tool-result", "cache"] {
        let answer = post(&sim, &request(&format!("anthropic/{name}"))).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_stream_has_the_events_of_the_fixture() {
    let sim = start().await;
    let mut body = ask("Say hello.");
    body["stream"] = json!(true);
    let ours = post(&sim, &body).await.text();
    assert_eq!(kinds(&ours), kinds(&fixture("anthropic/stream-text.sse")));
    assert!(ours.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
}

#[tokio::test]
async fn thinking_comes_with_a_signature_and_is_checked_when_it_comes_back() {
    let sim = start().await;
    let mut body = with_tool("[[sim:tool:2]] Weather?");
    body["model"] = json!("claude-sonnet-5-5");
    body["thinking"] = json!({"type": "adaptive", "display": "summarized"});
    let mut streamed = body.clone();
    streamed["stream"] = json!(true);
    let ours = post(&sim, &streamed).await.text();
    for kind in kinds(&fixture("anthropic/stream-thinking-tools.sse")) {
        assert!(kinds(&ours).contains(&kind), "{kind} is missing in {ours}");
    }
    let answer = post(&sim, &body).await.json();
    assert_eq!(answer["stop_reason"], "tool_use");
    let content = answer["content"].clone();
    let results: Vec<Value> = [1, 2]
        .map(|place| json!({"type": "tool_result", "tool_use_id": content[place]["id"], "content": "18 °C"}))
        .to_vec();
    let history = |content: Value| {
        let mut next = body.clone();
        next["messages"] = json!([body["messages"][0], {"role": "assistant", "content": content},
            {"role": "user", "content": results}]);
        next
    };
    let right = post(&sim, &history(content.clone())).await;
    assert_eq!(right.status, 200, "{}", right.text());
    let mut touched = content.clone();
    touched[0]["thinking"] = json!("something else");
    let wrong = post(&sim, &history(touched)).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().contains("Invalid `signature`"));
}

#[tokio::test]
async fn a_thinking_budget_wants_the_thinking_of_the_call_back() {
    let sim = start().await;
    let mut body = with_tool("Weather?");
    body["max_tokens"] = json!(4096);
    body["thinking"] = json!({"type": "enabled", "budget_tokens": 2048});
    body["messages"] = json!([{"role": "user", "content": "x"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "get_weather", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "18"}]}]);
    let answer = post(&sim, &body).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("Expected `thinking`"));
}

#[tokio::test]
async fn requests_are_checked_as_anthropic_checks_them() {
    let sim = start().await;
    let with = |field: &str, value: Value| {
        let mut body = ask("x");
        body[field] = value;
        body
    };
    let mut no_limit = ask("x");
    no_limit.as_object_mut().expect("an object").remove("max_tokens");
    let mut opus = with("temperature", json!(0.5));
    opus["model"] = json!("claude-opus-4-7");
    let orphan = json!([{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "x"}]}]);
    for (body, words) in [
        (no_limit, "max_tokens: Field required"),
        (opus, "temperature is not supported"),
        (with("n", json!(2)), "n: Extra inputs"),
        (with("messages", json!([{"role": "assistant", "content": "x"}])), "first message"),
        (with("messages", orphan), "unexpected `tool_use_id`"),
        (with("tools", json!([{"type": "function", "function": {"name": "x"}}])), "Extra inputs"),
        (with("stop_sequences", json!([" "])), "non-whitespace"),
    ] {
        let answer = post(&sim, &body).await;
        assert_eq!(answer.status, 400, "{words}: {}", answer.text());
        assert_eq!(answer.json()["error"]["type"], "invalid_request_error");
        assert!(answer.text().contains(words), "{words} is missing in {}", answer.text());
    }
    let bare = send(&sim, Method::POST, "/v1/messages", &HEADERS[..1], &ask("x")).await;
    assert!(bare.text().contains("anthropic-version"));
}

#[tokio::test]
async fn the_newest_models_take_instructions_between_the_turns() {
    let sim = start().await;
    for (model, status) in [("claude-sonnet-5-5", 200), ("claude-opus-4-7", 400)] {
        let mut body = ask("hi");
        body["model"] = json!(model);
        let instruction = json!({"role": "system", "content": [{"type": "text", "text": "Be brief."}]});
        body["messages"].as_array_mut().expect("messages").push(instruction);
        let answer = post(&sim, &body).await;
        assert_eq!(answer.status, status, "{model}: {}", answer.text());
    }
}

#[tokio::test]
async fn errors_and_keys_are_told_as_anthropic_tells_them() {
    let sim = start().await;
    for (marker, status, fixture) in [
        ("401", 401, "error-401-invalid-key.json"),
        ("404", 404, "error-404-model.json"),
        ("429:12", 429, "error-429-rate-limit.json"),
        ("529", 529, "error-529-overloaded.json"),
        ("too-long", 400, "error-400-context-length.json"),
    ] {
        let answer = post(&sim, &ask(&format!("[[sim:{marker}]]"))).await;
        assert_eq!(answer.status, status, "{marker}");
        let theirs = fixture_json(&format!("anthropic/{fixture}"));
        same_shape(&answer.json(), &theirs);
        assert_eq!(answer.json()["error"]["type"], theirs["error"]["type"]);
    }
    sim.key(KEY, KeyState::RateLimited { reset: Duration::from_secs(12) });
    assert_eq!(post(&sim, &ask("x")).await.headers["retry-after"], "12");
    sim.key(KEY, KeyState::NoCredit429);
    let poor = post(&sim, &ask("x")).await;
    assert_eq!(poor.status, 400);
    assert!(poor.text().contains("credit balance is too low"));
    let nobody = send(&sim, Method::POST, "/v1/messages", &HEADERS[1..], &ask("x")).await;
    assert_eq!(nobody.status, 401);
}

#[tokio::test]
async fn counting_is_free_and_models_come_in_pages() {
    let sim = start().await;
    let count = send(&sim, Method::POST, "/v1/messages/count_tokens", &HEADERS, &ask("Say hello.")).await;
    same_shape(&count.json(), &response("anthropic/count-tokens"));
    assert_eq!(sim.bill().billed_calls, 0);
    let first = send(&sim, Method::GET, "/v1/models?limit=4", &HEADERS, &Value::Null).await.json();
    assert_eq!((first["data"].as_array().map(Vec::len), &first["has_more"]), (Some(4), &json!(true)));
    let path = format!("/v1/models?limit=4&after_id={}", first["last_id"].as_str().expect("an id"));
    let second = send(&sim, Method::GET, &path, &HEADERS, &Value::Null).await.json();
    assert_eq!((second["data"].as_array().map(Vec::len), &second["has_more"]), (Some(2), &json!(false)));
    let one = send(&sim, Method::GET, "/anthropic/v1/models/claude-haiku-4-5", &HEADERS, &Value::Null).await.json();
    assert_eq!(shape(&one), shape(&first["data"][0]));
}

#[tokio::test]
async fn faults_are_framed_in_this_wires_way() {
    let sim = start().await;
    let mut body = ask("Say hello.");
    body["stream"] = json!(true);
    sim.next(Behaviour::ErrorMidStream { after_chunks: 1 });
    let error = post(&sim, &body).await.text();
    assert!(error.ends_with("\"request_id\":\"req_011CSimSimSimSimSimSimSi\",\"type\":\"error\"}\n\n"), "{error}");
    sim.next(Behaviour::TruncatedStream { after_chunks: 2 });
    assert!(!post(&sim, &body).await.whole);
    sim.next(Behaviour::InvalidUtf8);
    assert!(String::from_utf8(post(&sim, &body).await.body).is_err());
    sim.next(Behaviour::WrongContentType("text/html".to_owned()));
    assert_eq!(post(&sim, &body).await.headers["content-type"], "text/html");
}
