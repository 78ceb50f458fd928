//! Calls that pass as they are: completions, audio, images, moderations, rerank.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod forms;

use std::time::Duration;

use http::Method;
use provider_sim::{Behaviour, KeyState, Models, Script};
use serde_json::{Value, json};
use testkit::{House, Options, Person, chat_body, eventually, next_bytes};

use crate::faults::row;

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const SECOND: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2";
const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

async fn house() -> House {
    let models = ["gpt-3.5-turbo-instruct", "omni-moderation-latest", "rerank-1", "gpt-image-1", "tts-1", "whisper-1"];
    let models = Models::Listed(models.map(str::to_owned).to_vec());
    let script = Script { models, ..Script::says("Hello from the scripted provider.") };
    House::start_with(Options { script, local_servers: true, ..Options::default() }).await
}

async fn ann_at(house: &House) -> Person {
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    ann
}

async fn last_row(house: &House, person: &Person) -> String {
    house.ledger_is_written().await;
    row(person.usage().await[0]["attempts"].as_array().unwrap().last().unwrap())
}

/// What the provider was sent last.
fn sent(house: &House) -> Value {
    serde_json::from_slice(&house.sim.log().last().unwrap().body).unwrap()
}

#[tokio::test]
async fn every_route_passes_with_the_providers_own_answer_and_a_row() {
    let house = house().await;
    let ann = ann_at(&house).await;
    for (path, body, shape, expected) in [
        (
            "completions",
            json!({"model": "openai/gpt-3.5-turbo-instruct", "prompt": "Once", "best_of": 2}),
            "/choices/0/text",
            "settled - provider 1+9 ",
        ),
        ("moderations", json!({"input": "Hello"}), "/results/0/flagged", "settled - provider ? free"),
        (
            "rerank",
            json!({"model": "rerank-1", "query": "cats", "documents": ["a", "b"]}),
            "/results/0/relevance_score",
            "settled - provider 1+0 unknown",
        ),
        (
            "images/generations",
            json!({"model": "gpt-image-1", "prompt": "A cat"}),
            "/data/0/b64_json",
            "settled - provider 2+9 unknown",
        ),
    ] {
        let answer = ann.client.post_owned(format!("/v1/{path}"), body.clone()).await.expect(200);
        assert!(answer.json().pointer(shape).is_some(), "{path}: {}", answer.text());
        assert_eq!(answer.header("x-ownkey-provider"), "openai", "{path}");
        assert_eq!(answer.header("x-ownkey-credential-scope"), "personal", "{path}");
        let row = last_row(&house, &ann).await;
        assert!(row.starts_with(expected), "{path}: {row}");
        let mut asked = body;
        asked["model"] = answer.header("x-ownkey-model").into();
        assert_eq!(sent(&house), asked, "only the model is rewritten");
    }
}

#[tokio::test]
async fn speech_comes_as_the_bytes_it_is() {
    let house = house().await;
    let ann = ann_at(&house).await;
    let body = json!({"model": "tts-1", "input": "Hello", "voice": "alloy"});
    let answer = ann.client.post("/v1/audio/speech", &body).await.expect(200);
    assert_eq!((answer.header("content-type"), answer.bytes.len()), ("audio/mpeg", 4096));
    assert_eq!(last_row(&house, &ann).await, "settled - unknown ? unknown");
}

#[tokio::test]
async fn a_stream_passes_as_it_comes_and_its_use_is_known() {
    let house = house().await;
    let ann = ann_at(&house).await;
    let body = json!({"model": "gpt-3.5-turbo-instruct", "prompt": "Once", "stream": true,
        "stream_options": {"include_usage": true}});
    let answer = ann.client.post("/v1/completions", &body).await.expect(200);
    assert!(answer.header("content-type").starts_with("text/event-stream"), "{:?}", answer.headers);
    assert!(answer.text().ends_with("data: [DONE]\n\n"), "{}", answer.text());
    assert!(last_row(&house, &ann).await.starts_with("settled - provider 1+9 "));
    let untold = json!({"model": "gpt-3.5-turbo-instruct", "prompt": "Once", "stream": true});
    ann.client.post("/v1/completions", &untold).await.expect(200);
    assert_eq!(last_row(&house, &ann).await, "settled - unknown ? unknown", "unknown is never zero");
}

#[tokio::test]
async fn an_error_before_the_first_event_has_a_status_and_one_after_it_is_an_event() {
    let house = house().await;
    let ann = ann_at(&house).await;
    let body = json!({"model": "gpt-3.5-turbo-instruct", "prompt": "Once", "stream": true});
    house.sim.next(Behaviour::CommentThenError);
    let answer = ann.client.post("/v1/completions", &body).await;
    assert!(answer.status.is_server_error(), "{}", answer.text());
    house.sim.next(Behaviour::ErrorMidStream { after_chunks: 2 });
    let answer = ann.client.post("/v1/completions", &body).await.expect(200);
    let last = answer.text().trim_end().rsplit("\n\n").next().unwrap().to_owned();
    let said: Value = serde_json::from_str(last.strip_prefix("data: ").unwrap()).unwrap();
    assert!(said["error"]["message"].as_str().unwrap().contains("in the middle of the answer"), "{said}");
    assert!(last_row(&house, &ann).await.starts_with("failed "));
}

#[tokio::test]
async fn bytes_that_end_early_end_early_for_the_client_too() {
    let house = house().await;
    let ann = ann_at(&house).await;
    house.sim.next(Behaviour::TruncatedStream { after_chunks: 1 });
    let body = json!({"model": "tts-1", "input": "Hello", "voice": "alloy"}).to_string().into_bytes();
    let whole = ann.client.try_send(Method::POST, "/v1/audio/speech", &JSON, body).await;
    assert!(whole.is_none(), "half a file must not look like a whole one");
    assert_eq!(last_row(&house, &ann).await, "failed stream_truncated unknown ? unknown");
}

#[tokio::test]
async fn the_next_key_passes_the_call_when_the_first_may_not() {
    let house = house().await;
    let ann = ann_at(&house).await;
    let second = ann.save_key("openai", SECOND).await;
    house.sim.key(KEY, KeyState::RateLimited { reset: Duration::from_secs(30) });
    let answer = ann.client.post("/v1/moderations", &json!({"input": "x"})).await.expect(200);
    assert_eq!(answer.header("x-ownkey-credential-id"), second["id"].as_str().unwrap());
    assert_eq!(answer.header("x-ownkey-attempts"), "2");
}

#[tokio::test]
async fn providers_that_have_nothing_there_are_named_with_those_that_have() {
    let house = House::start_with(Options { local_servers: true, ..Options::default() }).await;
    let ann = house.user("ann").await;
    ann.save_key("anthropic", "sk-ant-api03-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ01").await;
    ann.save_key("google", "AIzaFAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ01234").await;
    let calls = house.sim.log().len();
    for model in ["claude-haiku-4-5", "gemini-2.5-flash", "ollama/llama3.2:latest"] {
        let answer = ann.client.post("/v1/moderations", &json!({"model": model, "input": "x"})).await.expect(404);
        assert_eq!(answer.json()["error"]["code"], "endpoint_not_supported", "{model}");
        assert!(answer.text().contains("OpenAI, xAI"), "{}", answer.text());
    }
    assert_eq!(house.sim.log().len(), calls, "nobody was called");
}

#[tokio::test]
async fn what_cannot_be_passed_is_refused_before_anybody_is_called() {
    let house = house().await;
    let ann = ann_at(&house).await;
    let calls = house.sim.log().len();
    let post = async |path: &str, kind: &str, body: &[u8]| {
        ann.client.send(Method::POST, path, &[("content-type", kind)], body.to_vec()).await
    };
    for (path, kind, body, status) in [
        ("/v1/audio/speech", "text/plain", &b"{}"[..], 415),
        ("/v1/audio/speech", "application/x-www-form-urlencoded", b"model=tts-1", 415),
        ("/v1/audio/transcriptions", "multipart/form-data", b"", 415),
        ("/v1/audio/speech", "application/json", b"{\"input\":\"x\"}", 400),
        ("/v1/audio/speech", "application/json", b"{", 400),
        ("/v1/audio/speech", "application/json", b"{\"model\":\"a\",\"model\":\"tts-1\"}", 400),
        ("/v1/audio/..%2Ffiles", "application/json", b"{\"model\":\"tts-1\"}", 404),
        ("/v1/images/x%3Fy", "application/json", b"{\"model\":\"tts-1\"}", 404),
    ] {
        assert_eq!(post(path, kind, body).await.status.as_u16(), status, "{path} {kind}");
    }
    let big = vec![b' '; 32 * 1024 * 1024 + 1];
    assert_eq!(post("/v1/audio/speech", "application/json", &big).await.status.as_u16(), 413);
    let narrow = ann.gateway_client_with(&json!({"name": "narrow", "models": ["gpt-5-mini"]})).await;
    let answer = narrow.post("/v1/moderations", &json!({"input": "x"})).await.expect(403);
    assert_eq!(answer.json()["error"]["code"], "model_not_allowed", "also a model that nobody named");
    assert_eq!(house.sim.log().len(), calls, "nobody was called");
}

#[tokio::test]
async fn the_root_spellings_reach_the_same_handlers() {
    let house = house().await;
    let ann = ann_at(&house).await;
    for path in ["/moderations", "/v1/v1/moderations", "/v1/moderations/"] {
        ann.client.post(path, &json!({"input": "x"})).await.expect(200);
    }
    let speech = json!({"model": "tts-1", "input": "x", "voice": "alloy"});
    ann.client.post("/audio/speech", &speech).await.expect(200);
    ann.client.post("/completions", &json!({"model": "gpt-3.5-turbo-instruct", "prompt": "x"})).await.expect(200);
    ann.client.post("/chat/completions", &chat_body("none", "x", false)).await.expect(404);
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_upstream_call_and_nobody_knows_its_cost() {
    let house = house().await;
    let ann = ann_at(&house).await;
    house.sim.next(Behaviour::HangMidStream { after_chunks: 1 });
    let body = json!({"model": "tts-1", "input": "x", "voice": "alloy"}).to_string().into_bytes();
    let mut response = ann.client.open(Method::POST, "/v1/audio/speech", &JSON, body).await;
    next_bytes(&mut response).await.unwrap();
    drop(response);
    let found = eventually("the row is final", Duration::from_secs(2), async || {
        let attempt = ann.usage().await.first()?["attempts"][0].clone();
        (attempt["state"] != "dispatched").then(|| row(&attempt))
    })
    .await;
    assert_eq!(found, "aborted - unknown ? unknown");
}

#[tokio::test]
async fn a_key_that_a_provider_repeats_is_struck_out() {
    let house = house().await;
    let ann = ann_at(&house).await;
    let echo = json!({"error": {"message": format!("The key {KEY} may not."), "type": "invalid_request_error"}});
    house.sim.next(Behaviour::Says(400, echo.to_string()));
    let answer = ann.client.post("/v1/moderations", &json!({"input": "x"})).await.expect(400);
    assert!(!answer.text().contains("FAKE"), "{}", answer.text());
}

#[tokio::test]
async fn a_key_that_comes_with_the_call_pays_for_it() {
    let models = Models::Listed(vec!["omni-moderation-latest".to_owned()]);
    let script = Script { models, ..Script::says("Hello.") };
    let house = House::start_with(Options { script, request_keys_allowed: true, ..Options::default() }).await;
    let bob = house.user("bob").await;
    let headers = [JSON[0], ("x-ownkey-provider", "openai"), ("x-ownkey-provider-key", SECOND)];
    let body = json!({"input": "x"}).to_string().into_bytes();
    let answer = bob.client.send(Method::POST, "/v1/moderations", &headers, body).await.expect(200);
    assert_eq!(answer.header("x-ownkey-attempts"), "1");
    assert_eq!(house.sim.log().last().unwrap().authorization, Some(format!("Bearer {SECOND}")));
}
