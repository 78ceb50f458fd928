//! How calls are spread over several good keys.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use provider_sim::KeyState;
use serde_json::{Value, json};
use testkit::{Answer, Client, House, Person, eventually};

use super::{FIRST, SECOND, THIRD, paid, save_system_key, shown};

async fn put(client: &Client, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json")];
    client.send(Method::PUT, path, &headers, body.to_string().into_bytes()).await
}

/// Ann with three keys, spread like this.
async fn three_keys(spread: &str) -> (House, Person) {
    let house = House::start().await;
    let ann = house.user("ann").await;
    for key in [FIRST, SECOND, THIRD] {
        ann.save_key("openai", key).await;
    }
    let settled = put(&ann.client, "/v2/spreads/openai", &json!({"spread": spread})).await.expect(200).json();
    assert_eq!(settled, json!({"scope": "personal", "provider": "openai", "spread": spread}));
    (house, ann)
}

/// How many calls each key was shown by.
fn served(house: &House) -> BTreeMap<String, usize> {
    let mut served = BTreeMap::new();
    for key in shown(house) {
        *served.entry(key).or_default() += 1;
    }
    served
}

async fn in_conversation(client: &Client, field: &str, conversation: &str) -> Answer {
    let mut body = testkit::chat_body("gpt-5-mini", "Hi", false);
    body[field] = json!(conversation);
    client.post("/v1/chat/completions", &body).await
}

#[tokio::test]
async fn each_key_in_turn_serves_a_third_also_of_calls_made_together() {
    let (house, ann) = three_keys("round_robin").await;
    for _ in 0..3 {
        paid(&ann.chat("Hi").await);
    }
    assert_eq!(shown(&house), ["key1", "key2", "key3"]);
    let together = (0..9).map(|_| ann.chat("Hi"));
    for answer in futures_util::future::join_all(together).await {
        paid(&answer);
    }
    assert_eq!(served(&house), BTreeMap::from([("key1".into(), 4), ("key2".into(), 4), ("key3".into(), 4)]));
    // Looking takes nobody's turn.
    ann.client.get("/v2/resolve?model=gpt-5-mini").await.expect(200);
    paid(&ann.chat("Hi").await);
    assert_eq!(shown(&house).last().unwrap(), "key1");
}

#[tokio::test]
async fn a_key_that_fails_hands_its_turn_to_the_next() {
    let (house, ann) = three_keys("round_robin").await;
    house.sim.key(SECOND, KeyState::RateLimited { reset: Duration::from_secs(30) });
    for _ in 0..6 {
        paid(&ann.chat("Hi").await);
    }
    let served = served(&house);
    assert_eq!(served["key2"], 1, "{served:?}");
    assert!(served["key1"] >= 2 && served["key3"] >= 2, "{served:?}");
}

#[tokio::test]
async fn the_key_that_did_least_serves() {
    let (house, ann) = three_keys("least_used").await;
    for _ in 0..6 {
        paid(&ann.chat("Hi").await);
    }
    assert_eq!(served(&house), BTreeMap::from([("key1".into(), 2), ("key2".into(), 2), ("key3".into(), 2)]));
    // One that was away takes the most until it has caught up.
    house.sim.key(FIRST, KeyState::RateLimited { reset: Duration::from_secs(30) });
    for _ in 0..5 {
        paid(&ann.chat("Hi").await);
    }
    house.sim.key(FIRST, KeyState::Valid);
    house.pass(Duration::from_secs(31));
    let before = shown(&house).len();
    for _ in 0..2 {
        paid(&ann.chat("Hi").await);
    }
    assert_eq!(shown(&house)[before..], ["key1", "key1"]);
}

#[tokio::test]
async fn a_conversation_keeps_its_key_and_comes_back_to_it() {
    for (spread, field) in [("round_robin", "prompt_cache_key"), ("least_used", "safety_identifier")] {
        let (house, ann) = three_keys(spread).await;
        let mut keys = std::collections::BTreeSet::new();
        for conversation in (0..40).map(|number| format!("conversation {number}")) {
            let before = shown(&house).len();
            for _ in 0..2 {
                paid(&in_conversation(&ann.client, field, &conversation).await);
            }
            let seen = shown(&house).split_off(before);
            assert!(seen.iter().all(|key| *key == seen[0]), "{conversation}: {seen:?}");
            keys.insert(seen[0].clone());
        }
        assert_eq!(keys.len(), 3, "different conversations have different keys");
        paid(&in_conversation(&ann.client, field, "mine").await);
        let mine = shown(&house).last().unwrap().clone();
        let secret = [FIRST, SECOND, THIRD].into_iter().find(|key| key.ends_with(&mine)).unwrap();
        house.sim.key(secret, KeyState::RateLimited { reset: Duration::from_secs(30) });
        paid(&in_conversation(&ann.client, field, "mine").await);
        assert_ne!(*shown(&house).last().unwrap(), mine);
        house.sim.key(secret, KeyState::Valid);
        house.pass(Duration::from_secs(31));
        paid(&in_conversation(&ann.client, field, "mine").await);
        assert_eq!(*shown(&house).last().unwrap(), mine);
    }
}

#[tokio::test]
async fn what_is_settled_is_listed_audited_and_each_ones_own() {
    let (house, ann) = three_keys("round_robin").await;
    let (bob, root) = (house.user("bob").await, house.admin("root").await);
    let all = async |person: &Person| person.client.get("/v2/spreads").await.expect(200).json();
    assert_eq!(
        all(&ann).await,
        json!({"data": [{"scope": "personal", "provider": "openai", "spread": "round_robin"}], "count": 1})
    );
    assert_eq!(all(&bob).await["count"], 0);
    let system = json!({"scope": "system", "spread": "least_used"});
    put(&ann.client, "/v2/spreads/openai", &system).await.expect(403);
    put(&root.client, "/v2/spreads/grok", &system).await.expect(200);
    assert_eq!(all(&root).await["data"][0], json!({"scope": "system", "provider": "xai", "spread": "least_used"}));
    assert_eq!(all(&ann).await["count"], 1, "the server's own is not hers to see");
    let organization = json!({"scope": "organization", "spread": "primary"});
    let refused = put(&root.client, "/v2/spreads/openai", &organization).await.expect(422);
    assert!(refused.text().contains("organization_id is missing"), "{}", refused.text());
    put(&ann.client, "/v2/spreads/openai", &json!({"spread": "at random"})).await.expect(422);
    put(&ann.client, "/v2/spreads/nobody", &json!({"spread": "primary"})).await.expect(404);
    let audit = root.client.get("/v2/audit-events").await.expect(200).text();
    assert_eq!(audit.matches(r#""target_kind":"spread""#).count(), 2, "{audit}");
}

#[tokio::test]
async fn the_servers_keys_are_spread_for_everybody_and_the_change_reaches_other_processes() {
    let house = House::start().await;
    let root = house.admin("root").await;
    save_system_key(&root).await;
    let body = json!({"provider": "openai", "api_key": SECOND, "scope": "system", "name": "Another"});
    root.client.post("/v2/credentials?check=sync", &body).await.expect(201);
    let (ann, bob) = (house.user("ann").await, house.user("bob").await);
    let other = house.second_process().await;
    let there = Person { email: ann.email.clone(), client: other.client_of(&ann.client) };
    for _ in 0..2 {
        paid(&ann.chat("Hi").await);
        paid(&there.chat("Hi").await);
    }
    let last = "syst";
    assert_eq!(shown(&house), [last; 4]);
    put(&root.client, "/v2/spreads/openai", &json!({"scope": "system", "spread": "round_robin"})).await.expect(200);
    for person in [&ann, &bob, &ann, &bob] {
        paid(&person.chat("Hi").await);
    }
    assert_eq!(shown(&house)[4..], [last, "key2", last, "key2"]);
    eventually("the other process takes turns too", Duration::from_secs(5), async || {
        paid(&there.chat("Hi").await);
        (shown(&house).last().unwrap() == "key2").then_some(())
    })
    .await;
    other.stop().await;
}
