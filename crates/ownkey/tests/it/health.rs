//! Keys that stay healthy: what calls teach, what the schedule checks, and what
//! a dead endpoint delays: nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod day;
mod dead_endpoint;
mod schedule;
mod traffic;

use std::time::Duration;

use serde_json::Value;
use testkit::{House, Person, promptly};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const OTHER_KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2";

/// Within which what a call taught is known.
const SOON: Duration = Duration::from_secs(2);

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

async fn key_of(person: &Person, id: &str) -> Value {
    person.client.get(&format!("/v2/credentials/{id}")).await.expect(200).json()
}

/// The key, once it is in this state.
async fn becomes(person: &Person, id: &str, status: &str) -> Value {
    promptly(status, SOON, async || {
        let key = key_of(person, id).await;
        (key["status"] == status).then_some(key)
    })
    .await
}

/// How many free calls the provider has seen with this key.
fn checks(house: &House, key: &str) -> usize {
    let bearer = format!("Bearer {key}");
    let is_check = |call: &&provider_sim::Call| call.method == "GET" && call.authorization.as_ref() == Some(&bearer);
    house.sim.log().iter().filter(is_check).count()
}

/// How many generation calls the provider has seen.
fn calls(house: &House) -> usize {
    house.sim.log().iter().filter(|call| call.method == "POST").count()
}
