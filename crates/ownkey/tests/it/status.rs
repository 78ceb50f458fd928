//! `/v2/status`: how each provider does, as one's own keys tell it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use provider_sim::{FreeDoors, KeyState};
use serde_json::{Value, json};
use testkit::{House, Person};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const OTHER_KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2";

async fn status(person: &Person, provider: &str) -> Value {
    let list = person.client.get("/v2/status").await.expect(200).json();
    let data = list["data"].as_array().unwrap();
    assert_eq!(json!(data.len()), list["count"]);
    data.iter().find(|one| one["provider"] == provider).unwrap().clone()
}

fn keys(total: u32, valid: u32, failing: u32) -> Value {
    json!({"total": total, "valid": valid, "failing": failing})
}

#[tokio::test]
async fn a_provider_does_as_ones_keys_do() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let none = status(&ann, "openai").await;
    assert_eq!((&none["state"], &none["reachable"], &none["keys"]), (&json!("no_key"), &Value::Null, &keys(0, 0, 0)));
    assert_eq!(none["detail"], "There is no OpenAI key that you may use. Add one at /keys.");

    ann.save_key("openai", KEY).await;
    let works = status(&ann, "openai").await;
    assert_eq!(
        (&works["state"], &works["kind"], &works["keys"]),
        (&json!("operational"), &json!("external"), &keys(1, 1, 0))
    );
    assert_eq!((&works["reachable"], &works["detail"]), (&json!(true), &json!("OpenAI works.")));
    assert!(works["latency_ms"].is_i64() && works["models"].as_u64().unwrap() > 3, "{works}");
    assert!(works["last_success_at"].is_string() && works["checked_at"].is_string(), "{works}");

    house.sim.key(OTHER_KEY, KeyState::Invalid401);
    ann.save_key("openai", OTHER_KEY).await;
    let half = status(&ann, "openai").await;
    assert_eq!((&half["state"], &half["keys"]), (&json!("degraded"), &keys(2, 1, 1)));
    assert!(half["detail"].as_str().unwrap().contains("(…key2)"), "{half}");

    house.sim.free_doors(FreeDoors::Close);
    let lost = ann.save_key("groq", "gsk_FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123").await;
    let gone = status(&ann, "groq").await;
    assert_eq!((&gone["state"], &gone["reachable"]), (&json!("unreachable"), &json!(false)));
    assert_eq!([&gone["last_success_at"], &gone["latency_ms"]], [&Value::Null; 2]);
    let path = format!("/v2/credentials/{}/deactivate", lost["id"].as_str().unwrap());
    ann.client.post(&path, &json!({})).await.expect(200);
    let off = status(&ann, "groq").await;
    assert_eq!((&off["state"], &off["keys"]), (&json!("no_key"), &keys(1, 0, 0)));
    assert!(off["detail"].as_str().unwrap().contains("switched off"), "{off}");
}

#[tokio::test]
async fn a_key_that_was_checked_without_a_verdict_is_not_one_that_nobody_checked() {
    const NARROW: &str = "hf_FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123";
    let house = House::start().await;
    let ann = house.user("ann").await;
    house.sim.key(NARROW, KeyState::RestrictedNoList403);
    assert_eq!(ann.save_key("huggingface", NARROW).await["status"], "unverified");
    let unknown = status(&ann, "huggingface").await;
    assert_eq!((&unknown["state"], &unknown["keys"]), (&json!("unknown"), &keys(1, 0, 0)));
    let detail = unknown["detail"].as_str().unwrap();
    assert!(detail.contains("(…0123)") && detail.contains("did not refuse this key"), "{detail}");
}

#[tokio::test]
async fn of_the_servers_keys_members_learn_whether_they_work_and_no_more() {
    let house = House::start().await;
    let (bob, root) = (house.user("bob").await, house.admin("root").await);
    let body = json!({"provider": "openai", "api_key": KEY, "scope": "system", "name": "Secret name"});
    let key = root.client.post("/v2/credentials?check=sync", &body).await.expect(201).json();
    let works = status(&bob, "openai").await;
    assert_eq!((&works["state"], &works["keys"]), (&json!("operational"), &keys(0, 0, 0)));
    assert_eq!(works["detail"], "OpenAI works, with the server's key.");
    assert_eq!([&works["latency_ms"], &works["last_success_at"], &works["checked_at"]], [&Value::Null; 3]);
    assert_eq!(status(&root, "openai").await["keys"], keys(1, 1, 0));

    house.sim.key(KEY, KeyState::Invalid401);
    root.client.post(&format!("/v2/credentials/{}/check", key["id"].as_str().unwrap()), &json!({})).await.expect(200);
    let broken = status(&bob, "openai").await;
    assert_eq!(broken["state"], "degraded");
    assert!(!broken.to_string().contains("Secret name") && !broken.to_string().contains("key1"), "{broken}");
    assert!(status(&root, "openai").await["detail"].as_str().unwrap().contains("“Secret name” (…key1)"));
}
