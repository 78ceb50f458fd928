//! A server of one's own that asks for no key: its row is looked after like any
//! other.

use provider_sim::{Keys, Script};
use serde_json::json;
use testkit::{House, chat_body};

use super::SAYS;

#[tokio::test]
async fn a_row_without_a_key_is_edited_switched_and_deleted() {
    let house = House::start_scripted(Script { keys: Keys::NotNeeded, ..Script::says(SAYS) }).await;
    let ann = house.user("ann").await;
    let body = json!({"provider": "custom", "name": "My Server", "api_base": house.sim.base_url()});
    let key = ann.client.post("/v2/credentials?check=sync", &body).await.expect(201).json();
    assert_eq!(key["status"], "valid");
    let path = format!("/v2/credentials/{}", key["id"].as_str().unwrap());

    let moved = house.sim.base_url().replace("/v1", "/openai/v1");
    let key = ann.client.patch(&format!("{path}?check=sync"), &json!({"api_base": moved})).await.expect(200).json();
    assert_eq!(json!([key["status"], key["api_base"]]), json!(["valid", moved]));
    ann.client.post("/v1/chat/completions", &chat_body("my-server/gpt-5-mini", "Hi", false)).await.expect(200);

    for (verb, is_active) in [("deactivate", false), ("activate", true)] {
        let key = ann.client.post(&format!("{path}/{verb}"), &json!({})).await.expect(200).json();
        assert_eq!(key["is_active"], is_active);
    }
    ann.client.delete(&format!("{path}?confirm=true")).await.expect(204);
    ann.client.get(&path).await.expect(404);
}
