//! What is held for a call ends with it, however it ends.

use http::Method;
use llm::client::Clocks;
use provider_sim::{Behaviour, Finished, KeyState};
use testkit::{PostgresDatabase, events, eventually, next_bytes};

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);
const SECOND: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2";
const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

#[tokio::test]
async fn each_attempt_of_a_call_holds_for_itself_and_those_that_fail_are_free() {
    let stage = Stage::set().await;
    stage.ann.save_key("openai", SECOND).await;
    let client = stage.token(1.0).await;
    stage.house.sim.key(KEY, KeyState::Failing(500));
    chat(&client).await.expect(200);
    let (billed, attempts) = stage.billed().await;
    assert!(attempts > 1 && billed > 0);
    assert_eq!(stage.sums().await, (billed, 0));
    stage.house.sim.key(SECOND, KeyState::Failing(500));
    chat(&client).await;
    assert_eq!(stage.sums().await, (billed, 0));
}

#[tokio::test]
async fn a_stream_that_its_client_leaves_is_charged_what_came() {
    let stage = Stage::set().await;
    let client = stage.token(1.0).await;
    stage.house.sim.next(Behaviour::HangMidStream { after_chunks: 3 });
    let body = serde_json::to_vec(&chat_body(MODEL, "Hi", true)).unwrap();
    let mut response = client.open(Method::POST, "/v1/chat/completions", &JSON, body).await;
    next_bytes(&mut response).await.unwrap();
    let (spent, held) = stage.sums().await;
    assert!(spent == 0 && held > 0, "{held}");
    drop(response);
    stage.house.sim.wait_for(|calls| calls.iter().any(|call| call.finished == Finished::ClientGone)).await.unwrap();
    let is_free = async || (stage.sums().await.1 == 0).then_some(());
    eventually("nothing is held", PATIENCE, is_free).await;
    let billed = stage.billed().await.0;
    assert!(billed > 0);
    assert_eq!(stage.sums().await, (billed, 0));
}

#[tokio::test]
async fn a_call_of_which_nobody_knows_the_cost_is_charged_its_question() {
    let short = Duration::from_millis(150);
    let clocks = Clocks { first_header: short, first_header_streaming: short, idle: short, ..Clocks::default() };
    let stage = Stage::with(Options { clocks, ..Options::default() }).await;
    let client = stage.token(1.0).await;
    stage.house.sim.next(Behaviour::HangBeforeHeaders);
    chat(&client).await.expect(504);
    assert_eq!(stage.billed().await, (0, 1), "unknown, which is not nothing");
    let (spent, held) = stage.sums().await;
    assert!((1..10_000).contains(&spent) && held == 0, "{spent} {held}");
}

#[tokio::test]
async fn an_answer_under_way_ends_when_its_budget_is_spent() {
    let stage = Stage::set().await;
    let client = stage.token(1.0).await;
    stage.house.sim.next(Behaviour::HangMidStream { after_chunks: 3 });
    let body = serde_json::to_vec(&chat_body(MODEL, "Hi", true)).unwrap();
    let mut response = client.open(Method::POST, "/v1/chat/completions", &JSON, body).await;
    let mut text = next_bytes(&mut response).await.unwrap();
    stage.edit(json!({"limit": 0})).await;
    while let Some(bytes) = next_bytes(&mut response).await {
        text.extend(bytes);
    }
    let text = String::from_utf8(text).unwrap();
    let last = events(&text).pop().unwrap().json();
    assert_eq!(last["error"]["code"], "budget_exceeded", "{text}");
    let billed = stage.billed().await.0;
    assert!(billed > 0);
    assert_eq!(stage.sums().await, (billed, 0));
}

/// Two servers on one database, and more calls at once than fit.
#[tokio::test]
async fn two_nodes_never_spend_more_than_the_limit() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let stage = Stage::with(Options { database_url: Some(database.url.clone()), ..Options::default() }).await;
    let node = stage.house.second_node().await;
    let client = stage.token(0.01).await;
    let other = Client::new(&node.url, Some(client.token()));
    // Each may come to a fifth of it; what it comes to is far less.
    let mut body = chat_body(MODEL, "Hi", false);
    body["max_completion_tokens"] = 999.into();
    let calls = (0..40).map(|number| {
        let (client, body) = (if number % 2 == 0 { &client } else { &other }, &body);
        async move { client.post("/v1/chat/completions", body).await.status.as_u16() }
    });
    let told = futures_util::future::join_all(calls).await;
    assert!(told.iter().all(|status| matches!(status, 200 | 402)) && told.contains(&200), "{told:?}");
    let billed = async || {
        let answered = told.iter().filter(|status| **status == 200).count();
        let billed = stage.billed().await;
        (billed.1 == answered).then_some(billed.0)
    };
    let billed = eventually("all calls are in the books", PATIENCE, billed).await;
    let is_spent = async || (stage.sums().await == (billed, 0)).then_some(());
    eventually("the budget is what was billed", PATIENCE, is_spent).await;
    assert!(billed <= 10_000_000, "{billed}");
    node.stop().await;
    stage.house.stop().await;
    database.destroy().await;
}
