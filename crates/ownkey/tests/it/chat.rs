//! The call: from a saved key to a metered answer.

use serde_json::json;
use testkit::{House, chat_body};

#[tokio::test]
async fn a_saved_key_answers_a_chat_and_the_answer_says_who_paid() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1").await;
    assert_eq!(key["status"], "valid", "{key}");
    let client = ann.gateway_client().await;
    let answer = client.post("/v1/chat/completions", &chat_body("gpt-5-mini", "Hi", false)).await.expect(200);
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "Hello from the scripted provider.");
    assert_eq!(answer.header("x-ownkey-credential-id"), key["id"].as_str().unwrap());
    assert_eq!(answer.header("x-ownkey-credential-scope"), "personal");
    assert_eq!(answer.header("x-ownkey-attempts"), "1");
    house.ledger_is_written().await;
    let events = ann.usage().await;
    assert_eq!(events.len(), 1);
    let attempt = &events[0]["attempts"][0];
    assert_eq!(attempt["credential_id"], key["id"]);
    assert_eq!(json!([attempt["state"], attempt["usage_source"]]), json!(["settled", "provider"]));
    assert_eq!(attempt["client_cost"].to_string(), answer.header("x-ownkey-cost-usd"));
}

#[tokio::test]
async fn a_key_that_calls_used_is_deleted_only_after_a_second_word() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1").await;
    let door = format!("/v2/credentials/{}", key["id"].as_str().unwrap_or_default());
    ann.chat("Hi").await.expect(200);
    house.ledger_is_written().await;
    let refused = ann.client.delete(&door).await.expect(409).json();
    assert_eq!((refused["code"].as_str(), refused["impact"]["calls_30d"].as_i64()), (Some("key_in_use"), Some(1)));
    ann.client.get(&door).await.expect(200);
    ann.client.delete(&format!("{door}?confirm=true")).await.expect(204);
    ann.client.get(&door).await.expect(404);
}
