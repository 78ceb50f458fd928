//! What each provider's own failures come to: whether the next key is asked, for
//! how long the first one rests, and what the client hears.

use std::time::Duration;

use provider_sim::Behaviour;
use serde_json::json;
use testkit::{Answer, Client, House, chat_body, eventually};

use super::id;

/// Two keys of a provider, in the order in which they are asked.
async fn two_keys(house: &House, provider: &str, shape: &str) -> (Client, [String; 2]) {
    let ann = house.user("ann").await;
    let mut ids = Vec::new();
    for end in ["1", "2"] {
        ids.push(id(&ann.save_key(provider, &format!("{shape}{end}")).await).to_owned());
    }
    let [first, second] = ids.try_into().unwrap();
    (ann.client, [first, second])
}

const ANTHROPIC: &str = "sk-ant-api03-FAKE-key-for-tests-aBcDeFgHiJkLmNoPqRsTuVwXyZ0123-A";
const GOOGLE: &str = "AIzaSyFAKE_fake_FAKE_fake_FAKE_fake_FA";
const FIREWORKS: &str = "fw_FAKEaBcDeFgHiJkLmNoPq";

async fn chat(client: &Client, model: &str) -> Answer {
    client.post("/v1/chat/completions", &chat_body(model, "Hi", false)).await
}

fn paid_by(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    (answer.header("x-ownkey-credential-id").to_owned(), answer.header("x-ownkey-attempts").to_owned())
}

async fn rests_until(client: &Client, model: &str, key: &str, house: &House) -> Option<u64> {
    let told = client.get(&format!("/v2/resolve?model={model}")).await.expect(200).json();
    let candidates = told["candidates"].as_array().unwrap().clone();
    let candidate = candidates.iter().find(|candidate| candidate["credential_id"] == *key).unwrap();
    let until: domain::Timestamp = serde_json::from_value(candidate["cooling_until"].clone()).ok()?;
    Some(until.since(house.app.clock.now()).as_secs())
}

#[tokio::test]
async fn anthropics_529_is_its_own_overload_and_no_second_key_is_spent_on_it() {
    let house = House::start().await;
    let (client, [first, _]) = two_keys(&house, "anthropic", ANTHROPIC).await;
    house.sim.next(Behaviour::Status5xx(529));
    let answer = chat(&client, "claude-haiku-4-5").await.expect(503);
    assert_eq!(answer.json()["error"]["code"], "provider_overloaded");
    house.sim.next(Behaviour::Status5xx(529));
    let body = json!({"model": "claude-haiku-4-5", "max_tokens": 50, "messages": [{"role": "user", "content": "Hi"}]});
    let answer = client.post("/v1/messages", &body).await.expect(529);
    assert_eq!(answer.json()["error"]["type"], "overloaded_error");
    assert_eq!(paid_by(&chat(&client, "claude-haiku-4-5").await), (first, "1".to_owned()));
}

#[tokio::test]
async fn anthropics_rate_limit_hands_over_to_the_next_key() {
    let house = House::start().await;
    let (client, [first, second]) = two_keys(&house, "anthropic", ANTHROPIC).await;
    house.sim.next(Behaviour::Status429 { retry_after_s: 30 });
    assert_eq!(paid_by(&chat(&client, "claude-haiku-4-5").await), (second, "2".to_owned()));
    let rest = rests_until(&client, "claude-haiku-4-5", &first, &house).await.unwrap();
    assert!((20..=30).contains(&rest), "{rest}");
}

#[tokio::test]
async fn googles_minute_and_googles_day_are_limits_of_different_length() {
    let house = House::start().await;
    let (client, [first, second]) = two_keys(&house, "google", GOOGLE).await;
    house.sim.next(Behaviour::Status429 { retry_after_s: 20 });
    assert_eq!(paid_by(&chat(&client, "gemini-2.5-flash").await), (second.clone(), "2".to_owned()));
    let minute = rests_until(&client, "gemini-2.5-flash", &first, &house).await.unwrap();
    assert!(minute <= 20, "{minute}");
    house.sim.next(Behaviour::DayQuota);
    assert_eq!(paid_by(&chat(&client, "gemini-3.5-flash").await), (second, "2".to_owned()));
    let day = rests_until(&client, "gemini-3.5-flash", &first, &house).await.unwrap();
    let until_midnight = domain::cooling::until_googles_midnight(house.app.clock.now()).as_secs();
    assert!(day.abs_diff(until_midnight) <= 5, "{day} {until_midnight}");
}

#[tokio::test]
async fn fireworks_412_is_an_account_without_credit() {
    let house = House::start().await;
    let (client, [first, second]) = two_keys(&house, "fireworks", FIREWORKS).await;
    let listed = client.get("/v2/llm-models?is_active=true&provider=fireworks&limit=1").await.expect(200).json();
    let model = listed["data"][0]["model_id"].as_str().unwrap().to_owned();
    let body = r#"{"error":{"message":"Account is suspended, possibly due to reaching the monthly spending limit. Please go to https://fireworks.ai/account/billing for more information.","code":"PRECONDITION_FAILED"}}"#;
    house.sim.next(Behaviour::Says(412, body.to_owned()));
    assert_eq!(paid_by(&chat(&client, &model).await), (second, "2".to_owned()), "{model}");
    eventually("the key is known to have no credit", Duration::from_secs(5), async || {
        let key = client.get(&format!("/v2/credentials/{first}")).await.expect(200).json();
        (key["status"] == "no_credit").then_some(())
    })
    .await;
}

#[tokio::test]
async fn anthropics_empty_account_is_no_credit() {
    let house = House::start().await;
    let (client, [_, second]) = two_keys(&house, "anthropic", ANTHROPIC).await;
    house.sim.next(Behaviour::NoCredit);
    assert_eq!(paid_by(&chat(&client, "claude-haiku-4-5").await), (second, "2".to_owned()));
}
