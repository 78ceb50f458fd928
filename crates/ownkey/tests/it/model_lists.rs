//! `GET /v1/models` and `/v1beta/models`: the same models in three shapes, and
//! each id means the very model it stands for.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;

use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, House, Person};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const ANTHROPIC: (&str, &str) = ("anthropic-version", "2023-06-01");

async fn ann_with_keys(house: &House) -> Person {
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    ann.save_key("anthropic", "sk-ant-api03-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789AA").await;
    ann.save_key("groq", "gsk_FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123").await;
    ann
}

async fn get_as(ann: &Person, path: &str, mark: (&str, &str)) -> Answer {
    ann.client.send(Method::GET, path, &[mark], Vec::new()).await
}

fn texts(list: &Value, name: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one[name].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn one_list_comes_in_the_shape_of_whoever_asks() {
    let house = House::start().await;
    let ann = ann_with_keys(&house).await;
    let google = ("x-goog-api-key", ann.client.token());

    let openai = ann.client.get("/v1/models").await.expect(200).json();
    let ids = texts(&openai["data"], "id");
    let one = openai["data"].as_array().unwrap().iter().find(|model| model["id"] == "gpt-5-mini").unwrap();
    assert_eq!((&one["object"], &one["owned_by"], &one["mode"]), (&json!("model"), &json!("openai"), &json!("chat")));
    assert!(one["name"].is_string() && one["context_length"] == one["max_input_tokens"], "{one}");
    assert!(one["context_length"].is_u64() && one["created"].is_i64(), "{one}");

    let anthropic = get_as(&ann, "/v1/models?limit=1000", ANTHROPIC).await.expect(200).json();
    assert_eq!(texts(&anthropic["data"], "id"), ids);
    assert_eq!((&anthropic["has_more"], &anthropic["first_id"]), (&json!(false), &json!(ids[0])));
    let one = anthropic["data"].as_array().unwrap().iter().find(|model| model["id"] == "claude-opus-5-5").unwrap();
    assert_eq!((&one["type"], &one["lifecycle"]), (&json!("model"), &json!("active")));
    assert!(one["display_name"].as_str().unwrap().starts_with("Claude"), "{one}");
    assert!(one["created_at"].as_str().unwrap().ends_with('Z') && one["max_input_tokens"].is_u64(), "{one}");

    let gemini = get_as(&ann, "/v1/models", google).await.expect(200).json();
    let names: Vec<String> = ids.iter().map(|id| format!("models/{id}")).collect();
    assert_eq!(texts(&gemini["models"], "name"), names);
    let one = gemini["models"].as_array().unwrap().iter().find(|model| model["name"] == "models/gpt-5-mini").unwrap();
    assert!(one["inputTokenLimit"].is_u64() && one["outputTokenLimit"].is_u64(), "{one}");
    assert!(one["supportedGenerationMethods"].as_array().unwrap().contains(&json!("generateContent")), "{one}");
    assert_eq!(ann.client.get("/v1beta/models").await.expect(200).json(), gemini, "below /v1beta whoever asks");

    for path in ["/v1/models", "/v1/models/gpt-5-mini", "/v1beta/models", "/v1beta/models/gpt-5-mini"] {
        let head = ann.client.send(Method::HEAD, path, &[], Vec::new()).await.expect(200);
        assert!(head.bytes.is_empty(), "{path}");
    }
    assert_eq!(get_as(&ann, "/v1/models/gpt-5-mini", ANTHROPIC).await.expect(200).json()["type"], "model");
    assert_eq!(get_as(&ann, "/v1/models/gpt-5-mini", google).await.expect(200).json()["name"], "models/gpt-5-mini");
    assert_eq!(ann.client.get("/v1beta/models/gpt-5-mini").await.expect(200).json()["name"], "models/gpt-5-mini");
}

#[tokio::test]
async fn pages_are_turned_as_each_client_turns_them() {
    let house = House::start().await;
    let ann = ann_with_keys(&house).await;
    let all = texts(&ann.client.get("/v1/models").await.expect(200).json()["data"], "id");

    let (mut seen, mut query) = (Vec::new(), "limit=7".to_owned());
    let last = loop {
        let page = get_as(&ann, &format!("/v1/models?{query}"), ANTHROPIC).await.expect(200).json();
        seen.extend(texts(&page["data"], "id"));
        if page["has_more"] == false {
            break page;
        }
        query = format!("limit=7&after_id={}", page["last_id"].as_str().unwrap().replace('/', "%2F"));
    };
    assert_eq!(seen, all);
    let before = last["first_id"].as_str().unwrap().replace('/', "%2F");
    let back = get_as(&ann, &format!("/v1/models?limit=2&before_id={before}"), ANTHROPIC).await.expect(200).json();
    let place = all.len() - last["data"].as_array().unwrap().len();
    assert_eq!(texts(&back["data"], "id"), all[place - 2..place]);
    assert_eq!(back["has_more"], true);

    let (mut seen, mut query) = (Vec::new(), "pageSize=7".to_owned());
    loop {
        let page = ann.client.get(&format!("/v1beta/models?{query}")).await.expect(200).json();
        seen.extend(texts(&page["models"], "name").iter().map(|name| name.replacen("models/", "", 1)));
        let Some(next) = page["nextPageToken"].as_str() else { break };
        query = format!("pageSize=7&pageToken={}", next.replace('/', "%2F"));
    }
    assert_eq!(seen, all);

    for wrong in ["limit=0", "limit=1001", "limit=x", "after_id=none", "after_id=gpt-5-mini&before_id=gpt-5-mini"] {
        let refused = get_as(&ann, &format!("/v1/models?{wrong}"), ANTHROPIC).await.expect(400).json();
        assert_eq!(refused["error"]["type"], "invalid_request_error", "{wrong}");
        ann.client.get(&format!("/v1/models?{wrong}")).await.expect(200);
    }
    for wrong in ["pageSize=-1", "pageToken=none"] {
        let refused = ann.client.get(&format!("/v1beta/models?{wrong}")).await.expect(400).json();
        assert_eq!(refused["error"]["status"], "INVALID_ARGUMENT", "{wrong}");
    }
    assert_eq!(
        texts(&ann.client.get("/v1beta/models?pageSize=5000").await.expect(200).json()["models"], "name").len(),
        all.len()
    );
}

#[tokio::test]
async fn each_listed_id_means_the_very_model_it_stands_for() {
    let house = House::start().await;
    let ann = ann_with_keys(&house).await;
    ann.save_key("openrouter", "sk-or-v1-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789abcdefghijklmnopqrstuvwxyz01").await;
    let body = json!({"provider": "custom", "name": "deepseek", "api_key": KEY, "api_base": house.sim.base_url()});
    ann.client.post("/v2/credentials?check=sync", &body).await.expect(201);
    let list = ann.client.get("/v1/models").await.expect(200).json();
    let ids = texts(&list["data"], "id");
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "no id is there twice");
    let owners: HashSet<&str> =
        list["data"].as_array().unwrap().iter().filter_map(|model| model["owned_by"].as_str()).collect();
    assert_eq!(owners, HashSet::from(["openai", "anthropic", "groq", "openrouter", "custom"]));
    for model in list["data"].as_array().unwrap() {
        let id = model["id"].as_str().unwrap();
        let meant = ann.client.get(&format!("/v2/resolve?model={}", id.replace('/', "%2F"))).await.expect(200).json();
        assert_eq!(meant["provider"], model["owned_by"], "{id}: {meant}");
        assert_eq!(ann.client.get(&format!("/v1/models/{id}")).await.expect(200).json(), *model);
    }
}
