//! `/api/provider-credentials`, exactly as promised.

use super::*;

const ANTHROPIC: &str = "sk-ant-api03-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789-AbCdEfGh";

#[tokio::test]
async fn organizations_keys_are_looked_after_as_their_users_scripts_do_it() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let acme = company(&house, &root, "acme", KEY).await;
    let client = &acme.admin.client;
    let create = |organization: &str, provider: &str, key: &str| {
        json!({
            "organization_id": organization, "provider": provider, "credential_name": "Second", "api_key": key,
            "api_base": null,
        })
    };
    let base = "/api/provider-credentials";
    let made = client
        .post(&format!("{base}/create"), &create("ACME", "google", "AIzaFAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ01234"))
        .await;
    let made = made.expect(201).json();
    for member in [
        "credential_id",
        "organization_id",
        "provider",
        "credential_name",
        "api_base",
        "is_active",
        "created_at",
        "updated_at",
        "has_api_key",
        "masked",
        "status",
        "status_reason",
        "checked_at",
        "last_used_at",
        "priority",
    ] {
        assert!(made.get(member).is_some(), "{member}: {made}");
    }
    assert_eq!(
        json!([made["provider"], made["organization_id"], made["has_api_key"]]),
        json!(["gemini", acme.id, true])
    );
    let path = format!("{base}/{}", made["credential_id"].as_str().unwrap());

    let unknown = client.post(&format!("{base}/create"), &create("acme", "nobody", ANTHROPIC)).await.expect(400);
    assert!(unknown.text().contains("gemini") && unknown.json()["code"] == "unknown_provider", "{}", unknown.text());
    client.post(&format!("{base}/create"), &create("nobodys", "anthropic", ANTHROPIC)).await.expect(404);
    let again = client.post(&format!("{base}/create"), &create("acme", "openai", KEY)).await.expect(409);
    assert_eq!(again.json()["code"], "duplicate_secret");
    acme.member.client.post(&format!("{base}/create"), &create("acme", "anthropic", ANTHROPIC)).await.expect(403);

    put(client, &format!("{path}/deactivate"), &json!({})).await.expect(200);
    assert_eq!(client.get(&path).await.expect(200).json()["is_active"], false);
    let all = client.get(base).await.expect(200).json();
    assert_eq!(all.as_array().unwrap().len(), 2, "a plain array, inactive ones too");
    for (query, expected) in [("?active_only=true", 1), ("?provider=gemini", 1), ("?organization_id=acme", 2)] {
        assert_eq!(client.get(&format!("{base}{query}")).await.expect(200).json().as_array().unwrap().len(), expected);
    }
    for named in [&acme.id, &acme.slug] {
        let of = client.get(&format!("{base}/organization/{named}")).await.expect(200).json();
        assert_eq!(of.as_array().unwrap().len(), 2);
    }
    client.get(&format!("{base}/organization/nobodys")).await.expect(404);
    put(client, &format!("{path}/activate"), &json!({})).await.expect(200);

    let renamed = put(client, &path, &json!({"credential_name": "Third"})).await.expect(200).json();
    assert_eq!(renamed["credential_name"], "Third");
    let moved = put(client, &path, &json!({"api_base": "https://elsewhere.invalid/v1beta"})).await.expect(409);
    assert_eq!(moved.json()["code"], "key_required_for_new_origin");

    let gone = client.delete(&path).await.expect(200).json();
    assert!(gone["credential_id"] == made["credential_id"] && gone["message"].is_string(), "{gone}");
    client.get(&path).await.expect(404);
    assert_eq!(root.client.get(base).await.expect(200).json().as_array().unwrap().len(), 1, "admins see all");
    assert_eq!(payer(&chat(&acme.member.client, &[]).await), "organization");
}

#[tokio::test]
async fn personal_and_system_keys_are_not_at_these_doors() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let own = root.save_key("openai", OWN_KEY).await;
    let path = format!("/api/provider-credentials/{}", id(&own));
    root.client.get(&path).await.expect(404);
    put(&root.client, &path, &json!({"credential_name": "x"})).await.expect(404);
    put(&root.client, &format!("{path}/deactivate"), &json!({})).await.expect(404);
    root.client.delete(&path).await.expect(404);
    assert_eq!(root.client.get("/api/provider-credentials").await.expect(200).json(), json!([]));
    root.client.get(&format!("/v2/credentials/{}", id(&own))).await.expect(200);
}
