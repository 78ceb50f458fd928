//! Invariant 6: A row before the dispatch, exactly one final state after it; unknown is
//! never zero; prices are on the row.

use http::Method;
use provider_sim::{Behaviour, WrongUsage};
use serde_json::json;
use testkit::{House, Person, chat_body, eventually, next_bytes};

use super::KEY;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

async fn house_of_ann() -> (House, Person) {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    (house, ann)
}

#[tokio::test]
async fn the_row_is_there_before_the_provider_hears_of_the_call() {
    let (house, ann) = house_of_ann().await;
    house.sim.next(Behaviour::HangBeforeHeaders);
    let client = ann.client.clone();
    let body = chat_body("gpt-5-mini", "Hi", false).to_string().into_bytes();
    let calling = tokio::spawn(async move { client.open(Method::POST, "/v1/chat/completions", &JSON, body).await });
    let calls = house.sim.wait_for(|calls| calls.iter().any(|call| call.method == "POST")).await.unwrap();
    let attempt = calls.last().unwrap().header("x-client-request-id").unwrap().to_owned();
    let rows = house.raw_database().await.rows("SELECT id, state FROM attempts").await;
    assert_eq!(rows, [[attempt, "dispatched".to_owned()]]);
    calling.abort();
}

#[tokio::test]
async fn every_way_to_end_leaves_exactly_one_final_row() {
    let (house, ann) = house_of_ann().await;
    ann.chat("Hi").await.expect(200);
    ann.chat_stream("Hi").await.expect(200);
    // Tried once more with the same key, so it takes two.
    house.sim.next(Behaviour::Status5xx(500));
    house.sim.next(Behaviour::Status5xx(500));
    ann.chat("Hi").await.expect(502);
    house.sim.next(Behaviour::TruncatedStream { after_chunks: 1 });
    ann.chat_stream("Hi").await.expect(200);
    house.sim.next(Behaviour::HangMidStream { after_chunks: 1 });
    let body = chat_body("gpt-5-mini", "Hi", true).to_string().into_bytes();
    let mut response = ann.client.open(Method::POST, "/v1/chat/completions", &JSON, body).await;
    next_bytes(&mut response).await.unwrap();
    drop(response);
    let mut expected = ["settled", "settled", "failed", "failed", "failed", "aborted"];
    expected.sort_unstable();
    eventually("six final rows", std::time::Duration::from_secs(2), async || {
        let mut rows = house.raw_database().await.rows("SELECT state FROM attempts").await.concat();
        rows.sort_unstable();
        (rows == expected).then_some(())
    })
    .await;
    let unsettled = "SELECT COUNT(*) FROM attempts WHERE settled_at IS NULL OR usage_source IS NULL";
    assert_eq!(house.raw_database().await.number(unsettled).await, 0);
}

#[tokio::test]
async fn unknown_is_null_in_the_row_and_null_in_the_answer() {
    let (house, ann) = house_of_ann().await;
    house.sim.next(Behaviour::WrongUsage(WrongUsage::Absurd));
    let answer = ann.chat("Hi").await.expect(200);
    assert_eq!(answer.header("x-ownkey-cost-usd"), "");
    house.ledger_is_written().await;
    let attempt = &ann.usage().await[0]["attempts"][0];
    let members = ["input_tokens", "output_tokens", "client_cost", "client_cost_nanos"];
    assert!(members.iter().all(|member| attempt[member].is_null()), "{attempt}");
    assert_eq!(attempt["usage_source"], "unknown");
}

#[tokio::test]
async fn the_prices_used_are_on_the_row() {
    let (house, ann) = house_of_ann().await;
    ann.chat("Hi").await.expect(200);
    house.ledger_is_written().await;
    let mut database = house.raw_database().await;
    let columns = database.rows("SELECT name FROM pragma_table_info('attempts') WHERE name LIKE '%price%'").await;
    assert!(!columns.is_empty());
    let first = &columns[0][0];
    assert_eq!(database.number(&format!("SELECT COUNT(*) FROM attempts WHERE {first} > 0")).await, 1);
    let attempt = &ann.usage().await[0]["attempts"][0];
    assert_eq!(json!([attempt["client_cost_nanos"]]), json!([attempt["provider_cost_nanos"]]));
}

#[tokio::test]
async fn a_call_that_cannot_be_written_down_is_not_sent() {
    let (house, ann) = house_of_ann().await;
    let trigger = "CREATE TRIGGER full_disk BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'no'); END";
    house.raw_database().await.execute(trigger).await;
    let answer = ann.chat("Hi").await;
    assert!(answer.status.is_server_error(), "{}", answer.text());
    assert_eq!(super::calls(&house), 0);
}
