//! Invariant 1: A stored secret leaves the process only in an upstream auth header to the
//! origin it was saved for, or through reveal.

use serde_json::{Value, json};
use testkit::{Answer, Client, House, Options, PASSWORD, chat_body};

use super::{KEY, audited, id};

async fn reveal(client: &Client, key: &Value, password: &str) -> Answer {
    client.post(&format!("/v2/credentials/{}/reveal", id(key)), &json!({"password": password})).await
}

#[tokio::test]
async fn a_key_is_in_the_upstream_auth_header_and_in_nothing_else_of_the_request() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    ann.chat("Hi").await.expect(200);
    let log = house.sim.log();
    let call = log.last().unwrap();
    assert_eq!(call.authorization.as_deref(), Some(format!("Bearer {KEY}").as_str()));
    let others = call.headers.iter().filter(|(name, _)| *name != "authorization");
    for (name, value) in others {
        assert!(!value.to_str().unwrap_or("").contains(KEY), "{name}");
    }
    assert!(!call.path.contains(KEY) && !String::from_utf8_lossy(&call.body).contains(KEY));
    assert!(log.iter().all(|call| !format!("{:?}", call.headers).contains(ann.client.token())), "nor is our token");
}

#[tokio::test]
async fn no_answer_about_a_key_has_it_in_it() {
    let house = House::start().await;
    let ann = house.admin("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let call = ann.client.post("/v1/chat/completions", &chat_body("gpt-5-mini", "Hi", false)).await;
    let mut texts = vec![key.to_string(), call.text(), format!("{:?}", call.headers)];
    for path in [
        "/v2/credentials",
        "/v2/audit-events",
        "/v2/usage/events",
        "/v2/resolve?model=gpt-5-mini",
        "/v2/users/me/api-key-status",
        "/metrics",
    ] {
        texts.push(ann.client.get(path).await.expect(200).text());
    }
    texts.push(ann.client.get(&format!("/v2/credentials/{}", id(&key))).await.expect(200).text());
    for text in texts {
        assert!(!text.contains("FAKEaBcDeF"), "{text}");
    }
}

#[tokio::test]
async fn the_database_and_its_neighbours_hold_no_key_in_the_clear() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    ann.chat("Hi").await.expect(200);
    house.ledger_is_written().await;
    for file in house.files() {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(16).any(|window| window == b"FAKEaBcDeFgHiJkL"), "{}", file.display());
    }
}

#[tokio::test]
async fn reveal_shows_a_personal_key_for_the_password_and_writes_it_down() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let answer = reveal(&ann.client, &key, PASSWORD).await.expect(200);
    assert_eq!(answer.json()["api_key"], KEY);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(audited(&house).await.last().unwrap(), "credential.revealed");
}

#[tokio::test]
async fn reveal_refuses_a_wrong_password_and_writes_it_down() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let answer = reveal(&ann.client, &key, "not the password").await;
    assert!(answer.status.is_client_error() && !answer.text().contains("FAKE"), "{}", answer.text());
    assert_eq!(audited(&house).await.last().unwrap(), "credential.reveal_refused");
}

#[tokio::test]
async fn reveal_is_not_for_gateway_tokens_nor_for_others_nor_for_system_keys() {
    let house = House::start().await;
    let (ann, bob) = (house.admin("ann").await, house.user("bob").await);
    let key = ann.save_key("openai", KEY).await;
    let body = json!({"name": "manager", "scopes": ["models", "manage:credentials"]});
    let token = ann.gateway_client_with(&body).await;
    assert_eq!(reveal(&token, &key, PASSWORD).await.expect(403).json()["code"], "forbidden");
    assert_eq!(reveal(&bob.client, &key, PASSWORD).await.expect(404).json()["code"], "not_found");
    let body = json!({"provider": "openai", "api_key": KEY, "scope": "system"});
    let system = ann.client.post("/v2/credentials", &body).await.expect(201).json();
    assert_eq!(reveal(&ann.client, &system, PASSWORD).await.expect(403).json()["code"], "forbidden");
    assert!(!audited(&house).await.iter().any(|action| action == "credential.revealed"));
}

#[tokio::test]
async fn reveal_can_be_switched_off_for_everybody() {
    let house = House::start_with(Options { reveal_allowed: false, ..Options::default() }).await;
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    assert_eq!(reveal(&ann.client, &key, PASSWORD).await.expect(403).json()["code"], "reveal_disabled");
}
