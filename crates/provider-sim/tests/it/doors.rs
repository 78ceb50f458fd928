//! Who gets in, and what is refused in which words.

use std::time::Duration;

use http::Method;
use provider_sim::{KeyState, Keys, Models, Script, Sim};
use serde_json::{Value, json};

use crate::client::{KEY, ask, call, chat, get, post, start};
use crate::shape::{fixture_json, same_shape};

async fn check(sim: &Sim, path: &str, status: u16, code: &Value) {
    let answer = if path.ends_with("completions") { chat(sim, &ask("x")).await } else { get(sim, path).await };
    assert_eq!(answer.status, status, "{path}: {}", answer.text());
    assert_eq!(answer.json().pointer("/error/code").unwrap_or(&Value::Null), code, "{path}");
}

#[tokio::test]
async fn every_state_of_a_key_shows_where_it_shows_at_openai() {
    let sim = start().await;
    let reset = Duration::from_millis(120);
    let none = Value::Null;
    for (state, list, list_code, use_status, use_code) in [
        (KeyState::Valid, 200, none.clone(), 200, none.clone()),
        (KeyState::Invalid401, 401, json!("invalid_api_key"), 401, json!("invalid_api_key")),
        (KeyState::NoCredit429, 200, none.clone(), 429, json!("insufficient_quota")),
        (KeyState::RestrictedNoList403, 403, none.clone(), 200, none.clone()),
        (KeyState::RateLimited { reset }, 200, none.clone(), 429, json!("rate_limit_exceeded")),
        (KeyState::Blocked, 401, json!("account_deactivated"), 401, json!("account_deactivated")),
    ] {
        sim.key(KEY, state);
        check(&sim, "/v1/models", list, &list_code).await;
        check(&sim, "/v1/chat/completions", use_status, &use_code).await;
    }
}

#[tokio::test]
async fn error_bodies_have_the_shape_of_the_fixtures() {
    let sim = start().await;
    for (marker, fixture) in [
        ("401", "error-401-invalid-key.json"),
        ("404", "error-404-model.json"),
        ("429", "error-429-rate-limit.json"),
        ("no-credit", "error-429-no-credit.json"),
        ("500", "error-500.json"),
    ] {
        let answer = chat(&sim, &ask(&format!("[[sim:{marker}]] hi"))).await;
        same_shape(&answer.json(), &fixture_json(fixture));
    }
    sim.key(KEY, KeyState::RestrictedNoList403);
    same_shape(&get(&sim, "/v1/models").await.json(), &fixture_json("error-403-missing-scope.json"));
}

#[tokio::test]
async fn a_rate_limit_tells_the_wait_in_every_place() {
    let sim = start().await;
    sim.key(KEY, KeyState::RateLimited { reset: Duration::from_millis(120) });
    let headers = chat(&sim, &ask("x")).await.headers;
    assert_eq!(headers["retry-after"], "1");
    assert_eq!(headers["retry-after-ms"], "120");
    assert_eq!(headers["x-ratelimit-reset-requests"], "120ms");
}

#[tokio::test]
async fn bad_requests_are_refused_as_openai_does() {
    let sim = start().await;
    let path = "/v1/chat/completions";
    let broken = call(&sim, Method::POST, path, KEY, b"{\"model\":".to_vec()).await;
    assert_eq!(broken.status, 400);
    for (body, status, code) in [
        (json!({"model": "gpt-4o-mini"}), 400, json!("missing_required_parameter")),
        (json!({"messages": [{"role": "user", "content": "x"}]}), 400, json!("missing_required_parameter")),
        (json!({"model": "gpt-4o-mini", "messages": []}), 400, json!("invalid_value")),
        (json!({"model": "gpt-4o-mini", "messages": "x"}), 400, json!("invalid_type")),
        (json!({"model": "gpt-nope", "messages": [{"role": "user", "content": "x"}]}), 404, json!("model_not_found")),
    ] {
        let answer = post(&sim, path, &body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (status, &code), "{body}");
    }
    assert_eq!(get(&sim, path).await.status, 405);
    assert_eq!(get(&sim, path).await.headers["allow"], "POST");
    assert_eq!(get(&sim, "/v1/nope").await.status, 404);
    assert_eq!(call(&sim, Method::GET, "/v1/models", "", Vec::new()).await.status, 401);
}

#[tokio::test]
async fn other_providers_key_checks_are_answered_in_their_shapes() {
    let sim = start().await;
    same_shape(&get(&sim, "/v1/api-key").await.json(), &fixture_json("xai-api-key.response.json"));
    same_shape(&get(&sim, "/api/v1/key").await.json(), &fixture_json("openrouter-key.response.json"));
    same_shape(&get(&sim, "/api/v0/models").await.json(), &fixture_json("lmstudio-api-v0-models.response.json"));
    assert!(get(&sim, "/api/version").await.json()["version"].is_string());
    assert!(get(&sim, "/api/tags").await.json()["models"][0]["name"].is_string());
    assert!(get(&sim, "/v1/language-models").await.json()["models"][0]["id"].is_string());
    sim.key(KEY, KeyState::Invalid401);
    assert_eq!(get(&sim, "/v1/api-key").await.status, 400);
    assert_eq!(get(&sim, "/v1/key").await.status, 401);
    sim.key(KEY, KeyState::Blocked);
    assert_eq!(get(&sim, "/v1/api-key").await.json()["api_key_blocked"], true);
    sim.key(KEY, KeyState::NoCredit429);
    assert_eq!(get(&sim, "/v1/key").await.json()["data"]["limit_remaining"], 0.0);
}

#[tokio::test]
async fn scripts_choose_keys_and_models() {
    let listed = Script {
        keys: Keys::Listed(vec![("good".to_owned(), KeyState::Valid)]),
        models: Models::Listed(vec!["house-model".to_owned()]),
        ..Script::default()
    };
    let sim = Sim::start(listed).await.expect("a port");
    let path = "/v1/models";
    assert_eq!(call(&sim, Method::GET, path, "other", Vec::new()).await.status, 401);
    let list = call(&sim, Method::GET, path, "good", Vec::new()).await.json();
    assert_eq!(list["data"][0]["id"], "house-model");

    let demo = Sim::start(Script::demo()).await.expect("a port");
    assert_eq!(call(&demo, Method::GET, path, "sk-demo-invalid", Vec::new()).await.status, 401);
    assert_eq!(call(&demo, Method::GET, path, "sk-demo", Vec::new()).await.status, 200);
    let of_groq = call(&demo, Method::GET, "/openai/v1/models", "gsk_demo", Vec::new()).await.json();
    let ids: Vec<&str> = of_groq["data"].as_array().unwrap().iter().filter_map(|line| line["id"].as_str()).collect();
    assert!(ids.contains(&"llama-3.3-70b-versatile") && !ids.contains(&"gpt-6.1-terra"), "{ids:?}");
    let body = json!({"model": "llama-3.3-70b-versatile", "messages": [{"role": "user", "content": "x"}]});
    let path = "/openai/v1/chat/completions";
    assert_eq!(call(&demo, Method::POST, path, "gsk_demo", body.to_string().into_bytes()).await.status, 200);

    let open = Script { keys: Keys::NotNeeded, models: Models::Any, ..Script::default() };
    let open = Sim::start(open).await.expect("a port");
    let body = json!({"model": "llama3.2:latest", "messages": [{"role": "user", "content": "x"}]});
    let answer = call(&open, Method::POST, "/v1/chat/completions", "", body.to_string().into_bytes()).await;
    assert_eq!(answer.json()["model"], "llama3.2:latest");
}
