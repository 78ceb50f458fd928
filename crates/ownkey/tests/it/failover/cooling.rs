//! A limit that a key met is remembered until the provider's own reset: here, at
//! other nodes, and after a restart.

use std::time::Duration;

use provider_sim::{Behaviour, KeyState};
use serde_json::{Value, json};
use testkit::{House, Node, Options, Person, PostgresDatabase, chat_body, eventually};

use super::{FIRST, SECOND, THIRD, chat_with, id, paid, shown};

const HALF_A_MINUTE: KeyState = KeyState::RateLimited { reset: Duration::from_secs(30) };

async fn two_keys(house: &House) -> (Person, Value, Value) {
    let ann = house.user("ann").await;
    let first = ann.save_key("openai", FIRST).await;
    let second = ann.save_key("openai", SECOND).await;
    (ann, first, second)
}

async fn explained(ann: &Person, key: &Value) -> Value {
    let explained = ann.client.get("/v2/resolve?model=gpt-5-mini").await.expect(200).json();
    let candidates = explained["candidates"].as_array().unwrap();
    candidates.iter().find(|candidate| candidate["credential_id"] == key["id"]).unwrap().clone()
}

#[tokio::test]
async fn no_client_sees_a_429_while_a_second_key_works_and_the_first_is_used_again_after_its_reset() {
    let house = House::start().await;
    let (ann, first, second) = two_keys(&house).await;
    house.sim.key(FIRST, HALF_A_MINUTE);
    let answer = ann.chat("Hi").await;
    assert_eq!(paid(&answer), (id(&second).to_owned(), "personal".to_owned(), "2".to_owned()));
    for stream in [false, true, false] {
        let body = chat_body("gpt-5-mini", "Hi", stream);
        let answer = ann.client.post("/v1/chat/completions", &body).await;
        assert_eq!(paid(&answer), (id(&second).to_owned(), "personal".to_owned(), "1".to_owned()));
    }
    assert_eq!(shown(&house), ["key1", "key2", "key2", "key2", "key2"]);
    // The provider would take it by now; its word was 30 seconds.
    house.sim.key(FIRST, KeyState::Valid);
    house.pass(Duration::from_secs(28));
    assert_eq!(paid(&ann.chat("Hi").await).0, id(&second));
    house.pass(Duration::from_secs(3));
    assert_eq!(paid(&ann.chat("Hi").await).0, id(&first));
}

#[tokio::test]
async fn a_provider_whose_only_key_is_at_a_limit_is_not_said_to_work() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", FIRST).await;
    house.sim.key(FIRST, HALF_A_MINUTE);
    let status = async || {
        let all = ann.client.get("/v2/status").await.expect(200).json();
        let rows = all["data"].as_array().unwrap().iter().find(|row| row["provider"] == "openai");
        rows.unwrap().clone()
    };
    let cookie = house.web_session("ann").await;
    let page = async || {
        house.nobody().send(http::Method::GET, "/status", &[("cookie", &cookie)], Vec::new()).await.expect(200).text()
    };
    assert_eq!(json!([status().await["state"], status().await["limited_until"]]), json!(["operational", null]));
    ann.chat("Hi").await.expect(429);
    let now = status().await;
    assert_eq!(now["state"], "degraded", "{now}");
    let until: domain::Timestamp = serde_json::from_value(now["limited_until"].clone()).unwrap();
    assert!(until.since(house.app.clock.now()) > Duration::from_secs(20), "{until}");
    assert!(now["detail"].as_str().unwrap().contains("met its rate limit"), "{now}");
    assert!(page().await.contains("Rate limited"));
    house.pass(Duration::from_secs(31));
    assert_eq!(json!([status().await["state"], status().await["limited_until"]]), json!(["operational", null]));
    assert!(!page().await.contains("Rate limited"));
}

#[tokio::test]
async fn a_cooling_key_is_shown_as_such_with_its_time() {
    let house = House::start().await;
    let (ann, first, second) = two_keys(&house).await;
    house.sim.key(FIRST, HALF_A_MINUTE);
    assert_eq!(explained(&ann, &first).await["cooling_until"], Value::Null);
    ann.chat("Hi").await.expect(200);
    let (cooling, standing_in) = (explained(&ann, &first).await, explained(&ann, &second).await);
    assert_eq!(json!([cooling["why"], cooling["eligible"]]), json!(["cooling_down", false]));
    assert_eq!(json!([standing_in["why"], standing_in["cooling_until"]]), json!([null, null]));
    let until: domain::Timestamp = serde_json::from_value(cooling["cooling_until"].clone()).unwrap();
    let left = until.since(house.app.clock.now());
    assert!(left > Duration::from_secs(20) && left <= Duration::from_secs(30), "{left:?}");
    let view = ann.client.get(&format!("/v2/credentials/{}", id(&first))).await.expect(200).json();
    assert_eq!(view["cooling_until"], cooling["cooling_until"]);
    let cookie = house.web_session("ann").await;
    let page = async || {
        house.nobody().send(http::Method::GET, "/keys", &[("cookie", &cookie)], Vec::new()).await.expect(200).text()
    };
    assert_eq!(page().await.matches("Rate limited until").count(), 1);
    house.pass(Duration::from_secs(31));
    assert!(!page().await.contains("Rate limited until"));
    let view = ann.client.get(&format!("/v2/credentials/{}", id(&first))).await.expect(200).json();
    assert_eq!(view["cooling_until"], Value::Null);
    assert_eq!(explained(&ann, &first).await["why"], Value::Null);
}

#[tokio::test]
async fn a_limit_is_of_one_model_and_of_one_value_of_the_key() {
    let house = House::start().await;
    let (ann, first, second) = two_keys(&house).await;
    house.sim.next(Behaviour::Status429 { retry_after_s: 30 });
    assert_eq!(paid(&ann.chat("Hi").await).0, id(&second));
    let other_model = ann.client.post("/v1/chat/completions", &chat_body("gpt-5", "Hi", false)).await;
    assert_eq!(paid(&other_model).0, id(&first));
    assert_eq!(paid(&ann.chat("Hi").await).0, id(&second));
    // Another secret is another account's limit.
    let path = format!("/v2/credentials/{}?check=sync", id(&first));
    ann.client.patch(&path, &json!({"api_key": THIRD})).await.expect(200);
    assert_eq!(paid(&ann.chat("Hi").await).0, id(&first));
    assert_eq!(shown(&house).last().unwrap(), "key3");
}

#[tokio::test]
async fn when_all_keys_are_at_their_limit_nobody_is_called_and_the_least_wait_is_told() {
    let house = House::start().await;
    let (ann, ..) = two_keys(&house).await;
    house.sim.next(Behaviour::Status429 { retry_after_s: 40 });
    house.sim.next(Behaviour::Status429 { retry_after_s: 20 });
    ann.chat("Hi").await.expect(429);
    house.pass(Duration::from_secs(10));
    let answer = ann.chat("Hi").await.expect(429);
    assert_eq!(answer.json()["error"]["code"], "rate_limited");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((9..=10).contains(&wait), "{wait}");
    let body = json!({"model_id": "gpt-5-mini", "messages": [{"role": "user", "content": "Hi"}]});
    let answer = ann.client.post("/v2/llm/chat/completions", &body).await.expect(429).json();
    let classes: Vec<_> = answer["attempts"].as_array().unwrap().iter().map(|a| a["error"].clone()).collect();
    assert_eq!(classes, [json!("rate_limited"), json!("rate_limited")]);
    assert_eq!(shown(&house).len(), 2, "nobody was called");
    // The later one is over first.
    house.pass(Duration::from_secs(11));
    paid(&ann.chat("Hi").await);
    assert_eq!(shown(&house).last().unwrap(), "key2");
}

#[tokio::test]
async fn a_limit_never_lets_another_scope_pay() {
    let house = House::start().await;
    let root = house.admin("root").await;
    super::save_system_key(&root).await;
    let ann = house.user("ann").await;
    ann.save_key("openai", FIRST).await;
    house.sim.key(FIRST, HALF_A_MINUTE);
    for _ in 0..3 {
        ann.chat("Hi").await.expect(429);
    }
    assert_eq!(shown(&house), ["key1"]);
}

#[tokio::test]
async fn a_limit_that_ends_at_once_is_waited_for_in_place() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", FIRST).await;
    house.sim.next(Behaviour::Status429 { retry_after_s: 1 });
    assert_eq!(ann.chat("Hi").await.expect(429).header("retry-after"), "1");
    // One that goes away while it waits, and one that stays.
    let leaving = tokio::spawn({
        let client = ann.client.clone();
        async move { chat_with(&client, &[]).await }
    });
    let staying = chat_with(&ann.client, &[]);
    let (answer, ()) = tokio::join!(staying, async {
        for _ in 0..3 {
            ann.client.get("/v2/users/me").await.expect(200);
        }
        leaving.abort();
    });
    assert_eq!(paid(&answer).2, "1");
    assert_eq!(shown(&house), ["key1", "key1"], "who went away calls nobody");
}

#[tokio::test]
async fn a_limit_without_a_time_is_left_alone_longer_each_time_and_forgotten_after_an_answer() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", FIRST).await;
    let limited = || Behaviour::Says(429, r#"{"error":{"message":"Slow down.","type":"requests"}}"#.to_owned());
    let mut waits = Vec::new();
    for _ in 0..5 {
        house.sim.next(limited());
        let answer = ann.chat("Hi").await.expect(429);
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        waits.push(wait);
        house.pass(Duration::from_secs(wait));
    }
    assert_eq!(waits, [1, 2, 4, 8, 16]);
    ann.chat("Hi").await.expect(200);
    house.sim.next(limited());
    assert_eq!(ann.chat("Hi").await.expect(429).header("retry-after"), "1");
}

/// The other node never tries the key that this one found at its limit.
async fn is_known_at(house: &House, other: &Node) {
    let (ann, _, second) = two_keys(house).await;
    house.sim.key(FIRST, HALF_A_MINUTE);
    let there = Person { email: ann.email.clone(), client: other.client_of(&ann.client) };
    ann.chat("Hi").await.expect(200);
    eventually("the limit is known at the other node", Duration::from_secs(5), async || {
        let explained = there.client.get("/v2/resolve?model=gpt-5-mini").await.expect(200).json();
        (explained["candidates"][0]["why"] == "cooling_down").then_some(())
    })
    .await;
    for _ in 0..3 {
        assert_eq!(paid(&there.chat("Hi").await), (id(&second).to_owned(), "personal".to_owned(), "1".to_owned()));
    }
    assert_eq!(shown(house).iter().filter(|key| *key == "key1").count(), 1);
    house.sim.key(FIRST, KeyState::Valid);
    house.pass(Duration::from_secs(31));
    paid(&there.chat("Hi").await);
    assert_eq!(shown(house).last().unwrap(), "key1");
}

#[tokio::test]
async fn another_process_on_the_same_database_skips_the_key_too() {
    let house = House::start().await;
    let other = house.second_process().await;
    is_known_at(&house, &other).await;
    other.stop().await;
}

#[tokio::test]
async fn another_node_on_postgresql_skips_the_key_too() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let house = House::start_with(Options { database_url: Some(database.url.clone()), ..Options::default() }).await;
    let node = house.second_node().await;
    is_known_at(&house, &node).await;
    node.stop().await;
    house.stop().await;
    database.destroy().await;
}

#[tokio::test]
async fn a_process_that_starts_later_knows_from_its_first_call() {
    let house = House::start().await;
    let (ann, _, second) = two_keys(&house).await;
    house.sim.key(FIRST, HALF_A_MINUTE);
    ann.chat("Hi").await.expect(200);
    eventually("the limit is noted", Duration::from_secs(5), async || {
        let noted = house.raw_database().await.number("SELECT COUNT(*) FROM cooldowns").await;
        (noted == 1).then_some(())
    })
    .await;
    let later = house.second_process().await;
    let there = Person { email: ann.email.clone(), client: later.client_of(&ann.client) };
    assert_eq!(paid(&there.chat("Hi").await), (id(&second).to_owned(), "personal".to_owned(), "1".to_owned()));
    later.stop().await;
}
