//! Models that people register by hand: for their own keys, or for everybody's.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use testkit::{Client, House, chat_body, eventually};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const SYSTEM: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789syst";
const AZURE_KEY: &str = "0123456789abcdef0123456789abcdef";

async fn register(client: &Client, body: &Value) -> Value {
    client.post("/v2/llm-models", body).await.expect(201).json()
}

fn path(model: &Value) -> String {
    format!("/v2/llm-models/{}", model["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_deployment_is_registered_read_changed_and_taken_out_and_the_log_says_so() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let key = json!({"provider": "azure", "api_key": AZURE_KEY, "api_base": "https://mine.openai.azure.com"});
    root.client.post("/v2/credentials", &key).await.expect(201);
    let body = json!({
        "provider": "azure", "model_id": " my-gpt ", "display_name": "Our GPT",
        "capabilities": ["chat", "tools"], "context_window": 128_000, "max_tokens": 16_000,
        "input_token_price": 1.1, "output_token_price": 4.4, "cached_input_token_price": 0.275,
    });
    let made = register(&root.client, &body).await;
    assert_eq!(
        json!([made["model_id"], made["display_name"], made["origin"], made["access"], made["credential_scope"]]),
        json!(["my-gpt", "Our GPT", "registered", "available", "personal"])
    );
    assert_eq!(
        json!([made["context_window"], made["max_tokens"], made["capabilities"]]),
        json!([128_000, 16_000, ["chat", "tools"]])
    );
    assert_eq!(
        json!([made["input_token_price"], made["output_token_price"], made["cached_input_token_price"]]),
        json!([1.1, 4.4, 0.275])
    );
    assert_eq!(root.client.get(&path(&made)).await.expect(200).json(), made);
    let callable = root.client.get("/v1/models").await.expect(200).json();
    assert!(callable["data"].as_array().unwrap().iter().any(|model| model["id"] == "my-gpt"), "{callable}");

    root.client.post("/v2/llm-models", &body).await.expect(409);
    let edit = json!({"context_window": null, "capabilities": ["chat", "vision"]});
    let changed = root.client.patch(&path(&made), &edit).await.expect(200).json();
    assert_eq!(json!([changed["context_window"], changed["capabilities"]]), json!([null, ["chat", "vision"]]));
    assert_eq!(changed["input_token_price"], json!(1.1), "absent stays");

    root.client.delete(&path(&made)).await.expect(204);
    root.client.get(&path(&made)).await.expect(404);
    root.client.delete(&path(&made)).await.expect(404);
    let log = root.client.get("/v2/audit-events").await.expect(200).json();
    let actions = log["data"].as_array().unwrap().iter().filter_map(|event| event["action"].as_str());
    let said: Vec<_> = actions.filter(|action| action.starts_with("model.")).collect();
    assert_eq!(said, ["model.unregistered", "model.updated", "model.registered"]);
}

#[tokio::test]
async fn a_price_of_ones_own_counts_for_ones_own_keys_and_for_no_others() {
    let house = House::start().await;
    let root = house.admin("root").await;
    root.client
        .post("/v2/credentials", &json!({"provider": "openai", "api_key": SYSTEM, "scope": "system"}))
        .await
        .expect(201);
    let ann = house.user("ann").await;
    let price = |model: &Value| json!([model["input_token_price"], model["credential_scope"]]);
    let model = async |client: &Client| client.get("/v2/llm-models/gpt-5-mini").await.expect(200).json();
    let known = model(&ann.client).await;
    assert_eq!(known["credential_scope"], "system");

    let dear =
        json!({"provider": "openai", "model_id": "gpt-5-mini", "input_token_price": 1000, "output_token_price": 2000});
    register(&ann.client, &dear).await;
    assert_eq!(price(&model(&ann.client).await), price(&known), "the server's key is not hers to price");

    ann.save_key("openai", KEY).await;
    assert_eq!(price(&model(&ann.client).await), json!([1000, "personal"]));
    assert_eq!(price(&model(&root.client).await), price(&known), "nobody else hears of it");

    ann.client.post("/v1/chat/completions", &chat_body("gpt-5-mini", "Hi", false)).await.expect(200);
    house.ledger_is_written().await;
    let attempt = &ann.usage().await[0]["attempts"][0];
    let tokens = |name: &str| attempt[name].as_i64().unwrap();
    // Dollars for a million are thousands of billionths for one.
    let cost = tokens("input_tokens") * 1_000_000 + tokens("output_tokens") * 2_000_000;
    assert!(cost > 0, "{attempt}");
    assert_eq!(
        json!([attempt["client_cost_nanos"], attempt["credential_scope"]]),
        json!([cost, "personal"]),
        "{attempt}"
    );
}

#[tokio::test]
async fn everybodys_models_are_an_admins_to_register() {
    let house = House::start().await;
    let (root, ann) = (house.admin("root").await, house.user("ann").await);
    let body = json!({"provider": "openai", "model_id": "house-model", "scope": "system", "context_window": 32_000});
    ann.client.post("/v2/llm-models", &body).await.expect(403);
    let made = register(&root.client, &body).await;
    assert_eq!(made["access"], "locked", "there is no key yet");
    let seen = ann.client.get(&path(&made)).await.expect(200).json();
    assert_eq!(seen["context_window"], 32_000);
    ann.client.patch(&path(&made), &json!({"context_window": 1})).await.expect(403);
    ann.client.delete(&path(&made)).await.expect(403);
    ann.save_key("openai", KEY).await;
    assert_eq!(ann.client.get(&path(&made)).await.expect(200).json()["access"], "available");
    // Her own word about her own keys wins; taken back, everybody's is in force again.
    let own = json!({"provider": "openai", "model_id": "house-model", "context_window": 64_000});
    assert_eq!(register(&ann.client, &own).await["context_window"], 64_000);
    ann.client.delete(&path(&made)).await.expect(204);
    assert_eq!(ann.client.get(&path(&made)).await.expect(200).json()["context_window"], 32_000);
}

#[tokio::test]
async fn what_is_no_model_is_refused_with_the_field_at_fault() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    for (body, field) in [
        (json!({"provider": "nobody", "model_id": "m"}), "provider"),
        (json!({"provider": "openai", "model_id": " "}), "model_id"),
        (json!({"provider": "openai", "model_id": KEY}), "model_id"),
        (json!({"provider": "custom", "model_id": "no-slug"}), "model_id"),
        (json!({"provider": "openai", "model_id": "m", "context_window": 0}), "context_window"),
        (json!({"provider": "openai", "model_id": "m", "capabilities": ["wings"]}), "capabilities"),
        (json!({"provider": "openai", "model_id": "m", "capabilities": ["chat", "embeddings"]}), "capabilities"),
        (json!({"provider": "openai", "model_id": "m", "input_token_price": 1}), "output_token_price"),
        (
            json!({"provider": "openai", "model_id": "m", "input_token_price": -1, "output_token_price": 1}),
            "input_token_price",
        ),
        (
            json!({"provider": "ollama", "model_id": "m", "input_token_price": 1, "output_token_price": 1}),
            "input_token_price",
        ),
        (json!({"provider": "openai", "model_id": "m", "scope": "organization"}), "organization_id"),
    ] {
        let refused = ann.client.post("/v2/llm-models", &body).await.expect(422).json();
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains(field), "{body}: {detail}");
        assert!(!detail.contains(KEY), "{detail}");
    }
}

#[tokio::test]
async fn a_locked_model_names_the_key_that_fails_and_a_refused_key_locks_its_models() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    let model = async || ann.client.get("/v2/llm-models/openai%2Fgpt-5-mini").await.expect(200).json();
    assert_eq!(model().await["access"], "available");
    house.sim.key(KEY, provider_sim::KeyState::Invalid401);
    assert!(!ann.chat("Hi").await.status.is_success());
    // A refusal is checked before the key is called invalid.
    let locked = eventually("the key is judged", Duration::from_secs(10), async || {
        Some(model().await).filter(|model| model["access"] == "locked")
    });
    assert_eq!(locked.await["model_id"], "openai/gpt-5-mini");
    let cookie = house.web_session("ann").await;
    let headers = [("cookie", cookie.as_str())];
    let page =
        house.nobody().send(Method::GET, "/language-models?q=gpt-5-mini&show=locked", &headers, Vec::new()).await;
    let page = page.expect(200).text();
    assert!(page.contains("(…key1)") && page.contains("Invalid") && page.contains("/keys?provider=openai"), "{page}");
}

#[tokio::test]
async fn only_our_own_page_says_that_a_call_is_the_playgrounds() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    let cookie = house.web_session("ann").await;
    let body = json!({"model_id": "gpt-5-mini", "messages": [{"role": "user", "content": "Hi"}]}).to_string();
    let mark = ("x-ownkey-source", "playground");
    let json_body = ("content-type", "application/json");
    let page = [mark, json_body, ("cookie", cookie.as_str()), ("origin", house.url.as_str())];
    house.nobody().send(Method::POST, "/v2/llm/chat/completions", &page, body.clone().into_bytes()).await.expect(200);
    ann.client.send(Method::POST, "/v2/llm/chat/completions", &[mark, json_body], body.into_bytes()).await.expect(200);
    house.ledger_is_written().await;
    let sources: Vec<Value> = ann.usage().await.iter().map(|event| event["source"].clone()).collect();
    assert_eq!(sources, ["api", "playground"]);
}
