//! What each provider wants: nothing, a key, an endpoint and a key, a token.

use serde_json::{Value, json};
use testkit::{House, Person};

use super::{KEY, names, path};

const AZURE_KEY: &str = "0123456789abcdef0123456789abcdef";

async fn azure(ann: &Person, more: Value) -> testkit::Answer {
    let mut body = json!({"provider": "azure", "api_key": AZURE_KEY});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    ann.client.post("/v2/credentials?check=sync", &body).await
}

#[tokio::test]
async fn the_registry_tells_the_kind_of_each_credential_and_its_fields() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let list = ann.client.get("/v2/providers").await.expect(200).json();
    let kind = |id: &str| {
        let rows = list["data"].as_array().unwrap();
        let row = rows.iter().find(|row| row["id"] == id).unwrap();
        let fields = row["fields"].as_array().unwrap().iter();
        let required: Vec<_> =
            fields.filter(|field| field["required"] == true).map(|field| field["name"].clone()).collect();
        (row["credential_kind"].clone(), required)
    };
    assert_eq!(kind("ollama"), (json!("none"), vec![]));
    assert_eq!(kind("openai"), (json!("key"), vec![json!("api_key")]));
    assert_eq!(kind("azure"), (json!("endpoint_and_key"), vec![json!("api_base"), json!("api_key")]));
    assert_eq!(kind("huggingface"), (json!("download_token"), vec![json!("api_key")]));
    assert_eq!(kind("custom"), (json!("endpoint"), vec![json!("api_base")]));
}

#[tokio::test]
async fn an_azure_key_needs_its_endpoint_and_has_a_version_and_deployments() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let refused = azure(&ann, json!({})).await.expect(422).json();
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("api_base") && detail.contains("openai.azure.com"), "{detail}");
    let endpoint = "https://mine.azure.invalid/openai/deployments/x/chat/completions";
    let more = json!({"api_base": endpoint, "settings": {"deployments": ["my-gpt", " my-gpt ", "embed.3"]}});
    let key = azure(&ann, more).await.expect(201).json();
    assert_eq!(key["endpoint_origin"], "https://mine.azure.invalid");
    assert_eq!(key["settings"], json!({"api_version": "2024-10-21", "deployments": ["my-gpt", "embed.3"]}), "{key}");
    assert_eq!(key["status"], "unreachable", "nobody answers for .invalid: {key}");
    assert!(key["masked"].as_str().unwrap().ends_with("cdef"), "{key}");
    let edit = json!({"settings": {"api_version": "2025-04-01-preview"}});
    let edited = ann.client.patch(&path(&key), &edit).await.expect(200).json();
    assert_eq!(edited["settings"]["deployments"], json!(["my-gpt", "embed.3"]), "absent stays: {edited}");
    assert_eq!(edited["settings"]["api_version"], "2025-04-01-preview");
    let cleared = json!({"settings": {"api_version": null, "deployments": []}});
    let edited = ann.client.patch(&path(&key), &cleared).await.expect(200).json();
    assert_eq!(edited["settings"], json!({"api_version": "2024-10-21"}));
    let moved = ann.client.patch(&path(&key), &json!({"api_base": "https://other.openai.azure.com"})).await;
    assert_eq!(moved.expect(409).json()["code"], "key_required_for_new_origin");
}

#[tokio::test]
async fn wrong_versions_and_deployments_are_refused_and_so_are_those_of_others() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let endpoint = "https://mine.openai.azure.com";
    for settings in [
        json!({"api_version": "v1"}),
        json!({"api_version": "2024-13-01"}),
        json!({"deployments": ["a b"]}),
        json!({"deployments": [""]}),
        json!({"deployments": ["x".repeat(65)]}),
        json!({"deployments": "my-gpt"}),
        json!({"slug": "mine"}),
    ] {
        azure(&ann, json!({"api_base": endpoint, "settings": settings})).await.expect(422);
    }
    for settings in [json!({"api_version": "latest"}), json!({"deployments": ["a"]})] {
        let body = json!({"provider": "openai", "api_key": KEY, "settings": settings});
        ann.client.post("/v2/credentials", &body).await.expect(422);
    }
    assert!(names(&ann, "azure").await.is_empty());
}

#[tokio::test]
async fn the_short_way_takes_an_azure_key_with_its_endpoint() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let short = "/v2/users/me/api-key";
    for body in [json!({"azure_api_key": AZURE_KEY}), json!({"azure_endpoint": "https://mine.openai.azure.com"})] {
        ann.client.patch(short, &body).await.expect(422);
    }
    let body = json!({"azure_api_key": AZURE_KEY, "azure_endpoint": "https://mine.openai.azure.com/"});
    ann.client.patch(short, &body).await.expect(200);
    let status = ann.client.get("/v2/users/me/api-key-status").await.expect(200).json();
    assert_eq!(status["has_azure_key"], true);
    // The same again, and another key for the same resource without naming it.
    ann.client.patch(short, &body).await.expect(200);
    ann.client.patch(short, &json!({"azure_api_key": AZURE_KEY.replace('0', "1")})).await.expect(200);
    assert_eq!(names(&ann, "azure").await, ["Primary"]);
    ann.client.patch(short, &json!({"azure_api_key": null})).await.expect(200);
    assert!(names(&ann, "azure").await.is_empty());
}

#[tokio::test]
async fn a_hugging_face_token_is_saved_by_its_shape() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let body = json!({"provider": "hf", "api_key": "hf_FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ012345"});
    let key = ann.client.post("/v2/credentials", &body).await.expect(201).json();
    assert_eq!((key["provider"].as_str(), key.get("warning")), (Some("huggingface"), None), "{key}");
    assert!(key["masked"].as_str().unwrap().starts_with("hf_…"), "{key}");
}
