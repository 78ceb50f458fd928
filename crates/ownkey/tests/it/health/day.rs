//! A day of a bad key, from the first call to the last.

use provider_sim::KeyState;
use serde_json::json;
use testkit::{EventReader, House};

use super::{KEY, OTHER_KEY, becomes, calls, checks, id};

#[tokio::test]
async fn a_day_of_a_bad_key() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let mut events = EventReader::open(&ann.client, "/v2/events", &[]).await;

    // In the morning it works.
    let key = ann.save_key("openai", KEY).await;
    let key = id(&key);
    assert_eq!(events.until("credential.created").await.json()["credential_id"], *key);
    assert_eq!(events.until("credential.status_changed").await.json()["status"], "valid");
    ann.chat("Good morning").await.expect(200);

    // At noon its owner deletes it at the provider: the next call learns of it.
    house.sim.key(KEY, KeyState::Invalid401);
    let checked = checks(&house, KEY);
    let refused = ann.chat("Still there?").await.expect(502);
    assert_eq!(refused.json()["error"]["code"], "upstream_credentials_exhausted");
    let told = events.until("credential.status_changed").await.json();
    let shown = [&told["credential_id"], &told["status"], &told["provider"], &told["scope"], &told["name"]];
    assert_eq!(shown, [&json!(key), &json!("invalid"), &json!("openai"), &json!("personal"), &json!("OpenAI")]);
    assert!(told["masked"].as_str().unwrap().ends_with("key1") && !told.to_string().contains(KEY), "{told}");
    assert!(!told["status_reason"].as_str().unwrap().is_empty(), "{told}");
    becomes(&ann, &key, "invalid").await;
    testkit::promptly("it was checked once, for free", super::SOON, async || {
        (checks(&house, KEY) == checked + 1).then_some(())
    })
    .await;

    // It is suspended: nobody is called with it.
    let before = calls(&house);
    let suspended = ann.chat("And now?").await.expect(502);
    assert!(suspended.text().contains("rests for ten minutes"), "{}", suspended.text());
    assert_eq!(calls(&house), before);

    // In the evening it is replaced, and works.
    let patch = json!({"api_key": OTHER_KEY});
    let replaced = ann.client.patch(&format!("/v2/credentials/{key}?check=sync"), &patch).await.expect(200).json();
    assert_eq!((&replaced["id"], &replaced["status"]), (&json!(key), &json!("valid")));
    assert_eq!(events.until("credential.updated").await.json()["credential_id"], *key);
    assert_eq!(events.until("credential.status_changed").await.json()["status"], "valid");
    ann.chat("Good evening").await.expect(200);

    house.ledger_is_written().await;
    let mut rows = house.raw_database().await;
    let attempts = rows.rows("SELECT state, error_class, credential_id FROM attempts ORDER BY at").await;
    let row = |state: &str, error: &str| vec![state.to_owned(), error.to_owned(), key.clone()];
    assert_eq!(attempts, [row("settled", ""), row("failed", "invalid_key"), row("settled", "")]);
    let audited = rows.rows("SELECT action FROM audit_events WHERE target_kind = 'credential' ORDER BY seq").await;
    let audited: Vec<&str> = audited.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(audited, ["credential.created", "credential.secret_replaced"], "health is not audited, edits are");
}
