//! What uses a key is said before it goes, and its name stays in the reports.

use serde_json::{Value, json};

use super::{KEY, ann_with_a_key, id, path};

#[tokio::test]
async fn the_impact_names_calls_cost_and_tokens() {
    let (house, ann, key) = ann_with_a_key().await;
    let unused = ann.client.get(&format!("{}/impact", path(&key))).await.expect(200).json();
    assert_eq!(
        unused,
        json!({"last_used_at": null, "calls_24h": 0, "calls_30d": 0, "cost_30d": 0, "cost_30d_nanos": 0, "teams": [],
               "tokens": [], "chats": [], "is_selected_in_chat": false})
    );
    let laptop = ann.gateway_client_with(&json!({"name": "laptop"})).await;
    for _ in 0..2 {
        laptop.post("/v1/chat/completions", &testkit::chat_body("gpt-5-mini", "Hi", false)).await.expect(200);
    }
    ann.chat("Hi").await.expect(200);
    house.ledger_is_written().await;
    let impact = ann.client.get(&format!("{}/impact", path(&key))).await.expect(200).json();
    assert_eq!((impact["calls_24h"].clone(), impact["calls_30d"].clone()), (json!(3), json!(3)), "{impact}");
    assert!(impact["cost_30d_nanos"].as_i64().unwrap() > 0 && impact["last_used_at"].is_string(), "{impact}");
    let tokens = impact["tokens"].as_array().unwrap();
    assert_eq!(
        (tokens.len(), &tokens[0]["name"], &tokens[0]["calls_30d"]),
        (1, &json!("laptop"), &json!(2)),
        "{impact}"
    );
    let bob = house.admin("bob").await;
    bob.client.get(&format!("{}/impact", path(&key))).await.expect(404);
}

#[tokio::test]
async fn a_key_in_use_is_deleted_only_when_confirmed_and_its_name_stays() {
    let (house, ann, key) = ann_with_a_key().await;
    ann.chat("Hi").await.expect(200);
    house.ledger_is_written().await;
    let refused = ann.client.delete(&path(&key)).await.expect(409).json();
    assert_eq!(
        (refused["code"].as_str(), &refused["impact"]["calls_30d"]),
        (Some("key_in_use"), &json!(1)),
        "{refused}"
    );
    ann.client.delete(&format!("{}?confirm=true", path(&key))).await.expect(204);
    ann.client.get(&path(&key)).await.expect(404);
    let left = house.raw_database().await.rows("SELECT name FROM credentials WHERE sealed IS NOT NULL").await;
    assert!(left.is_empty(), "{left:?}");

    let attempt = ann.usage().await[0]["attempts"][0].clone();
    let facts = [&attempt["credential_name"], &attempt["credential_masked"], &attempt["credential_is_deleted"]];
    assert_eq!(facts, [&json!("Work"), &key["masked"], &json!(true)], "{attempt}");
    let lines = ann.client.get("/v2/usage?group_by=credential").await.expect(200).json();
    let line = &lines["data"][0];
    assert_eq!(
        (line["key"].as_str(), &line["name"], &line["is_deleted"]),
        (Some(id(&key)), &json!("Work"), &json!(true))
    );
}

#[tokio::test]
async fn the_name_of_the_servers_key_is_for_admins() {
    let house = testkit::House::start().await;
    let root = house.admin("root").await;
    let body = json!({"provider": "openai", "api_key": KEY, "scope": "system", "name": "The house's"});
    root.client.post("/v2/credentials?check=sync", &body).await.expect(201);
    let bob = house.user("bob").await;
    for (person, name) in [(&bob, Value::Null), (&root, json!("The house's"))] {
        person.chat("Hi").await.expect(200);
        house.ledger_is_written().await;
        assert_eq!(person.usage().await[0]["attempts"][0]["credential_name"], name);
    }
}

#[tokio::test]
async fn the_key_chosen_for_chats_is_in_use_without_a_call() {
    let (_house, ann, key) = ann_with_a_key().await;
    let me = "/v2/users/me";
    let nobodys = json!({"preferences": {"chat_credential_id": "01890000-0000-7000-8000-000000000000"}});
    ann.client.patch(me, &nobodys).await.expect(404);
    let chosen = json!({"preferences": {"chat_credential_id": id(&key)}});
    let account = ann.client.patch(me, &chosen).await.expect(200).json();
    assert_eq!(account["preferences"]["chat_credential_id"], key["id"]);
    let impact = ann.client.get(&format!("{}/impact", path(&key))).await.expect(200).json();
    assert_eq!(impact["is_selected_in_chat"], true);
    let refused = ann.client.delete(&path(&key)).await.expect(409).json();
    assert!(refused["detail"].as_str().unwrap().contains("you chat with"), "{refused}");
    let account = ann
        .client
        .patch(me, &json!({"preferences": {"chat_credential_id": null, "organization_id": null}}))
        .await
        .expect(200)
        .json();
    assert_eq!(account["preferences"], json!({"fallback": null, "chat_credential_id": null, "organization_id": null}));
    ann.client.delete(&path(&key)).await.expect(204);
}
