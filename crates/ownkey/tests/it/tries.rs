//! Endpoints of one's own: suggestions for the form, and trying what they can do.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use provider_sim::{Behaviour, KeyState};
use serde_json::{Value, json};
use testkit::{House, Person};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const MODEL: &str = "gpt-5-mini";

/// Saves an endpoint with a header of its own; returns its address.
async fn endpoint_of(house: &House, person: &Person) -> String {
    let body = json!({
        "provider": "custom", "name": "mine", "api_key": KEY, "api_base": house.sim.base_url(),
        "settings": {"headers": {"x-tenant": "blue"}},
    });
    let key = person.client.post("/v2/credentials?check=sync", &body).await.expect(201).json();
    format!("/v2/credentials/{}", key["id"].as_str().unwrap())
}

async fn tried(person: &Person, path: &str, body: &Value) -> Value {
    person.client.post(&format!("{path}/try"), body).await.expect(200).json()
}

async fn capabilities(person: &Person) -> Value {
    let model = person.client.get(&format!("/v2/llm-models/mine/{MODEL}")).await.expect(200).json();
    model["capabilities"].clone()
}

fn outcomes(found: &Value) -> Vec<(String, String)> {
    let text = |tried: &Value, name: &str| tried[name].as_str().unwrap().to_owned();
    found["data"].as_array().unwrap().iter().map(|tried| (text(tried, "ability"), text(tried, "outcome"))).collect()
}

fn calls(house: &House) -> usize {
    house.sim.log().iter().filter(|call| call.method == "POST").count()
}

#[tokio::test]
async fn each_ability_is_tried_by_one_call_that_is_in_the_ledger() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let path = endpoint_of(&house, &ann).await;
    let body = json!({"model": MODEL, "embedding_model": "text-embedding-3-small"});
    let found = tried(&ann, &path, &body).await;
    let shown = outcomes(&found);
    let abilities: Vec<&str> = shown.iter().map(|(ability, _)| ability.as_str()).collect();
    assert_eq!(abilities, ["stream", "tools", "json_schema", "vision", "embeddings"]);
    let is_shown = |ability: &str, outcome: &str| shown.contains(&(ability.to_owned(), outcome.to_owned()));
    assert!(is_shown("stream", "works") && is_shown("json_schema", "works"), "{found}");
    assert!(is_shown("embeddings", "works") && is_shown("tools", "unclear"), "{found}");
    assert_eq!((calls(&house), &found["cost"]), (5, &Value::Null), "nobody knows a price: {found}");
    assert!(house.sim.log().iter().all(|call| call.header("x-tenant") == Some("blue")));

    house.ledger_is_written().await;
    let usage = ann.usage().await;
    let attempts: Vec<&Value> = usage.iter().flat_map(|event| event["attempts"].as_array().unwrap()).collect();
    assert_eq!((usage.len(), attempts.len()), (1, 5), "{usage:?}");
    assert!(attempts.iter().all(|attempt| attempt["state"] == "settled"), "{attempts:?}");
    let bill = house.sim.bill();
    let read: u64 = attempts.iter().filter_map(|attempt| attempt["input_tokens"].as_u64()).sum();
    assert!(read > 0 && bill.billed_calls == 5, "{attempts:?}");
    assert_eq!(usage[0]["source"], "playground");
}

#[tokio::test]
async fn what_an_endpoint_refused_is_refused_early_until_it_is_tried_again() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let path = endpoint_of(&house, &ann).await;
    assert_eq!(capabilities(&ann).await, json!(["chat"]), "nobody knows more of it");
    let tools = json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]);
    let call = json!({
        "model": format!("mine/{MODEL}"), "messages": [{"role": "user", "content": "Say \"image_url\""}], "tools": tools,
    });
    ann.client.post("/v1/chat/completions", &call).await.expect(200);

    let only = |ability: &str| json!({"model": MODEL, "abilities": [ability]});
    for (ability, field) in [("tools", "tools"), ("vision", "messages")] {
        house.sim.next(Behaviour::RefusesField(field.to_owned()));
        assert_eq!(outcomes(&tried(&ann, &path, &only(ability)).await), [(ability.to_owned(), "refused".to_owned())]);
    }
    tried(&ann, &path, &only("json_schema")).await;
    assert_eq!(capabilities(&ann).await, json!(["chat", "json_schema"]));
    let asked = calls(&house);
    let picture = json!([{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]);
    let seeing = json!({"model": format!("mine/{MODEL}"), "messages": [{"role": "user", "content": picture}]});
    for (body, field) in [(&call, "tools"), (&seeing, "messages")] {
        let error = ann.client.post("/v1/chat/completions", body).await.expect(400).json()["error"].clone();
        assert_eq!((&error["code"], &error["param"]), (&json!("unsupported_parameter"), &json!(field)));
        assert!(error["message"].as_str().unwrap().contains("when this endpoint was tried on 20"), "{error}");
    }
    assert_eq!(calls(&house), asked, "nobody was asked");
    let mut plain = call.clone();
    plain.as_object_mut().unwrap().remove("tools");
    ann.client.post("/v1/chat/completions", &plain).await.expect(200);

    // Another process knows as well; the endpoint's word of later counts.
    let node = house.second_process().await;
    node.client_of(&ann.client).post("/v1/chat/completions", &call).await.expect(400);
    node.stop().await;
    house.raw_database().await.execute("UPDATE tried_abilities SET outcome = 'works' WHERE ability = 'tools'").await;
    tried(&ann, &path, &only("json_schema")).await;
    ann.client.post("/v1/chat/completions", &call).await.expect(200);
    let audited = house.admin("root").await.client.get("/v2/audit-events?limit=500").await.expect(200).json();
    let rows = audited["data"].as_array().unwrap().iter().filter(|row| row["action"] == "credential.tried").count();
    assert_eq!(rows, 4);
}

#[tokio::test]
async fn a_try_that_fails_says_why_and_keeps_nothing() {
    let house = House::start().await;
    let (ann, bob) = (house.user("ann").await, house.user("bob").await);
    let path = endpoint_of(&house, &ann).await;
    let body = json!({"model": MODEL, "abilities": ["tools"]});
    bob.client.post(&format!("{path}/try"), &body).await.expect(404);
    for wrong in
        [json!({"model": ""}), json!({"model": KEY}), json!({"model": MODEL, "abilities": ["flying"]}), json!({})]
    {
        let refused = ann.client.post(&format!("{path}/try"), &wrong).await.expect(422);
        assert!(!refused.text().contains(KEY), "{}", refused.text());
    }
    let openai = ann.save_key("openai", KEY).await;
    let known = format!("/v2/credentials/{}", openai["id"].as_str().unwrap());
    ann.client.post(&format!("{known}/try"), &body).await.expect(422);
    assert_eq!(calls(&house), 0);
    house.sim.key(KEY, KeyState::Invalid401);
    let found = tried(&ann, &path, &json!({"model": MODEL, "abilities": ["tools", "stream", "tools"]})).await;
    assert_eq!(outcomes(&found), ["tools", "stream"].map(|ability| (ability.to_owned(), "unclear".to_owned())));
    assert_eq!(calls(&house), 1, "a refused key is not tried again");
    assert_eq!(found["cost"], 0, "a refusal costs nothing: {found}");
    ann.client.post(&format!("{path}/deactivate"), &json!({})).await.expect(200);
    ann.client.post(&format!("{path}/try"), &body).await.expect(403);
    house.ledger_is_written().await;
    assert_eq!(ann.usage().await[0]["attempts"][0]["state"], "failed");
}

#[tokio::test]
async fn the_form_of_a_custom_endpoint_has_suggestions() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let list = ann.client.get("/v2/providers").await.expect(200).json();
    for provider in list["data"].as_array().unwrap() {
        let presets = provider["presets"].as_array().unwrap();
        assert_eq!(presets.is_empty(), provider["id"] != "custom", "{}", provider["id"]);
        for wanted in ["deepseek", "together", "cerebras", "perplexity", "vllm"].iter().filter(|_| !presets.is_empty())
        {
            let preset = presets.iter().find(|preset| preset["id"] == *wanted).unwrap();
            assert!(preset["api_base"].as_str().unwrap().starts_with("http"), "{preset}");
        }
    }
}
