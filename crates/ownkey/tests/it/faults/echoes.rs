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

#[tokio::test]
async fn whatever_the_status_a_key_in_the_providers_words_goes_no_further() {
    let key = "sk-proj-REPEATEDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", key).await;
    let client = ann.gateway_client().await;
    let words = format!("You sent {key}.");
    let envelope = json!({"error": {"message": words, "type": words, "param": words, "code": words}}).to_string();
    let statuses = [200, 400, 403, 404, 413, 422, 429, 500, 503, 401];
    for status in statuses {
        for (body, stream) in [(&envelope, false), (&envelope, true), (&words, false)] {
            // A key that was refused rests; a while later it is called again.
            house.pass(std::time::Duration::from_secs(660));
            house.sim.next(Behaviour::Says(status, body.clone()));
            let answer = client.post("/v1/chat/completions", &chat_body("gpt-5-mini", "Hi", stream)).await;
            let said = format!("{:?} {}", answer.headers, answer.text());
            assert!(!said.contains("REPEATED") && answer.status.as_u16() != 401, "{status}: {said}");
        }
    }
    let log = house.sim.log();
    let was_answered = |status: &u16| log.iter().any(|call| call.model.is_some() && call.status == Some(*status));
    assert!(statuses.iter().all(was_answered), "some refusal never came");
}
