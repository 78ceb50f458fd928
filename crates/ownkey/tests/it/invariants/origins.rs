//! Invariant 2: A key and its origin are one atom. And 8: one egress guard, asked when an
//! endpoint is saved, checked and used.

use provider_sim::{Behaviour, Script, Sim};
use serde_json::{Value, json};
use testkit::{Answer, House, Person, RawDatabase};

use super::{KEY, OTHER_KEY, calls, id, vandalise};

/// Somebody else's server, which must never see a key.
async fn thief() -> Sim {
    Sim::start(Script::says("Thank you.")).await.unwrap()
}

async fn move_to(ann: &Person, key: &Value, body: &Value) -> Answer {
    ann.client.patch(&format!("/v2/credentials/{}?check=sync", id(key)), body).await
}

#[tokio::test]
async fn a_new_origin_needs_the_key_typed_again() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let elsewhere = json!({"api_base": "https://elsewhere.example/v1"});
    let answer = move_to(&ann, &key, &elsewhere).await.expect(409);
    assert_eq!(answer.json()["code"], "key_required_for_new_origin");
    let unchanged = ann.client.get(&format!("/v2/credentials/{}", id(&key))).await.expect(200).json();
    assert_eq!(unchanged["api_base"], key["api_base"]);
    let answer = ann.client.patch("/v2/users/me/api-key", &json!({"openai_api_key": OTHER_KEY})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    ann.chat("Hi").await.expect(200);
}

#[tokio::test]
async fn another_path_of_the_same_origin_does_not() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let same = json!({"api_base": format!("{}/openai/v1", house.sim.origin())});
    assert_eq!(move_to(&ann, &key, &same).await.expect(200).json()["status"], "valid");
    ann.chat("Hi").await.expect(200);
    assert_eq!(house.sim.log().last().unwrap().path, "/openai/v1/chat/completions");
}

#[tokio::test]
async fn with_the_key_typed_again_it_moves() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let both = json!({"api_base": "https://elsewhere.invalid/v1", "api_key": OTHER_KEY});
    let moved = move_to(&ann, &key, &both).await.expect(200).json();
    assert_eq!(json!([moved["id"], moved["status"]]), json!([key["id"], "unreachable"]));
    let before = calls(&house);
    assert_eq!(ann.chat("Hi").await.status, 502);
    assert_eq!(calls(&house), before);
}

async fn stolen_keys_stay(columns: &[&str]) {
    let (house, thief) = (House::start().await, thief().await);
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let value = |column: &str| if column == "origin" { thief.origin() } else { thief.base_url() };
    let set: Vec<String> = columns.iter().map(|column| format!("{column} = '{}'", value(column))).collect();
    let sql = format!("UPDATE credentials SET {} WHERE id = '{}'", set.join(", "), id(&key));
    let before = calls(&house);
    let _database: RawDatabase = vandalise(&house, &ann, &sql).await;
    let answer = ann.chat("Hi").await;
    assert!(matches!(answer.status.as_u16(), 502 | 422), "{} {}", answer.status, answer.text());
    let check = ann.client.post(&format!("/v2/credentials/{}/check", id(&key)), &json!({})).await;
    assert_ne!(check.json()["status"], "valid", "{}", check.text());
    assert_eq!((thief.log().len(), calls(&house)), (0, before), "{columns:?}");
}

#[tokio::test]
async fn a_database_edit_of_endpoint_and_origin_makes_the_key_unreadable() {
    stolen_keys_stay(&["endpoint", "origin", "api_base"]).await;
}

#[tokio::test]
async fn a_database_edit_of_the_endpoint_alone_sends_nothing() {
    stolen_keys_stay(&["endpoint"]).await;
}

#[tokio::test]
async fn a_database_edit_of_the_origin_alone_sends_nothing() {
    stolen_keys_stay(&["origin"]).await;
}

#[tokio::test]
async fn an_edit_to_an_allowed_origin_is_found_out_by_the_seal() {
    // Another provider of this very server: allowed by the guard, another seal.
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let before = calls(&house);
    vandalise(&house, &ann, &format!("UPDATE credentials SET provider = 'mistral' WHERE id = '{}'", id(&key))).await;
    let body = testkit::chat_body("mistral/gpt-5-mini", "Hi", false);
    let answer = ann.client.post("/v1/chat/completions", &body).await.expect(502);
    assert_eq!(answer.json()["error"]["code"], "undecryptable");
    assert_eq!(calls(&house), before);
}

#[tokio::test]
async fn saving_checking_and_using_refuse_the_same_endpoints() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    for (number, base) in [
        "http://127.0.0.1:9/v1",
        "http://[::1]:9/v1",
        "https://10.0.0.8/v1",
        "https://169.254.169.254/v1",
        "https://0x7f000001/v1",
        "https://[::ffff:10.0.0.8]/v1",
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"provider": "custom", "name": format!("Server {number}"), "api_key": KEY, "api_base": base});
        let answer = ann.client.post("/v2/credentials", &body).await.expect(422);
        assert_eq!(answer.json()["code"], "endpoint_not_allowed", "{base}");
        // The same, written past the guard into the database.
        let body = json!({"provider": "custom", "name": format!("Server {number}"),
            "api_key": format!("{KEY}{number}"), "api_base": house.sim.base_url()});
        let key = ann.client.post("/v2/credentials?check=sync", &body).await.expect(201).json();
        let before = house.sim.log().len();
        let mut database = house.raw_database().await;
        database.execute(&format!("UPDATE credentials SET endpoint = '{base}' WHERE id = '{}'", id(&key))).await;
        let checked = ann.client.post(&format!("/v2/credentials/{}/check", id(&key)), &json!({})).await;
        assert_ne!(checked.json()["status"], "valid", "{base}");
        let body = testkit::chat_body(&format!("server-{number}/gpt-5-mini"), "Hi", false);
        let used = ann.client.post("/v1/chat/completions", &body).await.expect(502);
        assert_ne!(used.json()["error"]["code"], "provider_error", "{base}: {}", used.text());
        assert_eq!(house.sim.log().len(), before);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_when_a_key_is_checked_or_used() {
    let (house, thief) = (House::start().await, thief().await);
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    house.sim.set_default(Behaviour::Redirect(thief.base_url()));
    assert_eq!(ann.chat("Hi").await.status, 502);
    assert_eq!(ann.chat_stream("Hi").await.status, 502);
    assert_eq!((thief.log().len(), thief.connections()), (0, 0));
}
