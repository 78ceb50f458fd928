//! Where aliases are listed and explained.

use serde_json::{Value, json};
use testkit::House;

use super::{ANTHROPIC, GOOGLE, OPENAI, THREE, ann_with_fast, make, targets};

fn ids(list: &Value) -> Vec<String> {
    let text =
        |model: &Value| model.get("model_id").or_else(|| model.get("id")).and_then(Value::as_str).unwrap().to_owned();
    list["data"].as_array().unwrap().iter().map(text).collect()
}

#[tokio::test]
async fn models_have_the_aliases_whose_targets_the_caller_reaches() {
    let house = House::start().await;
    let root = house.admin("root").await;
    for (alias, of) in [("fast", &THREE[..]), ("claude-own", &THREE[1..2])] {
        make(&root.client, &json!({"alias": alias, "scope": "system", "targets": targets(of)})).await;
    }
    let ann = house.user("ann").await;
    assert_eq!(ids(&ann.client.get("/v1/models").await.expect(200).json()), Vec::<String>::new());
    ann.client.get("/v1/models/fast").await.expect(404);
    ann.save_key("openai", OPENAI).await;
    let models = ids(&ann.client.get("/v1/models").await.expect(200).json());
    assert!(models.contains(&"fast".to_owned()) && !models.contains(&"claude-own".to_owned()), "{models:?}");
    assert_eq!(ann.client.get("/v1/models/fast").await.expect(200).json()["owned_by"], "openai");
    ann.save_key("anthropic", ANTHROPIC).await;
    let list = ann.client.get("/v2/llm-models?is_active=true&limit=2").await.expect(200).json();
    let rows: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row["model_id"], row["origin"], row["access"]]))
        .collect();
    let row = |name: &str| json!([name, "alias", "available"]);
    assert_eq!(rows, [row("fast"), row("claude-own")], "names that somebody chose come first");
    // Two models: what is promised is what both can do.
    let fast = ann.client.get("/v2/llm-models/fast").await.expect(200).json();
    let window = async |model: &str| {
        let model = ann.client.get(&format!("/v2/llm-models/{model}")).await.expect(200).json();
        model["context_window"].as_u64().unwrap()
    };
    assert_eq!(fast["context_window"], window("gpt-5-mini").await.min(window("claude-haiku-4-5").await));
}

#[tokio::test]
async fn a_model_whose_name_was_taken_is_listed_with_its_provider() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", OPENAI).await;
    make(&ann.client, &json!({"alias": "gpt-5-mini", "targets": targets(&[("openai", "gpt-5")])})).await;
    let models = ids(&ann.client.get("/v1/models").await.expect(200).json());
    let named: Vec<_> = models.iter().filter(|model| model.ends_with("gpt-5-mini")).collect();
    assert_eq!(named, ["gpt-5-mini", "openai/gpt-5-mini"]);
}

#[tokio::test]
async fn resolve_explains_each_target() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("anthropic", ANTHROPIC).await;
    ann.save_key("google", GOOGLE).await;
    make(&ann.client, &json!({"alias": "fast", "targets": targets(&THREE)})).await;
    let told = ann.client.get("/v2/resolve?model=fast").await.expect(200).json();
    assert_eq!(
        json!([told["alias"], told["provider"], told["model"], told["chosen"]["scope"]]),
        json!(["fast", "anthropic", "claude-haiku-4-5", "personal"])
    );
    let each: Vec<_> = told["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|target| {
            json!([target["provider"], target["chosen"]["scope"], target["candidates"].as_array().unwrap().len()])
        })
        .collect();
    assert_eq!(
        each,
        [json!(["openai", null, 0]), json!(["anthropic", "personal", 1]), json!(["google", "personal", 1])]
    );
    let plain = ann.client.get("/v2/resolve?model=claude-haiku-4-5").await.expect(200).json();
    assert_eq!((&plain["alias"], plain.get("targets")), (&Value::Null, None));
}

#[tokio::test]
async fn suggestions_are_names_for_clients_that_know_only_claude() {
    let house = House::start().await;
    let ann = ann_with_fast(&house).await;
    let suggested = ann.client.get("/v2/model-aliases/suggestions").await.expect(200).json();
    let rows = suggested["data"].as_array().unwrap().clone();
    assert!(rows.iter().all(|row| row["alias"].as_str().unwrap().starts_with("claude-")), "{suggested}");
    let providers: Vec<_> = rows.iter().map(|row| row["targets"][0]["provider"].clone()).collect();
    assert_eq!(providers, [json!("openai"), json!("google")]);
    // Each is a body for a create; what is there is not suggested again.
    make(&ann.client, &rows[0]).await;
    let left = ann.client.get("/v2/model-aliases/suggestions").await.expect(200).json();
    assert_eq!(left["count"], 1);
}
