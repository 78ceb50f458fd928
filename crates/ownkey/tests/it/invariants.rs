//! The invariants of the house, each by its number and its name.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "some tests say how long it took")]

mod audit;
mod freshness;
mod ledger;
mod master_key;
mod origins;
mod payers;
mod seals;
mod secrets;

use serde_json::Value;
use testkit::{House, Person, RawDatabase};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const OTHER_KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2";

/// The id of a credential or of anything else.
fn id(of: &Value) -> &str {
    of["id"].as_str().unwrap()
}

/// How many generation calls the provider has seen.
fn calls(house: &House) -> usize {
    house.sim.log().iter().filter(|call| call.method == "POST").count()
}

/// Changes rows behind the house's back, and makes it read them again as it
/// does after any change.
async fn vandalise(house: &House, somebody: &Person, sql: &str) -> RawDatabase {
    let mut database = house.raw_database().await;
    assert_ne!(database.execute(sql).await, 0, "{sql}");
    // Any change of theirs drops what was kept of their keys.
    somebody
        .client
        .post(
            "/v2/credentials",
            &serde_json::json!({"provider": "groq", "api_key": "gsk_FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123"}),
        )
        .await
        .expect(201);
    database
}

/// The actions of the audit log, oldest first.
async fn audited(house: &House) -> Vec<String> {
    let rows = house.raw_database().await.rows("SELECT action FROM audit_events ORDER BY seq").await;
    rows.into_iter().flatten().collect()
}

async fn is_audited_within_a_second(house: &House, action: &str) {
    testkit::eventually(action, std::time::Duration::from_secs(1), async || {
        audited(house).await.iter().any(|seen| seen == action).then_some(())
    })
    .await;
}
