//! A provider key that comes with a request: used for it, metered, and kept
//! nowhere.

use provider_sim::{Behaviour, KeyState};
use serde_json::{Value, json};
use testkit::{Answer, Client, House, Options, chat_body};

use super::{FIRST, SECOND, id, paid, shown};

const PROVIDER: (&str, &str) = ("x-ownkey-provider", "openai");
const OWN: (&str, &str) = ("x-ownkey-provider-key", SECOND);

async fn house_that_takes_keys() -> House {
    House::start_with(Options { request_keys_allowed: true, ..Options::default() }).await
}

async fn chat(client: &Client, model: &str, headers: &[(&str, &str)]) -> Answer {
    let mut all = vec![("content-type", "application/json")];
    all.extend_from_slice(headers);
    let body = chat_body(model, "Hi", false).to_string().into_bytes();
    client.send(http::Method::POST, "/v1/chat/completions", &all, body).await
}

fn sentence(answer: &Answer) -> String {
    answer.json()["error"]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn it_is_refused_unless_the_operator_switched_it_on() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", FIRST).await;
    for headers in [vec![OWN, PROVIDER], vec![OWN], vec![PROVIDER]] {
        let answer = chat(&ann.client, "gpt-5-mini", &headers).await.expect(403);
        assert!(sentence(&answer).contains("OWNKEY_REQUEST_KEYS=on"), "{}", answer.text());
    }
    assert!(shown(&house).is_empty());
}

#[tokio::test]
async fn it_pays_for_its_own_call_and_nothing_else_is_asked() {
    let house = house_that_takes_keys().await;
    let (ann, bob) = (house.user("ann").await, house.user("bob").await);
    let kept = ann.save_key("openai", FIRST).await;
    let (own, scope, attempts) = paid(&chat(&ann.client, "gpt-5-mini", &[OWN, PROVIDER]).await);
    assert_eq!((scope.as_str(), attempts.as_str()), ("personal", "1"));
    assert_ne!(own, id(&kept));
    assert_eq!(paid(&chat(&ann.client, "gpt-5-mini", &[OWN, PROVIDER]).await).0, own, "the same key again");
    let another = ("x-ownkey-provider-key", FIRST);
    assert_ne!(paid(&chat(&ann.client, "gpt-5-mini", &[another, PROVIDER]).await).0, own);
    // Without any key of his own; and nobody can tell that he has hers.
    assert_ne!(paid(&chat(&bob.client, "gpt-5-mini", &[OWN, PROVIDER]).await).0, own);
    assert_eq!(shown(&house), ["key2", "key2", "key1", "key2"]);
    for call in house.sim.log().iter().filter(|call| call.method == "POST") {
        let names: Vec<_> = call.headers.keys().filter(|name| name.as_str().starts_with("x-ownkey")).collect();
        assert!(names.is_empty(), "{names:?}");
    }
    house.ledger_is_written().await;
    let events = ann.usage().await;
    let attempt = &events.last().unwrap()["attempts"][0];
    assert_eq!(
        json!([attempt["credential_id"], attempt["credential_scope"], attempt["state"]]),
        json!([own, "personal", "settled"])
    );
    assert!(attempt["client_cost_nanos"].as_i64().unwrap() > 0, "{attempt}");
    let keys = ann.client.get("/v2/credentials").await.expect(200).json();
    assert_eq!(keys["count"], 1, "{keys}");
    let noted = house.raw_database().await.rows("SELECT id FROM credentials").await;
    assert_eq!(noted.len(), 1);
}

#[tokio::test]
async fn any_model_of_its_provider_can_be_named() {
    let house = house_that_takes_keys().await;
    house.sim.set_default(Behaviour::Answer(provider_sim::Reply::says("Hi.")));
    let ann = house.user("ann").await;
    let asked = |call: &provider_sim::Call| call.model.clone().unwrap();
    let stable_id = domain::ids::model_uuid("openai", "gpt-5-mini").to_string();
    for (name, expected) in [
        ("gpt-5-mini", "gpt-5-mini"),
        ("openai/gpt-5-mini", "gpt-5-mini"),
        (stable_id.as_str(), "gpt-5-mini"),
        ("brand-new", "brand-new"),
        ("somebody/brand-new", "somebody/brand-new"),
    ] {
        chat(&ann.client, name, &[OWN, PROVIDER]).await;
        assert_eq!(asked(house.sim.log().last().unwrap()), expected);
    }
    let limited = ann.gateway_client_with(&json!({"name": "limited", "models": ["gpt-5-mini"]})).await;
    paid(&chat(&limited, "gpt-5-mini", &[OWN, PROVIDER]).await);
    chat(&limited, "brand-new", &[OWN, PROVIDER]).await.expect(403);
}

#[tokio::test]
async fn both_headers_are_needed_and_each_once() {
    let house = house_that_takes_keys().await;
    let ann = house.user("ann").await;
    let kept = ann.save_key("openai", FIRST).await;
    for (headers, field, says) in [
        (vec![OWN], "x-ownkey-provider", "is missing"),
        (vec![PROVIDER], "x-ownkey-provider-key", "is missing"),
        (vec![OWN, OWN, PROVIDER], "x-ownkey-provider-key", "twice"),
        (vec![OWN, ("x-ownkey-provider", "nobody")], "x-ownkey-provider", "no provider"),
        (vec![OWN, ("x-ownkey-provider", "custom")], "x-ownkey-provider", "default endpoint"),
        (vec![OWN, ("x-ownkey-provider", "ollama")], "x-ownkey-provider", "default endpoint"),
        (vec![OWN, ("x-ownkey-provider", SECOND)], "x-ownkey-provider", "no provider"),
        (vec![("x-ownkey-provider-key", "sk-your-key-here"), PROVIDER], "x-ownkey-provider-key", "placeholder"),
        (vec![("x-ownkey-provider-key", "two words"), PROVIDER], "x-ownkey-provider-key", "blank"),
        (vec![("x-ownkey-provider-key", " "), PROVIDER], "x-ownkey-provider-key", "empty"),
        (vec![OWN, PROVIDER, ("x-ownkey-credential", id(&kept))], "x-ownkey-credential", "send one"),
    ] {
        let answer = chat(&ann.client, "gpt-5-mini", &headers).await.expect(400);
        assert_eq!(answer.json()["error"]["param"], field, "{}", answer.text());
        assert!(sentence(&answer).contains(says) && !answer.text().contains("FAKE"), "{}", answer.text());
    }
    let headers = [("content-type", "application/json"), OWN];
    let body = json!({"model_id": "gpt-5-mini", "messages": [{"role": "user", "content": "Hi"}]}).to_string();
    ann.client.send(http::Method::POST, "/v2/llm/chat/completions", &headers, body.into()).await.expect(422);
    assert!(shown(&house).is_empty());
}

#[tokio::test]
async fn a_refused_one_is_a_502_of_which_nothing_is_kept_and_no_other_key_pays() {
    let house = house_that_takes_keys().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", FIRST).await;
    house.sim.key(SECOND, KeyState::Invalid401);
    let lists_before = house.sim.log().len();
    let answer = chat(&ann.client, "gpt-5-mini", &[OWN, PROVIDER]).await.expect(502);
    assert_eq!(answer.json()["error"]["code"], "upstream_credentials_exhausted");
    assert!(sentence(&answer).contains("x-ownkey-provider-key"), "{}", answer.text());
    assert_eq!(answer.header("x-should-retry"), "false");
    // It is asked again each time: nothing rests, nothing cools down.
    house.sim.key(SECOND, KeyState::RateLimited { reset: std::time::Duration::from_secs(30) });
    for _ in 0..2 {
        assert_eq!(chat(&ann.client, "gpt-5-mini", &[OWN, PROVIDER]).await.expect(429).header("retry-after"), "30");
    }
    house.sim.key(SECOND, KeyState::Valid);
    paid(&chat(&ann.client, "gpt-5-mini", &[OWN, PROVIDER]).await);
    assert_eq!(shown(&house), ["key2"; 4]);
    assert_eq!(house.sim.log().len(), lists_before + 4, "no check was made");
    let mut raw = house.raw_database().await;
    for table in ["cooldowns", "environment_health"] {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE credential_id NOT IN (SELECT id FROM credentials)");
        let rows = raw.number(&sql).await;
        let keyless =
            if table == "environment_health" { raw.number("SELECT COUNT(*) FROM environment_health").await } else { 0 };
        assert_eq!(rows, keyless, "{table}");
    }
}

#[tokio::test]
async fn it_streams_and_is_made_once_under_an_idempotency_key() {
    let house = house_that_takes_keys().await;
    let ann = house.user("ann").await;
    let headers = [("content-type", "application/json"), OWN, PROVIDER, ("idempotency-key", "once")];
    let body = chat_body("gpt-5-mini", "Hi", true).to_string().into_bytes();
    let send = || ann.client.send(http::Method::POST, "/v1/chat/completions", &headers, body.clone());
    assert!(send().await.expect(200).text().contains("[DONE]"));
    let again: Value = send().await.expect(409).json();
    assert_eq!(again["error"]["code"], "already_done");
    assert_eq!(shown(&house), ["key2"]);
}
