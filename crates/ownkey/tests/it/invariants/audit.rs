//! Invariant 9: Every mutation and its audit row are one transaction.

use serde_json::json;
use testkit::{House, PASSWORD};

use super::{KEY, OTHER_KEY, audited, id};

#[tokio::test]
async fn every_mutation_is_in_the_log_once_and_in_order() {
    let house = House::start().await;
    let ann = house.admin("ann").await;
    let from = audited(&house).await.len();
    let key = ann.save_key("openai", KEY).await;
    let path = format!("/v2/credentials/{}", id(&key));
    ann.client.patch(&path, &json!({"name": "Second name"})).await.expect(200);
    ann.client.patch(&path, &json!({"api_key": OTHER_KEY})).await.expect(200);
    ann.client.post(&format!("{path}/deactivate"), &json!({})).await.expect(200);
    ann.client.post(&format!("{path}/activate"), &json!({})).await.expect(200);
    ann.client.post(&format!("{path}/reveal"), &json!({"password": PASSWORD})).await.expect(200);
    let token = ann.client.post("/v2/tokens", &json!({"name": "one"})).await.expect(201).json();
    ann.client.delete(&format!("/v2/tokens/{}", id(&token))).await.expect(204);
    ann.client.delete(&format!("{path}?confirm=true")).await.expect(204);
    assert_eq!(
        audited(&house).await[from..],
        [
            "credential.created",
            "credential.updated",
            "credential.secret_replaced",
            "credential.deactivated",
            "credential.activated",
            "credential.revealed",
            "token.created",
            "token.revoked",
            "credential.deleted",
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_audited_does_not_happen() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let mut database = house.raw_database().await;
    database
        .execute("CREATE TRIGGER full_disk BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'no'); END")
        .await;
    let path = format!("/v2/credentials/{}", id(&key));
    for answer in [
        ann.client.patch(&path, &json!({"name": "Another"})).await,
        ann.client.patch(&path, &json!({"api_key": OTHER_KEY})).await,
        ann.client.post(&format!("{path}/deactivate"), &json!({})).await,
        ann.client.post(&format!("{path}/reveal"), &json!({"password": PASSWORD})).await,
        ann.client.delete(&format!("{path}?confirm=true")).await,
        ann.client.post("/v2/credentials", &json!({"provider": "openai", "api_key": OTHER_KEY})).await,
        ann.client.post("/v2/tokens", &json!({"name": "one"})).await,
    ] {
        assert!(answer.status.is_server_error() && !answer.text().contains("FAKE"), "{}", answer.text());
    }
    database.execute("DROP TRIGGER full_disk").await;
    let now = ann.client.get(&path).await.expect(200).json();
    assert_eq!(json!([now["name"], now["masked"], now["is_active"]]), json!([key["name"], key["masked"], true]));
    let count = |table: &str| format!("SELECT COUNT(*) FROM {table}");
    assert_eq!(database.number(&count("credentials")).await, 1);
    assert_eq!(database.number(&count("tokens")).await, 0);
    ann.chat("Hi").await.expect(200);
}
