//! Gateway tokens: never more than their maker, and not for longer than said.

use serde_json::json;
use testkit::{House, chat_body};

use super::{HOUR, MINUTE};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";

#[tokio::test]
async fn a_token_cannot_make_one_that_may_do_more() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let minter = ann.gateway_client_with(&json!({"name": "minter", "scopes": ["models", "manage:tokens"]})).await;
    for scope in ["manage:credentials", "read:usage", "read:audit", "metrics"] {
        let answer = minter.post("/v2/tokens", &json!({"name": "more", "scopes": ["models", scope]})).await;
        assert_eq!(answer.expect(403).json()["code"], "forbidden", "{scope}");
    }
    minter.post("/v2/tokens", &json!({"name": "none", "scopes": []})).await.expect(422);
    minter.post("/v2/tokens", &json!({"name": "as much", "scopes": ["models", "manage:tokens"]})).await.expect(201);
    let auditor = ann.gateway_client_with(&json!({"name": "audit", "scopes": ["read:audit"]})).await;
    auditor.get("/v2/audit-events").await.expect(403);
}

#[tokio::test]
async fn a_token_for_some_models_calls_and_gives_only_these() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    let scopes = json!(["models", "manage:tokens"]);
    let minter = json!({"name": "minter", "scopes": scopes, "models": ["gpt-5-mini"]});
    let minter = ann.gateway_client_with(&minter).await;
    let listed = minter.get("/v1/models").await.expect(200).json();
    let ids: Vec<_> = listed["data"].as_array().unwrap().iter().map(|model| model["id"].clone()).collect();
    assert_eq!(ids, ["gpt-5-mini"]);
    let call = async |model: &str| minter.post("/v1/chat/completions", &chat_body(model, "Hi", false)).await;
    call("gpt-5-mini").await.expect(200);
    let refused = call("gpt-5-nano").await;
    assert!([403, 404].contains(&refused.status.as_u16()), "{}", refused.text());
    let other = json!({"name": "other", "models": ["gpt-5-mini", "gpt-5-nano"]});
    minter.post("/v2/tokens", &other).await.expect(403);
    let heir = minter.post("/v2/tokens", &json!({"name": "heir"})).await.expect(201).json();
    assert_eq!(heir["models"], json!(["gpt-5-mini"]), "{heir}");
}

#[tokio::test]
async fn a_revoked_and_an_expired_token_are_unknown() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let made = ann.client.post("/v2/tokens", &json!({"name": "gone"})).await.expect(201).json();
    let gone = ann.client.with_token(made["token"].as_str().unwrap());
    gone.get("/v1/models").await.expect(200);
    ann.client.delete(&format!("/v2/tokens/{}", made["id"].as_str().unwrap())).await.expect(204);
    gone.get("/v1/models").await.expect(401);
    let at = house.app.clock.now().plus(HOUR).to_string();
    let short = ann.gateway_client_with(&json!({"name": "short", "expires_at": at})).await;
    house.pass(HOUR - MINUTE);
    short.get("/v1/models").await.expect(200);
    house.pass(2 * MINUTE);
    short.get("/v1/models").await.expect(401);
    ann.client.post("/v2/tokens", &json!({"name": "past", "expires_at": at})).await.expect(422);
}

#[tokio::test]
async fn a_token_is_shown_once() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let made = ann.client.post("/v2/tokens", &json!({"name": "once"})).await.expect(201).json();
    let text = made["token"].as_str().unwrap();
    let list = ann.client.get("/v2/tokens").await.expect(200).text();
    assert!(list.contains("once") && !list.contains(text), "{list}");
}
