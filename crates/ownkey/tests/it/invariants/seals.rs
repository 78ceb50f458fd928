//! Invariant 3: A sealed text belongs to its row: moved elsewhere it does not open.

use serde_json::json;
use testkit::{House, chat_body};

use super::{KEY, OTHER_KEY, calls, id, is_audited_within_a_second, vandalise};

#[tokio::test]
async fn sealed_texts_that_changed_places_do_not_open_and_are_reported() {
    let house = House::start().await;
    let (ann, bob) = (house.user("ann").await, house.user("bob").await);
    let (hers, his) = (ann.save_key("openai", KEY).await, bob.save_key("openai", OTHER_KEY).await);
    let before = calls(&house);
    let sealed = |of| format!("(SELECT sealed FROM credentials WHERE id = '{}')", id(of));
    let sql = format!(
        "UPDATE credentials SET sealed = CASE id WHEN '{}' THEN {} ELSE {} END WHERE id IN ('{}', '{}')",
        id(&hers),
        sealed(&his),
        sealed(&hers),
        id(&hers),
        id(&his)
    );
    vandalise(&house, &ann, &sql).await;
    for _ in 0..2 {
        let answer = ann.chat("Hi").await.expect(502);
        assert_eq!(answer.json()["error"]["code"], "undecryptable");
        assert_eq!(answer.header("x-should-retry"), "false");
    }
    is_audited_within_a_second(&house, "integrity.violation").await;
    let shown = ann.client.get(&format!("/v2/credentials/{}", id(&hers))).await.expect(200).json();
    assert_eq!(shown["status"], "undecryptable");
    assert_eq!(calls(&house), before);
}

#[tokio::test]
async fn a_sealed_text_of_an_earlier_version_does_not_open() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let mut database = house.raw_database().await;
    let old = database.rows(&format!("SELECT sealed FROM credentials WHERE id = '{}'", id(&key))).await;
    let body = json!({"api_key": OTHER_KEY});
    ann.client.patch(&format!("/v2/credentials/{}?check=sync", id(&key)), &body).await.expect(200);
    let sql = format!("UPDATE credentials SET sealed = '{}' WHERE id = '{}'", old[0][0], id(&key));
    vandalise(&house, &ann, &sql).await;
    assert_eq!(ann.chat("Hi").await.expect(502).json()["error"]["code"], "undecryptable");
}

#[tokio::test]
async fn an_unreadable_key_is_never_passed_over_for_somebody_elses() {
    let house = House::start().await;
    let ann = house.admin("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let body = json!({"provider": "openai", "api_key": OTHER_KEY, "scope": "system"});
    ann.client.post("/v2/credentials?check=sync", &body).await.expect(201);
    vandalise(&house, &ann, &format!("UPDATE credentials SET sealed = 'ok1:00000000:x' WHERE id = '{}'", id(&key)))
        .await;
    let before = calls(&house);
    let answer = ann.client.post("/v1/chat/completions", &chat_body("gpt-5-mini", "Hi", true)).await.expect(502);
    assert_eq!(answer.json()["error"]["code"], "undecryptable");
    assert_eq!(calls(&house), before);
}
