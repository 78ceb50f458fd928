//! The ordinary day on PostgreSQL: what SQLite does in the other suites.

use std::time::Duration;

use http::Method;
use provider_sim::{Behaviour, Finished};
use serde_json::json;
use testkit::{House, Options, PASSWORD, PostgresDatabase, RawDatabase, chat_body, eventually, next_bytes};
use tokio::sync::Mutex;

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const OTHER_KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2";

async fn house() -> Option<(PostgresDatabase, House)> {
    let database = PostgresDatabase::create().await?;
    let options = Options { database_url: Some(database.url.clone()), ..Options::default() };
    let house = House::start_with(options).await;
    Some((database, house))
}

#[tokio::test]
async fn the_first_call_on_postgresql() {
    let Some((database, house)) = house().await else { return };
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    assert_eq!(key["status"], "valid", "{key}");
    let client = ann.gateway_client().await;
    let answer = client.post("/v1/chat/completions", &chat_body("gpt-5-mini", "Hi", false)).await.expect(200);
    assert_eq!(answer.header("x-ownkey-credential-id"), key["id"].as_str().unwrap());
    client.post("/v1/chat/completions", &chat_body("gpt-5-mini", "Hi", true)).await.expect(200);
    house.ledger_is_written().await;
    let events = ann.usage().await;
    let states: Vec<_> = events.iter().map(|event| event["attempts"][0]["state"].clone()).collect();
    assert_eq!(states, [json!("settled"), json!("settled")]);
    let bill = house.sim.bill();
    let summary = ann.client.get("/v2/usage?group_by=model").await.expect(200).json();
    assert_eq!(
        json!([bill.prompt, bill.completion]),
        json!([summary["data"][0]["input_tokens"], summary["data"][0]["output_tokens"]])
    );
    house.stop().await;
    database.destroy().await;
}

#[tokio::test]
async fn a_key_edited_on_postgresql_is_the_new_one_from_the_next_call() {
    let Some((database, house)) = house().await else { return };
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let path = format!("/v2/credentials/{}", key["id"].as_str().unwrap());
    ann.client.patch(&format!("{path}?check=sync"), &json!({"api_key": OTHER_KEY})).await.expect(200);
    ann.chat("Hi").await.expect(200);
    let shown = house.sim.log().last().unwrap().authorization.clone().unwrap();
    assert_eq!(shown, format!("Bearer {OTHER_KEY}"));
    let revealed = ann.client.post(&format!("{path}/reveal"), &json!({"password": PASSWORD})).await.expect(200);
    assert_eq!(revealed.json()["api_key"], OTHER_KEY);
    let moved = ann.client.patch(&path, &json!({"api_base": "https://elsewhere.example/v1"})).await.expect(409);
    assert_eq!(moved.json()["code"], "key_required_for_new_origin");
    house.stop().await;
    database.destroy().await;
}

#[tokio::test]
async fn a_revoked_token_and_a_deleted_key_are_gone_at_once_on_postgresql() {
    let Some((database, house)) = house().await else { return };
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let token = ann.client.post("/v2/tokens", &json!({"name": "one"})).await.expect(201).json();
    let client = ann.client.with_token(token["token"].as_str().unwrap());
    let body = chat_body("gpt-5-mini", "Hi", false);
    client.post("/v1/chat/completions", &body).await.expect(200);
    ann.client.delete(&format!("/v2/tokens/{}", token["id"].as_str().unwrap())).await.expect(204);
    client.post("/v1/chat/completions", &body).await.expect(401);
    let path = format!("/v2/credentials/{}?confirm=true", key["id"].as_str().unwrap());
    ann.client.delete(&path).await.expect(204);
    ann.chat("Hi").await.expect(400);
    let sealed = "SELECT CAST(COUNT(*) AS BIGINT) FROM credentials WHERE sealed IS NOT NULL";
    assert_eq!(house.raw_database().await.number(sealed).await, 0, "the secret is destroyed");
    house.stop().await;
    database.destroy().await;
}

#[tokio::test]
async fn what_a_dead_node_left_is_unknown_after_its_lease() {
    let Some((database, house)) = house().await else { return };
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    ann.chat("Hi").await.expect(200);
    house.ledger_is_written().await;
    // As if the node had died in the middle: its row open, its heartbeat old.
    let mut raw = house.raw_database().await;
    let dead = "00000000-0000-7000-8000-000000000000";
    raw.execute(&format!("UPDATE attempts SET state = 'dispatched', settled_at = NULL, node_id = '{dead}'")).await;
    house.pass(Duration::from_secs(31));
    eventually("it is given up", Duration::from_secs(8), async || {
        let states = house.raw_database().await.rows("SELECT state FROM attempts").await;
        (states == [["unknown".to_owned()]]).then_some(())
    })
    .await;
    house.stop().await;
    database.destroy().await;
}

#[tokio::test]
async fn a_call_that_ends_while_the_database_is_away_is_settled_when_it_is_back() {
    let Some((database, house)) = house().await else { return };
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    house.sim.next(Behaviour::HangMidStream { after_chunks: 2 });
    let body = chat_body("gpt-5-mini", "Hi", true).to_string().into_bytes();
    let json = [("content-type", "application/json")];
    let mut response = ann.client.open(Method::POST, "/v1/chat/completions", &json, body).await;
    next_bytes(&mut response).await.unwrap();
    let name = &database.name;
    database.at_server(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")).await;
    let terminate = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    database.at_server(&terminate).await;
    drop(response);
    house.sim.wait_for(|calls| calls.iter().any(|call| call.finished == Finished::ClientGone)).await.unwrap();
    let flushed = house.app.store.ledger().flush().await;
    assert!(flushed.is_err(), "the database is away");
    database.at_server(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")).await;
    let row = eventually("the row is final", Duration::from_secs(5), async || {
        let rows = house.raw_database().await.rows("SELECT state, usage_source FROM attempts").await;
        (rows[0][0] != "dispatched").then_some(rows)
    })
    .await;
    assert_eq!(row, [["aborted", "estimated"]]);
    house.stop().await;
    database.destroy().await;
}

/// Another node would give up the calls of a node that seems dead.
#[tokio::test]
async fn a_node_whose_housekeeping_is_held_up_still_says_that_it_lives() {
    let Some((database, house)) = house().await else { return };
    let mut other = RawDatabase::open(&database.url).await;
    other.execute("BEGIN; LOCK TABLE messages IN ACCESS EXCLUSIVE MODE").await;
    let eyes = Mutex::new(RawDatabase::open(&database.url).await);
    let heard = async || eyes.lock().await.rows("SELECT CAST(MAX(heartbeat_at) AS TEXT) FROM nodes").await;
    let mut last = heard().await;
    // The first may have been under way.
    for _ in 0..2 {
        last = eventually("a heartbeat", Duration::from_secs(30), async || {
            let now = heard().await;
            (now != last).then_some(now)
        })
        .await;
    }
    other.execute("COMMIT").await;
    house.stop().await;
    database.destroy().await;
}
