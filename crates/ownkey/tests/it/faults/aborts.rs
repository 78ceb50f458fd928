//! A client that goes away.

use std::time::Duration;

use http::Method;
use provider_sim::{Behaviour, Call, Finished, Reply};
use serde_json::Value;
use testkit::{Options, chat_body, eventually, next_bytes};

use super::{Stage, row};

/// How soon the provider has to see that nobody listens any more.
const SOON: Duration = Duration::from_millis(200);

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

fn call(calls: &[Call]) -> Option<&Call> {
    calls.iter().find(|call| call.model.is_some())
}

/// How long after `since` the provider saw its caller go.
async fn noticed(stage: &Stage, since: Duration) -> Duration {
    let gone = |calls: &[Call]| call(calls).is_some_and(|call| call.finished == Finished::ClientGone);
    let calls = stage.house.sim.wait_for(gone).await.unwrap();
    call(&calls).unwrap().ended.unwrap().saturating_sub(since)
}

async fn final_row(stage: &Stage) -> Value {
    eventually("the row is final", Duration::from_secs(2), async || {
        let attempt = stage.ann.usage().await.first()?["attempts"][0].clone();
        (attempt["state"] != "dispatched").then_some(attempt)
    })
    .await
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_a_stream_ends_the_upstream_call() {
    let stage = Stage::set().await;
    let reply = Reply { chunk_delay: Duration::from_millis(20), chunks: 500, ..Reply::says(&"word ".repeat(500)) };
    stage.house.sim.next(Behaviour::Answer(reply));
    let body = chat_body("gpt-5-mini", "Hi", true).to_string().into_bytes();
    let mut response = stage.ann.client.open(Method::POST, "/v1/chat/completions", &JSON, body).await;
    for _ in 0..3 {
        next_bytes(&mut response).await.unwrap();
    }
    let since = stage.house.sim.elapsed();
    drop(response);
    let took = noticed(&stage, since).await;
    println!("abort in the middle of a stream: seen by the provider after {took:?}");
    assert!(took < SOON, "{took:?}");
    let attempt = final_row(&stage).await;
    assert!(row(&attempt).starts_with("aborted - estimated 1+"), "{attempt}");
    assert!(
        attempt["output_tokens"].as_u64() > Some(0) && attempt["client_cost_nanos"].as_i64() > Some(0),
        "{attempt}"
    );
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_ends_the_upstream_call() {
    for stream in [false, true] {
        let stage = Stage::set().await;
        stage.house.sim.next(Behaviour::HangBeforeHeaders);
        let body = chat_body("gpt-5-mini", "Hi", stream).to_string().into_bytes();
        let client = stage.ann.client.clone();
        let calling =
            tokio::spawn(async move { client.open(Method::POST, "/v1/chat/completions", &JSON, body).await.status() });
        stage.house.sim.wait_for(|calls| call(calls).is_some()).await.unwrap();
        let since = stage.house.sim.elapsed();
        calling.abort();
        let took = noticed(&stage, since).await;
        println!("abort before the answer: seen by the provider after {took:?}");
        assert!(took < SOON, "{took:?}");
        assert_eq!(row(&final_row(&stage).await), "aborted - estimated 1+0 priced");
    }
}

#[tokio::test]
async fn a_client_that_stops_reading_does_not_make_the_house_buffer_the_answer() {
    let stage = Stage::set().await;
    stage.house.sim.next(Behaviour::HugeEvent(48 << 20));
    let body = chat_body("gpt-5-mini", "Hi", true).to_string().into_bytes();
    let mut response = stage.ann.client.open(Method::POST, "/v1/chat/completions", &JSON, body).await;
    next_bytes(&mut response).await.unwrap();
    let unread = |calls: &[Call]| call(calls).is_some_and(|call| call.finished == Finished::InProgress);
    stage.house.sim.wait_for(unread).await.unwrap();
    drop(response);
    noticed(&stage, Duration::ZERO).await;
    assert_eq!(final_row(&stage).await["state"], "aborted");
}

#[tokio::test]
async fn a_client_that_never_reads_on_is_let_go() {
    let write_clock = Duration::from_millis(150);
    let stage = Stage::with(Options { write_clock, ..Options::default() }).await;
    stage.house.sim.next(Behaviour::HugeEvent(48 << 20));
    let body = chat_body("gpt-5-mini", "Hi", true).to_string().into_bytes();
    let mut response = stage.ann.client.open(Method::POST, "/v1/chat/completions", &JSON, body).await;
    next_bytes(&mut response).await.unwrap();
    noticed(&stage, Duration::ZERO).await;
    assert_eq!(final_row(&stage).await["state"], "aborted");
    drop(response);
}
