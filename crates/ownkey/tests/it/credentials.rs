//! Provider keys from their first day to their last.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod duplicates;
mod headers;
mod impact;
mod kinds;
mod pages;
mod pasting;
mod references;
mod rotation;

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, House, PASSWORD, Person};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const OTHER_KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2";
const THIRD_KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key3";

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Housekeeping comes by every five seconds.
const A_ROUND: Duration = Duration::from_secs(12);

fn id(of: &Value) -> &str {
    of["id"].as_str().unwrap_or_else(|| panic!("{of}"))
}

fn path(of: &Value) -> String {
    format!("/v2/credentials/{}", id(of))
}

/// The key now.
async fn now(ann: &Person, key: &Value) -> Value {
    ann.client.get(&path(key)).await.expect(200).json()
}

async fn rotate(ann: &Person, key: &Value, body: Value) -> Answer {
    ann.client.post(&format!("{}/rotate", path(key)), &body).await
}

/// Which keys of a provider there are, by name, in order.
async fn names(ann: &Person, provider: &str) -> Vec<String> {
    let list = ann.client.get(&format!("/v2/credentials?provider={provider}")).await.expect(200).json();
    let rows = list["data"].as_array().unwrap().iter().filter(|row| row["origin"] != "keyless");
    rows.map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

/// With which key the provider was called last.
fn shown(house: &House) -> String {
    let log = house.sim.log();
    let call = log.iter().rev().find(|call| call.method == "POST").unwrap();
    call.authorization.clone().unwrap_or_default().replace("Bearer ", "")
}

/// How many requests of any kind the provider has seen.
fn asked(house: &House) -> usize {
    house.sim.log().len()
}

/// What was done, as the audit log has it, the oldest first.
async fn audited(house: &House) -> Vec<String> {
    let rows = house.raw_database().await.rows("SELECT action FROM audit_events ORDER BY seq").await;
    rows.into_iter().flatten().filter(|action| action.starts_with("credential.")).collect()
}

/// A house and Ann with one key that works.
async fn ann_with_a_key() -> (House, Person, Value) {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let body = json!({"provider": "openai", "api_key": KEY, "name": "Work"});
    let key = ann.client.post("/v2/credentials?check=sync", &body).await.expect(201).json();
    assert_eq!(key["status"], "valid");
    (house, ann, key)
}

/// The same person after their access token has ended.
async fn signed_in_again(house: &House, person: Person) -> Person {
    let form = format!("username={}&password={}", person.email, PASSWORD.replace(' ', "+"));
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let answer = house.nobody().send(Method::POST, "/v2/login/access-token", &kind, form.into()).await.expect(200);
    let client = person.client.with_token(answer.json()["access_token"].as_str().unwrap());
    Person { client, ..person }
}
