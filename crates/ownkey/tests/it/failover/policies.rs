//! `strict`, `chain`, `cross`: whose word on it counts, and whose key then pays.

use std::time::Duration;

use domain::resolve::Fallback;
use provider_sim::KeyState;
use serde_json::{Value, json};
use testkit::{House, Options, Person, eventually};

use super::{FIRST, SECOND, chat_with, id, paid, save_system_key, shown};

const CROSS: [(&str, &str); 1] = [("x-ownkey-policy", "cross")];

/// A server that allows this much, its own key, and Ann with one of hers.
async fn house_that_allows(policy: Fallback) -> (House, Person, Value) {
    let house = House::start_with(Options { policy, ..Options::default() }).await;
    let root = house.admin("root").await;
    let system = save_system_key(&root).await;
    let ann = house.user("ann").await;
    ann.save_key("openai", FIRST).await;
    (house, ann, system)
}

async fn prefer(ann: &Person, fallback: Value) -> Value {
    let edit = json!({"preferences": {"fallback": fallback}});
    ann.client.patch("/v2/users/me", &edit).await.expect(200).json()["preferences"]["fallback"].clone()
}

#[tokio::test]
async fn where_it_is_allowed_a_call_may_leave_a_scope_whose_keys_failed() {
    let (house, ann, system) = house_that_allows(Fallback::Cross).await;
    house.sim.key(FIRST, KeyState::NoCredit429);
    chat_with(&ann.client, &[]).await.expect(502);
    let answer = chat_with(&ann.client, &CROSS).await;
    assert_eq!(paid(&answer), (id(&system).to_owned(), "system".to_owned(), "2".to_owned()));
    assert_eq!(shown(&house), ["key1", "key1", "syst"]);
    house.ledger_is_written().await;
    let scopes: Vec<_> =
        ann.usage().await[0]["attempts"].as_array().unwrap().iter().map(|a| a["credential_scope"].clone()).collect();
    assert_eq!(scopes, [json!("personal"), json!("system")]);
}

#[tokio::test]
async fn a_scope_is_left_only_after_all_its_keys() {
    let (house, ann, system) = house_that_allows(Fallback::Cross).await;
    ann.save_key("openai", SECOND).await;
    paid(&chat_with(&ann.client, &CROSS).await);
    house.sim.key(FIRST, KeyState::RateLimited { reset: Duration::from_secs(30) });
    house.sim.key(SECOND, KeyState::Invalid401);
    assert_eq!(
        paid(&chat_with(&ann.client, &CROSS).await),
        (id(&system).to_owned(), "system".to_owned(), "3".to_owned())
    );
    assert_eq!(shown(&house), ["key1", "key1", "key2", "syst"]);
    eventually("nothing of hers is left to try", Duration::from_secs(5), async || {
        let explained = ann.client.get("/v2/resolve?model=gpt-5-mini&policy=cross").await.expect(200).json();
        (json!([explained["policy"], explained["chosen"]["scope"]]) == json!(["cross", "system"])).then_some(())
    })
    .await;
    assert_eq!(paid(&chat_with(&ann.client, &CROSS).await).2, "1");
    let refused = ann.chat("Hi").await.expect(502);
    assert!(refused.text().contains("“OpenAI” (…key2)"), "{}", refused.text());
}

#[tokio::test]
async fn a_request_that_asks_for_cross_in_vain_is_told_whose_word_is_stricter() {
    let (house, ann, _) = house_that_allows(Fallback::Chain).await;
    let answer = chat_with(&ann.client, &CROSS).await.expect(403);
    assert_eq!(answer.json()["error"]["code"], "forbidden");
    assert!(answer.text().contains("OWNKEY_POLICY=cross"), "{}", answer.text());
    ann.client.get("/v2/resolve?model=gpt-5-mini&policy=cross").await.expect(403);
    let (open, bob, _) = house_that_allows(Fallback::Cross).await;
    assert_eq!(prefer(&bob, json!("chain")).await, "chain");
    assert!(chat_with(&bob.client, &CROSS).await.expect(403).text().contains("preference"));
    assert_eq!(prefer(&bob, Value::Null).await, Value::Null);
    paid(&chat_with(&bob.client, &CROSS).await);
    let strict = bob.gateway_client_with(&json!({"name": "strict", "policy": "strict"})).await;
    assert!(chat_with(&strict, &CROSS).await.expect(403).text().contains("token"));
    assert_eq!((shown(&house).len(), shown(&open).len()), (0, 1));
}

#[tokio::test]
async fn a_preference_beyond_what_the_server_allows_is_cut_to_it() {
    let (house, ann, _) = house_that_allows(Fallback::Chain).await;
    house.sim.key(FIRST, KeyState::NoCredit429);
    assert_eq!(prefer(&ann, json!("cross")).await, "cross");
    ann.chat("Hi").await.expect(502);
    let explained = ann.client.get("/v2/resolve?model=gpt-5-mini").await.expect(200).json();
    assert_eq!(explained["policy"], "chain");
    let (strict, bob, _) = house_that_allows(Fallback::Strict).await;
    let explained = bob.client.get("/v2/resolve?model=gpt-5-mini&policy=chain").await.expect(200).json();
    assert_eq!(explained["policy"], "strict");
    drop(strict);
}

#[tokio::test]
async fn a_users_or_a_tokens_cross_counts_without_a_header() {
    let (house, ann, _) = house_that_allows(Fallback::Cross).await;
    house.sim.key(FIRST, KeyState::NoCredit429);
    let token = ann.gateway_client_with(&json!({"name": "far", "policy": "cross"})).await;
    assert_eq!(paid(&chat_with(&token, &[]).await).1, "system");
    chat_with(&token, &[("x-ownkey-policy", "chain")]).await.expect(502);
    chat_with(&ann.gateway_client().await, &[]).await.expect(502);
    prefer(&ann, json!("cross")).await;
    assert_eq!(paid(&ann.chat("Hi").await).1, "system");
}

#[tokio::test]
async fn a_token_never_gives_a_laxer_policy_than_its_own() {
    let (_house, ann, _) = house_that_allows(Fallback::Cross).await;
    let scopes = json!(["models", "manage:tokens"]);
    let chain = ann.gateway_client_with(&json!({"name": "c", "scopes": scopes, "policy": "chain"})).await;
    let laxer = chain.post("/v2/tokens", &json!({"name": "laxer", "policy": "cross"})).await.expect(403);
    assert_eq!(laxer.json()["errors"][0]["field"], "policy");
    assert_eq!(chain.post("/v2/tokens", &json!({"name": "same"})).await.expect(201).json()["policy"], "chain");
    let stricter = chain.post("/v2/tokens", &json!({"name": "stricter", "policy": "strict"})).await.expect(201);
    assert_eq!(stricter.json()["policy"], "strict");
    chain.post("/v2/tokens", &json!({"name": "x", "policy": "lax"})).await.expect(422);
    let list = ann.client.get("/v2/tokens").await.expect(200).json();
    assert_eq!(list["count"], 3, "{list}");
}
