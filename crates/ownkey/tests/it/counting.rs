//! Counting tokens: by the providers that do it for free, and estimated for the
//! others.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use provider_sim::{Behaviour, KeyState};
use serde_json::{Value, json};
use testkit::{Answer, House, Person};

use crate::faults::row;

const OPENAI: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const ANTHROPIC: &str = "sk-ant-api03-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ01";
const GOOGLE: &str = "AIzaFAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ01234";

async fn ann_with(house: &House, provider: &str, key: &str) -> Person {
    let ann = house.user("ann").await;
    ann.save_key(provider, key).await;
    ann
}

fn anthropic_body(model: &str) -> Value {
    json!({"model": model, "system": "Be brief.", "messages": [{"role": "user", "content": "How many tokens are these?"}]})
}

fn gemini_body() -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": "How many tokens are these?"}]}]})
}

async fn messages(person: &Person, model: &str) -> Answer {
    person.client.post("/v1/messages/count_tokens", &anthropic_body(model)).await
}

async fn count_tokens(person: &Person, model: &str) -> Answer {
    person.client.post_owned(format!("/v1beta/models/{model}:countTokens"), gemini_body()).await
}

async fn rows(house: &House, person: &Person) -> Vec<String> {
    house.ledger_is_written().await;
    let events = person.usage().await;
    events.iter().flat_map(|event| event["attempts"].as_array().unwrap().iter().map(row)).collect()
}

#[tokio::test]
async fn a_provider_that_counts_is_asked_and_its_row_costs_nothing() {
    for (provider, key, model) in [("anthropic", ANTHROPIC, "claude-haiku-4-5"), ("google", GOOGLE, "gemini-2.5-flash")]
    {
        let house = House::start().await;
        let ann = ann_with(&house, provider, key).await;
        let answer = messages(&ann, model).await.expect(200);
        assert!(answer.json()["input_tokens"].as_u64() > Some(0), "{}", answer.text());
        assert_eq!((answer.header("x-ownkey-provider"), answer.header("x-ownkey-estimated")), (provider, ""));
        assert_eq!(answer.header("x-ownkey-attempts"), "1");
        let answer = count_tokens(&ann, model).await.expect(200);
        assert!(answer.json()["totalTokens"].as_u64() > Some(0), "{}", answer.text());
        let free = "settled - provider ? free";
        assert_eq!(rows(&house, &ann).await, [free, free], "{provider}");
        assert_eq!(house.sim.bill().billed_calls, 0, "{provider}");
    }
}

#[tokio::test]
async fn where_nobody_counts_the_answer_says_that_it_is_an_estimate() {
    let house = House::start().await;
    let ann = ann_with(&house, "openai", OPENAI).await;
    let calls = house.sim.log().len();
    for answer in [messages(&ann, "gpt-5-mini").await, count_tokens(&ann, "gpt-5-mini").await] {
        let answer = answer.expect(200);
        let json = answer.json();
        assert!(json["input_tokens"].as_u64().or(json["totalTokens"].as_u64()) > Some(3), "{json}");
        assert_eq!(answer.header("x-ownkey-estimated"), "true");
        assert_eq!((answer.header("x-ownkey-provider"), answer.header("x-ownkey-model")), ("openai", "gpt-5-mini"));
        assert_eq!(answer.header("x-ownkey-credential-id"), "", "nobody paid");
    }
    assert_eq!(house.sim.log().len(), calls, "nobody was called");
    assert_eq!(ann.usage().await.len(), 0, "no call, no row");
}

#[tokio::test]
async fn a_picture_that_the_counter_cannot_fetch_makes_it_an_estimate() {
    let house = House::start().await;
    let ann = ann_with(&house, "google", GOOGLE).await;
    let picture = json!({"type": "image", "source": {"type": "url", "url": "https://example.org/cat.png"}});
    let content = json!([{"type": "text", "text": "What is this, and how many tokens?"}, picture]);
    let body = json!({"model": "gemini-2.5-flash", "messages": [{"role": "user", "content": content}]});
    let answer = ann.client.post("/v1/messages/count_tokens", &body).await.expect(200);
    assert_eq!(answer.header("x-ownkey-estimated"), "true");
}

#[tokio::test]
async fn counting_goes_through_keys_and_failures_like_any_call() {
    let house = House::start().await;
    let ann = ann_with(&house, "anthropic", ANTHROPIC).await;
    let second = ann.save_key("anthropic", "sk-ant-api03-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ02").await;
    house.sim.key(ANTHROPIC, KeyState::Invalid401);
    let answer = messages(&ann, "claude-haiku-4-5").await.expect(200);
    assert_eq!(answer.header("x-ownkey-credential-id"), second["id"].as_str().unwrap());
    assert_eq!(rows(&house, &ann).await, ["failed invalid_key provider ? free", "settled - provider ? free"]);
}

#[tokio::test]
async fn nobody_counts_for_those_who_may_not_call() {
    let house = House::start().await;
    let ann = ann_with(&house, "anthropic", ANTHROPIC).await;
    let narrow = ann.gateway_client_with(&json!({"name": "narrow", "models": ["gpt-5-mini"]})).await;
    let answer = narrow.post("/v1/messages/count_tokens", &anthropic_body("claude-haiku-4-5")).await.expect(403);
    assert_eq!(answer.json()["error"]["type"], "permission_error");
    let bob = house.user("bob").await;
    let answer = messages(&bob, "claude-haiku-4-5").await;
    assert_eq!(answer.status, 400, "no key of his: {}", answer.text());
    let answer = ann.client.post("/v1/messages/count_tokens", &json!({"model": "claude-haiku-4-5"})).await.expect(400);
    assert_eq!(answer.json()["error"]["type"], "invalid_request_error");
    house.sim.next(Behaviour::Answer(provider_sim::Reply::default()));
    let answer = messages(&ann, "no-such-model").await.expect(404);
    assert_eq!(answer.json()["error"]["type"], "not_found_error");
}
