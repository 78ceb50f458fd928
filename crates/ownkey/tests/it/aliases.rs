//! Aliases: names that stand for models of several providers, in order or drawn
//! by weight, in any client's format.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod failing;
mod keeping;
mod lists;
mod nodes;
mod weights;

use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, House, Person, chat_body};

const OPENAI: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const OPENAI_SYSTEM: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789syst";
const ANTHROPIC: &str = "sk-ant-api03-FAKE-key-for-tests-aBcDeFgHiJkLmNoPqRsTuVwXyZ0123-AA";
const GOOGLE: &str = "AIzaSyFAKE_fake_FAKE_fake_FAKE_fake_FAK";

/// Three houses, three wires.
const THREE: [(&str, &str); 3] =
    [("openai", "gpt-5-mini"), ("anthropic", "claude-haiku-4-5"), ("google", "gemini-2.5-flash")];

fn targets(of: &[(&str, &str)]) -> Value {
    of.iter().map(|(provider, model)| json!({"provider": provider, "model": model})).collect()
}

async fn make(client: &Client, body: &Value) -> Value {
    client.post("/v2/model-aliases", body).await.expect(201).json()
}

/// Ann, with a key at each of the three, and “fast” for their models.
async fn ann_with_fast(house: &House) -> Person {
    let ann = house.user("ann").await;
    for (provider, key) in [("openai", OPENAI), ("anthropic", ANTHROPIC), ("google", GOOGLE)] {
        ann.save_key(provider, key).await;
    }
    make(&ann.client, &json!({"alias": "fast", "targets": targets(&THREE)})).await;
    ann
}

async fn call(client: &Client, stream: bool) -> Answer {
    client.post("/v1/chat/completions", &chat_body("fast", "Hi", stream)).await
}

async fn call_with(client: &Client, headers: &[(&str, &str)], body: &Value) -> Answer {
    let mut all = vec![("content-type", "application/json")];
    all.extend_from_slice(headers);
    client.send(Method::POST, "/v1/chat/completions", &all, body.to_string().into_bytes()).await
}

/// The houses that generation calls came to, oldest first.
fn called(house: &House) -> Vec<&'static str> {
    let calls = house.sim.log().into_iter().filter(|call| call.method == "POST");
    calls.map(|call| of_path(&call.path)).collect()
}

fn of_path(path: &str) -> &'static str {
    match path {
        path if path.starts_with("/anthropic/") => "anthropic",
        path if path.starts_with("/google/") => "google",
        _ => "openai",
    }
}

/// Who answered, in how many upstream calls.
fn answered(answer: &Answer) -> (String, String, String) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("x-ownkey-alias"), "fast");
    let header = |name| answer.header(name).to_owned();
    (header("x-ownkey-provider"), header("x-ownkey-model"), header("x-ownkey-attempts"))
}

fn by(provider: &str, model: &str, attempts: u32) -> (String, String, String) {
    (provider.to_owned(), model.to_owned(), attempts.to_string())
}

fn sentence(answer: &Answer) -> String {
    answer.json()["error"]["message"].as_str().unwrap().to_owned()
}
