//! Rates of gateway tokens: what is let through in a minute, and how the headers
//! and the refusal say it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shared;

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Client, House, chat_body};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";

/// A house at the beginning of a minute, and a client with a token of these rates.
async fn limited(rates: Value) -> (House, Client) {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    let mut body = json!({"name": "one"});
    body.as_object_mut().unwrap().extend(rates.as_object().unwrap().clone());
    let client = ann.gateway_client_with(&body).await;
    let of_minute = house.app.clock.now().as_micros().rem_euclid(60_000_000).unsigned_abs();
    house.pass(Duration::from_micros(60_000_000 - of_minute));
    (house, client)
}

async fn chat(client: &Client) -> testkit::Answer {
    client.post("/v1/chat/completions", &chat_body("gpt-5-mini", "Hi", false)).await
}

#[tokio::test]
async fn calls_beyond_the_rate_wait_for_the_next_minute_and_hear_whose_limit_it_is() {
    let (house, client) = limited(json!({"rate_limit": 2})).await;
    for remaining in ["1", "0"] {
        let answer = chat(&client).await.expect(200);
        assert_eq!(answer.header("x-ratelimit-limit-requests"), "2");
        assert_eq!(answer.header("x-ratelimit-remaining-requests"), remaining);
        assert!(answer.header("x-ratelimit-reset-requests").ends_with('s'));
        assert_eq!(answer.header("x-ratelimit-limit-tokens"), "");
    }
    let refused = chat(&client).await.expect(429);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(refused.header("x-ratelimit-remaining-requests"), "0");
    let told = refused.json()["error"].clone();
    assert_eq!((&told["type"], &told["code"]), (&json!("rate_limit_error"), &json!("rate_limited")));
    assert!(told["message"].as_str().unwrap().contains("The limit is Ownkey's, not the provider's"), "{told}");

    let body = json!({"model": "gpt-5-mini", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]});
    let refused = client.post("/v1/messages", &body).await.expect(429);
    assert_eq!(refused.json()["error"]["type"], "rate_limit_error");
    assert_eq!(refused.header("anthropic-ratelimit-requests-limit"), "2");
    assert_eq!(refused.header("anthropic-ratelimit-requests-remaining"), "0");
    assert!(refused.header("anthropic-ratelimit-requests-reset").ends_with(":00.000000Z"));
    assert_eq!(refused.header("x-ratelimit-limit-requests"), "");
    assert_eq!(house.sim.log().iter().filter(|call| call.model.is_some()).count(), 2, "nobody else is called");

    // What asks no model is not counted.
    client.get("/v1/models").await.expect(200);
    house.pass(Duration::from_secs(60));
    chat(&client).await.expect(200);
}

#[tokio::test]
async fn tokens_count_as_the_answer_says_and_another_token_counts_for_itself() {
    let (house, client) = limited(json!({"tokens_per_minute": 9})).await;
    let answer = chat(&client).await.expect(200);
    assert_eq!(answer.header("x-ratelimit-limit-tokens"), "9");
    house.ledger_is_written().await;
    let used = answer.json()["usage"]["total_tokens"].as_u64().unwrap();
    assert!(used > 9, "{used}");
    let refused = chat(&client).await.expect(429);
    assert_eq!(refused.header("x-ratelimit-remaining-tokens"), "0");
    let bob = house.user("bob").await;
    bob.save_key("openai", KEY).await;
    chat(&bob.gateway_client_with(&json!({"name": "two", "rate_limit": 1})).await).await.expect(200);
    chat(&client).await.expect(429);
    house.pass(Duration::from_secs(60));
    chat(&client).await.expect(200);
}
