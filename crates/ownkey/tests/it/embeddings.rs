//! Vectors: both formats of clients, every provider that makes them, and the
//! way through keys that fail.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use provider_sim::{Behaviour, KeyState, Keys, Models, Script};
use serde_json::{Value, json};
use testkit::{Answer, House, Options, Person, chat_body, eventually};

use crate::faults::row;

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const SECOND: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2";
const MODEL: &str = "text-embedding-3-small";
/// LM Studio lists what it has, whatever the script says.
const AT_LM_STUDIO: &str = "text-embedding-nomic-embed-text-v1.5";
const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// A house where every provider lists one model of vectors, and one that chats.
async fn house() -> House {
    house_with(Keys::Any).await
}

async fn house_with(keys: Keys) -> House {
    let models = [MODEL, "gpt-5-mini", AT_LM_STUDIO].map(str::to_owned).to_vec();
    let script = Script { keys, models: Models::Listed(models), ..Script::says("Hello.") };
    House::start_with(Options { script, local_servers: true, ..Options::default() }).await
}

async fn ann_with(house: &House, provider: &str) -> Person {
    let ann = house.user("ann").await;
    save(house, &ann, provider, KEY).await;
    ann
}

async fn save(house: &House, person: &Person, provider: &str, key: &str) -> Value {
    let mut body = json!({"provider": provider, "api_key": key});
    match provider {
        "custom" => {
            body["api_base"] = house.sim.base_url().into();
            body["name"] = "Mine".into();
        }
        "azure" => {
            body["api_base"] = format!("{}/azure", house.sim.origin()).into();
            body["settings"] = json!({"deployments": [MODEL, "gpt-5-mini"]});
        }
        _ => {}
    }
    person.client.post("/v2/credentials?check=sync", &body).await.expect(201).json()
}

async fn embed(person: &Person, body: Value) -> Answer {
    person.client.post("/v1/embeddings", &body).await
}

/// The lengths of an answer's vectors.
fn lengths(answer: &Answer) -> Vec<usize> {
    let json = answer.json();
    let length = |entry: &Value| entry["embedding"].as_array().or(entry["values"].as_array()).unwrap().len();
    let list = json["data"].as_array().or(json["embeddings"].as_array()).unwrap();
    list.iter().map(length).collect()
}

async fn rows(house: &House, person: &Person) -> Vec<String> {
    house.ledger_is_written().await;
    person.usage().await[0]["attempts"].as_array().unwrap().iter().map(row).collect()
}

#[tokio::test]
async fn every_provider_that_makes_vectors_makes_them_for_both_formats() {
    for provider in [
        "openai",
        "google",
        "mistral",
        "groq",
        "openrouter",
        "fireworks",
        "huggingface",
        "azure",
        "ollama",
        "lmstudio",
        "custom",
    ] {
        let house = house_with(if provider == "lmstudio" { Keys::NotNeeded } else { Keys::Any }).await;
        let local = matches!(provider, "ollama" | "lmstudio");
        let ann = if local { house.user("ann").await } else { ann_with(&house, provider).await };
        let model = match provider {
            "custom" => format!("mine/{MODEL}"),
            "lmstudio" => format!("lmstudio/{AT_LM_STUDIO}"),
            other => format!("{other}/{MODEL}"),
        };
        let answer = embed(&ann, json!({"model": model, "input": ["one", "two"], "dimensions": 8})).await.expect(200);
        assert_eq!(lengths(&answer), [8, 8], "{provider}");
        assert_eq!(answer.header("x-ownkey-provider"), provider);
        assert!(answer.json()["usage"]["prompt_tokens"].as_u64() > Some(0), "{provider}: {}", answer.text());
        let row = rows(&house, &ann).await;
        assert!(row[0].starts_with("settled - ") && row[0].contains("+0 "), "{provider}: {row:?}");
        let entry = |text: &str| json!({"content": {"parts": [{"text": text}]}, "outputDimensionality": 8});
        let many = json!({"requests": [entry("one"), entry("two")]});
        let answer =
            ann.client.post_owned(format!("/v1beta/models/{model}:batchEmbedContents"), many).await.expect(200);
        assert_eq!(lengths(&answer), [8, 8], "{provider}");
        let answer = ann.client.post_owned(format!("/v1/models/{model}:embedContent"), entry("one")).await.expect(200);
        assert_eq!(answer.json()["embedding"]["values"].as_array().unwrap().len(), 8, "{provider}");
    }
}

#[tokio::test]
async fn base64_and_numbers_are_the_same_vector() {
    for provider in ["openai", "google"] {
        let house = house().await;
        let ann = ann_with(&house, provider).await;
        let ask =
            |encoding: &str| json!({"model": MODEL, "input": "one", "dimensions": 4, "encoding_format": encoding});
        let numbers = embed(&ann, ask("float")).await.expect(200).json()["data"][0]["embedding"].clone();
        let text = embed(&ann, ask("base64")).await.expect(200).json()["data"][0]["embedding"].clone();
        let bytes = BASE64_STANDARD.decode(text.as_str().unwrap()).unwrap();
        let vector: Vec<f32> = bytes.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
        let numbers: Vec<f32> = numbers.as_array().unwrap().iter().map(|n| n.as_f64().unwrap() as f32).collect();
        assert_eq!(numbers, vector, "{provider}");
    }
}

#[tokio::test]
async fn tokens_go_to_those_who_can_read_them_and_to_nobody_else() {
    let house = house().await;
    let ann = ann_with(&house, "openai").await;
    let ask = |model: &str| json!({"model": model, "input": [[1, 2, 3], [4]], "user": "u"});
    let answer = embed(&ann, ask(MODEL)).await.expect(200);
    assert_eq!(answer.json()["data"].as_array().unwrap().len(), 2);
    save(&house, &ann, "google", "AIzaFAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ01234").await;
    let calls = house.sim.log().len();
    let answer = embed(&ann, ask(&format!("google/{MODEL}"))).await.expect(400);
    assert_eq!(answer.json()["error"]["code"], "unsupported_parameter", "{}", answer.text());
    assert_eq!(house.sim.log().len(), calls, "nobody was called");
}

#[tokio::test]
async fn a_chat_model_makes_no_vectors_and_a_model_of_vectors_does_not_chat() {
    let house = house().await;
    let ann = ann_with(&house, "openai").await;
    let calls = house.sim.log().len();
    let said = |answer: &Answer| answer.json()["error"]["message"].as_str().unwrap().to_owned();
    let answer = embed(&ann, json!({"model": "gpt-5-mini", "input": "x"})).await.expect(400);
    assert_eq!(
        said(&answer),
        "“gpt-5-mini” answers chats and makes no vectors, so it cannot embed. Use “text-embedding-3-small” instead."
    );
    assert_eq!(answer.json()["error"]["param"], "model");
    let answer = ann.client.post("/v1/chat/completions", &chat_body(MODEL, "Hi", false)).await.expect(400);
    assert_eq!(
        said(&answer),
        "“text-embedding-3-small” makes vectors of texts and answers no chats. Use “gpt-5-mini” instead."
    );
    assert_eq!(house.sim.log().len(), calls, "nobody was called");
    assert_eq!(ann.usage().await.len(), 0, "a refusal is no use");
}

#[tokio::test]
async fn a_provider_without_vectors_says_who_has_them() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("anthropic", "sk-ant-api03-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ").await;
    let answer = embed(&ann, json!({"model": "claude-haiku-4-5", "input": "x"})).await.expect(404);
    assert_eq!(answer.json()["error"]["code"], "endpoint_not_supported");
    assert!(answer.text().contains("OpenAI"), "{}", answer.text());
}

#[tokio::test]
async fn the_next_key_makes_the_vectors_when_the_first_may_not() {
    let house = house().await;
    let ann = ann_with(&house, "openai").await;
    let second = save(&house, &ann, "openai", SECOND).await;
    house.sim.key(KEY, KeyState::NoCredit429);
    let answer = embed(&ann, json!({"model": MODEL, "input": "one"})).await.expect(200);
    assert_eq!(answer.header("x-ownkey-credential-id"), second["id"].as_str().unwrap());
    assert_eq!(answer.header("x-ownkey-attempts"), "2");
    assert_eq!(rows(&house, &ann).await, ["failed no_credit provider ? free", "settled - provider 1+0 priced"]);
    house.sim.key(SECOND, KeyState::NoCredit429);
    let answer = embed(&ann, json!({"model": MODEL, "input": "one"})).await.expect(502);
    assert_eq!(answer.json()["error"]["code"], "upstream_credentials_exhausted");
}

#[tokio::test]
async fn a_server_that_does_not_know_base64_is_asked_again_without_and_the_client_gets_it() {
    let house = house().await;
    let ann = ann_with(&house, "custom").await;
    house.sim.next(Behaviour::RefusesField("encoding_format".to_owned()));
    let body = json!({"model": format!("mine/{MODEL}"), "input": "one", "dimensions": 4, "encoding_format": "base64"});
    let answer = embed(&ann, body).await.expect(200);
    assert_eq!(answer.header("x-ownkey-attempts"), "2");
    let text = answer.json()["data"][0]["embedding"].as_str().unwrap().to_owned();
    assert_eq!(BASE64_STANDARD.decode(text).unwrap().len(), 16);
}

#[tokio::test]
async fn an_answer_that_holds_no_vectors_is_a_failure_and_nobody_knows_its_cost() {
    let house = house().await;
    let ann = ann_with(&house, "openai").await;
    house.sim.next(Behaviour::GarbageLine);
    let answer = embed(&ann, json!({"model": MODEL, "input": "one"})).await.expect(502);
    assert_eq!(answer.json()["error"]["code"], "provider_error");
    assert_eq!(rows(&house, &ann).await, ["failed server_error unknown ? unknown"]);
}

#[tokio::test]
async fn what_is_no_request_for_vectors_is_refused_before_anybody_is_called() {
    let house = house().await;
    let ann = ann_with(&house, "openai").await;
    let calls = house.sim.log().len();
    for (body, param) in [
        (json!({"input": "x"}), "model"),
        (json!({"model": MODEL}), "input"),
        (json!({"model": MODEL, "input": []}), "input"),
        (json!({"model": MODEL, "input": {"text": "x"}}), "input"),
        (json!({"model": MODEL, "input": "x", "encoding_format": "hex"}), "encoding_format"),
    ] {
        let answer = embed(&ann, body.clone()).await.expect(400);
        assert_eq!(answer.json()["error"]["param"], param, "{body}");
    }
    let big = vec![b' '; 25 * 1024 * 1024 + 1];
    ann.client.send(Method::POST, "/v1/embeddings", &JSON, big).await.expect(413);
    let form = [("content-type", "multipart/form-data; boundary=x")];
    ann.client.send(Method::POST, "/v1/embeddings", &form, b"--x--".to_vec()).await.expect(415);
    assert_eq!(house.sim.log().len(), calls, "nobody was called");
}

#[tokio::test]
async fn a_token_for_other_models_makes_no_vectors() {
    let house = house().await;
    let ann = ann_with(&house, "openai").await;
    let token = ann.gateway_client_with(&json!({"name": "narrow", "models": ["gpt-5-mini"]})).await;
    let answer = token.post("/v1/embeddings", &json!({"model": MODEL, "input": "x"})).await.expect(403);
    assert_eq!(answer.json()["error"]["code"], "model_not_allowed");
}

#[tokio::test]
async fn every_spelling_of_the_address_reaches_the_same_handler() {
    let house = house().await;
    let ann = ann_with(&house, "openai").await;
    for path in ["/embeddings", "/v1/v1/embeddings", "/v1/embeddings/", "/embeddings/"] {
        let answer = ann.client.post(path, &json!({"model": MODEL, "input": "x", "dimensions": 4})).await.expect(200);
        assert_eq!(answer.json()["object"], "list", "{path}");
    }
}

#[tokio::test]
async fn the_same_idempotency_key_makes_vectors_once() {
    let house = house().await;
    let ann = ann_with(&house, "openai").await;
    let body = json!({"model": MODEL, "input": "x"}).to_string().into_bytes();
    let headers = [JSON[0], ("idempotency-key", "once")];
    ann.client.send(Method::POST, "/v1/embeddings", &headers, body.clone()).await.expect(200);
    let again = ann.client.send(Method::POST, "/v1/embeddings", &headers, body).await.expect(409);
    assert_eq!(again.json()["error"]["code"], "already_done");
}

#[tokio::test]
async fn a_client_that_leaves_leaves_a_row_with_an_end() {
    let house = house().await;
    let ann = ann_with(&house, "openai").await;
    house.sim.next(Behaviour::HangBeforeHeaders);
    let client = ann.client.clone();
    let call = tokio::spawn(async move {
        client
            .try_send(Method::POST, "/v1/embeddings", &JSON, json!({"model": MODEL, "input": "one"}).to_string().into())
            .await
    });
    house.sim.wait_for(|calls| calls.iter().any(|call| call.path.ends_with("/embeddings"))).await.unwrap();
    call.abort();
    let found = eventually("the row is final", Duration::from_secs(2), async || {
        let attempt = ann.usage().await.first()?["attempts"][0].clone();
        (attempt["state"] != "dispatched").then(|| row(&attempt))
    })
    .await;
    assert_eq!(found, "aborted - estimated 1+0 priced");
}
