//! How an answer ends before its end: stopped, broken off, interrupted.

use std::time::Instant;

use provider_sim::{Call, Finished};
use serde_json::json;
use testkit::EventReader;

use super::*;

/// How soon the provider has to see that nobody listens any more.
const SOON: Duration = Duration::from_millis(200);

fn call(calls: &[Call]) -> Option<&Call> {
    calls.iter().rev().find(|call| call.model.is_some())
}

#[tokio::test]
async fn a_stopped_answer_ends_the_upstream_call_at_once_and_keeps_what_came() {
    let stage = Stage::set().await;
    stage.house.sim.next(slow(500));
    let (_, answer) = stage.say("Hi").await;
    let mut reader = EventReader::follow(&stage.ann.client, &events_of(&stage.chat, &answer)).await;
    reader.until("text").await;
    let since = stage.house.sim.elapsed();
    let stop = format!("/v2/conversations/{}/messages/{answer}/stop", stage.chat);
    stage.ann.client.post(&stop, &json!({})).await.expect(204);
    let gone = |calls: &[Call]| call(calls).is_some_and(|call| call.finished == Finished::ClientGone);
    let calls = stage.house.sim.wait_for(gone).await.unwrap();
    let took = call(&calls).unwrap().ended.unwrap().saturating_sub(since);
    println!("stop: seen by the provider after {took:?}");
    assert!(took < SOON, "{took:?}");
    let done = reader.until("done").await.json();
    assert_eq!(done["state"], "stopped");
    assert!(said(&done).starts_with("word") && done["cost_nanos"].as_i64() > Some(0), "{done}");
    stage.house.ledger_is_written().await;
    assert_eq!(stage.ann.usage().await[0]["attempts"][0]["state"], "aborted");
    // One that is over stays as it is.
    stage.ann.client.post(&stop, &json!({})).await.expect(204);
    assert_eq!(stage.answer(&answer).await["state"], "stopped");
}

#[tokio::test]
async fn an_answer_is_stopped_before_its_first_word_too() {
    let stage = Stage::set().await;
    stage.house.sim.next(Behaviour::HangBeforeHeaders);
    let (_, answer) = stage.say("Hi").await;
    stage.house.sim.wait_for(|calls| call(calls).is_some()).await.unwrap();
    let since = Instant::now();
    let stop = format!("/v2/conversations/{}/messages/{answer}/stop", stage.chat);
    stage.ann.client.post(&stop, &json!({})).await.expect(204);
    let stopped = stage.answer(&answer).await;
    assert_eq!((&stopped["state"], &stopped["content"]), (&json!("stopped"), &json!([])));
    assert!(since.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_stream_that_breaks_keeps_what_came_and_says_what_happened() {
    let stage = Stage::set().await;
    stage.house.sim.next(Behaviour::TruncatedStream { after_chunks: 2 });
    let (_, answer) = stage.say("Hi").await;
    let failed = stage.answer(&answer).await;
    assert_eq!(failed["state"], "failed");
    assert!(!said(&failed).is_empty() && !failed["error"]["detail"].as_str().unwrap().is_empty(), "{failed}");
}

#[tokio::test]
async fn deleting_a_chat_stops_what_is_coming() {
    let stage = Stage::set().await;
    stage.house.sim.next(slow(500));
    let (_, answer) = stage.say("Hi").await;
    let mut reader = EventReader::follow(&stage.ann.client, &events_of(&stage.chat, &answer)).await;
    reader.until("text").await;
    let path = format!("/v2/conversations/{}", stage.chat);
    stage.ann.client.delete(&path).await.expect(204);
    let gone = |calls: &[Call]| call(calls).is_some_and(|call| call.finished == Finished::ClientGone);
    stage.house.sim.wait_for(gone).await.unwrap();
    stage.ann.client.get(&path).await.expect(404);
    while reader.next().await.is_some() {}
}

#[tokio::test]
async fn a_server_that_goes_down_says_so_in_the_answers_it_was_fetching() {
    let stage = Stage::set().await;
    stage.house.sim.next(slow(500));
    let (_, answer) = stage.say("Hi").await;
    let mut reader = EventReader::follow(&stage.ann.client, &events_of(&stage.chat, &answer)).await;
    reader.until("text").await;
    stage.house.stop().await;
    let mut database = testkit::RawDatabase::open(&stage.house.database_url).await;
    let rows = database.rows(&format!("SELECT state, error_code, parts FROM messages WHERE id = '{answer}'")).await;
    assert_eq!((rows[0][0].as_str(), rows[0][1].as_str()), ("failed", "interrupted"));
    assert!(rows[0][2].contains("word"), "what came until then is kept: {rows:?}");
}
