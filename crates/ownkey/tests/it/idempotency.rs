//! `Idempotency-Key`: the same request sent twice does one thing.

use std::time::Duration;

use http::Method;
use serde_json::json;
use testkit::{Answer, Client, House, chat_body, eventually};

const JSON: (&str, &str) = ("content-type", "application/json");
const KEY: (&str, &str) = ("idempotency-key", "once-1");

async fn post(client: &Client, path: &str, headers: &[(&str, &str)], body: &serde_json::Value) -> Answer {
    client.send(Method::POST, path, headers, body.to_string().into_bytes()).await
}

#[tokio::test]
async fn a_repeated_create_makes_one_thing_and_shows_it_again_without_its_secret() {
    let house = House::start().await;
    let ann = house.user("ann").await.client;
    let body = json!({"name": "laptop"});
    let first = post(&ann, "/v2/tokens", &[JSON, KEY], &body).await.expect(201);
    let again = post(&ann, "/v2/tokens", &[JSON, KEY], &body).await.expect(200);
    assert_eq!(again.header("idempotent-replay"), "true");
    assert_eq!(again.json()["id"], first.json()["id"]);
    assert!(again.json().get("token").is_none(), "{}", again.text());
    assert_eq!(ann.get("/v2/tokens").await.json()["count"], 1);
    post(&ann, "/v2/tokens", &[JSON, KEY], &json!({"name": "another"})).await.expect(422);
}

#[tokio::test]
async fn a_refused_request_gives_its_key_back() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1").await;
    let body = chat_body("gpt-5-mini", "Hi", false);
    let wrong = [JSON, KEY, ("x-ownkey-policy", "whatever")];
    post(&ann.client, "/v1/chat/completions", &wrong, &body).await.expect(400);
    post(&ann.client, "/v1/chat/completions", &[JSON, KEY], &chat_body("no-such-model", "Hi", false)).await.expect(404);
    post(&ann.client, "/v1/chat/completions", &[JSON, KEY], &body).await.expect(200);
    let again = post(&ann.client, "/v1/chat/completions", &[JSON, KEY], &body).await.expect(409);
    assert_eq!(again.json()["error"]["code"], "already_done");
    assert_eq!(house.sim.bill().billed_calls, 1);
}

#[tokio::test]
async fn a_client_that_goes_away_may_send_the_same_call_again() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1").await;
    house.sim.next(provider_sim::Behaviour::HangBeforeHeaders);
    let body = chat_body("gpt-5-mini", "Hi", false);
    let client = ann.client.clone();
    let first = tokio::spawn({
        let body = body.clone();
        async move { post(&client, "/v1/chat/completions", &[JSON, KEY], &body).await }
    });
    house.sim.wait_for(|calls| calls.iter().any(|call| call.path.contains("chat"))).await.unwrap();
    first.abort();
    eventually("the same call is answered", Duration::from_secs(5), async || {
        let status = post(&ann.client, "/v1/chat/completions", &[JSON, KEY], &body).await.status.as_u16();
        (status == 200).then_some(())
    })
    .await;
}
