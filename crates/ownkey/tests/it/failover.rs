//! Calls that fail over: from key to key, from scope to scope where that is
//! wanted, and what the client is told when no key is left.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod brought;
mod classes;
mod cooling;
mod out_of_keys;
mod policies;
mod spreads;

use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, House, Person, chat_body};

const FIRST: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const SECOND: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2";
const THIRD: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key3";
const SYSTEM: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789syst";

fn id(of: &Value) -> &str {
    of["id"].as_str().unwrap()
}

/// A chat call with these headers.
async fn chat_with(client: &Client, headers: &[(&str, &str)]) -> Answer {
    let mut all = vec![("content-type", "application/json")];
    all.extend_from_slice(headers);
    let body = chat_body("gpt-5-mini", "Hi", false).to_string().into_bytes();
    client.send(Method::POST, "/v1/chat/completions", &all, body).await
}

/// The keys the provider was shown by generation calls, the last four characters
/// of each, oldest first.
fn shown(house: &House) -> Vec<String> {
    let calls = house.sim.log().into_iter().filter(|call| call.method == "POST");
    calls
        .map(|call| call.authorization.unwrap().chars().rev().take(4).collect::<Vec<_>>().iter().rev().collect())
        .collect()
}

/// Saves the server's own key.
async fn save_system_key(admin: &Person) -> Value {
    let body = json!({"provider": "openai", "api_key": SYSTEM, "scope": "system", "name": "The house's"});
    admin.client.post("/v2/credentials?check=sync", &body).await.expect(201).json()
}

/// Who paid, and how many upstream calls it took.
fn paid(answer: &Answer) -> (String, String, String) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let header = |name| answer.header(name).to_owned();
    (header("x-ownkey-credential-id"), header("x-ownkey-credential-scope"), header("x-ownkey-attempts"))
}
