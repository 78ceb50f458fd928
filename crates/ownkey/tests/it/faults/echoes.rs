//! An endpoint that repeats the key it was given.

use provider_sim::{Behaviour, Keys, Script};
use serde_json::json;
use testkit::{House, chat_body, eventually};

use super::SAYS;

/// Too short and too plain to be known for a key by its looks.
const SHORT_KEY: &str = "hunter-house";

#[tokio::test]
async fn a_short_key_is_never_repeated() {
    let house = House::start_scripted(Script { keys: Keys::Any, ..Script::says(SAYS) }).await;
    let ann = house.user("ann").await;
    let body = json!({
        "provider": "custom", "name": "My Server", "api_key": SHORT_KEY, "api_base": house.sim.base_url(),
    });
    let key = ann.client.post("/v2/credentials?check=sync", &body).await.expect(201).json();
    for echo in [SHORT_KEY.to_owned(), format!("no, incorrect API key, it is not {SHORT_KEY}, {}", "x ".repeat(490))] {
        house.sim.next(Behaviour::RefusesField(echo));
        let chat = chat_body("my-server/gpt-5-mini", "Hi", false);
        let answer = ann.client.post("/v1/chat/completions", &chat).await;
        assert!(answer.status.as_u16() >= 400 && !answer.text().contains("hunter"), "{}", answer.text());
    }
    let path = format!("/v2/credentials/{}", key["id"].as_str().unwrap());
    // The refusal suspends the key and starts a check, whose verdict stays.
    let checked = eventually("the key was checked again", std::time::Duration::from_secs(5), async || {
        let now = ann.client.get(&path).await.expect(200).json();
        (now["checked_at"] != key["checked_at"] && now["status"] == "valid").then_some(now)
    })
    .await;
    assert!(!checked.to_string().contains("hunter"), "{checked}");
}
