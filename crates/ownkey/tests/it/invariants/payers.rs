//! Invariant 5: Personal, then organization, then system, then the environment. Absence
//! falls through; failure never does. Every answer names who paid.

use app::environment::FoundKey;
use domain::{ProviderId, Secret};
use provider_sim::{Behaviour, KeyState, Script};
use serde_json::{Value, json};
use testkit::{Answer, House, Options, Person, chat_body, eventually};

use super::{KEY, OTHER_KEY, calls, id};

const SYSTEM_KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789syst";
const ENVIRONMENT_KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789envi";

/// A house with an environment key and a system key, and Ann with one of hers.
async fn ladder() -> (House, Person, Value, Value) {
    let found = FoundKey {
        provider: ProviderId::OpenAi,
        variable: "OPENAI_API_KEY".to_owned(),
        secret: Secret::new(ENVIRONMENT_KEY.to_owned()),
        masked: "sk-proj-…envi".to_owned(),
    };
    let house = House::start_with(Options { environment_keys: vec![found], ..Options::default() }).await;
    let ann = house.admin("ann").await;
    let body = json!({"provider": "openai", "api_key": SYSTEM_KEY, "scope": "system", "name": "The house's"});
    let system = ann.client.post("/v2/credentials?check=sync", &body).await.expect(201).json();
    let personal = ann.save_key("openai", KEY).await;
    (house, ann, personal, system)
}

async fn switch(ann: &Person, key: &Value, to: &str) {
    ann.client.post(&format!("/v2/credentials/{}/{to}", id(key)), &json!({})).await.expect(200);
}

/// The key that the provider was shown last.
fn shown(house: &House) -> String {
    house.sim.log().last().unwrap().authorization.clone().unwrap().replace("Bearer ", "")
}

fn payer(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    (answer.header("x-ownkey-credential-id").to_owned(), answer.header("x-ownkey-credential-scope").to_owned())
}

async fn why_not(ann: &Person, key: &Value) -> Value {
    let explained = ann.client.get("/v2/resolve?model=gpt-5-mini").await.expect(200).json();
    let candidates = explained["candidates"].as_array().unwrap();
    candidates.iter().find(|candidate| candidate["credential_id"] == key["id"]).unwrap()["why"].clone()
}

#[tokio::test]
async fn the_nearest_key_pays_and_an_absent_one_falls_through() {
    let (house, ann, personal, system) = ladder().await;
    assert_eq!(payer(&ann.chat("Hi").await), (id(&personal).to_owned(), "personal".to_owned()));
    assert_eq!(shown(&house), KEY);
    switch(&ann, &personal, "deactivate").await;
    assert_eq!(payer(&ann.chat("Hi").await), (id(&system).to_owned(), "system".to_owned()));
    assert_eq!(shown(&house), SYSTEM_KEY);
    assert_eq!(why_not(&ann, &personal).await, "inactive");
    switch(&ann, &system, "deactivate").await;
    assert_eq!(payer(&ann.chat("Hi").await).1, "system");
    assert_eq!(shown(&house), ENVIRONMENT_KEY);
    switch(&ann, &personal, "activate").await;
    assert_eq!(payer(&ann.chat("Hi").await).0, id(&personal));
}

#[tokio::test]
async fn a_streamed_answer_names_its_payer_too() {
    let (_house, ann, personal, _) = ladder().await;
    assert_eq!(payer(&ann.chat_stream("Hi").await), (id(&personal).to_owned(), "personal".to_owned()));
    let body = json!({"model_id": "gpt-5-mini", "messages": [{"role": "user", "content": "Hi"}], "stream": true});
    let answer = ann.client.post("/v2/llm/chat/completions", &body).await;
    assert_eq!(payer(&answer).0, id(&personal));
    for event in ann.usage().await {
        let attempt = &event["attempts"][0];
        assert_eq!(json!([attempt["credential_id"], attempt["credential_scope"]]), json!([personal["id"], "personal"]));
    }
}

#[tokio::test]
async fn an_invalid_key_never_falls_through_to_somebody_elses_money() {
    let (house, ann, personal, _) = ladder().await;
    house.sim.key(KEY, KeyState::Invalid401);
    for _ in 0..3 {
        let answer = ann.chat("Hi").await.expect(502);
        assert_eq!(answer.json()["error"]["code"], "upstream_credentials_exhausted");
        assert_eq!(answer.header("x-should-retry"), "false");
    }
    assert!(
        house
            .sim
            .log()
            .iter()
            .filter(|call| call.method == "POST")
            .all(|call| { call.authorization.as_deref().is_some_and(|shown| shown.ends_with(KEY)) })
    );
    eventually("the key rests", std::time::Duration::from_secs(1), async || {
        (why_not(&ann, &personal).await == "invalid").then_some(())
    })
    .await;
    let before = calls(&house);
    ann.chat("Hi").await.expect(502);
    assert_eq!(calls(&house), before, "it is left alone for ten minutes");
    house.pass(std::time::Duration::from_secs(601));
    ann.chat("Hi").await.expect(502);
    assert_eq!(calls(&house), before + 1, "and then tried again");
}

#[tokio::test]
async fn a_key_without_credit_never_falls_through_either() {
    let (house, ann, ..) = ladder().await;
    house.sim.key(KEY, KeyState::NoCredit429);
    ann.chat("Hi").await.expect(502);
    assert_eq!(shown(&house), KEY);
}

#[tokio::test]
async fn strict_lets_nobody_else_pay_for_an_inactive_key() {
    let (house, ann, personal, _) = ladder().await;
    switch(&ann, &personal, "deactivate").await;
    let before = calls(&house);
    let body = chat_body("gpt-5-mini", "Hi", false).to_string().into_bytes();
    let headers = [("content-type", "application/json"), ("x-ownkey-policy", "strict")];
    let answer = ann.client.send(http::Method::POST, "/v1/chat/completions", &headers, body).await.expect(502);
    assert_eq!(answer.json()["error"]["code"], "upstream_credentials_exhausted");
    assert_eq!(calls(&house), before);
    let explained = ann.client.get("/v2/resolve?model=gpt-5-mini&policy=strict").await.expect(200).json();
    assert_eq!(json!([explained["chosen"], explained["policy"]]), json!([null, "strict"]));
}

#[tokio::test]
async fn the_next_key_of_the_same_scope_steps_in_and_both_are_in_the_ledger() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let first = ann.save_key("openai", KEY).await;
    let second = ann.save_key("openai", OTHER_KEY).await;
    assert_eq!(why_not(&ann, &second).await, "standby");
    house.sim.key(KEY, KeyState::Invalid401);
    let answer = ann.chat("Hi").await.expect(200);
    assert_eq!(payer(&answer).0, id(&second));
    assert_eq!(answer.header("x-ownkey-attempts"), "2");
    house.ledger_is_written().await;
    let events = ann.usage().await;
    let attempts = events[0]["attempts"].as_array().unwrap();
    let rows: Vec<Value> =
        attempts.iter().map(|row| json!([row["credential_id"], row["state"], row["error"]])).collect();
    assert_eq!(rows, [json!([first["id"], "failed", "invalid_key"]), json!([second["id"], "settled", null])]);
}

#[tokio::test]
async fn two_limited_keys_are_one_429_with_the_shorter_wait() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    ann.save_key("openai", OTHER_KEY).await;
    house.sim.next(Behaviour::Status429 { retry_after_s: 40 });
    house.sim.next(Behaviour::Status429 { retry_after_s: 11 });
    let answer = ann.chat("Hi").await.expect(429);
    assert_eq!(answer.header("retry-after"), "11");
    assert_eq!(calls(&house), 2);
}

#[tokio::test]
async fn another_origin_never_steps_in() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    let body = json!({"provider": "openai", "api_key": OTHER_KEY, "api_base": "https://elsewhere.invalid/v1"});
    let other = ann.client.post("/v2/credentials", &body).await.expect(201).json();
    assert_eq!(why_not(&ann, &other).await, "other_origin");
    house.sim.next(Behaviour::Status401);
    ann.chat("Hi").await.expect(502);
    house.ledger_is_written().await;
    assert_eq!(ann.usage().await[0]["attempts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_pinned_key_pays_or_nobody_does() {
    let house = House::start_scripted(Script::says("Hi.")).await;
    let (ann, bob) = (house.user("ann").await, house.user("bob").await);
    ann.save_key("openai", KEY).await;
    let second = ann.save_key("openai", OTHER_KEY).await;
    let pinned = async |person: &Person, key: &str| {
        let headers = [("content-type", "application/json"), ("x-ownkey-credential", key)];
        let body = chat_body("gpt-5-mini", "Hi", false).to_string().into_bytes();
        person.client.send(http::Method::POST, "/v1/chat/completions", &headers, body).await
    };
    assert_eq!(payer(&pinned(&ann, id(&second)).await).0, id(&second));
    house.sim.key(OTHER_KEY, KeyState::Invalid401);
    assert_eq!(pinned(&ann, id(&second)).await.status, 502);
    bob.save_key("openai", SYSTEM_KEY).await;
    assert_eq!(pinned(&bob, id(&second)).await.status, 404, "not his");
}
